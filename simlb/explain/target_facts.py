"""What is known of one target in one target group when somebody asks why it is in its state."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from simlb.core.health import HealthState
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.explain.durations import Times
from simlb.explain.forecast import Forecast, forecast
from simlb.explain.story import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    """The process that simlb runs for a target. `pid` while it lives; else `last_status`, None when never started."""

    pid: int | None
    last_status: int | None

    @property
    def words(self) -> Words:
        """How it is doing."""
        if self.pid is not None:
            return Words(f"its process runs (pid {self.pid})", f"프로세스가 실행 중입니다(pid {self.pid})")
        status = self.last_status
        if status is None:
            return Words("its process has not been started", "프로세스가 시작되지 않았습니다")
        if status >= 0:
            return Words(
                f"its process has ended by itself with status {status}", f"프로세스가 상태 {status}(으)로 끝났습니다"
            )
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return Words(f"its process was killed by {name}", f"프로세스가 {name} 신호로 종료되었습니다")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """One target of one group, at `now` in load-balancer seconds.

    `next_check_at` is None when nobody checks it (yet); `is_checking` says that a check is under way. `process` is None
    for one that the user runs. `faults` are those on it, in words.
    """

    group: TargetGroupState
    state: TargetState
    now: float
    times: Times
    next_check_at: float | None = None
    is_checking: bool = False
    process: ProcessFacts | None = None
    faults: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.state.target.name

    @property
    def for_s(self) -> float:
        """How long it has had its state and reason."""
        return max(0.0, self.now - self.state.since)

    @property
    def is_down(self) -> bool:
        """Its process, which simlb runs, does not live."""
        return self.process is not None and self.process.pid is None

    @property
    def is_failing(self) -> bool:
        """Its last checks failed, whatever its state says yet."""
        return self.state.health.failures > 0

    @property
    def forecast(self) -> Forecast:
        """What the next checks can bring."""
        return forecast(self.state.health, self.group.group.health_check, self.next_check_at, self.now)

    @property
    def counts(self) -> bool:
        """It is one of its group's targets: neither draining nor unused."""
        return self.state.health.state not in {HealthState.DRAINING, HealthState.UNUSED}
