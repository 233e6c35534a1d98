"""Instances: the targets of the configuration file, which one may stop, start and reboot. None is ever made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Never

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result
from simlb.controlplane.ec2.references import find_instances, instances, no_instance
from simlb.controlplane.ec2.selection import Item, described, tag_set
from simlb.controlplane.query.errors import QueryError
from simlb.core import ids
from simlb.core.instances import InstanceState
from simlb.core.model import Instance
from simlb.core.regions import zone_id

NAME_TAG = "Name"
ADDRESS_TAG = "simlb:address"
"""Of an instance: where its targets really are."""

_CODES = {
    InstanceState.PENDING: 0,
    InstanceState.RUNNING: 16,
    InstanceState.STOPPING: 64,
    InstanceState.STOPPED: 80,
}
_FILTERS = (
    "availability-zone",
    "instance-id",
    "instance-state-code",
    "instance-state-name",
    "owner-id",
    "private-ip-address",
    "subnet-id",
    "vpc-id",
)
_STATUS_FILTERS = (
    "availability-zone",
    "instance-state-code",
    "instance-state-name",
    "instance-status.reachability",
    "instance-status.status",
    "system-status.reachability",
    "system-status.status",
)


def describe_instances(call: Ec2Call) -> Result:
    """All of them; each has a reservation of its own."""
    items = [_item(call, instance) for instance in instances(call).values()]
    return described(call, "reservationSet", items, filters=_FILTERS, ids="InstanceId", not_found=no_instance)


def describe_instance_status(call: Ec2Call) -> Result:
    """Those that run, or all. This says nothing about the health of targets, which only probes tell."""
    wanted = call.texts("InstanceId")
    known = instances(call)
    for one in wanted:
        if one not in known:
            raise no_instance(one)
    shown_states = set(InstanceState) if call.flag("IncludeAllInstances") else {InstanceState.RUNNING}
    items = [_status(call, instance) for instance in known.values() if _is_shown(call, instance, shown_states, wanted)]
    return described(call, "instanceStatusSet", items, filters=_STATUS_FILTERS)


async def stop_instances(call: Ec2Call) -> Result:
    """SIGTERM to their processes (with `Force` SIGKILL); their targets are unused at once."""
    for name, why in (("Hibernate", "hibernate"), ("SkipOsShutdown", "skip the shutdown of a system")):
        if call.flag(name):
            raise QueryError("UnsupportedOperation", f"simlb's instances are processes: they cannot {why}.")
    chosen = _own(call)
    before = {instance.id: call.estate.instance_state(instance) for instance in chosen}
    _check(before, InstanceState.PENDING, "stopped")
    call.check_dry_run()
    for instance in chosen:
        if before[instance.id] is InstanceState.RUNNING:
            await call.estate.stop_instance(instance, kill=call.flag("Force"))
    return _changed(call, chosen, before)


def start_instances(call: Ec2Call) -> Result:
    """Start those that are stopped; their targets are registered anew once they listen."""
    chosen = _own(call)
    before = {instance.id: call.estate.instance_state(instance) for instance in chosen}
    _check(before, InstanceState.STOPPING, "started")
    call.check_dry_run()
    for instance in chosen:
        if before[instance.id] is InstanceState.STOPPED:
            call.estate.start_instance(instance)
    return _changed(call, chosen, before)


def reboot_instances(call: Ec2Call) -> Result:
    """Stop and start the processes; targets change only by what probes see."""
    chosen = _own(call)
    for instance in chosen:
        if call.estate.instance_state(instance) is not InstanceState.RUNNING:
            raise _not_in_a_state(instance.id, "rebooted")
    call.check_dry_run()
    for instance in chosen:
        call.estate.reboot_instance(instance)
    return {"return": True}


def refuse_to_make(call: Ec2Call) -> Never:
    """Raise QueryError UnsupportedOperation: RunInstances and TerminateInstances."""
    raise QueryError(
        "UnsupportedOperation",
        f"simlb does not carry out {call.operation}: no command is ever started on behalf of an API call but those of "
        "your own configuration file. Instances are its targets: write them there (run: or sample:), then simlb reload",
    )


def _own(call: Ec2Call) -> list[Instance]:
    """Those that a call names, all of which simlb runs itself."""
    chosen = find_instances(call)
    for instance in chosen:
        if not call.estate.is_own(instance):
            raise QueryError(
                "UnsupportedOperation",
                f"The instance '{instance.id}' ({instance.name} at {_addresses(instance)}) is a process that "
                "you run yourself (url:): simlb stops and starts only its own (run:, sample:).",
            )
    return chosen


def _check(before: Mapping[str, InstanceState], wrong: InstanceState, what: str) -> None:
    for instance_id, state in before.items():
        if state is wrong:
            raise _not_in_a_state(instance_id, what)


def _not_in_a_state(instance_id: str, what: str) -> QueryError:
    return QueryError(
        "IncorrectInstanceState",
        f"The instance '{instance_id}' is not in a state from which it can be {what}.",
    )


def _changed(call: Ec2Call, chosen: list[Instance], before: Mapping[str, InstanceState]) -> Result:
    return {
        "instancesSet": [
            {
                "instanceId": instance.id,
                "currentState": _state(call.estate.instance_state(instance)),
                "previousState": _state(before[instance.id]),
            }
            for instance in chosen
        ]
    }


def _state(state: InstanceState) -> Result:
    return {"code": _CODES[state], "name": state}


def _tags(call: Ec2Call, instance: Instance) -> dict[str, str]:
    return {NAME_TAG: instance.name, ADDRESS_TAG: _addresses(instance), **call.tags(instance.id)}


def _addresses(instance: Instance) -> str:
    host = f"[{instance.ip}]" if ":" in instance.ip else instance.ip
    return ", ".join(f"{host}:{port.port}" for port in instance.ports)


def _facts(call: Ec2Call, instance: Instance) -> dict[str, tuple[str, ...]]:
    zone = ids.zones(call.region)[0]
    state = call.estate.instance_state(instance)
    return {
        "availability-zone": (zone,),
        "instance-id": (instance.id,),
        "instance-state-code": (str(_CODES[state]),),
        "instance-state-name": (state,),
        "owner-id": (ids.ACCOUNT,),
        "private-ip-address": (instance.ip,),
        "subnet-id": (ids.subnet_id(zone),),
        "vpc-id": (ids.vpc_id(call.region),),
    }


def _item(call: Ec2Call, instance: Instance) -> Item:
    zone = ids.zones(call.region)[0]
    tags = _tags(call, instance)
    shown = {
        "instanceId": instance.id,
        "instanceState": _state(call.estate.instance_state(instance)),
        "launchTime": call.estate.created_at,
        "placement": {"availabilityZone": zone, "tenancy": "default"},
        "monitoring": {"state": "disabled"},
        "subnetId": ids.subnet_id(zone),
        "vpcId": ids.vpc_id(call.region),
        "privateIpAddress": instance.ip,
        "groupSet": [],
        "networkInterfaceSet": [],
        "blockDeviceMapping": [],
        "tagSet": tag_set(tags),
    }
    return Item(
        id=instance.id,
        facts=_facts(call, instance),
        tags=tags,
        shown={
            "reservationId": instance.id.replace("i-", "r-"),
            "ownerId": ids.ACCOUNT,
            "groupSet": [],
            "instancesSet": [shown],
        },
    )


def _is_shown(call: Ec2Call, instance: Instance, states: set[InstanceState], wanted: tuple[str, ...]) -> bool:
    return call.estate.instance_state(instance) in states and (not wanted or instance.id in wanted)


def _status(call: Ec2Call, instance: Instance) -> Item:
    state = call.estate.instance_state(instance)
    is_running = state is InstanceState.RUNNING
    word, reach = ("ok", "passed") if is_running else ("not-applicable", "")
    status = {"status": word, "details": [{"name": "reachability", "status": reach}] if is_running else []}
    zone = ids.zones(call.region)[0]
    return Item(
        id=instance.id,
        facts={
            **_facts(call, instance),
            **{f"{kind}-status.status": (word,) for kind in ("instance", "system")},
            **{f"{kind}-status.reachability": (reach,) for kind in ("instance", "system")},
        },
        tags=_tags(call, instance),
        shown={
            "instanceId": instance.id,
            "availabilityZone": zone,
            "availabilityZoneId": zone_id(zone),
            "instanceState": _state(state),
            "instanceStatus": status,
            "systemStatus": status,
        },
    )


HANDLERS: Handlers = {
    "DescribeInstances": describe_instances,
    "DescribeInstanceStatus": describe_instance_status,
    "StopInstances": stop_instances,
    "StartInstances": start_instances,
    "RebootInstances": reboot_instances,
    "RunInstances": refuse_to_make,
    "TerminateInstances": refuse_to_make,
}
