"""The story of one run as it goes: waits for what its steps wait for, has them performed, listens, and judges.

It belongs to the loop of its stage. What may have changed a condition wakes it; the timeline decides what comes next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from simlb.core.events import Event, FaultRemoved, Notice, TargetStateChanged
from simlb.core.health import HealthState
from simlb.scenario import journal
from simlb.scenario.expectations import judge, shown
from simlb.scenario.expression_tree import Binary, Expression
from simlb.scenario.expressions import Evaluator, Unseen
from simlb.scenario.journal import Asked, Entry, Outcome, Spoken
from simlb.scenario.model import Ask, Load, Rollback, Scenario
from simlb.scenario.performer import Performer
from simlb.scenario.recorder import Recorder
from simlb.scenario.settling import LATE_REAL_S, is_settled
from simlb.scenario.stage import Stage
from simlb.scenario.steadiness import Steadiness
from simlb.scenario.summary import END, START
from simlb.scenario.timeline import AGAIN_S, Command, Finished, Missed, Perform, Timeline

_SAMPLE_S = 1.0
"""How often, in load-balancer seconds, requests in flight are counted; in real ones not more often than ..."""
_SAMPLE_REAL_S = 0.05
_PROBED_WITHIN_S = 30.0
"""How long to wait for the first probes, in load-balancer seconds, and in real ones at least ..."""
_PROBED_WITHIN_REAL_S = 3.0
_AFTERMATH_S = 2.0
"""Beyond the clients' own time-out: how long to wait for the last answers."""
_LEFT = HealthState.UNUSED
_LEFT_REASON = "Target.NotRegistered"

AskSomebody = Callable[[Asked], Awaitable[int | None]]


class NotSteady(Exception):  # noqa: N818 - no error of the program: the run is void
    """The steady state was not reached."""


class Story:
    """Plays the timeline of a scenario on a stage. `is_over` set: what is heard from then on is not written down."""

    def __init__(
        self,
        scenario: Scenario,
        stage: Stage,
        recorder: Recorder,
        write: Callable[[Entry], None],
        ask: AskSomebody,
        *,
        seed: int,
    ) -> None:
        self.is_over = False
        self._scenario = scenario
        self._stage = stage
        self._recorder = recorder
        self._history = recorder.history
        self._write_entry = write
        self._ask = ask
        self._performer = Performer(stage, scenario, seed=seed, write=self._write)
        self._evaluator = Evaluator(self._history)
        self._timeline = Timeline(scenario.timeline, self._evaluator)
        self._states: dict[tuple[str, str], str] = {}
        self._next_request = 0
        self._changed = asyncio.Event()
        self._later = [load for load in scenario.loads if load.starts_at_s is not None]
        self._is_missed = False
        self._paused_at = 0.0
        self._open = list(scenario.expectations)
        self._settled_real_s = 0.0

    # -- pauses --------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Let no further step come; load balancer and clients go on. Harmless when repeated, or when all is told."""
        if not self._timeline.is_paused and not self._timeline.is_over:
            self._paused_at = self._now()
            self._write(journal.Paused(**self._stage.times()))
            self._timeline.on_paused(self._paused_at)

    def resume(self) -> None:
        """Let the story go on. Harmless when it does."""
        if self._timeline.is_paused:
            self._timeline.on_resumed(self._now())
            self._write(journal.Resumed(**self._stage.times()))
            self._warn_about_pause(self._now() - self._paused_at)

    # -- from beginning to end -----------------------------------------------------------------------------------------

    async def play(self) -> None:
        """All of it. Raises NotSteady for a run that is void, and SimlbError for what cannot be carried out."""
        await self._prepare()
        sampling = asyncio.ensure_future(self._sample())
        try:
            await self._until_probed()
            for load in self._scenario.loads:
                if load.starts_at_s is None and not load.is_waiting:
                    await self._performer.start_load(load.id)
            await self._until_steady()
            await self._tell_story()
            await self._let_end()
        finally:
            sampling.cancel()
            await asyncio.wait([sampling])
        self._judge()
        await self._roll_back()

    def outcome(self) -> Outcome:
        """What came of it, once it is over."""
        if self._is_missed:
            return "missed"
        judged = [entry for entry in self._recorder.entries if isinstance(entry, journal.Judged)]
        return "passed" if all(entry.has_passed for entry in judged) else "failed"

    async def _prepare(self) -> None:
        """Faults first: what is to be wrong from the beginning must be so at the first probe."""
        topology = self._scenario.topology
        await self._performer.model_latencies(topology.latencies)
        for fault in topology.faults:
            await self._performer.install(fault)
        await self._stage.app.start()
        self._look_at_states()
        for notice in self._stage.app.notices:
            self._warn(Spoken(en=notice, ko=notice))

    async def _until_probed(self) -> None:
        """Wait until every target has been probed once, so that the first requests meet a load balancer that knows."""
        speed = self._stage.app.clock.speed
        until = self._now() + max(_PROBED_WITHIN_S, _PROBED_WITHIN_REAL_S * speed)
        while self._now() < until and any(
            group.in_use and state.health.last_probe is None for group, state in self._stage.targets()
        ):
            await self._wait(min(until, self._now() + AGAIN_S))

    async def _until_steady(self) -> None:
        wanted = self._scenario.steady_state
        if wanted is None:
            return
        steadiness = Steadiness(wanted.for_s, wanted.within_s, self._now())
        verdict: bool | None = None
        while verdict is None:
            self._catch_up()
            verdict = steadiness.look(all(map(self._evaluator.holds, wanted.that)), self._now())
            if verdict is None:
                await self._wait(self._now() + AGAIN_S)
        seen = tuple(map(self._seen, wanted.that))
        self._write(journal.SteadyStateSeen(**self._stage.times(), is_steady=verdict, seen=seen))
        if not verdict:
            raise NotSteady

    async def _tell_story(self) -> None:
        self._write(journal.Marked(**self._stage.times(), name=START))
        command = self._timeline.start(self._now())
        while True:
            await self._start_later_loads()
            if command is None:
                await self._wait(self._next_look())
                self._catch_up()
                command = self._timeline.on_change(self._now())
            elif isinstance(command, Perform):
                await self._perform(command)
                self._catch_up()
                command = self._timeline.on_performed(self._now())
            else:
                break
        self._finish(command)

    def _finish(self, command: Command) -> None:
        if isinstance(command, Missed):
            self._is_missed = True
            self._write(
                journal.StepMissed(
                    **self._stage.times(),
                    step=command.index + 1,
                    waited_for=command.waited_for.text,
                    within_s=command.within_s,
                )
            )
        else:
            assert isinstance(command, Finished)
        self._write(journal.Marked(**self._stage.times(), name=END))

    async def _let_end(self) -> None:
        """Stop the clients, and wait for the answers that are still to come: what they say belongs to the story."""
        generator = self._stage.app.load.generator
        generator.stop_all()
        until = self._now() + self._performer.load_timeout_s() + _AFTERMATH_S
        while self._now() < until and any(not load.is_over for load in generator.loads):
            await self._wait(min(until, self._now() + AGAIN_S))
        await generator.close()
        self._catch_up()

    def _judge(self) -> None:
        for expectation in self._scenario.expectations:
            verdict = judge(expectation, self._history)
            self._write(
                journal.Judged(
                    **self._stage.times(),
                    id=expectation.id,
                    title=Spoken.of(expectation.title),
                    has_passed=verdict.has_passed,
                    seen=Spoken.of(verdict.seen),
                    expected=Spoken.of(verdict.expected),
                    lines=verdict.lines,
                )
            )

    def _settle(self) -> None:
        """Tell what has been decided already. Now and then: it looks through all that happened."""
        now = self._stage.times()
        if now["real_s"] < self._settled_real_s + LATE_REAL_S:
            return
        self._settled_real_s = now["real_s"]
        complete_s = now["at_s"] - LATE_REAL_S * self._stage.app.clock.speed
        for expectation in tuple(self._open):
            if is_settled(expectation, self._history, complete_s):
                self._open.remove(expectation)
                verdict = judge(expectation, self._history)
                seen = Spoken.of(verdict.seen)
                self._write(journal.Settled(**now, id=expectation.id, has_passed=verdict.has_passed, seen=seen))

    async def _roll_back(self) -> None:
        """Faults as the scenario wants it. The instance ends in any case, and with it all that is left."""
        rollback = self._scenario.rollback
        if rollback is Rollback.ALWAYS or (rollback is Rollback.ON_PASS and self.outcome() == "passed"):
            await self._stage.app.faults.clear()

    # -- steps ---------------------------------------------------------------------------------------------------------

    async def _perform(self, command: Perform) -> None:
        self._write(journal.StepBegun(**self._stage.times(), step=command.index + 1, elapsed_s=command.elapsed_s))
        for action in command.step.actions:
            if isinstance(action, Ask):
                await self._put(action, command.elapsed_s)
            else:
                await self._performer.perform(action, command.elapsed_s)
                self._look_at_states()

    async def _put(self, question: Ask, elapsed_s: float) -> None:
        """Ask, wait for the answer while the story's time stands still, and reveal it."""
        asked = Asked(
            **self._stage.times(),
            question=self._performer.filled(question.question, elapsed_s),
            choices=tuple(Spoken.of(choice) for choice in question.choices),
            answer=question.answer,
            explanation=None
            if question.explanation is None
            else self._performer.filled(question.explanation, elapsed_s),
        )
        self._write(asked)
        began = self._now()
        self._timeline.on_asked(began)
        chosen = await self._ask(asked)
        self._timeline.on_answered(self._now())
        self._write(journal.Answered(**self._stage.times(), chosen=chosen, is_right=chosen == question.answer))
        self._warn_about_pause(self._now() - began)

    async def _start_later_loads(self) -> None:
        story_s = self._timeline.story_s(self._now())
        due = [load for load in self._later if _starts_s(load) <= story_s]
        self._later = [load for load in self._later if load not in due]
        for load in due:
            await self._performer.start_load(load.id)

    def _next_look(self) -> float | None:
        """When to look again at the latest. A pause ends with a record, which wakes the story."""
        if self._timeline.is_paused:
            return None
        now = self._now()
        moments = [now + _starts_s(load) - self._timeline.story_s(now) for load in self._later]
        deadline = self._timeline.next_deadline()
        if deadline is not None:
            moments.append(deadline)
        return min(moments, default=None)

    async def _wait(self, until: float | None) -> None:
        """Wait until something has changed, or until a moment of load-balancer time."""
        timer = None if until is None else self._stage.app.clock.call_later(until - self._now(), self._changed.set)
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._changed.clear()

    # -- what is heard -------------------------------------------------------------------------------------------------

    def heard(self, event: Event) -> None:
        """The instance says something."""
        match event:
            case TargetStateChanged():
                is_gone = event.state == _LEFT and event.reason == _LEFT_REASON
                self._state(event, previous=event.previous_state, is_gone=is_gone)
            case FaultRemoved() if not Performer.is_base(event.name):
                self._write(journal.FaultHealed(at_s=event.at_s, real_s=event.real_s, id=event.name))
            case Notice() if event.level != "info":
                self._warn(Spoken(en=event.text, ko=event.text))

    def _state(self, event: TargetStateChanged, *, previous: str, is_gone: bool) -> None:
        key = (event.target_group, event.target)
        known = self._states.get(key, "")
        if known != previous and not is_gone:
            # A target that has just come and was probed before anybody looked.
            self._write(
                journal.StateChanged(
                    at_s=event.at_s,
                    real_s=event.real_s,
                    group=event.target_group,
                    target=event.target,
                    previous=known,
                    state=previous,
                )
            )
            known = previous
        self._states[key] = event.state
        self._write(
            journal.StateChanged(
                at_s=event.at_s,
                real_s=event.real_s,
                group=event.target_group,
                target=event.target,
                previous=known,
                state=event.state,
                reason=event.reason,
                description=event.description,
                evidence=event.evidence,
            )
        )

    def _look_at_states(self) -> None:
        """Write down the states of targets that have come without an event: a new one is simply there."""
        for group, state in self._stage.targets():
            key = (group.group.name, state.target.name)
            known = self._states.get(key, "")
            if known != state.health.state:
                self._states[key] = state.health.state
                self._write(
                    journal.StateChanged(
                        **self._stage.times(),
                        group=group.group.name,
                        target=state.target.name,
                        previous=known,
                        state=state.health.state,
                        reason=state.health.reason,
                        description=state.health.description,
                    )
                )

    async def _sample(self) -> None:
        clock = self._stage.app.clock
        while True:
            self._catch_up()
            in_flight: dict[str, int] = {}
            for _, state in self._stage.targets():
                in_flight[state.target.name] = in_flight.get(state.target.name, 0) + state.outstanding
            self._write(journal.Sampled(**self._stage.times(), in_flight=in_flight))
            self._settle()
            await asyncio.sleep(max(clock.to_real(_SAMPLE_S), _SAMPLE_REAL_S))

    def _catch_up(self) -> None:
        """Write down the log lines that have come since the last time."""
        traffic = self._stage.app.traffic
        assert traffic is not None
        speed = self._stage.app.clock.speed
        for record in traffic.records(self._next_request):
            self._next_request = record.number + 1
            self._write(journal.request_of(record.to_json(), record.at_s / speed))
        self._history.now_s = max(self._history.now_s, self._now())

    # -- words ---------------------------------------------------------------------------------------------------------

    def _warn_about_pause(self, paused_s: float) -> None:
        names = [fault.name for fault in self._stage.app.faults if not Performer.is_base(fault.name)]
        if names and paused_s > _AFTERMATH_S:
            shown_names = ", ".join(names)
            en = f"{paused_s:.0f} s of standing still while {shown_names} was in force: counts over it are higher."
            ko = f"장애 {shown_names} 중에 {paused_s:.0f}초 동안 이야기가 멈췄습니다: 그동안 센 수는 더 큽니다."
            self._warn(Spoken(en=en, ko=ko))

    def _seen(self, condition: Expression) -> str:
        """A condition with what it comes to now: `healthy(web) == 4 (3)`."""
        tree = condition.tree
        try:
            value = self._evaluator.value(
                Expression(text=condition.text, tree=tree.left) if isinstance(tree, Binary) else condition
            )
        except Unseen as unseen:
            return f"{condition.text} ({unseen.words.en})"
        return f"{condition.text} ({shown(value)})"

    def _warn(self, words: Spoken) -> None:
        self._write(journal.Warned(**self._stage.times(), words=words))

    def _write(self, entry: Entry) -> None:
        if self.is_over:
            return
        self._write_entry(entry)
        if not isinstance(entry, journal.RequestEnded | journal.ClientEnded | journal.Sampled | journal.Settled):
            self._changed.set()

    def _now(self) -> float:
        return self._stage.times()["at_s"]


def _starts_s(load: Load) -> float:
    assert load.starts_at_s is not None
    return load.starts_at_s
