"""`round_robin`: an even, sequential cycle over the candidates (reference 5.2).

The cycle outlives changes of the candidate list: whoever was due next, of those still there, is next. A target that
leaves costs no other its turn, and one that joins waits for its place in registration order. The cycle begins at the
first target (reference 11, point 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from simlb.core.algorithms import certain

T = TypeVar("T")


class RoundRobin:
    """Chooses the candidates one after the other. A changed candidate list is recognised by being another list."""

    __slots__ = ("_candidates", "_next")

    def __init__(self) -> None:
        self._candidates: Sequence[object] = ()
        self._next = 0

    def choose(self, candidates: Sequence[T], now: float, random: Random) -> T:
        """The next candidate. `candidates` must not be empty."""
        if candidates is not self._candidates:
            self._resume(candidates)
        place = self._next
        if place >= len(candidates):
            place = 0
        self._next = place + 1
        return candidates[place]

    def chances(self, candidates: Sequence[T], now: float) -> list[float]:
        """Whose turn it is."""
        return certain(candidates, self.copy().choose(candidates, now, Random(0)))

    def copy(self) -> RoundRobin:
        """Another one at the same place of the same cycle, which goes on by itself."""
        other = RoundRobin()
        other._candidates, other._next = self._candidates, self._next
        return other

    def _resume(self, candidates: Sequence[object]) -> None:
        """Go on where the former list was left."""
        places = {id(candidate): place for place, candidate in enumerate(candidates)}
        due = (*self._candidates[self._next :], *self._candidates[: self._next])
        self._next = next((places[id(candidate)] for candidate in due if id(candidate) in places), 0)
        self._candidates = candidates
