"""What the control port answers: plain descriptions of a running instance, readable back from their JSON.

Only dataclasses: the command line builds them from JSON within milliseconds, without the libraries that serve it.
Durations are load-balancer seconds unless a name says `real`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


def host_of(bind: str) -> str:
    """The address of `127.0.0.1:80` or `[::1]:80`, without brackets."""
    return bind.rpartition(":")[0].strip("[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """One rule in words. `priority` is a number as text, or `default`, as in elbv2.

    All `conditions` must hold (`path /img/*`, `header X-Canary: 1`); the values within one are alternatives. `action`
    is `forward web 90 %, canary 10 % (sticky 1 h)`, `redirect HTTPS:443 (301)` or `fixed-response 404`; `target_groups`
    are those that it forwards to.
    """

    priority: str
    arn: str
    action: str
    conditions: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerView:
    """One listener. `bind` is where its socket is (`127.0.0.1:8443`), `published_port` what clients type.

    `default_action` is the action of the last of its `rules`, which are in ascending priority. `gate` tells what the
    security group lets in: `open`, `closed` or `restricted` (some sources). `faults` are those that were installed
    on it (`close-1: gate.close`). `ssl_policy` is None where there is no TLS. `further_binds` is where it is as well: a
    dualstack one is at `[::1]:8443` too. `shares_with` names the load balancers that have a listener at the same place;
    there the TLS server name or Host decides whose a connection is.
    """

    protocol: str
    port: int
    bind: str
    published_port: int
    default_action: str
    certificate_names: tuple[str, ...] = ()
    ssl_policy: str | None = None
    gate: str = "open"
    rules: tuple[RuleView, ...] = ()
    faults: tuple[str, ...] = ()
    further_binds: tuple[str, ...] = ()
    shares_with: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Protocol and port as AWS shows them: `HTTPS:443`."""
        return f"{self.protocol}:{self.port}"

    @property
    def bind_host(self) -> str:
        """The address part of `bind`, without brackets."""
        return host_of(self.bind)

    @property
    def binds(self) -> tuple[str, ...]:
        """Everywhere that it is."""
        return (self.bind, *self.further_binds)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerView:
    """One load balancer with its listeners. `names` are the DNS names beside `dns_name` that lead to it.

    `owner` is who made it and may take it away: `file` or `api`. `ip_address_type` is `ipv4` or `dualstack`.
    """

    name: str
    dns_name: str
    scheme: str
    names: tuple[str, ...]
    listeners: tuple[ListenerView, ...]
    owner: str = "file"
    ip_address_type: str = "ipv4"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheckView:
    """A target group's health check in force (reference 2.1). `port` is a number or `traffic-port`, as text."""

    protocol: str
    port: str
    path: str
    interval_s: float
    timeout_s: float
    healthy_threshold_count: int
    unhealthy_threshold_count: int
    matcher: str

    @property
    def summary(self) -> str:
        """One line in the words of the configuration."""
        port = "" if self.port == "traffic-port" else f" on port {self.port}"
        return (
            f"{self.protocol} GET {self.path}{port} every {self.interval_s:g} s (timeout {self.timeout_s:g} s), "
            f"healthy after {self.healthy_threshold_count}, unhealthy after {self.unhealthy_threshold_count}, "
            f"matcher {self.matcher}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """One target; `address` is what the access log shows, `dial` where it really listens.

    `last_check` is in words (`200 in 2 ms (pass 14)`); `since_s` tells how long it has had its state.
    `process` says how the process that simlb runs for it is doing (`pid 4121`, `killed by SIGKILL`), None when the user
    runs the target; `pid` is set only while such a process lives. `owner` tells who wants it registered: `file` or
    `api` (a command); None while it drains, and then `draining_left_s` how long that still takes.

    `slow_start_weight` is below 1 while it is in slow start: the part of a full share that it gets. `anomaly` is
    `normal` or `anomalous`, `mitigation_weight` below 1 while anomaly mitigation is in effect. `faults` are those that
    were installed on it (`latency-1: link.latency delay=300ms`).
    """

    name: str
    id: str
    port: int
    address: str
    dial: str
    state: str
    reason: str | None
    description: str | None
    hint: str | None
    last_check: str
    requests: int
    in_flight: int
    since_s: float
    process: str | None = None
    pid: int | None = None
    owner: str | None = "file"
    draining_left_s: float | None = None
    slow_start_weight: float = 1.0
    anomaly: str = "normal"
    mitigation_weight: float = 1.0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupView:
    """One target group. `mode` is how it answers now: `healthy`, `fail_open`, `no_targets`, `initial` or `unused`.

    `stickiness` is in words (`lb_cookie 1 d`), None when it is off, as a `slow_start_s` of 0 is. `removed` names the
    targets (`i-02 (127.0.0.1:9002)`) that the file has and a command has deregistered. With fewer healthy targets than
    `minimum_healthy_targets_count`, or than that percentage of the registered ones (None: off), it fails open; with
    `fail_open_while_initial` also while it is `initial`. `faults` are those that were installed on it as a whole.
    `owner` is who made the group, `file` or `api`.
    """

    name: str
    protocol: str
    port: int
    health_check: HealthCheckView
    in_use: bool
    mode: str
    targets: tuple[TargetView, ...]
    target_type: str = "ip"
    algorithm: str = "round_robin"
    stickiness: str | None = None
    slow_start_s: int = 0
    anomaly_mitigation: bool = False
    deregistration_delay_s: int = 300
    removed: tuple[str, ...] = ()
    minimum_healthy_targets_count: int = 1
    minimum_healthy_targets_percentage: int | None = None
    fail_open_while_initial: bool = False
    faults: tuple[str, ...] = ()
    owner: str = "file"

    @property
    def registered(self) -> int:
        """How many targets it has without those that drain."""
        return sum(target.state not in {"draining", "unused"} for target in self.targets)

    @property
    def healthy(self) -> int:
        """How many of them are healthy."""
        return sum(target.state == "healthy" for target in self.targets)

    @property
    def healthy_wanted(self) -> int:
        """How many healthy ones it takes not to fail open: both thresholds have to be met."""
        percentage = self.minimum_healthy_targets_percentage or 0
        return max(self.minimum_healthy_targets_count, -(-percentage * self.registered // 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView:
    """A running instance. `started_at` is ISO 8601 in UTC, `control` the control port's `host:port`.

    `uptime_s` and `real_uptime_s` differ by the speed. `notices` are sentences that a person should have read.
    `region` is the AWS region that its load balancers are in. `dns` is the `host:port` of its DNS server, None while
    there is none; `hosted_zones` are the names of the hosted zones, with a dot at the end.
    """

    name: str
    pid: int
    version: str
    speed: float
    started_at: str
    state_dir: str
    ca_path: str | None
    uptime_s: float
    real_uptime_s: float
    control: str
    access_log: str | None
    load_balancers: tuple[LoadBalancerView, ...]
    target_groups: tuple[TargetGroupView, ...]
    notices: tuple[str, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    region: str = "ap-northeast-2"
    dns: str | None = None
    hosted_zones: tuple[str, ...] = ()

    def targets(self) -> Iterator[TargetView]:
        """Every target of every group, in the configuration's order."""
        for group in self.target_groups:
            yield from group.targets

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InstanceView:
        """Read `to_json` back. Members that a newer simlb added are passed over; a missing one raises KeyError."""
        return cls(
            **_scalars(cls, data, "load_balancers", "target_groups", "notices", "hosted_zones"),
            load_balancers=tuple(_load_balancer(item) for item in data["load_balancers"]),
            target_groups=tuple(_target_group(item) for item in data["target_groups"]),
            notices=tuple(data["notices"]),
            hosted_zones=tuple(data["hosted_zones"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Log lines of one kind without line ends. `next` asks for what follows; `dropped` counts lines no longer kept."""

    next: int
    lines: tuple[str, ...]
    dropped: int = 0

    def to_json(self) -> dict[str, Any]:
        """Only dicts, lists and scalars."""
        return {"next": self.next, "lines": list(self.lines), "dropped": self.dropped}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LogPage:
        """Read `to_json` back."""
        return cls(next=data["next"], lines=tuple(data["lines"]), dropped=data["dropped"])


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChange:
    """What registering or deregistering a target came to: a sentence about it, and which target of which group."""

    message: str
    target_group: str
    name: str
    address: str

    def to_json(self) -> dict[str, Any]:
        """Only scalars."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TargetChange:
        """Read `to_json` back."""
        return cls(**_scalars(cls, data))


def _scalars(kind: type, data: Mapping[str, Any], *omitted: str) -> dict[str, Any]:
    return {item.name: data[item.name] for item in dataclasses.fields(kind) if item.name not in omitted}


def _load_balancer(data: Mapping[str, Any]) -> LoadBalancerView:
    return LoadBalancerView(
        **_scalars(LoadBalancerView, data, "listeners", "names"),
        names=tuple(data["names"]),
        listeners=tuple(map(_listener, data["listeners"])),
    )


def _listener(data: Mapping[str, Any]) -> ListenerView:
    return ListenerView(
        **_scalars(ListenerView, data, "certificate_names", "rules", "faults", "further_binds", "shares_with"),
        certificate_names=tuple(data["certificate_names"]),
        further_binds=tuple(data["further_binds"]),
        shares_with=tuple(data["shares_with"]),
        faults=tuple(data["faults"]),
        rules=tuple(map(_rule, data["rules"])),
    )


def _rule(data: Mapping[str, Any]) -> RuleView:
    return RuleView(
        **_scalars(RuleView, data, "conditions", "transforms", "target_groups"),
        conditions=tuple(data["conditions"]),
        transforms=tuple(data["transforms"]),
        target_groups=tuple(data["target_groups"]),
    )


def _target_group(data: Mapping[str, Any]) -> TargetGroupView:
    return TargetGroupView(
        **_scalars(TargetGroupView, data, "health_check", "targets", "removed", "faults"),
        health_check=HealthCheckView(**_scalars(HealthCheckView, data["health_check"])),
        targets=tuple(map(_target, data["targets"])),
        removed=tuple(data["removed"]),
        faults=tuple(data["faults"]),
    )


def _target(data: Mapping[str, Any]) -> TargetView:
    return TargetView(**_scalars(TargetView, data, "faults"), faults=tuple(data["faults"]))
