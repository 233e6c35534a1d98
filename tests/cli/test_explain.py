"""`simlb explain`: what is asked for, and how a story looks."""

from __future__ import annotations

import json

import pytest

from simlb.explain.text import columns_of, text_of
from tests.cli.conftest import Run, Running
from tests.controlplane.explains import STORY

LINES = """\
#7  GET http://shop.test:80/  at 2026-11-28T13:56:41.181590Z
502 Bad Gateway, from the load balancer itself: connection refused.

Likely cause
  Nothing listens at 127.0.0.1:9003.

What to do next
  1. Start it.
  2. Look at it.

What happened
  connection    Client 127.0.0.1:5000 to listener HTTP:80 of web.
  rules         Rule 20 decides.
                  rule 10: no
                  rule 20: matches
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def test_outcome_first_then_cause_then_steps(run: Run, running: Running) -> None:
    assert run("explain", "last") == (0, LINES, "")
    assert running.explaining.calls == [("last", "en", False)]


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (["last", "--lang", "ko"], ("last", "ko", False)),
        (["#12"], ("#12", "en", False)),
        (["Root=1-67e5c9a1-0123"], ("Root=1-67e5c9a1-0123", "en", False)),
        (["Self=1-a;Root=1-b/c"], ("Self=1-a;Root=1-b/c", "en", False)),
        (["last", "--unmasked"], ("last", "en", True)),
        (["--unmasked", "last", "--lang", "ko"], ("last", "ko", True)),
    ],
)
def test_what_is_asked_for(run: Run, running: Running, words: list[str], call: tuple[str, str, bool]) -> None:
    assert run("explain", *words)[0] == 0
    assert running.explaining.calls == [call]


def test_the_language_of_the_environment(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    assert "가능한 원인" in run("explain", "last")[1]


def test_json(run: Run, running: Running) -> None:
    assert json.loads(run("explain", "last", "--json")[1]) == STORY


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["#999"], "E750", "No exchange '#999' is kept."),
        (["x"], "E751", "'x' names no exchange."),
        (["last", "3"], "E751", "One word too many: '3'."),
    ],
)
def test_errors(run: Run, running: Running, words: list[str], code: str, said: str) -> None:
    status, _, error = run("explain", *words)
    assert status == 2
    assert error.startswith(f"SIMLB-{code}  {said}")


def test_no_instance(run: Run) -> None:
    assert run("explain", "last")[2].startswith("SIMLB-E602")


@pytest.mark.parametrize("width", [40, 60, 100])
def test_lines_fit(width: int) -> None:
    story = STORY | {"cause": "두 칸을 차지하는 글자 " * 20, "next_steps": ["one two three " * 20], "language": "ko"}
    for line in text_of(story, width).splitlines()[2:]:
        assert columns_of(line) <= max(width, 16 + columns_of("클라이언트"))


def test_a_story_of_another_version(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(STORY, "next_steps")
    assert run("explain", "last")[2].startswith("SIMLB-E604")
