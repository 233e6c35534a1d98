"""Shipped scenarios as CI runs them: at their highest speed, two at a time, on whatever machine this is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from xml.etree import ElementTree as Tree

import pytest

from simlb.scenario import shelf
from simlb.scenario.compile import load
from tests.e2e.conftest import opened
from tests.e2e.harness import Workshop

# The longest first, so that two at a time end together.
EXPECTATIONS = {
    "wrong-health-path": ["initial", "detect", "all-out", "reason", "users", "not-sooner", "return", "all-back"],
    "backend-hangs": [
        *("detect", "calm", "first", "last", "aftermath", "lost", "sends", "waiting", "patience", "no-502", "others"),
        "quiet",
    ],
    "all-down": [
        *("all-fail", "detect", "all-out", "fail-open", "no-503", "empty", "codes", "blame", "nobody"),
    ],
    "one-forgot-health-api": [
        *("detect", "reason", "before", "i-01", "i-02", "i-04", "out", "no-errors", "all-served"),
    ],
    "closed-gate": [
        *("no-log", "tried", "only-timeouts", "one-kind", "http", "waited", "afterwards", "served", "healthy"),
    ],
    "empty-group": ["only-503", "nobody", "at-once", "lost", "first", "initial", "afterwards", "served"],
}

Runs = dict[str, Future[CompletedProcess[str]]]


def run(simlb: Workshop, name: str) -> CompletedProcess[str]:
    speed = f"{load(shelf.find(name)).max_speed:g}"
    flags = ("--speed", speed, "--no-questions", "--no-report", "--json", "--junit", f"{name}.xml")
    return simlb.run("scenario", "run", name, *flags)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    yield from opened(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(scope="module")
def runs(workshop: Workshop) -> Iterator[Runs]:
    """All of them under way, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(run, workshop, name) for name in EXPECTATIONS}


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_it_passes_at_its_highest_speed(name: str, runs: Runs, workshop: Workshop) -> None:
    finished = runs[name].result()
    assert finished.stderr == ""
    told: dict[str, Any] = json.loads(finished.stdout)
    verdicts = {each["id"]: (each["has_passed"], each["seen"], each["expected"]) for each in told["expectations"]}
    assert {name: verdict for name, verdict in verdicts.items() if not verdict[0]} == {}
    assert list(verdicts) == EXPECTATIONS[name]
    assert (finished.returncode, told["outcome"], told["missed"]) == (0, "passed", [])
    assert cases(workshop.here / f"{name}.xml") == {(expectation, True) for expectation in EXPECTATIONS[name]}


def cases(path: Path) -> set[tuple[str, bool]]:
    """Names of test cases and whether they passed; the steady state is none of the expectations."""
    found = Tree.parse(path).getroot().iterfind(".//testcase")  # noqa: S314 - what was just written
    return {(case.attrib["name"], len(case) == 0) for case in found} - {("steady state", True)}
