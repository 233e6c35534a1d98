"""target.slow: how much time a target takes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from simlb.core.wildcards import Wildcard
from simlb.errors import SimlbError
from simlb.faults.selection import Match, Selection
from simlb.faults.target_slow import FAULT_TYPE, fixed, lognormal, ramp
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import install, order, sent, serve_checked, state_of


@pytest.mark.parametrize("is_secure", [False, True])
async def test_every_answer_takes_longer(rig: Rig, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE, delay=3.0)
    for _ in range(2):
        client = await sent(rig)
        done = len(rig.records)
        await rig.clock.advance(2.9)
        assert len(rig.records) == done
        await rig.clock.advance(0.1)
        assert (await client.response()).status == 200
    await fault.remove()
    assert (await rig.ask()).status == 200


@pytest.mark.parametrize(("delay", "state"), [(4.9, "healthy"), (5.1, "unhealthy")])
async def test_checks_take_longer_too(rig: Rig, delay: float, state: str) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, delay=delay)
    await rig.clock.advance(66)
    assert state_of(rig).health.state == state


async def test_a_check_counts_as_a_get_of_its_path(rig: Rig) -> None:
    await serve_checked(rig)
    selection = Selection(match=Match(method="GET", path=Wildcard("/api/*")))
    await install(rig, FAULT_TYPE, selection=selection, delay=9.0)
    await rig.clock.advance(66)
    assert state_of(rig).health.state == "healthy"
    assert (await rig.ask()).status == 200
    await install(rig, FAULT_TYPE, selection=Selection(match=Match(path=Wildcard("/health"))), delay=9.0)
    await rig.clock.advance(66)
    assert state_of(rig).health.state == "unhealthy"


def test_fixed_is_always_the_same() -> None:
    draw_s = fixed(0.3)
    assert {draw_s() for _ in range(5)} == {0.3}


@pytest.mark.parametrize(("median_s", "sigma", "p95_s"), [(0.1, 0.5, 0.2276), (0.1, 0.0, 0.1), (2.0, 1.0, 10.36)])
def test_lognormal_has_its_median_and_its_tail(median_s: float, sigma: float, p95_s: float) -> None:
    draw_s = lognormal(median_s, sigma, Random(3))
    drawn = sorted(draw_s() for _ in range(20_000))
    assert drawn[10_000] == pytest.approx(median_s, rel=0.03)
    assert drawn[19_000] == pytest.approx(p95_s, rel=0.05)
    again = lognormal(median_s, sigma, Random(3))
    assert [again() for _ in range(20_000)].count(drawn[0]) >= 1


def test_a_ramp_goes_evenly_and_stays() -> None:
    now = 100.0
    draw_s = ramp(0.1, 0.5, 40.0, lambda: now)
    seen = []
    for moment in (100.0, 110.0, 120.0, 140.0, 500.0):
        now = moment
        seen.append(round(draw_s(), 6))
    assert seen == [0.1, 0.2, 0.3, 0.5, 0.5]


async def test_a_ramp_begins_when_it_is_installed(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, distribution="ramp", to=4.0, over=40.0)
    assert (await rig.ask()).status == 200
    await rig.clock.advance(20)
    client = await sent(rig)
    await rig.clock.advance(1.9)
    assert len(rig.records) == 1
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "E621", "target.slow needs delay"),
    ({"distribution": "lognormal"}, "E621", "needs median"),
    ({"distribution": "ramp", "to": 1.0}, "E621", "needs over"),
    ({"distribution": "ramp", "over": 1.0}, "E621", "needs to"),
    ({"delay": 1.0, "median": 1.0}, "E620", "median does not go with distribution=fixed"),
    ({"distribution": "lognormal", "median": 1.0, "to": 2.0}, "E620", "to does not go with distribution=lognormal"),
    ({"distribution": "ramp", "to": 1.0, "over": 1.0, "sigma": 0.5}, "E620", "sigma does not go"),
]


@pytest.mark.parametrize(("values", "code", "words"), WRONG)
def test_what_does_not_go_together(values: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(SimlbError, match=words) as raised:
        FAULT_TYPE.build(order(FAULT_TYPE, **values))
    assert raised.value.code == code
