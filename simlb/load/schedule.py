"""When the requests of a load are meant to start, in load-balancer seconds since the load's own start.

Open loads do not ask whether answers come: a rate that is piecewise linear in time is integrated, and the n-th request
is due when the integral has reached n (or, for Poisson arrivals, the n-th point of a Poisson process of rate 1).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Protocol

from simlb.load.plan import Arrivals, LoadKind, LoadPlan


class Schedule(Protocol):
    """Due times, one after the other."""

    def peek(self) -> float | None:
        """When the next request is due; None when none is (yet)."""

    def take(self) -> float:
        """The same, and go on to the one after it."""

    def finished(self, at_s: float) -> None:
        """A request has got its answer, or never will."""

    def end(self) -> None:
        """Nothing is due any more."""

    @property
    def is_over(self) -> bool:
        """Whether nothing will be due any more, whatever is still under way."""

    def rate_at(self, at_s: float) -> float:
        """The rate in force, in requests per load-balancer second; 0 where it depends on the answers."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """From `start_s` on the rate goes from `rate` by `slope` a second, for `length_s`."""

    start_s: float
    length_s: float
    rate: float
    slope: float = 0.0

    def area(self, elapsed_s: float) -> float:
        """How many requests are due within its first `elapsed_s`."""
        return (self.rate + self.slope * elapsed_s / 2) * elapsed_s

    def time_of(self, area: float) -> float:
        """How long it takes until so many are due. `area` is at most that of the whole piece."""
        if area <= 0:
            return 0.0
        root = math.sqrt(max(0.0, self.rate * self.rate + 2 * self.slope * area))
        # The form that does not subtract nearly equal numbers.
        return 2 * area / (self.rate + root)


def pieces(plan: LoadPlan) -> list[_Piece]:
    """The rate of an open plan over time; the last piece has no end."""
    rate = plan.rate_per_s
    if plan.kind is LoadKind.RAMP:
        assert plan.to_rate_per_s is not None
        assert plan.over_s is not None
        slope = (plan.to_rate_per_s - rate) / plan.over_s
        return [_Piece(0.0, plan.over_s, rate, slope), _Piece(plan.over_s, math.inf, plan.to_rate_per_s)]
    if plan.kind is LoadKind.SPIKE:
        assert plan.peak_rate_per_s is not None
        assert plan.peak_at_s is not None
        assert plan.peak_for_s is not None
        end_s = plan.peak_at_s + plan.peak_for_s
        return [
            _Piece(0.0, plan.peak_at_s, rate),
            _Piece(plan.peak_at_s, plan.peak_for_s, plan.peak_rate_per_s),
            _Piece(end_s, math.inf, rate),
        ]
    return [_Piece(0.0, math.inf, rate)]


class OpenSchedule:
    """Requests at a rate, whatever becomes of them."""

    def __init__(self, plan: LoadPlan) -> None:
        self._pieces = pieces(plan)
        self._duration_s = math.inf if plan.duration_s is None else plan.duration_s
        self._left = math.inf if plan.requests is None else plan.requests
        self._gaps = _gaps(plan)
        self._wanted = next(self._gaps)
        """How much of the current piece's area has to pass until the next request."""
        self._is_past = False
        self._next: float | None = self._find()

    def peek(self) -> float | None:
        """When the next request is due."""
        return self._next

    def take(self) -> float:
        """The next request's time."""
        taken = self._next
        assert taken is not None
        self._left -= 1
        self._wanted += next(self._gaps)
        self._next = self._find()
        return taken

    def finished(self, at_s: float) -> None:
        """Nothing depends on it."""

    def end(self) -> None:
        """Nothing is due any more."""
        self._left = 0
        self._next = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will be due any more."""
        # A rate of 0 that goes on for ever may be changed.
        return self._left <= 0 or self._is_past

    def rate_at(self, at_s: float) -> float:
        """The rate in force."""
        piece = next(piece for piece in reversed(self._pieces) if piece.start_s <= at_s or piece is self._pieces[0])
        return piece.rate + piece.slope * min(max(0.0, at_s - piece.start_s), piece.length_s)

    def change_rate(self, rate_per_s: float, at_s: float) -> None:
        """From `at_s` on this rate, for good. What has passed of the gap to the next request counts."""
        while len(self._pieces) > 1 and self._pieces[0].start_s + self._pieces[0].length_s <= at_s:
            self._drop_first()
        first = self._pieces[0]
        self._wanted = max(0.0, self._wanted - first.area(max(0.0, at_s - first.start_s)))
        self._pieces = [_Piece(at_s, math.inf, rate_per_s)]
        self._next = self._find()

    def _find(self) -> float | None:
        if self._left <= 0:
            return None
        while len(self._pieces) > 1 and self._wanted >= self._pieces[0].area(self._pieces[0].length_s):
            self._drop_first()
        piece = self._pieces[0]
        if piece.rate == 0 and piece.slope == 0:
            return None
        due = piece.start_s + piece.time_of(self._wanted)
        self._is_past = due >= self._duration_s
        return None if self._is_past else due

    def _drop_first(self) -> None:
        piece = self._pieces.pop(0)
        self._wanted -= piece.area(piece.length_s)


class ClosedSchedule:
    """Users who wait for their answer and think before they ask again. They begin spread over one think time."""

    def __init__(self, plan: LoadPlan) -> None:
        assert plan.users is not None
        self._think_s = plan.think_s
        self._duration_s = math.inf if plan.duration_s is None else plan.duration_s
        self._left = math.inf if plan.requests is None else plan.requests
        begins = (plan.think_s * user / plan.users for user in range(plan.users))
        self._due = [due for due in begins if due < self._duration_s]
        self._waiting = 0

    def peek(self) -> float | None:
        """When the next user asks; None while all wait for answers."""
        return self._due[0] if self._due and self._left > 0 else None

    def take(self) -> float:
        """The next user asks."""
        self._left -= 1
        self._waiting += 1
        return heapq.heappop(self._due)

    def finished(self, at_s: float) -> None:
        """A user thinks, and then asks again."""
        self._waiting -= 1
        if at_s + self._think_s < self._duration_s:
            heapq.heappush(self._due, at_s + self._think_s)

    def end(self) -> None:
        """Nobody asks any more."""
        self._left = 0

    @property
    def is_over(self) -> bool:
        """Whether nobody will ask any more."""
        return self._left <= 0 or (not self._due and not self._waiting)

    def rate_at(self, at_s: float) -> float:
        """It depends on the answers."""
        return 0.0


def schedule(plan: LoadPlan) -> OpenSchedule | ClosedSchedule:
    """The schedule of a plan."""
    return ClosedSchedule(plan) if plan.kind is LoadKind.CLOSED else OpenSchedule(plan)


def _gaps(plan: LoadPlan) -> Iterator[float]:
    """What lies between requests, in units of their mean distance; the first of an even load is due at once."""
    if plan.arrivals is Arrivals.POISSON:
        random = Random(plan.seed)
        while True:
            yield random.expovariate(1.0)
    yield 0.0
    while True:
        yield 1.0
