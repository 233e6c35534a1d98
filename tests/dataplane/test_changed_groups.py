"""Target groups that change while listeners stay: targets come and go by command (reference 2.3, 2.5)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from simlb.core.health import HealthState
from simlb.core.model import Target
from simlb.dataplane.health_checker import FIRST_PROBES_AT_ONCE
from simlb.dataplane.node import TOLD_AT_ONCE
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


MANY = 3 * TOLD_AT_ONCE + 5


async def turns(rig: Rig, done: Callable[[], bool]) -> list[int]:
    """How much is told in each turn of the loop, until it is done."""
    told = [len(rig.changes)]
    while not done():
        await asyncio.sleep(0)
        told.append(len(rig.changes))
    return [after - before for before, after in itertools.pairwise(told)]


def many(rig: Rig) -> list[Target]:
    return [rig.describe(rig.targets[0], number) for number in range(1, MANY + 1)]


async def test_of_many_targets_a_few_are_told_of_in_one_turn(rig: Rig) -> None:
    """Requests get their turn in between. All of them are in force from the first one on."""
    target = await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(rig.group(*many(rig)),))
    await rig.healthy()
    rig.changes.clear()
    leaving = asyncio.ensure_future(rig.apply(rig.listener(), groups=(rig.group(target, delay_s=30),)))
    counts = await turns(rig, leaving.done)
    assert sum(counts) == len([each for each in rig.changes if each[2] == "draining"]) == MANY - 1
    assert max(counts) <= TOLD_AT_ONCE
    assert (await rig.ask()).body == b"hello"
    # And so it is when their time is over.
    rig.changes.clear()
    await rig.clock.advance(31)
    assert len(rig.changes) == MANY - 1
    assert len(rig.node.groups["web"].targets) == 1


async def test_many_first_probes_begin_a_few_in_one_turn(rig: Rig) -> None:
    await rig.target(answer(OK))
    coming = asyncio.ensure_future(rig.apply(rig.listener(), groups=(rig.group(*many(rig)),)))
    states: list[int] = [0]
    while not coming.done() or states[-1] < MANY:
        await asyncio.sleep(0)
        groups = rig.node.groups.values()
        states.append(
            sum(state.health.reason != "Elb.RegistrationInProgress" for g in groups for state in g.targets.values())
        )
    assert max(after - before for before, after in itertools.pairwise(states)) <= FIRST_PROBES_AT_ONCE
    await rig.healthy()


async def test_a_change_that_nobody_waits_for_any_longer_is_told_to_its_end(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(rig.group(*many(rig)),))
    await rig.healthy()
    rig.changes.clear()
    leaving = asyncio.ensure_future(rig.apply(rig.listener(), groups=(rig.group(target, delay_s=30),)))
    while not rig.changes:
        await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert len(rig.changes) == MANY - 1
    await rig.clock.advance(31)
    assert len(rig.node.groups["web"].targets) == 1


async def test_an_end_amid_a_change_leaves_nothing_behind(rig: Rig) -> None:
    target = await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(rig.group(target),))
    coming = asyncio.ensure_future(rig.apply(rig.listener(), groups=(rig.group(*many(rig)),)))
    while (states := rig.node.groups["web"].targets) and len(states) < MANY:
        await asyncio.sleep(0)
    assert not coming.done()
    await rig.node.close(grace_s=0)
    await coming
    assert [state for state in states.values() if rig.node.next_check_at(state) is not None] == []
