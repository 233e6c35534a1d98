"""Where the data plane puts its finished exchanges: gathered, then handed to whoever counts, keeps, logs or tells.

A request pays for one `append`. The sinks see batches, off the path of any one request, all of them every exchange
exactly once and in the same order: that is why their sums agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simlb.core.access_log import ExchangeRecord

BATCH_RECORDS = 64
FLUSH_S = 0.25
"""How long, in real seconds, an exchange waits for its batch to fill."""

Sink = Callable[[list[ExchangeRecord]], None]
"""Takes a batch. It may keep the list, must not change it, and does not raise for what a client or target did."""


class Recorder:
    """Gathers the exchanges of all load-balancer nodes of one instance."""

    def __init__(self, *sinks: Sink) -> None:
        """Sinks are called in this order."""
        self._sinks = list(sinks)
        self._pending: list[ExchangeRecord] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, sink: Sink) -> None:
        """Give batches to one more, after the others, from now on."""
        self._sinks.append(sink)

    def record(self, record: ExchangeRecord) -> None:
        """One exchange is over."""
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
        """Hand over what has been gathered. Whoever reads from a sink calls this first."""
        records, self._pending = self._pending, []
        if records:
            for sink in self._sinks:
                sink(records)

    def close(self) -> None:
        """Hand over what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()
