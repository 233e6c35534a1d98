"""`least_outstanding_requests`: the candidate with the fewest requests in flight on this node (reference 5.2).

Among equals it is the one chosen longest ago, so that an idle group is served in turn (reference 11, point 7). The
candidates stand in a heap. A changed count adds an entry rather than moving one; entries that are no longer true are
thrown away when they come up, and all at once when they outnumber the true ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from random import Random
from typing import Generic, Protocol, TypeVar

from simlb.core.algorithms import certain


class HasOutstanding(Hashable, Protocol):
    """What is needed of a target."""

    outstanding: int


T = TypeVar("T", bound=HasOutstanding)

_STALE_MIN = 64


class LeastOutstandingRequests(Generic[T]):
    """Chooses by requests in flight. `on_changed` has to be told of every target whose `outstanding` changes."""

    __slots__ = ("_candidates", "_current", "_heap", "_turn", "_turns")

    def __init__(self) -> None:
        self._candidates: Sequence[T] = ()
        # An entry is (outstanding, turn in which it was chosen last, place in the list, target); the first two decide.
        self._heap: list[tuple[int, int, int, T]] = []
        self._current: dict[T, tuple[int, int, int, T]] = {}
        self._turn = 0
        self._turns: dict[T, int] = {}

    @property
    def entries(self) -> int:
        """How many entries are kept; at most twice the candidates and a few."""
        return len(self._heap)

    def choose(self, candidates: Sequence[T], now: float, random: Random) -> T:
        """A candidate with the fewest requests in flight. `candidates` must not be empty."""
        if candidates is not self._candidates:
            self._restart(candidates)
        heap, current = self._heap, self._current
        entry = heap[0]
        target = entry[3]
        while current[target] is not entry:
            heappop(heap)
            entry = heap[0]
            target = entry[3]
        self._turn = turn = self._turn + 1
        current[target] = fresh = (entry[0], turn, entry[2], target)
        heapreplace(heap, fresh)
        return target

    def chances(self, candidates: Sequence[T], now: float) -> list[float]:
        """Who has the fewest requests in flight, and of those waits longest."""
        other = LeastOutstandingRequests[T]()
        other._candidates, other._turn, other._turns = self._candidates, self._turn, self._turns
        other._heap, other._current = list(self._heap), dict(self._current)
        return certain(candidates, other.choose(candidates, now, Random(0)))

    def on_changed(self, target: T) -> None:
        """The target's count of requests in flight has changed."""
        entry = self._current.get(target)
        if entry is None:
            return  # not a candidate (any more); its count is read when it becomes one
        self._current[target] = fresh = (target.outstanding, entry[1], entry[2], target)
        heap = self._heap
        heappush(heap, fresh)
        if len(heap) > 2 * len(self._current) + _STALE_MIN:
            self._heap = list(self._current.values())
            heapify(self._heap)

    def _restart(self, candidates: Sequence[T]) -> None:
        """Take up another list. Turns of those that are left out for once are remembered, though not for ever."""
        turns = self._turns | {target: entry[1] for target, entry in self._current.items()}
        if len(turns) > 2 * len(candidates) + _STALE_MIN:
            turns = {target: turns[target] for target in candidates if target in turns}
        self._turns = turns
        self._candidates = candidates
        self._current = {
            target: (target.outstanding, turns.get(target, 0), place, target) for place, target in enumerate(candidates)
        }
        self._heap = list(self._current.values())
        heapify(self._heap)
