"""One file for each way of choosing a target among the candidates (reference 5.2-5.4).

All are deterministic: what happens follows from the calls and the seed of `random`. A changed candidate list is
recognised by being another list object, so a list that was handed in must not be changed any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

T = TypeVar("T")


class Algorithm(Protocol[T]):
    """A way of choosing."""

    def choose(self, candidates: Sequence[T], now: float, random: Random) -> T:
        """The target of the next request. `candidates` must not be empty; `now` is load-balancer seconds."""

    def chances(self, candidates: Sequence[T], now: float) -> list[float]:
        """How likely each candidate is to be chosen next: 1 for whose turn it is. Nothing is changed by asking."""


def certain(candidates: Sequence[T], chosen: T) -> list[float]:
    """The chances where there is nothing left to chance."""
    return [1.0 if candidate is chosen else 0.0 for candidate in candidates]
