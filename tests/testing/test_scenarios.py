"""Scenarios from Python, and scenario files as tests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, arun_scenario, run_scenario
from simlb.testing.scenarios import ScenarioFailedError
from tests.testing.test_plugin import Suite, suite

__all__ = ["suite"]
pytest_plugins = ["pytester"]

SHORT = """\
simlb: scenario/1
id: short
title: {ko: 짧은 이야기, en: A short story}
summary: {ko: 한 대가 죽습니다., en: One target of two dies.}
level: basic
minutes: 1
tags: [test]
clock: {speed: 10, max_speed: 200, seed: 1}
topology:
  targets:
    web: {count: 2}
  health: {path: /health, interval: 5s, timeout: 2s, unhealthy: 2, healthy: 2}
  listeners:
    - {http: 80, forward: web}
timeline:
  - at: 1s
    fault: {id: crash, type: target.crash, on: web/1}
  - when: health(web/1) == unhealthy
    within: 30s
    mark: noticed
expect:
  - id: detect
    title: {ko: 감지, en: time to detect}
    that: between(crash, health(web/1) == unhealthy)
    in: [0s, U*I + 8s]
  - id: codes
    title: {ko: 코드, en: status codes}
    that: count(elb_502)
    eq: 99
"""
PASSING = SHORT[: SHORT.index("  - id: codes")]


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(PASSING, encoding="utf-8")
    return path


@pytest.mark.slow
class TestFromPython:
    def test_passing(self, short: Path) -> None:
        result = run_scenario(short)
        assert result.outcome == "passed"
        assert [judged.id for judged in result.summary.judged] == ["detect"]

    def test_failing(self, short: Path) -> None:
        short.write_text(SHORT, encoding="utf-8")
        with pytest.raises(ScenarioFailedError) as caught:
            run_scenario(short, speed=150, seed=3)
        text = str(caught.value)
        assert text.startswith("scenario short at speed 150, seed 3: failed\ncodes: status codes: ")
        assert "expected 99" in text

    async def test_on_the_running_loop(self, short: Path) -> None:
        assert (await arun_scenario(short)).outcome == "passed"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def test_beside_a_load_balancer(self, alb: ALB, short: Path) -> None:
        alb.listen(80).fixed(200)
        with alb.start() as lb:
            assert lb.run(short).outcome == "passed"


async def test_blocking_on_a_loop(short: Path) -> None:
    with pytest.raises(SimlbError, match="event loop") as caught:
        run_scenario(short)
    assert caught.value.code == "E693"


@pytest.mark.parametrize(
    ("options", "code"),
    [({"scenario": "nowhere"}, "E660"), ({"speed": 1000}, "E664")],
)
def test_refused(short: Path, options: dict[str, object], code: str) -> None:
    with pytest.raises(SimlbError) as caught:
        run_scenario(**{"scenario": short, **options})  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.slow
class TestAsFiles:
    def test_an_item_for_the_story_and_for_each_expectation(self, suite: Suite) -> None:
        (suite.path / "short.scenario.yaml").write_text(SHORT, encoding="utf-8")
        (suite.path / "other.yaml").write_text("no: scenario\n", encoding="utf-8")
        result = suite.run("", "-v", "--alb-artifacts", "kept")
        result.assert_outcomes(passed=2, failed=1)
        result.stdout.fnmatch_lines(
            [
                "*short.scenario.yaml::story PASSED*",
                "*short.scenario.yaml::detect PASSED*",
                "*short.scenario.yaml::codes FAILED*",
                "codes: status codes: *, expected 99*",
                "short: One target of two dies.",
            ]
        )
        assert sorted(path.name for path in (suite.path / "kept").iterdir()) == [
            "short.scenario.html",
            "short.scenario.jsonl",
        ]

    def test_a_story_that_breaks_off(self, suite: Suite) -> None:
        text = PASSING.replace("health(web/1) == unhealthy", "health(web/2) == unhealthy").replace("30s", "2s")
        (suite.path / "short.alb.yaml").write_text(text, encoding="utf-8")
        result = suite.run("", "--alb-speed", "100")
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(
            [
                "step 2 waited in vain for health(web/2) == unhealthy, 2 s",
                "short: One target of two dies.",
                "detect: time to detect: 'health(web/2) == unhealthy' never happened, expected *",
            ]
        )

    def test_a_story_that_does_not_begin(self, suite: Suite) -> None:
        steady = "steady_state: {for: 1s, within: 3s, that: [healthy(web) == 9]}\ntimeline:"
        (suite.path / "short.alb.yaml").write_text(PASSING.replace("timeline:", steady), encoding="utf-8")
        result = suite.run("")
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(["*steady state was never reached*", "it was not looked at: *"])


class TestMistakes:
    def test_in_the_file(self, suite: Suite) -> None:
        (suite.path / "short.alb.yaml").write_text(PASSING.replace("level: basic", "level: easy"), encoding="utf-8")
        result = suite.run("")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*short.alb.yaml:5: 'level' must be one of*"])

    def test_a_speed_beyond_its_own(self, suite: Suite) -> None:
        (suite.path / "short.alb.yaml").write_text(PASSING, encoding="utf-8")
        result = suite.run("", "--alb-speed", "500")
        result.assert_outcomes(failed=2)
        assert result.stdout.str().count("SIMLB-E664") >= 2

    def test_commands_are_refused_unless_allowed(self, suite: Suite) -> None:
        text = PASSING.replace("web: {count: 2}", "web: {count: 2, run: sleep 9}")
        (suite.path / "short.alb.yaml").write_text(text, encoding="utf-8")
        result = suite.run("")
        result.assert_outcomes(failed=2)
        assert "SIMLB-E684" in result.stdout.str()
