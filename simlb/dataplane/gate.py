"""The security group's gate in front of a listener: open, closed, or open to some sources (reference 8.1; ux 3.6).

AWS drops the packets of a client that is not let in, so that it sees a connect time-out. On Linux a port that is closed
to all behaves like that for real: its accept queue is kept full, and the kernel drops every further SYN. Where sources
differ, or on other systems, the connection is accepted, never read, and closed after the connect time-out.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Collection, Iterable
from enum import StrEnum

from simlb.core.model import IPNetwork

CONNECT_TIMEOUT_S = 10.0
"""How long a connection that is not let in is held, in load-balancer seconds, where it cannot be dropped."""

_ANYBODY = {4: ipaddress.ip_network("0.0.0.0/0"), 6: ipaddress.ip_network("::/0")}
_KNOWN_MAX = 4096
_FILLERS = 3


class GateState(StrEnum):
    """What the gate of a listener does."""

    OPEN = "open"
    RESTRICTED = "restricted"
    CLOSED = "closed"


class Gate:
    """Decides, and remembers, who may connect."""

    def __init__(self, networks: Iterable[IPNetwork], versions: Collection[int] = tuple(_ANYBODY)) -> None:
        """`versions` are those of IP that clients there may have: other networks say nothing about them."""
        self._networks = tuple(network for network in networks if network.version in versions)
        self._known: dict[str, bool] = {}
        if not self._networks:
            self.state = GateState.CLOSED
        elif all(_ANYBODY[version] in self._networks for version in versions):
            self.state = GateState.OPEN
        else:
            self.state = GateState.RESTRICTED

    def lets_in(self, ip: str) -> bool:
        """True when a client at `ip` may connect."""
        if self.state is GateState.OPEN:
            return True
        known = self._known.get(ip)
        if known is None:
            address = ipaddress.ip_address(ip.partition("%")[0])
            if isinstance(address, ipaddress.IPv6Address):
                # A client over IPv4 of a socket for both.
                address = address.ipv4_mapped or address
            known = any(address in network for network in self._networks if network.version == address.version)
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[ip] = known
        return known


def can_drop() -> bool:
    """True where a closed gate can be a dropped SYN."""
    return sys.platform == "linux"


class ClosedPort:
    """A bound port whose accept queue is full: connecting to it times out (Linux)."""

    def __init__(self, sock: socket.socket) -> None:
        """`sock` is bound and not yet listening."""
        self._fillers: list[socket.socket] = []
        sock.listen(0)
        address = sock.getsockname()
        for _ in range(_FILLERS):
            filler = socket.socket(sock.family, socket.SOCK_STREAM)
            filler.setblocking(False)
            self._fillers.append(filler)
            with contextlib.suppress(BlockingIOError):
                filler.connect(address)

    def close(self) -> None:
        """Empty the queue. Clients whose SYN was dropped try again by themselves and may then get in."""
        for filler in self._fillers:
            filler.close()
