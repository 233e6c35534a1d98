"""Who gets the next request: algorithms, slow start, anomalies, thresholds (reference 2.4, 5.2-5.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from simlb.core.anomaly import WEIGHT_MIN, AnomalyResult
from simlb.core.health import HealthState
from simlb.core.model import HealthCheck, TargetGroup
from simlb.core.target_group import RoutingMode, TargetState
from tests.dataplane.harness import GET, OK, Client, Rig, Script, TargetConnection, answer, until
from tests.dataplane.routes import ask_many, get, named, reply
from tests.dataplane.test_target_breaks import closed_port, then_close, then_reset
from tests.dataplane.test_tunnels import UPGRADE, mirror

LEAST = "least_outstanding_requests"
RANDOM = "weighted_random"


def states(rig: Rig) -> list[TargetState]:
    return list(rig.node.groups["web"].targets.values())


def outstanding(rig: Rig) -> list[int]:
    return [state.outstanding for state in states(rig)]


async def serve(rig: Rig, *scripts: Script, **settings: Any) -> None:
    """One group of these targets behind HTTP:80; settings are those of its attributes."""
    for script in scripts:
        await rig.target(script)
    await rig.apply(rig.listener(), groups=(rig.group(*rig.targets, **settings),))
    await rig.healthy()


# -- least outstanding requests ----------------------------------------------------------------------------------------


class Held:
    """Targets that answer only when they are told to."""

    def __init__(self, rig: Rig, count: int) -> None:
        self.rig = rig
        self.waiting: list[list[TargetConnection]] = [[] for _ in range(count)]

    def script(self, number: int) -> Script:
        async def hold(connection: TargetConnection) -> None:
            while await connection.request():
                self.waiting[number].append(connection)

        return hold

    async def ask(self) -> int:
        """A request on a connection of its own; which target has it."""
        before = list(map(len, self.waiting))
        client = await self.rig.client()
        client.send(GET)
        await until(lambda: list(map(len, self.waiting)) != before, "the request is at a target")
        return next(n for n, (was, is_) in enumerate(zip(before, map(len, self.waiting), strict=True)) if was != is_)

    async def release(self, number: int) -> None:
        """One of a target's requests gets its answer."""
        before = states(self.rig)[number].outstanding
        await self.waiting[number].pop().send(OK)
        await until(lambda: states(self.rig)[number].outstanding == before - 1, "the answer has passed")


async def held(rig: Rig, count: int, **settings: Any) -> Held:
    targets = Held(rig, count)
    await serve(rig, *map(targets.script, range(count)), **settings)
    return targets


PLAYBOOK = (0, 1, 2, 0, 1, 2, "-1", 1, "-2", "-2", 2, 2, 0, "-1", "-1", 1, 1, 2, 1)


async def test_slow_targets_get_less(rig: Rig) -> None:
    """A playbook: a number is who gets the next request, `-n` an answer of n's."""
    targets = await held(rig, 3, algorithm=LEAST)
    for step in PLAYBOOK:
        if isinstance(step, str):
            await targets.release(int(step[1:]))
        else:
            assert await targets.ask() == step, outstanding(rig)
    assert outstanding(rig) == [3, 3, 3]
    for number, count in enumerate(outstanding(rig)):
        for _ in range(count):
            await targets.release(number)
    assert outstanding(rig) == [0, 0, 0]


async def test_round_robin_does_not_care(rig: Rig) -> None:
    targets = await held(rig, 2)
    for number in (0, 1, 0):
        assert await targets.ask() == number
    await targets.release(1)
    assert await targets.ask() == 1
    assert outstanding(rig) == [2, 1]


async def test_a_stuck_target_is_left_alone(rig: Rig) -> None:
    targets = Held(rig, 1)
    await serve(rig, targets.script(0), answer(OK), answer(OK), algorithm=LEAST)
    assert await targets.ask() == 0
    client = await rig.client()
    client.send(GET * 40)
    for _ in range(40):
        assert (await client.response()).body == b"hello"
    assert [len(target.requests) for target in rig.targets] == [1, 20, 20]
    await targets.release(0)
    assert await targets.ask() == 0


async def test_what_is_under_way_counts_when_the_algorithm_changes(rig: Rig) -> None:
    targets = await held(rig, 3)
    for _ in range(4):
        await targets.ask()
    assert outstanding(rig) == [2, 1, 1]
    await targets.release(2)
    await rig.apply(groups=(rig.group(*rig.targets, algorithm=LEAST),))
    assert [await targets.ask() for _ in range(3)] == [2, 1, 2]
    assert outstanding(rig) == [2, 2, 2]


async def test_a_target_that_joins_has_none(rig: Rig) -> None:
    targets = Held(rig, 3)
    await serve(rig, *map(targets.script, range(2)), algorithm=LEAST)
    for _ in range(4):
        await targets.ask()
    await rig.target(targets.script(2))
    await rig.apply(groups=(rig.group(*rig.targets, algorithm=LEAST),))
    await rig.healthy()
    assert [await targets.ask() for _ in range(3)] == [2, 2, 0]


async def test_a_websocket_counts_as_long_as_it_lasts(rig: Rig) -> None:
    await serve(rig, mirror, mirror, algorithm=LEAST)
    tunnels = [await rig.client() for _ in range(4)]
    for tunnel in tunnels:
        assert (await tunnel.ask(UPGRADE)).status == 101
    assert outstanding(rig) == [2, 2]
    rig.targets[1].connections[1].close()
    await until(lambda: outstanding(rig) == [2, 1], "the tunnel has ended")
    assert (await (await rig.client()).ask(UPGRADE)).status == 101
    assert [len(target.requests) for target in rig.targets] == [2, 3]
    for tunnel in rig.clients:
        await tunnel.close()
    await until(lambda: outstanding(rig) == [0, 0], "all tunnels have ended")


# -- every end is booked -----------------------------------------------------------------------------------------------

End = Callable[[Rig, Client], Awaitable[None]]

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun"
POST = b"POST / HTTP/1.1\r\nHost: lb.test\r\nTransfer-Encoding: chunked\r\n\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: lb.test\r\nContent-Length: 9\r\n\r\nbegun"


def begin(*pieces: bytes) -> Script:
    """Send these bytes when a request's head is there, and then nothing more."""

    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.send(*pieces)
        await connection.hang()

    return script


async def wait(rig: Rig, client: Client) -> None:
    """It ends by itself."""


async def client_closes(rig: Rig, client: Client) -> None:
    await client.close()


async def client_resets(rig: Rig, client: Client) -> None:
    client.reset()


async def a_minute_passes(rig: Rig, client: Client) -> None:
    await rig.clock.advance(61)


async def body_breaks(rig: Rig, client: Client) -> None:
    client.send(b"nonsense\r\n")


async def it_is_deregistered(rig: Rig, client: Client) -> None:
    rig.node.change_target_groups({"web": rig.group(rig.describe(rig.targets[1], 2), delay_s=10, algorithm=LEAST)})
    await rig.clock.advance(11)


ENDS = [
    # the target, the request, what ends it, status in the log, is it an error of the target's
    ("an answer", answer(OK), GET, wait, 200, False),
    ("a chunked answer", answer(CHUNKED), GET, wait, 200, False),
    ("a 503 of the target's", answer(reply("busy", status="503 Busy")), GET, wait, 503, True),
    ("nothing, and closes", then_close(), GET, wait, 502, True),
    ("nothing, and resets", then_reset(), GET, wait, 502, True),
    ("nonsense", answer(b"nonsense\r\n\r\n"), GET, wait, 502, True),
    ("half a body, and closes", then_close(BEGUN), GET, wait, 200, True),
    ("half a body, and resets", then_reset(BEGUN), GET, wait, 200, True),
    ("silence", begin(), GET, a_minute_passes, 504, False),
    ("silence in a body", begin(BEGUN), GET, a_minute_passes, 200, False),
    ("a client that closes", begin(), GET, client_closes, 460, False),
    ("a client that resets", begin(), GET, client_resets, 460, False),
    ("a client that resets in a response", begin(BEGUN), GET, client_resets, 200, False),
    ("a client that closes in its body", begin(), PUT, client_closes, 400, False),
    ("a client that stalls in its body", begin(), PUT, a_minute_passes, 408, False),
    ("a body that breaks", begin(), POST, body_breaks, 400, False),
    ("a body that breaks in the response", begin(BEGUN), POST, body_breaks, 200, False),
    ("deregistration", begin(), GET, it_is_deregistered, 502, False),
    ("deregistration in a response", begin(BEGUN), GET, it_is_deregistered, 200, False),
    ("a tunnel that its client closes", mirror, UPGRADE, client_closes, 101, False),
    ("a tunnel that its client resets", mirror, UPGRADE, client_resets, 101, False),
    ("a tunnel in which nothing happens", mirror, UPGRADE, a_minute_passes, 101, False),
    ("a tunnel that is cut", mirror, UPGRADE, it_is_deregistered, 101, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "request_", "end", "status", "is_error"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS]
)
async def test_every_end_is_booked(
    rig: Rig, script: Script, request_: bytes, end: End, status: int, is_error: bool
) -> None:
    await serve(rig, script, answer(OK), algorithm=LEAST)
    first, second = states(rig)
    client = await rig.client()
    client.send(request_)
    await rig.at_target()
    if status in {101, 200}:
        await client.up_to(b"\r\n\r\n")
    await end(rig, client)
    await rig.logged(status)
    assert rig.records[0].target_address == "10.0.0.1:80"
    assert (first.requests, first.outstanding, first.errors) == (1, 0, int(is_error))
    if first.health.state is HealthState.HEALTHY:
        group = rig.node.groups["web"]
        chosen = {group.choose(rig.clock.now(), rig.node.random) for _ in range(2)}
        assert chosen == {first, second}, "the algorithm knows too"


async def test_a_refused_connection_is_booked(rig: Rig) -> None:
    await rig.apply(rig.listener(), groups=(rig.group(closed_port(), algorithm=LEAST),))
    await rig.healthy()
    client = await rig.client()
    for _ in range(3):
        assert (await client.ask()).status == 502
    assert (states(rig)[0].requests, states(rig)[0].outstanding, states(rig)[0].errors) == (3, 0, 3)


async def test_another_try_is_booked_with_both(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    group = rig.group(closed_port(), target, algorithm=LEAST)
    await rig.apply(rig.listener(), groups=(replace(group, retry_on_connect_failure=True),))
    await rig.healthy()
    client = await rig.client()
    assert [(await client.ask()).status for _ in range(4)] == [200] * 4
    books = [(state.requests, state.outstanding, state.errors) for state in states(rig)]
    assert books[0][0] == books[0][2] >= 1
    assert books[1] == (4, 0, 0)


# -- weighted random and anomalies -------------------------------------------------------------------------------------


async def test_weighted_random_is_even_but_not_in_turn(rig: Rig) -> None:
    await named(rig, "a", "b", "c")
    await rig.apply(rig.listener(), groups=(rig.group(*rig.targets, algorithm=RANDOM),))
    await rig.healthy()
    served = "".join(await ask_many(await rig.client(), 300, get()))
    assert all(count == pytest.approx(100, abs=30) for count in Counter(served).values())
    assert len({served[place : place + 3] for place in range(0, 300, 3)}) > 6


FAILURE = reply("sorry", status="500 Internal Server Error")


async def misbehave(rig: Rig, **settings: Any) -> list[bool]:
    """Four targets, of which the first answers 500 while the list's one entry is True."""
    fails = [True]

    async def moody(connection: TargetConnection) -> None:
        while await connection.request():
            await connection.send(FAILURE if fails[0] else OK)

    await serve(rig, moody, answer(OK), answer(OK), answer(OK), **settings)
    return fails


async def send(rig: Rig, count: int) -> list[int]:
    """How many of so many requests each target gets, and the sweep after them."""
    before = [state.requests for state in states(rig)]
    client = await rig.client()
    for _ in range(0, count, 50):
        client.send(GET * 50)
        for _ in range(50):
            await client.response()
    got = [state.requests - was for state, was in zip(states(rig), before, strict=True)]
    await client.close()
    return got


async def test_an_anomalous_target_gets_little_and_recovers(rig: Rig) -> None:
    fails = await misbehave(rig, algorithm=RANDOM, anomaly_mitigation=True)
    assert (await send(rig, 200))[0] == pytest.approx(50, abs=20)
    assert states(rig)[0].anomaly is AnomalyResult.NORMAL, "nobody has looked yet"
    await rig.clock.advance(6)
    assert [state.anomaly for state in states(rig)] == [AnomalyResult.ANOMALOUS, *[AnomalyResult.NORMAL] * 3]
    assert [state.weight for state in states(rig)] == [WEIGHT_MIN, 1, 1, 1]
    assert (await send(rig, 200))[0] == pytest.approx(3, abs=6)
    fails[0] = False
    await rig.clock.advance(70)
    assert states(rig)[0].anomaly is AnomalyResult.NORMAL
    assert WEIGHT_MIN < states(rig)[0].weight < 1
    await rig.clock.advance(40)
    assert states(rig)[0].weight == 1
    assert (await send(rig, 200))[0] == pytest.approx(50, abs=20)
    assert all(state.health.state is HealthState.HEALTHY for state in states(rig)), "health checks know nothing of it"
    assert rig.anomalies == [("i-01", "anomalous"), ("i-01", "normal")], "told once each, not at each step of a weight"


@pytest.mark.parametrize(
    "settings", [{}, {"algorithm": LEAST}, {"algorithm": RANDOM}], ids=["round robin", LEAST, RANDOM]
)
async def test_without_mitigation_an_anomaly_is_only_noticed(rig: Rig, settings: dict[str, Any]) -> None:
    await misbehave(rig, **settings)
    await send(rig, 100)
    await rig.clock.advance(6)
    assert [(state.anomaly, state.weight) for state in states(rig)] == [
        (AnomalyResult.ANOMALOUS, 1), *[(AnomalyResult.NORMAL, 1)] * 3
    ]  # fmt: skip
    assert (await send(rig, 100))[0] >= 15


async def test_a_target_that_refuses_connections_is_anomalous(rig: Rig) -> None:
    targets = [await rig.target(answer(OK)) for _ in range(3)]
    await rig.apply(
        rig.listener(), groups=(rig.group(*targets, closed_port(), algorithm=RANDOM, anomaly_mitigation=True),)
    )
    await rig.healthy()
    await send(rig, 100)
    await rig.clock.advance(6)
    assert [state.weight for state in states(rig)] == [1, 1, 1, WEIGHT_MIN]


async def test_mitigation_ends_when_it_is_switched_off(rig: Rig) -> None:
    await misbehave(rig, algorithm=RANDOM, anomaly_mitigation=True)
    await send(rig, 200)
    await rig.clock.advance(6)
    await rig.apply(groups=(rig.group(*rig.targets, algorithm=RANDOM),))
    assert [state.weight for state in states(rig)] == [1, 1, 1, 1]
    assert (await send(rig, 200))[0] == pytest.approx(50, abs=20)


# -- health decides who takes part -------------------------------------------------------------------------------------


class Probed:
    """Targets named a, b, c ... that answer their health checks as `well` says; checks come every 5 s."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.well: dict[str, bool] = {}

    def script(self, name: str) -> Script:
        async def probed(connection: TargetConnection) -> None:
            while request := await connection.request():
                is_probe = request.start_line.startswith("GET /health")
                is_well = self.well[name] or not is_probe
                await connection.send(reply(name, status="200 OK" if is_well else "503 Busy"))

        return probed

    def describe(self, names: str, **settings: Any) -> TargetGroup:
        check = HealthCheck(path="/health", interval_s=5, healthy_threshold_count=2, unhealthy_threshold_count=2)
        targets = [target for name, target in zip(self.well, self.rig.targets, strict=True) if name in names]
        described = [self.rig.describe(target, self.rig.targets.index(target) + 1) for target in targets]
        return replace(self.rig.group(*described, **settings), health_check=check)

    async def serve(self, names: str, **settings: Any) -> None:
        for name in names:
            self.well[name] = True
            await self.rig.target(self.script(name))
        await self.rig.apply(self.rig.listener(), groups=(self.describe(names, **settings),))
        await self.rig.healthy()

    async def turn(self, is_well: bool, names: str) -> None:
        for name in names:
            self.well[name] = is_well
        await self.rig.clock.advance(11)

    async def served(self, count: int = 40) -> dict[str, int]:
        client = await self.rig.client()
        return dict(sorted(Counter(await ask_many(client, count, get())).items()))


COUNT, PERCENTAGE = "minimum_healthy_targets_count", "minimum_healthy_targets_percentage"
THRESHOLDS: list[tuple[str, dict[str, int], str, str, str]] = [
    # who is unhealthy, who is served, does the group fail open
    ("one healthy is enough", {}, "bcd", "a", "healthy"),
    ("none is", {}, "abcd", "abcd", "fail_open"),
    ("two of two", {COUNT: 2}, "ab", "cd", "healthy"),
    ("one of two", {COUNT: 2}, "abc", "abcd", "fail_open"),
    ("half of half", {PERCENTAGE: 50}, "cd", "ab", "healthy"),
    ("a quarter of half", {PERCENTAGE: 50}, "bcd", "abcd", "fail_open"),
    ("three quarters of 76 %", {PERCENTAGE: 76}, "d", "abcd", "fail_open"),
    ("enough by count, not by percentage", {COUNT: 2, PERCENTAGE: 75}, "cd", "abcd", "fail_open"),
    ("enough by percentage, not by count", {COUNT: 3, PERCENTAGE: 50}, "cd", "abcd", "fail_open"),
    ("more than there are", {COUNT: 5}, "", "abcd", "fail_open"),
]


@pytest.mark.parametrize(
    ("settings", "ill", "served", "mode"), [row[1:] for row in THRESHOLDS], ids=[row[0] for row in THRESHOLDS]
)
async def test_thresholds_of_unhealthy_state_routing(
    rig: Rig, settings: dict[str, int], ill: str, served: str, mode: str
) -> None:
    targets = Probed(rig)
    await targets.serve("abcd", **settings)
    await targets.turn(False, ill)
    assert "".join(await targets.served()) == served
    assert rig.node.groups["web"].mode is RoutingMode(mode)
    if ill:
        await targets.turn(True, ill)
        assert "".join(await targets.served()) == "abcd"


@pytest.mark.parametrize("algorithm", ["round_robin", LEAST, RANDOM])
async def test_an_unhealthy_target_is_out_and_comes_back(rig: Rig, algorithm: str) -> None:
    targets = Probed(rig)
    await targets.serve("abc", algorithm=algorithm)
    await targets.turn(False, "b")
    assert set(await targets.served()) == {"a", "c"}
    await targets.turn(True, "b")
    assert set(await targets.served()) == {"a", "b", "c"}


async def test_slow_start_after_recovery_by_real_probes(rig: Rig) -> None:
    targets = Probed(rig)
    await targets.serve("ab", slow_start_s=100)
    assert await targets.served() == {"a": 20, "b": 20}, "those that come together into an empty group are not slow"
    await targets.turn(False, "b")
    assert await targets.served() == {"a": 40}
    targets.well["b"] = True
    while states(rig)[1].health.state is not HealthState.HEALTHY:
        await rig.clock.advance(1)
    began = rig.clock.now()
    assert states(rig)[1].ramping_since == pytest.approx(began, abs=1)
    shares = []
    for _ in range(4):
        shares.append((await targets.served(100)).get("b", 0))
        await rig.clock.advance(25)
    assert shares == pytest.approx([0, 12.5, 25, 37.5], abs=3)
    await rig.clock.advance(1)
    assert states(rig)[1].ramping_since is None, "the sweep has ended the ramp"
    assert await targets.served() == {"a": 20, "b": 20}


async def test_slow_start_ends_with_health_and_begins_anew(rig: Rig) -> None:
    targets = Probed(rig)
    await targets.serve("ab", slow_start_s=300)
    await targets.turn(False, "b")
    await targets.turn(True, "b")
    first = states(rig)[1].ramping_since
    assert first is not None
    await targets.turn(False, "b")
    assert states(rig)[1].ramping_since is None
    await targets.turn(True, "b")
    second = states(rig)[1].ramping_since
    assert second is not None
    assert second > first
    rig.node.change_target_groups({"web": targets.describe("ab")})
    assert await targets.served() == {"a": 20, "b": 20}, "slow start is off"


async def test_alone_there_is_no_slow_start(rig: Rig) -> None:
    targets = Probed(rig)
    await targets.serve("ab", slow_start_s=300)
    await targets.turn(False, "ab")
    assert await targets.served() == {"a": 20, "b": 20}
    targets.well["a"] = True
    await rig.clock.advance(11)
    assert states(rig)[0].ramping_since is None
    assert await targets.served() == {"a": 40}


async def test_round_robin_goes_on_when_targets_come_and_go(rig: Rig) -> None:
    targets = Probed(rig)
    await targets.serve("abc")
    client = await rig.client()
    assert "".join(await ask_many(client, 4, get())) == "abca"
    rig.node.change_target_groups({"web": targets.describe("ac")})
    assert "".join(await ask_many(client, 4, get())) == "caca"
    rig.node.change_target_groups({"web": targets.describe("abc")})
    await rig.healthy()
    assert "".join(await ask_many(client, 3, get())) == "cab"
