"""Security groups as the API has them: rules, the groups that are always there, and what they let in (reference 8.1).

A load balancer of the configuration file has a group of its own, made of its `security_group`. Each region has the
default group of its VPC, for load balancers that were created without any.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from simlb.core import ids
from simlb.core.model import Configuration, InboundRule, SecurityGroup
from simlb.core.remembered import Remembered

TCP = "tcp"
ALL = "-1"
"""`IpProtocol` of a rule for every protocol and port."""

ANYWHERE = ("0.0.0.0/0", "::/0")
DEFAULT_NAME = "default"
_PORT_MAX = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroupRule:
    """One rule: a protocol, ports, and one source (or, of an outgoing rule, one destination).

    `protocol` is `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1` for all. Ports are those from `from_port` to
    `to_port`, both included; for ICMP they are type and code, and without any they are None. `source` is a network as
    `10.0.0.0/8`, or the id of a security group. `id` is the rule's own, when it is not the one that is made of what it
    says: a rule keeps its id when it is modified.
    """

    protocol: str
    from_port: int | None
    to_port: int | None
    source: str
    description: str = ""
    id: str = ""

    @property
    def key(self) -> tuple[str, int | None, int | None, str]:
        """What makes two rules the same, whatever is written beside them."""
        return self.protocol, self.from_port, self.to_port, self.source

    @property
    def is_of_group(self) -> bool:
        """Whether the source is a security group."""
        return self.source.startswith("sg-")

    def lets_in(self) -> InboundRule | None:
        """What it means for listeners; None when it lets no client in to any.

        Listeners speak TCP. Members of a group are load balancers and instances, and none of them is a client here.
        """
        if self.is_of_group or self.protocol not in {TCP, ALL}:
            return None
        source = ipaddress.ip_network(self.source)
        if self.protocol == ALL or (self.from_port, self.to_port) == (0, _PORT_MAX):
            return InboundRule(port=None, source=source)
        return InboundRule(port=self.from_port, last_port=self.to_port, source=source)


ALLOW_ALL = SecurityGroupRule(protocol=ALL, from_port=None, to_port=None, source=ANYWHERE[0])
ALLOW_ALL_IPV6 = SecurityGroupRule(protocol=ALL, from_port=None, to_port=None, source=ANYWHERE[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSecurityGroup:
    """A security group of its own, which load balancers of its region name by its id. `rules` let in.

    `outbound` is shown and never looked at: simlb does not restrict what load balancers connect to.
    """

    id: str
    region: str
    name: str
    description: str
    rules: tuple[SecurityGroupRule, ...] = ()
    outbound: tuple[SecurityGroupRule, ...] = (ALLOW_ALL,)

    @property
    def inbound(self) -> tuple[InboundRule, ...]:
        """What its rules mean for listeners."""
        return _inbound(self)


@Remembered
def _inbound(group: NamedSecurityGroup) -> tuple[InboundRule, ...]:
    found = (rule.lets_in() for rule in group.rules)
    return tuple(rule for rule in found if rule is not None)


def security_groups(
    file: Configuration, region: str, changed: Mapping[str, NamedSecurityGroup]
) -> dict[str, NamedSecurityGroup]:
    """All security groups of a region by id: the default one, those of the file, and those that the API has made."""
    groups = (default_security_group(region), *file_security_groups(file), *changed.values())
    return {group.id: group for group in groups if group.region == region}


@cache
def default_security_group(region: str) -> NamedSecurityGroup:
    """The default group of the default VPC. In simlb it lets everybody in until its rules are changed."""
    return NamedSecurityGroup(
        id=ids.default_security_group_id(region),
        region=region,
        name=DEFAULT_NAME,
        description="default VPC security group",
        rules=(ALLOW_ALL, ALLOW_ALL_IPV6),
    )


def file_security_groups(file: Configuration) -> Iterator[NamedSecurityGroup]:
    """The group of each load balancer of the configuration file."""
    for balancer in file.load_balancers:
        yield NamedSecurityGroup(
            id=ids.security_group_id(balancer.region, balancer.name),
            region=balancer.region,
            name=f"simlb-{balancer.name}",
            description=f"security_group of load balancer {balancer.name} in the configuration file",
            rules=tuple(dict.fromkeys(_shown(rule) for rule in balancer.security_group.inbound)),
        )


def gate_of(names: tuple[str, ...], groups: Mapping[str, NamedSecurityGroup]) -> SecurityGroup:
    """What security groups let in together. One that is not there lets nobody in."""
    found = (groups[name] for name in names if name in groups)
    return SecurityGroup(inbound=tuple(dict.fromkeys(rule for group in found for rule in group.inbound)))


def _shown(rule: InboundRule) -> SecurityGroupRule:
    last = rule.port if rule.last_port is None else rule.last_port
    return SecurityGroupRule(
        protocol=ALL if rule.port is None else TCP, from_port=rule.port, to_port=last, source=str(rule.source)
    )
