"""Looks once a second at what no exchange tells of - connections, targets' states, capacity - and counts it in metrics.

Seconds are those of the wall clock, as CloudWatch's are, also where load-balancer time runs faster or stands still.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from simlb.core.anomaly import AnomalyResult
from simlb.core.health import HealthState
from simlb.core.ids import zones
from simlb.core.metrics.lcu import Usage
from simlb.core.metrics.store import MINUTE_S, Key
from simlb.core.target_group import Basis, RoutingMode, TargetGroupState

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.node import LoadBalancerNode
    from simlb.observe.metrics import MetricSink

_JUST_AFTER_S = 0.01
_USED = ("NewConnectionCount", "ProcessedBytes")


class Hosts(NamedTuple):
    """How many targets of a group are what; those that drain are not among them."""

    registered: int
    healthy: int
    unhealthy: int
    anomalous: int
    mitigated: int
    is_routing_healthy: bool

    @classmethod
    def of(cls, group: TargetGroupState) -> Hosts:
        """A group as it stands."""
        targets = group.targets.values()
        states = [state.health.state for state in targets]
        odd = [state for state in targets if state.weight < 1.0 or state.anomaly is not AnomalyResult.NORMAL]
        odd = [state for state in odd if state.is_registered]
        return cls(
            registered=len(states) - states.count(HealthState.DRAINING) - states.count(HealthState.UNUSED),
            healthy=states.count(HealthState.HEALTHY),
            unhealthy=states.count(HealthState.UNHEALTHY),
            anomalous=sum([state.anomaly is AnomalyResult.ANOMALOUS for state in odd]),
            mitigated=sum([state.is_mitigated for state in odd]),
            is_routing_healthy=group.mode is RoutingMode.HEALTHY,
        )


class _Meter:
    """One node: what has been counted of it already. It is asked a last time once its load balancer is gone."""

    def __init__(self, node: LoadBalancerNode, load_balancer: str) -> None:
        self.node = node
        self.load_balancer = load_balancer
        self.counted: dict[Key, int] = {}
        self.seen: dict[str, tuple[Basis, Hosts, int]] = {}
        """By group: on what its targets were counted, with what result, and the second for which that was sampled."""


class _Capacity:
    """What one load balancer has used. It may have two nodes: deleted and created again, the old one still drains."""

    def __init__(self) -> None:
        self.minute = 0
        self.at_minute: tuple[float, ...] = (0.0, 0.0, 0.0)
        self.at_second: tuple[float, ...] = (0.0, 0.0, 0.0)
        self.second_began = 0.0
        self.lcus = 0.0
        """In the last second."""
        self.lcu_hours = 0.0
        """In all minutes before this one."""
        self.lcu_hours_now = 0.0
        """In this minute."""


class Metering:
    """Fills a sink with what is to be seen of the application's nodes."""

    def __init__(self, app: App, sink: MetricSink, *, wall: Callable[[], float] = time.time) -> None:
        """`wall` gives seconds since 1970."""
        self._app = app
        self._sink = sink
        self._wall = wall
        self._meters: dict[LoadBalancerNode, _Meter] = {}
        self._capacities: dict[str, _Capacity] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look every second from now on, shortly after it has ended."""
        self.collect()
        self._arm()

    def close(self) -> None:
        """Look a last time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.collect()

    def _arm(self) -> None:
        delay_s = 1.0 - self._wall() % 1.0 + _JUST_AFTER_S
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_second)

    def _on_second(self) -> None:
        self._arm()
        self.collect()

    def collect(self) -> None:
        """Count everything up to now."""
        # What is found shortly after the end of a second was there in it.
        now = self._wall() - 2 * _JUST_AFTER_S
        second = int(now)
        self.know_nodes()
        for meter in self._meters.values():
            for group in meter.node.groups.values():
                self._sample(meter, group, second)
        self._sink.settle()
        for node, meter in list(self._meters.items()):
            for name in meter.seen.keys() - node.groups.keys():
                del meter.seen[name]
            self._count(meter, second)
            if node not in self._app.nodes.values() and not node.connections:
                del self._meters[node]
        for load_balancer in list(self._capacities):
            self._measure(load_balancer, now)

    def capacity(self, node: LoadBalancerNode) -> tuple[float, float]:
        """The LCUs that a node took in the last second, and its LCU-hours since the start."""
        capacity = self._capacities[self._meters[node].load_balancer]
        return capacity.lcus, capacity.lcu_hours + capacity.lcu_hours_now

    def on_state_changed(self, group: TargetGroupState) -> None:
        """A target of this group is in another state: count them before they change again."""
        home = self._app.home_of(group.group.name)
        # One that has left its load balancer drains somewhere else.
        nodes = (home,) if home is not None and home.groups.get(group.group.name) is group else self._meters
        for node in nodes:
            meter = self._meters.get(node)
            if meter is not None and node.groups.get(group.group.name) is group:
                self._sample(meter, group, int(self._wall()))

    def know_nodes(self) -> None:
        """Count for those too that have come since."""
        balancers = {balancer.name: balancer for balancer in self._app.configuration.load_balancers}
        for name, node in self._app.nodes.items():
            if name not in balancers:
                continue
            resource, before = balancers[name].resource, self._meters.get(node)
            if before is None or before.load_balancer != resource:
                meter = self._meters[node] = _Meter(node, resource)
                if before is not None:
                    # Another load balancer has the name now, as when the region of the file changes.
                    self._count(before, int(self._wall()))
                    meter.counted = dict(_totals(meter))
                self._capacities.setdefault(resource, _Capacity())
                # There is one node, and so one zone (docs/parity.md).
                self._sink.store.zones[resource] = zones(balancers[name].region)[0]

    # -- connections ---------------------------------------------------------------------------------------------------

    def _count(self, meter: _Meter, second: int) -> None:
        for key, total in _totals(meter):
            more = total - meter.counted.get(key, 0)
            if more:
                meter.counted[key] = total
                self._sink.count(key, second, more)
        active = sum(meter.node.active_connections())
        if active:
            self._sink.store.peak(Key("ActiveConnectionCount", meter.load_balancer), second, active)
        self._sink.store.add(Key("ForwardedInvalidHeaderRequestCount", meter.load_balancer), second, 0)

    # -- capacity ------------------------------------------------------------------------------------------------------

    def _measure(self, elb: str, now: float) -> None:
        second = int(now)
        store, capacity = self._sink.store, self._capacities[elb]
        nodes = [other.node for other in self._meters.values() if other.load_balancer == elb]
        used = (
            *(self._sink.totals.get(Key(name, elb), 0.0) for name in _USED),
            float(self._sink.paid_rule_evaluations[elb]),
        )
        if not capacity.minute:
            capacity.minute, capacity.at_minute = second // MINUTE_S, used
            capacity.at_second, capacity.second_began = used, now
        active = Key("ActiveConnectionCount", elb)
        since_s = now - capacity.second_began
        if since_s >= 0.9:
            usage = _usage(since_s, used, capacity.at_second, sum(sum(node.active_connections()) for node in nodes))
            capacity.lcus = usage.lcus()
            store.peak(Key("PeakLCUs", elb), second, capacity.lcus)
            capacity.at_second, capacity.second_began = used, now
        elif since_s < 0:
            capacity.second_began = now  # the clock was set back
        usage = _usage(MINUTE_S, used, capacity.at_minute, store.minute(active, capacity.minute * MINUTE_S))
        capacity.lcu_hours_now = usage.lcu_hours()
        store.put_minute(Key("ConsumedLCUs", elb), capacity.minute * MINUTE_S, capacity.lcu_hours_now)
        if second // MINUTE_S != capacity.minute:
            capacity.lcu_hours, capacity.lcu_hours_now = capacity.lcu_hours + capacity.lcu_hours_now, 0.0
            capacity.minute, capacity.at_minute = second // MINUTE_S, used
            if not nodes:  # and none came within the minute
                del self._capacities[elb]

    # -- targets -------------------------------------------------------------------------------------------------------

    def _sample(self, meter: _Meter, group: TargetGroupState, second: int) -> None:
        """Once a second, so that an average is one over time, and again when something has changed."""
        basis, hosts, sampled = meter.seen.get(group.group.name, (None, None, -1))
        if basis is not group.basis or hosts is None:
            hosts = Hosts.of(group)
        elif sampled == second:
            return
        meter.seen[group.group.name] = group.basis, hosts, second
        elb, dimension = meter.load_balancer, group.group.arn.rpartition(":")[2]
        self._sink.divisors[elb, dimension] = hosts.healthy or hosts.registered
        if not group.in_use:
            return
        samples = {
            "AnomalousHostCount": hosts.anomalous,
            "MitigatedHostCount": hosts.mitigated,
            "HealthyStateRouting": int(hosts.is_routing_healthy),
            "UnhealthyStateRouting": int(not hosts.is_routing_healthy),
        }
        if hosts.registered:
            samples["HealthyHostCount"] = hosts.healthy
            samples["UnHealthyHostCount"] = hosts.unhealthy
        for name, value in samples.items():
            self._sink.store.sample(Key(name, elb, dimension), second, value)


def _totals(meter: _Meter) -> Iterator[tuple[Key, int]]:
    """What a node has counted by itself."""
    elb, counts = meter.load_balancer, meter.node.counts
    groups = {arn.rpartition(":")[2]: connections for arn, connections in counts.groups.items()}
    failed = tls_failed = opened = 0
    for group, connections in groups.items():
        opened += connections.opened
        failed += connections.failed
        tls_failed += connections.tls_failed
        yield Key("TargetConnectionErrorCount", elb, group), connections.failed
        yield Key("TargetTLSNegotiationErrorCount", elb, group), connections.tls_failed
    yield Key("TargetConnectionErrorCount", elb), failed
    yield Key("TargetTLSNegotiationErrorCount", elb), tls_failed
    yield Key("NewConnectionCount", elb), counts.opened + opened
    yield Key("RejectedConnectionCount", elb), counts.rejected
    yield Key("ClientTLSNegotiationErrorCount", elb), counts.tls_failed


def _usage(duration_s: float, used: tuple[float, ...], before: tuple[float, ...], active: float) -> Usage:
    connections, moved, paid = (now - then for now, then in zip(used, before, strict=True))
    return Usage(
        duration_s=duration_s,
        new_connections=connections,
        active_connections=active,
        processed_bytes=moved,
        paid_rule_evaluations=paid,
    )
