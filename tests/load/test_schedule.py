"""When the requests of a load are due."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.load.plan import LoadPlan
from simlb.load.schedule import ClosedSchedule, OpenSchedule, schedule


def plan(**members: Any) -> LoadPlan:
    return LoadPlan.from_json({"id": "users", **members})


def times(coming: OpenSchedule, most: int = 10_000) -> list[float]:
    """Everything that is due."""
    found: list[float] = []
    while coming.peek() is not None and len(found) < most:
        found.append(coming.take())
    return found


def due(**members: Any) -> list[float]:
    return [round(time, 4) for time in times(OpenSchedule(plan(**members)))]


RAMP = {"kind": "ramp", "to_rate_per_s": 4, "over_s": 2}
SPIKE = {"kind": "spike", "rate_per_s": 1, "peak_rate_per_s": 4, "peak_at_s": 2, "peak_for_s": 1}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"rate_per_s": 4, "duration_s": 1}, [0, 0.25, 0.5, 0.75]),
        ({"rate_per_s": 0.5, "requests": 3}, [0, 2, 4]),
        ({"rate_per_s": 20, "duration_s": 0.01}, [0]),
        # 1 a second for 2 s, 4 a second for 1 s, then 1 a second again.
        (SPIKE | {"duration_s": 6}, [0, 1, 2, 2.25, 2.5, 2.75, 3, 4, 5]),
        (SPIKE | {"rate_per_s": 0, "duration_s": 5}, [2, 2.25, 2.5, 2.75]),
        # From 0 to 4 a second within 2 s: t^2 requests after t seconds, 4 after 2, then 4 a second.
        (RAMP | {"rate_per_s": 0, "duration_s": 3}, [0, 1, 1.4142, 1.7321, 2, 2.25, 2.5, 2.75]),
        # From 4 to 0 a second within 2 s: 4 t - t^2 requests after t seconds, none afterwards.
        (RAMP | {"rate_per_s": 4, "to_rate_per_s": 0}, [0, 0.2679, 0.5858, 1]),
        (RAMP | {"rate_per_s": 4, "duration_s": 1}, [0, 0.25, 0.5, 0.75]),
    ],
)
def test_open_loads(members: dict[str, Any], expected: list[float]) -> None:
    assert due(**members) == expected


@pytest.mark.parametrize(
    ("members", "at_s", "rate"),
    [
        ({"rate_per_s": 5}, 100, 5),
        (RAMP | {"rate_per_s": 2}, 0, 2),
        (RAMP | {"rate_per_s": 2}, 1, 3),
        (RAMP | {"rate_per_s": 2}, 9, 4),
        (SPIKE, 1.9, 1),
        (SPIKE, 2.5, 4),
        (SPIKE, 3.5, 1),
    ],
)
def test_the_rate_in_force(members: dict[str, Any], at_s: float, rate: float) -> None:
    assert OpenSchedule(plan(**members)).rate_at(at_s) == pytest.approx(rate)


def test_a_schedule_is_over_when_nothing_can_come() -> None:
    coming = OpenSchedule(plan(rate_per_s=2, duration_s=1))
    assert (coming.is_over, times(coming), coming.is_over) == (False, [0, 0.5], True)


def test_silence_is_not_the_end_since_the_rate_may_be_changed() -> None:
    silent = OpenSchedule(plan(**RAMP | {"rate_per_s": 4, "to_rate_per_s": 0}))
    times(silent)
    is_over = silent.is_over
    silent.end()
    assert (is_over, silent.is_over) == (False, True)


def test_a_ramp_from_nothing_that_is_cut_before_its_next_request_is_over() -> None:
    coming = OpenSchedule(plan(**RAMP | {"rate_per_s": 0, "duration_s": 0.5}))
    assert times(coming) == [0]
    assert coming.is_over


@pytest.mark.parametrize(
    ("rate", "at_s", "expected"),
    [
        (8, 1.0, [1.0, 1.125, 1.25]),  # the request due at 1.0 is due still
        (8, 1.125, [1.1875, 1.3125]),  # half of the gap has passed: half of the new gap is left
        (1, 1.125, [1.625, 2.625]),
        (0, 1.125, []),
    ],
)
def test_another_rate(rate: float, at_s: float, expected: list[float]) -> None:
    coming = OpenSchedule(plan(rate_per_s=4))
    for _ in range(4 if at_s <= 1 else 5):
        coming.take()
    coming.change_rate(rate, at_s)
    assert times(coming, len(expected) or 5) == pytest.approx(expected)


def test_another_rate_within_a_ramp_and_after_silence() -> None:
    coming = OpenSchedule(plan(kind="ramp", rate_per_s=0, to_rate_per_s=4, over_s=2))
    times(coming, 3)  # 0, 1, 1.41; the next one at 1.73, when 3 are due
    coming.change_rate(0, 1.5)  # 2.25 were due by now
    assert coming.peek() is None
    coming.change_rate(0.75, 10)
    assert coming.peek() == pytest.approx(11)


@settings(derandomize=True, max_examples=50)
@given(st.integers(0, 10_000), st.floats(1, 200))
def test_poisson_arrivals_keep_to_their_seed_and_rate(seed: int, rate: float) -> None:
    wanted = {"rate_per_s": rate, "arrivals": "poisson", "seed": seed, "requests": 400}
    first = times(OpenSchedule(plan(**wanted)))
    assert first == times(OpenSchedule(plan(**wanted)))
    assert all(before < after for before, after in pairwise(first))
    # 400 exponential gaps: their sum is within 25 % of the mean (five standard deviations).
    assert first[-1] * rate == pytest.approx(400, rel=0.25)


@settings(derandomize=True, max_examples=50)
@given(st.floats(0, 50), st.floats(0.1, 50), st.floats(0.5, 20))
def test_a_ramp_sends_what_its_mean_rate_says(low: float, high: float, over_s: float) -> None:
    found = times(OpenSchedule(plan(kind="ramp", rate_per_s=low, to_rate_per_s=high, over_s=over_s, duration_s=over_s)))
    assert len(found) == pytest.approx((low + high) / 2 * over_s, abs=1.001)
    assert found == sorted(found)


# -- closed ------------------------------------------------------------------------------------------------------------


def test_users_begin_spread_over_one_think_time_and_think_after_each_answer() -> None:
    coming = schedule(plan(kind="closed", users=4, think_s=2))
    assert isinstance(coming, ClosedSchedule)
    assert [coming.take() for _ in range(4)] == [0, 0.5, 1, 1.5]
    assert coming.peek() is None
    assert not coming.is_over
    coming.finished(3)
    coming.finished(2.5)
    assert [coming.take(), coming.take()] == [4.5, 5]


def test_users_without_think_time_ask_at_once() -> None:
    coming = ClosedSchedule(plan(kind="closed", users=2))
    assert [coming.take(), coming.take()] == [0, 0]
    coming.finished(0.25)
    assert coming.peek() == 0.25


def test_a_closed_load_ends_with_its_duration_its_requests_or_by_request() -> None:
    coming = ClosedSchedule(plan(kind="closed", users=2, think_s=1, duration_s=2))
    coming.take(), coming.take()
    coming.finished(0.9)
    coming.finished(1.1)  # would think until 2.1
    assert coming.take() == 1.9
    is_over = coming.is_over  # one user has not got an answer
    coming.finished(1.95)
    assert (is_over, coming.is_over) == (False, True)

    coming = ClosedSchedule(plan(kind="closed", users=2, requests=1))
    coming.take()
    assert coming.peek() is None
    assert coming.is_over

    coming = ClosedSchedule(plan(kind="closed", users=2))
    coming.end()
    assert coming.peek() is None
    assert coming.is_over
