"""How everything does right now, once a second: what live views draw between two events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPulse:
    """One target of one group. Rates are per real second over the last few seconds, latencies too: None without any.

    `state`, `reason`, `last_check` are as `simlb target ls` shows them; `next_check_in_s` is load-balancer time, None
    when nobody checks it. `errors_per_second` counts 5xx of the target and failed connections to it. `passes` and
    `failures` are how many checks in a row did either. `check_outcome` is what the last one met (`answered`, `timed
    out`), with its status code and how long it took in real seconds; None before the first.
    """

    target_group: str
    target: str
    address: str
    state: str
    reason: str | None
    last_check: str
    next_check_in_s: float | None
    since_s: float
    requests: int
    in_flight: int
    per_second: float
    errors_per_second: float
    p50_s: float | None
    p95_s: float | None
    passes: int = 0
    failures: int = 0
    check_outcome: str | None = None
    check_status_code: int | None = None
    check_latency_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerPulse:
    """One load balancer. `by_outcome` are rates by status class and producer: `elb 5xx`, `target 2xx`."""

    load_balancer: str
    requests: int
    in_flight: int
    connections: int
    """Client connections that are open."""
    per_second: float
    by_outcome: dict[str, float]
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """All of it. Not kept in the history of the stream: the next one is never far."""

    at_s: float
    real_s: float
    speed: float
    load_balancers: tuple[LoadBalancerPulse, ...]
    targets: tuple[TargetPulse, ...]
