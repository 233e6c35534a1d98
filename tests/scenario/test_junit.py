"""The JUnit file, as CI servers read it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Tree

import msgspec
import pytest

from simlb.errors import SimlbError
from simlb.scenario import junit
from simlb.scenario.journal import Entry, Outcome, Spoken, SteadyStateSeen
from tests.scenario.journals import META, a_run, at, judged

# The attributes and children of the schema that CI servers agree on (Jenkins' xunit-plugin, testmoapp).
_ALLOWED = {
    "testsuites": ({"tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        {"properties", "testcase"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"classname", "name", "time"}, {"failure", "error"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
}


def read(entries: list[Entry]) -> Tree.Element:
    return Tree.fromstring(junit.render(entries))  # noqa: S314 - what was just written


def cases(root: Tree.Element) -> dict[str, str]:
    """The names of all cases, and what became of each."""
    return {case.attrib["name"]: next((child.tag for child in case), "passed") for case in root.iterfind(".//testcase")}


def test_it_has_only_what_the_schema_has() -> None:
    for element in read(a_run()).iter():
        attributes, children = _ALLOWED[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children


def test_every_expectation_the_steady_state_and_each_missed_step_is_a_case() -> None:
    assert cases(read(a_run())) == {
        "steady state": "passed",
        "step 4": "failure",
        "detect": "passed",
        "quiet": "failure",
    }


def test_the_counts_are_those_of_the_cases() -> None:
    root = read(a_run())
    for element in (root, root[0]):
        assert [element.attrib[name] for name in ("tests", "failures", "errors", "skipped")] == ["4", "2", "0", "0"]


def test_a_failure_says_what_was_seen_and_expected_and_where() -> None:
    message = read(a_run()).find(".//testcase[@name='quiet']/failure")
    assert message is not None
    assert message.attrib["message"] == ("title of quiet: 38.5 s, expected from 30 s to 62 s (journal lines 30, 31)")


def test_a_void_run_is_an_error_of_the_steady_state() -> None:
    entries: list[Entry] = [META, SteadyStateSeen(**at(9.0), is_steady=False, seen=("healthy(web) == 2 (0)",))]
    assert cases(read(entries))["steady state"] == "error"


@pytest.mark.parametrize("outcome", ["interrupted", "broken"])
def test_a_run_that_did_not_come_to_its_end_is_an_error(outcome: Outcome) -> None:
    assert cases(read(a_run(outcome)))["run"] == "error"


def test_times_are_real_seconds_and_add_up() -> None:
    root = read(a_run())
    assert sum(float(case.attrib["time"]) for case in root.iterfind(".//testcase")) == float(root.attrib["time"]) == 6.0


def test_what_xml_cannot_hold_is_replaced() -> None:
    bad = msgspec.structs.replace(judged("x", passed=False), seen=Spoken(en="a\x00\x1b[2J<&\ud800", ko=""))
    message = read([META, bad]).find(".//failure")
    assert message is not None
    assert message.attrib["message"].startswith("title of x: a��[2J<&�, expected")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SimlbError, match="cannot be written") as raised:
        junit.write(tmp_path / "file" / "a.xml", a_run())
    assert raised.value.code == "E682"
    junit.write(tmp_path / "runs" / "a.xml", a_run())
    assert (tmp_path / "runs" / "a.xml").read_bytes().startswith(b"<?xml")
