"""Notices when a target takes nearly as long as a time-out allows. Time is real here, and so are the limits.

A clock that runs `speed` times as fast makes time-outs shorter, and a target's own work takes what it takes: at some
speed answers come too late that AWS would have waited for. What is seen of a target lies in a window of fixed size.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable
from dataclasses import dataclass

NEAR = 0.8
"""The part of a limit from which on a 99th percentile is worth a word: the next busy moment is over it."""
FINE = 0.6
"""Below this part all is well again, so that what wavers about the limit is told once."""
KEYS_MAX = 4096
"""How many targets are remembered; the one that was first seen is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A 99th percentile that comes near a limit, in real seconds. `is_cut`: what lies at the limit was ended there."""

    p99_s: float
    limit_s: float
    samples: int

    @property
    def is_cut(self) -> bool:
        """True when nobody knows how long it would have taken."""
        return self.p99_s >= self.limit_s


class LatencyWatch:
    """Watches the latencies of many targets, each by a key. Judges after every half window of new ones."""

    def __init__(self, needed: int) -> None:
        """No verdict before `needed` latencies; the last `2 * needed` are kept."""
        self._needed = needed
        self._windows: dict[Hashable, _Window] = {}

    def add(self, key: Hashable, latency_s: float, limit_s: float) -> Crossing | None:
        """One more latency of `key`. A crossing when it is to be told: not again until all has been well since.

        What was ended by the time-out itself counts as `limit_s` or more.
        """
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= KEYS_MAX:
                del self._windows[next(iter(self._windows))]
            window = self._windows[key] = _Window(2 * self._needed)
        window.add(latency_s)
        return window.judge(limit_s) if window.added % self._needed == 0 else None


class _Window:
    """The last latencies of one key, as a ring."""

    __slots__ = ("_kept", "_latencies", "_told", "added")

    def __init__(self, kept: int) -> None:
        self._latencies = array("d")
        self._kept = kept
        self._told = False
        self.added = 0

    def add(self, latency_s: float) -> None:
        if len(self._latencies) < self._kept:
            self._latencies.append(latency_s)
        else:
            self._latencies[self.added % self._kept] = latency_s
        self.added += 1

    def judge(self, limit_s: float) -> Crossing | None:
        p99_s = percentile(sorted(self._latencies), 99)
        if self._told:
            self._told = p99_s >= FINE * limit_s
            return None
        if p99_s < NEAR * limit_s:
            return None
        self._told = True
        return Crossing(p99_s=p99_s, limit_s=limit_s, samples=len(self._latencies))


def percentile(ordered: list[float], percent: float) -> float:
    """The smallest of `ordered` (ascending, not empty) that `percent` of them do not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def slower(timeout_s: float, p99_s: float) -> float:
    """A speed at which `timeout_s` of load-balancer time is twice as long as `p99_s`, to two digits, at least 1."""
    speed = timeout_s / (2 * p99_s)
    if speed <= 1:
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(speed)) - 1)
    return math.floor(speed / unit) * unit
