"""Records of target groups, and of the targets that were registered and deregistered."""

from __future__ import annotations

from typing import Any

from simlb.controlplane.records.codec import (
    AWS_NAME,
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    Codec,
    RecordError,
    attributes,
    many,
    member_of,
    members,
    optional,
    word,
    written,
)
from simlb.core.attributes import TargetGroupAttributes
from simlb.core.matcher import Matcher
from simlb.core.model import TRAFFIC_PORT, HealthCheck, Protocol, Target, TargetGroup, TargetType
from simlb.core.registrations import Registration


def _check_port(plain: Any) -> Any:
    if type(plain) is int or plain == TRAFFIC_PORT:
        return plain
    raise RecordError(f"{plain!r} is neither a port nor {TRAFFIC_PORT}")


_HEALTH_CHECK = members(
    HealthCheck,
    protocol=member_of(Protocol),
    port=Codec(lambda port: port, _check_port),
    path=TEXT,
    interval_s=NUMBER,
    timeout_s=NUMBER,
    healthy_threshold_count=INTEGER,
    unhealthy_threshold_count=INTEGER,
    matcher=written(Matcher.parse, lambda matcher: matcher.http_code),
)

_TARGET = members(
    Target,
    id=TEXT,
    port=INTEGER,
    dial_host=TEXT,
    dial_port=INTEGER,
    name=TEXT,
    process=optional(TEXT),
    instance_ip=optional(TEXT),
    is_stopped=FLAG,
)

TARGET_GROUP: Codec[TargetGroup] = members(
    TargetGroup,
    name=AWS_NAME,
    arn=TEXT,
    target_type=member_of(TargetType),
    protocol=member_of(Protocol),
    port=INTEGER,
    health_check=_HEALTH_CHECK,
    attributes=attributes(TargetGroupAttributes.from_wire, lambda held: held.given),
    targets=many(_TARGET),
    retry_on_connect_failure=FLAG,
    fail_open_while_initial=FLAG,
)

REGISTRATION: Codec[Registration] = members(
    Registration, target_group=AWS_NAME, target=_TARGET, by=word("command", "api")
)
