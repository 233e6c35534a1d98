"""`simlb explain`: the first word says what kind of thing is explained."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from simlb.cli import explain_states as states
from simlb.cli.scenarios import language_of
from simlb.cli.terminal import Style, line_width
from simlb.controlplane.client import ControlClient, segment
from simlb.controlplane.paths import default_state_dir
from simlb.errors import EXIT_FINE, SimlbError
from simlb.explain.text import WIDTH, Part, lines

PATH = "/api/v1/explain"
WIDTH_MAX = 120

Ask = Callable[[ControlClient, Sequence[str], Namespace, str], dict[str, Any]]
"""Asks the instance for the story behind these words, in a language; the story as plain values."""
Show = Callable[[Mapping[str, Any], Style, int], Iterator[str]]
"""The lines of an answer within a width."""


class Kind(NamedTuple):
    """One kind of thing that can be explained. The first kind whose `is_meant` says so gets the words."""

    usage: str
    """How it is written, for the message when nothing is meant."""
    is_meant: Callable[[str], bool]
    ask: Ask
    show: Show
    options: tuple[str, ...] = ()
    """Those of `OPTIONS` that say something about it."""


def _ask_exchange(client: ControlClient, words: Sequence[str], arguments: Namespace, language: str) -> dict[str, Any]:
    if len(words) > 1:
        raise SimlbError("E751", f"One word too many: '{words[1]}'.", f"→ simlb explain {words[0]}")
    path = f"{PATH}/exchanges/{segment(words[0])}?lang={language}"
    if arguments.unmasked:
        return client.ask("POST", path, {"unmasked": True})
    return client.ask("GET", path)


def explain(arguments: Namespace) -> int:
    """Print the story of what the words mean; without any, what is not as it should be."""
    words: list[str] = arguments.words
    kind = next((kind for kind in KINDS if kind.is_meant(words[0])), None) if words else OVERVIEW
    if kind is None:
        # A shell takes an unquoted #12 for a comment: nothing is left of it here.
        raise SimlbError("E751", "Explain what?", *[f"→ simlb explain {kind.usage}" for kind in KINDS])
    _refuse_options(kind, arguments)
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        answer = kind.ask(client, words, arguments, language_of(arguments))
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return EXIT_FINE
    width = min(line_width(sys.stdout) or WIDTH, WIDTH_MAX)
    try:
        shown = "\n".join(kind.show(answer, Style.of(sys.stdout), width))
    except (KeyError, TypeError) as error:
        raise SimlbError(
            "E604",
            f"The story was not understood: it lacks {error}.",
            "→ use the same version of simlb on both sides, or start it anew: simlb down, simlb up",
        ) from error
    print(shown)
    return EXIT_FINE


def painted(story: Mapping[str, Any], style: Style, width: int) -> Iterator[str]:
    """The story's lines, in the colours of a terminal."""
    for line in lines(story, width):
        match line.part:
            case Part.SUBJECT | Part.HEADING:
                yield style.bold(line.text)
            case Part.OUTCOME:
                yield style.red(line.text) if story["cause"] is not None else style.green(line.text)
            case Part.DETAIL:
                yield style.dim(line.text)
            case Part.TEXT:
                yield line.text


def _all_painted(answer: Mapping[str, Any], style: Style, width: int) -> Iterator[str]:
    """Several stories, one below the other."""
    for place, story in enumerate(answer["stories"]):
        if place:
            yield ""
        yield from painted(story, style, width)


OPTIONS = {
    "unmasked": "--unmasked",
    "last": "--last",
    "header": "-H",
    "cookie": "--cookie",
    "source": "--from",
    "load_balancer": "--load-balancer",
}
"""Options that say something about some kinds only, by where argparse keeps them."""


def _refuse_options(kind: Kind, arguments: Namespace) -> None:
    for name, option in OPTIONS.items():
        if getattr(arguments, name) and name not in kind.options:
            usages = [f"→ simlb explain {other.usage} {option} ..." for other in KINDS if name in other.options][:1]
            raise SimlbError("E751", f"{option} says nothing about what is to be explained.", *usages)


OVERVIEW = Kind("", bool, states.ask_overview, states.overview_lines)
"""What is meant when nothing is said."""
KINDS = (
    Kind("last", lambda word: word == "last", _ask_exchange, painted, ("unmasked",)),
    Kind("502", states.is_status, states.ask_status, states.status_lines, ("last",)),
    Kind("target i-03", lambda word: word == "target", states.ask_target, _all_painted),
    Kind(
        "GET https://shop.test/img/1",
        states.is_method,
        states.ask_request,
        painted,
        ("header", "cookie", "source", "load_balancer"),
    ),
    Kind("'#12' (a request's number)", lambda word: word.startswith("#"), _ask_exchange, painted, ("unmasked",)),
    Kind("Root=1-67e5c9a1-… (a trace id)", bool, _ask_exchange, painted, ("unmasked",)),
)
"""The last one takes every word that is left."""
