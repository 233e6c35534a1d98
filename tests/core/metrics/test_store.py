"""What is kept of a metric: seconds, minutes, and how they make up longer periods."""

from __future__ import annotations

import pytest

from simlb.core.metrics import MetricStore, StatisticSet, store
from simlb.core.metrics.lcu import Usage
from simlb.core.metrics.store import MINUTES_KEPT, SECONDS_KEPT, Key

LB = "app/shop/1"
WEB = "targetgroup/web/1"
REQUESTS = Key("RequestCount", LB)
BYTES = Key("ProcessedBytes", LB)
OPEN = Key("ActiveConnectionCount", LB)
HEALTHY = Key("HealthyHostCount", LB, WEB)
TIME = Key("TargetResponseTime", LB)
NOON = 1_795_867_200
"""Of a day that is a whole number of minutes away."""


def read(kept: MetricStore, key: Key, period_s: int = 60, *, to: int = NOON + 600) -> dict[int, tuple[float, ...]]:
    """Samples, sum, minimum and maximum by the second after noon at which a period begins."""
    return {
        begins - NOON: (found.samples, found.sum, found.minimum, found.maximum)
        for begins, found in kept.read(key, NOON, to, period_s)
    }


def test_requests_count_one_each() -> None:
    kept = MetricStore()
    for second, count in ((0, 2), (1, 1), (59, 4), (125, 1)):
        kept.add(REQUESTS, NOON + second, count)
    assert read(kept, REQUESTS) == {0: (7, 7, 1, 1), 120: (1, 1, 1, 1)}
    assert read(kept, REQUESTS, 300) == {0: (8, 8, 1, 1)}
    assert read(kept, REQUESTS, 1, to=NOON + 60) == {0: (2, 2, 1, 1), 1: (1, 1, 1, 1), 59: (4, 4, 1, 1)}
    assert read(kept, REQUESTS, 10) == {0: (3, 3, 1, 1), 50: (4, 4, 1, 1), 120: (1, 1, 1, 1)}


def test_bytes_are_one_sample_a_minute() -> None:
    kept = MetricStore()
    for second, count in ((0, 200), (30, 100), (60, 50)):
        kept.add(BYTES, NOON + second, count)
    assert read(kept, BYTES) == {0: (1, 300, 300, 300), 60: (1, 50, 50, 50)}
    assert read(kept, BYTES, 120) == {0: (2, 350, 50, 300)}
    assert read(kept, BYTES, 30) == {0: (1, 200, 200, 200), 30: (1, 100, 100, 100), 60: (1, 50, 50, 50)}


def test_open_connections_are_the_most_at_one_time() -> None:
    kept = MetricStore()
    for second, count in ((0, 3), (1, 8), (2, 5), (70, 1)):
        kept.peak(OPEN, NOON + second, count)
    assert read(kept, OPEN) == {0: (1, 8, 8, 8), 60: (1, 1, 1, 1)}
    assert read(kept, OPEN, 10, to=NOON + 10) == {0: (1, 8, 8, 8)}
    assert read(kept, OPEN, 120) == {0: (2, 9, 1, 8)}


def test_healthy_targets_are_sampled() -> None:
    kept = MetricStore()
    for second, count in ((0, 3), (1, 3), (2, 0)):
        kept.sample(HEALTHY, NOON + second, count)
    assert read(kept, HEALTHY) == {0: (3, 6, 0, 3)}


def test_times_keep_their_distribution() -> None:
    kept = MetricStore()
    for second, place, duration_s in ((0, 48, 0.001), (0, 72, 0.01), (60, 96, 0.1)):
        counts = [0] * 218
        counts[place] = 1
        kept.add_set(TIME, NOON + second, StatisticSet(1, duration_s, duration_s, duration_s, counts))
    ((_, whole),) = kept.read(TIME, NOON, NOON + 600, 120)
    assert whole.buckets is not None
    assert [place for place, count in enumerate(whole.buckets) if count] == [48, 72, 96]
    assert whole.value("p100") == 0.1
    assert whole.value("Average") == pytest.approx(0.037)
    # Reading has changed nothing.
    assert [found.samples for _, found in kept.read(TIME, NOON, NOON + 600, 60)] == [2, 1]


def test_a_minute_that_is_worked_out_anew() -> None:
    kept = MetricStore()
    for value in (1.0, 2.5):
        kept.put_minute(Key("ConsumedLCUs", LB), NOON + 59, value)
    assert kept.minute(Key("ConsumedLCUs", LB), NOON) == 2.5
    assert kept.minute(Key("ConsumedLCUs", LB), NOON + 60) == 0.0


def test_what_is_too_old_is_gone() -> None:
    kept = MetricStore()
    kept.add(REQUESTS, NOON, 1)
    kept.add(REQUESTS, NOON + SECONDS_KEPT, 1)
    assert read(kept, REQUESTS, 1, to=NOON + 1000) == {SECONDS_KEPT: (1, 1, 1, 1)}
    later = NOON + MINUTES_KEPT * 60
    kept.add(REQUESTS, later, 1)
    assert read(kept, REQUESTS, 60, to=later + 60) == {300: (1, 1, 1, 1), later - NOON: (1, 1, 1, 1)}
    assert list(kept.read(REQUESTS, 0, 2 * later, 60))[-1][0] == later, "asking far back takes no time"


def test_a_clock_that_is_set_back_is_written_over() -> None:
    kept = MetricStore()
    for second in (NOON + 3600, NOON):
        kept.add(REQUESTS, second, 1)
    assert read(kept, REQUESTS) == {0: (1, 1, 1, 1)}


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SERIES_MAX", 3)
    kept = MetricStore()
    for second, group in enumerate(("a", "b", "c")):
        kept.add(Key("RequestCount", LB, group), NOON + second, 1)
    kept.add(Key("RequestCount", LB, "a"), NOON + 5, 1)
    kept.add(Key("RequestCount", LB, "d"), NOON + 6, 1)
    assert [key.target_group for key in kept.series()] == ["a", "c", "d"], "b was silent for longest"


@pytest.mark.parametrize(
    ("usage", "lcus"),
    [
        (Usage(duration_s=60, new_connections=1500), 1.0),
        (Usage(duration_s=60, active_connections=6000), 2.0),
        (Usage(duration_s=60, processed_bytes=50_000_000), 3.0),
        (Usage(duration_s=60, paid_rule_evaluations=30_000), 0.5),
        (Usage(duration_s=60, new_connections=1500, active_connections=6000), 2.0),
        (Usage(duration_s=60), 0.0),
    ],
)
def test_capacity_units_are_those_of_the_highest_dimension(usage: Usage, lcus: float) -> None:
    assert usage.lcus() == pytest.approx(lcus)
    assert usage.lcu_hours() == pytest.approx(lcus / 60)
