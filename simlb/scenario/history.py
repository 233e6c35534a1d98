"""A journal with an index, while it grows and afterwards: what expressions are evaluated against.

Log lines belong to the moment at which they were written (the end of the request); results of clients to the moment at
which the request was meant to begin. Windows hold their beginning and not their end.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from simlb.scenario.journal import (
    ClientEnded,
    Entry,
    FaultHealed,
    FaultInstalled,
    Marked,
    Meta,
    RequestEnded,
    Sampled,
    StateChanged,
)

HEALTHY, UNHEALTHY = "healthy", "unhealthy"
NOT_REGISTERED = "unused"
"""The state of a target of which nothing has been heard."""


class Line(NamedTuple):
    """A log line and where it stands in the journal."""

    at_s: float
    line: int
    request: RequestEnded


class _Result(NamedTuple):
    at_s: float
    line: int
    result: ClientEnded


class Change(NamedTuple):
    """From `at_s` on a target has this state."""

    at_s: float
    line: int
    state: str
    reason: str | None
    previous: str


class _Sample(NamedTuple):
    at_s: float
    in_flight: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Window:
    """From `from_s`, included, to `to_s`, excluded."""

    from_s: float
    to_s: float


class History:
    """What has happened so far. `now_s` is the present in load-balancer time; `add` moves it along."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.now_s = 0.0
        self.lines = 0
        """How many entries there are: the number of the last line."""
        self.variables: Mapping[str, float] = {}
        self.groups: Mapping[str, tuple[str, ...]] = {}
        self._requests: list[Line] = []
        self._clients: list[_Result] = []
        self._states: dict[tuple[str, str], list[Change]] = {}
        self._changes: list[tuple[str, Change]] = []
        self._samples: list[_Sample] = []
        self._moments: dict[str, list[float]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """The next line of the journal."""
        self.lines += 1
        self.now_s = max(self.now_s, entry.at_s)
        # By kind, most frequent first.
        if isinstance(entry, RequestEnded):
            _insert(self._requests, Line(entry.at_s, self.lines, entry))
        elif isinstance(entry, ClientEnded):
            _insert(self._clients, _Result(entry.started_at_s, self.lines, entry))
        elif isinstance(entry, Sampled):
            self._samples.append(_Sample(entry.at_s, entry.in_flight))
        elif isinstance(entry, StateChanged):
            change = Change(entry.at_s, self.lines, entry.state, entry.reason, entry.previous)
            self._states.setdefault((entry.group, entry.target), []).append(change)
            self._changes.append((entry.target, change))
        elif isinstance(entry, FaultInstalled):
            self._note(entry.id, entry.at_s)
        elif isinstance(entry, FaultHealed):
            self._note(f"{entry.id}.healed", entry.at_s)
        elif isinstance(entry, Marked):
            self._note(entry.name, entry.at_s)
        elif isinstance(entry, Meta):
            self.variables = entry.variables
            self.groups = entry.groups

    def _note(self, name: str, at_s: float) -> None:
        self._moments.setdefault(name, []).append(at_s)

    # -- moments -------------------------------------------------------------------------------------------------------

    def moment(self, name: str, after_s: float) -> float | None:
        """When a named moment came first at or after `after_s`."""
        return next((at_s for at_s in self._moments.get(name, ()) if at_s >= after_s), None)

    def first_unhealthy(self, after_s: float) -> float | None:
        """When the first of all targets became unhealthy at or after `after_s`."""
        changes = (change for _, change in self._changes)
        return next((c.at_s for c in changes if _becomes(c, UNHEALTHY) and c.at_s >= after_s), None)

    def became(self, group: str | None, target: str, state: str, after_s: float) -> float | None:
        """When a target came into a state first at or after `after_s`."""
        changes = self._of(group, target)
        return next((c.at_s for c in changes if _becomes(c, state) and c.at_s >= after_s), None)

    def has_been_since(self, group: str | None, target: str, state: str) -> float | None:
        """Since when a target is in a state without a break; None when it is in another."""
        since = None
        for change in self._of(group, target):
            if change.state != state:
                since = None
            elif since is None:
                since = change.at_s
        return since

    # -- states --------------------------------------------------------------------------------------------------------

    def state(self, group: str | None, target: str, at_s: float | None = None) -> tuple[str, str | None]:
        """A target's state and reason, now or at a time (changes of that very moment included)."""
        found: tuple[str, str | None] = (NOT_REGISTERED, None)
        for change in self._of(group, target):
            if at_s is not None and change.at_s > at_s:
                break
            found = (change.state, change.reason)
        return found

    def flips(self, group: str | None, target: str, window: Window) -> int:
        """How often a target went from healthy to unhealthy or back."""
        both = {HEALTHY, UNHEALTHY}
        return sum(
            change.state != change.previous and {change.state, change.previous} == both
            for change in self._of(group, target)
            if window.from_s <= change.at_s < window.to_s
        )

    def _of(self, group: str | None, target: str) -> Iterable[Change]:
        if group is not None:
            return self._states.get((group, target), ())
        return (change for name, change in self._changes if name == target)

    # -- traffic -------------------------------------------------------------------------------------------------------

    def requests(self, window: Window, *, newest_first: bool = False) -> Iterator[Line]:
        """Log lines of a window."""
        first, end = _bounds(self._requests, window)
        places = range(end - 1, first - 1, -1) if newest_first else range(first, end)
        return (self._requests[place] for place in places)

    def results(self, window: Window) -> Iterator[ClientEnded]:
        """Results of clients whose requests were meant to begin in a window."""
        first, end = _bounds(self._clients, window)
        return (self._clients[place].result for place in range(first, end))

    def in_flight(self, target: str) -> int:
        """How many requests a target is answering, as last sampled."""
        return self._samples[-1].in_flight.get(target, 0) if self._samples else 0

    def in_flight_max(self, target: str, window: Window) -> int:
        """The most that were sampled in a window."""
        first, end = _bounds(self._samples, window)
        return max((self._samples[place].in_flight.get(target, 0) for place in range(first, end)), default=0)


def _becomes(change: Change, state: str) -> bool:
    return change.state == state and change.previous != state


_Kept = TypeVar("_Kept", Line, _Result)


def _insert(entries: list[_Kept], entry: _Kept) -> None:
    """Keep a list in order of time; nearly all entries come in order."""
    if not entries or entry.at_s >= entries[-1].at_s:
        entries.append(entry)
    else:
        insort(entries, entry, key=_at)


def _bounds(entries: Sequence[Line | _Result | _Sample], window: Window) -> tuple[int, int]:
    first = bisect_left(entries, window.from_s, key=_at)
    return first, max(first, bisect_left(entries, window.to_s, key=_at))


def _at(entry: Line | _Result | _Sample) -> float:
    return entry.at_s
