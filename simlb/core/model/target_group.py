"""Target groups, their targets and their health checks as configuration describes them (reference 1.5, 2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from simlb.core import ids
from simlb.core.attributes import TargetGroupAttributes
from simlb.core.matcher import Matcher
from simlb.core.remembered import RememberedBeside

TRAFFIC_PORT: Literal["traffic-port"] = "traffic-port"


class Protocol(StrEnum):
    """`Protocol` of a listener, a target group or a health check (reference 1.2, 1.5)."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"


class TargetType(StrEnum):
    """`TargetType` of a target group: what the ids of its targets are (reference 1.5)."""

    INSTANCE = "instance"
    IP = "ip"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a target group asks its targets whether they are well (reference 2.1). Durations in load-balancer seconds."""

    protocol: Protocol = Protocol.HTTP
    port: int | Literal["traffic-port"] = TRAFFIC_PORT
    path: str = "/"
    interval_s: float = 30
    timeout_s: float = 5
    healthy_threshold_count: int = 5
    unhealthy_threshold_count: int = 2
    matcher: Matcher = field(default_factory=lambda: Matcher.parse("200"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place that requests go to. Its identity is `id` *and* `port`; `dial` is where it really listens.

    `id` is an address or an instance's id; only then `instance_ip` is set, to that instance's address. `name` is what
    people call it (`i-01`), in every group it is in; `process` names the process simlb runs for it, if any.
    `is_stopped`: its instance is stopped, so that it stays registered and gets nothing.
    """

    id: str
    port: int
    dial_host: str
    dial_port: int
    name: str
    process: str | None = None
    instance_ip: str | None = None
    is_stopped: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """The identity of a target within its group."""
        return (self.id, self.port)

    @property
    def ip(self) -> str:
        """Its address, whatever its group calls targets by."""
        return self.id if self.instance_ip is None else self.instance_ip

    @property
    def address(self) -> str:
        """`ip:port` as the access log shows it.

        An instance that is dialled at its own address has the port where it listens there: what it is registered with
        may be the same for all instances of that address (see `Instance`).
        """
        is_dialled = self.instance_ip is not None and self.dial_host in {self.instance_ip, "localhost"}
        port = self.dial_port if is_dialled else self.port
        return f"[{self.ip}]:{port}" if ":" in self.ip else f"{self.ip}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """Targets that share a protocol, a health check and attributes (reference 1.5).

    `name` tells it apart within an instance: see `simlb.core.ids.name_here`.

    Two settings are simlb's own, off as in AWS: `retry_on_connect_failure` tries the other targets when one cannot be
    connected to (reference 11, point 1); `fail_open_while_initial` sends traffic to targets none of which has been
    found well or unwell yet (point 17).
    """

    name: str
    arn: str
    target_type: TargetType = TargetType.IP
    protocol: Protocol = Protocol.HTTP
    port: int = 80
    health_check: HealthCheck = field(default_factory=HealthCheck)
    attributes: TargetGroupAttributes = field(default_factory=TargetGroupAttributes)
    targets: tuple[Target, ...] = ()
    retry_on_connect_failure: bool = False
    fail_open_while_initial: bool = False

    @property
    def aws_name(self) -> str:
        """`TargetGroupName`, which tells it apart within its region."""
        return ids.aws_name(self.name)

    @property
    def region(self) -> str:
        """Where it is."""
        return ids.region_of(self.arn)

    @property
    def resource(self) -> str:
        """`targetgroup/<name>/<id>`: the `TargetGroup` dimension."""
        return self.arn.rpartition(":")[2]


def with_targets(group: TargetGroup, targets: tuple[Target, ...]) -> TargetGroup:
    """The group with these targets: the same object where it has them, or where it was asked for them before."""
    return group if group.targets == targets else _with_targets(group, targets)


@RememberedBeside
def _with_targets(group: TargetGroup, targets: tuple[Target, ...]) -> TargetGroup:
    return replace(group, targets=targets)
