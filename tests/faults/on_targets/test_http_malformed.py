"""http.malformed: answers that are no HTTP, judged as a real target's would be."""

from __future__ import annotations

import pytest

from simlb.faults.http_malformed import ANSWERS, FAULT_TYPE
from simlb.faults.selection import Match, Selection
from tests.dataplane.harness import Rig
from tests.faults.on_targets.places import install, reused, sent, serve_checked, state_of, statuses


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if kind != "stalled-head"])
async def test_502_and_the_connection_is_not_used_again(rig: Rig, kind: str, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE, kind=kind)
    assert [(await rig.ask()).status for _ in range(2)] == [502, 502]
    assert statuses(rig) == [("502", "-")] * 2
    assert reused(rig) == [False, False]
    await rig.clock.advance(120)
    assert state_of(rig).health.state == "healthy"
    await fault.remove()
    assert (await rig.ask()).status == 200


async def test_half_a_head_and_then_nothing_is_504(rig: Rig) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, kind="stalled-head")
    client = await sent(rig)
    await rig.clock.advance(60)
    assert (await client.response()).status == 504


async def test_by_a_pattern(rig: Rig) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, selection=Selection(match=Match(method="GET"), pattern="FFS"))
    client = await rig.client()
    assert [(await client.ask()).status for _ in range(6)] == [502, 502, 200] * 2
