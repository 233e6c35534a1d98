"""What an instance knows of its traffic: who gets the finished exchanges, and what can be asked about them later."""

from __future__ import annotations

from collections import Counter, deque
from functools import partial
from typing import TYPE_CHECKING

from simlb.app.explaining import Explaining
from simlb.app.metering import Metering
from simlb.app.pulses import make_pulse
from simlb.clock import ManualClock
from simlb.controlplane.views import LogPage
from simlb.core import connection_log, health_check_log
from simlb.core.connection_log import ConnectionRecord
from simlb.core.health_check_log import ProbeRecord
from simlb.core.log_files import LogPlace, bucket_of
from simlb.core.log_kinds import LogKind
from simlb.core.metrics import MetricStore
from simlb.core.model import Configuration, LoadBalancer
from simlb.core.plan import ListenerPlan
from simlb.core.remembered import LARGE_REMEMBERED_MAX, Remembered
from simlb.observe.event_hub import EventHub
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.line_log import LineLog
from simlb.observe.live import LiveWindow
from simlb.observe.log_files import LogFiles
from simlb.observe.metrics import MetricSink
from simlb.observe.recorder import Recorder
from simlb.observe.request_events import RequestTeller

if TYPE_CHECKING:
    from simlb.app.application import App


CONFIGURATIONS_KEPT = 8
"""The rules of so many configurations, the present one included, stay for explanations of what they decided.

One that changes no load balancer, as a registration does, is not another.
"""


class Observing:
    """The observing side of one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.metrics = MetricSink(MetricStore())
        self.names = self.metrics.store.names
        self.metering = Metering(app, self.metrics)
        self.ring = ExchangeRing()
        self.explaining = Explaining(self)
        self._plans: deque[frozenset[ListenerPlan]] = deque(maxlen=CONFIGURATIONS_KEPT)
        self._load_balancers: tuple[LoadBalancer, ...] | None = None
        """Those whose logs are written as they say."""
        self.files = LogFiles(app.options.state_dir, app.options.instance, app.narrator.notice)
        self.recorder = Recorder(self.metrics.take, self.files.take, self.ring.take)
        self.connections: LineLog[ConnectionRecord] = LineLog(
            connection_log.format_line,
            lambda record: record.facts.elb,
            partial(self.files.take_lines, LogKind.CONNECTION),
        )
        self.probes: LineLog[ProbeRecord] = LineLog(
            health_check_log.format_line,
            lambda record: record.elb,
            partial(self.files.take_lines, LogKind.HEALTH_CHECK),
        )
        narrator, live = app.narrator, LiveWindow()
        speed = 0.0 if isinstance(app.clock, ManualClock) else app.clock.speed
        teller = RequestTeller(narrator.times, speed, self.names)
        self.events = EventHub(teller, live, lambda: make_pulse(app, live), self.recorder.flush)
        self.recorder.add(live.take)
        self.recorder.add(self.events.take)
        narrator.stream = self.events.publish

    def expect(self, configuration: Configuration) -> None:
        """This configuration comes into force: observe what it adds before anything of it happens."""
        if configuration.load_balancers != self._load_balancers:
            self.files.recover()
            self.files.add(log_places(configuration))
        self.names.learn(configuration)

    def use(self, configuration: Configuration) -> None:
        """Observe what this configuration asks for, from now on."""
        if configuration.load_balancers != self._load_balancers:
            self._flush()
            self._load_balancers = configuration.load_balancers
            load_balancers = {load_balancer.resource for load_balancer in configuration.load_balancers}
            self.files.use(log_places(configuration), load_balancers)
        self.metering.know_nodes()
        listeners = [listener for node in self._app.nodes.values() for listener in node.listeners.values()]
        plans = frozenset(listener.plan for listener in listeners)
        if not self._plans or plans != self._plans[-1]:
            self._plans.append(plans)
            self.ring.keep_plans(frozenset().union(*self._plans))

    def _flush(self) -> None:
        for gathered in (self.recorder, self.connections, self.probes):
            gathered.flush()

    @property
    def access_log(self) -> str | None:
        """The folder of the bucket that access logs go to, of the first load balancer that has them; None for none."""
        places = log_places(self._app.configuration)
        buckets = (place.bucket.bucket for place in places if place.kind is LogKind.ACCESS)
        return next((str(self.files.buckets / bucket) for bucket in buckets), None)

    def collect(self) -> MetricSink:
        """The metrics with everything up to now in them."""
        self.recorder.flush()
        self.metering.collect()
        return self.metrics

    def sums(self) -> Counter[str]:
        """What has been counted up to now, by CloudWatch's names."""
        self.collect()
        sums = self.metrics.sums()
        sums["access_log_lines"] = self.ring.total
        if self.events.dropped:
            sums["event_viewers_dropped"] = self.events.dropped
        for kind in LogKind:
            for name, count in (("lost", self.files.lost(kind)), ("torn", self.files.torn(kind))):
                if count:
                    sums[f"{kind}_log_lines_{name}"] = count
        return sums

    def log_lines(self, kind: LogKind, after: int, limit: int) -> LogPage:
        """Log lines of one kind; see `Instance.log_lines`."""
        if kind is LogKind.ACCESS:
            self.recorder.flush()
            following, kept, dropped = self.ring.page(after, limit)
            return LogPage(next=following, lines=tuple(exchange.line for exchange in kept), dropped=dropped)
        log = self.connections if kind is LogKind.CONNECTION else self.probes
        log.flush()
        following, lines, dropped = log.page(after, limit)
        return LogPage(next=following, lines=tuple(lines), dropped=dropped)

    async def close(self) -> None:
        """Write what is left, and wait until it is on the disk. No exchange follows."""
        self.recorder.close()
        self.connections.close()
        self.probes.close()
        self.metering.close()
        self.events.close()
        await self.files.close()


def log_places(configuration: Configuration) -> tuple[LogPlace, ...]:
    """Where the logs of its load balancers go, of those that are enabled."""
    return _all_log_places(configuration.load_balancers)


def _of_all(load_balancers: tuple[LoadBalancer, ...]) -> tuple[LogPlace, ...]:
    return tuple([place for load_balancer in load_balancers for place in _log_places(load_balancer)])


_all_log_places = Remembered(_of_all, LARGE_REMEMBERED_MAX)


@Remembered
def _log_places(load_balancer: LoadBalancer) -> tuple[LogPlace, ...]:
    node_ip = next((bind.host for listener in load_balancer.listeners for bind in listener.binds), "127.0.0.1")
    buckets = ((kind, bucket_of(load_balancer.attributes, kind)) for kind in LogKind)
    return tuple(
        LogPlace(
            kind=kind,
            bucket=bucket,
            region=load_balancer.region,
            resource=load_balancer.resource,
            node_ip=node_ip,
        )
        for kind, bucket in buckets
        if bucket is not None
    )
