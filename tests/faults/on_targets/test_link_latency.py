"""link.latency: what a long way to the target makes of requests and checks."""

from __future__ import annotations

import asyncio

import pytest

from simlb.core.wildcards import Wildcard
from simlb.faults.link_latency import FAULT_TYPE
from simlb.faults.selection import Match, Selection
from tests.dataplane.harness import GET, OK, Rig, answer
from tests.faults.on_targets.places import in_flight, install


async def answered_after(rig: Rig, task: asyncio.Task[object], limit_s: float) -> float | None:
    """How many seconds the clock has to be moved until `task` is done; None when it is not within the limit."""
    for step in range(int(limit_s * 10) + 1):
        for _ in range(20):
            await asyncio.sleep(0)
        if task.done():
            return step / 10
        await rig.clock.advance(0.1)
    return None


async def test_a_new_connection_takes_the_delay_and_the_answer_takes_it_again(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, delay=2.0)
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    await rig.clock.advance(3.9)
    assert rig.records == []
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200
    task = asyncio.create_task(client.ask())
    assert await answered_after(rig, task, 4) == pytest.approx(2.0, abs=0.11)
    assert [record.elb_status_code for record in rig.records] == [200, 200]


async def test_one_advance_over_everything_sees_the_answer(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, delay=2.0)
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    # 60 s further the idle timeout would have answered 504.
    await rig.clock.advance(100)
    assert (await client.response()).status == 200


async def test_over_ten_seconds_to_connect_is_504(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, delay=10.5)
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    await rig.clock.advance(10)
    assert (await client.response()).status == 504
    assert rig.lines[0][8:10] == ["504", "-"]


async def test_removal_restores(rig: Rig) -> None:
    await rig.serve(answer(OK))
    fault = await install(rig, FAULT_TYPE, delay=5.0)
    await fault.remove()
    assert (await rig.ask()).status == 200


async def test_with_selectors_only_requests_are_delayed(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, selection=Selection(match=Match(path=Wildcard("/api/*"))), delay=5.0)
    assert (await rig.ask()).status == 200
    client = await rig.client()
    client.send(b"GET /api/orders?x=1 HTTP/1.1\r\nHost: lb.test\r\n\r\n")
    await in_flight(rig)
    await rig.clock.advance(4.9)
    assert len(rig.records) == 1
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200
