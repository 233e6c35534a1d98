"""Status codes of late: how many, who produced them, from which target and why, since when, and whether it goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from simlb.core.access_log import timestamp
from simlb.dataplane.exchange import Kept
from simlb.explain.story import Producer
from simlb.observe.exchange_ring import ExchangeRing, KeptExchange

TIME_PLACE, TARGET_PLACE, SERVED_PLACE, ELB_PLACE, TARGET_STATUS_PLACE, SENT_PLACE = 1, 4, 6, 8, 9, 11
"""Places in a line split at blanks: before the request line no field holds one (reference 7.1)."""
_QUICK_S = 0.5


class Likeness(NamedTuple):
    """What exchanges have in common that have the same explanation."""

    target_address: str
    target_status_code: str
    target_group_arn: str
    action: str
    failure: str
    mode: str
    is_first_on_connection: bool
    is_quick: bool
    is_unsent: bool
    classification: str


@dataclass(slots=True)
class Alike:
    """Exchanges of one status code that are alike. Times are seconds since 1970; `sample` is the last of them."""

    sample: KeptExchange
    last_at: float
    first_at: float
    count: int = 0

    @property
    def produced_by(self) -> Producer:
        """Who made the status code."""
        words = self.sample.line.split(" ", SENT_PLACE + 1)
        if words[TARGET_STATUS_PLACE] != "-":
            return "target"
        return "nobody" if words[SENT_PLACE] == "0" else "load balancer"


@dataclass(slots=True)
class StatusSpan:
    """Everything of one status code within a span of real seconds. `began_at` may lie before the span."""

    status_code: int
    span_s: float
    now: float
    alike: list[Alike] = field(default_factory=list)
    count: int = 0
    began_at: float | None = None
    last_at: float | None = None
    since_last: int = 0
    """Requests that have ended since the last of them."""
    others: Counter[int] = field(default_factory=Counter)
    """Every status code within the span, this one included."""
    last_before_at: float | None = None
    """The last one before the span, where there is none in it."""
    reaches_back_s: float | None = None
    """How far back the kept exchanges reach, where that is less than the span."""


def find_status(ring: ExchangeRing, status_code: int, span_s: float, now: float) -> StatusSpan:
    """Look through the kept exchanges, the last one first. `now` is wall-clock time: the log's stamps are."""
    found = StatusSpan(status_code, span_s, now)
    cutoff = timestamp(max(0.0, now - span_s))
    wanted = str(status_code)
    groups: dict[Likeness, Alike] = {}
    stamp = ""
    for exchange in ring.newest_first():
        words = exchange.line.split(" ", SENT_PLACE + 1)
        stamp, code = words[TIME_PLACE], words[ELB_PLACE]
        if stamp < cutoff:
            # Beyond the span only the beginning of what goes on is looked for, or the last one that there was.
            if found.began_at is not None and found.began_at - _seconds(stamp) > span_s:
                break
            if code == wanted and found.began_at is None:
                found.last_before_at = _seconds(stamp)
                break
            if code == wanted:
                found.began_at = _seconds(stamp)
            continue
        found.others[int(code)] += 1
        if code != wanted:
            if found.last_at is None:
                found.since_last += 1
            continue
        at = found.began_at = _seconds(stamp)
        if found.last_at is None:
            found.last_at = at
        found.count += 1
        likeness = _likeness(exchange, words)
        alike = groups.get(likeness)
        if alike is None:
            alike = groups[likeness] = Alike(exchange, at, at)
        alike.first_at = at
        alike.count += 1
    if ring.first and stamp >= cutoff:
        found.reaches_back_s = now - _seconds(stamp)
    found.alike = sorted(groups.values(), key=lambda alike: -alike.count)
    return found


def count_statuses(ring: ExchangeRing, span_s: float, now: float) -> Counter[int]:
    """How many of each status code ended within the last `span_s` real seconds."""
    cutoff = timestamp(max(0.0, now - span_s))
    counts: Counter[int] = Counter()
    for exchange in ring.newest_first():
        words = exchange.line.split(" ", ELB_PLACE + 1)
        if words[TIME_PLACE] < cutoff:
            break
        counts[int(words[ELB_PLACE])] += 1
    return counts


def _likeness(exchange: KeptExchange, words: list[str]) -> Likeness:
    parts = exchange.line.split('"')
    kept = None if exchange.kept is None else Kept(*exchange.kept)
    rare = None if kept is None else kept.rare
    return Likeness(
        target_address=words[TARGET_PLACE],
        target_status_code=words[TARGET_STATUS_PLACE],
        target_group_arn=parts[4].split(" ")[-2],
        action=parts[11],
        failure="" if rare is None or rare.failure is None else rare.failure.name,
        mode="" if kept is None or kept.basis is None else kept.basis.mode,
        is_first_on_connection=kept is not None and kept.is_first_on_connection,
        is_quick=float(words[SERVED_PLACE]) < _QUICK_S,
        is_unsent=words[SENT_PLACE] == "0",
        classification=parts[21],
    )


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
