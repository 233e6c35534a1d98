"""The statistics of the benchmark: paired ratios, medians and their intervals."""

from __future__ import annotations

import random
import statistics

import pytest

from bench.stats import Estimate, median_of, median_ratio, paired_ratios


def test_ratios_pair_what_was_measured_in_the_same_round() -> None:
    # The machine was twice as slow in the second round, for both: the ratio does not notice.
    assert paired_ratios([10.0, 20.0, 11.0], [5.0, 10.0, 5.0]) == [2.0, 2.0, 2.2]


@pytest.mark.parametrize("missing", [None, 0.0])
def test_rounds_without_a_value_have_no_ratio(missing: float | None) -> None:
    assert paired_ratios([missing, 4.0], [1.0, 2.0]) == [2.0]
    assert paired_ratios([4.0, 4.0], [missing, 2.0]) == [2.0]


def test_unequal_numbers_of_rounds_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="same rounds"):
        paired_ratios([1.0], [1.0, 2.0])


def test_without_values_there_is_no_median() -> None:
    assert median_of([]) is None
    assert median_ratio([None], [1.0]) is None


def test_equal_values_leave_nothing_uncertain() -> None:
    assert median_of([0.5] * 14) == Estimate(0.5, 0.5, 0.5, 14)


def test_the_interval_surrounds_the_median_and_stays_within_the_values() -> None:
    values = [0.4, 0.5, 0.52, 0.53, 0.55, 0.56, 0.58, 0.6, 0.61, 0.62, 0.65, 0.7, 0.8, 1.9]
    found = median_of(values)
    assert found is not None
    assert found.median == statistics.median(values)
    assert min(values) <= found.low < found.median < found.high <= max(values)
    # One wild round moves a mean, not this.
    assert found.high < 0.8


def test_the_same_rounds_give_the_same_interval() -> None:
    values = [1.0, 1.1, 1.2, 0.9, 1.3]
    assert median_of(values) == median_of(values)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(7)
    covered = 0
    for trial in range(20):
        found = median_of([rng.gauss(1.0, 0.1) for _ in range(14)], seed=trial)
        assert found is not None
        covered += found.low <= 1.0 <= found.high
    assert covered >= 16


def test_an_estimate_reads_like_a_table_cell() -> None:
    assert str(Estimate(0.5432, 0.5, 0.6, 14)) == "0.54 [0.50-0.60]"
