"""Requested certificates: looking for their validation records, issuing them, and renewing them in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simlb.app.certificate_restoring import signed
from simlb.certs import permits
from simlb.certs.names import is_permitted, normalised, permit_hints
from simlb.certs.store import RENEW_BEFORE, CertificateStore
from simlb.controlplane.acm.call import in_draft, put
from simlb.controlplane.acm.certificate import ManagedCertificate
from simlb.controlplane.acm.dns import GIVEN_UP_AFTER_S, is_validated, looked_at, pause_s
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.core.events import Notice
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.acm import Acm
    from simlb.app.application import App
    from simlb.clock import Timer

NOT_PERMITTED = "E820"
"""A certificate was requested for a name that the local CA may not sign."""

NOT_ISSUED = "E821"
"""A validated certificate could not be made or kept; it is tried again."""

NOT_RENEWED = "E857"
"""The local CA has been replaced by one that may not sign an issued certificate's names: the old one stays in use."""

WAYS_OUT = (
    "or ask for a name below .test or .localhost, such as api.shop.test",
    "or, where any name can be signed, by a CA in memory: simlb serve --ephemeral, or simlb.ALB in a test",
    "or bring a certificate of your own: aws acm import-certificate",
)


class Issuing:
    """Of one application. One look at a time; while there is nothing to wait for, nothing runs."""

    def __init__(self, app: App, acm: Acm) -> None:
        self._app = app
        self._acm = acm
        self._since: dict[str, float] = {}
        """Pending certificates, and the load-balancer time from which on their validation counts."""
        self._timer: Timer | None = None
        self.is_looking = False
        """Something that was seen is being acted on."""
        self._told: set[str] = set()

    def close(self) -> None:
        """Look no more."""
        self._since.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def expect(self, arn: str, waited_s: float = 0.0) -> None:
        """Wait for the records of a pending certificate, which has waited for a while already."""
        self._since.setdefault(arn, self._app.clock.now() - waited_s)
        if self._timer is not None:
            self._timer.cancel()
        self._look()

    def _look(self) -> None:
        """Cheap as long as nothing has changed: the clock of a test may pass here thousands of times."""
        self._timer = None
        held = self._acm.held()
        for arn in [arn for arn in self._since if arn not in held or held[arn].status != "PENDING_VALIDATION"]:
            del self._since[arn]
        if not self._since:
            return
        clock = self._app.clock
        self._timer = clock.call_later(pause_s(clock.now() - max(self._since.values())), self._look)
        if self.is_looking:
            return
        changing = [arn for arn in self._since if self._after_a_look(held[arn]) is not held[arn]]
        if changing:
            self.is_looking = True
            clock.work_began()
            self._app.keep(self._carry_on(changing))

    def _after_a_look(self, certificate: ManagedCertificate) -> ManagedCertificate:
        if self._refusal(certificate.names) is not None:
            return replace(certificate, status="FAILED", failure_reason="DOMAIN_NOT_ALLOWED")
        now = self._app.clock.now()
        waited_s = now - self._since.get(certificate.arn, now)
        seen = looked_at(certificate, self._acm.lookup, waited_s)
        # What could not be issued the last time is to be tried again.
        return replace(seen) if is_validated(seen) else seen

    async def _carry_on(self, arns: list[str]) -> None:
        try:
            for arn in arns:
                certificate = self._acm.held().get(arn)
                if certificate is not None and certificate.status == "PENDING_VALIDATION":
                    await self._carry_on_with(certificate)
        finally:
            self.is_looking = False
            self._app.clock.work_ended()

    async def _carry_on_with(self, certificate: ManagedCertificate) -> None:
        after = self._after_a_look(certificate)
        try:
            if after.status == "PENDING_VALIDATION" and is_validated(after):
                await self._issue(after)
            else:
                await self._keep(
                    after.arn,
                    status=after.status,
                    validated=after.validated,
                    failure_reason=after.failure_reason,
                )
        except (SimlbError, QueryError) as error:
            self._tell_once(certificate, error)
            return
        if after.status == "FAILED":
            self._app.narrator.notice(
                Notice(
                    level="error",
                    code=NOT_PERMITTED,
                    text=self._not_permitted(after),
                    hints=(*self._permit_hints(after), *WAYS_OUT),
                )
            )

    async def _keep(self, arn: str, **members: Any) -> ManagedCertificate | None:
        """The certificate with these members, as it is kept now; None when it was deleted. Raises QueryError."""

        def change(draft: Draft) -> ManagedCertificate | None:
            present = in_draft(draft, arn)
            if present is None:
                return None
            changed = replace(present, **members)
            put(draft, changed)
            return changed

        return await self._acm.change(change)

    async def _issue(self, certificate: ManagedCertificate) -> None:
        acm, arn = self._acm, certificate.arn
        made = await asyncio.to_thread(signed, self._app.options, certificate)
        await acm.write(made)
        try:
            kept = await self._keep(
                arn, status="ISSUED", issued_at=acm.now(), validated=certificate.validated, **_signature(made)
            )
        except BaseException:
            await acm.discard(arn)
            raise
        if kept is None:
            await acm.discard(arn)

    # -- words ---------------------------------------------------------------------------------------------------------

    def why_not(self, certificate: ManagedCertificate) -> str:
        """Why a certificate was not issued; empty where its status says so."""
        if certificate.failure_reason is None:
            return ""
        if self._refusal(certificate.names) is None:
            return "The local CA could not sign all its names when it was asked for. It can by now: request it again."
        ways = "Ask for such a name, or use simlb serve --ephemeral or simlb.ALB, whose CA in memory signs any." + (
            "".join(f" Or {hint}, then request it again." for hint in self._permit_hints(certificate))
        )
        return f"{self._not_permitted(certificate)} {ways}"

    def _not_permitted(self, certificate: ManagedCertificate) -> str:
        name = self._refusal(certificate.names) or certificate.names[0]
        also = "".join(f", and below {domain}" for domain in self._domains() or ())
        return (
            f"ACM cannot issue a certificate for '{name}': "
            f"the local CA signs names below .test and .localhost{also} only."
        )

    def _permit_hints(self, certificate: ManagedCertificate) -> tuple[str, ...]:
        name = self._refusal(certificate.names)
        return permit_hints(name) if name is not None else ()

    def _refusal(self, names: tuple[str, ...]) -> str | None:
        """The first name that the CA at hand may not sign."""
        domains = self._domains()
        for name in names:
            try:
                (written,) = normalised([name])
            except SimlbError:
                return name
            if domains is not None and not is_permitted(written, domains):
                return name
        return None

    def _domains(self) -> tuple[str, ...] | None:
        """What the local CA may sign for beyond its own; None where names are not the reason to refuse one."""
        options = self._app.options
        if options.issuer is not None:
            return None
        try:
            return permits.read(options.certs_dir)
        except SimlbError:
            return None  # nothing can be signed as things are: that is told when it is tried

    def _tell_once(self, certificate: ManagedCertificate, error: SimlbError | QueryError) -> None:
        if certificate.arn not in self._told:
            self._told.add(certificate.arn)
            text = error.what if isinstance(error, SimlbError) else error.message
            self._app.narrator.notice(
                Notice(
                    level="error",
                    code=NOT_ISSUED,
                    text=f"The certificate for {certificate.names[0]} could not be issued or kept: {text}",
                    notes=("It stays pending, and is tried again every few seconds.",),
                )
            )

    # -- later ---------------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on with what is pending in changes that came from a file."""
        now = self._acm.now()
        for certificate in self._acm.held().values():
            if certificate.status == "PENDING_VALIDATION":
                waited = now - certificate.created_at
                self.expect(certificate.arn, min(max(waited.total_seconds(), 0.0), GIVEN_UP_AFTER_S))

    async def renew(self, before: timedelta = RENEW_BEFORE) -> None:
        """Issue anew what has less than that left, or is of a CA that was replaced, and have listeners show it.

        Raises SimlbError or QueryError.
        """
        acm = self._acm
        own = [certificate for certificate in acm.held().values() if certificate.type == "AMAZON_ISSUED"]
        issuing = await asyncio.to_thread(self._issuing_ca) if own else None
        for certificate in own:
            facts = certificate.facts
            if facts is None or (facts.not_after - acm.now() >= before and (issuing or "") in certificate.chain):
                continue
            if self._refusal(certificate.names) is not None:
                self._tell_left(certificate)
                continue
            made = await asyncio.to_thread(signed, self._app.options, certificate)
            kept = await self._keep(certificate.arn, renewed_at=acm.now(), **_signature(made))
            if kept is not None:
                await acm.write(kept)
                await acm.present(kept)

    def _issuing_ca(self) -> str | None:
        """What signs today, in PEM; None while that is not known."""
        options = self._app.options
        if options.issuer is not None:
            return None
        try:
            return CertificateStore(options.certs_dir).issuing_path.read_text("ascii")
        except (OSError, ValueError):
            return None  # there is no CA yet, or one that the next signature will complain of

    def _tell_left(self, certificate: ManagedCertificate) -> None:
        if certificate.arn not in self._told:
            self._told.add(certificate.arn)
            self._app.narrator.notice(
                Notice(
                    level="warning",
                    code=NOT_RENEWED,
                    text=f"The certificate for {certificate.names[0]} is not issued again: the local CA may not sign "
                    f"'{self._refusal(certificate.names)}' any more.",
                    hints=self._permit_hints(certificate),
                    notes=("Until it ends it is shown as it is, and only clients that trust the earlier CA take it.",),
                )
            )


def _signature(made: ManagedCertificate) -> dict[str, Any]:
    """What signing anew has changed."""
    return {"facts": made.facts, "chain": made.chain, "private_key": made.private_key}
