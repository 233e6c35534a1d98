"""What is kept of every metric: one number, or a few, for each second of five minutes and each minute of a day.

Memory is bounded: so many seconds, so many minutes, and at most `SERIES_MAX` series, of which the one that has been
silent for longest makes way for a new one.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simlb.core.metrics import buckets
from simlb.core.metrics.statistics import StatisticSet
from simlb.core.metrics.table import METRICS, Kind, Metric
from simlb.core.resource_names import ResourceNames

SECONDS_KEPT = 300
MINUTES_KEPT = 24 * 60
MINUTE_S = 60
SERIES_MAX = 2048


class Key(NamedTuple):
    """A series: a metric of a load balancer, or of one of its groups. The values are CloudWatch's dimensions."""

    metric: str
    load_balancer: str
    target_group: str | None = None


class _Ring:
    """The last periods of one length. A slot is good for the period whose number stands in `_periods`."""

    __slots__ = ("_periods", "_slots")

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._periods = array("I", bytes(4 * slots))

    def _slot(self, period: int) -> tuple[int, bool]:
        """The slot of a period, and whether it already holds something of it."""
        slot = period % self._slots
        if self._periods[slot] == period:
            return slot, True
        self._periods[slot] = period
        return slot, False

    def _find(self, period: int) -> int | None:
        slot = period % self._slots
        return slot if self._periods[slot] == period else None


class _Numbers(_Ring):
    """One number for each period."""

    __slots__ = ("_values",)

    def __init__(self, slots: int) -> None:
        super().__init__(slots)
        self._values = array("d", bytes(8 * slots))

    def add(self, period: int, value: float) -> None:
        slot, is_present = self._slot(period)
        self._values[slot] = self._values[slot] + value if is_present else value

    def raise_to(self, period: int, value: float) -> None:
        slot, is_present = self._slot(period)
        self._values[slot] = max(self._values[slot], value) if is_present else value

    def put(self, period: int, value: float) -> None:
        self._values[self._slot(period)[0]] = value

    def get(self, period: int) -> float | None:
        slot = self._find(period)
        return None if slot is None else self._values[slot]


class _Sets(_Ring):
    """A statistic set for each period."""

    __slots__ = ("_maxima", "_minima", "_packed", "_samples", "_sums")

    def __init__(self, slots: int, *, is_time: bool) -> None:
        super().__init__(slots)
        self._samples, self._sums, self._minima, self._maxima = (array("d", bytes(8 * slots)) for _ in range(4))
        self._packed: list[buckets.Packed | None] | None = [None] * slots if is_time else None

    def add(self, period: int, new: StatisticSet) -> None:
        slot, is_present = self._slot(period)
        spread = new.buckets
        if is_present:
            self._samples[slot] += new.samples
            self._sums[slot] += new.sum
            self._minima[slot] = min(self._minima[slot], new.minimum)
            self._maxima[slot] = max(self._maxima[slot], new.maximum)
            present = None if self._packed is None else self._packed[slot]
            if spread is not None and present is not None:
                spread = list(spread)
                buckets.add_packed(spread, present)
        else:
            self._samples[slot], self._sums[slot] = new.samples, new.sum
            self._minima[slot], self._maxima[slot] = new.minimum, new.maximum
        if self._packed is not None and spread is not None:
            self._packed[slot] = buckets.pack(spread)

    def get(self, period: int) -> StatisticSet | None:
        slot = self._find(period)
        if slot is None:
            return None
        found = StatisticSet(self._samples[slot], self._sums[slot], self._minima[slot], self._maxima[slot])
        packed = None if self._packed is None else self._packed[slot]
        if packed is not None:
            found.buckets = buckets.empty()
            buckets.add_packed(found.buckets, packed)
        return found


class _Series:
    """One metric of one thing, by second and by minute."""

    __slots__ = ("kind", "last_s", "minutes", "seconds")

    def __init__(self, metric: Metric) -> None:
        self.kind = kind = metric.kind
        self.last_s = 0
        self.seconds, self.minutes = (
            _Sets(slots, is_time=kind is Kind.TIME) if kind in {Kind.GAUGE, Kind.TIME} else _Numbers(slots)
            for slots in (SECONDS_KEPT, MINUTES_KEPT)
        )


class MetricStore:
    """Numbers of the metrics of one instance. Seconds are those of the wall clock, since 1970."""

    def __init__(self) -> None:
        self._series: dict[Key, _Series] = {}
        self.zones: dict[str, str] = {}
        """The availability zone of each load balancer's node, by the `LoadBalancer` dimension."""
        self.names = ResourceNames()
        """What the load balancers and groups are called here, by dimension."""

    # -- writing -------------------------------------------------------------------------------------------------------

    def add(self, key: Key, second: int, value: float) -> None:
        """So much more: of requests, bytes ... (`Kind.EACH`, `Kind.TOTAL`)."""
        series = self._of(key, second)
        seconds, minutes = series.seconds, series.minutes
        assert isinstance(seconds, _Numbers)
        assert isinstance(minutes, _Numbers)
        seconds.add(second, value)
        minutes.add(second // MINUTE_S, value)

    def peak(self, key: Key, second: int, value: float) -> None:
        """So much at one time (`Kind.PEAK`)."""
        series = self._of(key, second)
        seconds, minutes = series.seconds, series.minutes
        assert isinstance(seconds, _Numbers)
        assert isinstance(minutes, _Numbers)
        seconds.raise_to(second, value)
        minutes.raise_to(second // MINUTE_S, value)

    def put_minute(self, key: Key, second: int, value: float) -> None:
        """So much in the whole minute of that second, in place of what was known of it."""
        minutes = self._of(key, second).minutes
        assert isinstance(minutes, _Numbers)
        minutes.put(second // MINUTE_S, value)

    def sample(self, key: Key, second: int, value: float) -> None:
        """So many there are (`Kind.GAUGE`)."""
        self.add_set(key, second, StatisticSet(1, value, value, value))

    def add_set(self, key: Key, second: int, new: StatisticSet) -> None:
        """More samples (`Kind.GAUGE`, `Kind.TIME`)."""
        series = self._of(key, second)
        seconds, minutes = series.seconds, series.minutes
        assert isinstance(seconds, _Sets)
        assert isinstance(minutes, _Sets)
        seconds.add(second, new)
        minutes.add(second // MINUTE_S, new)

    def _of(self, key: Key, second: int) -> _Series:
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= SERIES_MAX:
                del self._series[min(self._series, key=lambda other: self._series[other].last_s)]
            series = self._series[key] = _Series(METRICS[key.metric])
        series.last_s = second
        return series

    # -- reading -------------------------------------------------------------------------------------------------------

    def series(self) -> Sequence[Key]:
        """Every series of which something is kept."""
        return list(self._series)

    def region_of(self, key: Key) -> str | None:
        """The region of its load balancer; None for one that nobody has seen."""
        zone = self.zones.get(key.load_balancer)
        return None if zone is None else zone[:-1]

    def last_s(self, key: Key) -> int | None:
        """The last second for which there is something."""
        series = self._series.get(key)
        return None if series is None else series.last_s

    def minute(self, key: Key, second: int) -> float:
        """What there was in the minute of that second; 0 for nothing. Not for gauges and times."""
        series = self._series.get(key)
        if series is None:
            return 0.0
        assert isinstance(series.minutes, _Numbers)
        return series.minutes.get(second // MINUTE_S) or 0.0

    def read(self, key: Key, start: int, end: int, period_s: int) -> Iterator[tuple[int, StatisticSet]]:
        """The periods from second `start` (a multiple of `period_s`) on that begin before `end`, with their beginnings.

        `period_s` is below a minute or whole minutes. Periods without data, or no longer kept, are left out.
        """
        series = self._series.get(key)
        if series is None:
            return
        is_live = period_s < MINUTE_S
        ring, step = (series.seconds, 1) if is_live else (series.minutes, MINUTE_S)
        # Of older ones nothing can be left, however far back somebody asks.
        oldest = series.last_s - (SECONDS_KEPT if is_live else MINUTES_KEPT * MINUTE_S)
        start += max(0, (oldest - start) // period_s) * period_s
        for begins in range(start, min(end, series.last_s + 1), period_s):
            cells = [ring.get(place // step) for place in range(begins, begins + period_s, step)]
            made = _merge(series.kind, cells, is_live=is_live)
            if made is not None:
                yield begins, made


def _merge(kind: Kind, cells: Sequence[float | StatisticSet | None], *, is_live: bool) -> StatisticSet | None:
    """One period out of its parts. Parts of a minute are one sample together, minutes a sample each."""
    present = [cell for cell in cells if cell is not None]
    if not present:
        return None
    numbers = [cell for cell in present if not isinstance(cell, StatisticSet)]
    if kind is Kind.EACH:
        total = math.fsum(numbers)
        return StatisticSet(max(total, 1.0), total, min(total, 1.0), min(total, 1.0))
    if kind in {Kind.TOTAL, Kind.PEAK}:
        if is_live:
            value = max(numbers) if kind is Kind.PEAK else math.fsum(numbers)
            return StatisticSet(1, value, value, value)
        return StatisticSet(len(numbers), math.fsum(numbers), min(numbers), max(numbers))
    whole: StatisticSet | None = None
    for cell in present:
        assert isinstance(cell, StatisticSet)
        if whole is None:
            whole = cell
        else:
            whole.add(cell)
    return whole
