"""Instances as machines that one may stop and start."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from simlb.core.model import Configuration, Instance, Target


class InstanceState(StrEnum):
    """`State.Name` of an instance."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


def targets_of(instance: Instance) -> tuple[str, ...]:
    """The names of the file's targets that are on it, one for each of its ports."""
    return tuple(port.target for port in instance.ports)


def with_stopped(configuration: Configuration, instance: Instance) -> Configuration:
    """The configuration with the targets of a stopped instance: registered, and with no use."""
    names = targets_of(instance)

    def stopped(target: Target) -> Target:
        is_there = target.name in names or target.id == instance.id
        return replace(target, is_stopped=True) if is_there else target

    groups = {
        name: replace(group, targets=tuple(map(stopped, group.targets)))
        for name, group in configuration.target_groups.items()
    }
    return replace(configuration, target_groups=groups)
