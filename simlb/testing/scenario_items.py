"""Scenario files as tests: one run per file, an item for its story and one for each expectation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simlb.errors import SimlbError
from simlb.testing import scenarios

if TYPE_CHECKING:
    from simlb.scenario.model import Scenario
    from simlb.scenario.runner import RunResult

STORY = "story"


class ScenarioFile(pytest.File):
    """One scenario. The first of its items that is run runs it, for all of them."""

    scenario: Scenario

    def collect(self) -> Iterator[ScenarioItem]:
        """`story`, that it was told to its end, and its expectations by their ids."""
        from simlb.scenario import compile as compiling

        try:
            self.scenario = compiling.load(self.path)
        except SimlbError as error:
            raise self.CollectError(error.render()) from None
        self._outcome: RunResult | SimlbError | None = None
        for name in (STORY, *(expectation.id for expectation in self.scenario.expectations)):
            item: ScenarioItem = ScenarioItem.from_parent(self, name=name)
            if self.config.pluginmanager.hasplugin("xdist"):
                # With --dist loadgroup they stay together; else a worker that has some of them runs it for these.
                item.add_marker(pytest.mark.xdist_group(self.nodeid))
            yield item

    @property
    def result(self) -> RunResult:
        """Its run, made when it is first asked for. Raises SimlbError, each time again."""
        if self._outcome is None:
            speed: float | None = self.config.getoption("--alb-speed")
            allow_run: bool = self.config.getoption("--alb-allow-run")
            try:
                self._outcome = asyncio.run(
                    scenarios.perform(self.scenario, speed=speed, seed=None, allow_run=allow_run)
                )
            except SimlbError as error:
                self._outcome = error
        if isinstance(self._outcome, SimlbError):
            raise self._outcome
        return self._outcome


class ScenarioItem(pytest.Item):
    """The story, or one expectation, of a scenario."""

    parent: ScenarioFile

    def runtest(self) -> None:
        """Pass or fail."""
        result = self.parent.result
        story = scenarios.story_words(result)
        if self.name == STORY:
            if story:
                raise AssertionError(story)
            return
        judged = next((entry for entry in result.summary.judged if entry.id == self.name), None)
        if judged is None:
            raise AssertionError(f"it was not looked at: {story or result.outcome}")
        if not judged.has_passed:
            raise AssertionError(scenarios.judged_words(judged))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """What was seen and expected; a traceback through simlb would say nothing."""
        error = excinfo.value
        if isinstance(error, SimlbError):
            return error.render()
        if isinstance(error, AssertionError):
            scenario = self.parent.scenario
            return f"{error}\n{scenario.id}: {scenario.summary.en}"
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, None, str]:
        """How pytest calls it."""
        return self.path, None, f"{self.parent.scenario.id}: {self.name}"

    def write_artifacts(self, folder: Path) -> Path | None:
        """The run's HTML report and journal; None where there was no run."""
        from simlb.scenario import report
        from simlb.scenario.journal import encode

        outcome = self.parent._outcome
        if outcome is None or isinstance(outcome, SimlbError):
            return None
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", self.parent.nodeid).removesuffix(".yaml")
        path = folder / f"{stem}.html"
        if not path.exists():
            report.write(path, outcome.entries, "en")
            path.with_suffix(".jsonl").write_bytes(b"".join(map(encode, outcome.entries)))
        return path
