"""The application as ACM's workshop: see `Workshop`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from simlb.app.certificate_files import CertificateFiles, read_chain
from simlb.app.certificate_issuing import Issuing
from simlb.app.certificate_restoring import restore
from simlb.controlplane.acm.certificate import KIND, ManagedCertificate, of_record
from simlb.controlplane.acm.dns import CnameLookup
from simlb.controlplane.acm.workshop import Given, Inspected
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.core.changes import Changes
from simlb.core.model import Certificate
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

T = TypeVar("T")


class Acm:
    """Implements `simlb.controlplane.acm.workshop.Workshop` for an application, and holds its certificates' files."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.files = CertificateFiles(app.options.state_dir / "acm" / app.options.kept_name)
        self.lookup: CnameLookup = lambda name: next(iter(app.names.records(name, "CNAME")), None)
        """How validation records are looked for: there is no DNS until somebody sets one."""
        self.issuing = Issuing(app, self)
        self._writing = asyncio.Lock()
        self._bodies: Mapping[str, Any] = {}
        self._held: Mapping[str, ManagedCertificate] = {}
        self._of_file: dict[tuple[str, Path, int], ManagedCertificate] = {}

    # -- life ----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Look at nothing more. Keys that no record speaks of after the end go now."""
        self.issuing.close()
        if not self._app.options.keeps_state:
            self.files.sweep(())

    async def restore(self, changes: Changes) -> Changes:
        """See `certificate_restoring.restore`."""
        return await restore(self._app, changes)

    async def tidy(self) -> None:
        """Remove the files of certificates that are no more, after a change that did not go through ACM."""
        await asyncio.to_thread(self.files.sweep, tuple(self.held()))

    def certificate(self, arn: str) -> Certificate | None:
        """For a listener; None when the API has made no such certificate.

        Raises QueryError UnsupportedCertificate for one that is not issued (yet).
        """
        return self.certificate_among(self.held(), arn)

    def certificate_among(self, held: Mapping[str, ManagedCertificate], arn: str) -> Certificate | None:
        """The same, of these certificates."""
        certificate = held.get(arn)
        if certificate is None:
            return None
        if certificate.facts is None:
            raise QueryError(
                "UnsupportedCertificate",
                f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a "
                f"supported key size. Its status is {certificate.status}. {self.why_not(certificate)}".rstrip(),
            )
        return self._model(certificate)

    def _model(self, certificate: ManagedCertificate) -> Certificate:
        assert certificate.facts is not None
        path = self.files.path(certificate.arn)
        return Certificate(arn=certificate.arn, names=certificate.facts.names, certificate_path=path, key_path=path)

    # -- Workshop ------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Wall-clock time."""
        return datetime.now(UTC)

    def held(self) -> Mapping[str, ManagedCertificate]:
        """What the API has made."""
        bodies = self._app.changes.records.get(KIND, {})
        if bodies is not self._bodies:
            # Records are never changed in place: one object is one certificate.
            present = {
                arn: self._held[arn] if arn in self._held and self._bodies[arn] is body else of_record(body)
                for arn, body in bodies.items()
            }
            self._bodies, self._held = bodies, present
        return self._held

    async def of_file(self) -> Mapping[str, ManagedCertificate]:
        """The configuration file's, as they are on its listeners."""
        own = {
            certificate.arn: certificate
            for balancer in self._app.compiled.configuration.load_balancers
            for listener in balancer.listeners
            for certificate in listener.certificates
        }
        found = await asyncio.to_thread(lambda: [self._described(one) for one in own.values()])
        return {one.arn: one for one in found if one is not None}

    def _described(self, certificate: Certificate) -> ManagedCertificate | None:
        path = Path(certificate.certificate_path)
        try:
            key = (certificate.arn, path, path.stat().st_mtime_ns)
        except OSError:
            return None  # the listener has it in memory; nothing is left to describe
        known = self._of_file.get(key)
        if known is None:
            found = read_chain(path)
            if found is None:
                return None
            facts, chain = found
            since = self._app.started_at
            names = certificate.names if facts.is_of_simlb else facts.names
            known = ManagedCertificate(
                arn=certificate.arn,
                type="AMAZON_ISSUED" if facts.is_of_simlb else "IMPORTED",
                status="ISSUED",
                names=names or facts.names,
                key_algorithm=facts.key_algorithm,
                created_at=since,
                issued_at=since if facts.is_of_simlb else None,
                imported_at=None if facts.is_of_simlb else since,
                facts=facts,
                chain=chain,
                is_of_file=True,
            )
            self._of_file[key] = known
        return known

    def users(self) -> Mapping[str, Collection[str]]:
        """By what file and API say, whatever faults have put in the place of a certificate."""
        users: dict[str, dict[str, None]] = {}
        for balancer in self._app.base.load_balancers:
            for listener in balancer.listeners:
                for certificate in listener.certificates:
                    users.setdefault(certificate.arn, {})[balancer.arn] = None
        return {arn: tuple(balancers) for arn, balancers in users.items()}

    def tags(self, arn: str) -> Mapping[str, str]:
        """Of a certificate."""
        return self._app.changes.tags.get(arn, {})

    async def change(self, edit: Callable[[Draft], T]) -> T:
        """As every change of the API."""
        from simlb.app.elbv2 import AppEstate

        return await AppEstate(self._app).change(edit)

    async def inspect(self, given: Given) -> Inspected:
        """In a thread: a key of RSA takes its time to be checked."""
        from simlb.app.import_check import check_import

        return await asyncio.to_thread(check_import, given, self.now(), self.files)

    async def write(self, certificate: ManagedCertificate) -> None:
        """In a thread too. Of several at once the one that is kept wins."""
        try:
            async with self._writing:
                held = self.held().get(certificate.arn)
                newest = held if held is not None and held.private_key else certificate
                await asyncio.to_thread(self.files.write, newest.arn, newest.chain, newest.private_key)
        except SimlbError as error:
            raise QueryError("ServiceUnavailable", f"{error.what} (SIMLB-{error.code})") from error

    async def present(self, certificate: ManagedCertificate) -> None:
        """The names first, by which listeners choose; then what they show."""
        model = self._model(certificate)

        def rename(draft: Draft) -> None:
            for balancer in draft.changes.applied_to(draft.file).load_balancers:
                listeners = tuple(
                    replace(
                        listener,
                        certificates=tuple(model if held.arn == model.arn else held for held in listener.certificates),
                    )
                    for listener in balancer.listeners
                )
                if listeners != balancer.listeners:
                    draft.put_load_balancer(replace(balancer, listeners=listeners))

        if certificate.arn in self.users():
            await self.change(rename)
            for node in self._app.nodes.values():
                node.reload_certificates({certificate.arn})

    async def discard(self, arn: str) -> None:
        """The key goes with it."""
        await asyncio.to_thread(self.files.discard, arn)

    def expect(self, arn: str) -> None:
        """Look at once, and then again and again."""
        self.issuing.expect(arn)

    def why_not(self, certificate: ManagedCertificate) -> str:
        """What the terminal was told."""
        return self.issuing.why_not(certificate)
