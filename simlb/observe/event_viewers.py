"""Whoever looks at the stream of events: one bounded queue each, so that a slow one costs the others nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence

from simlb.core.event_json import Dropped, Ended, Mark
from simlb.observe.event_entries import Entry, Position

QUEUE_MAX = 2000
"""More events than these waiting for it, and a viewer is dropped."""
FRAMES_AT_ONCE = 64
DROPPED_S = 5.0
"""How long one that is dropped has to read that it was."""
ENDED_S = 0.5
"""How long the end of an instance waits for those who look."""


class Viewer:
    """One who looks. The hub offers events, `next` gives them away; both on the hub's loop."""

    def __init__(
        self,
        backlog: Iterable[Entry | Position],
        *,
        types: Collection[str] | None,
        wants_pulses: bool,
        is_gone: Callable[[], bool],
        on_leave: Callable[[Viewer], None],
    ) -> None:
        """`backlog` comes first, however much it is. `is_gone` tells that nobody can look any more."""
        self.wants_pulses = wants_pulses
        self.is_gone = is_gone
        self.on_last: Callable[[float], None] | None = None
        """Called when its last event is ready, with how many real seconds it has to take that."""
        self._on_leave = on_leave
        self._types = types
        self._backlog: deque[Entry | Position] = deque(backlog)
        self._queue: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._is_over = False

    def offer(self, entries: Sequence[Entry]) -> bool:
        """Take note of events; False when too many wait already."""
        wanted = self._wanted(entries)
        if not wanted or self._is_over:
            return True
        if len(self._queue) + len(wanted) > QUEUE_MAX:
            return False
        self._queue.extend(wanted)
        self._wake.set()
        return True

    def _wanted(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        types = self._types
        if types is None:
            return entries
        return [entry for entry in entries if entry.type in types or entry.type == "pulse"]

    def drop(self, refused: Sequence[Entry]) -> None:
        """It does not keep up, and did not take these: nothing but a last event is left for it."""
        unseen = sum(isinstance(one, Entry) for one in self._backlog) + len(self._queue) + len(self._wanted(refused))
        self._backlog.clear()
        self._queue.clear()
        self._finish(Dropped(count=unseen), DROPPED_S)

    def end(self) -> None:
        """What waits for it is the last that there is."""
        if not self._is_over:
            self._finish(Ended(), ENDED_S)

    def _finish(self, mark: Mark, patience_s: float) -> None:
        self._is_over = True
        self._queue.append(Entry(None, mark, time.time()))
        self._wake.set()
        if self.on_last is not None:
            self.on_last(patience_s)

    def leave(self) -> None:
        """It does not look any more. Harmless when repeated."""
        self._on_leave(self)

    async def next(self, patience_s: float) -> bytes | None:
        """The next events as they are sent, several at once; nothing after `patience_s` seconds without any.

        None when the stream is over.
        """
        if not self._backlog and not self._queue:
            if self._is_over:
                return None
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._wake.wait()
        frames: list[bytes] = []
        while len(frames) < FRAMES_AT_ONCE and (self._backlog or self._queue):
            waiting = self._backlog or self._queue
            frames.append(waiting.popleft().frame)
        return b"".join(frames)
