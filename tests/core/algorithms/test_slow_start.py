"""Slow start: a new target's share rises in a straight line (reference 5.4; 10, vector 14)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.algorithms.round_robin import RoundRobin
from simlb.core.algorithms.slow_start import SlowStart, ramp_weight

DURATION_S = 100.0


class Place:
    def __init__(self, name: str, ramping_since: float | None = None) -> None:
        self.name = name
        self.ramping_since = ramping_since


def machine(duration_s: float = DURATION_S) -> SlowStart[Place]:
    return SlowStart(RoundRobin(), duration_s)


def share_of_new(full: int, new: int, begin_s: float, end_s: float, rate: int = 100) -> float:
    """The part of the requests from `begin_s` to `end_s` of a ramp that each of the new targets gets."""
    places = [*(Place(f"full-{n}") for n in range(full)), *(Place(f"new-{n}", 0.0) for n in range(new))]
    algorithm = machine()
    served = chosen = 0
    for number in range(int(end_s * rate)):
        now = number / rate
        choice = algorithm.choose(places, now, Random(0))
        if now >= begin_s:
            served += 1
            chosen += choice.ramping_since is not None
    return chosen / served / new


@pytest.mark.parametrize(
    ("elapsed", "weight"),
    [(0.0, 0.01), (0.5, 0.01), (1.0, 0.01), (25.0, 0.25), (50.0, 0.5), (100.0, 1.0), (130.0, 1.0)],
)
def test_the_weight_is_the_part_of_the_ramp_that_has_passed(elapsed: float, weight: float) -> None:
    assert ramp_weight(elapsed, DURATION_S) == weight


@pytest.mark.parametrize(
    ("full", "new", "around_s", "share"),
    [
        pytest.param(1, 1, 10, 0.05, id="one and one, a tenth of the way: 5 %"),
        pytest.param(1, 1, 30, 0.15, id="one and one, three tenths: 15 %"),
        pytest.param(1, 1, 50, 0.25, id="one and one, half way: 25 %"),
        pytest.param(1, 1, 70, 0.35, id="one and one, seven tenths: 35 %"),
        pytest.param(1, 1, 90, 0.45, id="one and one, nine tenths: 45 %"),
        pytest.param(1, 1, 120, 0.50, id="one and one, after the ramp: 50 %"),
        pytest.param(3, 1, 50, 0.125, id="three and one, half way: half of a quarter"),
        pytest.param(1, 3, 50, 0.125, id="one and three new, half way: each half of a quarter"),
        pytest.param(9, 1, 90, 0.09, id="nine and one, nine tenths: 9 %"),
    ],
)
def test_the_share_rises_in_a_straight_line(full: int, new: int, around_s: int, share: float) -> None:
    assert share_of_new(full, new, around_s - 5, around_s + 5, rate=40) == pytest.approx(share, abs=0.012)


def test_the_others_go_on_in_turn() -> None:
    places = [Place("a"), Place("b"), Place("c"), Place("n", 0.0)]
    algorithm = machine()
    chosen = [algorithm.choose(places, 40.0, Random(0)).name for _ in range(400)]
    others = [name for name in chosen if name != "n"]
    assert "".join(others) == ("abc" * 400)[: len(others)]
    assert chosen.count("n") == pytest.approx(40, abs=2)


def test_the_cycle_outlives_a_ramp() -> None:
    cycle = RoundRobin()
    algorithm: SlowStart[Place] = SlowStart(cycle, DURATION_S)
    a, b, c, n = Place("a"), Place("b"), Place("c"), Place("n", 0.0)
    assert [cycle.choose([a, b, c], 0.0, Random(0)).name for _ in range(2)] == ["a", "b"]
    assert algorithm.choose([a, b, c, n], 0.0, Random(0)).name == "c"
    assert algorithm.choose([a, b, c, n], 0.0, Random(0)).name == "a"
    assert cycle.choose([a, b, c, n], 100.0, Random(0)).name == "b"


def test_a_wait_that_began_at_the_lowest_weight_shrinks_with_the_ramp() -> None:
    """At 1 % the first request is a hundred rounds away; nobody comes for half the ramp, and it is two."""
    places = [Place("a"), Place("n", 0.0)]
    algorithm = machine()
    algorithm.choose(places, 0.0, Random(0))
    chosen = [algorithm.choose(places, 50.0, Random(0)).name for _ in range(8)]
    assert chosen.index("n") == 3


def test_only_ramping_targets_are_left() -> None:
    """Who is further gets more, and nobody waits for a deadline."""
    old, new = Place("old", 0.0), Place("new", 60.0)
    algorithm = machine()
    chosen = [algorithm.choose([old, new], 80.0, Random(0)).name for _ in range(500)]
    assert chosen.count("old") / 500 == pytest.approx(0.8, abs=0.02)


def test_after_a_time_alone_the_ramping_ones_are_not_behind_when_a_full_one_is_back() -> None:
    old, new, back = Place("old", 0.0), Place("new", 0.0), Place("back")
    algorithm = machine()
    pair, trio = [old, new], [old, new, back]
    for _ in range(300):
        algorithm.choose(pair, 50.0, Random(0))
    chosen = [algorithm.choose(trio, 50.0, Random(0)).name for _ in range(60)]
    assert [chosen.count(name) for name in ("old", "new", "back")] == pytest.approx([10, 10, 40], abs=2)


def test_whoever_is_left_out_for_once_keeps_what_it_has_waited() -> None:
    a, n = Place("a"), Place("n", 0.0)
    algorithm = machine()
    both, one = [a, n], [a]
    chosen = []
    for _ in range(20):
        chosen.append(algorithm.choose(both, 50.0, Random(0)).name)
        algorithm.choose(one, 50.0, Random(0))
    assert chosen.count("n") >= 5


def test_a_second_ramp_begins_at_the_bottom() -> None:
    a, n = Place("a"), Place("n", 0.0)
    algorithm = machine()
    for _ in range(50):
        algorithm.choose([a, n], 99.0, Random(0))
    n.ramping_since = 200.0
    places = [a, n]
    assert {algorithm.choose(places, 200.0, Random(0)).name for _ in range(150)} == {"a"}


def test_a_shorter_duration_counts_at_once() -> None:
    places = [Place("a"), Place("n", 0.0)]
    algorithm = machine(900.0)
    for _ in range(10):
        algorithm.choose(places, 30.0, Random(0))
    algorithm.duration_s = 30.0
    chosen = [algorithm.choose(list(places), 30.0, Random(0)).name for _ in range(100)]
    assert chosen.count("n") == pytest.approx(50, abs=2)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.floats(0.0, 100.0))
def test_nobody_gets_more_than_a_full_share(full: int, new: int, at: float) -> None:
    places = [*(Place("full") for _ in range(full)), *(Place("new", 0.0) for _ in range(new))]
    algorithm = machine()
    requests = 50 * len(places)
    chosen = [algorithm.choose(places, at, Random(0)) for _ in range(requests)]
    for place in places[full:]:
        assert chosen.count(place) == pytest.approx(50 * ramp_weight(at, DURATION_S), abs=2.01)


class Counted(float):
    """A number that counts how often it is compared."""

    comparisons = 0

    def __lt__(self, other: float) -> bool:
        Counted.comparisons += 1
        return float.__lt__(self, other)

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return float.__eq__(self, other) is True

    __hash__ = float.__hash__

    def __add__(self, other: float) -> Counted:
        return Counted(float.__add__(self, other))


def test_a_choice_among_a_thousand_ramping_targets_costs_a_few_comparisons() -> None:
    places = [Place(str(number), 0.0) for number in range(1000)]
    algorithm = machine()
    algorithm.choose(places, 50.0, Random(0))
    algorithm._due = [(Counted(deadline), place, target) for deadline, place, target in algorithm._due]
    Counted.comparisons = 0
    for _ in range(2000):
        algorithm.choose(places, 50.0, Random(0))
    assert 0 < Counted.comparisons / 2000 < 50, "log2(1000) is 10; a scan would take 1000"
