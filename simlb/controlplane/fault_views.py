"""What the control port tells about faults: plain descriptions, readable back from their JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultView:
    """An installed fault. Durations are load-balancer seconds.

    `on` is what it was put on (`web`, `web/3 (i-03)`, `443`), `acts_on` what that is now. `parameters` are as they were
    given; `selection` says which requests it is about (empty: all), of which `matched` were counted and `struck` were
    struck. `words` is all of that in one line. `state` is `installed`, `used up`, `nothing to act on`, or `over` for
    one that is momentary. `for_s` is how long it lasts from its installation at `since_s` on, `left_s` what is left of
    that; both None when it stays until it is removed. `undo` is the command for that.
    """

    name: str
    type: str
    on: str
    acts_on: tuple[str, ...]
    parameters: Mapping[str, str]
    selection: str
    words: str
    state: str
    since_s: float
    for_s: float | None
    left_s: float | None
    matched: int
    struck: int
    undo: str
    speed: float
    """Load-balancer seconds in a real second, so that a client can say when it ends here."""

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FaultView:
        """Read `to_json` back. Members that a newer simlb added are passed over; a missing one raises KeyError."""
        fields = {item.name: data[item.name] for item in dataclasses.fields(cls)}
        return cls(**fields | {"acts_on": tuple(data["acts_on"]), "parameters": dict(data["parameters"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterView:
    """One parameter of a fault type. `default` is as it may be written; None when there is none.

    `kind` is how it is written: `duration` (300ms), `number`, `whole`, `text`, `choice` (one of `choices`), `flag`
    (true or false), `bytes` (64k) or `codes` (503, 500-503).
    """

    name: str
    kind: str
    default: str | None
    required: bool
    choices: tuple[str, ...]
    en: str
    ko: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTypeView:
    """One type of fault. `scope` is what it acts on: `target`, `target group` or `listener`.

    `selectors` are those of `match`, `percent`, `count`, `every` and `pattern` that it takes. `own_only`: on targets
    that simlb runs. `momentary`: it is over at once.
    """

    name: str
    scope: str
    parameters: tuple[ParameterView, ...]
    selectors: tuple[str, ...]
    own_only: bool
    momentary: bool
    en: str
    ko: str
    consequence_en: str
    consequence_ko: str

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return dataclasses.asdict(self)
