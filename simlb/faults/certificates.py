"""What faults of certificates have in common: an HTTPS listener presents one with a flaw in place of all its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from simlb.core.model import Certificate, Configuration, Listener
from simlb.errors import SimlbError
from simlb.faults.configuring import with_listener
from simlb.faults.fault import Fault, Order
from simlb.faults.site import CertificateFlaw, Site


class CertificateFault:
    """Connections that exist stay; from the next handshake on clients see the flaw."""

    def __init__(self, order: Order, flaw: CertificateFlaw, names: Sequence[str] = ()) -> None:
        """`names` None are the listener's own."""
        self._load_balancer = order.load_balancer
        self._port = int(order.place)
        self._flaw = flaw
        self._names = tuple(names)
        self._certificate: Certificate | None = None

    async def install(self, site: Site) -> None:
        """Issue it, and present it."""
        self._certificate = await site.issue(self._flaw, self._names or self._own_names(site.configuration()))
        await site.change(self._flawed)

    async def remove(self, site: Site) -> None:
        """Present the listener's own again."""
        if self._certificate is not None:
            await site.undo(self._flawed)
            site.discard(self._certificate)

    def _own_names(self, configuration: Configuration) -> tuple[str, ...]:
        names = [
            name
            for balancer in configuration.load_balancers
            if balancer.name == self._load_balancer
            for listener in balancer.listeners
            if listener.port == self._port
            for certificate in listener.certificates
            for name in certificate.names
        ]
        if not names:
            raise SimlbError("E642", f"The certificates of HTTPS:{self._port} have no names to issue one for.")
        return tuple(dict.fromkeys(names))

    def _flawed(self, configuration: Configuration) -> Configuration:
        assert self._certificate is not None
        certificates = (self._certificate,)

        def changed(listener: Listener) -> Listener:
            # A reload may have made an HTTP listener of it, until the book has noticed.
            return replace(listener, certificates=certificates) if listener.certificates else listener

        return with_listener(configuration, self._load_balancer, self._port, changed)


def with_flaw(flaw: CertificateFlaw) -> Callable[[Order], Fault]:
    """The `build` of a fault type that presents the listener's own names with that flaw."""
    return lambda order: CertificateFault(order, flaw)
