"""Shipped scenarios as their users run them, at the highest speed that each of them states."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from subprocess import CompletedProcess
from typing import Any
from xml.etree import ElementTree as Tree

import pytest

from simlb.scenario import shelf
from simlb.scenario.compile import load
from tests.e2e.conftest import opened
from tests.e2e.harness import Workshop

# The longest first, so that two at a time end at about the same moment. One takes as long as all the others together,
# because its rate forbids a high speed: `make scenarios` runs it.
LONG = ("slow-one",) if os.environ.get("SIMLB_LONG_SCENARIOS") else ()
SCENARIOS = (*LONG, "shallow-check", "flapping", "rolling-deploy", "keepalive-race", "wrong-certificate")
AT_A_TIME = 2

Runs = dict[str, "Future[CompletedProcess[str]]"]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One for all of them."""
    yield from opened(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture(scope="module")
def runs(workshop: Workshop) -> Iterator[Runs]:
    """All scenarios, under way."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {name: pool.submit(_run, workshop, name) for name in SCENARIOS}


def _run(workshop: Workshop, name: str) -> CompletedProcess[str]:
    speed = load(shelf.find(name)).max_speed
    return workshop.run(
        "scenario", "run", name, "--speed", f"{speed:g}", "--no-questions", "--no-report", "--json", "--lang", "en",
        "--junit", f"{name}.xml", "--journal", f"{name}.jsonl",
    )  # fmt: skip


def _told(finished: CompletedProcess[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(finished.stdout)
    return told


@pytest.mark.parametrize("name", SCENARIOS)
def test_everything_comes_as_expected(name: str, runs: Runs, workshop: Workshop) -> None:
    finished = runs[name].result()
    assert finished.returncode in {0, 1}, finished.stdout + finished.stderr
    told = _told(finished)
    scenario = load(shelf.find(name))
    seen = {each["id"]: (each["has_passed"], each["seen"], each["expected"]) for each in told["expectations"]}
    assert {id_: passed for id_, (passed, *_) in seen.items()} == {each.id: True for each in scenario.expectations}, (
        seen
    )
    assert (finished.returncode, told["outcome"], told["missed"]) == (0, "passed", [])
    root = Tree.parse(workshop.here / f"{name}.xml").getroot()  # noqa: S314 - what was just written
    cases = [case.attrib["name"] for case in root.iterfind(".//testcase")]
    assert cases == ["steady state", *(each.id for each in scenario.expectations)]
    assert not list(root.iterfind(".//failure"))
