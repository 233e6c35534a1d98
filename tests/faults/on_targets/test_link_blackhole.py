"""link.blackhole: who waits how long for nothing."""

from __future__ import annotations

import pytest

from simlb.faults.link_blackhole import FAULT_TYPE
from tests.dataplane.harness import OK, Rig, TargetConnection
from tests.faults.on_targets.places import install, sent, serve_checked, state_of, statuses


@pytest.mark.parametrize("is_secure", [False, True])
async def test_a_new_connection_is_504_after_ten_seconds(rig: Rig, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE)
    client = await sent(rig)
    await rig.clock.advance(9.9)
    assert rig.records == []
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 504
    assert statuses(rig) == [("504", "-")]
    await fault.remove()
    assert (await client.ask()).status == 200


@pytest.mark.parametrize("is_secure", [False, True])
async def test_what_was_under_way_is_504_at_the_idle_timeout(rig: Rig, is_secure: bool) -> None:
    async def script(connection: TargetConnection) -> None:
        request = await connection.request()
        if request is not None and "/health" not in request.start_line:
            await connection.target.let_go.wait()
        await connection.send(OK)

    await serve_checked(rig, script, is_secure=is_secure)
    client = await sent(rig)
    await rig.at_target(2)
    await install(rig, FAULT_TYPE)
    rig.targets[0].let_go.set()
    await rig.clock.advance(59)
    assert rig.records == []
    await rig.clock.advance(1)
    assert (await client.response()).status == 504
    assert statuses(rig) == [("504", "-")]


async def test_the_target_is_unhealthy_by_timeout_and_comes_back(rig: Rig) -> None:
    await serve_checked(rig)
    fault = await install(rig, FAULT_TYPE)
    await rig.clock.advance(65)
    assert (state_of(rig).health.state, state_of(rig).health.reason) == ("unhealthy", "Target.Timeout")
    await fault.remove()
    await rig.clock.advance(155)
    assert state_of(rig).health.state == "healthy"
