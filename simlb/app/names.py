"""The instance's name server: its hosted zones, the addresses of its load balancers, and the port where it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simlb.core.dns.answers import FAILED, Addresses, Answer, NameServer
from simlb.core.dns.book import ZoneBook
from simlb.core.dns.names import DnsNameError, canonical
from simlb.core.dns.zones import HostedZone
from simlb.core.events import Notice
from simlb.core.model import Configuration, LoadBalancer
from simlb.dataplane.dns_codec import respond
from simlb.dataplane.dns_server import DnsServer
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

LOOPBACK = Addresses(ipv4=("127.0.0.1",))
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what clients on this machine reach such a bind by


class AppNames:
    """Implements `NameEstate` for an application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._book = ZoneBook()
        self._server: DnsServer | None = None
        self._zones: Mapping[str, HostedZone] | None = None
        self._name_server = NameServer({}, self._addresses, "127.0.0.1")
        self._configuration: Configuration | None = None
        self._balancers: dict[str, LoadBalancer] = {}
        self.on_answered: Callable[[str, str, Answer], None] | None = None
        """Gets every question that the server was asked, its type, and the answer."""

    @property
    def address(self) -> str | None:
        """Where it listens, `127.0.0.1:5300`; None while it does not."""
        return f"127.0.0.1:{self._server.port}" if self._server is not None else None

    async def prepare(self, dns_port: int | None, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Listen if there is a hosted zone among these records, or a port was asked for: `dns_port` by the file.

        Raises SimlbError E835 when it cannot, E836 when a zone cannot be read.
        """
        wanted = self._app.options.dns_port if self._app.options.dns_port is not None else dns_port
        is_needed = bool(self._read(records)) or wanted is not None
        if self._server is not None or not is_needed:
            return
        # Several runs of one test side by side cannot have one port.
        server = DnsServer(self._respond, 0 if self._app.options.is_ephemeral else wanted or 0)
        await server.start()
        self._server = server
        if self._app.control:  # at the start of the instance nobody needs to be told
            self._app.narrator.notice(Notice(level="info", text=f"The DNS server listens on {self.address}: simlb dns"))

    def close(self) -> None:
        """Stop listening. Harmless when repeated."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def zones(self) -> Mapping[str, HostedZone]:
        """See `NameEstate.zones`. Raises SimlbError E836 when they cannot be read."""
        return self._read(self._app.changes.records)

    def _read(self, records: Mapping[str, Mapping[str, Any]]) -> Mapping[str, HostedZone]:
        try:
            return self._book.zones(records)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SimlbError(
                "E836",
                f"A hosted zone in the kept state cannot be read: {error!r}.",
                "import what simlb has exported: simlb state import FILE        → or begin anew: simlb state reset",
            ) from error

    def written(self, zone: HostedZone) -> Any:
        """See `NameEstate.written`."""
        return self._book.written(zone)

    def now(self) -> float:
        """See `NameEstate.now`."""
        return self._app.clock.now()

    def records(self, name: str, type_: str) -> list[str]:
        """The values at `name`, in any spelling, of a type such as `CNAME`; empty when there are none.

        Names among the values are lower case with a dot at the end.
        """
        try:
            return self._current().records(canonical(name), type_)
        except DnsNameError:
            return []

    def balancer_of(self, name: str) -> str | None:
        """The DNS name of the load balancer that a name leads to by records of hosted zones; None when to none."""
        try:
            found = self._current().balancer_of(canonical(name))
        except (DnsNameError, SimlbError):
            return None
        return None if found is None else found.removesuffix(".")

    def answer(self, name: str, type_: str) -> Answer:
        """The answer to a question for a canonical name."""
        try:
            return self._current().answer(name, type_)
        except SimlbError:
            return FAILED  # `simlb status` and the API say why

    def _respond(self, message: bytes, is_udp: bool) -> bytes | None:
        return respond(message, self.asked, self._ttl, is_udp=is_udp)

    def asked(self, name: str, type_: str) -> Answer:
        """The same, to somebody who has asked: who listens is told of it."""
        answer = self.answer(name, type_)
        if self.on_answered is not None:
            self.on_answered(name, type_, answer)
        return answer

    def _ttl(self, ttl_s: int) -> int:
        """TTLs follow load-balancer time. What must not be cached stays so, anything else holds for a second."""
        return max(1, int(ttl_s / self._app.clock.speed)) if ttl_s else 0

    def _current(self) -> NameServer:
        zones = self.zones()
        if zones is not self._zones:
            self._zones, self._name_server = zones, NameServer(zones, self._addresses, "127.0.0.1")
        return self._name_server

    def _addresses(self, name: str) -> Addresses | None:
        """Where the load balancer of that name listens. One without listeners has an address all the same."""
        app = self._app
        if app.configuration is not self._configuration:
            self._configuration = app.configuration
            self._balancers = {
                f"{balancer.dns_name.lower()}.": balancer for balancer in app.configuration.load_balancers
            }
        balancer = self._balancers.get(name)
        if balancer is None:
            return None
        node = app.nodes.get(balancer.name)
        listeners = node.listeners.values() if node is not None else ()
        hosts = [_ANYWHERE.get(door.host, door.host) for listener in listeners for door in listener.doors]
        found = Addresses(
            ipv4=tuple(dict.fromkeys(host for host in hosts if ":" not in host)),
            ipv6=tuple(dict.fromkeys(host for host in hosts if ":" in host)) if balancer.is_dualstack else (),
        )
        return found if found.ipv4 or found.ipv6 else LOOPBACK
