"""The console's sentences: all of them in both languages, with the same places to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simlb.console.words import words

_PLACE = re.compile(r"\{\w+\}")
_KEY = re.compile(r"\bt\(\s*'([a-z_.0-9]+)'")
STATIC = Path(__file__).parents[2] / "simlb" / "console" / "static"


@pytest.mark.parametrize(("name", "both"), words().items(), ids=words())
def test_both_languages_have_the_same_places(name: str, both: dict[str, str]) -> None:
    assert set(_PLACE.findall(both["en"])) == set(_PLACE.findall(both["ko"]))
    assert both["en"].strip()
    assert both["ko"].strip()


def test_every_sentence_that_a_script_says_is_there() -> None:
    said = {key for path in STATIC.rglob("*.js") for key in _KEY.findall(path.read_text(encoding="utf-8"))}
    assert said
    assert said - set(words()) == set()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: {b: {en: one}}", "needs en and ko"),
        ("a: {b: {en: one, ko: 하나, fr: un}}", "needs en and ko"),
        ("a: {b: {en: 1, ko: 하나}}", "is no text"),
        ("a: one", "neither a part nor a text"),
    ],
)
def test_what_is_no_sentence_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError, match=complaint):
        words(tmp_path)


def test_a_name_is_there_once(tmp_path: Path) -> None:
    for file in ("x", "y"):
        (tmp_path / f"{file}.yaml").write_text("a: {b: {en: one, ko: 하나}}", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"a\.b is there twice"):
        words(tmp_path)
