"""The first bytes a TLS server sends: which group the key exchange uses. Only the connection log asks.

Under TLS 1.3 the ServerHello's key_share names it (RFC 8446 4.2.8), also in a HelloRetryRequest; under TLS 1.2 the
ServerKeyExchange (RFC 8422 5.4). They are bytes of OpenSSL's own, so little is doubted.
"""

from __future__ import annotations

_HANDSHAKE_RECORD = 0x16
_SERVER_HELLO, _SERVER_KEY_EXCHANGE = 2, 12
_KEY_SHARE = 51
_NAMED_CURVE = 3
_GROUPS = {
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    29: "x25519",
    30: "x448",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    4587: "SecP256r1MLKEM768",
    4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024",
}
"""IANA's names of TLS supported groups."""


def negotiated_group(flight: bytes) -> str | None:
    """The group's name in the server's first flight; None when there is none in it: a resumed TLS 1.2 session."""
    messages = _handshake_bytes(flight)
    place = 0
    while place + 4 <= len(messages):
        size = int.from_bytes(messages[place + 1 : place + 4], "big")
        body = messages[place + 4 : place + 4 + size]
        group = None
        if messages[place] == _SERVER_HELLO:
            group = _key_share_group(body)
        elif messages[place] == _SERVER_KEY_EXCHANGE and body[:1] == bytes((_NAMED_CURVE,)):
            group = int.from_bytes(body[1:3], "big")
        if group is not None:
            return _GROUPS.get(group, f"0x{group:04x}")
        place += 4 + size
    return None


def _handshake_bytes(flight: bytes) -> bytes:
    """What the leading plaintext handshake records hold."""
    messages = b""
    place = 0
    while place + 5 <= len(flight) and flight[place] == _HANDSHAKE_RECORD:
        size = int.from_bytes(flight[place + 3 : place + 5], "big")
        messages += flight[place + 5 : place + 5 + size]
        place += 5 + size
    return messages


def _key_share_group(body: bytes) -> int | None:
    place = 2 + 32  # legacy_version, random
    place += 1 + int.from_bytes(body[place : place + 1], "big")  # legacy_session_id_echo
    place += 2 + 1  # cipher_suite, legacy_compression_method
    end = place + 2 + int.from_bytes(body[place : place + 2], "big")
    place += 2
    while place + 4 <= min(end, len(body)):
        kind = int.from_bytes(body[place : place + 2], "big")
        size = int.from_bytes(body[place + 2 : place + 4], "big")
        if kind == _KEY_SHARE:
            return int.from_bytes(body[place + 4 : place + 6], "big")
        place += 4 + size
    return None
