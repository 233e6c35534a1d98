"""When a fault strikes: of the requests that match, which ones. Deterministic under a seed.

`match` says which requests count at all. Of those, by number: `pattern` ("FFS": two strikes, one pass, and again),
`every` (the 3rd, 6th, ...), `percent` (drawn), `count` (at most so many strikes). What is not given does not limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simlb.core.wildcards import Wildcard
from simlb.dataplane.points import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which requests a fault is about. What is None does not limit. Names of headers in any case."""

    method: str | None = None
    path: Wildcard | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def holds(self, asked: Asked) -> bool:
        """True when everything given is so."""
        if self.method is not None and asked.method != self.method:
            return False
        if self.path is not None and not self.path.matches(asked.path.encode("latin-1", "replace")):
            return False
        return all(asked.header(name) == value for name, value in self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The common selectors of a fault, as given."""

    match: Match = field(default_factory=Match)
    percent: float = 100.0
    count: int | None = None
    every: int = 1
    pattern: str | None = None
    """`F` strikes, `S` does not; repeated for ever."""


class Selector:
    """Applies a `Selection`, keeping count. One per fault: requests to several targets are counted together."""

    def __init__(self, selection: Selection, random: Random) -> None:
        self.selection = selection
        self._random = random
        self.seen = 0
        """Requests that matched."""
        self.struck = 0
        """Of those, how many the fault struck."""

    @property
    def is_used_up(self) -> bool:
        """True once `count` is reached."""
        return self.selection.count is not None and self.struck >= self.selection.count

    def strikes(self, asked: Asked | None = None) -> bool:
        """Whether the fault strikes this request - or this connection, of which there is nothing to match."""
        selection = self.selection
        if self.is_used_up or (asked is not None and not selection.match.holds(asked)):
            return False
        number = self.seen
        self.seen += 1
        if selection.pattern is not None and selection.pattern[number % len(selection.pattern)] != "F":
            return False
        if (number + 1) % selection.every:
            return False
        # Drawn only where a draw can decide, so that other draws of the same seed stay what they were.
        if selection.percent < 100 and self._random.random() * 100 >= selection.percent:
            return False
        self.struck += 1
        return True
