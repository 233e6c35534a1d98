"""From a journal to what its pictures show: counts and percentiles by stretches of time, and bands of states.

All moments come out relative to an origin, most often the story's beginning.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from simlb.scenario.charts import Band, Point
from simlb.scenario.journal import ClientEnded, Entry, RequestEnded, Sampled, StateChanged

_STEPS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
_STRETCHES_MAX = 120
HTTP_ERROR = 400

Producer = tuple[int, bool]
"""A status code, and whether the target gave it."""


class Stretches:
    """Time from `from_s` to `to_s` in equal stretches, about a hundred of them, none shorter than a second."""

    def __init__(self, from_s: float, to_s: float) -> None:
        length_s = max(to_s - from_s, 1.0)
        wanted_s = length_s / _STRETCHES_MAX
        self.step_s = next((step for step in _STEPS_S if step >= wanted_s), math.ceil(wanted_s / 60) * 60.0)
        self.from_s = from_s
        self.count = math.ceil(length_s / self.step_s)

    def place(self, at_s: float) -> int | None:
        """In which of them a moment lies."""
        place = int((at_s - self.from_s) // self.step_s)
        return place if 0 <= place < self.count else None

    def middle_s(self, place: int) -> float:
        """The middle of one."""
        return self.from_s + (place + 0.5) * self.step_s


def by_producer(entries: Iterable[Entry], stretches: Stretches, origin_s: float) -> dict[Producer, list[Point]]:
    """Log lines a second by status code and by who produced it, the load balancer's own and errors first."""
    counts: dict[Producer, list[int]] = defaultdict(lambda: [0] * stretches.count)
    for entry in entries:
        if isinstance(entry, RequestEnded) and (place := stretches.place(entry.at_s)) is not None:
            from_target = entry.target_status != 0
            counts[entry.elb_status, from_target][place] += 1
    ordered = sorted(counts, key=lambda who: (who[0] < HTTP_ERROR, who[1], who[0]))
    return {who: _rates(counts[who], stretches, origin_s) for who in ordered}


def by_client(entries: Iterable[Entry], stretches: Stretches, origin_s: float) -> dict[str, list[Point]]:
    """What clients saw a second, by error and status code, by the moment at which the request was meant to begin."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * stretches.count)
    for entry in entries:
        if isinstance(entry, ClientEnded) and (place := stretches.place(entry.started_at_s)) is not None:
            counts[entry.error or str(entry.status)][place] += 1
    ordered = sorted(counts, key=lambda what: (what.isdigit(), what.isdigit() and int(what) < HTTP_ERROR, what))
    return {what: _rates(counts[what], stretches, origin_s) for what in ordered}


def latencies(entries: Sequence[Entry], stretches: Stretches, origin_s: float) -> dict[float, list[Point]]:
    """50th and 95th percentile in milliseconds, as clients saw it; as the log has it where there are no clients.

    Each request counts where it began. Stretches without requests interrupt the line.
    """
    found: list[list[float]] = [[] for _ in range(stretches.count)]
    clients = [entry for entry in entries if isinstance(entry, ClientEnded) and entry.error is None]
    if clients:
        pairs = [(entry.started_at_s, entry.latency_s) for entry in clients]
    else:
        requests = [entry for entry in entries if isinstance(entry, RequestEnded)]
        pairs = [(entry.received_at_s, entry.at_s - entry.received_at_s) for entry in requests]
    for began_s, took_s in pairs:
        if (place := stretches.place(began_s)) is not None:
            found[place].append(took_s)
    for values in found:
        values.sort()
    return {
        percent: [
            (stretches.middle_s(place) - origin_s, _percentile(values, percent) * 1000 if values else None)
            for place, values in enumerate(found)
        ]
        for percent in ((50.0, 95.0) if pairs else ())
    }


def in_flight(entries: Iterable[Entry], stretches: Stretches, origin_s: float) -> dict[str, list[Point]]:
    """The most requests that each target was seen answering, by stretch; a stretch without samples is a gap."""
    found: dict[str, list[float | None]] = defaultdict(lambda: [None] * stretches.count)
    for entry in entries:
        if isinstance(entry, Sampled) and (place := stretches.place(entry.at_s)) is not None:
            for target, count in entry.in_flight.items():
                found[target][place] = max(count, found[target][place] or 0.0)
    return {
        target: [(stretches.middle_s(place) - origin_s, most) for place, most in enumerate(found[target])]
        for target in sorted(found)
    }


def states(entries: Iterable[Entry], origin_s: float, from_s: float, to_s: float) -> list[Band]:
    """How each target of each group stood."""
    changes: dict[tuple[str, str], list[StateChanged]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry, StateChanged):
            changes[entry.group, entry.target].append(entry)
    has_several_groups = len({group for group, _ in changes}) > 1
    return [
        Band(
            name=f"{group}/{target}" if has_several_groups else target,
            stretches=[
                (max(change.at_s, from_s) - origin_s, until_s - origin_s, change.state)
                for change, until_s in zip(found, [*(later.at_s for later in found[1:]), to_s], strict=True)
                if until_s > from_s
            ],
        )
        for (group, target), found in sorted(changes.items())
    ]


def _rates(counts: Sequence[int], stretches: Stretches, origin_s: float) -> list[Point]:
    return [(stretches.middle_s(place) - origin_s, count / stretches.step_s) for place, count in enumerate(counts)]


def _percentile(values: Sequence[float], percent: float) -> float:
    """Of sorted values: the smallest that at least so many percent do not exceed."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]
