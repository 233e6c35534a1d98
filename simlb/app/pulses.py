"""How everything does right now: live figures and states, put together once a second while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlb.core import health
from simlb.core.pulse import LoadBalancerPulse, Pulse, TargetPulse
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.observe.live import LiveWindow

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.node import LoadBalancerNode


def make_pulse(app: App, live: LiveWindow) -> Pulse:
    """The pulse of this moment."""
    return Pulse(
        at_s=round(app.narrator.at_s(), 6),
        real_s=round(app.narrator.real_s(), 6),
        speed=app.clock.speed,
        load_balancers=tuple(_load_balancer(name, node, live) for name, node in app.nodes.items()),
        targets=tuple(
            _target(node, group, state, live)
            for node in app.nodes.values()
            for group in node.groups.values()
            for state in group.targets.values()
        ),
    )


def _load_balancer(name: str, node: LoadBalancerNode, live: LiveWindow) -> LoadBalancerPulse:
    elb = next((listener.plan.elb for listener in node.listeners.values()), "")
    figures = live.load_balancer(elb)
    return LoadBalancerPulse(
        load_balancer=name,
        requests=live.requests[elb],
        in_flight=sum(state.outstanding for group in node.groups.values() for state in group.targets.values()),
        connections=len(node.connections),
        per_second=figures.per_second,
        by_outcome=figures.by_outcome,
        p50_s=figures.p50_s,
        p95_s=figures.p95_s,
    )


def _target(node: LoadBalancerNode, group: TargetGroupState, state: TargetState, live: LiveWindow) -> TargetPulse:
    now = node.now()
    figures = live.target(group.group.arn, state.address)
    next_check_at = node.next_check_at(state)
    probe = state.health.last_probe
    return TargetPulse(
        target_group=group.group.name,
        target=state.target.name,
        address=state.address,
        state=state.health.state,
        reason=state.health.reason,
        last_check=health.last_check_words(state.health, group.group.health_check),
        next_check_in_s=None if next_check_at is None else round(max(0.0, next_check_at - now), 3),
        since_s=round(max(0.0, now - state.since), 3),
        requests=state.requests,
        in_flight=state.outstanding,
        per_second=figures.per_second,
        errors_per_second=figures.errors_per_second,
        p50_s=figures.p50_s,
        p95_s=figures.p95_s,
        passes=state.health.passes,
        failures=state.health.failures,
        check_outcome=None if probe is None else str(probe.outcome),
        check_status_code=None if probe is None else probe.status_code,
        check_latency_s=None if probe is None else round(probe.latency_s, 6),
    )
