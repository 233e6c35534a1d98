"""The types of events that can be asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from simlb.core.event_json import EVENT_TYPES
from simlb.errors import SimlbError

WANTED = (*EVENT_TYPES, "pulse")


def known_types(names: Iterable[str]) -> frozenset[str]:
    """These names, checked. Raises SimlbError E771 for one that is no type."""
    wanted = frozenset(names)
    for name in sorted(wanted.difference(WANTED)):
        near = difflib.get_close_matches(name, WANTED, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(WANTED)}"
        raise SimlbError("E771", f"There is no event type '{name}'.", hint)
    return wanted
