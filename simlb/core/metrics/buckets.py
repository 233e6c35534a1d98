"""Durations in 218 buckets between 10 µs and 10,000 s, each at most an eighth wider than the one before begins.

The ends of the buckets are round numbers, so that the coarser buckets of `/metrics` are sums of these. A percentile is
interpolated inside its bucket and is seldom off by more than 3 %.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeAlias

_STEPS = (*range(100, 160, 10), *range(160, 220, 20), 220, 250, 275, *range(300, 800, 50), 800, 900)
_FIRST_DECADE, _LAST_DECADE = -5, 4

BOUNDS: tuple[float, ...] = (
    *(float(f"{step / 100}e{decade}") for decade in range(_FIRST_DECADE, _LAST_DECADE) for step in _STEPS),
    float(f"1e{_LAST_DECADE}"),
)
"""Bucket `i` holds what is above `BOUNDS[i - 1]` and not above `BOUNDS[i]`; one more holds what is above them all."""
BUCKETS = len(BOUNDS) + 1

Packed: TypeAlias = "tuple[bytes, array[int]]"
"""The places of the buckets that are not empty, and how many each of them holds."""


def empty() -> list[int]:
    """Buckets with nothing in them."""
    return [0] * BUCKETS


def bucket_of(duration_s: float) -> int:
    """The bucket of a duration in seconds."""
    return bisect_left(BOUNDS, duration_s)


def pack(buckets: Sequence[int]) -> Packed:
    """The same in little memory."""
    places = bytes([place for place, count in enumerate(buckets) if count])
    return places, array("I", [buckets[place] for place in places])


def add_packed(buckets: list[int], packed: Packed) -> None:
    """Add what was packed."""
    for place, count in zip(*packed, strict=True):
        buckets[place] += count


def percentile(buckets: Sequence[int], percent: float, minimum: float, maximum: float) -> float:
    """The duration that `percent` (0 to 100) of all do not exceed. There has to be one at least.

    `minimum` and `maximum` are the shortest and the longest one, beyond which nothing is guessed.
    """
    wanted = sum(buckets) * percent / 100
    below = 0
    for place, count in enumerate(buckets):
        if count and below + count >= wanted:
            lower = BOUNDS[place - 1] if place else 0.0
            upper = BOUNDS[place] if place < len(BOUNDS) else maximum
            lower, upper = max(lower, minimum), min(upper, maximum)
            return lower + (upper - lower) * max(0.0, wanted - below) / count
        below += count
    return maximum
