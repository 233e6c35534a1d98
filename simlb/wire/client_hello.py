"""The first bytes of a TLS connection: server name and protocols, before any context is chosen.

RFC 8446 4.1.2, RFC 6066. Only what the load balancer decides by is read. OpenSSL reads the same bytes again and judges
their validity.
"""

from __future__ import annotations

from dataclasses import dataclass

HELLO_MAX_BYTES = 64 * 1024
_HANDSHAKE_RECORD = 0x16
_CLIENT_HELLO = 0x01
_SERVER_NAME = 0
_ALPN = 16


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client asks for: the server name (lower case, None without SNI) and its application protocols."""

    server_name: str | None = None
    alpn: tuple[bytes, ...] = ()


class NotTls(Exception):  # noqa: N818 - a finding about the bytes, raised and caught within one call
    """The bytes cannot be the beginning of a TLS connection."""


def read_client_hello(buffer: bytes) -> ClientHello | None:
    """The hello in `buffer`, or None while it is incomplete. Raises NotTls for anything that is no TLS handshake.

    A handshake that OpenSSL will refuse anyway may come back as an empty hello.
    """
    message = b""
    place = 0
    while True:
        if place < len(buffer) and buffer[place] != _HANDSHAKE_RECORD:
            raise NotTls
        if len(buffer) < place + 5:
            return None
        if buffer[place + 1] != 3:
            raise NotTls
        size = int.from_bytes(buffer[place + 3 : place + 5], "big")
        if size == 0 or place > HELLO_MAX_BYTES:
            # Empty handshake records are forbidden (RFC 8446 5.1); without an end they would be collected for ever.
            raise NotTls
        message += buffer[place + 5 : place + 5 + size]
        if len(message) >= 4:
            if message[0] != _CLIENT_HELLO:
                raise NotTls
            wanted = 4 + int.from_bytes(message[1:4], "big")
            if wanted > HELLO_MAX_BYTES:
                raise NotTls
            if len(message) >= wanted:
                return _read_body(message[4:wanted])
        if len(buffer) < place + 5 + size:
            return None
        place += 5 + size


class _Reader:
    """Length-prefixed vectors out of a byte string; reading past the end gives empty ones."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def take(self, count: int) -> bytes:
        piece = self.data[self.place : self.place + count]
        self.place += count
        return piece

    def vector(self, length_bytes: int) -> bytes:
        return self.take(int.from_bytes(self.take(length_bytes), "big"))

    @property
    def has_more(self) -> bool:
        return self.place < len(self.data)


def _read_body(body: bytes) -> ClientHello:
    reader = _Reader(body)
    reader.take(2 + 32)  # legacy_version, random
    reader.vector(1)  # legacy_session_id
    reader.vector(2)  # cipher_suites
    reader.vector(1)  # legacy_compression_methods
    extensions = _Reader(reader.vector(2))
    server_name: str | None = None
    protocols: list[bytes] = []
    while extensions.has_more:
        kind = int.from_bytes(extensions.take(2), "big")
        data = _Reader(extensions.vector(2))
        if kind == _SERVER_NAME:
            names = _Reader(data.vector(2))
            if names.take(1) == b"\0":
                name = names.vector(2)
                if name and name.isascii():
                    server_name = name.decode("ascii").rstrip(".").lower() or None
        elif kind == _ALPN:
            listed = _Reader(data.vector(2))
            while listed.has_more:
                protocols.append(listed.vector(1))
    return ClientHello(server_name, tuple(protocols))
