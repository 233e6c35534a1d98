"""When a target can leave the rotation and be back: arithmetic from interval, thresholds and the next check."""

from __future__ import annotations

from dataclasses import dataclass

from simlb.core.health import HealthState, ProbeOutcome, TargetHealth
from simlb.core.model import HealthCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Load-balancer seconds from now; None where it cannot come about, or nobody checks.

    `out_in_s` holds if every further check fails, `back_in_s` if every one passes. `checks` is how many of them that
    takes, the next one included.
    """

    next_in_s: float | None = None
    out_in_s: float | None = None
    back_in_s: float | None = None
    checks: int = 0


def forecast(health: TargetHealth, check: HealthCheck, next_check_at: float | None, now: float) -> Forecast:
    """What the next checks can bring (reference 2.3)."""
    if next_check_at is None or health.state in {HealthState.DRAINING, HealthState.UNUSED}:
        return Forecast()
    next_in_s = max(0.0, next_check_at - now)
    if health.state is HealthState.UNHEALTHY:
        passes = max(1, check.healthy_threshold_count - health.passes)
        return Forecast(next_in_s=next_in_s, back_in_s=next_in_s + (passes - 1) * check.interval_s, checks=passes)
    failures = max(1, check.unhealthy_threshold_count - health.failures)
    out_in_s = next_in_s + (failures - 1) * check.interval_s
    if health.last_probe is not None and health.last_probe.outcome is ProbeOutcome.TIMED_OUT:
        out_in_s += check.timeout_s
    back_in_s = next_in_s if health.state is HealthState.INITIAL else None
    return Forecast(next_in_s=next_in_s, out_in_s=out_in_s, back_in_s=back_in_s, checks=failures)


def detection_s(check: HealthCheck, *, hangs: bool = False) -> tuple[float, float]:
    """How long after its death a target leaves the rotation, at least and at most; one that hangs times out first."""
    late_s = check.timeout_s if hangs else 0.0
    low = (check.unhealthy_threshold_count - 1) * check.interval_s
    return low + late_s, low + check.interval_s + late_s
