"""health.shallow: checks that pass, whatever else is broken."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.faults import (
    health_flap,
    health_slow,
    health_status,
    http_abort,
    link_blackhole,
    link_latency,
    link_reset,
    target_capacity,
    target_slow,
)
from simlb.faults.fault import FaultType
from simlb.faults.health_shallow import FAULT_TYPE
from tests.dataplane.harness import Rig, answer
from tests.faults.on_targets.places import install, serve_checked, state_of

BROKEN = b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"
OTHERS: list[tuple[FaultType, dict[str, Any], str]] = [
    # another fault -> the state with both
    (link_reset.FAULT_TYPE, {}, "healthy"),
    (link_reset.FAULT_TYPE, {"at": "connect"}, "unhealthy"),
    (link_blackhole.FAULT_TYPE, {}, "unhealthy"),
    (link_latency.FAULT_TYPE, {"delay": 4.0}, "healthy"),
    (link_latency.FAULT_TYPE, {"delay": 5.5}, "unhealthy"),  # connecting alone takes longer than a check may
    (health_status.FAULT_TYPE, {}, "healthy"),
    (health_flap.FAULT_TYPE, {}, "healthy"),
    (health_slow.FAULT_TYPE, {"delay": 60.0}, "healthy"),
    (http_abort.FAULT_TYPE, {"status": 503}, "healthy"),
    (target_slow.FAULT_TYPE, {"delay": 60.0}, "healthy"),
    (target_capacity.FAULT_TYPE, {"concurrency": 1, "queue": 0}, "healthy"),
]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(("other", "values", "state"), OTHERS)
async def test_it_overrules_other_faults(
    rig: Rig, other: FaultType, values: dict[str, Any], state: str, is_first: bool
) -> None:
    await serve_checked(rig)
    if is_first:
        await install(rig, FAULT_TYPE)
    await install(rig, other, **values)
    if not is_first:
        await install(rig, FAULT_TYPE)
    await rig.clock.advance(66)
    assert state_of(rig).health.state == state


@pytest.mark.parametrize(("path", "state"), [("/health", "healthy"), ("/other", "unhealthy"), (None, "healthy")])
async def test_only_checks_of_its_path(rig: Rig, path: str | None, state: str) -> None:
    await serve_checked(rig, path="/health?deep=1")
    rig.targets[0].script = answer(BROKEN)
    values: dict[str, Any] = {} if path is None else {"path": path}
    fault = await install(rig, FAULT_TYPE, **values)
    await rig.clock.advance(66)
    assert state_of(rig).health.state == state
    assert (await rig.ask()).status == 500
    await fault.remove()
    await rig.clock.advance(66)
    assert state_of(rig).health.state == "unhealthy"
