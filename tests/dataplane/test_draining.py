"""Deregistration, reloads under load, and the end of a node: nothing in flight is lost (reference 2.5)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from simlb.core.health import HealthState
from simlb.core.model import Bind, FixedResponseAction, ForwardAction
from simlb.errors import BindError
from tests.dataplane.harness import GET, OK, Client, Rig, TargetConnection, answer, until


class Held:
    """A target's script that answers only when told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.connections: list[TargetConnection] = []

    async def __call__(self, connection: TargetConnection) -> None:
        self.connections.append(connection)
        while await connection.request() is not None:
            await self.go_on.wait()
            await connection.send(OK)
        connection.target.let_go.set()


async def in_flight(rig: Rig, held: Held, *, delay_s: int = 300) -> Client:
    """A request that a target has and holds."""
    target = await rig.target(held)
    await rig.apply(rig.listener(), groups=(rig.group(target, delay_s=delay_s),), idle_timeout_s=1000)
    await rig.healthy()
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    return client


async def test_a_removed_target_finishes_what_it_has_and_gets_nothing_new(rig: Rig) -> None:
    held = Held()
    client = await in_flight(rig, held)
    other = await rig.target(answer(OK.replace(b"hello", b"other")))
    await rig.apply(groups=(rig.group(replace(rig.describe(other), id="10.0.0.2")),))
    await rig.healthy_or_draining()
    for _ in range(3):
        assert (await rig.ask()).body == b"other"
    assert [s.health.state for s in rig.node.groups["web"].targets.values()] == [
        HealthState.HEALTHY,
        HealthState.DRAINING,
    ]
    held.go_on.set()
    assert (await client.response()).body == b"hello"
    # Its connection is not kept for anybody.
    await until(rig.targets[0].let_go.is_set, "the target is let go")
    assert (await client.ask()).body == b"other"
    await rig.clock.advance(301)
    assert len(rig.node.groups["web"].targets) == 1
    assert rig.changes[-1] == ("i-01", "draining", "draining")


async def test_idle_connections_to_a_removed_target_close_at_once(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await rig.ask()
    (pool,) = rig.node._pools.values()
    assert pool.connections
    await rig.apply(groups=(rig.group(),))
    assert not pool.connections
    assert (await rig.ask()).status == 503


async def test_what_is_still_under_way_when_the_delay_is_over_is_502(rig: Rig) -> None:
    held = Held()
    client = await in_flight(rig, held, delay_s=30)
    await rig.apply(groups=(rig.group(delay_s=30),))
    await rig.clock.advance(29)
    assert not rig.records
    await rig.clock.advance(2)
    assert (await client.response()).status == 502
    (record,) = await rig.logged(502)
    assert record.target_address == "10.0.0.1:80"
    await until(held.connections[0].reader.at_eof, "the target is let go")
    assert (await client.ask()).status == 503


async def test_a_response_under_way_when_the_delay_is_over_is_cut(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour")
        await connection.hang()

    target = await rig.target(script)
    await rig.apply(rig.listener(), groups=(rig.group(target, delay_s=0),))
    await rig.healthy()
    client = await rig.client()
    client.send(GET)
    await client.up_to(b"four")
    await rig.apply(groups=(rig.group(delay_s=0),))
    await rig.clock.advance(0)
    assert await client.is_closed()
    await rig.logged(200)


async def test_a_target_registered_again_is_used_again(rig: Rig) -> None:
    held = Held()
    client = await in_flight(rig, held, delay_s=30)
    target = rig.targets[0]
    await rig.apply(groups=(rig.group(delay_s=30),))
    await rig.clock.advance(10)
    await rig.apply(groups=(rig.group(target, delay_s=30),))
    await rig.healthy()
    await rig.clock.advance(60)
    held.go_on.set()
    assert (await client.response()).status == 200
    assert (await client.ask()).status == 200
    await rig.logged(200, 200)


@pytest.mark.slow
async def test_reloads_under_load_lose_no_request(rig: Rig) -> None:
    targets = [await rig.target(answer(OK)) for _ in range(4)]
    described = [rig.describe(target, number) for number, target in enumerate(targets, 1)]
    await rig.apply(rig.listener(), groups=(rig.group(*described),))
    await rig.healthy()
    is_over = False
    asked = 0

    async def load(client: Client) -> None:
        nonlocal asked
        while not is_over:
            asked += 1
            response = await client.ask(b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 3\r\n\r\nabc")
            assert (response.status, response.body) == (200, b"hello")

    tasks = [asyncio.create_task(load(await rig.client())) for _ in range(4)]
    for number in range(100):
        # One target at a time leaves and comes back; a second listener appears and disappears; attributes change.
        left = [target for place, target in enumerate(described) if place != number % 5]
        listeners = [rig.load_balancer.listeners[0]]
        if number % 2:
            listeners.append(rig.listener(FixedResponseAction(status_code=200), port=81))
        await rig.apply(*listeners, groups=(rig.group(*left),), xff_client_port=bool(number % 2))
        before = asked
        await until(lambda before=before: asked > before + 4)  # type: ignore[misc]
    is_over = True
    await asyncio.gather(*tasks)
    await until(lambda: len(rig.records) == asked)
    assert {record.elb_status_code for record in rig.records} == {200}
    assert sum(len(target.requests) for target in targets) == asked
    assert min(len(target.requests) for target in targets) > 20


async def test_a_refused_reload_changes_nothing(rig: Rig) -> None:
    await rig.fixed()
    taken = rig.published()
    second = replace(rig.listener(port=82), binds=(Bind(host="127.0.0.1", port=taken),))
    first = rig.listener(FixedResponseAction(status_code=201), port=81)
    with pytest.raises(BindError) as caught:
        rig.node.prepare(replace(rig.load_balancer, listeners=(*rig.load_balancer.listeners, first, second)))
    assert caught.value.code == "E101"
    assert set(rig.node.listeners) == {80}
    assert (await rig.ask()).status == 200


async def test_the_next_candidate_is_taken_when_a_port_is_in_use(rig: Rig) -> None:
    await rig.fixed()
    taken = rig.published()
    second = replace(
        rig.listener(FixedResponseAction(status_code=201), port=81),
        binds=(Bind(host="127.0.0.1", port=taken), Bind(host="127.0.0.1", port=0)),
    )
    await rig.apply(*rig.load_balancer.listeners, second)
    assert rig.published(81) != taken
    assert rig.node.listeners[81].refusals == [("E101", f"Port {taken} is already in use by listener 80 of web")]
    client = await rig.client(81)
    assert (await client.ask()).status == 201


# -- the end -----------------------------------------------------------------------------------------------------------


async def test_stopping_finishes_what_is_under_way(rig: Rig) -> None:
    held = Held()
    client = await in_flight(rig, held)
    idle = await rig.client()
    await rig.accepted(2)
    port = rig.published()
    rig.node.stop_accepting()
    assert await idle.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    closing = asyncio.create_task(rig.node.close(grace_s=3))
    await asyncio.sleep(0)
    held.go_on.set()
    response = await client.response()
    assert (response.status, response["Connection"]) == (200, "close")
    assert await client.rest() == b""
    await closing
    await rig.logged(200)


async def test_what_is_under_way_after_the_grace_is_cut_and_recorded(rig: Rig) -> None:
    client = await in_flight(rig, Held())
    await rig.node.close(grace_s=0.01)
    response = await client.response()
    assert (response.status, response["Connection"]) == (502, "close")
    await rig.logged(502)


async def test_closing_in_every_phase_leaves_nothing(rig: Rig) -> None:
    held = Held()
    await in_flight(rig, held)
    half = await rig.client()
    half.send(GET[:10])
    inside = await rig.client()
    inside.send(b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 9\r\n\r\nab")
    linger = await rig.client()
    await linger.ask(b"GET / HTTP/1.1\r\n\r\n")
    await rig.accepted(4)
    await until(lambda: len(held.connections) == 2)
    await rig.node.close(grace_s=0.01)
    assert not rig.node.connections


async def test_a_node_that_never_served_closes(rig: Rig) -> None:
    node = rig.new_node()
    prepared = node.prepare(
        replace(rig.load_balancer, listeners=(rig.listener(ForwardAction.to("web")),)),
    )
    node.discard(prepared)
    await node.close(grace_s=1)


async def test_an_idle_instance_does_not_wait(rig: Rig) -> None:
    await rig.serve(answer(OK))
    client = await rig.client()
    await client.ask()
    started = asyncio.get_running_loop().time()
    await rig.node.close(grace_s=5)
    assert asyncio.get_running_loop().time() - started < 1
    assert await client.is_closed()
