"""When so few targets are healthy that all of them get traffic (reference 2.4)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.target_group import RoutingMode
from tests.core.groups import Group

M = RoutingMode


@pytest.mark.parametrize(
    ("health", "count", "percentage", "candidates", "mode"),
    [
        pytest.param("a:P b:FF c:FF", 1, None, "a", M.HEALTHY, id="by default one healthy target is enough"),
        pytest.param("a:FF b:FF c:FF", 1, None, "abc", M.FAIL_OPEN, id="none: all"),
        pytest.param("a:P b:P c:FF", 2, None, "ab", M.HEALTHY, id="two of two needed"),
        pytest.param("a:P b:FF c:FF", 2, None, "abc", M.FAIL_OPEN, id="one of two needed: all"),
        pytest.param("a:P b:P c:FF d:FF", 1, 50, "ab", M.HEALTHY, id="50 % of 50 % needed"),
        pytest.param("a:P b:FF c:FF", 1, 50, "abc", M.FAIL_OPEN, id="33 % of 50 % needed: all"),
        pytest.param("a:P b:P c:FF", 3, 50, "abc", M.FAIL_OPEN, id="either threshold suffices: the count"),
        pytest.param("a:P b:P c:FF", 1, 67, "abc", M.FAIL_OPEN, id="either threshold suffices: the percentage"),
        pytest.param("a:P b:P c:FF", 1, 66, "ab", M.HEALTHY, id="66.7 % of 66 % needed"),
        pytest.param("a:P b:P c:P", 1, 100, "abc", M.HEALTHY, id="all of 100 % needed"),
        pytest.param("a:P b: c:", 2, None, "abc", M.FAIL_OPEN, id="initial targets count as not healthy"),
        pytest.param("a: b: c:", 2, None, "", M.ALL_INITIAL, id="but nobody has passed or failed yet: 503"),
        pytest.param("a:F b:", 2, 50, "", M.ALL_INITIAL, id="one failure is no verdict yet"),
        pytest.param("a:P", 3, None, "a", M.FAIL_OPEN, id="more are needed than there are"),
        pytest.param("", 3, 50, "", M.NO_TARGETS, id="no target at all"),
    ],
)
def test_thresholds(health: str, count: int, percentage: int | None, candidates: str, mode: RoutingMode) -> None:
    probes = dict(pair.split(":") for pair in health.split())
    group = Group("".join(probes), minimum_healthy_targets_count=count, minimum_healthy_targets_percentage=percentage)
    group.probe(**probes)
    assert (group.candidates, group.state.mode) == (candidates, mode)


def test_draining_targets_count_neither_as_healthy_nor_as_registered() -> None:
    group = Group("abcd", minimum_healthy_targets_percentage=50)
    group.probe(a="P", b="P", c="FF", d="FF")
    group.register("acd")
    assert (group.candidates, group.state.mode) == ("acd", M.FAIL_OPEN), "one of three"
    group.register("ac")
    assert (group.candidates, group.state.mode) == ("a", M.HEALTHY), "one of two"


def test_a_changed_threshold_counts_at_once() -> None:
    group = Group("abc")
    group.probe(a="P", b="FF", c="FF")
    group.register("abc", minimum_healthy_targets_count=2)
    assert group.candidates == "abc"
    group.register("abc", minimum_healthy_targets_count=1)
    assert group.candidates == "a"


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["", "P", "FF", "PFF", "FFPPPPP"]), max_size=5),
    st.sampled_from(["round_robin", "least_outstanding_requests", "weighted_random"]),
    st.integers(1, 3),
    st.none() | st.integers(1, 100),
)
def test_nobody_is_chosen_who_is_out(
    probes: dict[str, str], algorithm: str, count: int, percentage: int | None
) -> None:
    group = Group(
        "".join(probes),
        algorithm=algorithm,
        minimum_healthy_targets_count=count,
        minimum_healthy_targets_percentage=percentage,
    )
    group.probe(**probes)
    healthy = {name for name, letters in probes.items() if letters in {"P", "FFPPPPP"}}
    enough = len(healthy) >= count and (percentage is None or len(healthy) * 100 >= percentage * len(probes))
    nobody_is_known = not any(probes.values())
    expected = set("-") if nobody_is_known else healthy if enough else set(probes)
    assert set(group.serve(12)) <= expected
    assert {one.target.name for one in group.state.targets.values() if one.is_candidate} == expected - {"-"}
