"""One listening socket and the listeners whose clients come in there: one nearly always, several where load balancers
share an address and a port.

Shared, a connection belongs to the load balancer that the TLS server name or the first Host names: see `shared`.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from simlb.core.server_names import canonical
from simlb.dataplane.binding import BACKLOG, ip_versions
from simlb.dataplane.gate import ClosedPort, Gate, GateState, can_drop

if TYPE_CHECKING:
    from collections.abc import Callable

    from simlb.dataplane.listener import OpenListener
    from simlb.dataplane.node import LoadBalancerNode


class Holder(NamedTuple):
    """Who needs a door to stay: a listener by its port, in force or about to be."""

    node: LoadBalancerNode
    load_balancer: str
    port: int

    @property
    def words(self) -> str:
        """`listener 80 of web`."""
        return f"listener {self.port} of {self.load_balancer}"


class Tenant(NamedTuple):
    """A listener that takes connections at a door, and whom its security group lets in there."""

    listener: OpenListener
    gate: Gate


class Door:
    """A socket that listens for as long as somebody holds the door; clients get in while a tenant lets them."""

    def __init__(
        self, sock: socket.socket, on_abandoned: Callable[[Door], None], leads_to: Callable[[str], str | None]
    ) -> None:
        """`sock` listens already. `on_abandoned` is told when nobody holds the door any more.

        `leads_to` gives the DNS name of the load balancer that a name leads to in some other way.
        """
        self.host: str
        self.port: int
        self.host, self.port = sock.getsockname()[:2]
        self.versions = ip_versions(sock)
        """Those of IP that clients here may have."""
        self.holders: list[Holder] = []
        self.tenants: tuple[Tenant, ...] = ()
        """Those who take connections now, by their load balancers' names."""
        self._sock = sock
        self._on_abandoned = on_abandoned
        self._leads_to = leads_to
        self._server: asyncio.Server | None = None
        self._closed_port: ClosedPort | None = None
        self._new_protocol: Callable[[], asyncio.Protocol]
        self._names: dict[str, Tenant] = {}

    @property
    def place(self) -> str:
        """`127.0.0.1:8080`, `[::1]:8080`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_shared(self) -> bool:
        """Whether several load balancers take connections here."""
        return len(self.tenants) > 1

    def hold(self, holder: Holder) -> None:
        """Keep the socket open until `let_go`."""
        self.holders.append(holder)

    def let_go(self, holder: Holder) -> None:
        """Once for each `hold`. The last one closes the socket."""
        self.holders.remove(holder)
        if not self.holders:
            self._on_abandoned(self)
            self._sock.close()

    async def admit(self, listener: OpenListener, gate: Gate) -> None:
        """Let the listener's clients in from now on, as its gate says; also for one that is here, with another gate.

        Established connections stay, as AWS's stateful security groups do.
        """
        others = [tenant for tenant in self.tenants if tenant.listener is not listener]
        self._use(*others, Tenant(listener, gate))
        if self._server is None and self._closed_port is None:
            await self._listen()

    def dismiss(self, listener: OpenListener) -> None:
        """Connections that exist go on; new ones are the other tenants'."""
        self._use(*(tenant for tenant in self.tenants if tenant.listener is not listener))

    def tenant_of(self, name: str | None) -> Tenant | None:
        """Of several, the one whose load balancer has that DNS name, or is where it leads; None when none is."""
        if name is None or not self._names:
            return None
        wanted = canonical(name)
        found = self._names.get(wanted)
        if found is None and (balancer := self._leads_to(wanted)) is not None:
            found = self._names.get(canonical(balancer))
        return found

    def _use(self, *tenants: Tenant) -> None:
        self.tenants = tuple(sorted(tenants, key=lambda tenant: tenant.listener.plan.load_balancer.name))
        self._names = {}
        if not tenants:
            self._stop_listening()
            return
        if self.is_shared:
            from simlb.dataplane.shared import SharedEntrance  # nobody pays for it who does not share

            self._new_protocol = partial(SharedEntrance.at, self)
            self._names = dict(reversed([(name, each) for each in self.tenants for name in _names(each.listener)]))
        else:
            self._new_protocol = partial(tenants[0].listener.new_protocol, tenants[0].gate)
        is_closed = can_drop() and all(gate.state is GateState.CLOSED for _, gate in tenants)
        if is_closed and self._closed_port is None:
            self._stop_listening()
            # The socket already listens; listening again with a queue of nothing shrinks it.
            self._closed_port = ClosedPort(self._sock)
        elif not is_closed and self._closed_port is not None:
            self._stop_listening()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        burst = self.tenants[0].listener.node.descriptors.accept_burst
        # A duplicate, so that the port stays ours when the gate closes and the server with it.
        server = await loop.create_server(self._accept, sock=self._sock.dup(), backlog=burst)
        if self._server is not None or self._closed_port is not None or not self.tenants:
            server.close()  # others were faster
            return
        self._server = server
        # To the standard loop `backlog` is both the length of the kernel's queue and how many it accepts in one go.
        self._sock.listen(BACKLOG)

    def _accept(self) -> asyncio.Protocol:
        return self._new_protocol()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._closed_port is not None:
            self._closed_port.close()
            self._closed_port = None


def _names(listener: OpenListener) -> tuple[str, ...]:
    load_balancer = listener.plan.load_balancer
    return tuple(canonical(name) for name in (load_balancer.dns_name, *load_balancer.names))
