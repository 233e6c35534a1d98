"""What changes in a request's header on its way to the target (reference 3.4-3.6)."""

from __future__ import annotations

import pytest

from simlb.core import forwarding
from simlb.core.attributes import XffMode

FRESH = b"1-67891234-0123456789abcdef01234567"
ROOT = b"Root=1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize(
    ("sent", "append", "preserve", "remove"),
    [
        (None, b"127.0.0.1", None, None),
        (b"127.0.0.4", b"127.0.0.4, 127.0.0.1", b"127.0.0.4", None),
        (b"127.0.0.4, 127.0.0.8", b"127.0.0.4, 127.0.0.8, 127.0.0.1", b"127.0.0.4, 127.0.0.8", None),
        (b"", b"127.0.0.1", b"", None),
    ],
)
def test_x_forwarded_for(
    sent: bytes | None, append: bytes | None, preserve: bytes | None, remove: bytes | None
) -> None:
    modes: list[tuple[XffMode, bytes | None]] = [("append", append), ("preserve", preserve), ("remove", remove)]
    for mode, expected in modes:
        assert forwarding.forwarded_for(mode, sent, b"127.0.0.1") == expected, mode


def test_the_reference_vector_of_three_hops() -> None:
    received = b"203.0.113.9, 10.0.0.1"
    expected = b"203.0.113.9, 10.0.0.1, 198.51.100.2"
    assert forwarding.forwarded_for("append", received, b"198.51.100.2") == expected


@pytest.mark.parametrize(
    ("ip", "with_port", "expected"),
    [
        ("198.51.100.2", False, "198.51.100.2"),
        ("198.51.100.2", True, "198.51.100.2:2817"),
        ("2001:db8::2", False, "2001:db8::2"),
        ("2001:db8::2", True, "[2001:db8::2]:2817"),
    ],
)
def test_how_the_client_is_named(ip: str, with_port: bool, expected: str) -> None:
    assert forwarding.client_address(ip, 2817, with_port=with_port) == expected


@pytest.mark.parametrize(("addresses", "refused"), [(1, False), (29, False), (30, False), (31, True), (100, True)])
def test_more_than_30_addresses_is_a_463(addresses: int, refused: bool) -> None:
    for comma in (b", ", b","):
        assert forwarding.has_too_many_addresses(comma.join([b"10.0.0.1"] * addresses)) is refused


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        pytest.param(None, b"Root=" + FRESH, id="absent: a new Root"),
        pytest.param(ROOT, b"Self=" + FRESH + b";" + ROOT, id="Root stays, Self in front"),
        pytest.param(
            ROOT + b";CalledFrom=app", b"Self=" + FRESH + b";" + ROOT + b";CalledFrom=app", id="custom fields stay"
        ),
        pytest.param(
            b"Self=1-67891234-12456789abcdef012345678;" + ROOT + b";CalledFrom=app",
            b"Self=" + FRESH + b";" + ROOT + b";CalledFrom=app",
            id="another load balancer's Self is replaced",
        ),
        pytest.param(b"CalledFrom=app", b"Root=" + FRESH + b";CalledFrom=app", id="no Root: one is added"),
        pytest.param(b"Root=", b"Root=" + FRESH, id="an empty Root is none"),
        pytest.param(b"Self=x", b"Root=" + FRESH, id="a Self alone is no trace"),
        pytest.param(ROOT + b";Root=evil", b"Self=" + FRESH + b";" + ROOT, id="the first Root counts"),
        pytest.param(b" " + ROOT + b" ; A=1 ;", b"Self=" + FRESH + b";" + ROOT + b";A=1", id="untidy"),
        pytest.param(b";;;", b"Root=" + FRESH, id="nothing but separators"),
        pytest.param(b"word", b"Root=" + FRESH + b";word", id="a custom field without a value"),
    ],
)
def test_trace_id(received: bytes | None, sent: bytes) -> None:
    assert forwarding.trace_header(received, FRESH) == sent


@pytest.mark.parametrize(
    ("header_bytes", "sent"),
    [
        (7 * 1024, b"Self=" + FRESH + b";" + ROOT + b";A=1"),
        (7 * 1024 + 1, ROOT),
    ],
)
def test_above_7_kb_of_header_only_the_root_is_left(header_bytes: int, sent: bytes) -> None:
    assert forwarding.trace_header(ROOT + b";A=1", FRESH, header_bytes=header_bytes) == sent


def test_above_7_kb_without_a_root() -> None:
    assert forwarding.trace_header(b"A=1", FRESH, header_bytes=8000) == b"Root=" + FRESH


def test_the_time_in_a_trace_id() -> None:
    assert forwarding.trace_prefix(0x63441C4A) == b"1-63441c4a-"


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        (b"example.com", b"example.com", None),
        (b"Test.EXAMPLE.com:8080", b"test.example.com", 8080),
        (b"example.com:", b"example.com", None),
        (b"127.0.0.1:80", b"127.0.0.1", 80),
        (b"[::1]", b"[::1]", None),
        (b"[2001:DB8::1]:443", b"[2001:db8::1]", 443),
        (b"under_score.test", b"under_score.test", None),
        (b"h:65535", b"h", 65535),
        (b"h:00080", b"h", 80),
    ],
)
def test_valid_hosts(value: bytes, host: bytes, port: int | None) -> None:
    assert forwarding.split_host(value) == (host, port)


@pytest.mark.parametrize(
    "value",
    [b"", b":80", b"a b", b"a/b", b"a\\b", b"user@h", b"h:65536", b"h:123456", b"h:x", b"h:-1", b"h:8 0", b"[::1",
     b"::1", b"[::1]x", b"[zz]", b"h\xc3\xa9", b"a?b", b"a#b", b'a"b', b"<h>", b"h:80:80", b"h\n", b"h:80\n"],
)  # fmt: skip
def test_invalid_hosts(value: bytes) -> None:
    assert forwarding.split_host(value) is None


@pytest.mark.parametrize(
    ("host_port", "listener", "published", "default", "sent"),
    [
        pytest.param(None, 80, 80, 80, b"h", id="HTTP:80, no port"),
        pytest.param(80, 80, 80, 80, b"h", id="HTTP:80, port stripped"),
        pytest.param(1234, 80, 80, 80, b"h", id="HTTP:80, a wrong port stripped as well"),
        pytest.param(443, 443, 443, 443, b"h", id="HTTPS:443, port stripped"),
        pytest.param(None, 443, 443, 80, b"h:443", id="HTTP on 443 is not a default port"),
        pytest.param(None, 8080, 8080, 80, b"h:8080", id="HTTP:8080, port added"),
        pytest.param(8080, 8080, 8080, 80, b"h:8080", id="HTTP:8080, port kept"),
        pytest.param(9999, 8080, 8080, 80, b"h:9999", id="HTTP:8080, the client's port kept"),
        pytest.param(8080, 80, 8080, 80, b"h:8080", id="HTTP:80 published on 8080: kept, absolute links work"),
        pytest.param(None, 80, 8080, 80, b"h", id="HTTP:80 published on 8080, no port"),
    ],
)
def test_the_host_a_target_sees(
    host_port: int | None, listener: int, published: int, default: int, sent: bytes
) -> None:
    found = forwarding.host_for_target(
        b"h", host_port, listener_port=listener, published_port=published, default_port=default
    )
    assert found == sent
