"""Target groups that change while listeners stay: targets come and go by command (reference 2.3, 2.5)."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.health import HealthState
from tests.dataplane.harness import OK, Rig, answer


async def test_an_added_target_gets_requests_once_it_is_healthy(rig: Rig) -> None:
    await rig.serve(answer(OK))
    added = await rig.target(answer(OK.replace(b"hello", b"added")))
    listeners, connection = dict(rig.node.listeners), await rig.client()
    rig.node.change_target_groups({"web": rig.group(*rig.targets)})
    assert rig.node.groups["web"].targets["10.0.0.2", 80].health.state is HealthState.INITIAL
    await rig.healthy()
    assert {(await connection.ask()).body for _ in range(4)} == {b"hello", b"added"}
    assert rig.node.listeners == listeners
    assert added.requests


async def test_a_removed_target_drains_for_the_delay_and_then_is_gone(rig: Rig) -> None:
    await rig.serve(answer(OK), answer(OK.replace(b"hello", b"leaves")))
    rig.node.change_target_groups({"web": rig.group(rig.targets[0], delay_s=30)})
    assert {(await rig.ask()).body for _ in range(4)} == {b"hello"}
    await rig.clock.advance(29)
    assert [state.target.name for state in rig.node.groups["web"].targets.values()] == ["i-01", "i-02"]
    await rig.clock.advance(2)
    assert [state.target.name for state in rig.node.groups["web"].targets.values()] == ["i-01"]
    assert rig.changes[-1] == ("i-02", "draining", "draining")


async def test_groups_that_are_not_named_stay(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(rig.group(target), rig.group(target, name="spare")))
    await rig.healthy()
    rig.node.change_target_groups({"spare": rig.group(name="spare")})
    assert (await rig.ask()).body == b"hello"
    assert rig.node.groups["web"].targets["10.0.0.1", 80].health.state is HealthState.HEALTHY


async def test_a_group_that_no_listener_uses_is_there_again_once_it_has_a_target(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(rig.group(target), rig.group(target, name="spare")))
    rig.node.change_target_groups({"spare": rig.group(name="spare")})
    await rig.clock.advance(301)
    described = replace(rig.describe(target), id="10.0.0.3")
    rig.node.change_target_groups({"spare": rig.group(described, name="spare")})
    (state,) = rig.node.groups["spare"].targets.values()
    assert (state.target, state.health.state) == (described, HealthState.UNUSED)
