"""Registering targets and deregistering them: what `simlb target add` and `rm` do, by the API's ids (reference 1.5)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.references import TARGET_GROUP
from simlb.controlplane.operations.target_health import check_target_id, ip_version
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids, quotas
from simlb.core.model import Configuration, Instance, InstancePort, Target, TargetGroup, TargetType
from simlb.core.remembered import Remembered
from simlb.core.validation import quota_errors

ALL_ZONES = "all"

Place = tuple[str, int]
"""An address, or an id, and a port."""


async def register_targets(call: Call) -> Result:
    """All of them, or none when one of them cannot be. Those that are there already stay as they are."""

    def register(draft: Draft) -> Result:
        group = _group(call, draft)
        reader = _Reader(call, draft, group)
        draft.register(group, [reader.target(given) for given in _targets(call)])
        _check_quotas(draft, _group(call, draft))
        return {}

    return await call.estate.change(register)


async def deregister_targets(call: Call) -> Result:
    """They drain. Without a port every one that the id is registered with; what is not registered is passed over."""

    def deregister(draft: Draft) -> Result:
        group = _group(call, draft)
        wanted: set[tuple[str, int | None]] = set()
        for given in _targets(call):
            check_target_id(group, given["Id"])
            wanted.add((given["Id"], given.get("Port")))
        leaving = [target for target in group.targets if not wanted.isdisjoint({target.key, (target.id, None)})]
        draft.deregister(group, leaving)
        return {}

    return await call.estate.change(deregister)


def _group(call: Call, draft: Draft) -> TargetGroup:
    return TARGET_GROUP.find_one(draft.catalog.target_groups, call.text("TargetGroupArn"))


def _targets(call: Call) -> list[Mapping[str, Any]]:
    targets: list[Mapping[str, Any]] = list(call.parameters["Targets"] or ())
    if not targets:
        raise invalid("At least one target must be specified")
    return targets


class _Reader:
    """Makes targets of what one call describes; a thousand of them in a moment."""

    def __init__(self, call: Call, draft: Draft, group: TargetGroup) -> None:
        self._call = call
        self._draft = draft
        self._group = group
        self._refusal = call.estate.target_policy()
        self._processes = {process.name for process in draft.everything.processes}
        self._numbers = itertools.count(1)

    def target(self, given: Mapping[str, Any]) -> Target:
        """One target, as the data plane needs it. Raises QueryError."""
        group, target_id, port = self._group, given["Id"], given.get("Port") or self._group.port
        check_target_id(group, target_id)
        if given.get("QuicServerId"):
            raise QueryError("InvalidConfigurationRequest", "QuicServerId is not supported by simlb: it is for QUIC")
        self._check_zone(given.get("AvailabilityZone"))
        if group.target_type is TargetType.INSTANCE:
            target = self._instance(target_id, port)
        else:
            target = self._address(target_id, port)
        refusal = self._refusal(target)
        if refusal is not None:
            raise QueryError("InvalidTarget", refusal)
        return target

    def _instance(self, instance_id: str, port: int) -> Target:
        instance = find_instance(self._draft, instance_id)
        if instance is None:
            raise QueryError(
                "InvalidTarget", "The specified target does not exist or is not in the same VPC as the target group."
            )
        target = instance.target(port, self._group.port)
        self._check_running(target)
        return target

    def _check_running(self, target: Target) -> None:
        if not (self._call.estate.is_running(target.id) and self._has_process(target)):
            raise QueryError(
                "InvalidTarget",
                f"The following targets are not in a running state and cannot be registered: '{target.id}'",
            )

    def _has_process(self, target: Target) -> bool:
        """No process is started because of a call: one that a command has ended stays as it is."""
        if target.process is None or target.process in self._processes:
            return True
        live = self._call.estate.live_group(self._group.name)
        # While it drains there, it runs.
        return live is not None and target.key in live.targets

    def _address(self, ip: str, port: int) -> Target:
        """A target that is an address: the one that is known there, or one with a name of its own."""
        if ip_version(ip) != 4:
            raise QueryError("InvalidTarget", f"The IP address '{ip}' is not a valid IPv4 address")
        present = self._known.get((ip, port))
        if present is None:
            name = next(name for number in self._numbers if (name := f"i-{number:02}") not in self._names)
            present = self._known[ip, port] = Target(id=ip, port=port, dial_host=ip, dial_port=port, name=name)
            return present
        process = present.process if present.process in self._processes else None
        return replace(present, id=ip, port=port, process=process, instance_ip=None, is_stopped=False)

    @cached_property
    def _known(self) -> dict[Place, Target]:
        """All targets that there are, by where they are: the file's, added ones, those that drain, those of the call.

        The file's are there also when they are registered nowhere.
        """
        groups = self._draft.everything.target_groups.values()
        parts = [_by_place(self._instances), *map(_by_place_of, groups), _by_place(self._leaving)]
        known: dict[Place, Target] = {}
        for part in reversed(parts):  # what comes first counts
            known |= part
        return known

    @cached_property
    def _names(self) -> set[str]:
        groups = self._draft.everything.target_groups.values()
        names = {target.name for target in (*self._instances, *self._leaving)}
        return names.union(*map(_names_of, groups))

    @cached_property
    def _instances(self) -> list[Target]:
        instances = self._draft.everything.instances
        return [instance.target(each.port, each.port) for instance in instances for each in instance.ports]

    @cached_property
    def _leaving(self) -> list[Target]:
        """Those that drain, in whatever group."""
        found: list[Target] = []
        for group in self._draft.everything.target_groups.values():
            live = self._call.estate.live_group(group.name)
            if live is not None and not live.targets.keys() <= _keys_of(group):
                found += [state.target for key, state in live.targets.items() if key not in _keys_of(group)]
        return found

    def _check_zone(self, zone: str | None) -> None:
        if not zone:
            return
        if self._group.target_type is TargetType.INSTANCE:
            raise invalid("An Availability Zone cannot be specified for targets of target type 'instance'")
        here = ids.zones(self._call.region)[0]
        if zone not in {ALL_ZONES, here}:
            raise invalid(
                f"The Availability Zone '{zone}' is not the target's: addresses of this machine are in {here}"
            )


def find_instance(draft: Draft, instance_id: str) -> Instance | None:
    """One of the file, or one that a command has made by registering it in some group; each in its region."""
    instance = draft.file.instance(instance_id)
    if instance is not None:
        return instance
    groups = draft.configuration.target_groups
    items = (item for item in draft.registrations.added if item.target_group in groups)
    added = (item.target for item in items if item.target.id == instance_id)
    target = next(added, None)
    if target is None or target.instance_ip is None:
        return None
    port = InstancePort(port=target.dial_port, target=target.name, process=target.process)
    return Instance(id=instance_id, name=target.name, ip=target.instance_ip, dial_host=target.dial_host, ports=(port,))


def _by_place(targets: Iterable[Target]) -> dict[Place, Target]:
    known: dict[Place, Target] = {}
    for target in targets:
        known.setdefault((target.ip, target.dial_port), target)
    return known


_GROUPS_REMEMBERED_MAX = 128
"""A group may have a thousand targets."""

_by_place_of = Remembered[TargetGroup, Mapping[Place, Target]](
    lambda group: _by_place(group.targets), _GROUPS_REMEMBERED_MAX
)
_keys_of = Remembered[TargetGroup, frozenset[Place]](
    lambda group: frozenset(target.key for target in group.targets), _GROUPS_REMEMBERED_MAX
)
_names_of = Remembered[TargetGroup, frozenset[str]](
    lambda group: frozenset(target.name for target in group.targets), _GROUPS_REMEMBERED_MAX
)


def _check_quotas(draft: Draft, group: TargetGroup) -> None:
    configuration: Configuration = draft.configuration
    groups = configuration.target_groups
    counts = [(quotas.TARGETS_PER_TARGET_GROUP, len(group.targets))]
    for balancer in draft.catalog.users.get(group.name, ()):
        names = balancer.target_group_names()
        counts.append((quotas.TARGETS_PER_LOAD_BALANCER, sum(len(groups[name].targets) for name in names)))
    for quota, count in counts:
        for error in quota_errors(quota, count):
            raise QueryError(error.code, error.message)


HANDLERS: Handlers = {"RegisterTargets": register_targets, "DeregisterTargets": deregister_targets}
