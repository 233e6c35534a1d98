"""The first bytes of a TLS connection (RFC 8446 4.1.2, RFC 6066)."""

from __future__ import annotations

import contextlib
import ssl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlb.wire.client_hello import HELLO_MAX_BYTES, ClientHello, NotTls, read_client_hello

BOUNDED = settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def real_hello(
    server_name: str | None = "www.example.test",
    alpn: tuple[str, ...] = (),
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> bytes:
    """What OpenSSL sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(list(alpn))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    ("server_name", "alpn", "expected"),
    [
        ("www.example.test", (), ClientHello("www.example.test")),
        ("WWW.Example.TEST", (), ClientHello("www.example.test")),
        (None, (), ClientHello(None)),
        ("a.test", ("h2", "http/1.1"), ClientHello("a.test", (b"h2", b"http/1.1"))),
        (None, ("http/1.1",), ClientHello(None, (b"http/1.1",))),
        ("127.0.0.1", (), ClientHello(None)),
        ("로컬.test", (), ClientHello("xn--2o2bq62b.test")),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_hellos_of_openssl(
    server_name: str | None, alpn: tuple[str, ...], expected: ClientHello, version: ssl.TLSVersion
) -> None:
    assert read_client_hello(real_hello(server_name, alpn, version)) == expected


def test_a_hello_cut_anywhere_is_incomplete_and_then_read() -> None:
    hello = real_hello("www.example.test", ("h2",))
    for cut in range(len(hello)):
        assert read_client_hello(hello[:cut]) is None
    assert read_client_hello(hello + b"more") == ClientHello("www.example.test", (b"h2",))


def in_records(message: bytes, size: int) -> bytes:
    pieces = (message[place : place + size] for place in range(0, len(message), size))
    return b"".join(b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece for piece in pieces)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100, 16384])
def test_a_hello_in_many_records(size: int) -> None:
    hello = in_records(real_hello()[5:], size)
    assert read_client_hello(hello) == ClientHello("www.example.test")
    for cut in range(0, len(hello), 13):
        assert read_client_hello(hello[:cut]) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\n", id="plain HTTP"),
        pytest.param(b"G", id="its first byte is enough"),
        pytest.param(b"\x15\x03\x01\x00\x02\x01\x00", id="an alert"),
        pytest.param(b"\x17\x03\x03\x00\x05hello", id="application data"),
        pytest.param(b"\x16\x02\x00\x00\x05hello", id="another major version"),
        pytest.param(b"\x16\x03\x01\x00\x04\x02\0\0\0", id="a ServerHello"),
        pytest.param(b"\x80\x2e\x01\x03\x01", id="SSL 2.0"),
        pytest.param(b"\x16\x03\x01\x00\x00", id="an empty record"),
        pytest.param(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", id="a hello of 16 MB"),
        pytest.param(b"\x16\x03\x01\x00\x02\x01\x00\x17\x03\x03", id="data between its records"),
        pytest.param(b"\0" * 5, id="zeros"),
    ],
)
def test_what_is_no_hello(data: bytes) -> None:
    with pytest.raises(NotTls):
        read_client_hello(data)


def test_nothing() -> None:
    assert read_client_hello(b"") is None


def test_an_endless_row_of_small_records_is_not_collected_for_ever() -> None:
    claimed = b"\x01" + (60 * 1024).to_bytes(3, "big")
    data = in_records(claimed + bytes(20 * 1024), 1)
    with pytest.raises(NotTls):
        read_client_hello(data)
    assert len(data) > HELLO_MAX_BYTES


def hello_with(extensions: bytes) -> bytes:
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\x00\x02\x13\x01" + b"\x01\0" + len(extensions).to_bytes(2, "big")
    message = body + extensions
    return in_records(b"\x01" + len(message).to_bytes(3, "big") + message, 16384)


def server_name_extension(name: bytes, kind: bytes = b"\0") -> bytes:
    entry = kind + len(name).to_bytes(2, "big") + name
    listed = len(entry).to_bytes(2, "big") + entry
    return b"\0\0" + len(listed).to_bytes(2, "big") + listed


@pytest.mark.parametrize(
    ("extensions", "server_name"),
    [
        (server_name_extension(b"a.test"), "a.test"),
        (server_name_extension(b"A.TEST."), "a.test"),
        (server_name_extension(b"."), None),
        (server_name_extension(b""), None),
        (server_name_extension("é.test".encode()), None),
        (server_name_extension(b"a.test", kind=b"\x01"), None),
        (b"\0\0\0\0", None),
        (b"\0\0\xff\xff\0\x09\0\0\x06a.test", "a.test"),
        (b"\0\x10\0\x00", None),
        (b"", None),
        (b"\0", None),
        (b"\xff\xff\0\x01x" + server_name_extension(b"b.test"), "b.test"),
    ],
)
def test_server_names_as_hostile_clients_write_them(extensions: bytes, server_name: str | None) -> None:
    found = read_client_hello(hello_with(extensions))
    assert found is not None
    assert found.server_name == server_name


HELLO = real_hello("www.example.test", ("h2", "http/1.1"))


@BOUNDED
@given(st.integers(0, len(HELLO)), st.integers(0, 8), st.binary(max_size=8), st.integers(0, len(HELLO)))
def test_a_damaged_hello_is_a_hello_or_incomplete_or_no_tls(place: int, cut: int, piece: bytes, end: int) -> None:
    damaged = HELLO[:place] + piece + HELLO[place + cut :]
    for data in (damaged, damaged[:end]):
        with contextlib.suppress(NotTls):
            found = read_client_hello(data)
            assert found is None or (isinstance(found, ClientHello) and isinstance(found.alpn, tuple))


@BOUNDED
@given(
    st.binary(max_size=100),
    st.sampled_from([b"", b"\x16", b"\x16\x03\x01\x00\x30", b"\x16\x03\x01\x00\x30\x01\0\0\x2c"]),
)
def test_garbage_is_never_anything_else(data: bytes, prefix: bytes) -> None:
    with contextlib.suppress(NotTls):
        found = read_client_hello(prefix + data)
        assert found is None or isinstance(found, ClientHello)
