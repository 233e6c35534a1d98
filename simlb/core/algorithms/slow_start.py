"""Slow start: round robin in which a new target's share rises evenly from nothing to a full one (reference 5.4).

The unit of time here is the round: as many requests as there are candidates, so that everybody's full share is one a
round. A target in its ramp gets its weight - the part of the ramp that has passed - in requests a round; the other
candidates take the rest in turn. With one full target beside one new one, the new one's share of the requests
therefore rises in a straight line to a half (reference 10, vector 14).

A ramping target has a deadline, in rounds, for its next request: one round divided by its weight after the last.
Earliest deadline first. As the weight rises while the target waits, what is left of the wait shrinks with it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from heapq import heapify, heapreplace
from random import Random
from typing import Generic, Protocol, TypeVar

from simlb.core.algorithms import certain
from simlb.core.algorithms.round_robin import RoundRobin

WEIGHT_MIN = 0.01
_STEPS = 100
"""In so many steps the weights of waiting targets are brought up to date in the course of a ramp."""


def ramp_weight(elapsed_s: float, duration_s: float) -> float:
    """The part of a full share that a target gets `elapsed_s` after its ramp began: 0.01 to 1."""
    return min(1.0, max(WEIGHT_MIN, elapsed_s / duration_s)) if duration_s > 0 else 1.0


class HasRamp(Hashable, Protocol):
    """What is needed of a target."""

    ramping_since: float | None


T = TypeVar("T", bound=HasRamp)


class SlowStart(Generic[T]):
    """Chooses while somebody ramps. Who does is read when the list is new: a ramp's begin and end need another list.

    `cycle` is the round robin that goes on before and after. `duration_s` may change at any time.
    """

    __slots__ = ("_candidates", "_cycle", "_due", "_full", "_known", "_next_step", "_round", "duration_s")

    def __init__(self, cycle: RoundRobin, duration_s: float) -> None:
        self.duration_s = duration_s
        self._cycle = cycle
        self._candidates: Sequence[T] = ()
        self._full: list[T] = []
        self._due: list[tuple[float, int, T]] = []
        # Of each ramping target: when its ramp began, its deadline, and the weight that the deadline was made with.
        self._known: dict[T, tuple[float, float, float]] = {}
        self._round = 0.0
        self._next_step = 0.0

    def choose(self, candidates: Sequence[T], now: float, random: Random) -> T:
        """The ramping target that is due, else the next of the others. `candidates` must not be empty."""
        if candidates is not self._candidates:
            self._restart(candidates, now)
        elif now >= self._next_step:
            self._step(now)
        self._round += 1 / len(candidates)
        due = self._due
        if self._full:
            if not due or due[0][0] > self._round:
                return self._cycle.choose(self._full, now, random)
        else:
            # Nobody is there to fill the time until the next deadline: it is now.
            self._round = max(self._round, due[0][0])
        deadline, place, target = due[0]
        since = self._known[target][0]
        weight = ramp_weight(now - since, self.duration_s)
        deadline += 1 / weight
        self._known[target] = (since, deadline, weight)
        heapreplace(due, (deadline, place, target))
        return target

    def chances(self, candidates: Sequence[T], now: float) -> list[float]:
        """Whose turn it is, or who is due."""
        other = SlowStart[T](self._cycle.copy(), self.duration_s)
        other._candidates, other._full, other._due = self._candidates, self._full, list(self._due)
        other._known, other._round, other._next_step = dict(self._known), self._round, self._next_step
        return certain(candidates, other.choose(candidates, now, Random(0)))

    def _restart(self, candidates: Sequence[T], now: float) -> None:
        """Take up another list. Those whose ramp goes on keep what they have waited, even if left out for once."""
        self._candidates = candidates
        self._full = [target for target in candidates if target.ramping_since is None]
        known = {target: entry for target, entry in self._known.items() if target.ramping_since == entry[0]}
        for target in candidates:
            since = target.ramping_since
            if since is not None and target not in known:
                weight = ramp_weight(now - since, self.duration_s)
                known[target] = (since, self._round + 1 / weight, weight)
        self._known = known
        self._step(now)

    def _step(self, now: float) -> None:
        """Bring the waits up to date with the weights."""
        self._next_step = now + self.duration_s / _STEPS
        for target, (since, deadline, weight) in self._known.items():
            risen = ramp_weight(now - since, self.duration_s)
            left = (deadline - self._round) * weight / risen
            self._known[target] = (since, self._round + left, risen)
        self._due = [
            (self._known[target][1], place, target)
            for place, target in enumerate(self._candidates)
            if target.ramping_since is not None
        ]
        heapify(self._due)
