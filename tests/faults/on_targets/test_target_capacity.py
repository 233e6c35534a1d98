"""target.capacity: places, the queue before them, and what happens beyond it."""

from __future__ import annotations

from random import Random

import pytest

from simlb.core.wildcards import Wildcard
from simlb.dataplane.points import Asked, Treatment, Turn
from simlb.faults import target_slow
from simlb.faults.selection import Match, Selection, Selector
from simlb.faults.target_capacity import FAULT_TYPE, Capacity
from tests.dataplane.harness import OK, Rig, TargetConnection, answer
from tests.faults.on_targets.places import install, sent, serve_checked, state_of, statuses

ASKED = Asked(method="GET", path="/", header=lambda name: None, is_probe=False)


class Desk:
    """A capacity, and who is being served."""

    def __init__(self, concurrency: int, queue: int) -> None:
        self.capacity = Capacity(concurrency=concurrency, queue_max=queue, selector=Selector(Selection(), Random(1)))
        self.served: list[str] = []
        self.turns: dict[str, Turn] = {}

    def comes(self, name: str) -> bool:
        """False when there is no room left."""
        treatment = Treatment()
        self.capacity.on_request(ASKED, treatment)
        if treatment.turn is None:
            assert treatment.answer is not None
            assert treatment.answer.startswith(b"HTTP/1.1 503 ")
            return False
        self.turns[name] = treatment.turn
        treatment.turn.enter(lambda: self.served.append(name))
        return True

    def goes(self, name: str) -> None:
        self.turns[name].leave()


def test_who_waits_is_served_in_the_order_of_arrival() -> None:
    desk = Desk(2, 10)
    assert all(desk.comes(name) for name in "abcde")
    assert desk.served == ["a", "b"]
    desk.goes("b")
    assert desk.served == ["a", "b", "c"]
    desk.goes("d")  # waits no more
    desk.goes("a")
    assert desk.served == ["a", "b", "c", "e"]
    desk.goes("a")  # harmless
    desk.goes("c")
    desk.goes("e")
    assert desk.comes("f")
    assert desk.served[-1] == "f"


@pytest.mark.parametrize(("concurrency", "queue", "coming", "taken"), [(1, 0, 3, 1), (2, 1, 5, 3), (3, 10, 5, 5)])
def test_beyond_the_queue_is_503(concurrency: int, queue: int, coming: int, taken: int) -> None:
    desk = Desk(concurrency, queue)
    assert [desk.comes(str(number)) for number in range(coming)] == [number < taken for number in range(coming)]


async def hold(connection: TargetConnection) -> None:
    """Answer checks at once and everything else when it is let go."""
    while (request := await connection.request()) is not None:
        if "/health" not in request.start_line:
            await connection.target.let_go.wait()
        await connection.send(OK)


@pytest.mark.parametrize("is_secure", [False, True])
async def test_the_target_never_sees_more_than_its_concurrency(rig: Rig, is_secure: bool) -> None:
    await serve_checked(rig, hold, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE, concurrency=2, queue=1)
    seen = len(rig.targets[0].requests)
    clients = [await sent(rig, count=number) for number in (1, 2)]
    await rig.at_target(seen + 2)
    clients.append(await sent(rig, count=3))
    refused = await rig.ask()
    assert (refused.status, statuses(rig)) == (503, [("503", "503")])
    assert len(rig.targets[0].requests) == seen + 2
    await clients[2].close()  # who leaves the queue makes room in it
    await rig.logged(503, 460)
    clients[2] = await sent(rig, count=3)
    rig.targets[0].let_go.set()
    for client in clients:
        assert (await client.response()).status == 200
    await fault.remove()
    assert (await rig.ask()).status == 200


async def test_service_times_fill_the_places(rig: Rig) -> None:
    """Eight requests, two at a time, two seconds each: the last is done after eight seconds."""
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, concurrency=2)
    await install(rig, target_slow.FAULT_TYPE, delay=2.0)
    for number in range(1, 9):
        await sent(rig, count=number)
    done = []
    for _ in range(8):
        await rig.clock.advance(1)
        done.append(len(rig.records))
    assert done == [0, 2, 2, 4, 4, 6, 6, 8]


@pytest.mark.slow
async def test_checks_wait_in_the_queue_until_they_are_too_late(rig: Rig) -> None:
    await serve_checked(rig, hold)
    await rig.apply(idle_timeout_s=300)
    await install(rig, FAULT_TYPE, concurrency=1)
    client = await sent(rig)
    await rig.clock.advance(66)
    assert (state_of(rig).health.state, state_of(rig).health.reason) == ("unhealthy", "Target.Timeout")
    rig.targets[0].let_go.set()
    assert (await client.response()).status == 200
    await rig.clock.advance(155)
    assert state_of(rig).health.state == "healthy"


async def test_requests_that_do_not_match_need_no_place(rig: Rig) -> None:
    await serve_checked(rig, hold)
    await install(rig, FAULT_TYPE, selection=Selection(match=Match(path=Wildcard("/api/*"))), concurrency=1, queue=0)
    first = await sent(rig, b"GET /api/1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await rig.ask(b"GET /api/2 HTTP/1.1\r\nHost: a\r\n\r\n")).status == 503
    other = await sent(rig, count=2)
    rig.targets[0].let_go.set()
    assert [(await client.response()).status for client in (first, other)] == [200, 200]
