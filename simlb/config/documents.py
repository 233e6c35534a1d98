"""The shape of `simlb.yaml`: elbv2's words in snake_case, with the shorthands that `docs/config.md` lists.

The structs say which keys there are, their types, and ranges that hold whatever else the file says.
`simlb.config.decode` reads values into them; `simlb.config.compile` checks what takes more than one value to know.
`None` means "not given".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from simlb.config.rule_documents import (
    ActionEntry,
    Fixed,
    Forward,
    ForwardAction,
    Port,
    RedirectTo,
    RuleEntry,
    WeightedTargetGroupEntry,
)

SAMPLE_NAMES = ("echo", "starter", "slow", "stream")
"""The sample targets that ship with simlb."""

Number = float
Names = list[str]
AttributeValues = dict[str, str | int | bool]


class CertificateEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A certificate: `names` to issue one from the local CA, or a PEM pair of one's own."""

    names: Annotated[Names | None, Meta(description="DNS names and addresses that the local CA signs.")] = None
    certificate_file: Annotated[str | None, Meta(description="PEM chain, leaf first; relative to this file.")] = None
    key_file: Annotated[str | None, Meta(description="PEM private key; relative to this file.")] = None


class MutualAuthenticationEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Whether clients are asked for certificates, and whose are taken."""

    mode: Annotated[
        Literal["off", "verify", "passthrough"],
        Meta(description="verify: only clients of the trust store get in. passthrough: targets look themselves."),
    ]
    trust_store: Annotated[
        str | None, Meta(description="verify: PEM bundle of CA certificates; relative to this file.")
    ] = None
    revocations: Annotated[Names, Meta(description="verify: PEM files, one revocation list (CRL) each.")] = field(
        default_factory=list
    )
    ignore_client_certificate_expiry: Annotated[bool, Meta(description="verify: clients may have expired.")] = False
    advertise_trust_store_ca_names: Annotated[
        Literal["on", "off"], Meta(description="verify: on tells clients whose certificates are taken.")
    ] = "off"


class ListenerEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A listener: protocol, port, rules and one default action."""

    protocol: Literal["HTTP", "HTTPS"]
    port: Annotated[Port, Meta(description="What rules, logs and '#{port}' see.")]
    bind: Annotated[
        str | Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(
            description="Where the socket really is: 'address:port', ':port' or a port. "
            "Default: the listener's port; 8080 for 80 and 8443 for 443 when the system does not allow those."
        ),
    ] = None
    certificates: Annotated[
        list[str | CertificateEntry] | None,
        Meta(description="HTTPS only; the first is the default. Default: one for all names of the load balancer."),
    ] = None
    ssl_policy: Annotated[
        str | None,
        Meta(
            description="HTTPS only: TLS versions and ciphers, by the name of AWS's policy. "
            "Default: ELBSecurityPolicy-TLS13-1-2-Res-2021-06."
        ),
    ] = None
    mutual_authentication: Annotated[
        MutualAuthenticationEntry | None, Meta(description="HTTPS only: certificates of clients. Default: off.")
    ] = None
    attributes: AttributeValues = field(default_factory=dict)
    rules: Annotated[list[RuleEntry], Meta(description="Tried by ascending priority before the default action.")] = (
        field(default_factory=list)
    )
    default_actions: Annotated[list[ActionEntry] | None, Meta(description="Exactly one final action.")] = None
    forward: Forward = None
    redirect: RedirectTo = None
    fixed_response: Fixed = None


class InboundEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One inbound rule. Without `port` it is for all ports, without `source` from anywhere."""

    port: Port | None = None
    source: Annotated[str | None, Meta(description="An address or a network such as 127.0.0.2/32.")] = None


class SecurityGroupEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Who may connect. Others see a connect time-out."""

    inbound: Annotated[list[Port | InboundEntry], Meta(description="Ports, or {port, source}; [] lets nobody in.")]


class LoadBalancerEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An Application Load Balancer."""

    name: Annotated[str, Meta(description="1-32 letters, digits, hyphens.")]
    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    ip_address_type: Annotated[
        Literal["ipv4", "dualstack"], Meta(description="dualstack: listeners are on IPv6 loopback (::1) as well.")
    ] = "ipv4"
    attributes: AttributeValues = field(default_factory=dict)
    security_group: Annotated[SecurityGroupEntry | None, Meta(description="Default: all ports from anywhere.")] = None
    dns: Annotated[Names, Meta(description="Further names that lead here; the default certificate covers them.")] = (
        field(default_factory=list)
    )
    listeners: list[ListenerEntry] = field(default_factory=list)


class MatcherEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """`matcher: {http_code: "200"}`."""

    http_code: str | int


class HealthCheckEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How the targets are asked whether they are well. A long key and its shorthand exclude each other."""

    protocol: Literal["HTTP", "HTTPS"] = "HTTP"
    port: Port | Literal["traffic-port"] = "traffic-port"
    path: Annotated[str, Meta(min_length=1, max_length=1024, description="Starts with '/'; may hold a query.")] = "/"
    interval_seconds: Annotated[Number | None, Meta(description="5-300, default 30.")] = None
    interval: Annotated[Number | str | None, Meta(description="Shorthand for interval_seconds: 30s.")] = None
    timeout_seconds: Annotated[Number | None, Meta(description="2-120, below the interval; default 5.")] = None
    timeout: Annotated[Number | str | None, Meta(description="Shorthand for timeout_seconds: 5s.")] = None
    healthy_threshold_count: Annotated[int | None, Meta(description="2-10, default 5.")] = None
    healthy: Annotated[int | None, Meta(description="Shorthand for healthy_threshold_count.")] = None
    unhealthy_threshold_count: Annotated[int | None, Meta(description="2-10, default 2.")] = None
    unhealthy: Annotated[int | None, Meta(description="Shorthand for unhealthy_threshold_count.")] = None
    matcher: Annotated[
        str | int | MatcherEntry, Meta(description="Codes that pass: '200', '200,202', '200-299'; 200-499.")
    ] = "200"


class TargetEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A target: exactly one of `url`, `run`, `sample`, `target`."""

    url: Annotated[str | None, Meta(description="http(s)://host:port of a process that you run.")] = None
    run: Annotated[str | None, Meta(description="A command that simlb starts; {port} is its port.")] = None
    sample: Annotated[str | None, Meta(description="A target shipped with simlb.")] = None
    target: Annotated[str | None, Meta(description="The name of a target defined elsewhere in the file.")] = None
    name: Annotated[str | None, Meta(description="Default: i-01, i-02 ...")] = None
    instance: Annotated[
        str | None,
        Meta(description="In a group of type instance: the name its instance id is made of. Default: the target's."),
    ] = None
    port: Annotated[
        Port | None,
        Meta(
            description="run, sample: where it listens, by default on a free port. "
            "target: another port at the same address."
        ),
    ] = None
    env: Annotated[dict[str, str | int | float | bool], Meta(description="run, sample: environment variables.")] = (
        field(default_factory=dict)
    )
    cwd: Annotated[str | None, Meta(description="run: working directory. Default: this file's folder.")] = None


class TargetGroupEntry(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Targets with a common health check. It may belong to one load balancer only."""

    name: Annotated[str, Meta(description="1-32 letters, digits, hyphens.")]
    protocol: Literal["HTTP", "HTTPS"] = "HTTP"
    protocol_version: Literal["HTTP1", "HTTP2", "GRPC"] = "HTTP1"
    target_type: Literal["ip", "instance", "lambda", "alb"] = "ip"
    port: Annotated[Port | None, Meta(description="As in AWS; every target has its own. Default: 80, or 443.")] = None
    health_check: HealthCheckEntry = field(default_factory=HealthCheckEntry)
    attributes: AttributeValues = field(default_factory=dict)
    retry_on_connect_failure: Annotated[
        bool, Meta(description="simlb's own: try the other targets when one cannot be connected to. AWS does not.")
    ] = False
    fail_open_while_initial: Annotated[
        bool, Meta(description="simlb's own: send traffic while all targets are still initial, instead of 503.")
    ] = False
    targets: list[TargetEntry] = field(default_factory=list)


class ConfigFile(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A simlb configuration."""

    simlb: Annotated[Literal["config/1"], Meta(description="The version of this format.")]
    region: Annotated[str, Meta(description="AWS region, as it appears in ARNs and names.")] = "ap-northeast-2"
    speed: Annotated[float, Meta(gt=0, le=1000, description="Load-balancer seconds in a real second.")] = 1.0
    control_port: Annotated[int, Meta(ge=0, le=65535, description="Port of the control API; 0: any free one.")] = 8089
    dns_port: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(description="Port of the DNS server; 0: any free one. Default: one, with the first hosted zone."),
    ] = None
    foreign_ids: Annotated[
        Literal["refuse", "accept"],
        Meta(description="Subnets, security groups and VPCs of API calls that are found nowhere: accept takes any."),
    ] = "refuse"
    foreign_endpoint: Annotated[
        str | None,
        Meta(description="Where ids that are not simlb's are looked up: another EC2, such as http://127.0.0.1:5000."),
    ] = None
    strict: Annotated[bool, Meta(description="false allows health-check values below AWS's limits.")] = True
    explain_header: Annotated[
        bool, Meta(description="simlb's own: answers to requests with 'X-Simlb-Explain: 1' say why in a header.")
    ] = False
    allow_targets: Annotated[list[str], Meta(description="Networks beyond loopback that targets may be in.")] = field(
        default_factory=list
    )
    keep_bodies: Annotated[
        int | str, Meta(description="How much of each request's body is kept for 'simlb replay': 64k; at most 1m.")
    ] = 0
    load_balancers: list[LoadBalancerEntry]
    target_groups: list[TargetGroupEntry] = field(default_factory=list)


NOT_YET: Mapping[type[msgspec.Struct], Mapping[str, str]] = {
    ConfigFile: {"azs": ""},
    LoadBalancerEntry: {
        "subnets": "",
        "subnet_mappings": "",
        "availability_zones": "",
        "security_groups": "write one security group: security_group: {inbound: [80, 443]}",
        "type": "every load balancer is an application load balancer",
    },
    ListenerEntry: {
        "alpn_policy": "",
    },
    ForwardAction: {
        "forward_config": "write target_groups and target_group_stickiness_config in the action itself",
        "target_group_arn": "write target_group: NAME",
    },
    WeightedTargetGroupEntry: {"target_group_arn": "write target_group: NAME"},
    HealthCheckEntry: {"enabled": "health checks are always on, as in AWS for instances and addresses"},
    MatcherEntry: {"grpc_code": ""},
    TargetGroupEntry: {"vpc_id": "", "ip_address_type": "", "target_control_port": ""},
    TargetEntry: {
        "availability_zone": "",
        "az": "",
        "weight": "",
        "fake": "there are sample targets: sample: echo",
    },
}
"""Keys that elbv2 or people's habits have and this version has not, each with a hint: "not supported yet" (E505)."""

_ALGORITHM = "attributes: {load_balancing.algorithm.type: least_outstanding_requests}"
_ANOMALY_MITIGATION = (
    "attributes: {load_balancing.algorithm.type: weighted_random, load_balancing.algorithm.anomaly_mitigation: on}"
)

ELSEWHERE: Mapping[type[msgspec.Struct], Mapping[str, str]] = {
    TargetGroupEntry: {
        "stickiness": "attributes: {stickiness.enabled: true}",
        "slow_start": "attributes: {slow_start.duration_seconds: 30}",
        "deregistration_delay": "attributes: {deregistration_delay.timeout_seconds: 60}",
        "algorithm": _ALGORITHM,
        "load_balancing_algorithm_type": _ALGORITHM,
        "anomaly_mitigation": _ANOMALY_MITIGATION,
        "load_balancing_anomaly_mitigation": _ANOMALY_MITIGATION,
        "target_group_health": (
            "attributes: {target_group_health.unhealthy_state_routing.minimum_healthy_targets.count: 2}"
        ),
        "health_check_protocol": "health_check: {protocol: HTTP}",
        "health_check_port": "health_check: {port: traffic-port}",
        "health_check_path": "health_check: {path: /health}",
        "health_check_interval_seconds": "health_check: {interval_seconds: 30}",
        "health_check_timeout_seconds": "health_check: {timeout_seconds: 5}",
        "healthy_threshold_count": "health_check: {healthy_threshold_count: 5}",
        "unhealthy_threshold_count": "health_check: {unhealthy_threshold_count: 2}",
        "matcher": 'health_check: {matcher: "200-299"}',
    },
}
"""Keys that people write where other tools have them, each with what to write here."""
