"""`simlb explain`: the first word says what kind of thing is explained."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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


class Kind(NamedTuple):
    """One kind of thing that can be explained. The first kind whose `is_meant` says so gets the words."""

    usage: str
    """How it is written, for the message when nothing is meant."""
    is_meant: Callable[[str], bool]
    ask: Ask


def _ask_exchange(client: ControlClient, words: Sequence[str], arguments: Namespace, language: str) -> dict[str, Any]:
    if len(words) > 1:
        raise SimlbError("E751", f"One word too many: '{words[1]}'.", f"→ simlb explain {words[0]}")
    path = f"{PATH}/exchanges/{segment(words[0])}?lang={language}"
    if arguments.unmasked:
        return client.ask("POST", path, {"unmasked": True})
    return client.ask("GET", path)


KINDS = (
    Kind("last", lambda word: word == "last", _ask_exchange),
    Kind("'#12' (a request's number)", lambda word: word.startswith("#"), _ask_exchange),
    Kind("Root=1-67e5c9a1-… (a trace id)", bool, _ask_exchange),
)
"""The last one takes every word that is left."""


def explain(arguments: Namespace) -> int:
    """Print the story of what the words mean."""
    words: list[str] = arguments.words
    kind = next((kind for kind in KINDS if words and kind.is_meant(words[0])), None)
    if kind is None:
        # A shell takes an unquoted #12 for a comment: nothing is left of it here.
        raise SimlbError("E751", "Explain what?", *[f"→ simlb explain {kind.usage}" for kind in KINDS])
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        story = kind.ask(client, words, arguments, language_of(arguments))
    if arguments.json:
        print(json.dumps(story, ensure_ascii=False, indent=2))
    else:
        width = min(line_width(sys.stdout) or WIDTH, WIDTH_MAX)
        print("\n".join(painted(story, Style.of(sys.stdout), width)))
    return EXIT_FINE


def painted(story: Mapping[str, Any], style: Style, width: int) -> Iterator[str]:
    """The story's lines, in the colours of a terminal."""
    try:
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
    except (KeyError, TypeError) as error:
        raise SimlbError(
            "E604",
            f"The story was not understood: it lacks {error}.",
            "→ use the same version of simlb on both sides, or start it anew: simlb down, simlb up",
        ) from error
