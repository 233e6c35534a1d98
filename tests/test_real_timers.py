"""Timers of the event loop: they let go of whoever they have called, and let sockets be read first when late."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from simlb.clock import ScaledClock, Timer


class Owner:
    """Has a timer that calls it, as requests and connections do."""

    def __init__(self, clock: ScaledClock, delay_s: float) -> None:
        self.fired = asyncio.Event()
        self.timer: Timer = clock.call_later(delay_s, self.on_due)

    def on_due(self) -> None:
        self.fired.set()


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_a_timer_that_is_over_keeps_nobody(is_cancelled: bool, without_collector: None) -> None:
    owner = Owner(ScaledClock(1000), 3600.0 if is_cancelled else 1.0)
    if is_cancelled:
        owner.timer.cancel()
    else:
        await owner.fired.wait()
        owner.timer.cancel()  # harmless
    gone = weakref.ref(owner)
    del owner
    await asyncio.sleep(0)
    assert gone() is None


async def test_a_timer_that_is_late_lets_sockets_be_read_first() -> None:
    loop = asyncio.get_running_loop()
    order: list[str] = []
    done = asyncio.Event()

    def on_due() -> None:
        order.append("timer")
        done.set()

    ScaledClock(1).call_later(0.001, on_due)
    stop = loop.time() + 0.03
    while loop.time() < stop:  # busy, as a machine may be
        pass
    loop.call_soon(order.append, "read")
    loop.call_soon(loop.call_soon, order.append, "read again")
    await done.wait()
    assert order == ["read", "read again", "timer"]


async def test_a_late_timer_waits_for_what_takes_the_loop_more_than_once() -> None:
    """As a connection that was made meanwhile: its task goes on, and then the request is sent."""
    loop = asyncio.get_running_loop()
    steps = ["made", "goes on", "shakes hands", "sent"]
    order: list[str] = []
    done = asyncio.Event()

    def busy(step: str) -> None:
        order.append(step)
        stop = loop.time() + 0.01
        while loop.time() < stop:
            pass

    async def connection() -> None:
        for step in steps:
            busy(step)
            await asyncio.sleep(0)

    def on_due() -> None:
        order.append("timer")
        done.set()

    ScaledClock(1).call_later(0.001, on_due)
    busy("paused")
    busy("paused")
    busy("paused")
    task = loop.create_task(connection())
    await done.wait()
    await task
    assert order == ["paused", "paused", "paused", *steps, "timer"]


async def test_a_late_timer_can_still_be_cancelled() -> None:
    loop = asyncio.get_running_loop()
    fired: list[str] = []
    timer = ScaledClock(1).call_later(0.001, lambda: fired.append("timer"))
    stop = loop.time() + 0.03
    while loop.time() < stop:
        pass
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    timer.cancel()
    await asyncio.sleep(0.01)
    assert fired == []
