"""The report: one file that needs nothing else, holds everything, and lets no text of a scenario become markup."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import msgspec
import pytest

from simlb.errors import SimlbError
from simlb.scenario import report
from simlb.scenario.journal import Entry, Narrated, Outcome
from simlb.scenario.model import Language
from tests.scenario.journals import HOSTILE, META, a_run, spoken
from tests.scenario.pages import Page


@pytest.fixture(scope="module")
def text() -> str:
    return report.render(a_run(), "en")


def test_it_is_well_formed_and_its_ids_are_unique(text: str) -> None:
    page = Page(text)
    assert not page.open_elements
    assert len(page.ids) == len(set(page.ids))


def test_it_refers_to_nothing_outside(text: str) -> None:
    page = Page(text)
    assert page.references == []
    assert not re.search(r"https?:|//\w|@import|url\(", text)


def test_it_needs_no_script(text: str) -> None:
    page = Page(text)
    assert not {"script", "iframe", "object", "link", "base", "img", "form"} & set(page.elements)
    assert page.handlers == []
    assert "default-src 'none'" in text


def test_drawing_leaves_imports_as_they_were(text: str) -> None:
    assert text
    assert [finder for finder in sys.meta_path if type(finder).__module__ == "pygal"] == []


def test_it_has_a_picture_of_each_kind(text: str) -> None:
    page = Page(text)
    assert page.elements.count("svg") == page.elements.count("figure") == 5
    assert {"chart-producers", "chart-clients", "chart-latency", "chart-states", "chart-in-flight"} <= set(page.ids)


@pytest.mark.parametrize(
    "words",
    [
        "One server crashes",
        "서버 한 대가 죽었을 때",
        "2 of 3 failed",
        "title of detect",
        "30, 31",
        "502 by load balancer",
        "500 by target",
        "200 대상이 만듦",
        "connect_timeout",
        "What share will fail?",
        "One of two.",
        "fault crash: target.crash · i-02",
        "Target.FailedHealthChecks",
        "A busy machine.",
        "health(web/2) == healthy",
        "simlb scenario run target-crash --speed 10 --seed 7",
        "×10, 7",
    ],
)
def test_it_tells(text: str, words: str) -> None:
    assert words in Page(text).text


def test_the_story_is_told_in_time_since_its_beginning_and_in_real_time(text: str) -> None:
    row = re.search(r"<tr>((?:(?!<tr>).)*i-02 is dead.*?)</tr>", text, re.DOTALL)
    assert row is not None
    cells = [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row[1])]
    assert cells[1:3] == ["11.0 s", "1.6 s"]


def test_numbers_of_marks_that_are_close_stand_together() -> None:
    entries = a_run()
    entries[-3:-3] = [
        Narrated(at_s=55.0, real_s=5.5, words=spoken("one")),
        Narrated(at_s=56.1, real_s=5.6, words=spoken("two")),
    ]
    page = report.render(entries, "en")
    assert ">3·4</text>" in page


@pytest.mark.parametrize(("language", "shown"), [("en", "en"), ("ko", "ko")])
def test_it_shows_the_language_that_was_asked_for_first(language: Language, shown: str) -> None:
    page = report.render(a_run(), language)
    assert f'<html lang="{shown}">' in page
    assert re.search(rf'id="{shown}"[^>]* checked', page)
    assert len(re.findall(r" checked>", page)) == 1


def test_nothing_of_a_scenario_becomes_markup() -> None:
    meta = msgspec.structs.replace(META, title=spoken(HOSTILE), text=HOSTILE, scenario=HOSTILE, started=HOSTILE)
    page = Page(report.render(a_run(meta=meta, words=HOSTILE), "en"))
    assert not {"script", "b"} & set(page.elements)
    assert page.references == []
    assert HOSTILE in page.text


def test_names_of_targets_do_not_become_markup_in_pictures() -> None:
    entries: list[Entry] = [
        msgspec.structs.replace(entry, target=HOSTILE) if type(entry).__name__ == "StateChanged" else entry
        for entry in a_run()
    ]
    page = Page(report.render(entries, "en"))
    assert "script" not in page.elements
    assert page.references == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("passed", "as expected"),
        ("void", "void: no steady state"),
        ("interrupted", "interrupted"),
        ("broken", "could not be carried out"),
        ("missed", "something did not happen in time"),
    ],
)
def test_it_says_how_it_ended(outcome: Outcome, words: str) -> None:
    assert words in Page(report.render(a_run(outcome), "en")).text


def test_a_run_that_hardly_began_has_a_report_too() -> None:
    page = Page(report.render([META], "en"))
    assert not page.open_elements
    assert "svg" not in page.elements
    assert "interrupted" in page.text


def test_it_makes_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "a.html"
    report.write(path, a_run(), "ko")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SimlbError, match="cannot be written") as raised:
        report.write(tmp_path / "file" / "a.html", a_run(), "en")
    assert raised.value.code == "E681"
