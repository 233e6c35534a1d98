"""target.keepalive: the rare 502 on connections that are used again."""

from __future__ import annotations

import pytest

from simlb.faults.target_keepalive import FAULT_TYPE
from simlb.observe.traffic import Traffic
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import install, reused, serve_checked, state_of, statuses

PAUSES = [
    # the target's keep-alive, the pause between requests -> what they get
    (5.0, 6.0, [200, 502, 200, 502, 200]),
    (5.0, 4.9, [200, 200, 200, 200, 200]),
    (65.0, 6.0, [200, 200, 200, 200, 200]),
    (65.0, 61.0, [200, 200, 200, 200, 200]),  # the load balancer closes first
    (2.0, 2.0, [200, 502, 200, 502, 200]),
]


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("idle", "pause_s", "expected"), PAUSES)
async def test_a_pause_and_a_keep_alive(
    rig: Rig, idle: float, pause_s: float, expected: list[int], is_secure: bool
) -> None:
    await serve_checked(rig, is_secure=is_secure)
    await install(rig, FAULT_TYPE, idle=idle)
    seen = []
    for _ in expected:
        seen.append((await rig.ask()).status)
        await rig.clock.advance(pause_s)
    assert seen == expected
    assert [is_reused for status, is_reused in zip(seen, reused(rig), strict=True) if status == 502] == [True] * (
        seen.count(502)
    )
    assert state_of(rig).health.state == "healthy", "each check has a connection of its own"


async def test_the_record_of_traffic_says_that_it_was_used_again(rig: Rig) -> None:
    await rig.serve(answer(OK))
    fault = await install(rig, FAULT_TYPE)
    traffic = Traffic(lambda: 0.0, 1.0)
    for pause_s in (0.0, 6.0, 0.0):
        await rig.clock.advance(pause_s)
        await rig.ask()
    for record in rig.records:
        traffic.record(record)
    assert [(row.elb_status, row.target_status, row.is_reused) for row in traffic.records()] == [
        (200, "200", False),
        (502, "-", True),
        (200, "200", False),
    ]
    assert statuses(rig)[1] == ("502", "-")
    await fault.remove()
    await rig.clock.advance(6)
    assert (await rig.ask()).status == 200
