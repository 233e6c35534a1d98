"""health.flap: patterns of checks, and the states they make (thresholds 2 and 5, every 30 s)."""

from __future__ import annotations

import pytest

from simlb.faults.health_flap import FAULT_TYPE
from simlb.faults.selection import Selection
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import install, serve_checked, state_of

PATTERNS = [
    # the pattern -> the state after each of 21 checks: H healthy, U unhealthy
    (None, "HHHHHHHHHHHHHHHHHHHHH"),
    ("FS", "HHHHHHHHHHHHHHHHHHHHH"),
    ("FFS", "HUUUUUUUUUUUUUUUUUUUU"),
    ("FFSSSSS", "HUUUUUH" * 3),
    ("S", "HHHHHHHHHHHHHHHHHHHHH"),
    ("F", "HUUUUUUUUUUUUUUUUUUUU"),
]


@pytest.mark.parametrize(("pattern", "states"), PATTERNS)
async def test_a_pattern_and_its_states(rig: Rig, pattern: str | None, states: str) -> None:
    await serve_checked(rig)
    fault = await install(rig, FAULT_TYPE, selection=Selection(pattern=pattern))
    seen = ""
    for _ in states:
        await rig.clock.advance(30)
        seen += {"healthy": "H", "unhealthy": "U"}[state_of(rig).health.state]
    assert seen == states
    wanted = pattern or "FS"
    assert fault.selector.seen == 21
    assert fault.selector.struck == sum(wanted[number % len(wanted)] == "F" for number in range(21))


async def test_each_target_goes_through_it_by_itself(rig: Rig) -> None:
    await serve_checked(rig, answer(OK), answer(OK))
    await install(rig, FAULT_TYPE, "i-01", "i-02", selection=Selection(pattern="FFS"))
    await rig.clock.advance(120)
    assert [state_of(rig, number).health.state for number in (1, 2)] == ["unhealthy"] * 2


@pytest.mark.parametrize(("users", "expected"), [(False, [200] * 5), (True, [200, 503, 200, 503, 200])])
async def test_users_fail_while_the_last_check_has_failed(rig: Rig, users: bool, expected: list[int]) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, code=503, users=users)
    client = await rig.client()
    seen = [(await client.ask()).status]
    for _ in range(4):
        await rig.clock.advance(30)
        seen.append((await client.ask()).status)
    assert seen == expected


async def test_removal_restores(rig: Rig) -> None:
    await serve_checked(rig)
    fault = await install(rig, FAULT_TYPE, selection=Selection(pattern="F"))
    await rig.clock.advance(65)
    await fault.remove()
    await rig.clock.advance(155)
    assert state_of(rig).health.state == "healthy"
