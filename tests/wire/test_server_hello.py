"""The group in a TLS server's first flight, as OpenSSL sends it and as damaged bytes have it."""

from __future__ import annotations

import ssl
from functools import cache
from random import Random

import pytest
import trustme

from simlb.wire.server_hello import negotiated_group

CURVES = [("prime256v1", "secp256r1"), ("secp384r1", "secp384r1"), ("X25519", "x25519"), ("X448", "x448")]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@cache
def server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RSA: with an ECDSA certificate a TLS 1.2 client has to know the certificate's curve as well.
    trustme.CA(key_type=trustme.KeyType.ECDSA).issue_cert("lb.test", key_type=trustme.KeyType.RSA).configure_cert(
        context
    )
    return context


def flight(version: ssl.TLSVersion, curve: str | None = None, session: ssl.SSLSession | None = None) -> bytes:
    """What a server sends first to a client of that version and curve."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    if curve is not None:
        context.set_ecdh_curve(curve)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, session=session)
    side = server().wrap_bio(to_server, to_client, server_side=True)
    for party in (client, side):
        with pytest.raises(ssl.SSLWantReadError):
            party.do_handshake()
    return to_client.read()


@pytest.mark.parametrize(("curve", "name"), CURVES)
@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_groups(version: ssl.TLSVersion, curve: str, name: str) -> None:
    assert negotiated_group(flight(version, curve)) == name


def test_a_group_without_a_known_name_is_its_number() -> None:
    bytes_ = flight(ssl.TLSVersion.TLSv1_3, "X25519")
    place = bytes_.index(b"\0\x33\0\x24\0\x1d") + 4
    assert negotiated_group(bytes_[:place] + b"\x0a\x0a" + bytes_[place + 2 :]) == "0x0a0a"


@pytest.mark.parametrize("bytes_", [b"", b"\x15\x03\x03\x00\x02\x02\x28", b"\x16\x03\x03\xff\xff\x02"])
def test_what_names_none(bytes_: bytes) -> None:
    assert negotiated_group(bytes_) is None


@pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
def test_whatever_is_cut_off_or_changed_ends_in_a_name_or_none(version: ssl.TLSVersion) -> None:
    whole = flight(version, "X25519")
    random = Random(1)
    for end in range(200):
        assert negotiated_group(whole[:end]) in {None, "x25519", "0x0000", "0x001d"}
    for _ in range(300):
        changed = bytearray(whole)
        changed[random.randrange(200)] = random.randrange(256)
        found = negotiated_group(bytes(changed))
        assert found is None or found.isascii()
