"""How a clock that is moved by hand waits for what comes from outside, and not for what waits for it."""

from __future__ import annotations

import asyncio

import pytest

from simlb.clock import ManualClock
from simlb.dataplane import attention
from simlb.dataplane.attention import Attention


async def test_the_clock_waits_until_the_target_is_heard_of() -> None:
    clock = ManualClock()
    link = Attention(clock, is_probe=False)
    seen: list[float] = []
    clock.call_later(1, link.expect)
    clock.call_later(2, lambda: seen.append(clock.now()))
    moving = asyncio.create_task(clock.advance(5))
    await asyncio.sleep(0.001)
    assert (clock.now(), seen) == (1, [])
    link.hear()
    await moving
    assert seen == [2]


async def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "PATIENCE_S", 0.01)
    clock = ManualClock(patience_s=10)
    Attention(clock, is_probe=False).expect()
    await clock.advance(5)
    assert clock.now() == 5
    assert clock._work == 0


STEPS = [
    # what happens, whether it is a probe (which is work of its own) -> the clock's work after each step
    (["expect", "expect", "hear", "hear"], False, [1, 1, 0, 0]),
    (["rest", "rest", "end"], False, [0, 0, 0]),
    (["expect", "rest", "expect", "end", "end"], False, [1, 0, 1, 0, 0]),
    (["expect", "hear"], True, [1, 1]),
    (["rest", "rest", "expect", "rest", "end", "end"], True, [0, 0, 1, 0, 1, 1]),
    (["listen", "moving", "through", "hear", "through"], False, [0, 0, 1, 0, 0]),
    (["listen", "moving", "through", "hear", "moving", "through"], True, [1, 0, 1, 1, 0, 1]),
]


@pytest.mark.parametrize(("steps", "is_probe", "work"), STEPS)
async def test_what_is_work_for_the_clock(steps: list[str], is_probe: bool, work: list[int]) -> None:
    clock = ManualClock()
    if is_probe:
        clock.work_began()
    link = Attention(clock, is_probe=is_probe)
    seen = []
    for step in steps:
        if step in {"moving", "through"}:
            link.look(is_moving=step == "moving")
        else:
            getattr(link, step)()
        seen.append(clock._work)
    assert seen == work
    link.end()


async def test_a_wait_that_is_given_up_leaves_nothing_behind() -> None:
    clock = ManualClock(patience_s=0.001)
    clock.work_began()
    link = Attention(clock, is_probe=True)
    for delay_s in (2.0, None):
        task = asyncio.create_task(link.wait(delay_s))
        await asyncio.sleep(0)
        assert clock._work == 0
        task.cancel()
        link.end()
        assert clock._work == 1
        with pytest.raises(asyncio.CancelledError):
            await task
        await clock.advance(5)
    assert clock._work == 1
