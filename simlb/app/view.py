"""How a running instance describes itself: from live objects to the control port's plain views."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlb import __version__
from simlb.app.words import action_words, condition_words, duration_words, transform_words
from simlb.controlplane.views import (
    HealthCheckView,
    InstanceView,
    ListenerView,
    LoadBalancerView,
    RuleView,
    TargetGroupView,
    TargetView,
)
from simlb.core import health, ids
from simlb.core.attributes import TargetGroupAttributes
from simlb.core.model import Action, ForwardAction, Listener
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.faults.fault import Scope

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.listener import OpenListener
    from simlb.dataplane.node import LoadBalancerNode
    from simlb.processes.supervisor import SupervisedProcess


def describe(app: App, *, uptime_s: float, real_uptime_s: float) -> InstanceView:
    """The whole instance as it stands now."""
    models = {load_balancer.name: load_balancer for load_balancer in app.base.load_balancers}
    file = app.compiled.configuration
    load_balancers = []
    for name, node in app.nodes.items():
        model = models[name]
        listeners = tuple(_listener(app, name, node.listeners[listener.port]) for listener in model.listeners)
        load_balancers.append(
            LoadBalancerView(
                name=name,
                dns_name=model.dns_name,
                scheme=model.scheme,
                ip_address_type=model.ip_address_type,
                names=model.names,
                listeners=listeners,
                owner=app.changes.owner(model.arn),
            )
        )
    return InstanceView(
        name=app.options.instance,
        pid=os.getpid(),
        version=__version__,
        speed=app.clock.speed,
        started_at=app.started_at.isoformat(timespec="seconds"),
        state_dir=str(app.options.state_dir),
        ca_path=str(app.ca_path),
        uptime_s=uptime_s,
        real_uptime_s=real_uptime_s,
        control=app.control,
        access_log=app.observing.access_log,
        load_balancers=tuple(load_balancers),
        target_groups=tuple(
            _target_group(app, node, group)
            for node in (*app.nodes.values(), app.spare)
            for group in node.groups.values()
        ),
        notices=(*app.notices, *app.changes.drift(file), *app.registrations.drift(file)),
        counters=dict(sorted(app.observing.sums().items())),
        region=app.region,
        dns=app.names.address,
        hosted_zones=tuple(zone.name for zone in app.names.zones().values()),
    )


def _listener(app: App, load_balancer: str, listener: OpenListener) -> ListenerView:
    certificates = listener.model.certificates
    return ListenerView(
        protocol=listener.model.protocol,
        port=listener.model.port,
        bind=listener.places[0],
        published_port=listener.published_port,
        default_action=action_words(listener.model.default_action),
        certificate_names=tuple(name for certificate in certificates for name in certificate.names),
        ssl_policy=listener.model.ssl_policy if listener.is_tls else None,
        gate=listener.gate.state,
        further_binds=listener.places[1:],
        shares_with=listener.sharers,
        rules=tuple(_rules(listener.model)),
        faults=app.faults.words_on(Scope.LISTENER, str(listener.model.port), load_balancer),
    )


def _rules(listener: Listener) -> Iterator[RuleView]:
    """In the order of their evaluation; the default rule is last."""
    for rule in sorted(listener.rules, key=lambda rule: rule.priority):
        yield RuleView(
            priority=str(rule.priority),
            arn=rule.arn,
            conditions=tuple(map(condition_words, rule.conditions)),
            transforms=tuple(transform_words(rule)),
            action=action_words(rule.action),
            target_groups=_groups(rule.action),
        )
    yield RuleView(
        priority="default",
        arn=ids.default_rule_arn(listener.arn),
        action=action_words(listener.default_action),
        target_groups=_groups(listener.default_action),
    )


def _groups(action: Action) -> tuple[str, ...]:
    return tuple(entry.target_group for entry in action.target_groups) if isinstance(action, ForwardAction) else ()


def _target_group(app: App, node: LoadBalancerNode, group: TargetGroupState) -> TargetGroupView:
    check, attributes = group.group.health_check, group.group.attributes
    return TargetGroupView(
        name=group.group.name,
        protocol=group.group.protocol,
        port=group.group.port,
        health_check=HealthCheckView(
            protocol=check.protocol,
            port=str(check.port),
            path=check.path,
            interval_s=check.interval_s,
            timeout_s=check.timeout_s,
            healthy_threshold_count=check.healthy_threshold_count,
            unhealthy_threshold_count=check.unhealthy_threshold_count,
            matcher=check.matcher.http_code,
        ),
        target_type=group.group.target_type,
        algorithm=attributes.algorithm,
        slow_start_s=attributes.slow_start_s,
        anomaly_mitigation=attributes.anomaly_mitigation,
        stickiness=_stickiness_words(attributes),
        deregistration_delay_s=attributes.deregistration_delay_s,
        in_use=group.in_use,
        mode=group.mode,
        removed=tuple(item.words for item in app.registrations.removed if item.target_group == group.group.name),
        minimum_healthy_targets_count=attributes.minimum_healthy_targets_count,
        minimum_healthy_targets_percentage=attributes.minimum_healthy_targets_percentage,
        fail_open_while_initial=group.group.fail_open_while_initial,
        targets=tuple(_target(app, node.now(), group, state) for state in group.targets.values()),
        faults=app.faults.words_on(Scope.TARGET_GROUP, group.group.name),
        owner=app.changes.owner(group.group.arn),
    )


def _stickiness_words(attributes: TargetGroupAttributes) -> str | None:
    if not attributes.stickiness_enabled:
        return None
    if attributes.stickiness_type == "lb_cookie":
        return f"lb_cookie {duration_words(attributes.lb_cookie_duration_s)}"
    return f"app_cookie {attributes.app_cookie_name} {duration_words(attributes.app_cookie_duration_s)}"


def _target(app: App, now: float, group: TargetGroupState, state: TargetState) -> TargetView:
    target, check = state.target, group.group.health_check
    process = app.supervisor.get(target.process) if target.process is not None else None
    dial_host = f"[{target.dial_host}]" if ":" in target.dial_host else target.dial_host
    return TargetView(
        name=target.name,
        id=target.id,
        port=target.port,
        address=target.address,
        dial=f"{dial_host}:{target.dial_port}",
        state=state.health.state,
        reason=state.health.reason,
        description=state.health.description,
        hint=health.hint(state.health, check, speed=app.clock.speed),
        last_check=health.last_check_words(state.health, check),
        requests=state.requests,
        in_flight=state.outstanding,
        since_s=max(0.0, now - state.since),
        owner=None if state.draining_until is not None else app.registrations.owner(group.group.name, target),
        draining_left_s=None if state.draining_until is None else max(0.0, state.draining_until - now),
        slow_start_weight=group.ramp_weight(state, now),
        anomaly=state.anomaly,
        mitigation_weight=state.weight,
        process=_process_words(process),
        pid=process.pid if process is not None and process.is_running else None,
        faults=app.faults.words_on(Scope.TARGET, target.name),
    )


def _process_words(process: SupervisedProcess | None) -> str | None:
    if process is None:
        return None
    if process.is_running:
        return f"pid {process.pid}"
    status = process.last_status
    if status is None:
        return "not started"
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
