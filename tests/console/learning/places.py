"""Places in calls of the course, and paths into answers: what the page does with them, in Python."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

PLACE = re.compile(r"(?<!#)\{([a-z0-9_.]+(?:\.[A-Za-z]+)?)\}|\$([A-Z][A-Z0-9_]*)((?:\[\d+\]|\.[A-Za-z]+)*)")
STEP = re.compile(r"\[(\d*)\]|\[(\w+)=([^\]]*)\]|(\w+)")

Field = Callable[[str], Any]
"""The value of the field `name`, or of `6.name`."""
Saved = Callable[[str], Any]


def filled(value: Any, field: Field, saved: Saved, item: Any = None) -> Any:
    """The value with everything in its places."""
    if isinstance(value, Mapping):
        if set(value) == {"each", "as"}:
            return [filled(value["as"], field, saved, one) for one in filled(value["each"], field, saved)]
        return {name: filled(inner, field, saved, item) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, field, saved, item) for inner in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> Any:
        name, place, path = match.groups()
        if place is not None:
            return at(saved(place), path)
        if name == "now":
            return int(time.time() * 1000)
        if name == "item":
            return item
        if name.startswith("item."):
            return item[name.removeprefix("item.")]
        return field(name)

    whole = PLACE.fullmatch(value)
    return found(whole) if whole is not None else PLACE.sub(lambda match: str(found(match)), value)


def at(answer: Any, path: str) -> Any:
    """What stands there in an answer."""
    here, is_list = answer, False
    for number, key, wanted, name in STEP.findall(path):
        if name or key or number:
            pick = _picker(number, key, wanted, name)
            here = [pick(one) for one in here] if is_list else pick(here)
        else:
            is_list = True
    return here


def _picker(number: str, key: str, wanted: str, name: str) -> Callable[[Any], Any]:
    if number:
        return lambda value: value[int(number)]
    if key:
        return lambda value: next(one for one in value if str(one[key]) == wanted)
    return lambda value: value[name]
