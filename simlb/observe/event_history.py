"""The last events, for those who come later or come back. Bounded in number; what is in an event is bounded itself."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection

from simlb.core.events import ApiCalled
from simlb.observe.event_entries import Entry

KEPT = 1000


class EventHistory:
    """Four times the last 1,000, so that neither good requests push out errors nor errors what happened to targets, and
    a program that asks AWS's API all day none of them.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._rare: deque[Entry] = deque(maxlen=kept)
        self._failed: deque[Entry] = deque(maxlen=kept)
        self._ordinary: deque[Entry] = deque(maxlen=kept)
        self._calls: deque[Entry] = deque(maxlen=kept)

    def add(self, entry: Entry) -> None:
        """What is neither a request nor a count of them."""
        (self._calls if isinstance(entry.event, ApiCalled) else self._rare).append(entry)

    def add_failed(self, entry: Entry) -> None:
        """A request that failed."""
        self._failed.append(entry)

    def add_ordinary(self, entry: Entry) -> None:
        """A request that did not, or a count of some."""
        self._ordinary.append(entry)

    def after(self, number: int) -> list[Entry]:
        """All that are kept with a higher number, oldest first."""
        kept = heapq.merge(self._rare, self._failed, self._ordinary, self._calls, key=_number)
        return [entry for entry in kept if _number(entry) > number]

    def last(self, count: int, types: Collection[str] | None) -> list[Entry]:
        """The last so many of these types (None: all but API calls), oldest first. Not those of good requests."""
        entries = [
            entry
            for entry in heapq.merge(self._rare, self._failed, self._calls, key=_number)
            if (entry.type in types if types is not None else not isinstance(entry.event, ApiCalled))
        ]
        return entries[max(0, len(entries) - count) :]


def _number(entry: Entry) -> int:
    assert entry.number is not None
    return entry.number
