"""What meets a connection where its codec is not plain from the start: some are let in and some not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from simlb.dataplane.gate import CONNECT_TIMEOUT_S, Gate

if TYPE_CHECKING:
    from simlb.dataplane.listener import OpenListener
    from simlb.dataplane.node import LoadBalancerNode


class Doorkeeper(asyncio.Protocol):
    """A connection that the security group does not let in: accepted, never read, closed after the connect time-out."""

    def __init__(self, node: LoadBalancerNode) -> None:
        self._node = node
        self._until = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there, and stays outside."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()
        self._until = self._node.now() + CONNECT_TIMEOUT_S
        self._node.connections.add(self)
        self._node.kept_out += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._node.forget_connection(self)
        self._node.kept_out -= 1

    def check(self, now: float) -> None:
        """Called by the sweep: it has waited for long enough."""
        if now >= self._until:
            self._transport.abort()

    def stop(self) -> None:
        """The load balancer stops."""
        self._transport.abort()

    abort = stop


class Entrance(asyncio.Protocol):
    """Looks at who is there, then makes way for the codec. Used only when not everybody is let in."""

    def __init__(self, listener: OpenListener, gate: Gate) -> None:
        self._listener = listener
        self._gate = gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        stream = cast("asyncio.Transport", transport)
        peer = stream.get_extra_info("peername")
        listener = self._listener
        is_let_in = bool(peer) and self._gate.lets_in(peer[0])
        protocol = listener.new_codec() if is_let_in else Doorkeeper(listener.node)
        stream.set_protocol(protocol)
        protocol.connection_made(stream)
