"""The sentences of a scenario: texts in two languages, and the places in them that numbers fill."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from simlb.config.problems import Refused, did_you_mean
from simlb.scenario.model import Words
from simlb.scenario.schema import Text, WordsEntry

ELAPSED = "elapsed"
"""Seconds since the step before."""

_PLACE = re.compile(r"\{([^{}]*)\}")


def words(text: Text, known: Collection[str] = ()) -> Words:
    """Both languages of a text. Raises Refused for places that nothing fills: `known` can be filled."""
    both = Words(en=text.en, ko=text.ko) if isinstance(text, WordsEntry) else Words(en=text, ko=text)
    for one in (both.en, both.ko):
        for name in _PLACE.findall(one):
            if name not in known:
                shown = ", ".join(f"{{{place}}}" for place in known) or "none"
                raise Refused(f"nothing fills '{{{name}}}'{did_you_mean(name, known)}", f"there are: {shown}")
    return both


def filled(text: Words, variables: Mapping[str, float], elapsed_s: float) -> Words:
    """The sentence as it is said. Numbers are written short: `30`, `12.5`."""
    values = {**variables, ELAPSED: round(elapsed_s, 1)}

    def fill(one: str) -> str:
        return _PLACE.sub(lambda place: f"{values[place[1]]:g}", one)

    return Words(en=fill(text.en), ko=fill(text.ko))
