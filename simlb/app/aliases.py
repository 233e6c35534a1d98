"""Where else a target is: one name, and one process, may be in several groups or have several ports in one."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence

from simlb.core.model import Target
from simlb.core.stickiness import TargetKey
from simlb.core.target_group import TargetGroupState, TargetState

Place = tuple[str, int]
"""A target group and a port in it."""


class Labels:
    """What tells each target of some groups apart.

    A thousand of them may change their state at once, so a group is looked through only when its targets are others.
    """

    def __init__(self, groups: Callable[[], Iterable[TargetGroupState]]) -> None:
        self._groups = groups
        self._known: dict[TargetGroupState, tuple[Mapping[TargetKey, TargetState], Mapping[str, set[int]]]] = {}
        """The targets that a group had when it was looked through, and their ports by name."""
        self._targets: Sequence[Mapping[TargetKey, TargetState]] = []
        self._places: dict[str, list[Place]] = {}
        """Where each name is, as long as the groups have these targets."""

    def of(self, group: str, target: Target) -> str:
        """`i-01`; `i-01 in web` where other groups than `group` have that name too.

        Where the group itself has it at several ports: `i-01:9100`, `i-01:9100 in web`.
        """
        self._look()
        places = {(group, target.port), *self._places.get(target.name, ())}
        is_alone = sum(name == group for name, _ in places) == 1
        said = target.name if is_alone else f"{target.name}:{target.port}"
        return said if all(name == group for name, _ in places) else f"{said} in {group}"

    def _look(self) -> None:
        # A group with other targets has another dictionary of them.
        groups = list(self._groups())
        targets = [group.targets for group in groups]
        if len(targets) == len(self._targets) and all(map(operator.is_, targets, self._targets)):
            return
        self._targets, self._places = targets, {}
        for group in groups:
            for name, ports in self._ports(group).items():
                self._places.setdefault(name, []).extend((group.group.name, port) for port in ports)
        self._known = {group: self._known[group] for group in groups}

    def _ports(self, group: TargetGroupState) -> Mapping[str, set[int]]:
        known = self._known.get(group)
        if known is None or known[0] is not group.targets:
            ports: dict[str, set[int]] = {}
            for state in group.targets.values():
                ports.setdefault(state.target.name, set()).add(state.target.port)
            known = self._known[group] = group.targets, ports
        return known[1]


def groups_of(groups: Iterable[TargetGroupState], process: str) -> tuple[str, ...]:
    """The groups that have a target of that process, also one that drains."""
    return tuple(
        group.group.name for group in groups if any(state.target.process == process for state in group.targets.values())
    )
