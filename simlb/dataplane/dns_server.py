"""A DNS server on one loopback port, over UDP and TCP. What it answers is decided elsewhere.

Bounded: a datagram is answered at once or not at all, and there are at most `CONNECTIONS_MAX` TCP connections, each of
which ends when nothing comes for `IDLE_S`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import cast

from simlb.dataplane.dns_codec import QUERY_BYTES_MAX
from simlb.errors import BindError

HOST = "127.0.0.1"
CONNECTIONS_MAX = 64
IDLE_S = 10.0
"""In real seconds."""
ANSWERS_AT_ONCE = 16
_TRIES = 20
_LENGTH_BYTES = 2

Respond = Callable[[bytes, bool], bytes | None]
"""From a message, and whether it came over UDP, to what to send back; None for nothing."""


class DnsServer:
    """Listens from `start` to `close`. `port` 0 takes any free one."""

    def __init__(self, respond: Respond, port: int) -> None:
        self._respond = respond
        self._wanted = port
        self.port = 0
        self._datagrams: asyncio.DatagramTransport | None = None
        self._streams: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def start(self) -> None:
        """Listen. Raises BindError E835."""
        loop = asyncio.get_running_loop()
        udp, tcp = _bind(self._wanted)
        try:
            self._datagrams, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._respond), sock=udp)
            self._streams = await loop.create_server(lambda: _Connection(self._respond, self._connections), sock=tcp)
        except BaseException:
            udp.close()
            tcp.close()
            self.close()
            raise
        self.port = tcp.getsockname()[1]

    def close(self) -> None:
        """Stop listening, and cut the connections. Harmless when repeated."""
        if self._datagrams is not None:
            self._datagrams.close()
        if self._streams is not None:
            self._streams.close()
        self._datagrams = self._streams = None
        for connection in list(self._connections):
            connection.abort()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._transport: asyncio.DatagramTransport
        self._is_full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # uvloop's is no subclass of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._is_full:
            return  # a client that floods loses answers, as on a full network
        reply = self._respond(data, True)
        if reply is not None:
            self._transport.sendto(reply, addr)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False

    def error_received(self, exc: Exception) -> None:
        """A client has gone before its answer: nobody to tell."""


class _Connection(asyncio.Protocol):
    """Questions one after the other, each with its length before it (RFC 7766)."""

    def __init__(self, respond: Respond, connections: set[_Connection]) -> None:
        self._respond = respond
        self._connections = connections
        self._received = bytearray()
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._is_full = False
        self._is_behind = False
        self._is_reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._connections) >= CONNECTIONS_MAX:
            self._transport.abort()
            return
        self._connections.add(self)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_behind:
            self._answer()

    def pause_writing(self) -> None:
        self._is_full = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self._is_full = False
        self._read_or_not()
        if not self._is_behind:
            self._answer()

    def abort(self) -> None:
        self._transport.abort()

    def _answer(self) -> None:
        """Some of what has been asked; the rest after others have had their turn on the loop."""
        for _ in range(ANSWERS_AT_ONCE):
            if not self._answer_one():
                self._is_behind = False
                break
        else:
            self._is_behind = True
            asyncio.get_running_loop().call_soon(self._answer)
        self._read_or_not()

    def _answer_one(self) -> bool:
        """False when nothing more can be answered now."""
        if len(self._received) < _LENGTH_BYTES or self._is_full or self._transport.is_closing():
            return False
        length = int.from_bytes(self._received[:_LENGTH_BYTES], "big")
        if length <= QUERY_BYTES_MAX:
            if len(self._received) < _LENGTH_BYTES + length:
                return False
            message = bytes(self._received[_LENGTH_BYTES : _LENGTH_BYTES + length])
            del self._received[: _LENGTH_BYTES + length]
            reply = self._respond(message, False)
            if reply is not None:
                self._wait()
                self._transport.write(len(reply).to_bytes(_LENGTH_BYTES, "big") + reply)
                return True
        self._transport.abort()
        return False

    def _read_or_not(self) -> None:
        is_reading = not (self._is_full or self._is_behind)
        if is_reading != self._is_reading and not self._transport.is_closing():
            self._is_reading = is_reading
            (self._transport.resume_reading if is_reading else self._transport.pause_reading)()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(IDLE_S, self._transport.abort)


def _bind(wanted: int) -> tuple[socket.socket, socket.socket]:
    """Sockets for UDP and TCP on the same port."""
    problem: OSError | None = None
    for _ in range(_TRIES if wanted == 0 else 1):
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if sys.platform == "win32":
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((HOST, wanted))
            tcp.listen(CONNECTIONS_MAX)
            udp.bind((HOST, tcp.getsockname()[1]))
        except OSError as error:
            tcp.close()
            udp.close()
            problem = error
            continue
        tcp.setblocking(False)
        udp.setblocking(False)
        return udp, tcp
    assert problem is not None
    raise BindError(
        "E835",
        f"The DNS server cannot listen on {HOST}:{wanted}: {problem.strerror or problem}.",
        "→ another port: --dns-port 5300, or dns_port in the file        → any free one: --dns-port 0",
    )
