"""The last exchanges, for explanations, log lines and replays: each as its log line and what was decided from.

Bounded in number and in bytes. A line and one small tuple: ten thousand exchanges kept as they are cost every request
2.5 µs, since whatever it allocates is then cold memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from simlb.observe.recorder import BATCH_RECORDS, Batch

KEPT = 10_000
KEPT_MAX_BYTES = 32 * 1024 * 1024
ENTRY_BYTES = 160
ENTRIES_MAX_BYTES = 1024 * 1024
"""How much of it is forgotten at once, unless a single exchange takes more."""
SHARED_REMEMBERED = 64
PLAN = 1
"""Where in a kept tuple the configuration stands that it was decided by. The last one is what few have, or None."""


class KeptExchange(NamedTuple):
    """One exchange of the ring. `kept` is what `ExchangeRecord.keep` gave; None for what never became a request."""

    number: int
    line: str
    kept: tuple[Any, ...] | None


class _Entries:
    """Exchanges that came together. Whole batches are forgotten: nothing is paid per exchange for that."""

    __slots__ = ("bytes", "first", "kept", "text")

    def __init__(self, first: int, text: bytes, kept: list[tuple[Any, ...] | None], size: int) -> None:
        self.first = first
        self.text = text
        self.kept = kept
        self.bytes = size


class ExchangeRing:
    """Keeps at least the last `kept` exchanges, fewer when they would take more than `max_bytes` in all."""

    def __init__(self, kept: int = KEPT, max_bytes: int = KEPT_MAX_BYTES) -> None:
        self._kept_max = kept
        self._max_bytes = max_bytes
        self._batches: deque[_Entries] = deque()
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

    def take(self, batch: Batch) -> None:
        """A batch is over."""
        records = batch.records
        kept = [record.keep() for record in records]
        read = [one for one in kept if one is not None]
        size = len(batch.text) + ENTRY_BYTES * len(kept) + sum([len(one[0]) for one in read])
        size += sum([one[-1].kept_bytes for one in read if one[-1] is not None])
        shared = self._charge_shared(batch)
        if size > ENTRIES_MAX_BYTES:
            # Bodies, or very long lines: one by one, or what is forgotten together would be too much at once.
            for text, one in zip(batch.text.splitlines(keepends=True), kept, strict=True):
                rare = None if one is None else one[-1]
                own = 0 if one is None else len(one[0]) + (0 if rare is None else rare.kept_bytes)
                self._append(text, [one], len(text) + ENTRY_BYTES + own + shared)
                shared = 0
        else:
            self._append(batch.text, kept, size + shared)

    def _append(self, text: bytes, kept: list[tuple[Any, ...] | None], size: int) -> None:
        batches = self._batches
        last = batches[-1] if batches else None
        if last is not None and len(last.kept) + len(kept) <= BATCH_RECORDS and last.bytes + size <= ENTRIES_MAX_BYTES:
            # Where traffic is thin batches are small: put them together.
            last.text += text
            last.kept += kept
            last.bytes += size
        else:
            batches.append(_Entries(self.total, text, kept, size))
        self.bytes += size
        self.total += len(kept)
        while len(batches) > 1 and (
            self.total - batches[0].first - len(batches[0].kept) >= self._kept_max or self.bytes > self._max_bytes
        ):
            self.bytes -= batches.popleft().bytes

    def keep_plans(self, plans: Container[object]) -> None:
        """Let go of all plans but these: what was decided stays, the rules that decided do not.

        A walk over all that is kept, half a millisecond: for when a configuration changes.
        """
        for batch in self._batches:
            kept = batch.kept
            for place, one in enumerate(kept):
                if one is not None and one[PLAN] is not None and one[PLAN] not in plans:
                    kept[place] = (*one[:PLAN], None, *one[PLAN + 1 :])

    def count_before(self, exchange: KeptExchange) -> int:
        """How many of those kept came before it on the same client connection."""
        sought = b" " + connection_of(exchange.line).encode() + b" "
        count = 0
        for batch in self._batches:
            if batch.first >= exchange.number:
                break
            text, place = batch.text, exchange.number - batch.first
            if place < len(batch.kept):
                text = b"\n".join(text.split(b"\n", place)[:place])
            count += text.count(sought)
        return count

    def lines_before(self, exchange: KeptExchange, limit: int) -> list[str]:
        """The lines of the last ones that came before it on the same client connection, at most `limit`, newest first.

        They are looked for among the last `limit` times ten.
        """
        connection = connection_of(exchange.line)
        start = max(self.first, exchange.number - 10 * limit)
        _, exchanges, _ = self.page(start, exchange.number - start)
        return [one.line for one in reversed(exchanges) if connection_of(one.line) == connection][:limit]

    def _charge_shared(self, batch: Batch) -> int:
        """What these refer to and share with others, such as the list of candidates they were chosen from."""
        size = 0
        for shared in [alike.basis for alike in dict.fromkeys(batch.alike)]:
            if shared is not None and id(shared) not in self._shared:
                if len(self._shared) >= SHARED_REMEMBERED:
                    del self._shared[next(iter(self._shared))]
                self._shared[id(shared)] = shared
                size += shared.kept_bytes
        return size

    def newest_first(self) -> Iterator[KeptExchange]:
        """All that are kept, the last one first."""
        for batch in reversed(self._batches):
            lines = batch.text.decode().splitlines()
            for place in range(len(lines) - 1, -1, -1):
                yield KeptExchange(batch.first + place, lines[place], batch.kept[place])

    def at(self, number: int) -> KeptExchange | None:
        """The exchange of that number; None when it is not kept (any more, or yet)."""
        return next(iter(self.page(number, 1)[1]), None) if self.first <= number < self.total else None

    def find(self, trace_id: str) -> KeptExchange | None:
        """The last exchange whose trace id is, or has in it, `trace_id`: `Root=1-67...-...` with or without `Root=`."""
        sought = trace_id.encode("utf-8", "replace")
        for batch in reversed(self._batches):
            if sought in batch.text:
                lines = batch.text.decode().splitlines()
                for place in range(len(lines) - 1, -1, -1):
                    if trace_id in trace_id_of(lines[place]):
                        return KeptExchange(batch.first + place, lines[place], batch.kept[place])
        return None

    def page(self, after: int, limit: int) -> tuple[int, list[KeptExchange], int]:
        """Those numbered from `after` on, at most `limit`: the next number, the exchanges, how many are no longer kept.

        A negative `after` counts from the end.
        """
        start = max(0, self.total + after) if after < 0 else min(after, self.total)
        dropped = max(0, self.first - start) if after >= 0 else 0
        start = max(start, self.first)
        end = min(self.total, start + limit)
        found: list[KeptExchange] = []
        for batch in self._batches:
            if batch.first + len(batch.kept) > start and batch.first < end:
                lines = batch.text.decode().splitlines()
                places = range(max(0, start - batch.first), min(len(lines), end - batch.first))
                found += [KeptExchange(batch.first + place, lines[place], batch.kept[place]) for place in places]
        return end, found, dropped


def trace_id_of(line: str) -> str:
    """Field 18 of an access-log line. Text in it holds neither quotes nor line ends."""
    # Behind request line and user agent, which are fields 13 and 14, the third text in quotes.
    return line.split('"', 6)[5]


def connection_of(line: str) -> str:
    """Field 30 of an access-log line, `TID_...`: which client connection it was."""
    # Behind classification and its reason, which are the 11th and 12th texts in quotes.
    return line.split('"', 24)[24].split(" ", 2)[1]
