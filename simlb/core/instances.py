"""Instances: what the targets of a configuration are, seen as machines that one may stop and start.

An instance may have several targets, on ports of their own: those that name the same `instance`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from simlb.core import ids
from simlb.core.model import Configuration, Target


class InstanceState(StrEnum):
    """`State.Name` of an instance."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """An instance. `targets` are the names of its targets, `addresses` where they are, each once."""

    id: str
    targets: tuple[str, ...]
    ip: str
    addresses: tuple[str, ...]

    @property
    def name(self) -> str:
        """What people call it."""
        return ", ".join(self.targets)


def instances_of(configuration: Configuration, region: str) -> dict[str, Instance]:
    """The instances of a configuration by id, in its order."""
    targets = [target for group in configuration.target_groups.values() for target in group.targets]
    # In a group of type ip a target is its address; where another group knows it as an instance, it is that one.
    known = {target.name: target.id for target in targets if target.instance_ip is not None}
    found: dict[str, Instance] = {}
    for target in targets:
        instance_id = known.get(target.name) or ids.instance_id(region, target.name)
        present = found.get(instance_id)
        if present is None:
            present = Instance(id=instance_id, targets=(), ip=target.ip, addresses=())
        found[instance_id] = replace(
            present,
            targets=tuple(dict.fromkeys((*present.targets, target.name))),
            addresses=tuple(dict.fromkeys((*present.addresses, target.address))),
        )
    return found


def with_stopped(configuration: Configuration, instance: Instance) -> Configuration:
    """The configuration with the targets of a stopped instance: registered, and with no use."""

    def stopped(target: Target) -> Target:
        is_there = target.name in instance.targets or target.id == instance.id
        return replace(target, is_stopped=True) if is_there else target

    groups = {
        name: replace(group, targets=tuple(map(stopped, group.targets)))
        for name, group in configuration.target_groups.items()
    }
    return replace(configuration, target_groups=groups)
