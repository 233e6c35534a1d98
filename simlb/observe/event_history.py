"""The last events, for those who come later or come back. Bounded in number; what is in an event is bounded itself."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection

from simlb.observe.event_entries import Entry

KEPT = 1000


class EventHistory:
    """Three times the last 1,000, so that neither good requests push out errors nor errors what happened to targets."""

    def __init__(self, kept: int = KEPT) -> None:
        self._rare: deque[Entry] = deque(maxlen=kept)
        self._failed: deque[Entry] = deque(maxlen=kept)
        self._ordinary: deque[Entry] = deque(maxlen=kept)

    def add(self, entry: Entry) -> None:
        """What is neither a request nor a count of them."""
        self._rare.append(entry)

    def add_failed(self, entry: Entry) -> None:
        """A request that failed."""
        self._failed.append(entry)

    def add_ordinary(self, entry: Entry) -> None:
        """A request that did not, or a count of some."""
        self._ordinary.append(entry)

    def after(self, number: int) -> list[Entry]:
        """All that are kept with a higher number, oldest first."""
        kept = heapq.merge(self._rare, self._failed, self._ordinary, key=_number)
        return [entry for entry in kept if _number(entry) > number]

    def last(self, count: int, types: Collection[str] | None) -> list[Entry]:
        """The last so many of these types (None: all), oldest first, without requests that did not fail."""
        entries = [
            entry
            for entry in heapq.merge(self._rare, self._failed, key=_number)
            if types is None or entry.type in types
        ]
        return entries[max(0, len(entries) - count) :]


def _number(entry: Entry) -> int:
    assert entry.number is not None
    return entry.number
