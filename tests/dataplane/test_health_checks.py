"""Probes as AWS sends them, and when (reference 2.2-2.4)."""

from __future__ import annotations

import asyncio
import itertools
import socket
from dataclasses import replace
from typing import Any

import pytest

from simlb.clock import ManualClock
from simlb.core.health import HealthState, ProbeOutcome, Reason
from simlb.core.matcher import Matcher
from simlb.core.model import FixedResponseAction, HealthCheck, Target, TargetGroup
from simlb.core.target_group import TargetState
from simlb.dataplane.health_checker import FIRST_PROBES_MAX
from tests.dataplane.harness import OK, Rig, ScriptedTarget, TargetConnection, answer, until


def probed(rig: Rig, *targets: ScriptedTarget | int | Target, **check: Any) -> TargetGroup:
    """A group whose health checks go to the targets themselves."""
    return replace(rig.group(*targets), health_check=HealthCheck(**check))


def state_of(rig: Rig, number: int = 1) -> TargetState:
    return rig.node.groups["web"].targets[f"10.0.0.{number}", 80]


async def is_in(rig: Rig, state: HealthState, number: int = 1) -> None:
    await until(lambda: state_of(rig, number).health.state is state, f"{state}")


async def probes(target: ScriptedTarget, count: int) -> None:
    await until(lambda: len(target.requests) >= count, f"{count} probes")


HOSTS = [
    ({}, {}, "10.0.0.1"),
    ({}, {"port": 8080}, "10.0.0.1:8080"),
    ({}, {"port": 443}, "10.0.0.1"),
    ({}, {"id": "fd00::1"}, "[fd00::1]"),
    ({"path": "/health?deep=1"}, {}, "10.0.0.1"),
]


@pytest.mark.parametrize(("check", "target", "host"), HOSTS)
async def test_the_bytes_of_a_probe(rig: Rig, check: dict[str, Any], target: dict[str, Any], host: str) -> None:
    scripted = await rig.target(answer(OK))
    described = replace(rig.describe(scripted), **target)
    await rig.apply(rig.listener(), groups=(probed(rig, described, **check),))
    await probes(scripted, 1)
    assert scripted.requests[0].head.decode() == (
        f"GET {check.get('path', '/')} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n"
    )
    await rig.healthy()
    await rig.logged()


async def test_an_explicit_port_is_dialled_and_named(rig: Rig) -> None:
    traffic, checks = await rig.target(answer(OK)), await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(probed(rig, traffic, port=checks.port),))
    await rig.healthy()
    assert checks.requests[0]["Host"] == f"10.0.0.1:{checks.port}"
    assert traffic.requests == []


# -- outcomes ----------------------------------------------------------------------------------------------------------

REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
OUTCOMES: list[tuple[str, list[bytes], ProbeOutcome, int | None]] = [
    ("200", [OK], ProbeOutcome.ANSWERED, 200),
    ("only a status line", [b"HTTP/1.1 200 OK\r\n"], ProbeOutcome.ANSWERED, 200),
    ("without a phrase", [b"HTTP/1.0 200\n"], ProbeOutcome.ANSWERED, 200),
    ("byte by byte", [bytes((byte,)) for byte in OK], ProbeOutcome.ANSWERED, 200),
    ("an interim response first", [b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK], ProbeOutcome.ANSWERED, 200),
    ("a redirect", [REDIRECT], ProbeOutcome.ANSWERED, 302),
    ("204", [b"HTTP/1.1 204 No Content\r\n\r\n"], ProbeOutcome.ANSWERED, 204),
    ("garbage", [b"SSH-2.0-x\r\n"], ProbeOutcome.MALFORMED, None),
    ("binary garbage", [b"\0\0\0\0"], ProbeOutcome.MALFORMED, None),
    ("garbage after HTTP", [b"HTTP/1.1 abc\r\n"], ProbeOutcome.MALFORMED, None),
    ("nothing", [], ProbeOutcome.CLOSED, None),
    ("half a line", [b"HTTP/1.1 20"], ProbeOutcome.CLOSED, None),
]


@pytest.mark.parametrize(("pieces", "outcome", "code"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES])
async def test_what_a_probe_meets(rig: Rig, pieces: list[bytes], outcome: ProbeOutcome, code: int | None) -> None:
    target = await rig.target(answer(*pieces, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target),))
    await until(lambda: state_of(rig).health.last_probe)
    probe = state_of(rig).health.last_probe
    assert probe is not None
    assert (probe.outcome, probe.status_code) == (outcome, code)
    assert state_of(rig).health.state is (HealthState.HEALTHY if code == 200 else HealthState.INITIAL)


async def test_resets_and_refusals(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        connection.reset()

    target = await rig.target(script)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        await rig.apply(rig.listener(), groups=(probed(rig, target, closed.getsockname()[1]),))
        await until(lambda: state_of(rig, 1).health.last_probe and state_of(rig, 2).health.last_probe)
        outcomes = [state_of(rig, number).health.last_probe.outcome for number in (1, 2)]  # type: ignore[union-attr]
        assert outcomes == [ProbeOutcome.RESET, ProbeOutcome.REFUSED]


async def test_redirects_pass_if_the_matcher_lists_them(rig: Rig) -> None:
    target = await rig.target(answer(REDIRECT, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target, matcher=Matcher.parse("200-399")),))
    await rig.healthy()
    assert len(target.requests) == 1


# -- when --------------------------------------------------------------------------------------------------------------


async def test_the_first_probe_comes_at_once_and_the_others_start_to_start(rig: Rig) -> None:
    target = await rig.target(answer(OK, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target, interval_s=30),))
    await probes(target, 1)
    times = []
    for _ in range(130):
        seen = len(target.requests)
        await rig.clock.advance(1)
        if len(target.requests) > seen:
            times.append(rig.clock.now())
    assert len(times) == 4
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {30}
    assert 0 < times[0] - 1000 <= 30


async def test_it_is_known_when_the_next_probe_goes_out(rig: Rig) -> None:
    target = await rig.target(answer(OK, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target, interval_s=30),))
    await rig.healthy()
    for _ in range(3):
        due = rig.node.next_check_at(state_of(rig))
        assert due is not None
        assert 0 < due - rig.clock.now() <= 30
        seen = len(target.requests)
        await rig.clock.advance(due - rig.clock.now() - 0.1)
        assert len(target.requests) == seen
        await rig.clock.advance(0.1)
        assert len(target.requests) == seen + 1
    await rig.apply(groups=(probed(rig, interval_s=30),))
    assert rig.node.next_check_at(state_of(rig)) is None, "nobody probes what drains"


async def test_later_probes_are_spread_over_the_interval(rig: Rig) -> None:
    targets = [await rig.target(answer(OK, close=True)) for _ in range(8)]
    await rig.apply(rig.listener(), groups=(probed(rig, *targets, interval_s=30),))
    await rig.healthy()
    most = 0
    for _ in range(30):
        seen = sum(len(target.requests) for target in targets)
        await rig.clock.advance(1)
        most = max(most, sum(len(target.requests) for target in targets) - seen)
    assert all(len(target.requests) == 2 for target in targets)
    assert most <= 2


async def test_first_probes_are_bounded_in_number(rig: Rig) -> None:
    running = most = 0
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        nonlocal running, most
        await connection.request()
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1
        await connection.send(OK)

    target = await rig.target(script)
    described = [rig.describe(target, number) for number in range(1, FIRST_PROBES_MAX + 20)]
    await rig.apply(rig.listener(), groups=(probed(rig, *described),))
    await until(lambda: running == FIRST_PROBES_MAX)
    # Some are removed while their first probe runs: others take their turn.
    await rig.apply(groups=(probed(rig, *described[10:]),))
    await until(lambda: len(target.requests) == FIRST_PROBES_MAX + 10)
    go_on.set()
    await until(lambda: len(rig.node.groups["web"].candidates) == len(described) - 10)
    assert most <= FIRST_PROBES_MAX + 10


async def test_a_target_that_hangs_times_out_and_each_probe_counts(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    target = await rig.target(script)
    rig.clock._patience_s = 0.003
    group = probed(rig, target, interval_s=5, timeout_s=4)
    await rig.apply(rig.listener(), groups=(group,))
    await probes(target, 1)
    # The first probe outlasts the time of the second, which is left out; the first still counts.
    await rig.clock.advance(3.9)
    await asyncio.sleep(0.002)
    assert len(target.requests) == 1
    await rig.clock.advance(0.6)
    assert state_of(rig).health.failures == 1
    assert state_of(rig).health.state is HealthState.INITIAL
    await rig.clock.advance(10)
    assert state_of(rig).health.state is HealthState.UNHEALTHY
    assert state_of(rig).health.reason is Reason.TIMEOUT


async def test_the_interval_does_not_depend_on_how_slow_the_answer_is(rig: Rig) -> None:
    answers: list[asyncio.Event] = []

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        gate = asyncio.Event()
        answers.append(gate)
        await gate.wait()
        await connection.send(OK)

    target = await rig.target(script)
    rig.clock._patience_s = 0.001
    await rig.apply(rig.listener(), groups=(probed(rig, target, interval_s=10, timeout_s=8),))
    await until(lambda: answers)
    answers.pop().set()
    await rig.healthy()
    times: list[float] = []
    for _ in range(50):
        await rig.clock.advance(1)
        if answers:
            if not times or rig.clock.now() - times[-1] > 7:
                times.append(rig.clock.now())
            if rig.clock.now() - times[-1] >= 5:
                answers.pop().set()
                await asyncio.sleep(0.001)
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [10] * (len(times) - 1)
    assert len(times) >= 4
    assert state_of(rig).health.state is HealthState.HEALTHY


async def test_a_target_leaves_after_two_failures_and_returns_after_five_passes(rig: Rig) -> None:
    first, second = await rig.target(answer(OK, close=True)), await rig.target(answer(OK, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, first, second, interval_s=30),))
    await rig.healthy()
    assert first._server is not None
    first._server.close()
    history = []
    for _ in range(3):
        await rig.clock.advance(30)
        history.append(str(state_of(rig).health.state))
    assert history == ["healthy", "unhealthy", "unhealthy"]
    assert rig.node.groups["web"].candidates == [state_of(rig, 2)]
    assert (await rig.ask()).status == 200
    await first.start()
    history = []
    for _ in range(6):
        await rig.clock.advance(30)
        history.append(str(state_of(rig).health.state))
    assert history == ["unhealthy"] * 4 + ["healthy"] * 2
    assert rig.changes[-2:] == [("i-01", "healthy", "unhealthy"), ("i-01", "unhealthy", "healthy")]


async def test_a_changed_interval_counts_from_the_reload(rig: Rig) -> None:
    target = await rig.target(answer(OK, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target, interval_s=300),))
    await rig.healthy()
    await rig.apply(groups=(probed(rig, target, interval_s=5, path="/new", timeout_s=2),))
    await rig.clock.advance(20)
    assert len(target.requests) == 5
    assert target.requests[-1].start_line == "GET /new HTTP/1.1"
    assert state_of(rig).health.state is HealthState.HEALTHY


async def test_who_is_not_probed(rig: Rig) -> None:
    target = await rig.target(answer(OK, close=True))
    await rig.apply(rig.listener(), groups=(probed(rig, target, interval_s=10),))
    await rig.healthy()
    # Draining.
    await rig.apply(groups=(probed(rig, interval_s=10),))
    assert state_of(rig).health.state is HealthState.DRAINING
    await rig.clock.advance(30)
    assert len(target.requests) == 1
    # Back again: everything starts anew.
    await rig.apply(groups=(probed(rig, target, interval_s=10),))
    await rig.healthy()
    assert len(target.requests) == 2
    # In a group that no listener uses.
    await rig.apply(rig.listener(FixedResponseAction(status_code=200)))
    assert state_of(rig).health.state is HealthState.UNUSED
    await rig.clock.advance(30)
    assert len(target.requests) == 2
    await rig.apply(rig.listener())
    await rig.healthy()
    assert len(target.requests) == 3


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
async def test_localhost_is_both_families(rig: Rig) -> None:
    try:
        target = await rig.target(answer(OK), host="::1")
    except OSError:
        pytest.skip("no ::1 here")
    described = replace(rig.describe(target), dial_host="localhost")
    await rig.apply(rig.listener(), groups=(probed(rig, described),))
    await rig.healthy()
    client = await rig.client()
    for _ in range(2):
        assert (await client.ask()).status == 200
    await rig.logged(200, 200)


async def test_probing_stops_with_the_node_and_leaves_nothing(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    target = await rig.target(script)
    described = [rig.describe(target, number) for number in range(1, FIRST_PROBES_MAX + 20)]
    await rig.apply(rig.listener(), groups=(probed(rig, *described),))
    await probes(target, 1)
    await rig.node.close(grace_s=0)
    assert not rig.node._health._probes
    assert not rig.node._health._timers
    assert not rig.node._health._due
    clock = rig.clock
    assert isinstance(clock, ManualClock)
    assert clock._work == 0
