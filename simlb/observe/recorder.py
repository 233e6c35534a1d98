"""Where the data plane puts its finished exchanges: gathered, then handed to whoever counts, keeps, logs or tells.

A request pays for one `append`. The sinks see batches, off the path of any one request, all of them every exchange
exactly once and in the same order: that is why their sums agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from operator import attrgetter

from simlb.core.access_log import ExchangeRecord, format_line
from simlb.core.rules import Decision
from simlb.core.target_group import Basis

BATCH_RECORDS = 64
ALIKE_REMEMBERED_MAX = 1024
FLUSH_S = 0.25
"""How long, in real seconds, an exchange waits for its batch to fill."""


class Alike:
    """What exchanges have in common that nobody who counts tells apart. Compared by identity.

    `key` holds it, by `alike_key`. The decision stands for rule and action, the basis for the group as it stood.
    """

    __slots__ = ("key",)

    def __init__(self, key: AlikeKey) -> None:
        self.key = key

    @property
    def basis(self) -> Basis | None:
        """What the choice of their targets rested on."""
        return self.key[2]


AlikeKey = tuple[str, Decision | None, Basis | None, str | None, str | None, str, int, int]
alike_key: Callable[[ExchangeRecord], AlikeKey] = attrgetter(
    "facts.origin",
    "decision",
    "basis",
    "target_address",
    "target_group_arn",
    "action",
    "elb_status_code",
    "target_status_code",
)


class Batch:
    """Exchanges that ended one after the other, with their log lines.

    `first` is the number of the first one: they are numbered from 0 since the start. `text` holds their lines in the
    same order, each with its line end. `alike` tells of each whom it is alike, so that what that means is worked out
    once for all of them: mostly the same object in later batches too.
    """

    __slots__ = ("alike", "first", "records", "text")

    def __init__(self, first: int, records: list[ExchangeRecord], known: dict[AlikeKey, Alike] | None = None) -> None:
        """`known` remembers between batches."""
        self.first = first
        self.records = records
        # While the exchanges are still in the processor's cache: later each of them would have to be fetched again.
        self.text = ("\n".join([format_line(record) for record in records]) + "\n").encode("ascii", "replace")
        known = {} if known is None else known
        try:
            self.alike = list(map(known.__getitem__, map(alike_key, records)))
        except KeyError:
            if len(known) > ALIKE_REMEMBERED_MAX:
                known.clear()
            for key in map(alike_key, records):
                if key not in known:
                    known[key] = Alike(key)
            self.alike = list(map(known.__getitem__, map(alike_key, records)))


Sink = Callable[[Batch], None]
"""Takes a batch, and keeps none of its records for long: thousands of them would be cold memory to every request."""


class Recorder:
    """Gathers the exchanges of all load-balancer nodes of one instance."""

    def __init__(self, *sinks: Sink) -> None:
        """Sinks are called in this order."""
        self._sinks = list(sinks)
        self._pending: list[ExchangeRecord] = []
        self._timer: asyncio.TimerHandle | None = None
        self._total = 0
        self._known: dict[AlikeKey, Alike] = {}

    @property
    def total(self) -> int:
        """How many exchanges have been handed over."""
        return self._total

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
            batch = Batch(self._total, records, self._known)
            self._total += len(records)
            for sink in self._sinks:
                sink(batch)

    def close(self) -> None:
        """Hand over what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()
