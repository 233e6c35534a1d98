"""Runs the probes of one load-balancer node: when, not what they mean (that is `simlb.core.health`).

The interval is start to start and does not depend on how long a probe takes (reference 2.2). A new target's first probe
goes out at once, a bounded number at a time; its later ones begin at a phase of its own within the interval, so that
many targets are not probed in one burst (docs/parity.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simlb.clock import Clock, Timer
from simlb.core.health import HealthState, ProbeResult
from simlb.core.model import HealthCheck
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.points import Behaviour
from simlb.dataplane.probe import Probe, wait_until_listening

FIRST_PROBES_MAX = 64
FIRST_PROBES_AT_ONCE = 4
"""Begun in one turn of the loop, so that requests get theirs: each takes 0.1 to 0.3 ms."""
# Successive multiples of the golden ratio's fraction fill an interval evenly, however many targets there will be.
_PHASE_STEP = 0.6180339887498949

StateChanged = Callable[[TargetGroupState, TargetState, str], None]
"""Called with the group, the target and the state it had before."""

Probed = Callable[[TargetGroupState, TargetState, HealthCheck, ProbeResult | None], None]
"""Called with the group, the target, what it was asked, and the result: None when there was no socket to ask with."""


class HealthChecker:
    """Probes every target of every group in use."""

    def __init__(
        self,
        clock: Clock,
        on_changed: StateChanged,
        has_ended: Callable[[str], bool] = lambda process: False,
        behaviours: Callable[[str], tuple[Behaviour, ...] | None] = lambda target: None,
        on_probed: Probed | None = None,
    ) -> None:
        """`has_ended` tells whether a process that simlb starts runs no more: nobody need wait until it listens.

        `behaviours` gives those that have hold of the target of that name now. `on_probed` is told of each probe that
        was not called off.
        """
        self._clock = clock
        self._has_ended = has_ended
        self._behaviours = behaviours
        self._on_changed = on_changed
        self._on_probed = on_probed
        self._timers: dict[TargetState, Timer] = {}
        self._due: dict[TargetState, float] = {}
        """When those timers fire."""
        self._probes: dict[TargetState, Probe] = {}
        self._starting: dict[TargetState, asyncio.Task[None]] = {}
        self._first: dict[TargetState, TargetGroupState] = {}
        """Who waits for a first probe, in this order."""
        self._begun = 0
        """First probes, in this turn of the loop."""
        self._is_resuming = False
        self._is_closed = False
        self._first_running: set[TargetState] = set()
        self._started = 0

    def watch(self, group: TargetGroupState, state: TargetState) -> None:
        """Begin to probe a target. One whose process simlb starts is registered once that process listens."""
        self.forget(state)
        if self._is_closed:
            return
        if state.target.process is None:
            self._first[state] = group
            self._run_first()
        else:
            self._starting[state] = asyncio.get_running_loop().create_task(self._await_process(group, state))

    async def _await_process(self, group: TargetGroupState, state: TargetState) -> None:
        process = state.target.process
        assert process is not None
        await wait_until_listening(state.target, lambda: self._has_ended(process))
        del self._starting[state]
        self._first[state] = group
        self._run_first()

    def forget(self, state: TargetState) -> None:
        """Probe a target no more."""
        task = self._starting.pop(state, None)
        if task is not None:
            task.cancel()
        timer = self._timers.pop(state, None)
        self._due.pop(state, None)
        if timer is not None:
            timer.cancel()
        probe = self._probes.pop(state, None)
        if probe is not None:
            probe.cancel()
        self._first.pop(state, None)
        if state in self._first_running:
            self._first_running.discard(state)
            self._run_first()

    def reschedule(self, group: TargetGroupState, state: TargetState) -> None:
        """The group's health check has changed: probe by the new settings from now on."""
        if state in self._timers:
            self._timers.pop(state).cancel()
            self._arm(group, state, self._clock.now() + self._phase() * group.group.health_check.interval_s)

    def next_check_at(self, state: TargetState) -> float | None:
        """When the next probe of a target goes out, in load-balancer time; None when nobody probes it (yet).

        A first probe that waits for its turn goes out now. One whose process does not listen yet has no time.
        """
        due = self._due.get(state)
        if due is None and state in self._first:
            return self._clock.now()
        return due

    def is_checking(self, state: TargetState) -> bool:
        """A probe of the target is under way."""
        return state in self._probes

    def close(self) -> None:
        """Stop all probing, for good."""
        self._is_closed = True
        self._first.clear()
        for state in [*self._starting, *self._timers, *self._probes]:
            self.forget(state)

    def _phase(self) -> float:
        self._started += 1
        return 1.0 - (self._started * _PHASE_STEP) % 1.0

    def _run_first(self) -> None:
        while self._first and len(self._first_running) < FIRST_PROBES_MAX:
            if self._begun == FIRST_PROBES_AT_ONCE:
                return  # until `_resume`
            self._begun += 1
            self._resume_soon()
            state = next(iter(self._first))
            group = self._first.pop(state)
            self._first_running.add(state)
            self._arm(group, state, self._clock.now() + self._phase() * group.group.health_check.interval_s)
            self._probe(group, state)

    def _resume_soon(self) -> None:
        if not self._is_resuming:
            self._is_resuming = True
            asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        self._is_resuming = False
        self._begun = 0
        self._run_first()

    def _arm(self, group: TargetGroupState, state: TargetState, when: float) -> None:
        self._due[state] = when
        self._timers[state] = self._clock.call_at(when, lambda: self._on_interval(group, state, when))

    def _on_interval(self, group: TargetGroupState, state: TargetState, due: float) -> None:
        interval_s = group.group.health_check.interval_s
        now = self._clock.now()
        # Start to start from when it was due, so that a late timer does not shift the rhythm; after a pause of the
        # whole process (a suspended laptop) missed probes are not made up for.
        following = due + interval_s if now - due < interval_s else now + interval_s
        self._arm(group, state, following)
        if state not in self._probes:
            # Only a first probe can still be under way, since its successor comes at a phase of its own. It counts.
            self._probe(group, state)

    def _probe(self, group: TargetGroupState, state: TargetState) -> None:
        before = state.health.state
        if group.on_probe_started(state, self._clock.now()):
            self._on_changed(group, state, before)

        def on_result(result: ProbeResult | None) -> None:
            if self._probes.get(state) is probe:
                del self._probes[state]
            if state in self._first_running:
                self._first_running.discard(state)
                # Not at once: many results may come in at the same time, and each would begin another probe.
                self._resume_soon()
            if self._on_probed is not None:
                self._on_probed(group, state, health_check, result)
            if result is None or state.health.state is HealthState.DRAINING:
                return
            before = state.health.state
            if group.on_probe(state, result, self._clock.now()):
                self._on_changed(group, state, before)

        target = state.target
        health_check = group.group.health_check
        probe = Probe(health_check, target, self._clock, on_result, self._behaviours(target.name))
        self._probes[state] = probe
        probe.start()
