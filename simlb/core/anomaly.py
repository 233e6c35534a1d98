"""Which targets fail more often than their peers, and how little of the traffic those get (reference 5.3).

Nothing is done per request: the targets' totals are read every five load-balancer seconds, and what they grew by over a
minute is compared. AWS publishes neither statistic nor thresholds; these are the reference's suggestion (11, point 5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from enum import StrEnum
from math import sqrt
from typing import Generic, Protocol, TypeVar

EVALUATION_S = 5.0
WINDOW_S = 60.0
REQUESTS_MIN = 10
"""Fewer requests of a target in the window say nothing about it."""
TARGETS_MIN = 3
SIGMAS = 3.0
FACTOR = 2.0
MARGIN = 0.05
"""An anomalous error rate is over twice the peers', and above it by more than three sigmas and by at least this."""
WEIGHT_MIN = 0.05
WEIGHT_RISE = 1.5
"""A mitigated target falls to the minimum at once and recovers by this factor at each evaluation: in 40 seconds."""


class AnomalyResult(StrEnum):
    """`AnomalyDetection.Result`."""

    NORMAL = "normal"
    ANOMALOUS = "anomalous"


class Observed(Hashable, Protocol):
    """What is read of a target - its totals - and what is written to it.

    `errors` are 5xx answers of the target and connection failures. `weight` is below 1 while mitigation is in effect.
    """

    requests: int
    outstanding: int
    errors: int
    anomaly: AnomalyResult
    weight: float


T = TypeVar("T", bound=Observed)


class AnomalyDetector(Generic[T]):
    """Compares the targets of one group with each other. Seconds are load-balancer seconds."""

    __slots__ = ("_totals", "next_evaluation")

    def __init__(self, now: float) -> None:
        self.next_evaluation = now + EVALUATION_S
        # Of each target (time, finished requests, errors), oldest first, reaching back over the window.
        self._totals: dict[T, deque[tuple[float, int, int]]] = {}

    def evaluate(self, targets: Iterable[T], healthy: Sequence[T], now: float, *, mitigates: bool) -> list[T]:
        """Judge the healthy among the targets anew; the targets whose result or weight has changed."""
        self.next_evaluation = now + EVALUATION_S
        windows = self._take_totals(targets, now)
        judged = {target for target in healthy if windows[target][0] >= REQUESTS_MIN}
        peers = Peers(windows[target][1] / windows[target][0] for target in windows if target in judged)
        is_on = len(healthy) >= TARGETS_MIN
        waiting = set(healthy) - judged if is_on else set()
        changed = []
        for target, (requests, errors) in windows.items():
            if is_on and target in judged:
                is_anomalous = peers.is_outlier(errors / requests, requests)
            else:
                # A mitigated target hardly gets enough requests to be judged: its last errors have to pass first.
                is_anomalous = target in waiting and target.anomaly is AnomalyResult.ANOMALOUS and errors > 0
            before = (target.anomaly, target.weight)
            target.anomaly = AnomalyResult.ANOMALOUS if is_anomalous else AnomalyResult.NORMAL
            if not mitigates:
                target.weight = 1.0
            elif is_anomalous:
                target.weight = WEIGHT_MIN
            else:
                target.weight = min(1.0, target.weight * WEIGHT_RISE)
            if before != (target.anomaly, target.weight):
                changed.append(target)
        return changed

    def window(self, target: T) -> tuple[int, int]:
        """Finished requests and errors of a target within the window, as of the last evaluation."""
        totals = self._totals.get(target)
        return (totals[-1][1] - totals[0][1], totals[-1][2] - totals[0][2]) if totals else (0, 0)

    def _take_totals(self, targets: Iterable[T], now: float) -> dict[T, tuple[int, int]]:
        """Remember the present totals; finished requests and errors of each target within the window."""
        before, self._totals = self._totals, {}
        windows = {}
        for target in targets:
            totals = before.get(target)
            if totals is None:
                totals = deque(((now, 0, 0),))  # its counters began with it
            finished = target.requests - target.outstanding
            totals.append((now, finished, target.errors))
            while totals[1][0] <= now - WINDOW_S:
                totals.popleft()
            self._totals[target] = totals
            windows[target] = (finished - totals[0][1], target.errors - totals[0][2])
        return windows


class Peers:
    """The error rates (0 to 1) of all judged targets, of which each in turn is held against the others."""

    __slots__ = ("_count", "_squares", "_sum")

    def __init__(self, rates: Iterable[float]) -> None:
        self._count = 0
        self._sum = self._squares = 0.0
        for rate in rates:
            self._count += 1
            self._sum += rate
            self._squares += rate * rate

    def is_outlier(self, rate: float, requests: int) -> bool:
        """Whether one of the rates, found over so many requests, stands out from the others, of which it takes two."""
        others = self._count - 1
        if others < TARGETS_MIN - 1:
            return False
        mean = max(0.0, self._sum - rate) / others
        variance = max(0.0, (self._squares - rate * rate) / others - mean * mean)
        # Peers without any error have no spread, but a rate is never surer than its sample: one request more or less.
        sigma = max(sqrt(variance), sqrt(mean * max(0.0, 1 - mean) / requests), 1 / requests)
        return rate > mean + SIGMAS * sigma and rate > FACTOR * mean and rate - mean >= MARGIN
