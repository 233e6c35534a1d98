"""Load balancers, listeners, security groups, and the whole of what an instance serves (reference 1.1, 1.2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Literal

from simlb.core import ids
from simlb.core.attributes import ListenerAttributes, LoadBalancerAttributes
from simlb.core.model.action import Action, ForwardAction
from simlb.core.model.instance import Instance
from simlb.core.model.mutual_authentication import MutualAuthentication
from simlb.core.model.rule import IPNetwork, Rule
from simlb.core.model.target_group import Protocol, TargetGroup
from simlb.core.remembered import Remembered
from simlb.core.ssl_policies import LISTENER_POLICY

IpAddressType = Literal["ipv4", "dualstack"]
"""`IpAddressType` of a load balancer (reference 1.1); its third value, without public IPv4, is refused."""


class Scheme(StrEnum):
    """`Scheme` of a load balancer (reference 1.1)."""

    INTERNET_FACING = "internet-facing"
    INTERNAL = "internal"


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
    The first certificate is the default one. `ssl_policy` and `mutual_authentication` mean something on HTTPS listeners
    only; without the latter clients are not asked for certificates.
    """

    protocol: Protocol
    port: int
    arn: str
    binds: tuple[Bind, ...]
    default_action: Action
    certificates: tuple[Certificate, ...] = ()
    ssl_policy: str = LISTENER_POLICY
    rules: tuple[Rule, ...] = ()
    attributes: ListenerAttributes = field(default_factory=ListenerAttributes)
    mutual_authentication: MutualAuthentication | None = None

    def actions(self) -> Iterator[Action]:
        """Every action a request may meet here, the default one last."""
        for rule in self.rules:
            yield rule.action
        yield self.default_action


@Remembered
def _target_group_names(listener: Listener) -> tuple[str, ...]:
    forwards = (action for action in listener.actions() if isinstance(action, ForwardAction))
    return tuple(dict.fromkeys(entry.target_group for action in forwards for entry in action.target_groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRule:
    """One inbound rule of the security group: a listener port (None = all) from a source network.

    With `last_port` it is for a range of ports that begins with `port`.
    """

    port: int | None
    source: IPNetwork
    last_port: int | None = None

    def covers(self, port: int) -> bool:
        """Whether it is for that port."""
        if self.port is None:
            return True
        return self.port <= port <= (self.port if self.last_port is None else self.last_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """Who may connect to which listener port (reference 8.1). Without a matching rule a client sees a time-out."""

    inbound: tuple[InboundRule, ...] = (
        InboundRule(port=None, source=ipaddress.ip_network("0.0.0.0/0")),
        InboundRule(port=None, source=ipaddress.ip_network("::/0")),
    )

    def networks_for(self, port: int) -> tuple[IPNetwork, ...]:
        """The source networks let in to `port`; empty means that the gate is closed to all."""
        return tuple(rule.source for rule in self.inbound if rule.covers(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """An Application Load Balancer (reference 1.1). `names` are further DNS names that lead to it.

    `name` tells it apart within an instance: see `simlb.core.ids.name_here`.

    `address` is where its listeners are, unless they say otherwise: its own on systems that have enough of them. With
    `ip_address_type` dualstack they are on IPv6 loopback as well.
    """

    name: str
    id: str
    arn: str
    dns_name: str
    region: str
    scheme: Scheme = Scheme.INTERNET_FACING
    attributes: LoadBalancerAttributes = field(default_factory=LoadBalancerAttributes)
    security_group: SecurityGroup = field(default_factory=SecurityGroup)
    names: tuple[str, ...] = ()
    address: str = "127.0.0.1"
    ip_address_type: IpAddressType = "ipv4"
    listeners: tuple[Listener, ...] = ()

    @property
    def is_dualstack(self) -> bool:
        """Whether clients reach it over IPv4 and IPv6."""
        return self.ip_address_type == "dualstack"

    @property
    def aws_name(self) -> str:
        """`LoadBalancerName`, which tells it apart within its region."""
        return ids.aws_name(self.name)

    @property
    def resource(self) -> str:
        """`app/<name>/<id>`: the access log's `elb` field and the `LoadBalancer` dimension."""
        return f"app/{self.aws_name}/{self.id}"

    def target_group_names(self) -> tuple[str, ...]:
        """The target groups that actions of this load balancer name, each once, in their order."""
        return _all_target_group_names(self)


@Remembered
def _all_target_group_names(load_balancer: LoadBalancer) -> tuple[str, ...]:
    listeners = load_balancer.listeners
    return tuple(dict.fromkeys(name for listener in listeners for name in _target_group_names(listener)))


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
    """Everything one instance serves: load balancers, the target groups their actions name, and processes to run.

    `instances` are what API calls may register in target groups of type instance: all targets of the file.
    """

    load_balancers: tuple[LoadBalancer, ...]
    target_groups: Mapping[str, TargetGroup]
    processes: tuple[TargetProcess, ...] = ()
    instances: tuple[Instance, ...] = ()

    def instance(self, instance_id: str) -> Instance | None:
        """The instance of that id, if there is one."""
        return next((each for each in self.instances if each.id == instance_id), None)
