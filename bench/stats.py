"""The few statistics that the tables rest on: paired ratios, their median, and a bootstrap interval around it.

Pure functions of numbers; the randomness of the bootstrap is seeded, so that the same rounds give the same interval.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 4000
COVERAGE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median and the interval that holds the true one with 95 % confidence; `n` values went into it."""

    median: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}-{self.high:.2f}]"


def paired_ratios(numerators: Sequence[float | None], denominators: Sequence[float | None]) -> list[float]:
    """Round by round, numerator over denominator. Rounds in which either is missing or zero have no ratio."""
    if len(numerators) != len(denominators):
        raise ValueError("paired values must come from the same rounds")
    return [above / below for above, below in zip(numerators, denominators, strict=True) if above and below]


def median_of(values: Sequence[float], *, seed: int = 1) -> Estimate | None:
    """The median with its percentile-bootstrap interval; None without values."""
    if not values:
        return None
    rng = random.Random(seed)  # noqa: S311 - a resampling, not a secret
    n = len(values)
    medians = sorted(statistics.median(rng.choices(values, k=n)) for _ in range(RESAMPLES))
    tail = (1 - COVERAGE) / 2
    low = medians[int(tail * RESAMPLES)]
    high = medians[min(RESAMPLES - 1, int((1 - tail) * RESAMPLES))]
    return Estimate(statistics.median(values), low, high, n)


def median_ratio(numerators: Sequence[float | None], denominators: Sequence[float | None]) -> Estimate | None:
    """The median of the paired ratios."""
    return median_of(paired_ratios(numerators, denominators))
