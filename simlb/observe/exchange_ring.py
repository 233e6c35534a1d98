"""The last exchanges, kept as they were decided, for explanations, log lines and replays.

Bounded in number and in bytes. Exchanges are numbered from 0 since the start, the same number in every place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from simlb.core.access_log import ExchangeRecord
from simlb.observe.recorder import BATCH_RECORDS

KEPT = 10_000
KEPT_MAX_BYTES = 32 * 1024 * 1024
BASES_REMEMBERED = 64


class _Batch:
    """Exchanges that came together. Whole batches are forgotten: nothing is paid per exchange for that."""

    __slots__ = ("bytes", "first", "records")

    def __init__(self, first: int, records: list[ExchangeRecord]) -> None:
        self.first = first
        self.records = records
        self.bytes = 0


class ExchangeRing:
    """Keeps at least the last `kept` exchanges, fewer when they would take more than `max_bytes` in all."""

    def __init__(self, kept: int = KEPT, max_bytes: int = KEPT_MAX_BYTES) -> None:
        self._kept_max = kept
        self._max_bytes = max_bytes
        self._batches: deque[_Batch] = deque()
        self._shared: dict[int, object] = {}
        """By identity, what the last exchanges share and who first had it has been charged for."""
        self.bytes = 0
        """About how much memory the kept ones take."""
        self.total = 0
        """How many there have been: the number of the next one."""

    @property
    def first(self) -> int:
        """The number of the oldest one kept; `total` when none is."""
        return self._batches[0].first if self._batches else self.total

    def take(self, records: list[ExchangeRecord]) -> None:
        """A batch is over."""
        size = sum([record.settle() for record in records]) + self._charge_shared(records)
        batches = self._batches
        if batches and len(batches[-1].records) + len(records) <= BATCH_RECORDS:
            # Where traffic is thin batches are small: put them together.
            batch = batches[-1]
            batch.records = batch.records + records
        else:
            batch = _Batch(self.total, records)
            batches.append(batch)
        batch.bytes += size
        self.bytes += size
        self.total += len(records)
        while len(batches) > 1 and (
            self.total - batches[0].first - len(batches[0].records) >= self._kept_max or self.bytes > self._max_bytes
        ):
            self.bytes -= batches.popleft().bytes

    def _charge_shared(self, records: list[ExchangeRecord]) -> int:
        """What these refer to and share with others, such as the list of candidates they were chosen from."""
        size = 0
        for shared in {id(record.basis): record.basis for record in records}.values():
            if shared is not None and id(shared) not in self._shared:
                if len(self._shared) >= BASES_REMEMBERED:
                    del self._shared[next(iter(self._shared))]
                self._shared[id(shared)] = shared
                size += shared.kept_bytes
        return size

    def __iter__(self) -> Iterator[ExchangeRecord]:
        for batch in self._batches:
            yield from batch.records

    def newest_first(self) -> Iterator[tuple[int, ExchangeRecord]]:
        """Number and exchange, the last one first."""
        for batch in reversed(self._batches):
            for place in range(len(batch.records) - 1, -1, -1):
                yield batch.first + place, batch.records[place]

    def at(self, number: int) -> ExchangeRecord | None:
        """The exchange of that number; None when it is not kept (any more, or yet)."""
        return next(iter(self.page(number, 1)[1]), None) if self.first <= number < self.total else None

    def find(self, trace_id: str) -> tuple[int, ExchangeRecord] | None:
        """The last exchange whose trace id is, or has in it, `trace_id`: `Root=1-67...-...` with or without `Root=`."""
        for number, record in self.newest_first():
            if trace_id == record.trace_id or trace_id in record.trace_id:
                return number, record
        return None

    def page(self, after: int, limit: int) -> tuple[int, list[ExchangeRecord], int]:
        """Those numbered from `after` on, at most `limit`: the next number, the exchanges, how many are no longer kept.

        A negative `after` counts from the end.
        """
        start = max(0, self.total + after) if after < 0 else min(after, self.total)
        dropped = max(0, self.first - start) if after >= 0 else 0
        start = max(start, self.first)
        end = min(self.total, start + limit)
        found: list[ExchangeRecord] = []
        for batch in self._batches:
            if batch.first + len(batch.records) > start and batch.first < end:
                found += islice(batch.records, max(0, start - batch.first), end - batch.first)
        return end, found, dropped
