"""Log lines of what is rarer than requests - connections, probes: gathered, formatted together, the last ones kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Generic, TypeVar

from simlb.observe.recorder import BATCH_RECORDS, FLUSH_S

KEPT = 10_000
_Record = TypeVar("_Record")

LineSink = Callable[[str, list[str]], None]
"""Takes a load balancer's `elb` and lines of it, without line ends."""


class LineLog(Generic[_Record]):
    """The lines of one kind, of all load balancers of an instance."""

    def __init__(
        self,
        format_line: Callable[[_Record], str],
        elb_of: Callable[[_Record], str],
        sink: LineSink,
        kept: int = KEPT,
    ) -> None:
        self._format_line = format_line
        self._elb_of = elb_of
        self._sink = sink
        self._pending: list[_Record] = []
        self._timer: asyncio.TimerHandle | None = None
        self._kept: deque[str] = deque(maxlen=kept)
        self.total = 0
        """How many there have been: the number of the next one."""
        self.on_record: Callable[[_Record], None] | None = None
        """Gets each record as well, at once."""

    def record(self, record: _Record) -> None:
        """One more has happened."""
        if self.on_record is not None:
            self.on_record(record)
        pending = self._pending
        pending.append(record)
        if len(pending) >= BATCH_RECORDS:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Make lines of what has been gathered. Whoever reads calls this first."""
        records, self._pending = self._pending, []
        by_elb: dict[str, list[str]] = {}
        for record in records:
            line = self._format_line(record)
            self._kept.append(line)
            by_elb.setdefault(self._elb_of(record), []).append(line)
        self.total += len(records)
        for elb, lines in by_elb.items():
            self._sink(elb, lines)

    def page(self, after: int, limit: int) -> tuple[int, list[str], int]:
        """Those numbered from `after` on, at most `limit`: the next number, the lines, how many are no longer kept.

        A negative `after` counts from the end.
        """
        first = self.total - len(self._kept)
        start = max(0, self.total + after) if after < 0 else min(after, self.total)
        dropped = max(0, first - start) if after >= 0 else 0
        start = max(start, first)
        end = min(self.total, start + limit)
        return end, list(islice(self._kept, start - first, end - first)), dropped

    def close(self) -> None:
        """Make lines of what is left. Nothing follows."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()
