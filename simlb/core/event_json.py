"""Events as JSON and back, for the stream and its readers.

Each is one object: `type` (its class name in snake case), `id` (its number in the stream; None for what is not kept),
`time` (wall clock, ISO 8601) and its fields. What is a fault's `type` in Python is `fault_type` there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, get_args

from simlb.core.events import Event
from simlb.core.pulse import LoadBalancerPulse, Pulse, TargetPulse


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A stream that is taken up again lacks so many events: they are no longer kept."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The last event of a viewer that did not keep up. `count` events were waiting for it."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The last event of a stream whose instance ends."""


Mark: TypeAlias = Missed | Dropped | Ended
"""About the stream itself; every viewer gets them, whatever types it asked for."""
Told: TypeAlias = Event | Pulse | Mark
"""Whatever a stream can hold."""

_RENAMED = {"type": "fault_type"}
"""Fields whose name is taken in JSON."""


def type_of(kind: type[Told]) -> str:
    """`TargetStateChanged` is `target_state_changed`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


TYPES: dict[str, type[Told]] = {type_of(kind): kind for kind in (*get_args(Event), Pulse, *get_args(Mark))}
"""By name, in the order of the documentation."""
EVENT_TYPES: tuple[str, ...] = tuple(type_of(kind) for kind in get_args(Event))
"""What can be asked for."""
_NAMES = {kind: name for name, kind in TYPES.items()}
_FIELDS = {
    kind: {member.name: _RENAMED.get(member.name, member.name) for member in fields(kind)}
    for kind in (*_NAMES, LoadBalancerPulse, TargetPulse)
}
"""By class, its fields and what they are called in JSON."""


def event_to_json(event: Told, number: int | None, time: str) -> dict[str, Any]:
    """Plain values of one event."""
    return {"type": _NAMES[type(event)], "id": number, "time": time, **_members(event)}


def _members(part: Told) -> dict[str, Any]:
    names = _FIELDS[type(part)]
    if not isinstance(part, Pulse):
        return {key: _plain(getattr(part, name)) for name, key in names.items()}
    # Its parts come rounded, and there may be a thousand of them.
    members = {name: getattr(part, name) for name in names}
    for kind, place in ((LoadBalancerPulse, "load_balancers"), (TargetPulse, "targets")):
        members[place] = [{name: getattr(one, name) for name in _FIELDS[kind]} for one in members[place]]
    return members


def _plain(value: Any) -> Any:
    """Microseconds are enough."""
    return round(value, 6) if type(value) is float else value


def event_from_json(data: Mapping[str, Any]) -> Told | None:
    """Read `event_to_json` back, without `id` and `time`. None for a type that this simlb does not know.

    Members that a newer simlb added are passed over; a missing one raises TypeError.
    """
    kind = TYPES.get(str(data.get("type")))
    if kind is None:
        return None
    members = _known(kind, data)
    if kind is Pulse:
        members["load_balancers"] = tuple(
            LoadBalancerPulse(**_known(LoadBalancerPulse, one)) for one in members["load_balancers"]
        )
        members["targets"] = tuple(TargetPulse(**_known(TargetPulse, one)) for one in members["targets"])
    return kind(**members)


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The members that the class has. JSON has no tuples, and events no lists."""
    return {
        name: tuple(data[key]) if isinstance(data[key], list) else data[key]
        for name, key in _FIELDS[kind].items()
        if key in data
    }
