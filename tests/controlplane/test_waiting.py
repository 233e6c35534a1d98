"""What can be waited for, when it holds, and what is said when it does not come true."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from simlb.controlplane.views import InstanceView, TargetGroupView, TargetView
from simlb.controlplane.waiting import Condition, wait_until
from simlb.errors import SimlbError
from tests.controlplane.fakes import instance_view, target


def standing(**groups: dict[str, str]) -> InstanceView:
    """Target groups by name: their targets' states, `healthy 2` with two requests in flight."""
    web = instance_view().target_groups[0]
    return instance_view(
        target_groups=tuple(
            dataclasses.replace(web, name=name, targets=tuple(_target(*item) for item in targets.items()))
            for name, targets in groups.items()
        )
    )


def _target(name: str, written: str) -> TargetView:
    state, _, in_flight = written.partition(" ")
    reason = "Target.FailedHealthChecks" if state == "unhealthy" else None
    return target(name, state=state, reason=reason, in_flight=int(in_flight or 0))


TWO = standing(web={"i-01": "healthy 2", "i-02": "unhealthy"}, api={"i-01": "healthy", "i-03": "draining 1"})


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param(Condition(target="i-02", state="unhealthy"), True, id="a target's state"),
        pytest.param(Condition(target="i-02", state="healthy"), False, id="another state"),
        pytest.param(Condition(target="i-01", state="healthy"), True, id="in both groups that have it"),
        pytest.param(Condition(target="i-03", state="draining"), True, id="draining counts as long as it is there"),
        pytest.param(Condition(target="i-01", target_group="api", state="healthy"), True, id="in one group"),
        pytest.param(Condition(target="i-04", state="unused"), True, id="one that is gone is unused, as in elbv2"),
        pytest.param(Condition(target="i-04", state="healthy"), False, id="one that is gone is nothing else"),
        pytest.param(Condition(target_group="web", healthy=1), True, id="exactly so many healthy ones"),
        pytest.param(Condition(target_group="web", healthy=0), False, id="not more either"),
        pytest.param(Condition(in_flight=3), True, id="in flight anywhere"),
        pytest.param(Condition(in_flight=0), False, id="nothing in flight"),
        pytest.param(Condition(target_group="web", in_flight=2), True, id="in flight to a group"),
        pytest.param(Condition(target="i-01", in_flight=2), True, id="in flight to a target, wherever it is"),
        pytest.param(Condition(target="i-02", in_flight=0), True, id="nothing in flight to a target"),
    ],
)
def test_when_it_holds(condition: Condition, holds: bool) -> None:
    assert condition.holds(TWO) is holds


def test_a_target_in_two_groups_has_to_have_the_state_in_both() -> None:
    mixed = standing(web={"i-01": "healthy"}, api={"i-01": "unhealthy"})
    assert not Condition(target="i-01", state="healthy").holds(mixed)
    assert Condition(target="i-01", target_group="web", state="healthy").holds(mixed)


@pytest.mark.parametrize(
    ("condition", "code", "hint"),
    [
        (Condition(target="i-1", state="healthy"), "E302", "did you mean i-01?"),
        (Condition(target="i-02", target_group="api", state="healthy"), "E302", "did you mean i-03?"),
        (Condition(target_group="wed", healthy=1), "E304", "did you mean web?"),
        (Condition(target_group="nothing", in_flight=0), "E304", "there are: web, api"),
    ],
)
async def test_names_that_nothing_has(condition: Condition, code: str, hint: str) -> None:
    with pytest.raises(SimlbError) as caught:
        await wait_until(condition, lambda: TWO, 5)
    assert (caught.value.code, caught.value.hints) == (code, (hint,))


async def test_it_comes_true_while_somebody_waits() -> None:
    views = iter([TWO, TWO, standing(web={"i-02": "healthy"})])
    assert (
        (await wait_until(Condition(target="i-02", state="healthy"), lambda: next(views), 5)).target_groups[0].healthy
    )


async def test_a_target_that_goes_while_somebody_waits_is_unused() -> None:
    views = iter([standing(web={"i-02": "draining"}), standing(web={})])
    await wait_until(Condition(target="i-02", state="unused"), lambda: next(views), 5)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(target="i-02", state="healthy"), "Not within 0 s: i-02 is healthy."),
        (Condition(target="i-03", target_group="api", state="healthy"), "Not within 0 s: i-03 in api is healthy."),
        (Condition(target_group="web", healthy=2), "Not within 0 s: 2 healthy in web."),
        (Condition(target="i-01", in_flight=9), "Not within 0 s: 9 in flight to i-01."),
    ],
)
async def test_what_is_said_when_it_does_not(condition: Condition, said: str) -> None:
    with pytest.raises(SimlbError) as caught:
        await wait_until(condition, lambda: TWO, 0)
    error = caught.value
    assert (error.code, error.what, error.exit_status) == ("E614", said, 1)
    assert error.notes == (
        "web: i-01 healthy, 2 in flight, i-02 unhealthy (Target.FailedHealthChecks)",
        "api: i-01 healthy, i-03 draining, 1 in flight",
    )


async def test_waiting_leaves_the_loop_to_others() -> None:
    """Looking at a large instance takes a while; what is looked at has to go on meanwhile."""
    loop = asyncio.get_running_loop()
    looked, busy_s = 0, 0.002

    def slowly() -> InstanceView:
        nonlocal looked
        looked += 1
        until = loop.time() + busy_s
        while loop.time() < until:
            pass
        return TWO

    began_at = loop.time()
    with pytest.raises(SimlbError, match="Not within"):
        await wait_until(Condition(in_flight=0), slowly, 0.06)
    assert looked * busy_s < 0.4 * (loop.time() - began_at)


def test_groups_are_as_elbv2_counts_them() -> None:
    group: TargetGroupView = TWO.target_groups[1]
    assert (group.registered, group.healthy) == (1, 1)
