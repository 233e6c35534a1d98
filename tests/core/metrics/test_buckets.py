"""Durations in buckets, and the percentiles that come out of them."""

from __future__ import annotations

from random import Random

import pytest

from simlb.core.metrics import buckets


def spread(*durations_s: float) -> list[int]:
    counts = buckets.empty()
    for duration_s in durations_s:
        counts[buckets.bucket_of(duration_s)] += 1
    return counts


def test_bounds_are_round_and_close_together() -> None:
    assert (buckets.BUCKETS, buckets.BOUNDS[0], buckets.BOUNDS[-1]) == (218, 1e-5, 1e4)
    assert {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0} <= set(buckets.BOUNDS)
    assert all(low < high <= 1.17 * low for low, high in zip(buckets.BOUNDS, buckets.BOUNDS[1:], strict=False))
    assert buckets.BUCKETS <= 256, "a place fits in a byte"


@pytest.mark.parametrize(
    ("duration_s", "bucket"),
    [(0.0, 0), (1e-5, 0), (1.01e-5, 1), (0.001, 48), (0.00101, 49), (1e4, 216), (1e5, 217)],
)
def test_a_bucket_holds_its_upper_end(duration_s: float, bucket: int) -> None:
    assert buckets.bucket_of(duration_s) == bucket


@pytest.mark.parametrize("percent", [1, 25, 50, 90, 95, 99, 99.9])
def test_percentiles_are_close(percent: float) -> None:
    random = Random(7)
    durations = sorted(random.lognormvariate(-4, 1) for _ in range(20_000))
    exact = durations[min(len(durations) - 1, int(len(durations) * percent / 100))]
    found = buckets.percentile(spread(*durations), percent, durations[0], durations[-1])
    assert found == pytest.approx(exact, rel=0.05)


def test_a_percentile_is_never_beyond_the_least_and_the_greatest() -> None:
    counts = spread(0.0102, 0.0102, 0.0102)
    assert {buckets.percentile(counts, percent, 0.0102, 0.0102) for percent in (0, 50, 99, 100)} == {0.0102}
    assert buckets.percentile(spread(20_000.0), 50, 20_000.0, 20_000.0) == 20_000.0


def test_packed_and_unpacked() -> None:
    counts = spread(0.0, 0.004, 0.004, 1e6)
    packed = buckets.pack(counts)
    assert len(packed[0]) == 3
    buckets.add_packed(counts, packed)
    assert counts == [2 * count for count in spread(0.0, 0.004, 0.004, 1e6)]
