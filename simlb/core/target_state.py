"""One registered (or draining) target: its description, its health, and the books that its group keeps of it."""

from __future__ import annotations

from simlb.core.anomaly import AnomalyResult
from simlb.core.health import HealthState, TargetHealth
from simlb.core.model import Target


class TargetState:
    """What is alive about a target. Compared and hashed by identity.

    `since` is when its health state was entered, `ramping_since` when its slow start began (None: not in slow start),
    `probed_at` when the last probe had its result, in load-balancer seconds. `outstanding`, `requests` and `errors`
    count since it was registered; errors are 5xx answers and connection failures. `is_candidate` says whether it may
    get a request now. `weight` is below 1 while anomaly mitigation is in effect.
    """

    __slots__ = (
        "address",
        "anomaly",
        "draining_until",
        "errors",
        "health",
        "is_candidate",
        "outstanding",
        "probed_at",
        "ramping_since",
        "requests",
        "since",
        "skips_slow_start",
        "target",
        "weight",
    )

    def __init__(self, target: Target, now: float) -> None:
        self.target = target
        self.address = target.address
        self.health = TargetHealth()
        self.since = now
        self.probed_at: float | None = None
        self.outstanding = 0
        self.requests = 0
        self.errors = 0
        self.draining_until: float | None = None
        self.is_candidate = False
        self.ramping_since: float | None = None
        self.skips_slow_start = False
        self.anomaly = AnomalyResult.NORMAL
        self.weight = 1.0

    @property
    def is_healthy(self) -> bool:
        """Healthy, whatever its group does with it."""
        return self.health.state is HealthState.HEALTHY

    @property
    def is_registered(self) -> bool:
        """Counts as one of its group's targets: neither draining nor unused."""
        return self.health.state not in {HealthState.DRAINING, HealthState.UNUSED}

    @property
    def is_mitigated(self) -> bool:
        """`AnomalyDetection.MitigationInEffect`: it gets less than its share because of its errors."""
        return self.weight < 1.0

    def leave_slow_start(self) -> None:
        """The target gets its full share, or nothing at all: it is unhealthy, or leaves, or slow start is off."""
        self.ramping_since = None
        self.skips_slow_start = False
