"""What an instance knows of its traffic: who gets the finished exchanges, and what can be asked about them later."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simlb.controlplane.views import LogPage
from simlb.core import connection_log, health_check_log
from simlb.core.log_files import LogKind
from simlb.core.model import Configuration
from simlb.observe.access_log import AccessLog
from simlb.observe.counters import Counters
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.line_log import LineLog
from simlb.observe.recorder import Recorder

if TYPE_CHECKING:
    from simlb.app.application import App


class Observing:
    """The observing side of one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.counters = Counters()
        self.ring = ExchangeRing()
        self.access_log_path = app.options.state_dir / "logs" / app.options.instance / "access.log"
        self.access_log = AccessLog(app.narrator.notice)
        self.recorder = Recorder(self.counters.take, self.access_log.take, self.ring.take)
        self.connections = LineLog(connection_log.format_line, lambda record: record.facts.elb, lambda elb, lines: None)
        self.probes = LineLog(health_check_log.format_line, lambda record: record.elb, lambda elb, lines: None)

    def use(self, configuration: Configuration) -> None:
        """Observe what this configuration asks for, from now on."""
        self.recorder.flush()
        is_logged = any(load_balancer.attributes.access_logs for load_balancer in configuration.load_balancers)
        self.access_log.write_to(self.access_log_path if is_logged else None)

    def sums(self) -> Counter[str]:
        """What has been counted up to now, by CloudWatch's names."""
        self.recorder.flush()
        sums = Counter(self.counters.sums)
        sums["access_log_lines"] = self.ring.total
        for name, count in (
            ("access_log_lines_lost", self.access_log.lost),
            ("RejectedConnectionCount", self._app.descriptors.rejected),
        ):
            if count:
                sums[name] = count
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

    def close(self) -> None:
        """Write what is left. No exchange follows."""
        self.recorder.close()
        self.connections.close()
        self.probes.close()
        self.access_log.close()
