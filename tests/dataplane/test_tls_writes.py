"""How many writes a TLS connection takes: each is a system call, and on loopback the other side's work as well."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

import pytest

from simlb.core.model import Certificate, FixedResponseAction, Protocol
from simlb.dataplane.tls import TlsLayer
from tests.dataplane.harness import GET, Rig
from tests.dataplane.test_tls import certificates, trusting

__all__ = ["certificates"]

CLOSE = b"GET / HTTP/1.1\r\nHost: lb.test\r\nConnection: close\r\n\r\n"


class Wire:
    """A TCP transport that takes down what is written, and when it was closed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5555) if name == "peername" else default

    def get_write_buffer_size(self) -> int:
        return 0

    def resume_reading(self) -> None:
        """Nothing pauses here."""


class Peer:
    """A client in memory, and the load balancer's side of its connection."""

    def __init__(self, rig: Rig, version: ssl.TLSVersion) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = trusting(version).wrap_bio(self._incoming, self._outgoing, server_hostname="lb.test")
        self.wire = Wire()
        self._layer = cast("TlsLayer", rig.node.listeners[443].new_codec())
        self._layer.connection_made(cast("asyncio.Transport", self.wire))

    def shake_hands(self) -> list[int]:
        """How many writes each flight of the client was answered with."""
        counts = []
        for _ in range(4):
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                counts.append(self._give())
            else:
                return [*counts, self._give()] if self._outgoing.pending else counts
        raise AssertionError(f"no handshake within {counts}")

    def ask(self, request: bytes) -> int:
        """How many writes a request was answered with."""
        self._tls.write(request)
        return self._give()

    def read(self) -> bytes:
        return self._tls.read(65536)

    def _give(self) -> int:
        self.wire.written.clear()
        self._layer.data_received(self._outgoing.read())
        for data in self.wire.written:
            self._incoming.write(data)
        return len(self.wire.written)

    def end(self) -> None:
        self._layer.connection_lost(None)


@pytest.mark.parametrize(
    ("version", "handshake"),
    [(ssl.TLSVersion.TLSv1_3, [1, 0]), (ssl.TLSVersion.TLSv1_2, [1, 1])],
    ids=["1.3: the ticket waits for the first response", "1.2: the last flight waits for nothing"],
)
async def test_writes(
    rig: Rig, certificates: tuple[Certificate, ...], version: ssl.TLSVersion, handshake: list[int]
) -> None:
    fixed = FixedResponseAction(status_code=200, message_body="fixed")
    await rig.apply(rig.listener(fixed, port=443, protocol=Protocol.HTTPS, certificates=certificates))
    peer = Peer(rig, version)
    assert peer.shake_hands() == handshake
    assert peer.ask(GET) == 1
    assert peer.read().endswith(b"fixed")
    assert peer.ask(GET) == 1
    assert peer.read().endswith(b"fixed")
    assert not peer.wire.is_closing()
    assert peer.ask(CLOSE) == 1, "response and goodbye in one piece"
    assert peer.wire.is_closing()
    assert peer.read().endswith(b"fixed")
    assert peer.read() == b"", "the goodbye"
    peer.end()
