"""The guides keep their word: every fault, parameter and function is described, and the examples are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simlb.cli.event_words import line
from simlb.cli.terminal import Style
from simlb.cli.top.labels import ENGLISH
from simlb.cli.top.table import DROPPED
from simlb.faults.fault import FaultType
from simlb.faults.types import FAULT_TYPES
from simlb.scenario.compile import compile_text
from simlb.scenario.functions import FUNCTIONS
from simlb.scenario.whats import ERROR_KINDS, FIELDS
from tests.cli.top.pictures import KILLED, THREE, shown

DOCS = Path(__file__).parents[1] / "docs"
FAULTS = (DOCS / "faults.md").read_text(encoding="utf-8")
SCENARIOS = (DOCS / "scenarios.md").read_text(encoding="utf-8")
TOP = (DOCS / "top.md").read_text(encoding="utf-8")
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


def test_the_picture_of_top_is_what_it_shows() -> None:
    (picture,) = re.findall(r"^```text\n(.*?)^```$", TOP, re.MULTILINE | re.DOTALL)
    assert picture.splitlines() == shown(THREE, *KILLED)


def test_the_order_in_which_columns_go_is_the_one_described() -> None:
    names = [getattr(ENGLISH, name, name).upper() for name in DROPPED]
    described = re.search(r"in this order: (.*?)\.", TOP, re.DOTALL)
    assert described is not None
    assert re.findall(r"`([^`]+)`", described[1]) == names


def test_the_lines_of_events_are_what_is_printed() -> None:
    printed = [line(event, speed=10, style=Style(color=False)) for event in (KILLED[0], KILLED[-1])]
    assert "\n".join(printed) in TOP
