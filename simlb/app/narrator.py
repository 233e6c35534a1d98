"""From what happens inside to events for people: with both times, with reasons, once.

Here is decided who hears of what: presenters of all but configuration and certificates, whose changes they show in
their own ways; the stream of events of everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from simlb.app.options import Presenter
from simlb.clock import Clock
from simlb.core import health
from simlb.core.anomaly import AnomalyResult
from simlb.core.events import (
    ApiCalled,
    CertificateChanged,
    ConfigurationChanged,
    Event,
    Notice,
    ProcessExited,
    ProcessStarted,
    TargetStateChanged,
)
from simlb.core.health import HealthState
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.controlplane.query.told import AnsweredCall

_UNTRUSTED = frozenset({"TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_BAD_CERTIFICATE"})
_UNTRUSTED_SAID_AFTER = 3


class Narrator:
    """Tells a presenter and the stream. Load-balancer time and real time count from here on."""

    def __init__(self, presenter: Presenter, clock: Clock, ca_path: Path) -> None:
        self._presenter = presenter
        self._clock = clock
        self._ca_path = ca_path
        self._began = clock.now()
        self._real_began = time.monotonic()
        self.stream: Callable[[Event], None] | None = None
        """Where the stream of events takes them."""

    def at_s(self) -> float:
        """Load-balancer seconds since the start."""
        return self._clock.now() - self._began

    def real_s(self) -> float:
        """Real seconds since the start."""
        return time.monotonic() - self._real_began

    def times(self) -> tuple[float, float]:
        """Both."""
        return self.at_s(), self.real_s()

    def tell(self, event: Event) -> None:
        """Something happened, as somebody else has put it."""
        self._presenter.event(event)
        self._stream(event)

    def _stream(self, event: Event) -> None:
        if self.stream is not None:
            self.stream(event)

    def notice(self, notice: Notice) -> None:
        """Something a person should know."""
        self.tell(notice)

    def failed(self, error: SimlbError, *more: str) -> None:
        """Something asked for in the background did not work; `more` says what that means."""
        notes = (*error.notes, *more)
        self.notice(Notice(level="error", code=error.code, text=error.what, hints=error.hints, notes=notes))

    def state_changed(
        self, group: TargetGroupState, state: TargetState, previous: str, *, label: str, is_gone: bool
    ) -> None:
        """A target's state or reason changed, or (`is_gone`) its draining is over. `label` tells which one it is."""
        now = state.health
        probe = now.last_probe
        self.tell(
            TargetStateChanged(
                at_s=self.at_s(),
                real_s=self.real_s(),
                target_group=group.group.name,
                target=state.target.name,
                label=label,
                address=state.target.address,
                previous_state=previous,
                state=HealthState.UNUSED if is_gone else now.state,
                reason="Target.NotRegistered" if is_gone else now.reason,
                description="Target is not registered to the target group" if is_gone else now.description,
                evidence=probe.words if probe is not None else "",
                hint=health.hint(now, group.group.health_check, speed=self._clock.speed),
            )
        )

    def anomaly(self, group: TargetGroupState, state: TargetState, *, label: str) -> None:
        """A target fails more often than its peers, or does so no longer. `label` tells which one it is."""
        if state.anomaly is AnomalyResult.NORMAL:
            self.notice(Notice(level="info", text=f"{label} is anomalous no longer."))
            return
        requests, errors = group.recent_errors(state)
        text = f"{label} is anomalous: {errors} of its last {requests} requests failed, far more than of its peers'."
        if state.is_mitigated:
            text += f" It gets {state.weight:.0%} of its share until that is over."
        self.notice(Notice(level="warning", text=text))

    def process_started(self, name: str, pid: int) -> None:
        """A process of ours runs."""
        self.tell(ProcessStarted(at_s=self.at_s(), real_s=self.real_s(), process=name, pid=pid))

    def process_exited(self, name: str, pid: int, status: int, target_groups: tuple[str, ...]) -> None:
        """A process of ours has ended, that of a target in these groups."""
        self.tell(
            ProcessExited(
                at_s=self.at_s(),
                real_s=self.real_s(),
                process=name,
                pid=pid,
                status=status,
                target_groups=target_groups,
            )
        )

    def configuration_changed(
        self, cause: Literal["start", "reload", "registration", "fault", "api"], text: str
    ) -> None:
        """Something else is in force. Whoever asked for it has its answer: presenters need not say it again."""
        self._stream(ConfigurationChanged(at_s=self.at_s(), real_s=self.real_s(), cause=cause, text=text))

    def api_called(self, call: AnsweredCall) -> None:
        """A call of AWS's API was answered; whoever called knows."""
        self._stream(
            ApiCalled(
                at_s=self.at_s(),
                real_s=self.real_s(),
                service=call.service,
                operation=call.operation,
                region=call.region,
                error=call.error,
                parameters=call.parameters,
            )
        )

    def certificate_changed(
        self, load_balancer: str, listener_port: int, names: tuple[str, ...], *, not_after: str, text: str
    ) -> None:
        """A listener presents another certificate. As with the configuration, presenters need not say it."""
        self._stream(
            CertificateChanged(
                at_s=self.at_s(),
                real_s=self.real_s(),
                load_balancer=load_balancer,
                listener_port=listener_port,
                names=names,
                not_after=not_after,
                text=text,
            )
        )

    def tls_failed(self, reason: str, count: int) -> None:
        """A handshake failed for the `count`th time for that reason: worth a word when it is missing trust."""
        if reason in _UNTRUSTED and count == _UNTRUSTED_SAID_AFTER:
            self.notice(
                Notice(
                    level="warning",
                    code="E201",
                    text=f"A client does not trust simlb's certificate (TLS alert {reason}, {count} times).",
                    hints=(
                        f"curl: --cacert {self._ca_path}",
                        "browsers: certs/README.md says where to import that file",
                    ),
                )
            )
