"""HTTPS probes, probes to a port of their own, and every parameter of a health check changed by a reload (2.1-2.3)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from simlb.core.health import HealthState, ProbeOutcome, Reason, hint, last_check_words
from simlb.core.matcher import Matcher
from simlb.core.model import HealthCheck, Protocol, TargetGroup
from simlb.core.target_group import TargetState
from tests.dataplane.harness import OK, Rig, Script, ScriptedTarget, TargetConnection, answer, until
from tests.dataplane.test_health_checks import is_in, probed, probes, state_of
from tests.dataplane.tls_targets import secure_target, server_side

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"

# -- over TLS ----------------------------------------------------------------------------------------------------------


async def test_a_probe_over_https_verifies_nothing_and_names_no_server(rig: Rig) -> None:
    names: list[str | None] = []
    context = server_side()
    context.sni_callback = lambda _tls, name, _context: names.append(name)
    target = await secure_target(rig, answer(OK), context)
    await rig.apply(rig.listener(), groups=(probed(rig, target, protocol=Protocol.HTTPS, path="/health"),))
    await rig.healthy()
    assert names == [None]
    assert target.requests[0].head == (
        b"GET /health HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n"
        b"User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n"
    )
    await until(target.connections[0].reader.at_eof, "the load balancer closes after the reply")


async def test_the_health_check_has_a_protocol_of_its_own(rig: Rig) -> None:
    """Traffic over TLS, probes in plain HTTP on another port; and the reverse."""
    plain, secure = await rig.target(answer(OK)), await secure_target(rig, answer(OK))
    one = replace(probed(rig, secure, port=plain.port), protocol=Protocol.HTTPS)
    await rig.apply(rig.listener(), groups=(one,))
    await rig.healthy()
    assert (await rig.ask()).status == 200
    other = probed(rig, rig.describe(plain, 2), protocol=Protocol.HTTPS, port=secure.port)
    await rig.apply(groups=(other,))
    await rig.healthy_or_draining()
    assert (await rig.ask()).status == 200
    assert secure.requests[-1]["Host"] == f"10.0.0.2:{secure.port}"
    assert [request["User-Agent"] is None for request in plain.requests] == [False, True]


async def test_an_instance_is_probed_and_logged_by_its_address(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    instance = replace(rig.describe(target), id="i-0123456789abcdef0", port=8080, instance_ip="10.0.0.9")
    await rig.apply(rig.listener(), groups=(probed(rig, instance),))
    await rig.healthy()
    assert target.requests[0]["Host"] == "10.0.0.9:8080"
    await rig.ask()
    (record,) = await rig.logged(200)
    assert record.target_address == "10.0.0.9:8080"
    assert list(rig.node.groups["web"].targets) == [("i-0123456789abcdef0", 8080)]


async def plain_http(connection: TargetConnection) -> None:
    await connection.reader.read(100)
    await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


async def read_and_close(connection: TargetConnection) -> None:
    await connection.reader.read(100)
    connection.close()


async def break_the_session(connection: TargetConnection) -> None:
    await connection.request()
    os.write(connection.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x13" + b"no record at all...")
    await connection.hang()


Start = Callable[[Rig], Awaitable[ScriptedTarget]]
OUTCOMES: list[tuple[str, Protocol, Start, Reason, str, str | None]] = [
    ("HTTPS to a plain HTTP server", Protocol.HTTPS, lambda rig: rig.target(plain_http),
     Reason.FAILED_HEALTH_CHECKS, "TLS handshake failed: the target does not speak TLS", "HTTP}"),
    ("HTTPS to something that closes", Protocol.HTTPS, lambda rig: rig.target(read_and_close),
     Reason.FAILED_HEALTH_CHECKS, "TLS handshake failed: the target ended the connection", None),
    ("HTTPS, a session that breaks", Protocol.HTTPS, lambda rig: secure_target(rig, break_the_session),
     Reason.FAILED_HEALTH_CHECKS, "connection closed without an answer: ", None),
    ("HTTPS, a wrong status", Protocol.HTTPS, lambda rig: secure_target(rig, answer(FAILED)),
     Reason.RESPONSE_CODE_MISMATCH, "503 in", None),
    ("HTTPS, closed without an answer", Protocol.HTTPS, lambda rig: secure_target(rig, answer(close=True)),
     Reason.FAILED_HEALTH_CHECKS, "connection closed without an answer", None),
    ("HTTP to a server that sends an alert", Protocol.HTTP, lambda rig: rig.target(answer(b"\x15\x03\x01\0\x02\x02F")),
     Reason.FAILED_HEALTH_CHECKS, "malformed answer: the target speaks TLS", "HTTPS}"),
    ("HTTP to a TLS server that just closes", Protocol.HTTP, secure_target,
     Reason.FAILED_HEALTH_CHECKS, "connection closed without an answer", "HTTPS}"),
    ("HTTP to a TLS server that answers in HTTP", Protocol.HTTP, lambda rig: rig.target(plain_http),
     Reason.RESPONSE_CODE_MISMATCH, "400 in", "HTTPS}"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("protocol", "start", "reason", "words", "advice"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES]
)
async def test_outcomes_in_words(
    rig: Rig, protocol: Protocol, start: Start, reason: Reason, words: str, advice: str | None
) -> None:
    group = probed(rig, await start(rig), protocol=protocol)
    await rig.apply(rig.listener(), groups=(group,))
    await rig.clock.advance(60)
    health = state_of(rig).health
    assert (health.state, health.reason) == (HealthState.UNHEALTHY, reason)
    assert last_check_words(health, group.health_check).startswith(words)
    found = hint(health, group.health_check)
    assert found is None if advice is None else found is not None and found.endswith(advice)


@pytest.mark.parametrize("where", ["before the handshake", "behind it"])
async def test_the_timeout_covers_the_handshake_and_the_answer(rig: Rig, where: str) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.hang()

    target = await (rig.target(script) if where == "before the handshake" else secure_target(rig, script))
    await rig.apply(rig.listener(), groups=(probed(rig, target, protocol=Protocol.HTTPS, timeout_s=5),))
    await until(lambda: target.connections)
    await rig.clock.advance(4.9)
    assert state_of(rig).health.last_probe is None
    await rig.clock.advance(0.2)
    probe = state_of(rig).health.last_probe
    assert probe is not None
    assert probe.outcome is ProbeOutcome.TIMED_OUT
    await until(target.let_go.is_set, "the target is let go")


@pytest.mark.parametrize("script", [None, answer()], ids=["during the handshake", "behind it"])
async def test_a_target_is_removed_while_it_is_probed(rig: Rig, script: Script | None) -> None:
    async def hang(connection: TargetConnection) -> None:
        await connection.hang()

    target = await (rig.target(hang) if script is None else secure_target(rig, script))
    await rig.apply(rig.listener(), groups=(probed(rig, target, protocol=Protocol.HTTPS),))
    await until(lambda: target.connections)
    await rig.apply(groups=(probed(rig),))
    await until(lambda: rig.clock._work == 0)
    assert state_of(rig).health.last_probe is None


# -- changed by a reload -----------------------------------------------------------------------------------------------


async def change(rig: Rig, group: TargetGroup, **check: Any) -> None:
    """Reload with other health-check parameters."""
    await rig.apply(groups=(replace(group, health_check=replace(group.health_check, **check)),))


@pytest.fixture
async def target(rig: Rig) -> ScriptedTarget:
    """A target that has passed its first check and closes after each answer."""
    target = await rig.target(answer(OK, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target, interval_s=30),))
    await rig.healthy()
    return target


def current(rig: Rig) -> TargetGroup:
    return rig.node.groups["web"].group


async def test_changed_protocol(rig: Rig, target: ScriptedTarget) -> None:
    secure = await secure_target(rig, answer(OK))
    await change(rig, current(rig), protocol=Protocol.HTTPS, port=secure.port)
    await rig.clock.advance(60)
    assert (len(target.requests), len(secure.requests)) == (1, 2)
    target.script = plain_http
    await change(rig, current(rig), protocol=Protocol.HTTPS, port=target.port)
    await rig.clock.advance(60)
    assert state_of(rig).health.state is HealthState.UNHEALTHY


async def test_changed_port(rig: Rig, target: ScriptedTarget) -> None:
    checks = await rig.target(answer(OK, close=True))
    await change(rig, current(rig), port=checks.port)
    await rig.clock.advance(60)
    assert (len(target.requests), len(checks.requests)) == (1, 2)
    assert (await rig.ask()).status == 200
    assert len(target.requests) == 2, "traffic goes where it went"
    await change(rig, current(rig), port="traffic-port")
    await rig.clock.advance(30)
    assert (len(target.requests), len(checks.requests)) == (3, 2)


async def test_changed_path(rig: Rig, target: ScriptedTarget) -> None:
    await change(rig, current(rig), path="/new?a=b")
    await rig.clock.advance(30)
    assert [request.start_line for request in target.requests] == ["GET / HTTP/1.1", "GET /new?a=b HTTP/1.1"]


@pytest.mark.parametrize(("interval_s", "count"), [(5, 12), (60, 1)])
async def test_changed_interval(rig: Rig, target: ScriptedTarget, interval_s: float, count: int) -> None:
    await change(rig, current(rig), interval_s=interval_s, timeout_s=2)
    await rig.clock.advance(60)
    assert len(target.requests) == 1 + count


async def test_changed_timeout(rig: Rig, target: ScriptedTarget) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    target.script = script
    rig.clock._patience_s = 0.003
    await change(rig, current(rig), timeout_s=20)
    while len(target.requests) < 2:
        await rig.clock.advance(1)
    await rig.clock.advance(18)
    assert state_of(rig).health.failures == 0
    await rig.clock.advance(2)
    assert state_of(rig).health.failures == 1


async def fail(rig: Rig, target: ScriptedTarget, times: int) -> TargetState:
    target.script = answer(FAILED, close=True)
    await rig.clock.advance(30 * times)
    assert state_of(rig).health.failures == times
    return state_of(rig)


async def test_changed_unhealthy_threshold(rig: Rig, target: ScriptedTarget) -> None:
    await change(rig, current(rig), unhealthy_threshold_count=4)
    state = await fail(rig, target, 3)
    await change(rig, current(rig), unhealthy_threshold_count=2)
    assert state.health.state == "healthy", "the next probe decides"
    await rig.clock.advance(30)
    assert str(state.health.state) == "unhealthy"


async def test_changed_healthy_threshold(rig: Rig, target: ScriptedTarget) -> None:
    state = await fail(rig, target, 2)
    target.script = answer(OK, close=True)
    await rig.clock.advance(60)
    await change(rig, current(rig), healthy_threshold_count=3)
    assert (state.health.state, state.health.passes) == (HealthState.UNHEALTHY, 2)
    await rig.clock.advance(30)
    assert state.health.state is HealthState.HEALTHY


async def test_changed_matcher(rig: Rig, target: ScriptedTarget) -> None:
    target.script = answer(CREATED, close=True)
    await rig.clock.advance(60)
    state = state_of(rig)
    assert state.health.description == "Health checks failed with these codes: [201]"
    await change(rig, current(rig), matcher=Matcher.parse("200-299"), healthy_threshold_count=2)
    await rig.clock.advance(60)
    assert state.health.state is HealthState.HEALTHY
    assert [change[2] for change in rig.changes] == ["initial", "healthy", "unhealthy", "healthy"]


async def test_no_change_makes_a_target_register_again(rig: Rig, target: ScriptedTarget) -> None:
    everything = HealthCheck(
        path="/x", interval_s=10, timeout_s=3, healthy_threshold_count=2, unhealthy_threshold_count=3,
        matcher=Matcher.parse("200,201"),
    )  # fmt: skip
    before, since = state_of(rig), state_of(rig).since
    await rig.clock.advance(10)
    await rig.apply(groups=(replace(current(rig), health_check=everything),))
    assert (state_of(rig), state_of(rig).since, before.health.state) == (before, since, HealthState.HEALTHY)
    await probes(target, 1)
    await is_in(rig, HealthState.HEALTHY)
    await asyncio.sleep(0)
    assert len(target.requests) == 1, "no first probe once more"
