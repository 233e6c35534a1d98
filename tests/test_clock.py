"""Time that a test moves: deadlines in order, outcomes awaited, from any thread, on either event loop."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from simlb.clock import ManualClock, ScaledClock

LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") is not None else [])]


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own."""
    factory = asyncio.new_event_loop if request.param == "asyncio" else importlib.import_module("uvloop").new_event_loop
    loop: asyncio.AbstractEventLoop = factory()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def on(loop: asyncio.AbstractEventLoop, work: Callable[[], Awaitable[None]]) -> None:
    """Run something on the loop, and wait for it."""

    async def run() -> None:
        await work()

    asyncio.run_coroutine_threadsafe(run(), loop).result(5)


def test_deadlines_fire_in_their_order_not_in_that_of_their_making(loop: asyncio.AbstractEventLoop) -> None:
    clock, fired = ManualClock(), []
    for when in (30, 10, 20, 40):
        clock.call_later(when, lambda when=when: fired.append((when, clock.now())))  # type: ignore[misc]
    clock.advance_from_thread(loop, 30)
    assert fired == [(10, 10), (20, 20), (30, 30)]
    assert clock.now() == 30


def test_a_deadline_that_a_deadline_makes_fires_on_the_way(loop: asyncio.AbstractEventLoop) -> None:
    clock, fired = ManualClock(), []

    def again() -> None:
        fired.append(clock.now())
        clock.call_later(10, again)

    clock.call_later(10, again)
    clock.advance_from_thread(loop, 35)
    assert fired == [10, 20, 30]


def test_a_cancelled_deadline_does_not_fire(loop: asyncio.AbstractEventLoop) -> None:
    clock, fired = ManualClock(), []
    clock.call_later(10, lambda: fired.append(10)).cancel()
    clock.advance_from_thread(loop, 20)
    assert fired == []


def test_each_outcome_is_there_before_the_next_deadline(loop: asyncio.AbstractEventLoop) -> None:
    """A probe at 10 whose answer takes real time is over when the deadline at 20 comes."""
    clock, seen = ManualClock(patience_s=5), []

    def probe() -> None:
        clock.work_began()
        asyncio.get_running_loop().call_later(0.01, outcome)

    def outcome() -> None:
        seen.append(("outcome", clock.now()))
        clock.work_ended()

    clock.call_later(10, probe)
    clock.call_later(20, lambda: seen.append(("deadline", clock.now())))
    clock.advance_from_thread(loop, 60)
    assert seen == [("outcome", 10), ("deadline", 20)]


def test_what_has_no_outcome_meets_its_own_deadline(loop: asyncio.AbstractEventLoop) -> None:
    clock, ended = ManualClock(patience_s=0.01), []

    def probe() -> None:
        clock.work_began()
        clock.call_later(5, time_out)

    def time_out() -> None:
        ended.append(clock.now())
        clock.work_ended()

    clock.call_later(10, probe)
    clock.advance_from_thread(loop, 30)
    assert ended == [15]


def test_advances_from_several_threads_add_up(loop: asyncio.AbstractEventLoop) -> None:
    clock, fired = ManualClock(patience_s=5), []

    def slow() -> None:
        fired.append(clock.now())
        clock.work_began()
        asyncio.get_running_loop().call_later(0.002, clock.work_ended)
        clock.call_later(1, slow)

    clock.call_later(1, slow)
    threads = [threading.Thread(target=clock.advance_from_thread, args=(loop, 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 20
    assert fired == list(range(1, 21))


def test_what_a_deadline_raises_reaches_who_advances(loop: asyncio.AbstractEventLoop) -> None:
    clock = ManualClock()

    def fail() -> None:
        raise LookupError("no such thing")

    clock.call_later(1, fail)
    with pytest.raises(LookupError, match="no such thing"):
        clock.advance_from_thread(loop, 2)


def test_the_loops_own_thread_must_not_wait_for_itself(loop: asyncio.AbstractEventLoop) -> None:
    clock = ManualClock()

    async def block() -> None:
        with pytest.raises(RuntimeError, match="await advance"):
            clock.advance_from_thread(loop, 1)

    on(loop, block)
    assert clock.now() == 0


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
async def test_time_goes_forward_and_not_to_its_end(seconds: float) -> None:
    with pytest.raises(ValueError, match="time goes forward"):
        await ManualClock().advance(seconds)


def test_a_scaled_clock_shortens_what_is_real() -> None:
    assert ScaledClock(10).to_real(30) == 3
    with pytest.raises(ValueError, match="above 0"):
        ScaledClock(0)
