"""Percentiles of the histogram against those of the values themselves."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.load.histogram import UNIT_S, Histogram

VALUES = st.lists(st.one_of(st.floats(0, 0.01), st.floats(0, 10), st.floats(0, 100_000)), min_size=1, max_size=60)
ERROR = {2: 0.01, 3: 0.001}


def exact(values: list[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed."""
    ranked = sorted(values)
    return ranked[max(1, math.ceil(len(ranked) * percent / 100)) - 1]


def filled(values: list[float], digits: int = 3) -> Histogram:
    made = Histogram(digits)
    for value in values:
        made.record(value)
    return made


@settings(derandomize=True, max_examples=200)
@given(VALUES, st.sampled_from([2, 3]), st.floats(0, 100))
def test_a_percentile_is_right_to_its_digits_and_never_too_good(
    values: list[float], digits: int, percent: float
) -> None:
    found = filled(values, digits).percentile(percent)
    wanted = exact(values, percent)
    assert found is not None
    assert wanted - UNIT_S <= found <= wanted * (1 + ERROR[digits]) + UNIT_S
    assert found <= max(values)


@settings(derandomize=True, max_examples=100)
@given(VALUES, VALUES)
def test_merged_is_the_same_as_recorded_together(some: list[float], others: list[float]) -> None:
    merged, together = filled(some), filled(some + others)
    merged.merge(filled(others))
    percents = (0, 1, 50, 95, 99, 99.9, 100)
    assert merged.percentiles(*percents) == together.percentiles(*percents)
    assert (merged.count, merged.min_s, merged.max_s) == (together.count, together.min_s, together.max_s)
    assert merged.mean_s == pytest.approx(together.mean_s)


@settings(derandomize=True, max_examples=100)
@given(VALUES)
def test_json_and_back(values: list[float]) -> None:
    made = filled(values)
    read = Histogram.from_json(json.loads(json.dumps(made.to_json())))
    assert read.percentiles(5, 50, 95, 100) == made.percentiles(5, 50, 95, 100)
    assert (read.count, read.mean_s, read.min_s, read.max_s) == (made.count, made.mean_s, made.min_s, made.max_s)


def test_several_at_once_are_those_one_by_one() -> None:
    made = filled([index / 1000 for index in range(1, 1001)])
    assert made.percentiles(50, 95, 99, 100) == [made.percentile(percent) for percent in (50, 95, 99, 100)]
    assert made.percentiles(50, 95, 99, 100) == pytest.approx([0.5, 0.95, 0.99, 1.0], rel=0.001)


def test_an_empty_one_has_no_percentiles() -> None:
    empty = Histogram()
    assert (empty.percentile(50), empty.percentiles(1, 2), empty.mean_s) == (None, [None, None], None)
    assert Histogram.from_json(empty.to_json()).min_s == math.inf


def test_counts_weigh_and_nothing_is_below_zero() -> None:
    made = Histogram()
    made.record(0.001, 99)
    made.record(-5)
    assert (made.percentile(1), made.percentile(2), made.count) == (0, 0.001, 100)


def test_memory_grows_with_the_spread_not_with_the_number() -> None:
    made = filled([0.01 + index * 1e-7 for index in range(20_000)])
    assert len(made.to_json()["counts"]) < 2000


def test_different_digits_do_not_merge() -> None:
    with pytest.raises(ValueError, match="3 and 2 digits"):
        Histogram(3).merge(Histogram(2))
