"""Which certificates the listeners present, and telling when that changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.certs.expiry import not_after
from simlb.core.ids import certificate_arn
from simlb.core.model import Certificate

if TYPE_CHECKING:
    from simlb.app.application import App


class PresentedCertificates:
    """Compares what listeners present with what they presented before."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._known: dict[tuple[str, int], tuple[Certificate, ...]] = {}

    def look(self) -> None:
        """Tell what has changed since this was last asked."""
        before, self._known = self._known, dict(self._present())
        for (load_balancer, port), certificates in self._known.items():
            old = before.get((load_balancer, port), ())
            for certificate in certificates:
                if certificate not in old:
                    self._tell(load_balancer, port, certificate, self._origin(certificate, old))

    def renewed(self, arns: Collection[str]) -> None:
        """The files behind these have been issued anew."""
        for (load_balancer, port), certificates in self._known.items():
            for certificate in certificates:
                if certificate.arn in arns:
                    self._tell(load_balancer, port, certificate, "renewed by simlb's CA")

    def _present(self) -> Iterator[tuple[tuple[str, int], tuple[Certificate, ...]]]:
        for load_balancer in self._app.configuration.load_balancers:
            for listener in load_balancer.listeners:
                if listener.certificates:
                    yield (load_balancer.name, listener.port), listener.certificates

    def _origin(self, certificate: Certificate, old: tuple[Certificate, ...]) -> str:
        site = self._app.fault_site
        flaw = site.flaw_of(certificate)
        if flaw is not None:
            return f"spoiled by a fault: {flaw.value}"
        region = self._app.region
        is_own = Path(
            certificate.certificate_path
        ).parent == self._app.options.certs_dir or certificate.arn == certificate_arn(region, certificate.names)
        origin = "issued by simlb's CA" if is_own else "imported"
        return f"{origin}, in place of a fault's" if any(map(site.flaw_of, old)) else origin

    def _tell(self, load_balancer: str, port: int, certificate: Certificate, text: str) -> None:
        try:
            ends = not_after(Path(certificate.certificate_path))
        except (OSError, ValueError) as error:  # it was there a moment ago, when the listener loaded it
            ends, text = "", f"{text} (its file cannot be read any more: {error})"
        self._app.narrator.certificate_changed(load_balancer, port, certificate.names, not_after=ends, text=text)
