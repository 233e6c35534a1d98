"""The first bytes of a TLS connection: server name and protocols, before any context is chosen.

RFC 8446 4.1.2, RFC 6066. Only what the load balancer decides by is read. OpenSSL reads the same bytes again and judges
their validity.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HELLO_MAX_BYTES = 64 * 1024
_HANDSHAKE_RECORD = 0x16
_CLIENT_HELLO = 0x01
_SERVER_NAME = 0
_ALPN = 16
_EXTENSION = struct.Struct(">HH")


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


def _read_body(body: bytes) -> ClientHello:
    """Walk the hello by place alone, without an object for each vector: every handshake passes here.

    Reading past the end gives empty vectors.
    """
    place = 2 + 32  # legacy_version, random
    place += 1 + int.from_bytes(body[place : place + 1], "big")  # legacy_session_id
    place += 2 + int.from_bytes(body[place : place + 2], "big")  # cipher_suites
    place += 1 + int.from_bytes(body[place : place + 1], "big")  # legacy_compression_methods
    end = min(len(body), place + 2 + int.from_bytes(body[place : place + 2], "big"))
    place += 2
    server_name: str | None = None
    protocols: tuple[bytes, ...] = ()
    while place + 4 <= end:
        kind, size = _EXTENSION.unpack_from(body, place)
        place += 4
        if kind == _SERVER_NAME:
            server_name = _server_name(body[place : min(end, place + size)]) or server_name
        elif kind == _ALPN:
            protocols += _protocols(body[place : min(end, place + size)])
        place += size
    return ClientHello(server_name, protocols)


def _server_name(data: bytes) -> str | None:
    """The first name of a server_name extension, in lower case and without a final dot (RFC 6066 3)."""
    names = data[2 : 2 + int.from_bytes(data[:2], "big")]
    if names[:1] != b"\0":
        return None
    name = names[3 : 3 + int.from_bytes(names[1:3], "big")]
    return name.decode("ascii").rstrip(".").lower() or None if name.isascii() else None


def _protocols(data: bytes) -> tuple[bytes, ...]:
    """The names of an ALPN extension (RFC 7301 3.1)."""
    listed = data[2 : 2 + int.from_bytes(data[:2], "big")]
    found = []
    place = 0
    while place < len(listed):
        size = listed[place]
        found.append(listed[place + 1 : place + 1 + size])
        place += 1 + size
    return tuple(found)
