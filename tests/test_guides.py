"""The guides keep their word: every fault, parameter and function is described, and the examples are right."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simlb.cli.parser import build
from simlb.controlplane.records import KINDS, Row, State
from simlb.controlplane.store import store_path
from simlb.faults.fault import FaultType
from simlb.faults.types import FAULT_TYPES
from simlb.scenario.compile import compile_text
from simlb.scenario.functions import FUNCTIONS
from simlb.scenario.whats import ERROR_KINDS, FIELDS

DOCS = Path(__file__).parents[1] / "docs"
STATE = (DOCS / "state.md").read_text(encoding="utf-8")
FAULTS = (DOCS / "faults.md").read_text(encoding="utf-8")
SCENARIOS = (DOCS / "scenarios.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z_.]+)`\n(.*?)(?=^## |\Z)", FAULTS, re.MULTILINE | re.DOTALL))


def test_every_fault_has_its_section_in_order() -> None:
    assert list(SECTIONS) == [fault_type.name for fault_type in FAULT_TYPES]


@pytest.mark.parametrize("fault_type", FAULT_TYPES, ids=lambda fault_type: fault_type.name)
def test_a_fault_is_described_as_the_command_line_does(fault_type: FaultType) -> None:
    section = SECTIONS[fault_type.name]
    assert fault_type.en in section
    assert fault_type.consequence_en in section
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [item.name for item in fault_type.parameters]
    selectors = re.search(r"^Selectors: (.*)\.$", section, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", selectors[1] if selectors else "")) == fault_type.selectors


def test_every_word_of_the_scenario_language_is_described() -> None:
    words = [*FUNCTIONS, *ERROR_KINDS, *(f"log.{name}" for name in FIELDS)]
    assert [word for word in words if f"`{word}`" not in SCENARIOS] == []


def test_the_example_of_a_scenario_is_right() -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", SCENARIOS, re.MULTILINE | re.DOTALL)
    text = example.replace("ko: ..., en: ...", "ko: 이야기, en: story")
    assert compile_text(text, "example.yaml", None).id == "my-story"


def test_every_kind_of_record_is_described() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", STATE, re.MULTILINE)) == KINDS.keys()
    assert f"`~/.simlb/{store_path(Path('x'), 'default').name}`" in STATE


def test_the_example_of_a_record_is_one() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", STATE, re.MULTILINE | re.DOTALL)
    record = json.loads(example)
    (row,) = State.of([Row(**record)]).rows()
    assert (row.kind, row.key, row.body) == (record["kind"], record["key"], record["body"])


def test_the_commands_of_the_state_are_those_there_are() -> None:
    (listing,) = re.findall(r"^```\n(simlb state .*?)^```$", STATE, re.MULTILINE | re.DOTALL)
    for line in listing.splitlines():
        words = line.split("  ")[0].replace("[", "").replace("]", "").split()
        assert words[:2] == ["simlb", "state"]
        arguments = build().parse_args(words[1:])
        assert arguments.run.startswith("simlb.cli.state:")
