"""health.slow: checks that are answered late (timeout 5 s)."""

from __future__ import annotations

import pytest

from simlb.faults.health_slow import FAULT_TYPE
from simlb.faults.selection import Selection
from tests.dataplane.harness import Rig
from tests.faults.on_targets.places import install, serve_checked, state_of


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(
    ("delay", "state"), [(0.0, "healthy"), (4.9, "healthy"), (5.1, "unhealthy"), (60.0, "unhealthy")]
)
async def test_the_timeout_decides(rig: Rig, delay: float, state: str, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE, delay=delay)
    await rig.clock.advance(66)
    health = state_of(rig).health
    assert health.state == state
    assert state == "healthy" or health.reason == "Target.Timeout"
    assert (await rig.ask()).status == 200
    await fault.remove()
    await rig.clock.advance(155)
    assert health.state == "healthy"


async def test_every_second_check(rig: Rig) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, selection=Selection(every=2), delay=9.0)
    await rig.clock.advance(300)
    assert state_of(rig).health.state == "healthy", "never two in a row"
