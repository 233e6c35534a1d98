"""Where else a target is: one name, and one process, may be in several groups or have several ports in one."""

from __future__ import annotations

from collections.abc import Iterable

from simlb.core.model import Target
from simlb.core.target_group import TargetGroupState


def label(groups: Iterable[TargetGroupState], group: str, target: Target) -> str:
    """What tells a target of `group` apart: `i-01`; `i-01 in web` where other groups have that name too.

    Where the group itself has it at several ports: `i-01:9100`, `i-01:9100 in web`.
    """
    places = {(group, target.port)}
    for other in groups:
        places |= {
            (other.group.name, state.target.port)
            for state in other.targets.values()
            if state.target.name == target.name
        }
    ports = {port for name, port in places if name == group}
    said = f"{target.name}:{target.port}" if len(ports) > 1 else target.name
    return f"{said} in {group}" if len({name for name, _ in places}) > 1 else said


def groups_of(groups: Iterable[TargetGroupState], process: str) -> tuple[str, ...]:
    """The groups that have a target of that process, also one that drains."""
    return tuple(
        group.group.name for group in groups if any(state.target.process == process for state in group.targets.values())
    )
