"""Runs a scenario: an instance of its own in this process, the story on it, the journal of it, and no trace left.

The story's time is the load balancer's, less the pauses in which a question waits for its answer: sockets, probes and
clients are real and cannot stand still, so they go on, and what comes later in the story comes later by as much. What
happens while people think is in the journal like everything else. Where a fault was in force meanwhile, counts over
that time are higher than the story alone would make them; the run says so.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from simlb import __version__
from simlb.errors import SimlbError
from simlb.scenario import journal
from simlb.scenario.arithmetic import check_speed
from simlb.scenario.journal import Asked, Entry, Outcome, Spoken
from simlb.scenario.model import Scenario
from simlb.scenario.recorder import Recorder
from simlb.scenario.stage import Stage, Times
from simlb.scenario.story import NotSteady, Story
from simlb.scenario.summary import Summary


class Observer(Protocol):
    """Who watches a run. Called on its loop."""

    def wrote(self, entry: Entry) -> None:
        """The journal has one more record."""

    async def ask(self, asked: Asked) -> int | None:
        """Which of the choices somebody takes, from 0; None at once where nobody can be asked. It may be cancelled."""


class Silent:
    """An observer that shows nothing and answers nothing: for tests."""

    def wrote(self, entry: Entry) -> None:
        """Nobody looks."""

    async def ask(self, asked: Asked) -> int | None:
        """Nobody answers."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended. `entries` are its whole journal, `summary` that in short."""

    summary: Summary
    entries: tuple[Entry, ...]
    journal: Path | None
    error: SimlbError | None = None
    """Why it could not go on, with its code, where the outcome is `broken`."""

    @property
    def outcome(self) -> Outcome:
        """`passed`, `failed`, `missed`, `void`, `broken` or `interrupted`."""
        return self.summary.outcome

    @property
    def exit_status(self) -> int:
        """0 fine, 1 an expectation failed, 2 or 3 as the error says, 4 never steady, 130 interrupted."""
        return self.summary.exit_status if self.error is None else self.error.exit_status


def check_commands(scenario: Scenario, *, allow_run: bool) -> None:
    """Raise SimlbError E684 that shows every `run:` command, unless they were allowed: scenarios travel."""
    commands = scenario.topology.uses_commands
    if commands and not allow_run:
        count = "a command" if len(commands) == 1 else f"{len(commands)} commands"
        raise SimlbError(
            "E684",
            f"Scenario {scenario.id} would run {count} on this machine.",
            "read them; if you trust them: --allow-run",
            notes=tuple(f"  {command}" for command in commands),
        )


class Run:
    """One run of a scenario, once. `perform` is the run; `interrupt` ends it early, in order."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        speed: float | None = None,
        seed: int | None = None,
        observer: Observer | None = None,
        journal_path: Path | None = None,
        allow_run: bool = False,
    ) -> None:
        """`speed` and `seed` overrule the scenario's.

        Raises SimlbError E664 for a speed above the scenario's `max_speed`, E684 for commands that are not allowed.
        """
        check_commands(scenario, allow_run=allow_run)
        self._scenario = scenario
        self._speed = check_speed(scenario, speed)
        self._seed = scenario.seed if seed is None else seed
        self._observer: Observer = observer or Silent()
        self._journal_path = journal_path
        self._playing: asyncio.Task[None] | None = None
        self._is_interrupted = False
        self._is_paused = False
        self._story: Story | None = None
        self._trouble: Exception | None = None
        """What kept the journal or the observer from going on, in a callback that could not raise it."""

    def interrupt(self) -> None:
        """End the run as soon as everything is undone. Harmless when repeated. Call it on the run's loop."""
        self._is_interrupted = True
        if self._playing is not None:
            self._playing.cancel()

    def pause(self) -> None:
        """Let no further step of the story come. Harmless when repeated. Call it on the run's loop."""
        self._is_paused = True
        if self._story is not None:
            self._story.pause()

    def resume(self) -> None:
        """Let the story go on."""
        self._is_paused = False
        if self._story is not None:
            self._story.resume()

    async def perform(self) -> RunResult:
        """Run it; back when nothing of it is left.

        A run that is cancelled cleans up like one that is interrupted, and is cancelled then. Raises SimlbError E680
        for a journal that cannot be written, and what the observer raised (OSError: its terminal has gone).
        """
        recorder = Recorder(self._journal_path, self._observer.wrote)
        try:
            return await self._recorded(recorder)
        finally:
            recorder.close()

    async def _recorded(self, recorder: Recorder) -> RunResult:
        def write(entry: Entry) -> None:
            try:
                recorder.write(entry)
            except (OSError, SimlbError) as error:
                # Callbacks of the instance cannot raise it: the run ends, and raises it then.
                self._trouble = self._trouble or error
                recorder.mute()
                if self._playing is not None:
                    self._playing.cancel()

        write(self.meta)
        story: Story | None = None
        stage: Stage | None = None
        error: SimlbError | None = None
        outcome: Outcome = "broken"
        try:
            stage = Stage(
                self._scenario.id,
                self._scenario.topology,
                speed=self._speed,
                seed=self._seed,
                tell=lambda event: None if story is None else story.heard(event),
            )
            story = Story(self._scenario, stage, recorder, write, self._observer.ask, seed=self._seed)
            self._story = story
            if self._is_paused:
                story.pause()
            outcome = await self._play(story)
        except SimlbError as raised:
            error = raised
        finally:
            if story is not None:
                story.is_over = True
            if stage is not None:
                problem = await _closed(stage)
                error = error or problem
        if self._trouble is not None:
            raise self._trouble
        now: Times = stage.times() if stage is not None else {"at_s": 0.0, "real_s": 0.0}
        if error is not None:
            outcome = "broken"
        write(journal.Ended(**now, outcome=outcome, why="" if error is None else error.what))
        return RunResult(
            summary=Summary.of(recorder.entries),
            entries=tuple(recorder.entries),
            journal=self._journal_path,
            error=error,
        )

    async def _play(self, story: Story) -> Outcome:
        """The story in a task of its own, so that it can be ended and this goes on."""
        self._playing = asyncio.ensure_future(story.play())
        if self._is_interrupted or self._trouble is not None:
            self._playing.cancel()
        try:
            await asyncio.wait([self._playing])
        finally:
            # Cancelled from outside: the story must not go on while the stage is torn down.
            if not self._playing.done():
                self._playing.cancel()
                await asyncio.wait([self._playing])
        if self._playing.cancelled():
            return "interrupted"
        try:
            self._playing.result()
        except NotSteady:
            return "void"
        return story.outcome()

    @property
    def meta(self) -> journal.Meta:
        """The journal's first record; it says when it was asked for."""
        scenario = self._scenario
        return journal.Meta(
            at_s=0.0,
            real_s=0.0,
            simlb=__version__,
            scenario=scenario.id,
            title=Spoken.of(scenario.title),
            text=scenario.text,
            speed=self._speed,
            seed=self._seed,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            variables=dict(scenario.variables),
            groups=dict(scenario.topology.groups),
        )


async def _closed(stage: Stage) -> SimlbError | None:
    """Close it in any case; what went wrong with it."""
    try:
        await _to_its_end(stage.close())
    except SimlbError as error:
        return error
    return None


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish this whatever happens: who is cancelled meanwhile waits for it, and is cancelled then."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
    if cancelled is not None:
        with contextlib.suppress(SimlbError):
            task.result()
        raise cancelled
    task.result()


async def run(scenario: Scenario, **options: Any) -> RunResult:
    """Run a scenario; `options` are those of `Run`."""
    return await Run(scenario, **options).perform()


def run_scenario(scenario: Scenario, **options: Any) -> RunResult:
    """The same from code without a loop: on one of its own. Ctrl-C undoes everything and raises KeyboardInterrupt."""
    with asyncio.Runner() as runner:
        return runner.run(run(scenario, **options))
