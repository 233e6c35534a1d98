"""`weighted_random`: every request draws a candidate, each as likely as its weight says (reference 5.2, 5.3).

Weights are 1, unless anomaly mitigation has lowered some.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, Protocol, TypeVar


class HasWeight(Protocol):
    """What is needed of a target."""

    weight: float


T = TypeVar("T", bound=HasWeight)


class WeightedRandom(Generic[T]):
    """Draws a candidate. Weights are read when the list is new: changed weights need another list object."""

    __slots__ = ("_bounds", "_candidates")

    def __init__(self) -> None:
        self._candidates: Sequence[T] = ()
        self._bounds: list[float] | None = None
        """Where each candidate's part of the whole ends; None while all weights are equal."""

    def choose(self, candidates: Sequence[T], now: float, random: Random) -> T:
        """A drawn candidate. `candidates` must not be empty."""
        if candidates is not self._candidates:
            self._restart(candidates)
        bounds = self._bounds
        if bounds is None:
            return candidates[int(random.random() * len(candidates))]
        # The product may round up to the last bound itself.
        place = bisect_right(bounds, random.random() * bounds[-1])
        return candidates[place if place < len(bounds) else -1]

    def chances(self, candidates: Sequence[T], now: float) -> list[float]:
        """Each candidate's part of the whole."""
        whole = sum(candidate.weight for candidate in candidates)
        return [candidate.weight / whole for candidate in candidates]

    def _restart(self, candidates: Sequence[T]) -> None:
        self._candidates = candidates
        weights = [candidate.weight for candidate in candidates]
        self._bounds = None if min(weights) == max(weights) else list(accumulate(weights))
