"""A story as lines of text: the outcome first, then cause and next steps, then what happened in its order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

WIDTH = 100

_HEADINGS = {
    "en": {"cause": "Likely cause", "next": "What to do next", "steps": "What happened"},
    "ko": {"cause": "가능한 원인", "next": "다음에 할 일", "steps": "일어난 일"},
}
_TOPICS_KO = {
    "connection": "연결",
    "tls": "TLS",
    "head": "요청",
    "rules": "규칙",
    "action": "작업",
    "target group": "대상 그룹",
    "stickiness": "고정 세션",
    "target": "대상",
    "transforms": "변환",
    "forward": "전달",
    "response": "응답",
    "times": "시간",
    "health": "상태 검사",
}
_TOPIC_WIDTH = 14
_DETAIL_INDENT = 2


class Part(Enum):
    """What a line belongs to, so that a terminal can paint it."""

    SUBJECT = "what is explained"
    OUTCOME = "what came of it"
    HEADING = "the title of a section"
    TEXT = "cause, next steps and steps"
    DETAIL = "the single verdicts behind a step"


class Line(NamedTuple):
    """One line of at most the asked width, unless a single word is longer."""

    part: Part
    text: str


def text_of(story: Mapping[str, Any], width: int = WIDTH) -> str:
    """A story, as its `to_json` gives it, in lines of `width` columns."""
    return "\n".join(line.text for line in lines(story, width))


def lines(story: Mapping[str, Any], width: int = WIDTH) -> Iterator[Line]:
    """The lines one by one, with what they belong to."""
    headings = _HEADINGS["ko" if story["language"] == "ko" else "en"]
    yield from _paragraph(Part.SUBJECT, str(story["subject"]), width)
    yield from _paragraph(Part.OUTCOME, str(story["outcome"]), width)
    if story["cause"] is not None:
        yield Line(Part.TEXT, "")
        yield Line(Part.HEADING, headings["cause"])
        yield from _paragraph(Part.TEXT, str(story["cause"]), width, first="  ", rest="  ")
    if story["next_steps"]:
        yield Line(Part.TEXT, "")
        yield Line(Part.HEADING, headings["next"])
        for number, step in enumerate(story["next_steps"], 1):
            yield from _paragraph(Part.TEXT, str(step), width, first=f"  {number}. ", rest="     ")
    if story["steps"]:
        yield Line(Part.TEXT, "")
        yield Line(Part.HEADING, str(story.get("steps_title") or headings["steps"]))
        yield from _steps(story, width)


def _steps(story: Mapping[str, Any], width: int) -> Iterator[Line]:
    last = None
    rest = " " * (_TOPIC_WIDTH + 2)
    for step in story["steps"]:
        topic = str(step["topic"])
        name = _TOPICS_KO.get(topic, topic) if story["language"] == "ko" else topic
        first = rest if topic == last else f"  {name}{' ' * max(1, _TOPIC_WIDTH - columns_of(name))}"
        last = topic
        yield from _paragraph(Part.TEXT, str(step["text"]), width, first=first, rest=rest)
        indent = rest + " " * _DETAIL_INDENT
        for detail in step["details"]:
            yield from _paragraph(Part.DETAIL, str(detail), width, first=indent, rest=indent + "  ")


def _paragraph(part: Part, text: str, width: int, *, first: str = "", rest: str = "") -> Iterator[Line]:
    line, is_empty = first, True
    for word in text.split(" "):
        if not is_empty and columns_of(line) + 1 + columns_of(word) > width:
            yield Line(part, line.rstrip())
            line, is_empty = rest, True
        line += word if is_empty else f" {word}"
        is_empty = False
    yield Line(part, line.rstrip())


def columns_of(text: str) -> int:
    """How many columns a text takes: Korean letters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
