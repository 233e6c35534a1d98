"""What a fault is: a type with its parameters, and one installed instance of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from simlb.core.model import Protocol as ListenerProtocol
from simlb.faults.selection import Selector
from simlb.faults.site import Site

Kind = Literal["duration", "number", "whole", "text", "choice", "flag", "bytes", "codes"]
"""How it is written: `300ms`, `0.5`, `3`, any text, one of `choices`, true or false, `64k`, `500` or `500-503`."""

Value = float | int | str | bool


class Scope(StrEnum):
    """What `--on` names: where a fault of this type is installed."""

    TARGET = "target"
    """`i-03`, `web/3` (the third of a group), or a whole group: `web`."""
    TARGET_GROUP = "target group"
    LISTENER = "listener"
    """`443`, or `my-alb:443` where several load balancers run; nothing stands for all listeners of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a fault type. `default` None: it must be given. Durations are load-balancer seconds."""

    name: str
    kind: Kind
    default: Value | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    is_optional: bool = False
    """May be left out although there is no default."""
    en: str
    ko: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One fault at one place: all checked and resolved. `on` is a target, a target group or a port, by its scope.

    A fault that is installed at several places is built once for each; `selector` is theirs together.
    """

    name: str
    on: tuple[str, ...]
    load_balancer: str | None
    values: Mapping[str, Value]
    selector: Selector

    @property
    def place(self) -> str:
        """The one target, target group or port."""
        (place,) = self.on
        return place

    def number(self, name: str) -> float:
        """A numeric parameter's value."""
        value = self.values[name]
        assert isinstance(value, int | float)
        return float(value)

    def text(self, name: str) -> str:
        """A textual parameter's value."""
        value = self.values[name]
        assert isinstance(value, str)
        return value


class Fault(Protocol):
    """One installed fault. `install` and `remove` are called once each, `remove` also after a failed `install`."""

    async def install(self, site: Site) -> None:
        """Let it happen. Raises SimlbError when it cannot."""

    async def remove(self, site: Site) -> None:
        """Undo it, whatever has happened meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultType:
    """One row of `simlb fault types`."""

    name: str
    """`link.latency`."""
    scope: Scope
    build: Callable[[Order], Fault]
    parameters: tuple[Parameter, ...] = ()
    selectors: frozenset[str] = frozenset()
    """Which of `match`, `percent`, `count`, `every`, `pattern` it takes. Every fault takes `for`."""
    own_only: bool = False
    """Only on targets that simlb started."""
    own_unless_selected: bool = False
    """The same, unless a selector says which requests it is about."""
    is_momentary: bool = False
    """It is over at once (a restart): there is nothing to undo."""
    protocol: ListenerProtocol | None = None
    """Only listeners that speak this."""
    names_ports_by: str = ""
    """A parameter that names listeners as `on` does: `ports=80,443`."""
    is_single: bool = False
    """On one listener; where none is named, on the first that forwards to a target group."""
    en: str
    ko: str
    consequence_en: str
    """What the load balancer makes of it."""
    consequence_ko: str
