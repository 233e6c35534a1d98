"""Several load balancers at one address and port: a connection belongs to the one that its first words name.

With TLS that is the server name of the ClientHello, without it the Host of the first request. A connection that names
none of them belongs to the first one, by name, that lets its client in. Requests on it whose Host is another's get 400.
Where nobody shares, nothing of this is there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from simlb.dataplane.descriptors import TurnedAway
from simlb.dataplane.entrance import Doorkeeper
from simlb.dataplane.h1_client import H1ClientConnection
from simlb.dataplane.tls import TlsLayer
from simlb.wire.client_hello import NotTls, read_client_hello
from simlb.wire.h1_request import BUFFER_MAX_BYTES, REQUEST_LINE_MAX_BYTES
from simlb.wire.request import RequestHead

if TYPE_CHECKING:
    from simlb.dataplane.door import Door, Tenant
    from simlb.dataplane.listener import OpenListener

_HANDSHAKE_RECORD = 0x16
_MISDIRECTED = 400


class SharedEntrance(asyncio.Protocol):
    """Reads as much as it takes to know whose connection it is, then makes way for that load balancer's codec."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._node = door.tenants[0].listener.node
        self._transport: asyncio.Transport
        self._client_ip = ""
        self._buffer = b""
        self._searched = 0
        self._last_activity = 0.0
        self._idle_timeout_s = door.tenants[0].listener.plan.attributes.idle_timeout_s

    @classmethod
    def at(cls, door: Door) -> asyncio.Protocol:
        """For a new connection."""
        node = door.tenants[0].listener.node
        if not node.descriptors.admits_client():
            node.counts.rejected += 1
            return TurnedAway()
        return cls(door)

    # -- transport events ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there. Whom nobody lets in is not even read."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if not peer or not any(gate.lets_in(peer[0]) for _, gate in self._door.tenants):
            self._keep_out()
            return
        self._client_ip = peer[0]
        self._last_activity = self._node.now()
        self._node.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """The first bytes."""
        self._last_activity = self._node.now()
        self._buffer += data
        is_clear, name = self._named()
        if is_clear:
            self._hand_over(name)

    def eof_received(self) -> bool:
        """The client sends no more. What it has sent, if it has sent anything, is for a codec to judge."""
        if not self._buffer:
            return False
        protocol = self._hand_over(None)
        return bool(protocol.eof_received())

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone, and nobody knows whose it was."""
        self._node.forget_connection(self)

    # -- whose it is ---------------------------------------------------------------------------------------------------

    def _named(self) -> tuple[bool, str | None]:
        """Whether that is clear, and the name; None for a client that names nobody."""
        buffer = self._buffer
        if buffer[0] == _HANDSHAKE_RECORD:
            try:
                hello = read_client_hello(buffer)
            except NotTls:
                return True, None
            return hello is not None, None if hello is None else hello.server_name
        head_bytes = buffer.lstrip(b"\r\n")
        if head_bytes and not head_bytes[:1].isalpha():
            return True, None
        parsed = self._node.request_parser.parse(head_bytes, self._searched) if head_bytes else None
        if parsed is not None:
            host = parsed[0].named_host
            return True, None if host is None else host.decode("latin-1")
        self._searched = len(head_bytes)
        size = len(buffer)
        return size > BUFFER_MAX_BYTES or (size > REQUEST_LINE_MAX_BYTES and b"\n" not in head_bytes), None

    def _choose(self, name: str | None) -> Tenant | None:
        named = self._door.tenant_of(name)
        if named is not None:
            return named if named.gate.lets_in(self._client_ip) else None
        open_ = [tenant for tenant in self._door.tenants if tenant.gate.lets_in(self._client_ip)]
        is_tls = self._buffer[:1] == bytes([_HANDSHAKE_RECORD])
        # A client that speaks TLS, or does not, means somebody who does the same.
        same = [tenant for tenant in open_ if tenant.listener.is_tls == is_tls]
        return next(iter(same or open_), None)

    def _hand_over(self, name: str | None) -> asyncio.Protocol:
        chosen = self._choose(name)
        if chosen is None:
            if not self._door.tenants:
                self._transport.abort()
            return self._keep_out()
        data, self._buffer = self._buffer, b""
        self._node.forget_connection(self)
        chosen.listener.node.counts.opened += 1
        protocol = _codec(chosen.listener, self._door)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if data:
            protocol.data_received(data)
        return protocol

    def _keep_out(self) -> asyncio.Protocol:
        self._buffer = b""
        self._node.forget_connection(self)
        protocol = Doorkeeper(self._node)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        return protocol

    # -- the node's sweep ----------------------------------------------------------------------------------------------

    def check(self, now: float) -> None:
        """End a connection that has said nothing, or not enough, for as long as its first load balancer allows."""
        if now - self._last_activity < self._idle_timeout_s:
            return
        if not self._buffer:
            self._transport.close()
            return
        if self._buffer[0] == _HANDSHAKE_RECORD:
            self._transport.abort()
            return
        protocol = self._hand_over(None)
        if isinstance(protocol, H1ClientConnection):
            # Half a head gets its 408 from the codec.
            protocol.last_activity = self._last_activity
            protocol.check(now)

    def stop(self) -> None:
        """The load balancer that looks after it stops: another one does from now on."""
        self._node.forget_connection(self)
        if not self._door.tenants:
            self._transport.abort()
            return
        self._node = self._door.tenants[0].listener.node
        self._node.connections.add(self)

    def abort(self) -> None:
        """End it now."""
        self._transport.abort()


def _codec(listener: OpenListener, door: Door) -> asyncio.Protocol:
    return SharedTlsLayer(listener, door) if listener.is_tls else SharedH1ClientConnection(listener, door)


class SharedH1ClientConnection(H1ClientConnection):
    """A connection of one load balancer at a shared door: what is for another one is refused."""

    __slots__ = ("_door",)

    def __init__(self, listener: OpenListener, door: Door) -> None:
        super().__init__(listener)
        self._door = door

    def _begin(self, head: RequestHead, size: int) -> None:
        host = head.named_host
        owner = None if host is None else self._door.tenant_of(host.decode("latin-1"))
        if owner is not None and owner.listener.node is not self._node:
            head.refusal = head.refusal or _MISDIRECTED
            head.is_odd = True
        super()._begin(head, size)


class SharedTlsLayer(TlsLayer):
    """TLS at a shared door; the server name has chosen the load balancer."""

    __slots__ = ("_door",)

    def __init__(self, listener: OpenListener, door: Door) -> None:
        super().__init__(listener)
        self._door = door

    def _new_codec(self) -> H1ClientConnection:
        return SharedH1ClientConnection(self._listener, self._door)
