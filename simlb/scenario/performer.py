"""Carries out what the steps of a story say, on the instance of the run, and writes down that it did."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simlb.load.plan import LoadPlan
from simlb.load.result import LoadResult
from simlb.load.running import LoadState
from simlb.scenario import journal
from simlb.scenario.journal import Entry, Spoken
from simlb.scenario.model import (
    Action,
    Ask,
    ChangeTargetGroup,
    Deregister,
    FaultAction,
    Heal,
    Mark,
    Register,
    Say,
    Scenario,
    SetLoad,
    Words,
)
from simlb.scenario.narration import filled
from simlb.scenario.stage import Stage

_BASE = "latency-of-"


class Performer:
    """The hands of one run. `write` takes the records of what has been done."""

    def __init__(self, stage: Stage, scenario: Scenario, *, seed: int, write: Callable[[Entry], None]) -> None:
        self._stage = stage
        self._variables = scenario.variables
        self._plans = {load.id: _plan(load.plan, seed - scenario.seed) for load in scenario.loads}
        self._seed = seed
        self._write = write

    # -- before the story ----------------------------------------------------------------------------------------------

    async def model_latencies(self, latencies: Mapping[str, float]) -> None:
        """Let targets take as long as the topology says: a fault each, but none of the story's."""
        app = self._stage.app
        for target, latency_s in latencies.items():
            if latency_s <= 0:
                continue
            written = f"{latency_s * 1000:g}ms"
            # What people run by themselves cannot be slowed down; the way to it can.
            is_own = app.fault_site.is_own(target)
            type_name, name = "target.slow" if is_own else "link.latency", f"{_BASE}{target}"
            await app.faults.add(type_name, target, {"delay": written}, name=name, seed=self._draws(name))

    @staticmethod
    def is_base(fault: str) -> bool:
        """Whether a fault of that name is one of these."""
        return fault.startswith(_BASE)

    async def start_load(self, name: str) -> None:
        """Start a load as it was planned, or as it was changed last. Raises SimlbError."""
        plan = self._plans[name]
        await self._stage.app.load.generator.start(plan, on_results=self._results)
        self._load_changed(plan, is_running=True)

    def load_timeout_s(self) -> float:
        """How long the slowest request of any load may take, in load-balancer seconds."""
        return max((plan.timeout_s for plan in self._plans.values()), default=0.0)

    # -- the story -----------------------------------------------------------------------------------------------------

    async def perform(self, action: Action, elapsed_s: float) -> None:
        """One action that is no question. Raises SimlbError when it cannot be done."""
        match action:
            case Say():
                self._write(journal.Narrated(**self._stage.times(), words=self.filled(action.words, elapsed_s)))
            case FaultAction():
                await self.install(action)
            case Heal():
                for name in action.ids:
                    # Its end is written where its event arrives: it may also be over by itself.
                    if any(fault.name == name for fault in self._stage.app.faults):
                        await self._stage.app.faults.remove(name)
            case ChangeTargetGroup():
                now = self._stage.times()
                await self._stage.change(action)
                self._write(
                    journal.TargetGroupChanged(
                        **now,
                        group=action.target_group,
                        health_check=dict(action.health_check),
                        attributes=dict(action.attributes),
                    )
                )
            case Register():
                now = self._stage.times()
                await self._stage.register(action.targets)
                self._write(journal.Registered(**now, targets=action.targets))
            case Deregister():
                now = self._stage.times()
                await self._stage.deregister(action.targets)
                self._write(journal.Deregistered(**now, targets=action.targets))
            case SetLoad():
                await self._set_load(action)
            case Mark():
                self._write(journal.Marked(**self._stage.times(), name=action.name))
            case Ask():
                raise AssertionError("a question is not performed but asked")

    async def install(self, action: FaultAction) -> None:
        """Install a fault. Raises SimlbError."""
        match_ = action.selection.get("match", {})
        # Its moment is the one before it: the first request that it struck must not come before it.
        now = self._stage.times()
        await self._stage.app.faults.add(
            action.type,
            action.on,
            action.parameters,
            match_method=match_.get("method"),
            match_path=match_.get("path"),
            match_headers=match_.get("header"),
            percent=action.selection.get("percent"),
            count=action.selection.get("count"),
            every=action.selection.get("every"),
            pattern=action.selection.get("pattern"),
            for_s=action.for_s,
            name=action.id,
            seed=self._draws(action.id),
        )
        self._write(
            journal.FaultInstalled(
                **now, id=action.id, fault=action.type, on=action.on, parameters=dict(action.parameters)
            )
        )

    def filled(self, words: Words, elapsed_s: float) -> Spoken:
        """A sentence with its places filled."""
        return Spoken.of(filled(words, self._variables, elapsed_s))

    # -- loads ---------------------------------------------------------------------------------------------------------

    async def _set_load(self, action: SetLoad) -> None:
        generator = self._stage.app.load.generator
        running = next((load for load in generator.loads if load.plan.id == action.id and not load.is_over), None)
        plan = self._plans[action.id]
        if action.rate_per_s:
            plan = replace(plan, rate_per_s=action.rate_per_s)
        if action.users is not None:
            plan = replace(plan, users=action.users)
        self._plans[action.id] = plan
        runs = running is not None if action.runs is None else action.runs
        if not runs:
            if running is not None:
                running.stop()
            self._load_changed(plan, is_running=False)
        elif running is None or action.users is not None or running.state is not LoadState.RUNNING:
            if running is not None:
                # Users that go take their requests along; another number of them are others.
                await running.close()
            await self.start_load(action.id)
        else:
            if action.rate_per_s is not None:
                generator.change_rate(action.id, action.rate_per_s)
            self._load_changed(plan, is_running=True)

    def _load_changed(self, plan: LoadPlan, *, is_running: bool) -> None:
        is_closed = plan.users is not None
        self._write(
            journal.LoadChanged(
                **self._stage.times(),
                id=plan.id,
                is_running=is_running,
                rate_per_s=None if is_closed else plan.rate_per_s,
                users=plan.users,
            )
        )

    def _results(self, results: list[LoadResult]) -> None:
        speed = self._stage.app.clock.speed
        for result in results:
            self._write(
                journal.ClientEnded(
                    at_s=result.ended_at_s,
                    real_s=result.ended_at_s / speed,
                    load=result.load,
                    number=result.number,
                    started_at_s=result.started_at_s,
                    latency_s=result.latency_s,
                    status=result.status,
                    error=None if result.error is None else str(result.error),
                    target=result.target,
                )
            )

    # -- small things --------------------------------------------------------------------------------------------------

    def _draws(self, name: str) -> int:
        """A seed of its own for each fault, so that one more does not change what the others draw."""
        return zlib.crc32(f"{self._seed}/{name}".encode())


def _plan(values: Mapping[str, Any], seeds: int) -> LoadPlan:
    """A scenario's load may have as many requests in flight as its arithmetic leads to; its rate stays capped."""
    plan = LoadPlan.from_json({**values, "seed": values.get("seed", 0) + seeds})
    return replace(plan, in_flight_max=plan.uncapped().in_flight_max)
