"""The statistics of one period: what CloudWatch calls a statistic set, with a distribution where there is one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simlb.core.metrics import buckets

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")


def percent_of(statistic: str) -> float | None:
    """95.0 of `p95`; None for anything that is no percentile of CloudWatch's (`p0.0` to `p100`)."""
    match = _PERCENTILE.fullmatch(statistic)
    percent = float(match[1]) if match else -1.0
    return percent if 0 <= percent <= 100 else None


@dataclass(slots=True)
class StatisticSet:
    """So many samples, their sum, the least and the greatest of them, and how they are spread if that is known."""

    samples: float
    sum: float
    minimum: float
    maximum: float
    buckets: list[int] | None = None

    def add(self, other: StatisticSet) -> None:
        """Take in the samples of another period. `other` stays as it is."""
        self.samples += other.samples
        self.sum += other.sum
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if other.buckets is not None:
            if self.buckets is None:
                self.buckets = list(other.buckets)
            else:
                self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]

    def value(self, statistic: str) -> float | None:
        """The value of `Sum`, `p95` ...; None for a percentile of what has no distribution."""
        if statistic == "Sum":
            return self.sum
        if statistic == "SampleCount":
            return self.samples
        if statistic == "Average":
            return self.sum / self.samples if self.samples else 0.0
        if statistic == "Minimum":
            return self.minimum
        if statistic == "Maximum":
            return self.maximum
        percent = percent_of(statistic)
        assert percent is not None, statistic
        if self.buckets is None:
            return None
        return buckets.percentile(self.buckets, percent, self.minimum, self.maximum)
