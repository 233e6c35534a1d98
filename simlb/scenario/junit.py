"""A run as JUnit XML, for CI: a test case for the steady state, each expectation, and each step that never came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Tree

from simlb.errors import SimlbError
from simlb.scenario.journal import Entry
from simlb.scenario.summary import Summary

# What XML 1.0 cannot hold at all, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(path: Path, entries: Sequence[Entry]) -> None:
    """Write the file. Raises SimlbError E682 when it cannot be written."""
    text = render(entries)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    except OSError as error:
        raise SimlbError("E682", f"The JUnit file {path} cannot be written: {error.strerror}.") from error


def render(entries: Sequence[Entry]) -> bytes:
    """The document, in UTF-8. Times are real seconds; the whole run's time stands with its first case."""
    summary = Summary.of(entries)
    cases = list(_cases(summary))
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": 0,
    }
    attributes = {name: str(count) for name, count in counts.items()} | {"time": f"{summary.real_s:.3f}"}
    suites = Tree.Element("testsuites", attributes)
    suite = Tree.SubElement(
        suites,
        "testsuite",
        attributes | {"name": _text(f"scenario.{summary.meta.scenario}"), "timestamp": summary.meta.started[:19]},
    )
    properties = Tree.SubElement(suite, "properties")
    for name, value in (
        ("speed", f"{summary.meta.speed:g}"),
        ("seed", str(summary.meta.seed)),
        ("virtual_s", f"{summary.ended_s:.1f}"),
        ("outcome", summary.outcome),
    ):
        Tree.SubElement(properties, "property", {"name": name, "value": value})
    suite.extend(cases)
    document: bytes = Tree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return document


def _cases(summary: Summary) -> list[Tree.Element]:
    cases: list[Tree.Element] = []

    def case(name: str) -> Tree.Element:
        # One after the other, so that the sum is the run's.
        time_s = 0.0 if cases else summary.real_s
        made = Tree.Element(
            "testcase",
            {
                "classname": _text(f"scenario.{summary.meta.scenario}"),
                "name": _text(name),
                "time": f"{time_s:.3f}",
            },
        )
        cases.append(made)
        return made

    if summary.steady is not None:
        made = case("steady state")
        if not summary.steady.is_steady:
            _add(made, "error", "void", "no steady state: " + ", ".join(summary.steady.seen))
    for missed in summary.missed:
        _add(case(f"step {missed.step}"), "failure", "missed", f"not within {missed.within_s:g} s: {missed.waited_for}")
    for judged in summary.judged:
        made = case(judged.id)
        if not judged.has_passed:
            lines = f" (journal lines {', '.join(map(str, judged.lines))})" if judged.lines else ""
            text = f"{judged.title.en}: {judged.seen.en}, expected {judged.expected.en}{lines}"
            _add(made, "failure", "expectation", text)
    if summary.outcome in ("interrupted", "broken"):
        _add(case("run"), "error", summary.outcome, summary.why or summary.outcome)
    return cases


def _add(case: Tree.Element, name: str, kind: str, text: str) -> None:
    Tree.SubElement(case, name, {"type": kind, "message": _text(text)}).text = _text(text)


def _text(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
