"""What a load balancer is made of: immutable descriptions in elbv2's words.

Everything here is configuration. What is alive (health, outstanding requests, cursors) lives in
`simlb.core.target_group`, which refers to these objects and survives their replacement.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Literal

from simlb.core.attributes import LoadBalancerAttributes, TargetGroupAttributes
from simlb.core.matcher import Matcher

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

TRAFFIC_PORT: Literal["traffic-port"] = "traffic-port"


class Protocol(StrEnum):
    """`Protocol` of a listener, a target group or a health check (reference 1.2, 1.5)."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"


class Scheme(StrEnum):
    """`Scheme` of a load balancer (reference 1.1)."""

    INTERNET_FACING = "internet-facing"
    INTERNAL = "internal"


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

    `name` is what people call it (`i-01`); `process` names the process simlb runs for it, if any.
    """

    id: str
    port: int
    dial_host: str
    dial_port: int
    name: str
    process: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The identity of a target within its group."""
        return (self.id, self.port)

    @property
    def address(self) -> str:
        """`id:port` as the access log shows it."""
        return f"[{self.id}]:{self.port}" if ":" in self.id else f"{self.id}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """Targets that share a protocol, a health check and attributes (reference 1.5).

    Two settings are simlb's own, off as in AWS: `retry_on_connect_failure` tries the other targets when one cannot be
    connected to (reference 11, point 1); `fail_open_while_initial` sends traffic to targets none of which has been
    found well or unwell yet (point 17).
    """

    name: str
    arn: str
    protocol: Protocol = Protocol.HTTP
    port: int = 80
    health_check: HealthCheck = field(default_factory=HealthCheck)
    attributes: TargetGroupAttributes = field(default_factory=TargetGroupAttributes)
    targets: tuple[Target, ...] = ()
    retry_on_connect_failure: bool = False
    fail_open_while_initial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAction:
    """`forward` to one target group, named by its name (reference 1.4)."""

    target_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectAction:
    """`redirect`; members may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}`, `#{query}` (reference 1.4)."""

    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"
    status_code: Literal["HTTP_301", "HTTP_302"] = "HTTP_301"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedResponseAction:
    """`fixed-response` (reference 1.4). `content_type` None is sent as `text/plain; charset=utf-8`."""

    status_code: int
    message_body: str = ""
    content_type: str | None = None


Action = ForwardAction | RedirectAction | FixedResponseAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate a listener can present. `names` are its DNS names and addresses, lower case."""

    arn: str
    names: tuple[str, ...]
    certificate_path: PurePath
    key_path: PurePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """Where a listener's socket really is. Port 0 asks the system for a free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A protocol and port with a default action.

    `port` is what rules, logs and `#{port}` see; `bind` where the socket is. Several candidates are tried in order.
    The first certificate is the default one.
    """

    protocol: Protocol
    port: int
    arn: str
    binds: tuple[Bind, ...]
    default_action: Action
    certificates: tuple[Certificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRule:
    """One inbound rule of the security group: a listener port (None = all) from a source network."""

    port: int | None
    source: IPNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """Who may connect to which listener port (reference 8.1). Without a matching rule a client sees a time-out."""

    inbound: tuple[InboundRule, ...] = (
        InboundRule(port=None, source=ipaddress.ip_network("0.0.0.0/0")),
        InboundRule(port=None, source=ipaddress.ip_network("::/0")),
    )

    def networks_for(self, port: int) -> tuple[IPNetwork, ...]:
        """The source networks let in to `port`; empty means that the gate is closed to all."""
        return tuple(rule.source for rule in self.inbound if rule.port is None or rule.port == port)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """An Application Load Balancer (reference 1.1). `names` are further DNS names that lead to it."""

    name: str
    id: str
    arn: str
    dns_name: str
    region: str
    scheme: Scheme = Scheme.INTERNET_FACING
    attributes: LoadBalancerAttributes = field(default_factory=LoadBalancerAttributes)
    security_group: SecurityGroup = field(default_factory=SecurityGroup)
    names: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()

    @property
    def resource(self) -> str:
        """`app/<name>/<id>`: the access log's `elb` field and the `LoadBalancer` dimension."""
        return f"app/{self.name}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetProcess:
    """A process that simlb starts for a target: a user's command (`run`) or a shipped backend (`sample`), never both.

    `{port}` in `run` stands for `port`, which the process also finds in the environment variable PORT.
    """

    name: str
    port: int
    run: str | None = None
    sample: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: PurePath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything one instance serves: load balancers, the target groups their actions name, and processes to run."""

    load_balancers: tuple[LoadBalancer, ...]
    target_groups: Mapping[str, TargetGroup]
    processes: tuple[TargetProcess, ...] = ()
