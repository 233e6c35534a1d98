"""`simlb explain`, `explain 502`, `explain target i-03`, `explain GET URL`: how things stand, and what would happen."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from simlb.cli.terminal import Style
from simlb.controlplane.client import ControlClient, segment
from simlb.errors import SimlbError
from simlb.explain.text import columns_of

PATH = "/api/v1/explain"
LAST = "60s"
_METHOD = re.compile(r"[A-Z]{2,20}|get|head|post|put|delete|options|patch")
_STATUS = re.compile(r"[1-9][0-9]{2}")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h)")
_UNITS_S = {"s": 1, "m": 60, "h": 3600}
_SIGNS = {"error": "✗", "warning": "!", "info": "·"}


def is_status(word: str) -> bool:
    """A status code is meant."""
    return _STATUS.fullmatch(word) is not None


def is_method(word: str) -> bool:
    """A request is meant."""
    return _METHOD.fullmatch(word) is not None


def ask_overview(client: ControlClient, words: Sequence[str], arguments: Namespace, language: str) -> dict[str, Any]:
    """What is not as it should be."""
    return client.ask("GET", f"{PATH}?lang={language}")


def ask_status(client: ControlClient, words: Sequence[str], arguments: Namespace, language: str) -> dict[str, Any]:
    """What there was of a status code."""
    _refuse_more(words, 1)
    last_s = _span_s(arguments.last or LAST)
    return client.ask("GET", f"{PATH}/status/{words[0]}?last_s={last_s:g}&lang={language}")


def ask_target(client: ControlClient, words: Sequence[str], arguments: Namespace, language: str) -> dict[str, Any]:
    """Why a target is in its state."""
    if len(words) < 2:
        raise SimlbError("E751", "Explain which target?", "→ simlb explain target i-03        → simlb target ls")
    _refuse_more(words, 2)
    return client.ask("GET", f"{PATH}/targets/{segment(words[1])}?lang={language}")


def ask_request(client: ControlClient, words: Sequence[str], arguments: Namespace, language: str) -> dict[str, Any]:
    """What would happen to a request."""
    if len(words) < 2:
        raise SimlbError("E755", f"{words[0]} of what?", f"→ simlb explain {words[0]} https://shop.test/img/1")
    _refuse_more(words, 2)
    body: dict[str, Any] = {
        "method": words[0].upper(),
        "url": words[1],
        "headers": [_header(line) for line in arguments.header],
        "cookies": list(arguments.cookie),
    }
    if arguments.source is not None:
        body["client_ip"] = arguments.source
    if arguments.load_balancer is not None:
        body["load_balancer"] = arguments.load_balancer
    return client.ask("POST", f"{PATH}/request?lang={quote(language)}", body)


def _refuse_more(words: Sequence[str], wanted: int) -> None:
    if len(words) > wanted:
        raise SimlbError(
            "E751", f"One word too many: '{words[wanted]}'.", f"→ simlb explain {' '.join(words[:wanted])}"
        )


def _header(line: str) -> list[str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise SimlbError("E755", f"-H '{line}' is no header: it has no colon.", "→ -H 'X-Canary: 1'")
    return [name, value.removeprefix(" ")]


def _span_s(text: str) -> float:
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _UNITS_S[match[2]] if match is not None else 0.0
    if seconds <= 0:
        raise SimlbError("E757", f"--last {text} is no span of time.", "→ --last 5m        → --last 90s")
    return seconds


# -- text --------------------------------------------------------------------------------------------------------------


def overview_lines(answer: Mapping[str, Any], style: Style, width: int) -> Iterator[str]:
    """Every finding in a few lines."""
    stories = answer["stories"]
    is_fine = not any(story["facts"]["severity"] != "info" for story in stories)
    yield style.green(f" ✔ {answer['outcome']}") if is_fine else style.bold(f" {answer['outcome']}")
    for story in stories:
        severity = story["facts"]["severity"]
        sign = _SIGNS[severity]
        head = f" {sign} {story['subject']}: {story['outcome']}"
        yield ""
        paint = {"error": style.red, "warning": style.yellow}.get(severity, style.dim)
        yield from (paint(line) for line in folded(head, width, "   "))
        if story["cause"] is not None:
            yield from folded(f"   {story['cause']}", width, "   ")
        for step in story["steps"]:
            if story["facts"]["kind"] != "errors" or step["topic"] == "target":
                yield from (style.dim(line) for line in folded(f"     {step['text']}", width, "     "))
        for step in story["next_steps"][:2]:
            yield from folded(f"   → {step}", width, "     ")


def status_lines(story: Mapping[str, Any], style: Style, width: int) -> Iterator[str]:
    """Counts first, then how it stands, then what to do."""
    paint = style.red if story["facts"]["count"] else style.green
    yield from (paint(line) for line in folded(f" {story['outcome']}", width, " "))
    for step in story["steps"]:
        indent = "   " if step["topic"] in {"target", "response"} else " "
        yield from folded(f"{indent}{step['text']}", width, indent + "  ")
        for detail in step["details"]:
            yield from (style.dim(line) for line in folded(f"      {detail}", width, "        "))
    for step in story["next_steps"]:
        yield from folded(f" → {step}", width, "   ")


def folded(text: str, width: int, indent: str) -> Iterator[str]:
    """Text in lines of at most so many columns; those after the first begin with `indent`."""
    line = text[: len(text) - len(text.lstrip(" "))]
    is_empty = True
    for word in text.lstrip(" ").split(" "):
        if not is_empty and columns_of(line) + 1 + columns_of(word) > width:
            yield line.rstrip()
            line, is_empty = indent, True
        line += word if is_empty else f" {word}"
        is_empty = False
    yield line.rstrip()
