"""What is alive about a target group: its targets' health, who gets the next request, and draining.

One `TargetGroupState` exists per (load-balancer node, target group). It outlives configurations: a new one is
`reconcile`d into it. It decides and keeps books; sockets and timers are the shell's (reference 2.3-2.5, 5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from simlb.core.anomaly import AnomalyDetector
from simlb.core.attributes import AlgorithmType
from simlb.core.health import HealthState, ProbeResult
from simlb.core.model import TargetGroup
from simlb.core.selection import Selection
from simlb.core.stickiness import AppCookies, StickinessVerdict, TargetCookies, TargetKey, stickiness_of
from simlb.core.target_state import TargetState

__all__ = ["Reconciled", "RoutingMode", "TargetGroupState", "TargetState"]


class RoutingMode(StrEnum):
    """Why the candidates are who they are."""

    HEALTHY = "healthy"
    FAIL_OPEN = "fail_open"  # too few are healthy: every registered target gets traffic (reference 2.4)
    NO_TARGETS = "no_targets"  # nothing registered, or only draining targets
    UNUSED = "unused"  # no listener uses the group
    ALL_INITIAL = "initial"  # nobody has passed or failed yet (reference 11, point 17)


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What a choice of a target rests on: a new one whenever any of it changes, so that an exchange keeps just one.

    Two of them are the same only if they are one: whoever sorts exchanges by it is quick.
    """

    mode: RoutingMode
    candidates: Sequence[TargetState]
    registered: int
    algorithm: AlgorithmType
    ramping: Sequence[TargetState]
    """Those in slow start: while there is one, round robin gives way to it."""
    weights: Sequence[float] | None
    """The candidates' anomaly weights while one of them gets less than its share."""

    @property
    def is_slow_starting(self) -> bool:
        """True while round robin chooses by ramp weights."""
        return self.algorithm == "round_robin" and bool(self.ramping)

    @property
    def kept_bytes(self) -> int:
        """About how much memory it takes as long as an exchange that rests on it is kept."""
        return 200 + 16 * len(self.candidates)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a new configuration changed: targets to begin probing, those that now drain, and those that are stopped."""

    added: tuple[TargetState, ...]
    draining: tuple[TargetState, ...]
    stopped: tuple[TargetState, ...] = ()


class TargetGroupState:
    """Chooses a target for each request from what the probes have said. `now` is always load-balancer seconds.

    `candidates` may get the next request, and `mode` says why it is these. `stickiness` reads and writes the group's
    cookies; None when it is off.
    """

    __slots__ = (
        "_anomalies",
        "_cookie_key",
        "_selection",
        "basis",
        "candidates",
        "group",
        "in_use",
        "mode",
        "stickiness",
        "targets",
    )

    def __init__(self, group: TargetGroup, now: float, *, cookie_key: bytes, in_use: bool = True) -> None:
        """`cookie_key` is 32 secret bytes, which seal the group's stickiness cookies."""
        self.group = group
        self.in_use = in_use
        self.targets: dict[TargetKey, TargetState] = {}
        self.candidates: list[TargetState] = []
        self.mode = RoutingMode.NO_TARGETS
        self.basis: Basis
        self.stickiness: TargetCookies | AppCookies | None = None
        self._cookie_key = cookie_key
        self._selection = Selection(group.attributes)
        self._anomalies: AnomalyDetector[TargetState] = AnomalyDetector(now)
        self.reconcile(group, now, in_use=in_use)

    # -- for each request ----------------------------------------------------------------------------------------------

    def choose(self, now: float, random: Random) -> TargetState | None:
        """The target of the next request; None means 503, and `mode` says why."""
        candidates = self.candidates
        if not candidates:
            return None
        return self._selection.algorithm.choose(candidates, now, random)

    def choose_other(self, tried: Collection[TargetState], now: float, random: Random) -> TargetState | None:
        """A candidate that is not among `tried`; None when there is none left."""
        left = [candidate for candidate in self.candidates if candidate not in tried]
        return self._selection.algorithm.choose(left, now, random) if left else None

    def chances(self, now: float) -> list[tuple[TargetState, float]]:
        """How likely each candidate is to get the next request that no cookie leads. Asking changes nothing."""
        candidates = self.candidates
        return (
            list(zip(candidates, self._selection.algorithm.chances(candidates, now), strict=True)) if candidates else []
        )

    def find_sticky(self, cookies: Mapping[bytes, bytes], now: float) -> tuple[TargetState | None, StickinessVerdict]:
        """The target that a request's cookies lead back to, if it may be used now; what came of the cookies.

        While the group fails open, that is also an unhealthy target (reference 11, point 26).
        """
        if self.stickiness is None:
            return None, StickinessVerdict.OFF
        key, verdict = self.stickiness.find(cookies, now)
        if key is None:
            return None, verdict
        target = self.targets.get(key)
        if target is None:
            return None, StickinessVerdict.TARGET_GONE
        if target.is_candidate:
            return target, StickinessVerdict.KEPT
        is_draining = target.health.state is HealthState.DRAINING
        return None, StickinessVerdict.TARGET_DRAINING if is_draining else StickinessVerdict.TARGET_UNHEALTHY

    def begin(self, target: TargetState) -> None:
        """A request is given to `target`. `end` has to follow."""
        target.outstanding += 1
        target.requests += 1
        told = self._selection.told
        if told is not None:
            told.on_changed(target)

    def end(self, target: TargetState, *, failed: bool) -> None:
        """A request is over. `failed` for a 5xx of the target or a failed connection to it."""
        target.outstanding -= 1
        if failed:
            target.errors += 1
        told = self._selection.told
        if told is not None:
            told.on_changed(target)

    # -- for people ----------------------------------------------------------------------------------------------------

    @property
    def algorithm(self) -> AlgorithmType:
        """The configured algorithm's name."""
        return self.group.attributes.algorithm

    @property
    def is_slow_starting(self) -> bool:
        """True while a target is in slow start: then round robin chooses by ramp weights."""
        return self._selection.is_ramping

    def ramp_weight(self, state: TargetState, now: float) -> float:
        """The part of its full share that a target gets: below 1 in slow start."""
        return self._selection.ramp_weight(state, now)

    def recent_errors(self, state: TargetState) -> tuple[int, int]:
        """A target's finished requests and errors that anomaly detection has compared last (of a minute)."""
        return self._anomalies.window(state)

    # -- health --------------------------------------------------------------------------------------------------------

    def on_probe_started(self, state: TargetState, now: float) -> bool:
        """A probe is on its way. True when the shown state changed."""
        before = state.health.state
        return self._changed(state, before, now) if state.health.on_probe_started() else False

    def on_probe(self, state: TargetState, result: ProbeResult, now: float) -> bool:
        """A probe has its result. True when the state or reason changed."""
        before = state.health.state
        state.probed_at = now
        if not state.health.on_probe(result, self.group.health_check):
            return False
        if not state.is_healthy:
            state.leave_slow_start()
        elif before is not HealthState.HEALTHY:
            others = [other for other in self.targets.values() if other.is_healthy and other is not state]
            self._selection.on_healthy(state, others, now)
        return self._changed(state, before, now)

    def _changed(self, state: TargetState, before: HealthState, now: float) -> bool:
        state.since = now
        if state.health.state is not before:  # else it has another reason only
            self._recompute()
        return True

    # -- configuration -------------------------------------------------------------------------------------------------

    def reconcile(self, group: TargetGroup, now: float, *, in_use: bool) -> Reconciled:
        """Take over a new description of the group: add, keep, drain. Health and books of what stays are kept."""
        self.group = group
        was_in_use, self.in_use = self.in_use, in_use
        # Targets registered together in an empty group do not slow each other down (reference 5.4).
        was_empty = not any(state.is_registered for state in self.targets.values())
        wanted = {target.key: target for target in group.targets}
        added: list[TargetState] = []
        draining: list[TargetState] = []
        stopped: list[TargetState] = []
        for key, target in wanted.items():
            state = self.targets.get(key)
            if state is None:
                state = self.targets[key] = TargetState(target, now)
                state.skips_slow_start = was_empty
                added.append(state)
            else:
                starts = state.target.is_stopped and not target.is_stopped
                state.target, state.address = target, target.address
                if state.draining_until is not None or (in_use and (starts or not was_in_use)):
                    state.draining_until = None
                    state.health.on_registered()
                    state.skips_slow_start = was_empty
                    state.since = now
                    added.append(state)
            if not in_use and state.health.on_group_unused():
                state.leave_slow_start()
                state.since = now
            if in_use and target.is_stopped:
                stopped.append(state)
                if state.health.on_instance_stopped():
                    state.leave_slow_start()
                    state.since = now
        for key, state in self.targets.items():
            if key not in wanted and state.draining_until is None:
                state.draining_until = now + group.attributes.deregistration_delay_s
                state.health.on_deregistered()
                state.leave_slow_start()
                state.since = now
                draining.append(state)
        # Registration order is the new file's order; what drains stays behind it.
        order = {key: place for place, key in enumerate(wanted)}
        self.targets = dict(sorted(self.targets.items(), key=lambda item: order.get(item[0], len(order))))
        self.stickiness = stickiness_of(group, self._cookie_key)
        self._selection.use(group.attributes, self.targets.values())
        self._recompute()
        return Reconciled(tuple(state for state in added if state not in stopped), tuple(draining), tuple(stopped))

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[TargetState]:
        """To be called every second or so: ramps end, and error rates are compared.

        Returns the targets whose `anomaly` or `weight` has changed.
        """
        if self._selection.is_ramping and self._selection.end_ramps(self.candidates, now):
            self._recompute()
        if now < self._anomalies.next_evaluation:
            return []
        healthy = [state for state in self.targets.values() if state.is_healthy]
        mitigates = self.group.attributes.anomaly_mitigation
        changed = self._anomalies.evaluate(self.targets.values(), healthy, now, mitigates=mitigates)
        if changed:
            self._recompute()
        return changed

    def next_deadline(self) -> float | None:
        """When the next draining target's delay is over; None when nothing drains."""
        deadlines = [state.draining_until for state in self.targets.values() if state.draining_until is not None]
        return min(deadlines, default=None)

    def on_deadline(self, now: float, at_most: int | None = None) -> list[TargetState]:
        """Forget targets whose deregistration delay is over; what is still open on them is to be cut.

        No more than `at_most` at once: `next_deadline` is over then still.
        """
        over = [s for s in self.targets.values() if s.draining_until is not None and s.draining_until <= now][:at_most]
        if over:
            gone = {state.target.key for state in over}
            # A new one, as whenever other targets are there: who has found something in the old one sees that.
            self.targets = {key: state for key, state in self.targets.items() if key not in gone}
            self._recompute()
        return over

    # -- candidates ----------------------------------------------------------------------------------------------------

    def _recompute(self) -> None:
        """Who may get a request. Always a new list: that is how an algorithm sees that something has changed."""
        # As `is_registered` and `is_healthy` say; with a thousand targets their calls are half of the time.
        gone, well = (HealthState.DRAINING, HealthState.UNUSED), HealthState.HEALTHY
        registered = [state for state in self.targets.values() if state.health.state not in gone]
        healthy = [state for state in registered if state.health.state is well]
        if not registered:
            self.candidates, self.mode = [], RoutingMode.NO_TARGETS if self.in_use else RoutingMode.UNUSED
        elif all(state.health.state is HealthState.INITIAL for state in registered):
            self.candidates = registered if self.group.fail_open_while_initial else []
            self.mode = RoutingMode.ALL_INITIAL
        elif self._are_enough(len(healthy), len(registered)):
            self.candidates, self.mode = healthy, RoutingMode.HEALTHY
        else:
            self.candidates, self.mode = registered, RoutingMode.FAIL_OPEN
        for state in self.targets.values():
            state.is_candidate = False
        for state in self.candidates:
            state.is_candidate = True
        self._selection.on_candidates(self.candidates)
        self.basis = Basis(
            self.mode,
            self.candidates,
            len(registered),
            self.algorithm,
            [state for state in self.candidates if state.ramping_since is not None],
            [state.weight for state in self.candidates]
            if any(state.is_mitigated for state in self.candidates)
            else None,
        )

    def _are_enough(self, healthy: int, registered: int) -> bool:
        """Neither threshold of unhealthy-state routing is breached (reference 2.4)."""
        attributes = self.group.attributes
        percentage = attributes.minimum_healthy_targets_percentage
        return healthy >= attributes.minimum_healthy_targets_count and (
            percentage is None or healthy * 100 >= percentage * registered
        )
