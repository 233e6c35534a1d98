"""Figures of the last seconds, for live views: gathered only while somebody looks at them."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import NamedTuple, TypeVar

from simlb.core.access_log import ExchangeRecord
from simlb.observe.recorder import Batch

WINDOW_SLOTS = 5
"""How many slots are looked at; one is closed with every pulse, that is once a second."""
SPAN_MIN_S = 0.1
"""A shorter time gives no rate."""
_STEPS_PER_E = 25.0
"""Latencies are counted in steps of 4 %: a percentile is off by 2 % at most."""
_SHORTEST_S = 1e-6

_Key = TypeVar("_Key", int, tuple[bool, int])

_load_balancer_of: Callable[[ExchangeRecord], str] = attrgetter("facts.elb")


class Figures(NamedTuple):
    """What happened in the window, per real second. `by_outcome` are rates such as `target 2xx` and `elb 5xx`.

    The percentiles are None without a latency to tell of.
    """

    per_second: float
    errors_per_second: float
    by_outcome: dict[str, float]
    p50_s: float | None
    p95_s: float | None


class _Sums:
    """Of one load balancer or target, in one slot."""

    __slots__ = ("count", "errors", "latencies", "outcomes")

    def __init__(self) -> None:
        self.count = 0
        self.errors = 0
        # Plain dictionaries: there may be a thousand targets, and the methods of a Counter take their time.
        self.outcomes: dict[tuple[bool, int], int] = {}
        self.latencies: dict[int, int] = {}


class _Slot:
    def __init__(self, began: float) -> None:
        self.began = began
        self.ended = began
        self.balancers: dict[str, _Sums] = {}
        self.targets: dict[tuple[str | None, str], _Sums] = {}


class LiveWindow:
    """Fed with batches. `requests` are totals by load balancer, which are always counted."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.requests: Counter[str] = Counter()
        """By `app/name/id`."""
        self._monotonic = monotonic
        self._slots: deque[_Slot] = deque(maxlen=WINDOW_SLOTS)
        self._open: _Slot | None = None

    def start(self) -> None:
        """Somebody looks: gather from here on."""
        if self._open is None:
            self._open = _Slot(self._monotonic())

    def stop(self) -> None:
        """Nobody does any more."""
        self._open = None
        self._slots.clear()

    def close_slot(self) -> None:
        """The open slot is part of the window from now on, and the oldest is not any more."""
        slot = self._open
        if slot is not None:
            slot.ended = self._monotonic()
            self._slots.append(slot)
            self._open = _Slot(slot.ended)

    def take(self, batch: Batch) -> None:
        """A batch is over."""
        self.requests.update(map(_load_balancer_of, batch.records))
        slot = self._open
        if slot is None:
            return
        balancers, targets = slot.balancers, slot.targets
        for record in batch.records:
            elb = record.facts.elb
            sums = balancers.get(elb) or balancers.setdefault(elb, _Sums())
            sums.count += 1
            status = record.target_status_code
            _add(sums.outcomes, (bool(status), (status or record.elb_status_code) // 100), 1)
            if record.kind is None:
                _add(sums.latencies, _step(record.ended_at - record.created_at), 1)
            address = record.target_address
            if address is not None:
                key = (record.target_group_arn, address)
                sums = targets.get(key) or targets.setdefault(key, _Sums())
                sums.count += 1
                if status >= 500 or record.failure is not None:
                    sums.errors += 1
                if record.target_processing_time >= 0:
                    _add(sums.latencies, _step(record.target_processing_time), 1)

    def load_balancer(self, elb: str) -> Figures:
        """One load balancer, by `app/name/id`. Latencies are from the request head to the end of the response."""
        return self._figures([slot.balancers[elb] for slot in self._slots if elb in slot.balancers])

    def target(self, target_group_arn: str, address: str) -> Figures:
        """One target of a group. Latencies are until its response head."""
        key = (target_group_arn, address)
        return self._figures([slot.targets[key] for slot in self._slots if key in slot.targets])

    def _figures(self, parts: Sequence[_Sums]) -> Figures:
        if not parts:
            return _NOTHING
        span_s = sum([slot.ended - slot.began for slot in self._slots])
        outcomes: dict[tuple[bool, int], int] = {}
        latencies: dict[int, int] = {}
        for part in parts:
            for outcome, count in part.outcomes.items():
                _add(outcomes, outcome, count)
            for step, count in part.latencies.items():
                _add(latencies, step, count)
        per_s = 1 / span_s if span_s > SPAN_MIN_S else 0.0
        p50_s, p95_s = _percentiles(latencies, (0.50, 0.95))
        return Figures(
            per_second=round(sum([part.count for part in parts]) * per_s, 3),
            errors_per_second=round(sum([part.errors for part in parts]) * per_s, 3),
            by_outcome={
                f"{'target' if is_targets else 'elb'} {hundreds}xx": round(many * per_s, 3)
                for (is_targets, hundreds), many in sorted(outcomes.items(), reverse=True)
            },
            p50_s=p50_s,
            p95_s=p95_s,
        )


_NOTHING = Figures(0.0, 0.0, {}, None, None)


def _add(sums: dict[_Key, int], key: _Key, count: int) -> None:
    sums[key] = sums.get(key, 0) + count


def _step(latency_s: float) -> int:
    return math.floor(math.log(max(latency_s, _SHORTEST_S)) * _STEPS_PER_E)


def _percentiles(latencies: dict[int, int], parts: Sequence[float]) -> list[float | None]:
    """For each part the middle of the step by which that part of them has been counted; None without any."""
    found: list[float | None] = []
    steps = sorted(latencies)
    total = sum(latencies.values())
    seen = place = 0
    for part in parts:  # ascending
        while place < len(steps) and (seen == 0 or seen < total * part):
            seen += latencies[steps[place]]
            place += 1
        found.append(round(math.exp((steps[place - 1] + 0.5) / _STEPS_PER_E), 6) if place else None)
    return found
