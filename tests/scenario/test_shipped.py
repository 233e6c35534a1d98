"""The scenarios that come with simlb: right, in both languages, and with the numbers that AWS's arithmetic gives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simlb.errors import SimlbError
from simlb.scenario import shelf
from simlb.scenario.arithmetic import dry_run
from simlb.scenario.compile import compile_text, load
from simlb.scenario.model import Ask, Say, Words

FILES = list(shelf.shipped())
_HANGUL = re.compile(r"[가-힣]")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_it_is_right(path: Path) -> None:
    scenario = load(path)
    assert scenario.id == path.stem
    assert scenario.topology.uses_commands == (), "a shipped scenario starts no commands"
    assert scenario.max_speed >= scenario.speed
    assert len(list(dry_run(scenario, scenario.max_speed).expected)) == len(scenario.expectations)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_it_speaks_both_languages(path: Path) -> None:
    scenario = load(path)
    texts: list[Words] = [scenario.title, scenario.summary, *(each.title for each in scenario.expectations)]
    for step in scenario.timeline:
        for action in step.actions:
            if isinstance(action, Say):
                texts.append(action.words)
            elif isinstance(action, Ask):
                texts += [action.question, *([action.explanation] if action.explanation is not None else [])]
    for text in texts:
        assert _HANGUL.search(text.ko), text
        assert not _HANGUL.search(text.en), text
    assert any(isinstance(action, Ask) for step in scenario.timeline for action in step.actions), "nobody is asked"


def test_the_numbers_of_target_crash() -> None:
    expected = {each.expectation.id: each.bounds for each in dry_run(load(shelf.find("target-crash"))).expected}
    assert expected == {
        "detect": (28, 62),
        "share": (pytest.approx(0.2), pytest.approx(0.3)),
        "lost": (pytest.approx(135), pytest.approx(341)),
        "quiet": None,
        "return": (118, 152),
        "blame": None,
    }


def test_the_template_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = shelf.write_template("slow-database")
    assert compile_text(path.read_text(encoding="utf-8"), str(path), path).id == "slow-database"
    with pytest.raises(SimlbError, match="exists already"):
        shelf.write_template("slow-database")


@pytest.mark.parametrize("name", ["", "../x", "Big", "a b", "a--b", "-a", "/etc/x"])
def test_ids_that_are_no_file_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SimlbError) as error:
        shelf.write_template(name)
    assert error.value.code == "E667"
    assert list(tmp_path.iterdir()) == []


def test_found_by_id_or_by_path() -> None:
    assert shelf.find("target-crash") in FILES
    assert shelf.find("./crash.yaml") == Path("crash.yaml")
    assert shelf.find("crash.yaml") == Path("crash.yaml")
    with pytest.raises(SimlbError) as error:
        shelf.find("target-crush")
    assert error.value.code == "E660"
    assert "did you mean 'target-crash'?" in error.value.what
