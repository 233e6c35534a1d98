"""Latencies in buckets whose width grows with the value, as HdrHistogram has them: a bounded error, little memory.

Values below `2**bits` units have a bucket each; above, every doubling is divided into `2**(bits - 1)` buckets. So no
value is off by more than one part in `2**(bits - 1)`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

UNIT_S = 1e-6
_BITS_OF_DIGITS = {2: 8, 3: 11}


class Histogram:
    """Durations in seconds. `digits` says how exact percentiles are: 2 (within 1 %) or 3 (within 0.1 %)."""

    __slots__ = ("_bits", "_counts", "count", "digits", "max_s", "min_s", "sum_s")

    def __init__(self, digits: int = 3) -> None:
        self.digits = digits
        self._bits = _BITS_OF_DIGITS[digits]
        self._counts: dict[int, int] = {}
        self.count = 0
        self.sum_s = 0.0
        self.min_s = math.inf
        self.max_s = 0.0

    def record(self, value_s: float, count: int = 1) -> None:
        """Count a duration (below 0: as 0) `count` times."""
        value_s = max(value_s, 0.0)
        units = round(value_s / UNIT_S)
        shift = units.bit_length() - self._bits
        if shift > 0:
            # The highest `bits` bits say which bucket of its doubling it is, `shift` which doubling.
            units = (shift << (self._bits - 1)) + (units >> shift)
        counts = self._counts
        counts[units] = counts.get(units, 0) + count
        self.count += count
        self.sum_s += value_s * count
        self.min_s = min(self.min_s, value_s)
        self.max_s = max(self.max_s, value_s)

    def merge(self, other: Histogram) -> None:
        """Count everything that `other` has, too. Both must have the same `digits`."""
        if other.digits != self.digits:
            raise ValueError(f"histograms of {self.digits} and {other.digits} digits cannot be merged")
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += other.count
        self.sum_s += other.sum_s
        self.min_s = min(self.min_s, other.min_s)
        self.max_s = max(self.max_s, other.max_s)

    def percentile(self, percent: float) -> float | None:
        """The smallest duration that at least `percent` of all do not exceed; None when there is none.

        It is the upper end of that duration's bucket, and so never too good; never more than the longest duration.
        """
        return self.percentiles(percent)[0]

    def percentiles(self, *percents: float) -> list[float | None]:
        """Several of them, in ascending order, in one pass."""
        if not self.count:
            return [None] * len(percents)
        found: list[float | None] = []
        below = 0
        buckets = iter(sorted(self._counts))
        bucket = -1
        for percent in percents:
            wanted = max(1, math.ceil(self.count * percent / 100))
            while below < wanted:
                bucket = next(buckets)
                below += self._counts[bucket]
            found.append(min(self._upper_s(bucket), self.max_s))
        return found

    @property
    def mean_s(self) -> float | None:
        """The mean, which is exact; None when there is none."""
        return self.sum_s / self.count if self.count else None

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return {
            "digits": self.digits,
            "counts": [list(item) for item in sorted(self._counts.items())],
            "sum_s": self.sum_s,
            "min_s": self.min_s if self.count else None,
            "max_s": self.max_s,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Histogram:
        """Read `to_json` back."""
        made = cls(data["digits"])
        made._counts = dict(data["counts"])
        made.count = sum(made._counts.values())
        made.sum_s = data["sum_s"]
        made.min_s = math.inf if data["min_s"] is None else data["min_s"]
        made.max_s = data["max_s"]
        return made

    def _upper_s(self, bucket: int) -> float:
        """The highest whole number of units that falls into a bucket."""
        half = self._bits - 1
        shift = (bucket >> half) - 1
        if shift <= 0:
            return bucket * UNIT_S
        # `record` has put the doubling's number on top of the value's highest bits, of which the first is always 1.
        units = ((bucket - (shift << half) + 1) << shift) - 1
        return units * UNIT_S
