"""The metrics of an application, as the control port asks for them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlb import __version__
from simlb.app.metering import Hosts
from simlb.core.log_kinds import LogKind
from simlb.core.metrics import MetricStore
from simlb.observe.exposition import GroupNow, LoadBalancerNow, Now, expose

if TYPE_CHECKING:
    from simlb.app.application import App


class AppMetrics:
    """What `metric_routes` needs. Importing it imports prometheus-client: a server does so before it listens."""

    def __init__(self, app: App) -> None:
        self._app = app

    def metric_store(self) -> MetricStore:
        """What is kept, with everything up to now in it."""
        return self._app.observing.collect().store

    def now_s(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The page for Prometheus and its content type."""
        app = self._app
        observing = app.observing
        sink = observing.collect()
        now = Now(
            version=__version__,
            instance=app.options.instance,
            started_at_s=app.started_at.timestamp(),
            speed=app.clock.speed,
            load_balancers=list(self._load_balancers()),
            groups=list(self._groups()),
            log_lines=observing.ring.total,
            log_lines_lost=observing.files.lost(LogKind.ACCESS),
            ring_bytes=observing.ring.bytes,
            ring_exchanges=observing.ring.total - observing.ring.first,
        )
        return expose(sink, now, accept)

    def _load_balancers(self) -> Iterator[LoadBalancerNow]:
        for name, node in self._app.nodes.items():
            to_targets = sum([connections.opened for connections in node.counts.groups.values()])
            lcus, lcu_hours = self._app.observing.metering.capacity(node)
            yield LoadBalancerNow(
                load_balancer=name,
                active=node.active_connections(),
                opened=(node.counts.opened, to_targets),
                lcus=lcus,
                lcu_hours=lcu_hours,
            )

    def _groups(self) -> Iterator[GroupNow]:
        for name, node in self._app.nodes.items():
            for group in node.groups.values():
                if not group.in_use:
                    continue
                hosts = Hosts.of(group)
                in_flight: Counter[str] = Counter()
                for state in group.targets.values():
                    in_flight[state.target.name] += state.outstanding
                yield GroupNow(
                    load_balancer=name,
                    target_group=group.group.name,
                    healthy=hosts.healthy,
                    unhealthy=hosts.unhealthy,
                    anomalous=hosts.anomalous,
                    mitigated=hosts.mitigated,
                    is_routing_healthy=hosts.is_routing_healthy,
                    in_flight=in_flight,
                    probes=node.counts.of_group(group.group.arn).probes,
                )
