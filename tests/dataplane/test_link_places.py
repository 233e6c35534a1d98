"""Where behaviours hold: by a target's name, from now on, for requests and checks; nothing where there are none."""

from __future__ import annotations

import asyncio
import dis
from dataclasses import replace
from typing import Any

import pytest

from simlb.core.health import HealthState, Reason
from simlb.core.model import HealthCheck, Protocol, Target, TargetGroup
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.h1_target import H1TargetConnection
from simlb.dataplane.points import Asked, DialOutcome
from simlb.dataplane.target_pool import TargetPool
from tests.dataplane.behaviours import Meddler, in_flight, links, meddle, settled
from tests.dataplane.harness import GET, OK, Rig, ScriptedTarget, TargetConnection, answer, until
from tests.dataplane.routes import get, groups_of_one, path, route, rule, weighted
from tests.dataplane.tls_targets import secure_target, serve_over_tls

TEAPOT = b"HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n"


def every(asked: Asked) -> bool:
    return True


# -- nothing installed -------------------------------------------------------------------------------------------------


def loads(code: Any, name: str) -> int:
    return sum(instruction.argval == name for instruction in dis.get_instructions(code) if "LOAD" in instruction.opname)


def test_a_request_on_a_kept_connection_asks_once_whether_there_are_behaviours() -> None:
    hot = [
        TargetPool.take,
        TargetPool.put_back,
        H1TargetConnection.send_request,
        H1TargetConnection.data_received,
        H1TargetConnection.release,
        H1TargetConnection.go_idle,
        Exchange.start,
    ]
    assert sum(loads(function, "_behaviours") for function in hot) == 1
    assert loads(TargetPool.put_back, "_behaviours") == 1


async def test_without_behaviours_there_is_no_link(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await rig.ask()
    (pool,) = rig.node._pools.values()
    assert pool._behaviours is None
    assert len(pool.connections) == 1
    assert links(rig) == []
    meddler = meddle(rig)
    await rig.ask()
    assert len(links(rig)) == 1
    rig.node.release("i-01", meddler)
    await rig.ask()
    assert pool._behaviours is None
    assert links(rig) == []
    assert rig.node._behaviours == {}


# -- connections that are there already --------------------------------------------------------------------------------


async def test_idle_connections_are_closed_and_busy_ones_finish_as_they_began(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        while (request := await connection.request()) is not None:
            if "/slow" in request.start_line:
                await connection.target.let_go.wait()
            await connection.send(OK)

    await rig.serve(script)
    busy = await rig.client()
    busy.send(get("/slow"))
    await rig.at_target()
    assert (await rig.ask()).status == 200
    in_use, idle = rig.targets[0].connections
    meddler = meddle(rig, request={"answer": TEAPOT})
    await until(idle.reader.at_eof, "the idle one is closed")
    assert (await rig.ask()).status == 418
    rig.targets[0].let_go.set()
    assert (await busy.response()).status == 200
    await until(in_use.reader.at_eof, "the busy one is closed afterwards")
    rig.node.release("i-01", meddler)
    await until(lambda: not links(rig), "those of the fault are closed, too")
    assert (await rig.ask()).status == 200


async def test_a_connection_that_is_being_made_serves_its_exchange_only(rig: Rig) -> None:
    await rig.serve(answer(OK))
    slow = meddle(rig, dial={"delay_s": 2.0})
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    meddle(rig, request={"answer": TEAPOT})
    rig.node.release("i-01", slow)
    await rig.clock.advance(2)
    assert (await client.response()).status == 200
    await until(lambda: not links(rig), "retired")
    assert (await client.ask()).status == 418


async def test_a_connection_that_has_just_been_made_is_not_taken_for_an_idle_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the transport's word that it is connected and the exchange that waits for it the loop goes round."""
    await rig.serve(answer(OK))
    really_made = H1TargetConnection.connection_made

    def made(connection: H1TargetConnection, transport: asyncio.BaseTransport) -> None:
        monkeypatch.undo()
        really_made(connection, transport)
        meddle(rig, request={"answer": TEAPOT})

    monkeypatch.setattr(H1TargetConnection, "connection_made", made)
    client = await rig.client()
    assert (await client.ask()).status == 200
    assert (await client.ask()).status == 418


async def test_a_release_of_what_is_not_there_changes_nothing(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddle(rig)
    await rig.ask()
    rig.node.release("i-01", Meddler())
    rig.node.release("nobody", Meddler())
    assert (await rig.ask()).status == 200
    assert len(rig.targets[0].connections) == 1


@pytest.mark.parametrize("is_secure", [False, True])
async def test_what_is_silent_keeps_a_busy_connection_from_being_heard(rig: Rig, is_secure: bool) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.target.let_go.wait()
        await connection.send(OK)
        connection.close()

    if is_secure:
        await serve_over_tls(rig, await secure_target(rig, script))
    else:
        await rig.serve(script)
    clients = [await rig.client() for _ in range(2)]
    for client in clients:
        client.send(GET)
    await rig.at_target(2)
    silent = meddle(rig, wire={"is_silent": True}, dial={"outcome": DialOutcome.BLACKHOLE})
    rig.targets[0].let_go.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert rig.records == []
    clients[0].reset()
    await rig.logged(460)
    # What was lost on the way is sent again by the target's system: the answer comes, if anybody still waits.
    rig.node.release("i-01", silent)
    assert (await clients[1].response()).status == 200


async def test_what_is_silent_is_504_at_the_idle_timeout(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.target.let_go.wait()
        await connection.send(OK)

    await rig.serve(script)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    meddle(rig, wire={"is_silent": True})
    rig.targets[0].let_go.set()
    await rig.clock.advance(60)
    assert (await client.response()).status == 504


async def test_a_client_that_does_not_read_and_silence_do_not_get_in_each_others_way(rig: Rig) -> None:
    size = 24 << 20

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, b"x" * size)

    await rig.serve(script)
    client = await rig.client()
    client.send(GET)
    (pool,) = rig.node._pools.values()
    await until(lambda: [connection for connection in pool.connections if connection._is_paused], "back-pressure")
    silent = meddle(rig, wire={"is_silent": True})
    reading = asyncio.create_task(client.response())
    (connection,) = pool.connections
    await until(lambda: not connection._is_paused, "the client reads")
    for _ in range(20):
        await asyncio.sleep(0)
    assert not reading.done()
    rig.node.release("i-01", silent)
    assert len((await reading).body) == size


# -- by name -----------------------------------------------------------------------------------------------------------


async def test_a_target_in_two_groups_is_met_in_both(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    groups = (rig.group(target), rig.group(target, name="api"))
    rules = (rule(1, path("/api"), action=weighted(api=1)),)
    await rig.apply(rig.listener(rules=rules), groups=groups)
    await rig.healthy()
    await rig.healthy("api")
    meddler = meddle(rig, request={"answer": TEAPOT})
    assert [(await rig.ask(get(place))).status for place in ("/", "/api")] == [418, 418]
    rig.node.release("i-01", meddler)
    assert [(await rig.ask(get(place))).status for place in ("/", "/api")] == [200, 200]


async def test_other_targets_are_left_alone(rig: Rig) -> None:
    await rig.serve(answer(OK), answer(OK))
    meddle(rig, "i-02", request={"answer": TEAPOT})
    assert sorted([(await rig.ask()).status for _ in range(4)]) == [200, 200, 418, 418]


async def test_a_target_that_a_reload_brings_is_met(rig: Rig) -> None:
    await groups_of_one(rig, "old")
    described = rig.groups["old"]
    meddle(rig, "i-late", request={"answer": TEAPOT})
    await route(rig, action=weighted(old=1))
    assert (await rig.ask()).status == 200
    late = replace(rig.describe(await rig.target(answer(OK)), 9), name="i-late")
    await rig.apply(groups=(replace(described, targets=(late,)),))
    await rig.healthy_or_draining("old")
    assert (await rig.ask()).status == 418


async def test_a_target_that_is_registered_again_is_met_again(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddle(rig, request={"answer": TEAPOT})
    whole = rig.groups["web"]
    await rig.apply(groups=(replace(whole, targets=()),))
    assert (await rig.ask()).status == 503
    await rig.clock.advance(301)
    assert rig.node.groups["web"].targets == {}
    await rig.apply(groups=(whole,))
    await rig.healthy()
    assert (await rig.ask()).status == 418


async def test_a_reload_with_another_name_for_the_same_place_counts(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddle(rig, request={"answer": TEAPOT})
    assert (await rig.ask()).status == 418
    group = rig.groups["web"]
    renamed = tuple(replace(target, name="i-77") for target in group.targets)
    await rig.apply(groups=(replace(group, targets=renamed),))
    assert (await rig.ask()).status == 200
    await rig.apply(groups=(group,))
    assert (await rig.ask()).status == 418


async def test_a_target_that_moves_in_a_reload_is_met_at_its_new_place(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddler = meddle(rig, request={"answer": TEAPOT})
    await rig.ask()
    moved = replace(rig.groups["web"], targets=(rig.describe(await rig.target(answer(OK))),))
    await rig.apply(groups=(moved,))
    assert (await rig.ask()).status == 418
    rig.node.release("i-01", meddler)
    assert (await rig.ask()).status == 200
    assert len(rig.targets[1].requests) == 1


async def test_a_drained_target_is_cut_with_its_link(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddle(rig, request={"delay_s": 400.0})
    await rig.apply(idle_timeout_s=1000)
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    await rig.apply(groups=(replace(rig.groups["web"], targets=()),))
    await rig.clock.advance(300)
    assert (await client.response()).status == 502
    await settled(rig)


# -- what is asked -----------------------------------------------------------------------------------------------------


async def test_a_request_is_asked_about_as_the_target_sees_it(rig: Rig) -> None:
    await groups_of_one(rig, "web")
    rewritten = rule(1, action=weighted(web=1), host=("^.*$", "inner.test"), url=("^/shop/(.*)$", "/v2/$1"))
    await route(rig, rewritten)
    meddler = meddle(rig, only=every)
    await rig.ask(get("/shop/cart?x=1", "X-Tenant: blue", host="shop.test"))
    (asked,) = [asked for asked in meddler.asked if not asked.is_probe]
    assert (asked.method, asked.path, asked.header("Host")) == ("GET", "/v2/cart", "inner.test")
    assert (asked.header("x-tenant"), asked.header("Cookie")) == ("blue", None)


# -- checks ------------------------------------------------------------------------------------------------------------


def checked(rig: Rig, *targets: ScriptedTarget | Target, **check: Any) -> TargetGroup:
    return replace(rig.group(*targets), health_check=HealthCheck(**{"path": "/health?deep=1", **check}))


async def serve_checked(rig: Rig, *, is_secure: bool = False, **check: Any) -> None:
    """One target that is checked itself, and healthy."""
    target = await secure_target(rig, answer(OK)) if is_secure else await rig.target(answer(OK))
    group = checked(rig, target, **check)
    if is_secure:
        group = replace(
            group, protocol=Protocol.HTTPS, health_check=replace(group.health_check, protocol=Protocol.HTTPS)
        )
    await rig.apply(rig.listener(), groups=(group,))
    await rig.healthy()


CHECKS: list[tuple[str, dict[str, Any], Reason]] = [
    ("another status", {"request": {"answer": TEAPOT}}, Reason.RESPONSE_CODE_MISMATCH),
    ("no HTTP", {"request": {"answer": b"HELLO\r\n\r\n"}}, Reason.FAILED_HEALTH_CHECKS),
    ("an end", {"request": {"answer": b"", "closes": True}}, Reason.FAILED_HEALTH_CHECKS),
    ("a reset", {"request": {"resets": True}}, Reason.FAILED_HEALTH_CHECKS),
    ("no answer", {"request": {"hangs": True}}, Reason.TIMEOUT),
    ("a late answer", {"request": {"delay_s": 6.0}}, Reason.TIMEOUT),
    ("a refusal", {"dial": {"outcome": DialOutcome.REFUSED}}, Reason.FAILED_HEALTH_CHECKS),
    ("a black hole", {"dial": {"outcome": DialOutcome.BLACKHOLE}}, Reason.TIMEOUT),
    ("a long way", {"dial": {"delay_s": 3.0}, "request": {"delay_s": 3.0}}, Reason.TIMEOUT),
    ("a narrow way", {"wire": {"bytes_per_s": 1}}, Reason.TIMEOUT),
]


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("what", "reason"), [row[1:] for row in CHECKS], ids=[row[0] for row in CHECKS])
async def test_a_check_meets_what_requests_meet(
    rig: Rig, what: dict[str, Any], reason: Reason, is_secure: bool
) -> None:
    await serve_checked(rig, is_secure=is_secure)
    meddler = meddle(rig, only=every, **what)
    began = asyncio.get_running_loop().time()
    await rig.clock.advance(65)
    (state,) = rig.node.groups["web"].targets.values()
    assert (state.health.state, state.health.reason) == (HealthState.UNHEALTHY, reason)
    rig.node.release("i-01", meddler)
    await rig.clock.advance(150)
    assert state.health.state is HealthState.HEALTHY
    await settled(rig)
    assert asyncio.get_running_loop().time() - began < 1, "the clock does not wait for what waits for the clock"


@pytest.mark.parametrize("is_secure", [False, True])
async def test_a_check_that_is_late_but_in_time_passes(rig: Rig, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure)
    meddler = meddle(rig, dial={"delay_s": 2.0}, request={"delay_s": 2.9}, only=every)
    await rig.clock.advance(300)
    assert rig.node.groups["web"].targets["10.0.0.1", 80].health.state is HealthState.HEALTHY
    probes = [asked for asked in meddler.asked if asked.is_probe]
    assert len(probes) == 10
    assert {(asked.method, asked.path, asked.header("User-Agent")) for asked in probes} == {
        ("GET", "/health", "ELB-HealthChecker/2.0")
    }
    await settled(rig)


async def test_a_check_waits_for_its_turn(rig: Rig) -> None:
    await serve_checked(rig)

    class Never:
        left = 0

        def enter(self, start: Any) -> None:
            pass

        def leave(self) -> None:
            self.left += 1

    never = Never()
    meddle(rig, request={"turn": never}, only=every)
    await rig.clock.advance(65)
    (state,) = rig.node.groups["web"].targets.values()
    assert state.health.reason is Reason.TIMEOUT
    assert never.left == 2
    await settled(rig)


async def test_checks_of_a_port_of_their_own_are_met_too(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddle(rig, request={"answer": TEAPOT}, only=lambda asked: asked.is_probe)
    await rig.clock.advance(65)
    (state,) = rig.node.groups["web"].targets.values()
    assert state.health.reason is Reason.RESPONSE_CODE_MISMATCH
    assert (await rig.ask()).status == 200
