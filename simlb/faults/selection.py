"""When a fault strikes: of the requests that match, which ones. Deterministic under a seed.

`match` says which requests count at all. Of those, by number: `pattern` ("FFS": two strikes, one pass, and again),
`every` (the 3rd, 6th, ...), `percent` (drawn), `count` (at most so many strikes). What is not given does not limit;
what is given has to agree: `every` 2 and `pattern` FFS strike the 2nd, 4th, 8th ...

Numbers are those of clients' requests. Health-check probes are struck as `match` and `percent` say, but have no number:
where `count`, `every` or `pattern` is given they pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from simlb.core.wildcards import Wildcard
from simlb.dataplane.points import Asked

ALL_PERCENT = 100.0


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
    percent: float = ALL_PERCENT
    count: int | None = None
    every: int = 1
    pattern: str | None = None
    """`F` strikes, `S` does not; repeated for ever."""

    @property
    def is_numbered(self) -> bool:
        """Whether it goes by the numbers of requests."""
        return self.count is not None or self.every > 1 or self.pattern is not None

    @property
    def is_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return not self.is_numbered and self.percent >= ALL_PERCENT and self.match == Match()


class Selector:
    """Applies a `Selection`, keeping count. One per fault: requests to several targets are counted together."""

    def __init__(self, selection: Selection, random: Random) -> None:
        """`random` is asked for two seeds: what else draws from it, and how often probes come, changes nothing here."""
        self.selection = selection
        self._random = Random(random.getrandbits(64))
        self._probes_random = Random(random.getrandbits(64))
        self.seen = 0
        """Requests that matched, probes aside."""
        self.struck = 0
        """Of those, how many the fault struck."""

    @property
    def is_used_up(self) -> bool:
        """True once `count` is reached."""
        return self.selection.count is not None and self.struck >= self.selection.count

    def strikes(self, asked: Asked | None = None) -> bool:
        """Whether the fault strikes this request - or what is not matched: a connection, or a check by number."""
        selection = self.selection
        if self.is_used_up or (asked is not None and not selection.match.holds(asked)):
            return False
        if asked is not None and asked.is_probe:
            return not selection.is_numbered and self._is_drawn(self._probes_random)
        number = self.seen
        self.seen += 1
        if selection.pattern is not None and selection.pattern[number % len(selection.pattern)] != "F":
            return False
        if (number + 1) % selection.every or not self._is_drawn(self._random):
            return False
        self.struck += 1
        return True

    def note(self, *, struck: bool) -> None:
        """Keep count of what a fault has decided by itself."""
        self.seen += 1
        self.struck += struck

    def _is_drawn(self, random: Random) -> bool:
        percent = self.selection.percent
        # Drawn only where a draw can decide.
        return percent >= ALL_PERCENT or random.random() * 100 < percent
