"""Events as JSON and back, held against the page that shows one of each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from simlb.core.event_json import EVENT_TYPES, TYPES, event_from_json, event_to_json
from simlb.core.events import FaultRemoved, Notice, TargetStateChanged

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z_]+)`\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def example(name: str) -> dict[str, object]:
    (block,) = re.findall(r"```json\n(.*?)```", SECTIONS[name], re.DOTALL)
    value: dict[str, object] = json.loads(block)
    return value


def test_the_page_has_every_type_in_order() -> None:
    assert list(SECTIONS) == list(TYPES)
    assert set(TYPES) - set(EVENT_TYPES) == {"pulse", "missed", "dropped", "ended"}


@pytest.mark.parametrize("name", TYPES)
def test_an_example_is_what_is_sent_and_what_is_read_back(name: str) -> None:
    data = example(name)
    event = event_from_json(data)
    assert event is not None
    assert type(event) is TYPES[name]
    number = data["id"]
    assert number is None or isinstance(number, int)
    sent = event_to_json(event, number, str(data["time"]))
    assert json.loads(json.dumps(sent)) == data
    assert list(sent) == list(data)
    assert event_from_json(json.loads(json.dumps(sent))) == event


def test_the_python_side_of_an_example() -> None:
    event = event_from_json(example("target_state_changed"))
    assert isinstance(event, TargetStateChanged)
    assert (event.label, event.state, event.evidence) == ("i-02", "unhealthy", "connection refused")
    fault = event_from_json(example("fault_removed"))
    assert isinstance(fault, FaultRemoved)
    assert (fault.type, fault.reason) == ("link.latency", "its time is over")


def test_what_a_newer_simlb_adds_is_passed_over() -> None:
    assert event_from_json({"type": "notice", "level": "info", "text": "a", "later": 1}) == Notice(
        level="info", text="a"
    )
    assert event_from_json({"type": "something_new", "id": 1}) is None


def test_what_is_missing_is_an_error() -> None:
    with pytest.raises(TypeError, match="text"):
        event_from_json({"type": "notice", "level": "info"})


def test_microseconds_are_enough() -> None:
    event = event_from_json(example("process_started") | {"at_s": 0.1234567891})
    assert event is not None
    assert event_to_json(event, 1, "")["at_s"] == 0.123457
