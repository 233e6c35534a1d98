"""What an instance knows of its traffic: who gets the finished exchanges, and what can be asked about them later."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simlb.app.metering import Metering
from simlb.controlplane.views import LogPage
from simlb.core.metrics import MetricStore
from simlb.core.model import Configuration
from simlb.observe.access_log import AccessLog
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.metrics import MetricSink
from simlb.observe.recorder import Recorder

if TYPE_CHECKING:
    from simlb.app.application import App


class Observing:
    """The observing side of one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.metrics = MetricSink(MetricStore())
        self.metering = Metering(app, self.metrics)
        self.ring = ExchangeRing()
        self.access_log_path = app.options.state_dir / "logs" / app.options.instance / "access.log"
        self.access_log = AccessLog(app.narrator.notice)
        self.recorder = Recorder(self.metrics.take, self.access_log.take, self.ring.take)

    def use(self, configuration: Configuration) -> None:
        """Observe what this configuration asks for, from now on."""
        self.collect()
        is_logged = any(load_balancer.attributes.access_logs for load_balancer in configuration.load_balancers)
        self.access_log.write_to(self.access_log_path if is_logged else None)

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
        if self.access_log.lost:
            sums["access_log_lines_lost"] = self.access_log.lost
        return sums

    def log_lines(self, after: int, limit: int) -> LogPage:
        """Access-log lines; see `Instance.log_lines`."""
        self.recorder.flush()
        following, kept, dropped = self.ring.page(after, limit)
        return LogPage(next=following, lines=tuple(exchange.line for exchange in kept), dropped=dropped)

    def close(self) -> None:
        """Write what is left. No exchange follows."""
        self.recorder.close()
        self.metering.close()
        self.access_log.close()
