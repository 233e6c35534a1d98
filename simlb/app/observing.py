"""What an instance knows of its traffic: who gets the finished exchanges, and what can be asked about them later."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from simlb.app.explaining import Explaining
from simlb.controlplane.views import LogPage
from simlb.core.model import Configuration
from simlb.core.plan import ListenerPlan
from simlb.observe.access_log import AccessLog
from simlb.observe.counters import Counters
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.recorder import Recorder

if TYPE_CHECKING:
    from simlb.app.application import App


CONFIGURATIONS_KEPT = 8
"""The rules of so many configurations, the present one included, stay for explanations of what they decided."""


class Observing:
    """The observing side of one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.counters = Counters()
        self.ring = ExchangeRing()
        self.access_log_path = app.options.state_dir / "logs" / app.options.instance / "access.log"
        self.access_log = AccessLog(app.narrator.notice)
        self.explaining = Explaining(self)
        self._plans: deque[frozenset[ListenerPlan]] = deque(maxlen=CONFIGURATIONS_KEPT)
        self.recorder = Recorder(self.counters.take, self.access_log.take, self.ring.take)

    def use(self, configuration: Configuration) -> None:
        """Observe what this configuration asks for, from now on."""
        self.recorder.flush()
        is_logged = any(load_balancer.attributes.access_logs for load_balancer in configuration.load_balancers)
        self.access_log.write_to(self.access_log_path if is_logged else None)
        listeners = [listener for node in self._app.nodes.values() for listener in node.listeners.values()]
        self._plans.append(frozenset(listener.plan for listener in listeners))
        self.ring.keep_plans(frozenset().union(*self._plans))

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

    def log_lines(self, after: int, limit: int) -> LogPage:
        """Access-log lines; see `Instance.log_lines`."""
        self.recorder.flush()
        following, kept, dropped = self.ring.page(after, limit)
        return LogPage(next=following, lines=tuple(exchange.line for exchange in kept), dropped=dropped)

    def close(self) -> None:
        """Write what is left. No exchange follows."""
        self.recorder.close()
        self.access_log.close()
