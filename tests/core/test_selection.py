"""Algorithms at work in a group: its books, live changes, and who is in slow start (reference 5.2-5.4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.anomaly import AnomalyResult
from tests.core.groups import Group

# -- who enters slow start, and who leaves it (reference 5.4) ----------------------------------------------------------


def slow_group(names: str = "ab") -> Group:
    """A group with slow start whose first batch is healthy."""
    group = Group(names, slow_start_s=100)
    group.probe(**dict.fromkeys(names, "P"))
    return group


def test_the_first_batch_of_an_empty_group_does_not_enter() -> None:
    group = Group("abc", slow_start_s=100)
    for second, name in enumerate("abc"):
        group.now = float(second)
        group.probe(**{name: "P"})
    assert group.ramping == ""


def test_a_group_that_comes_into_use_is_a_first_batch() -> None:
    group = Group("ab", in_use=False, slow_start_s=100)
    group.register("ab")
    group.probe(a="P", b="P")
    assert group.ramping == ""


def test_one_that_joins_healthy_ones_enters() -> None:
    group = slow_group()
    group.register("abc")
    assert group.ramping == "", "not before it is healthy"
    group.now = 10.0
    group.probe(c="P")
    assert (group.ramping, group["c"].ramping_since) == ("c", 10.0)


def test_nobody_enters_without_slow_start() -> None:
    group = Group("ab")
    group.probe(a="P", b="P")
    group.register("abc")
    group.probe(c="P")
    assert group.ramping == ""


def test_without_a_healthy_target_nobody_enters() -> None:
    group = slow_group()
    group.probe(a="FF", b="FF")
    group.register("abc")
    group.probe(c="P")
    assert group.ramping == ""


def test_beside_none_but_ramping_targets_nobody_enters() -> None:
    group = slow_group("a")
    group.register("ab")
    group.probe(b="P")
    group.probe(a="FF")
    assert group.ramping == "b"
    group.register("abc")
    group.probe(c="P")
    assert group.ramping == "b", "c has its full share at once"


def test_it_leaves_when_the_duration_has_passed() -> None:
    group = slow_group()
    group.register("abc")
    group.probe(c="P")
    group.state.tick(99.9)
    assert (group.ramping, group.state.is_slow_starting) == ("c", True)
    group.state.tick(100.0)
    assert (group.ramping, group.state.is_slow_starting) == ("", False)
    assert sorted(group.serve(3)) == ["a", "b", "c"]


def test_unhealthy_leaves_and_healthy_again_enters_again() -> None:
    group = slow_group()
    group.register("abc")
    group.probe(c="P")
    group.probe(c="FF")
    assert group.ramping == ""
    group.now = 50.0
    group.probe(c="PPPPP")
    assert group["c"].ramping_since == 50.0
    group.probe(a="FF")
    group.now = 60.0
    group.probe(a="PPPPP")
    assert (group.ramping, group["a"].ramping_since) == ("ac", 60.0), "one of the first batch as well"


def test_deregistered_leaves_and_registered_again_enters_again() -> None:
    group = slow_group()
    group.register("abc")
    group.probe(c="P")
    group.register("ab")
    assert group.ramping == ""
    group.register("abc")
    group.now = 30.0
    group.probe(c="P")
    assert group["c"].ramping_since == 30.0


def test_a_group_that_goes_out_of_use_ends_its_ramps() -> None:
    group = slow_group()
    group.register("abc")
    group.probe(c="P")
    group.register("abc", in_use=False)
    assert group.ramping == ""


def test_switching_it_on_leaves_healthy_targets_alone() -> None:
    group = Group("ab")
    group.probe(a="P", b="P")
    group.register("ab", slow_start_s=100)
    assert group.ramping == ""
    group.register("abc")
    group.probe(c="P")
    assert group.ramping == "c"


def test_switching_it_off_ends_ramps() -> None:
    group = slow_group()
    group.register("abc")
    group.probe(c="P")
    group.register("abc", slow_start_s=0)
    assert group.ramping == ""
    assert sorted(group.serve(3)) == ["a", "b", "c"]


def test_another_duration_counts_for_ramps_under_way() -> None:
    group = slow_group()
    group.register("abc")
    group.probe(c="P")
    assert group.state.ramp_weight(group["c"], 30.0) == 0.3
    group.register("abc", slow_start_s=40)
    assert group.state.ramp_weight(group["c"], 30.0) == 0.75
    assert group.state.ramp_weight(group["a"], 30.0) == 1.0
    group.state.tick(40.0)
    assert group.ramping == ""


@pytest.mark.parametrize(
    ("at", "share"), [(0, 0.005), (20, 0.1), (40, 0.2), (60, 0.3), (80, 0.4), (99, 0.495), (100, 0.5), (200, 0.5)]
)
def test_the_share_of_a_new_target_beside_one_other(at: int, share: float) -> None:
    """Reference 10, vector 14."""
    group = slow_group("a")
    group.register("ab")
    group.probe(b="P")
    group.now = float(at)
    group.state.tick(group.now)
    assert group.serve(1000).count("b") / 1000 == pytest.approx(share, abs=0.003)


def test_the_cycle_goes_on_through_a_ramp() -> None:
    group = slow_group("abc")
    assert group.serve(2) == "ab"
    group.register("abcn")
    group.probe(n="P")
    assert group.serve(2) == "ca"
    group.state.tick(100.0)
    assert group.serve(4) == "bcna"


# -- books, and other algorithms ---------------------------------------------------------------------------------------


def test_the_books_of_a_request() -> None:
    group = Group("a")
    group.state.begin(group["a"])
    group.state.begin(group["a"])
    group.state.end(group["a"], failed=True)
    one = group["a"]
    assert (one.outstanding, one.requests, one.errors) == (1, 2, 1)
    group.state.end(group["a"], failed=False)
    assert (one.outstanding, one.requests, one.errors) == (0, 2, 1)


def test_least_outstanding_requests_follows_begin_and_end() -> None:
    group = Group("abc", algorithm="least_outstanding_requests")
    group.probe(a="P", b="P", c="P")
    chosen = ""
    for _ in range(4):
        chosen += (name := group.choose())
        group.state.begin(group[name])
    group.state.end(group["b"], failed=False)
    assert chosen + group.choose() == "abcab"


def test_a_target_that_is_out_and_back_has_the_count_it_has() -> None:
    group = Group("ab", algorithm="least_outstanding_requests")
    group.probe(a="P", b="P")
    for _ in range(3):
        group.state.begin(group["a"])
    group.probe(a="FF")
    assert group.serve(2) == "bb"
    group.state.end(group["a"], failed=False)
    group.probe(a="PPPPP")
    assert group.serve(2) == "bb", "two are still under way on a"


def test_another_algorithm_counts_at_once_and_keeps_health_and_books() -> None:
    group = Group("ab")
    group.probe(a="P", b="P")
    for _ in range(2):
        group.state.begin(group["a"])
    assert group.serve(2) == "ab"
    group.register("ab", algorithm="least_outstanding_requests")
    assert group.serve(3) == "bbb"
    assert (group["a"].outstanding, group["a"].is_healthy) == (2, True)
    group.register("ab", algorithm="round_robin")
    assert group.serve(4) == "abab"
    group.register("ab", algorithm="weighted_random")
    assert group.state.algorithm == "weighted_random"
    assert set(group.serve(40)) == {"a", "b"}


def test_the_same_attributes_again_do_not_turn_the_cycle_back() -> None:
    group = Group("abc")
    group.probe(a="P", b="P", c="P")
    assert group.serve(1) == "a"
    group.register("abc")
    assert group.serve(3) == "bca"


@pytest.mark.parametrize("algorithm", ["round_robin", "least_outstanding_requests", "weighted_random"])
def test_another_target_than_those_tried(algorithm: str) -> None:
    group = Group("abc", algorithm=algorithm)
    group.probe(a="P", b="P", c="P")
    tried = [group["a"], group["c"]]
    assert group.state.choose_other(tried, 0.0, group.random) is group["b"]
    assert group.state.choose_other([*tried, group["b"]], 0.0, group.random) is None


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(["+", "a", "b", "c", "d"]), max_size=60))
def test_the_group_never_picks_one_with_more_under_way_than_another(steps: list[str]) -> None:
    group = Group("abcd", algorithm="least_outstanding_requests")
    group.probe(a="P", b="P", c="P", d="P")
    for step in steps:
        if step == "+":
            fewest = min(one.outstanding for one in group.state.candidates)
            name = group.choose()
            assert group[name].outstanding == fewest
            group.state.begin(group[name])
        elif group[step].outstanding:
            group.state.end(group[step], failed=False)


# -- anomalies (reference 5.3) -----------------------------------------------------------------------------------------


def run(group: Group, seconds: int, *, failing: str = "", rate: int = 12) -> dict[str, int]:
    """So many seconds of traffic, of which every request of the `failing` targets fails."""
    served = dict.fromkeys("abcd", 0)
    for _ in range(seconds):
        for _ in range(rate):
            name = group.choose()
            served[name] += 1
            group.state.begin(group[name])
            group.state.end(group[name], failed=name in failing)
        group.now += 1.0
        group.state.tick(group.now)
    return served


def anomaly_group(**attributes: Any) -> Group:
    group = Group("abcd", **attributes)
    group.probe(a="P", b="P", c="P", d="P")
    return group


def test_a_failing_target_loses_its_traffic_and_gets_it_back() -> None:
    group = anomaly_group(algorithm="weighted_random", anomaly_mitigation=True)
    run(group, 10, failing="d")
    assert (group["d"].anomaly, group["d"].weight) == (AnomalyResult.ANOMALOUS, 0.05)
    assert (group["d"].is_mitigated, group["a"].is_mitigated) == (True, False)
    served = run(group, 50, failing="d")
    assert 0 < served["d"] < 40, "a little, to see whether it has recovered: 600 requests came"
    run(group, 130)
    assert (group["d"].anomaly, group["d"].weight) == (AnomalyResult.NORMAL, 1.0)
    served = run(group, 50)
    assert served["d"] == pytest.approx(150, abs=35)


def test_without_mitigation_it_is_only_shown() -> None:
    group = anomaly_group()
    run(group, 10, failing="d")
    assert (group["d"].anomaly, group["d"].weight) == (AnomalyResult.ANOMALOUS, 1.0)
    assert run(group, 10, failing="d")["d"] == 30


def test_switching_mitigation_off_gives_the_traffic_back_at_once() -> None:
    group = anomaly_group(algorithm="weighted_random", anomaly_mitigation=True)
    run(group, 10, failing="d")
    group.register("abcd", anomaly_mitigation=False)
    assert group["d"].weight == 1.0
    assert run(group, 4)["d"] > 4


def test_tick_tells_what_has_changed_and_evaluates_every_five_seconds() -> None:
    group = anomaly_group()
    for name in "abcd":
        for _ in range(20):
            group.state.begin(group[name])
            group.state.end(group[name], failed=name == "b")
    assert group.state.tick(4.9) == []
    assert group.state.tick(5.0) == [group["b"]]
    assert group.state.tick(6.0) == []
    assert group.state.tick(10.0) == [], "as before"
