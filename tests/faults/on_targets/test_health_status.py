"""health.status: checks that get another code, while users are served."""

from __future__ import annotations

import pytest

from simlb.core.matcher import Matcher
from simlb.faults.health_status import FAULT_TYPE
from simlb.faults.selection import Selection
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import install, serve_checked, state_of

CODES = [
    # what checks get, what the matcher accepts -> state
    (500, "200", "unhealthy"),
    (302, "200", "unhealthy"),
    (204, "200", "unhealthy"),
    (302, "200-399", "healthy"),
    (200, "200", "healthy"),
]


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("code", "matcher", "state"), CODES)
async def test_a_code_and_a_matcher(rig: Rig, code: int, matcher: str, state: str, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure, matcher=Matcher.parse(matcher))
    fault = await install(rig, FAULT_TYPE, code=code)
    await rig.clock.advance(65)
    health = state_of(rig).health
    assert health.state == state
    if state == "unhealthy":
        assert (health.reason, f"[{code}]" in str(health.description)) == ("Target.ResponseCodeMismatch", True)
    assert (await rig.ask()).status == 200, "alone in its group: fail open"
    await fault.remove()
    await rig.clock.advance(155)
    assert health.state == "healthy"


async def test_one_of_two_is_taken_out(rig: Rig) -> None:
    await serve_checked(rig, answer(OK), answer(OK))
    await install(rig, FAULT_TYPE, "i-02")
    await rig.clock.advance(65)
    before = len(rig.targets[1].requests)
    assert {(await rig.ask()).status for _ in range(4)} == {200}
    assert len(rig.targets[1].requests) == before


async def test_checks_are_counted_and_requests_are_not(rig: Rig) -> None:
    await serve_checked(rig)
    fault = await install(rig, FAULT_TYPE, selection=Selection(count=2))
    for _ in range(5):
        await rig.ask()
    assert fault.selector.struck == 0
    await rig.clock.advance(60)
    assert (fault.selector.struck, fault.selector.is_used_up) == (2, True)
    assert state_of(rig).health.state == "unhealthy"
    await rig.clock.advance(155)
    assert state_of(rig).health.state == "healthy"
