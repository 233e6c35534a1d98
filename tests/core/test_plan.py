"""What a listener writes into the requests it forwards (reference 3.4, 3.5)."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core.attributes import LoadBalancerAttributes
from simlb.core.model import Bind, FixedResponseAction, Listener, LoadBalancer, Protocol
from simlb.core.plan import HOSTS_REMEMBERED_MAX, ListenerPlan
from simlb.core.rules import RuleTable


def plan(protocol: Protocol = Protocol.HTTP, port: int = 80, published: int = 80, **attributes: Any) -> ListenerPlan:
    listener = Listener(
        protocol=protocol,
        port=port,
        arn="arn",
        binds=(Bind(host="127.0.0.1", port=published),),
        default_action=FixedResponseAction(status_code=200),
    )
    balancer = LoadBalancer(
        name="web",
        id="50dc6c495c0c9188",
        arn="arn",
        dns_name="web-1234567890.us-east-1.elb.localhost",
        region="us-east-1",
        attributes=LoadBalancerAttributes(**attributes),
        listeners=(listener,),
    )
    return ListenerPlan(balancer, listener, {port: published}, RuleTable(listener.default_action))


@pytest.mark.parametrize(
    ("protocol", "port", "lines"),
    [
        (Protocol.HTTP, 80, b"X-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n"),
        (Protocol.HTTPS, 443, b"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"),
        (Protocol.HTTPS, 8443, b"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n"),
    ],
)
def test_the_listener_s_protocol_and_port(protocol: Protocol, port: int, lines: bytes) -> None:
    assert plan(protocol, port, published=18080).proto_port_lines == lines, "the port is never the published one"


@pytest.mark.parametrize(
    ("made", "host", "host_port", "line"),
    [
        (plan(), b"h", 80, b"Host: h\r\n"),
        (plan(published=8080), b"h", 8080, b"Host: h:8080\r\n"),
        (plan(port=8080, published=8080), b"h", None, b"Host: h:8080\r\n"),
        (plan(Protocol.HTTPS, 443, 8443), b"h", 8443, b"Host: h:8443\r\n"),
        (plan(Protocol.HTTPS, 443, 443), b"h", 443, b"Host: h\r\n"),
        (plan(), None, None, b"Host: web-1234567890.us-east-1.elb.localhost\r\n"),
    ],
)
def test_the_host_line(made: ListenerPlan, host: bytes | None, host_port: int | None, line: bytes) -> None:
    for _ in range(2):
        assert made.host_line(host, host_port) == line


def test_remembered_hosts_are_bounded() -> None:
    made = plan()
    for number in range(1000):
        assert made.host_line(b"h%d" % number, None) == b"Host: h%d\r\n" % number
    assert len(made._host_lines) <= HOSTS_REMEMBERED_MAX


@pytest.mark.parametrize(("with_port", "value"), [(False, b"10.0.0.9"), (True, b"10.0.0.9:2817")])
def test_the_client_s_name(with_port: bool, value: bytes) -> None:
    assert plan(xff_client_port=with_port).client_value("10.0.0.9", 2817) == value


@pytest.mark.parametrize(
    ("attributes", "is_plain"),
    [
        ({}, True),
        ({"xff_client_port": True}, True),
        ({"desync_mitigation_mode": "strictest"}, True),
        ({"xff_header_processing": "preserve"}, False),
        ({"xff_header_processing": "remove"}, False),
        ({"drop_invalid_header_fields": True}, False),
        ({"preserve_host_header": True}, False),
        ({"tls_version_and_cipher_suite_headers": True}, False),
    ],
)
def test_which_attributes_change_how_a_header_is_rewritten(attributes: dict[str, Any], is_plain: bool) -> None:
    assert plan(**attributes).is_plain is is_plain
