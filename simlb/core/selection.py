"""Which algorithm is at work in a target group, and who is in slow start (reference 5.2, 5.4).

The algorithm is the configured one, except that round robin gives way to slow start while somebody ramps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from simlb.core.algorithms import Algorithm
from simlb.core.algorithms.least_outstanding_requests import LeastOutstandingRequests
from simlb.core.algorithms.round_robin import RoundRobin
from simlb.core.algorithms.slow_start import SlowStart, ramp_weight
from simlb.core.algorithms.weighted_random import WeightedRandom
from simlb.core.attributes import AlgorithmType, TargetGroupAttributes
from simlb.core.target_state import TargetState

_ALGORITHMS: Mapping[AlgorithmType, Callable[[], Algorithm[TargetState]]] = {
    "round_robin": RoundRobin,
    "least_outstanding_requests": LeastOutstandingRequests[TargetState],
    "weighted_random": WeightedRandom[TargetState],
}


class Selection:
    """The choosing half of one target group's state. `algorithm` chooses; `told` is one that follows every count."""

    __slots__ = ("_attributes", "_configured", "_slow_start", "algorithm", "is_ramping", "told")

    algorithm: Algorithm[TargetState]
    told: LeastOutstandingRequests[TargetState] | None
    _attributes: TargetGroupAttributes

    def __init__(self, attributes: TargetGroupAttributes) -> None:
        self.is_ramping = False
        self._install(attributes)

    def use(self, attributes: TargetGroupAttributes, targets: Iterable[TargetState]) -> None:
        """Go on with these attributes. Ramps go on for the new duration; what is switched off ends at once."""
        if attributes.algorithm != self._attributes.algorithm:
            self._install(attributes)
        self._attributes = attributes
        if self._slow_start is not None:
            self._slow_start.duration_s = attributes.slow_start_s
        for target in targets:
            if not attributes.slow_start_s:
                target.ramping_since = None
            if not attributes.anomaly_mitigation:
                target.weight = 1.0

    def _install(self, attributes: TargetGroupAttributes) -> None:
        self._attributes = attributes
        self.algorithm = self._configured = configured = _ALGORITHMS[attributes.algorithm]()
        self.told = configured if isinstance(configured, LeastOutstandingRequests) else None
        self._slow_start: SlowStart[TargetState] | None = None
        if isinstance(configured, RoundRobin):
            self._slow_start = SlowStart(configured, attributes.slow_start_s)

    def on_candidates(self, candidates: Iterable[TargetState]) -> None:
        """There are other candidates, or somebody's ramp has begun or ended."""
        self.is_ramping = any(target.ramping_since is not None for target in candidates)
        slow_start = self._slow_start
        self.algorithm = slow_start if slow_start is not None and self.is_ramping else self._configured

    def on_healthy(self, target: TargetState, others: Iterable[TargetState], now: float) -> None:
        """A target has become healthy beside these healthy ones: does it begin slowly?"""
        is_alone = all(other.ramping_since is not None for other in others)
        if self._attributes.slow_start_s and not target.skips_slow_start and not is_alone:
            target.ramping_since = now
        target.skips_slow_start = False

    def end_ramps(self, candidates: Iterable[TargetState], now: float) -> bool:
        """End the slow start of those whose time is over; True when there were any."""
        began_before = now - self._attributes.slow_start_s
        over = [one for one in candidates if one.ramping_since is not None and one.ramping_since <= began_before]
        for target in over:
            target.ramping_since = None
        return bool(over)

    def ramp_weight(self, target: TargetState, now: float) -> float:
        """The part of its full share that a target gets (0.01 to 1)."""
        since = target.ramping_since
        return 1.0 if since is None else ramp_weight(now - since, self._attributes.slow_start_s)
