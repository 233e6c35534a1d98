"""What is alive about a target group: its targets' health, who gets the next request, and draining.

One `TargetGroupState` exists per (load-balancer node, target group). It outlives configurations: a new one is
`reconcile`d into it. It decides and keeps books; sockets and timers are the shell's (reference 2.3-2.5, 5.1).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from simlb.core.algorithms.round_robin import RoundRobin
from simlb.core.health import HealthState, ProbeResult, TargetHealth
from simlb.core.model import Target, TargetGroup


class RoutingMode(StrEnum):
    """Why the candidates are who they are."""

    HEALTHY = "healthy"
    FAIL_OPEN = "fail_open"  # every target is unhealthy: all of them get traffic (reference 2.4)
    NO_TARGETS = "no_targets"  # nothing registered, or only draining targets
    UNUSED = "unused"  # no listener uses the group
    ALL_INITIAL = "initial"  # nobody has passed a check yet (reference 11, point 17)


class TargetState:
    """One registered (or draining) target: its description, health and books."""

    __slots__ = ("address", "draining_until", "health", "outstanding", "requests", "since", "target")

    def __init__(self, target: Target, now: float) -> None:
        self.target = target
        self.address = target.address
        self.health = TargetHealth()
        self.since = now
        self.outstanding = 0
        self.requests = 0
        self.draining_until: float | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a new configuration changed: targets to begin probing, and those that now drain."""

    added: tuple[TargetState, ...]
    draining: tuple[TargetState, ...]


class TargetGroupState:
    """Chooses a target for each request from what the probes have said."""

    __slots__ = ("_algorithm", "candidates", "group", "in_use", "mode", "targets")

    def __init__(self, group: TargetGroup, now: float, *, in_use: bool = True) -> None:
        self.group = group
        self.in_use = in_use
        self.targets: dict[tuple[str, int], TargetState] = {}
        self.candidates: list[TargetState] = []
        self.mode = RoutingMode.NO_TARGETS
        self._algorithm = RoundRobin()
        self.reconcile(group, now, in_use=in_use)

    def choose(self) -> TargetState | None:
        """The target of the next request; None means 503, and `mode` says why."""
        candidates = self.candidates
        if not candidates:
            return None
        return self._algorithm.choose(candidates)

    def choose_other(self, tried: Collection[TargetState]) -> TargetState | None:
        """A candidate that is not among `tried`; None when there is none left."""
        left = [candidate for candidate in self.candidates if candidate not in tried]
        return self._algorithm.choose(left) if left else None

    def on_probe_started(self, state: TargetState, now: float) -> bool:
        """A probe is on its way. True when the shown state changed."""
        return self._changed(state, now) if state.health.on_probe_started() else False

    def on_probe(self, state: TargetState, result: ProbeResult, now: float) -> bool:
        """A probe has its result. True when the state or reason changed."""
        if state.health.on_probe(result, self.group.health_check):
            return self._changed(state, now)
        return False

    def reconcile(self, group: TargetGroup, now: float, *, in_use: bool) -> Reconciled:
        """Take over a new description of the group: add, keep, drain. Health of what stays is kept."""
        self.group = group
        was_in_use, self.in_use = self.in_use, in_use
        wanted = {target.key: target for target in group.targets}
        added: list[TargetState] = []
        draining: list[TargetState] = []
        for key, target in wanted.items():
            state = self.targets.get(key)
            if state is None:
                state = self.targets[key] = TargetState(target, now)
                added.append(state)
            else:
                state.target = target
                if state.draining_until is not None or (in_use and not was_in_use):
                    state.draining_until = None
                    state.health.on_registered()
                    state.since = now
                    added.append(state)
            if not in_use and state.health.on_group_unused():
                state.since = now
        for key, state in self.targets.items():
            if key not in wanted and state.draining_until is None:
                state.draining_until = now + group.attributes.deregistration_delay_s
                state.health.on_deregistered()
                state.since = now
                draining.append(state)
        # Registration order is the new file's order; what drains stays behind it.
        order = {key: place for place, key in enumerate(wanted)}
        self.targets = dict(sorted(self.targets.items(), key=lambda item: order.get(item[0], len(order))))
        self._recompute()
        return Reconciled(tuple(added), tuple(draining))

    def next_deadline(self) -> float | None:
        """When the next draining target's delay is over; None when nothing drains."""
        deadlines = [state.draining_until for state in self.targets.values() if state.draining_until is not None]
        return min(deadlines, default=None)

    def on_deadline(self, now: float) -> list[TargetState]:
        """Forget targets whose deregistration delay is over; what is still open on them is to be cut."""
        over = [s for s in self.targets.values() if s.draining_until is not None and s.draining_until <= now]
        for state in over:
            del self.targets[state.target.key]
        if over:
            self._recompute()
        return over

    def _changed(self, state: TargetState, now: float) -> bool:
        state.since = now
        self._recompute()
        return True

    def _recompute(self) -> None:
        registered = [
            s for s in self.targets.values() if s.health.state not in {HealthState.DRAINING, HealthState.UNUSED}
        ]
        healthy = [s for s in registered if s.health.state is HealthState.HEALTHY]
        if healthy:
            self.candidates, self.mode = healthy, RoutingMode.HEALTHY
        elif any(s.health.state is HealthState.UNHEALTHY for s in registered):
            # Nobody is healthy and somebody has been found unhealthy: fail open over all registered targets.
            self.candidates, self.mode = registered, RoutingMode.FAIL_OPEN
        elif registered:
            self.candidates = registered if self.group.fail_open_while_initial else []
            self.mode = RoutingMode.ALL_INITIAL
        else:
            self.candidates, self.mode = [], RoutingMode.NO_TARGETS if self.in_use else RoutingMode.UNUSED
