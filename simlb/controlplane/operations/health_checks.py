"""Health check settings as calls give them (reference 2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from simlb.controlplane.operations.call import Call
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.matcher import Matcher
from simlb.core.model import TRAFFIC_PORT, HealthCheck, Protocol, TargetType

_NUMBERS = {
    "HealthCheckIntervalSeconds": "interval_s",
    "HealthCheckTimeoutSeconds": "timeout_s",
    "HealthyThresholdCount": "healthy_threshold_count",
    "UnhealthyThresholdCount": "unhealthy_threshold_count",
}
"""Their ranges are the service model's, which have been checked."""
_PORT_MAX = 65535


def health_check(call: Call, present: HealthCheck, target_type: TargetType) -> HealthCheck:
    """`present` with what the call says. Raises QueryError."""
    if call.parameters.get("HealthCheckEnabled") is False:
        raise invalid(f"Health check enabled must be true for target groups with target type '{target_type}'")
    numbers = {field: call.parameters[name] for name, field in _NUMBERS.items() if name in call.parameters}
    checked = replace(
        present,
        protocol=_protocol(call, present),
        port=_port(call, present),
        path=_path(call, present),
        matcher=_matcher(call, present),
        **numbers,
    )
    if checked.timeout_s >= checked.interval_s:
        raise invalid(
            f"Health check timeout '{checked.timeout_s:g}' must be smaller than the interval '{checked.interval_s:g}'"
        )
    return checked


def _protocol(call: Call, present: HealthCheck) -> Protocol:
    given = call.text("HealthCheckProtocol")
    if given and given not in set(Protocol):
        raise invalid(f"Health check protocol '{given}' must be one of 'HTTP, HTTPS'")
    return Protocol(given) if given else present.protocol


def _port(call: Call, present: HealthCheck) -> int | Literal["traffic-port"]:
    given = call.text("HealthCheckPort")
    if not given:
        return present.port
    if given == TRAFFIC_PORT:
        return TRAFFIC_PORT
    if not (given.isascii() and given.isdigit() and len(given) <= 5 and 1 <= int(given) <= _PORT_MAX):
        raise invalid(f"Health check port '{given}' must be '{TRAFFIC_PORT}' or between '1-{_PORT_MAX}' inclusive")
    return int(given)


def _path(call: Call, present: HealthCheck) -> str:
    given = call.text("HealthCheckPath")
    if not given:
        return present.path
    # It becomes part of a request line: no spaces, no controls.
    if not given.startswith("/") or not all("!" <= char <= "~" for char in given) or "#" in given:
        raise invalid(
            f"Health check path '{given}' must begin with a '/' character, and can only contain printable ASCII "
            "characters, without spaces and without '#'"
        )
    return given


def _matcher(call: Call, present: HealthCheck) -> Matcher:
    given = call.parameters.get("Matcher") or {}
    if given.get("GrpcCode"):
        raise QueryError(
            "InvalidConfigurationRequest",
            "Matcher GrpcCode goes with protocol version GRPC, which is not supported by simlb yet",
        )
    http_code = given.get("HttpCode")
    if not http_code:
        return present.matcher
    try:
        return Matcher.parse(http_code)
    except ValueError as error:
        raise invalid(f"Health check matcher HTTP code '{http_code}' is not valid: {error}") from None
