"""Registering targets and deregistering them: what `simlb target add` and `rm` do, by the API's ids (reference 1.5)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.operations.references import TARGET_GROUP
from simlb.controlplane.operations.target_health import check_target_id
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core import ids, quotas
from simlb.core.model import Configuration, Instance, InstancePort, Target, TargetGroup, TargetType
from simlb.core.registrations import free_name
from simlb.core.validation import quota_errors

ALL_ZONES = "all"


async def register_targets(call: Call) -> Result:
    """All of them, or none when one of them cannot be. Those that are there already stay as they are."""

    def register(draft: Draft) -> Result:
        group = _group(call, draft)
        for given in _targets(call):
            target = _target(call, draft, group, given)
            _check_running(call, draft, group, target)
            draft.register(group, target)
            group = _group(call, draft)
        _check_quotas(draft, group)
        return {}

    return await call.estate.change(register)


async def deregister_targets(call: Call) -> Result:
    """They drain. Without a port every one that the id is registered with; what is not registered is passed over."""

    def deregister(draft: Draft) -> Result:
        group = _group(call, draft)
        for given in _targets(call):
            check_target_id(group, given["Id"])
            for target in group.targets:
                if target.id == given["Id"] and given.get("Port") in {None, target.port}:
                    draft.deregister(group, target)
            group = _group(call, draft)
        return {}

    return await call.estate.change(deregister)


def _group(call: Call, draft: Draft) -> TargetGroup:
    return TARGET_GROUP.find_one(draft.catalog.target_groups, call.text("TargetGroupArn"))


def _targets(call: Call) -> list[Mapping[str, Any]]:
    targets: list[Mapping[str, Any]] = list(call.parameters["Targets"] or ())
    if not targets:
        raise invalid("At least one target must be specified")
    return targets


def _target(call: Call, draft: Draft, group: TargetGroup, given: Mapping[str, Any]) -> Target:
    """What a call describes, as the data plane needs it. Raises QueryError."""
    target_id, port = given["Id"], given.get("Port") or group.port
    check_target_id(group, target_id)
    if given.get("QuicServerId"):
        raise QueryError("InvalidConfigurationRequest", "QuicServerId is not supported by simlb: it is for QUIC")
    _check_zone(call, group, given.get("AvailabilityZone"))
    if group.target_type is TargetType.INSTANCE:
        instance = find_instance(draft, target_id)
        if instance is None:
            raise QueryError(
                "InvalidTarget", "The specified target does not exist or is not in the same VPC as the target group."
            )
        target = instance.target(port, group.port)
    else:
        target = _address(call, draft, target_id, port)
    refusal = call.estate.target_refusal(target)
    if refusal is not None:
        raise QueryError("InvalidTarget", refusal)
    return target


def find_instance(draft: Draft, instance_id: str) -> Instance | None:
    """One of the file, or one that a command has made by registering it in some group."""
    instance = draft.file.instance(instance_id)
    if instance is not None:
        return instance
    added = (item.target for item in draft.registrations.added if item.target.id == instance_id)
    target = next(added, None)
    if target is None or target.instance_ip is None:
        return None
    port = InstancePort(port=target.dial_port, target=target.name, process=target.process)
    return Instance(id=instance_id, name=target.name, ip=target.instance_ip, dial_host=target.dial_host, ports=(port,))


def _address(call: Call, draft: Draft, ip: str, port: int) -> Target:
    """A target that is an address: the one that is known there, or one with a name of its own."""
    address = ipaddress.ip_address(ip)
    if address.version != 4:
        raise QueryError("InvalidTarget", f"The IP address '{ip}' is not a valid IPv4 address")
    known = list(_known(call, draft))
    present = next((target for target in known if (target.ip, target.dial_port) == (ip, port)), None)
    wanted = {process.name for process in draft.configuration.processes}
    return Target(
        id=ip,
        port=port,
        dial_host=present.dial_host if present is not None else ip,
        dial_port=port,
        name=present.name if present is not None else free_name({target.name for target in known}),
        process=present.process if present is not None and present.process in wanted else None,
    )


def _known(call: Call, draft: Draft) -> Iterator[Target]:
    """All targets that there are: the file's, also when they are registered nowhere; added ones; those that drain."""
    for instance in draft.file.instances:
        yield from (instance.target(each.port, each.port) for each in instance.ports)
    for group in draft.configuration.target_groups.values():
        yield from group.targets
        live = call.estate.live_group(group.name)
        if live is not None:
            yield from (state.target for state in live.targets.values())


def _check_zone(call: Call, group: TargetGroup, zone: str | None) -> None:
    if not zone:
        return
    if group.target_type is TargetType.INSTANCE:
        raise invalid("An Availability Zone cannot be specified for targets of target type 'instance'")
    here = ids.zones(call.region)[0]
    if zone not in {ALL_ZONES, here}:
        raise invalid(f"The Availability Zone '{zone}' is not the target's: addresses of this machine are in {here}")


def _check_running(call: Call, draft: Draft, group: TargetGroup, target: Target) -> None:
    """No process is started because of a call: one that a command has ended stays as it is."""
    configuration = draft.configuration
    if target.process is None or _runs(configuration.processes, target.process):
        return
    live = call.estate.live_group(group.name)
    if live is not None and target.key in live.targets:
        return  # it drains there, and until it has, it runs
    raise QueryError(
        "InvalidTarget",
        f"The following targets are not in a running state and cannot be registered: '{target.id}'",
    )


def _runs(processes: Iterable[Any], name: str) -> bool:
    return any(process.name == name for process in processes)


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
