"""What targets see, and what the load balancer answers by itself (reference 1.4, 2.4, 3.4-3.6)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from simlb.core.attributes import ListenerAttributes
from simlb.core.health import HealthState, ProbeOutcome, ProbeResult
from simlb.core.model import Action, FixedResponseAction, ForwardAction, Listener, RedirectAction
from simlb.dataplane.h1_target import H1TargetConnection
from tests.dataplane.harness import GET, OK, Rig, answer, until

TRACE = re.compile(r"X-Amzn-Trace-Id: Root=1-[0-9a-f]{8}-[0-9a-f]{24}")


async def test_the_order_of_headers(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await rig.ask(
        b"GET /a?b=c HTTP/1.1\r\nHost: LB.test\r\nUser-Agent: t/1\r\nX-B: 1\r\nx-a: 2\r\nConnection: close, X-Hop\r\n"
        b"X-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Connection: x\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Port: 1\r\nCookie: a=b\r\nX-B: 3\r\nX-Amzn-Mtls-Clientcert: me\r\n\r\n"
    )
    (request,) = rig.targets[0].requests
    lines = request.lines
    assert request.start_line == "GET /a?b=c HTTP/1.1"
    assert TRACE.fullmatch(lines.pop(4))
    assert lines == [
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 80",
        "Host: lb.test",
        "User-Agent: t/1",
        "X-B: 1",
        "x-a: 2",
        "Cookie: a=b",
        "X-B: 3",
    ]
    (line,) = rig.lines
    assert line[17] == request["X-Amzn-Trace-Id"]


FORWARDED: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({}, None, "127.0.0.1"),
    ({}, "127.0.0.4", "127.0.0.4, 127.0.0.1"),
    ({}, "127.0.0.4, 127.0.0.8", "127.0.0.4, 127.0.0.8, 127.0.0.1"),
    ({"xff_header_processing": "preserve"}, None, None),
    ({"xff_header_processing": "preserve"}, "127.0.0.4", "127.0.0.4"),
    ({"xff_header_processing": "remove"}, None, None),
    ({"xff_header_processing": "remove"}, "127.0.0.4", None),
    ({"xff_client_port": True}, None, "127.0.0.1:{port}"),
    ({"xff_client_port": True}, "127.0.0.4", "127.0.0.4, 127.0.0.1:{port}"),
    ({"xff_client_port": True, "xff_header_processing": "preserve"}, "127.0.0.4", "127.0.0.4"),
]


@pytest.mark.parametrize(("attributes", "sent", "seen"), FORWARDED)
async def test_x_forwarded_for(rig: Rig, attributes: dict[str, Any], sent: str | None, seen: str | None) -> None:
    await rig.serve(answer(OK), **attributes)
    client = await rig.client()
    line = f"X-Forwarded-For: {sent}\r\n" if sent else ""
    await client.ask(GET[:-2] + line.encode() + b"\r\n")
    (request,) = rig.targets[0].requests
    assert request.all("X-Forwarded-For") == ([] if seen is None else [seen.format(port=client.port)])
    assert request["X-Forwarded-Proto"] == "http"


async def test_the_client_port_appears_from_the_next_request_on(rig: Rig) -> None:
    await rig.serve(answer(OK))
    client = await rig.client()
    await client.ask()
    await rig.apply(xff_client_port=True)
    await client.ask()
    seen = [request["X-Forwarded-For"] for request in rig.targets[0].requests]
    assert seen == ["127.0.0.1", f"127.0.0.1:{client.port}"]


TRACES = [
    ("Root=1-67891233-abcdef012345678912345678", r"Self=1-\w{8}-\w{24};Root=1-67891233-abcdef012345678912345678"),
    ("Self=1-1-2;Root=1-3-4;CalledFrom=app", r"Self=1-\w{8}-\w{24};Root=1-3-4;CalledFrom=app"),
    ("CalledFrom=app", r"Root=1-\w{8}-\w{24};CalledFrom=app"),
]


@pytest.mark.parametrize(("sent", "seen"), TRACES)
async def test_trace_ids(rig: Rig, sent: str, seen: str) -> None:
    await rig.serve(answer(OK))
    await rig.ask(GET[:-2] + f"X-Amzn-Trace-Id: {sent}\r\n\r\n".encode())
    found = rig.targets[0].requests[0]["X-Amzn-Trace-Id"]
    assert found is not None
    assert re.fullmatch(seen, found)


HOSTS = [
    (b"GET / HTTP/1.1\r\nHost: LB.test\r\n\r\n", {}, "lb.test"),
    (b"GET / HTTP/1.1\r\nHost: LB.test:80\r\n\r\n", {}, "lb.test"),
    (b"GET / HTTP/1.1\r\nHost: LB.test:%(port)d\r\n\r\n", {}, "lb.test:%(port)d"),
    (b"GET / HTTP/1.1\r\nHost: LB.Test:%(port)d\r\n\r\n", {"preserve_host_header": True}, "LB.Test:%(port)d"),
    (b"GET http://other.test/x HTTP/1.1\r\nHost: LB.test\r\n\r\n", {}, "other.test"),
    (b"GET / HTTP/1.0\r\n\r\n", {}, "web-1.us-east-1.elb.localhost"),
    (b"GET / HTTP/1.0\r\n\r\n", {"preserve_host_header": True}, "web-1.us-east-1.elb.localhost"),
]


@pytest.mark.parametrize(("sent", "attributes", "seen"), HOSTS)
async def test_the_host_a_target_sees(rig: Rig, sent: bytes, attributes: dict[str, Any], seen: str) -> None:
    await rig.serve(answer(OK), **attributes)
    port = {"port": rig.published()}
    await rig.ask(sent % {b"port": port["port"]} if b"%" in sent else sent)
    assert rig.targets[0].requests[0]["Host"] == (seen % port if "%" in seen else seen)


@pytest.mark.parametrize(("drops", "seen"), [(False, ["1", "2", "3"]), (True, ["1"])])
async def test_invalid_names_are_dropped_if_wanted(rig: Rig, drops: bool, seen: list[str]) -> None:
    await rig.serve(answer(OK), drop_invalid_header_fields=drops)
    await rig.ask(GET[:-2] + b"X-A: 1\r\nX_A: 2\r\nX.A: 3\r\n\r\n")
    request = rig.targets[0].requests[0]
    assert [value for name in ("X-A", "X_A", "X.A") for value in request.all(name)] == seen


async def test_tls_headers_are_for_https_listeners_only(rig: Rig) -> None:
    await rig.serve(answer(OK), tls_version_and_cipher_suite_headers=True)
    await rig.ask(GET[:-2] + b"X-Amzn-Tls-Version: TLSv9\r\n\r\n")
    assert rig.targets[0].requests[0]["X-Amzn-Tls-Version"] is None


async def test_response_headers_in_the_order_aws_writes_them(rig: Rig) -> None:
    await rig.serve(
        answer(
            b"HTTP/1.1 201 Made It\r\nServer: t\r\nX-A: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n"
            b"Set-Cookie: a=b\r\nContent-Type: text/x\r\nDate: Tue, 07 Mar 2023 10:00:00 GMT\r\nKeep-Alive: 5\r\n"
            b"Set-Cookie: c=d\r\n\r\nhi"
        )
    )
    response = await rig.ask()
    assert response.start_line == "HTTP/1.1 201 Made It"
    assert response.lines == [
        "Date: Tue, 07 Mar 2023 10:00:00 GMT",
        "Content-Type: text/x",
        "Content-Length: 2",
        "Connection: keep-alive",
        "Server: t",
        "X-A: 1",
        "Set-Cookie: a=b",
        "Set-Cookie: c=d",
    ]


HSTS = "routing.http.response.strict_transport_security.header_value"
FRAMES = "routing.http.response.x_frame_options.header_value"


def written(rig: Rig, action: Action | None = None, **given: str) -> Listener:
    """A listener that writes response headers."""
    wire = {
        {"hsts": HSTS, "frames": FRAMES, "server": "routing.http.response.server.enabled"}[name]: value
        for name, value in given.items()
    }
    return replace(rig.listener(action), attributes=ListenerAttributes.from_wire(wire))


async def test_a_listener_writes_response_headers_over_the_targets(rig: Rig) -> None:
    await rig.serve(
        answer(
            b"HTTP/1.1 500 No\r\nX-FRAME-OPTIONS: a\r\nX-A: 1\r\nx-frame-options: b\r\nServer: t\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
    )
    await rig.apply(written(rig, hsts="max-age=9", frames="DENY", server="false"))
    client = await rig.client()
    for _ in range(2):
        response = await client.ask(GET)
        assert response.all("X-Frame-Options") == ["DENY"]
        assert response.all("Strict-Transport-Security") == ["max-age=9"]
        assert (response["X-A"], response["Server"], response.status) == ("1", "t", 500)


async def test_also_in_answers_of_the_load_balancers_own(rig: Rig) -> None:
    redirect = RedirectAction(protocol="HTTPS", port="443", status_code="HTTP_301")
    await rig.apply(written(rig, redirect, hsts="max-age=9", server="false"))
    for sent, status in ((GET, 301), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"\0\r\n\r\n", 400)):
        response = await rig.ask(sent)
        assert (response.status, response["Strict-Transport-Security"], response["Server"]) == (
            status,
            "max-age=9",
            None,
        )


# -- answers of its own ------------------------------------------------------------------------------------------------


async def test_a_redirect_lands_on_the_published_port(rig: Rig) -> None:
    redirect = RedirectAction(protocol="HTTPS", port="443", status_code="HTTP_301")
    # The sibling needs no certificate here: it is never connected to.
    sibling = rig.listener(FixedResponseAction(status_code=200), port=443)
    await rig.apply(rig.listener(redirect), sibling)
    here, there = rig.published(80), rig.published(443)
    client = await rig.client()
    for host, port in ((f"lb.test:{here}", there), ("lb.test", 443), ("lb.test:1", 443)):
        response = await client.ask(f"GET /a%20b?c=d HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert (response.status, len(response.body)) == (301, 134)
        assert response["Location"] == f"https://lb.test:{port}/a%20b?c=d"
        assert response["Connection"] == "keep-alive"
    (line, *_) = rig.lines
    assert (line[22], line[23]) == ("redirect", f"https://lb.test:{there}/a%20b?c=d")
    await rig.logged(301, 301, 301)


async def test_a_redirect_that_grows_too_long_is_507(rig: Rig) -> None:
    await rig.apply(rig.listener(RedirectAction(path="/#{path}", query="#{query}&#{query}", protocol="HTTPS")))
    assert (await rig.ask(b"GET /?" + b"a" * 5000 + b" HTTP/1.1\r\nHost: l\r\n\r\n")).status == 507
    await rig.logged(507)


async def test_fixed_responses(rig: Rig) -> None:
    action = FixedResponseAction(status_code=418, message_body='{"a": 1}', content_type="application/json")
    await rig.apply(rig.listener(action))
    client = await rig.client()
    response = await client.ask()
    assert response.start_line.startswith("HTTP/1.1 418 ")
    assert [line.partition(":")[0] for line in response.lines] == [
        "Server",
        "Date",
        "Content-Type",
        "Content-Length",
        "Connection",
    ]
    assert (response["Content-Type"], response.body) == ("application/json; charset=utf-8", b'{"a": 1}')
    head = await client.ask(GET.replace(b"GET", b"HEAD"), "HEAD")
    assert (head["Content-Length"], head.body) == ("8", b"")
    body = await client.ask(b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 3\r\n\r\nabc")
    assert (body.status, body["Connection"]) == (418, "keep-alive")
    # A body that has not come along is not waited for.
    large = await client.ask(b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 3\r\n\r\na")
    assert (large.status, large["Connection"]) == (418, "close")
    (line, *_) = rig.lines
    assert line[4:10] == ["-", "-1", "-1", "-1", "418", "-"]
    await rig.logged(418, 418, 418, 418)


# -- nobody there ------------------------------------------------------------------------------------------------------


async def test_no_targets_is_503(rig: Rig) -> None:
    await rig.apply(rig.listener(), groups=(rig.group(),))
    response = await rig.ask()
    assert (response.start_line, len(response.body)) == ("HTTP/1.1 503 Service Temporarily Unavailable", 162)
    (record,) = await rig.logged(503)
    assert record.sent_bytes == 337
    (line,) = rig.lines
    assert line[4:8] == ["-", "-1", "-1", "-1"]
    assert line[16].endswith("targetgroup/web/73e2d6bc24d8a067")
    assert line[22] == "forward"


async def test_padding_for_chrome(rig: Rig) -> None:
    await rig.apply(rig.listener(), groups=(rig.group(),))
    response = await rig.ask(GET[:-2] + b"User-Agent: Mozilla/5.0 Chrome/99\r\n\r\n")
    assert len(response.body) == 162 + 402


async def test_all_initial_is_503_and_all_unhealthy_fails_open(rig: Rig) -> None:
    first, second = await rig.target(answer(OK)), await rig.target(answer(OK))
    await rig.serve(first, second)
    group = rig.node.groups["web"]
    for state in group.targets.values():
        state.health.on_registered()
    group._recompute()
    assert (await rig.ask()).status == 503
    refused = ProbeResult(outcome=ProbeOutcome.REFUSED)
    for state in group.targets.values():
        for _ in range(2):
            group.on_probe(state, refused, rig.clock.now())
        assert state.health.state is HealthState.UNHEALTHY
    for _ in range(4):
        assert (await rig.ask()).status == 200
    assert len(first.requests) == len(second.requests) == 2
    await rig.logged(503, 200, 200, 200, 200)


async def test_requests_go_round(rig: Rig) -> None:
    targets = [await rig.target(answer(OK)) for _ in range(3)]
    await rig.serve(*targets)
    client = await rig.client()
    for _ in range(30):
        await client.ask()
    assert [len(target.requests) for target in targets] == [10, 10, 10]


async def test_a_removed_listener_finishes_what_it_has(rig: Rig) -> None:
    await rig.serve(answer(OK), idle_timeout_s=4000)
    client = await rig.client()
    await client.ask()
    await rig.apply(rig.listener(FixedResponseAction(status_code=200), port=81), groups=(rig.group(delay_s=0),))
    await rig.apply(groups=())
    await rig.clock.advance(301)
    assert "web" not in rig.node.groups
    response = await client.ask()
    assert (response.status, response["Connection"]) == (503, "close")
    assert await client.rest() == b""


async def test_a_target_that_moves_is_dialled_at_its_new_place(rig: Rig) -> None:
    old, new = await rig.target(answer(OK)), await rig.target(answer(OK.replace(b"hello", b"moved")))
    await rig.serve(old)
    client = await rig.client()
    assert (await client.ask()).body == b"hello"
    await rig.apply(groups=(rig.group(new),))
    assert (await client.ask()).body == b"moved"
    assert rig.changes[-1] == ("i-01", "initial", "healthy"), "its health is kept"


# -- simlb's own setting: another target -------------------------------------------------------------------------------


async def test_another_target_is_tried_where_the_group_says_so(rig: Rig) -> None:
    gone = await rig.target()
    there = await rig.target(answer(OK))
    group = replace(rig.group(gone, there), retry_on_connect_failure=True)
    await rig.apply(rig.listener(ForwardAction.to("web")), groups=(group,))
    await rig.healthy()
    assert gone._server is not None
    gone._server.close()
    client = await rig.client()
    for _ in range(4):
        assert (await client.ask(b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\nhi")).status == 200
    assert {request.body for request in there.requests} == {b"hi"}
    await there.close()
    await until(lambda: not any(pool.connections for pool in rig.node._pools.values()))
    assert (await client.ask()).status == 502
    await rig.logged(200, 200, 200, 200, 502)


async def test_a_client_that_leaves_just_as_its_target_is_connected(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops drop a connection whose dialling is cancelled then, without telling its protocol."""
    await rig.serve(answer(OK))
    (pool,) = rig.node._pools.values()
    connected = H1TargetConnection.connection_made

    def connected_and_left(connection: H1TargetConnection, transport: asyncio.BaseTransport) -> None:
        connected(connection, transport)
        for exchange in list(pool._connecting):
            exchange.client_gone()

    monkeypatch.setattr(H1TargetConnection, "connection_made", connected_and_left)
    client = await rig.client()
    client.send(GET)
    await rig.logged(460)
    monkeypatch.undo()
    assert (await (await rig.client()).ask()).status == 200
    await until(lambda: pool.size == 1, "only the connection of the second request is left")
