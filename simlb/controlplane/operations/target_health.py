"""The health of targets, as the probes have found it (reference 2.3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.references import target_group
from simlb.controlplane.query.errors import invalid
from simlb.core import ids
from simlb.core.model import TRAFFIC_PORT, TargetGroup, TargetType
from simlb.core.target_group import TargetState

_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
_NOT_REGISTERED = {
    "State": "unused",
    "Reason": "Target.NotRegistered",
    "Description": "Target is not registered to the target group",
}
_NO_OVERRIDE = {
    "State": "no_override",
    "Reason": "AdministrativeOverride.NoOverride",
    "Description": "No override is currently active on target",
}


def describe_target_health(call: Call) -> Result:
    """All registered and draining targets, or those that are asked for."""
    group = target_group(call)
    live = call.estate.live_group(group.name)
    states = list(live.targets.values()) if live is not None else []
    with_anomalies = bool({"AnomalyDetection", "All"} & set(call.texts("Include")))
    wanted = call.parameters.get("Targets")
    if not wanted:
        return {"TargetHealthDescriptions": [_description(call, group, state, with_anomalies) for state in states]}
    found: dict[tuple[str, int], Result] = {}
    for target in wanted:
        check_target_id(group, target["Id"])
        for port, state in _asked_for(group, states, target):
            if state is not None:
                found[target["Id"], port] = _description(call, group, state, with_anomalies)
            else:
                found[target["Id"], port] = _unknown(group, target["Id"], port)
    return {"TargetHealthDescriptions": list(found.values())}


def _asked_for(
    group: TargetGroup, states: list[TargetState], asked: Mapping[str, Any]
) -> Iterator[tuple[int, TargetState | None]]:
    """Without a port every one that the id is registered with, else the group's own."""
    port = asked.get("Port")
    matching = [s for s in states if s.target.id == asked["Id"] and port in {None, s.target.port}]
    yield from ((state.target.port, state) for state in matching)
    if not matching:
        yield group.port if port is None else port, None


def check_target_id(group: TargetGroup, target_id: str) -> None:
    """Raise QueryError ValidationError for what cannot be the id of a target of that group."""
    if group.target_type is TargetType.INSTANCE:
        if _INSTANCE_ID.fullmatch(target_id) is None:
            raise invalid(f"Instance ID '{target_id}' is not valid")
        return
    if ip_version(target_id) is None:
        raise invalid(f"The IP address '{target_id}' is not a valid IP address")


@lru_cache(maxsize=1024)
def ip_version(address: str) -> int | None:
    """4 or 6; None for what is no address. One call may name an address a thousand times, with as many ports."""
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None


def _description(call: Call, group: TargetGroup, state: TargetState, with_anomalies: bool) -> Result:
    target, health = state.target, state.health
    shown: Result = {"Id": target.id, "Port": target.port}
    if group.target_type is TargetType.IP:
        shown["AvailabilityZone"] = ids.zones(call.region)[0]
    result: Result = {
        "Target": shown,
        "HealthCheckPort": _health_check_port(group, target.port),
        "TargetHealth": {"State": health.state, "Reason": health.reason, "Description": health.description},
        "AdministrativeOverride": _NO_OVERRIDE,
    }
    if with_anomalies:
        result["AnomalyDetection"] = {
            "Result": state.anomaly,
            "MitigationInEffect": "yes" if state.is_mitigated else "no",
        }
    return result


def _unknown(group: TargetGroup, target_id: str, port: int) -> Result:
    return {
        "Target": {"Id": target_id, "Port": port},
        "HealthCheckPort": _health_check_port(group, port),
        "TargetHealth": _NOT_REGISTERED,
    }


def _health_check_port(group: TargetGroup, target_port: int) -> str:
    port = group.health_check.port
    return str(target_port if port == TRAFFIC_PORT else port)


HANDLERS: Handlers = {"DescribeTargetHealth": describe_target_health}
