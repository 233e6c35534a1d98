"""A line is read back as what was sent."""

from __future__ import annotations

import pytest

from simlb.core.access_log import ConnectionFacts, ExchangeRecord, format_line
from simlb.explain.log_line import LogLine
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser


def line_of(raw: bytes | None, **members: object) -> LogLine:
    facts = ConnectionFacts(
        elb="app/web/1",
        dns_name="lb.test",
        scheme="http",
        listener_port=80,
        client_ip="::1",
        client_port=5000,
        node_ip="127.0.0.1",
    )
    request = None
    if raw is not None:
        parsed = RequestParser(FieldParser()).parse(raw)
        assert parsed is not None
        request = parsed[0]
    record = ExchangeRecord(facts, request, 0.0)
    for name, value in members.items():
        setattr(record, name, value)
    return LogLine.read(format_line(record))


@pytest.mark.parametrize(
    ("raw", "method", "target", "uri", "version", "host", "port"),
    [
        (b"GET /a?b HTTP/1.1\r\nHost: x:81\r\n\r\n", b"GET", b"http://x:80/a?b", b"/a?b", b"HTTP/1.1", b"x", 80),
        (b"GET /a HTTP/1.0\r\n\r\n", b"GET", b"http://lb.test:80/a", b"/a", b"HTTP/1.0", b"lb.test", 80),
        (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", b"GET", b"http://x:80/a b", b"/a b", b"HTTP/1.1", b"x", 80),
        (
            b'GET /"\\\xff HTTP/1.1\r\nHost: x\r\n\r\n',
            b"GET",
            b'http://x:80/"\\\xff',
            b'/"\\\xff',
            b"HTTP/1.1",
            b"x",
            80,
        ),
        (b"GET //a://b HTTP/1.1\r\nHost: x\r\n\r\n", b"GET", b"http://x:80//a://b", b"//a://b", b"HTTP/1.1", b"x", 80),
        (b"GET / HTTP/1.1\r\nHost: [::1]:8\r\n\r\n", b"GET", b"http://[::1]:80/", b"/", b"HTTP/1.1", b"[::1]", 80),
        (b"GET http://y/a HTTP/1.1\r\nHost: x\r\n\r\n", b"GET", b"http://y/a", b"http://y/a", b"HTTP/1.1", None, None),
        (b"GET ftp://y/a HTTP/1.1\r\nHost: x\r\n\r\n", b"GET", b"ftp://y/a", b"ftp://y/a", b"HTTP/1.1", None, None),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"OPTIONS", b"http://x:80*", b"*", b"HTTP/1.1", b"x", 80),
        (None, None, b"", b"", b"", None, 80),
    ],
)
def test_request_lines(
    raw: bytes | None,
    method: bytes | None,
    target: bytes,
    uri: bytes,
    version: bytes,
    host: bytes | None,
    port: int | None,
) -> None:
    line = line_of(raw)
    assert (line.method, line.target, line.uri, line.version, line.host, line.listener_port) == (
        method,
        target,
        uri,
        version,
        host,
        port,
    )


def test_what_did_not_happen_is_none() -> None:
    line = line_of(None, elb_status_code=400)
    assert (line.client_ip, line.client_port, line.elb_status_code, line.target_status_code) == ("::1", 5000, 400, None)
    assert (line.target_address, line.target_group, line.rule_priority, line.redirect_url) == (None, None, None, None)
    assert (line.request_processing_time, line.target_processing_time) == (None, None)


def test_what_did_happen() -> None:
    line = line_of(
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        target_group_arn="arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/73e2d6bc24d8a067",
        target_address="10.0.0.1:80",
        request_processing_time=0.5,
        matched_rule_priority=0,
        redirect_url='http://x/"',
    )
    assert (line.target_group, line.target_address, line.request_processing_time) == ("web", "10.0.0.1:80", 0.5)
    assert (line.rule_priority, line.redirect_url) == (0, "http://x/\\x22")
