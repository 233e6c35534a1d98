"""One installed fault as the book keeps it, and what people read about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from simlb.clock import Timer
from simlb.faults.fault import Fault, FaultType, Value
from simlb.faults.places import Place, Spot
from simlb.faults.selection import Selection, Selector


class FaultState(StrEnum):
    """How an installed fault stands."""

    INSTALLED = "installed"
    USED_UP = "used up"
    """It has struck as often as `count` says. It does nothing any more, and is listed until it is removed."""
    IDLE = "nothing to act on"
    """What it is on is not there at the moment; it acts again when that returns."""
    OVER = "over"
    """A momentary one that has happened."""


@dataclass(slots=True, kw_only=True, eq=False)
class InstalledFault:
    """A fault of the book. `parts` are what is installed now, by place."""

    name: str
    type: FaultType
    spots: tuple[Spot, ...]
    given: Mapping[str, str]
    """The parameters as they were written."""
    selected: str
    """Which requests it is about, in words; empty for all."""
    values: Mapping[str, Value]
    selector: Selector
    undo: str
    """The command that removes it; empty where no command finds the instance."""
    since_s: float
    """Load-balancer seconds from the instance's start to its installation."""
    for_s: float | None = None
    until_s: float | None = None
    """When it removes itself, counted as `since_s`."""
    parts: dict[Place, Fault] = field(default_factory=dict)
    timer: Timer | None = None

    @property
    def state(self) -> FaultState:
        """How it stands."""
        if self.type.is_momentary:
            return FaultState.OVER
        if self.selector.is_used_up:
            return FaultState.USED_UP
        return FaultState.INSTALLED if self.parts else FaultState.IDLE

    @property
    def needs_own(self) -> bool:
        """Whether it acts only on targets that simlb started."""
        is_selected = not self.selector.selection.is_everything
        return self.type.own_only or (self.type.own_unless_selected and not is_selected)

    @property
    def on(self) -> str:
        """What it acts on, as it was asked for: `web/3 (i-03)`, `web`, `443`; `all listeners`."""
        words = []
        for spot in self.spots:
            if not spot.word:
                kind = "" if self.type.protocol is None else f"{self.type.protocol} "
                words.append(f"all {kind}listeners" if spot.is_all else spot.name)
            elif spot.load_balancer is None and spot.name != spot.word:
                words.append(f"{spot.word} ({spot.name})")
            else:
                words.append(spot.word)
        return ", ".join(words)

    @property
    def acts_on(self) -> tuple[str, ...]:
        """What it acts on now, in words."""
        return tuple(place.words for place in self.parts)

    @property
    def words(self) -> str:
        """What was asked for: `link.latency delay=300ms, 50 % of GET /api/*`."""
        parameters = " ".join(f"{name}={value}" for name, value in self.given.items())
        return ", ".join(part for part in (f"{self.type.name} {parameters}".strip(), self.selected) if part)


def selection_words(selection: Selection, path: str | None) -> str:
    """`50 % of GET /api/*, 2 times`; nothing where it strikes every request. `path` is as it was written."""
    match = selection.match
    parts = [part for part in (match.method, path) if part is not None]
    parts += [f"{name}: {value}" for name, value in match.headers]
    matched = " ".join(parts)
    if selection.percent < 100:
        matched = f"{selection.percent:g} % of {matched or 'requests'}"
    words = [matched] if matched else []
    if selection.every > 1:
        words.append(f"1 in {selection.every}")
    if selection.pattern is not None:
        words.append(f"pattern {selection.pattern}")
    if selection.count is not None:
        words.append("once" if selection.count == 1 else f"{selection.count} times")
    return ", ".join(words)
