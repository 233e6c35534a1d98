"""Scenarios run from tests: each on an instance of its own, as fast as its arithmetic holds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.scenario.journal import Judged
    from simlb.scenario.model import Scenario
    from simlb.scenario.runner import RunResult


class ScenarioFailedError(AssertionError):
    """A scenario did not pass. `result` is its run."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(failure_words(result))
        self.result = result


def load(scenario: str | Path) -> Scenario:
    """A scenario by its id or file. Raises SimlbError E660 and ConfigError."""
    from simlb.scenario import compile as compiling
    from simlb.scenario import shelf

    return compiling.load(shelf.find(str(scenario)))


def run_scenario(
    scenario: str | Path, *, speed: float | None = None, seed: int | None = None, allow_run: bool = False
) -> RunResult:
    """Run a scenario and give its result, with its whole journal. Blocks; `arun_scenario` is for async code.

    `speed` is the scenario's `max_speed` unless given. `allow_run` lets it start commands that it names. Raises
    ScenarioFailedError, an AssertionError, unless it passed, and SimlbError: E660, E664, E684, E693 and what it meets.
    """
    if _runs_a_loop():
        raise SimlbError(
            "E693",
            "A scenario would wait for the event loop that it is run on.",
            "in async code: await simlb.testing.arun_scenario(...)",
        )
    return asyncio.run(arun_scenario(scenario, speed=speed, seed=seed, allow_run=allow_run))


def _runs_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def arun_scenario(
    scenario: str | Path, *, speed: float | None = None, seed: int | None = None, allow_run: bool = False
) -> RunResult:
    """The same on the running loop."""
    result = await perform(load(scenario), speed=speed, seed=seed, allow_run=allow_run)
    if result.outcome != "passed":
        raise ScenarioFailedError(result)
    return result


async def perform(scenario: Scenario, *, speed: float | None, seed: int | None, allow_run: bool) -> RunResult:
    """Run it, whatever comes out. Raises SimlbError where something that should work did not."""
    from simlb.scenario.runner import Run

    chosen = scenario.max_speed if speed is None else speed
    result = await Run(scenario, speed=chosen, seed=seed, allow_run=allow_run).perform()
    if result.error is not None:
        raise result.error
    return result


def failure_words(result: RunResult) -> str:
    """What did not go as it should, a line each."""
    meta, story = result.summary.meta, story_words(result)
    lines = [f"scenario {meta.scenario} at speed {meta.speed:g}, seed {meta.seed}: {result.outcome}"]
    lines += [story] if story else []
    lines += [judged_words(judged) for judged in result.summary.judged if not judged.has_passed]
    return "\n".join(lines)


def story_words(result: RunResult) -> str:
    """Why the story was not told to its end; nothing when it was."""
    summary = result.summary
    lines = [
        f"step {missed.step} waited in vain for {missed.waited_for}, {missed.within_s:g} s" for missed in summary.missed
    ]
    if result.outcome not in {"passed", "failed"} and summary.why:
        lines.append(summary.why)
    if summary.steady is not None and not summary.steady.is_steady:
        lines.append("the steady state was never reached")
    return "\n".join(lines)


def judged_words(judged: Judged) -> str:
    """An expectation and what was seen."""
    where = f" (journal lines {', '.join(map(str, judged.lines))})" if judged.lines else ""
    return f"{judged.id}: {judged.title.en}: {judged.seen.en}, expected {judged.expected.en}{where}"
