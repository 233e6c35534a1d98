"""When a target's latency is near a time-out that the clock has shortened, and how often that is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.latency_watch import KEYS_MAX, Crossing, LatencyWatch, percentile, slower


def crossings(*latencies: float, limit_s: float = 1.0, needed: int = 100) -> list[Crossing]:
    watch = LatencyWatch(needed)
    return [crossing for latency in latencies if (crossing := watch.add("i-01", latency, limit_s)) is not None]


@pytest.mark.parametrize(
    ("latencies", "told"),
    [
        pytest.param([0.1] * 1000, 0, id="far below the limit: nothing to say"),
        pytest.param([0.79] * 1000, 0, id="79 % of the limit: nothing yet"),
        pytest.param([0.8] * 99, 0, id="99 requests: too few to say anything"),
        pytest.param([0.8] * 100, 1, id="80 % of the limit over 100 requests: told"),
        pytest.param([0.9] * 1000, 1, id="told once, however long it lasts"),
        pytest.param([0.1] * 99 + [5.0], 0, id="one slow answer of a hundred: the 99th percentile is fine"),
        pytest.param([0.1] * 98 + [5.0] * 2, 1, id="two slow answers of a hundred: told"),
        pytest.param([0.9] * 100 + [0.1] * 300 + [0.9] * 100, 2, id="slow, fine for long, slow again: told twice"),
        pytest.param([0.9] * 100 + [0.1] * 100 + [0.9] * 200, 1, id="still in the window: has not been fine yet"),
        pytest.param(
            [0.9] * 200 + [0.7] * 400 + [0.9] * 400, 1, id="between 60 % and 80 %: neither fine nor told anew"
        ),
        pytest.param([0.9] * 200 + [0.59] * 400 + [0.9] * 400, 2, id="below 60 %: fine"),
    ],
)
def test_how_often_it_is_told(latencies: list[float], told: int) -> None:
    assert len(crossings(*latencies)) == told


def test_the_numbers_that_are_told() -> None:
    (crossing,) = crossings(*[0.1] * 97, 0.95, 0.95, 0.95)
    assert (crossing.p99_s, crossing.limit_s, crossing.samples, crossing.is_cut) == (0.95, 1.0, 100, False)
    (cut,) = crossings(*[0.1] * 97, 1.02, 1.02, 1.02)
    assert cut.is_cut


def test_each_target_has_a_window_of_its_own() -> None:
    watch = LatencyWatch(10)
    for _ in range(9):
        assert watch.add("slow", 0.9, 1.0) is None
        assert watch.add("quick", 0.1, 1.0) is None
    assert watch.add("quick", 0.1, 1.0) is None
    assert watch.add("slow", 0.9, 1.0) is not None


def test_a_limit_that_changes_counts_from_the_next_verdict_on() -> None:
    watch = LatencyWatch(10)
    assert [watch.add("i-01", 0.5, 1.0) for _ in range(10)] == [None] * 10
    told = [watch.add("i-01", 0.5, 0.5) for _ in range(10)]
    assert told[:9] == [None] * 9
    assert told[9] is not None


def test_memory_is_bounded_by_forgetting_the_first() -> None:
    watch = LatencyWatch(2)
    watch.add("first", 0.9, 1.0)
    for number in range(KEYS_MAX):
        watch.add(number, 0.1, 1.0)
    assert watch.add("first", 0.9, 1.0) is None, "its first latency is forgotten: one of two again"
    assert watch.add("first", 0.9, 1.0) is not None


@pytest.mark.parametrize(
    ("timeout_s", "p99_s", "speed"),
    [
        pytest.param(60, 0.72, 41, id="60 s and 0.72 s: twice the latency is left at 41"),
        pytest.param(60, 0.06, 500, id="two digits are enough"),
        pytest.param(60, 0.0594, 500, id="rounded down, never up"),
        pytest.param(5, 0.5, 5, id="a health check's 5 s"),
        pytest.param(5, 0.3, 8.3, id="below ten: one decimal"),
        pytest.param(60, 40, 1, id="at speed 1 it is as AWS has it"),
    ],
)
def test_the_speed_that_leaves_room(timeout_s: float, p99_s: float, speed: float) -> None:
    assert slower(timeout_s, p99_s) == pytest.approx(speed)


@settings(derandomize=True, max_examples=200)
@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=300))
def test_a_99th_percentile_is_a_value_that_one_in_a_hundred_exceeds(values: list[float]) -> None:
    p99 = percentile(sorted(values), 99)
    assert p99 in values
    assert sum(value > p99 for value in values) <= len(values) / 100
    assert sum(value >= p99 for value in values) > len(values) / 100


@settings(derandomize=True, max_examples=200)
@given(st.floats(0.5, 4000), st.floats(0.0001, 100))
def test_the_speed_that_is_advised_leaves_twice_the_latency(timeout_s: float, p99_s: float) -> None:
    speed = slower(timeout_s, p99_s)
    assert speed >= 1
    if speed > 1:
        assert timeout_s / speed >= 2 * p99_s * (1 - 1e-9)
