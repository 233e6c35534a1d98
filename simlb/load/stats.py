"""What is known of a load while it runs and afterwards."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from simlb.load.histogram import Histogram
from simlb.load.result import ErrorKind, LoadResult

_WINDOW_REPORTS = 20


class LoadStats:
    """Counts of one load. Latencies, in load-balancer seconds, are of answers; a timeout counts with what it waited."""

    def __init__(self) -> None:
        self.sent = 0
        self.in_flight = 0
        self.finished = 0
        self.statuses: Counter[tuple[int, bool]] = Counter()
        """By status code, and whether the load balancer made the answer itself."""
        self.errors: Counter[ErrorKind] = Counter()
        self.targets: Counter[str] = Counter()
        """Answers by what their X-Target said."""
        self.reused = 0
        self.latencies = Histogram()
        self.dropped_by_cap = 0
        """Requests that were due but not sent, since too many were in flight."""
        self.held_by_cap = 0
        """How often a user of a closed load had to wait for the cap on the rate."""
        self.retried = 0
        """Requests sent once more, since their connection had just ended idle."""
        self.rate_per_s = 0.0
        """The rate that the plan wants now; 0 for a closed load."""
        self.lag_s = 0.0
        """How late the generator was at worst in about the last real second: high, and the figures are its own."""
        self.lag_max_s = 0.0
        self._lags: deque[float] = deque(maxlen=_WINDOW_REPORTS)

    def record(self, results: Iterable[LoadResult]) -> None:
        """Count finished requests."""
        for result in results:
            self.finished += 1
            if result.error is None:
                self.statuses[result.status, result.is_elb_answer] += 1
                if result.target is not None:
                    self.targets[result.target] += 1
            else:
                self.errors[result.error] += 1
            if result.error is None or result.error is ErrorKind.TIMEOUT:
                self.latencies.record(result.latency_s)
            self.reused += result.is_reused

    def take(self, state: Mapping[str, Any]) -> None:
        """Take over what a worker reports beside results."""
        self.sent = state["sent"]
        self.in_flight = state["in_flight"]
        self.dropped_by_cap = state["dropped_by_cap"]
        self.held_by_cap = state["held_by_cap"]
        self.retried = state["retried"]
        self.rate_per_s = state["rate_per_s"]
        self._lags.append(state["lag_s"])
        self.lag_s = max(self._lags)
        self.lag_max_s = max(self.lag_max_s, state["lag_s"])
