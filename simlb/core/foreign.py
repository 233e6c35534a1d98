"""Subnets, security groups and VPCs that are not simlb's: what is known of them, for those that something names.

They were made on another endpoint, or nowhere at all. What is kept of one is as of the call that named it; it is in
the records of a state, beside what names it, and goes when nothing names it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from simlb.core import ids
from simlb.core.security_groups import ALLOW_ALL, ALLOW_ALL_IPV6, TCP, NamedSecurityGroup, SecurityGroupRule

if TYPE_CHECKING:
    from simlb.core.changes import Changes

SUBNET = "ec2.foreign-subnet"
SECURITY_GROUP = "ec2.foreign-security-group"
TARGET_GROUP = "elbv2.foreign-target-group"
"""Kinds of records: by subnet id, by group id, and, for the VPC of a target group, by its ARN."""

Origin = Literal["moto", "endpoint", "accepted"]
"""Where it was found; `accepted` was found nowhere and taken as it is."""
Records = Mapping[str, Mapping[str, Any]]
PORT_MAX = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSubnet:
    """A subnet: its zone by name, and its VPC; an accepted one has a zone that simlb gave it, and no VPC ("")."""

    id: str
    zone: str
    vpc: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignSecurityGroup:
    """A security group with its inbound rules. An accepted one lets everybody in."""

    id: str
    vpc: str
    origin: Origin
    rules: tuple[SecurityGroupRule, ...]

    @property
    def named(self) -> NamedSecurityGroup:
        """As load balancers have it."""
        return NamedSecurityGroup(id=self.id, region="", name=self.id, description="", rules=self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """What was found of the ids that a call names: subnets and groups by id, and which VPCs there are."""

    subnets: Mapping[str, ForeignSubnet] = field(default_factory=dict)
    security_groups: Mapping[str, ForeignSecurityGroup] = field(default_factory=dict)
    vpcs: frozenset[str] = frozenset()

    def joined(self, other: Foreign) -> Foreign:
        """Both together."""
        return Foreign(
            subnets={**self.subnets, **other.subnets},
            security_groups={**self.security_groups, **other.security_groups},
            vpcs=self.vpcs | other.vpcs,
        )


NOTHING = Foreign()


def accepted_group(group_id: str) -> ForeignSecurityGroup:
    """One that nobody knows anything of."""
    return ForeignSecurityGroup(id=group_id, vpc="", origin="accepted", rules=(ALLOW_ALL, ALLOW_ALL_IPV6))


def accepted_subnets(
    region: str, unknown: Iterable[str], taken: Iterable[str], records: Records
) -> list[ForeignSubnet]:
    """Zones for subnets that nobody knows: one after the other in the order of the ids, those first that few have.

    `taken` are the zones of the other subnets of the call. Those that `records` have keep their zone.
    """
    held = [subnet_of(one, body) for one, body in records.get(SUBNET, {}).items()]
    uses = dict.fromkeys(ids.zones(region), 0)
    here = dict.fromkeys(ids.zones(region), 0)
    for subnet in held:
        if subnet.origin == "accepted" and subnet.zone in uses:
            uses[subnet.zone] += 1
    for zone in taken:
        if zone in here:
            here[zone] += 1
    found = {subnet.id: subnet for subnet in held if subnet.origin == "accepted"}
    given = []
    for one in sorted(set(unknown), key=lambda one: (one not in found, one)):
        if one in found:
            subnet = found[one]
        else:
            zone = min(uses, key=lambda zone: (here[zone], uses[zone]))
            subnet = ForeignSubnet(id=one, zone=zone, vpc="", origin="accepted")
            uses[zone] += 1
        here[subnet.zone] = here.get(subnet.zone, 0) + 1
        given.append(subnet)
    return given


# -- records -----------------------------------------------------------------------------------------------------------


def subnet_body(subnet: ForeignSubnet) -> dict[str, Any]:
    """A record of it."""
    return {"zone": subnet.zone, "vpc": subnet.vpc, "origin": subnet.origin}


def subnet_of(subnet_id: str, body: Any) -> ForeignSubnet:
    """Back from its record. Raises KeyError, TypeError or ValueError for what is none."""
    zone, vpc, origin = _members(body, "zone", "vpc", "origin")
    return ForeignSubnet(id=subnet_id, zone=_text(zone), vpc=_text(vpc), origin=_origin(origin))


def group_body(group: ForeignSecurityGroup) -> dict[str, Any]:
    """A record of it."""
    rules = [[rule.protocol, rule.from_port, rule.to_port, rule.source] for rule in group.rules]
    return {"vpc": group.vpc, "origin": group.origin, "rules": rules}


def group_of(group_id: str, body: Any) -> ForeignSecurityGroup:
    """Back from its record. Raises KeyError, TypeError or ValueError for what is none."""
    vpc, origin, rules = _members(body, "vpc", "origin", "rules")
    return ForeignSecurityGroup(
        id=group_id, vpc=_text(vpc), origin=_origin(origin), rules=tuple(_rule(*rule) for rule in rules)
    )


def vpc_of(_: str, body: Any) -> str:
    """The VPC that the record of a target group has. Raises KeyError, TypeError or ValueError for what is none."""
    (vpc,) = _members(body, "vpc")
    return _text(vpc)


def _rule(protocol: Any, first: Any, last: Any, source: Any) -> SecurityGroupRule:
    rule = SecurityGroupRule(protocol=_text(protocol), from_port=first, to_port=last, source=_text(source))
    ports = [port for port in (first, last) if port is not None]
    if not all(isinstance(port, int) and -1 <= port <= PORT_MAX for port in ports):
        raise ValueError(f"{first} to {last} are no ports")
    if rule.protocol == TCP and len(ports) < 2:
        raise ValueError("a rule for tcp has ports")
    rule.lets_in()  # which reads the network
    return rule


def _members(body: Any, *names: str) -> list[Any]:
    if body.keys() != set(names):
        raise KeyError(*names)
    return [body[name] for name in names]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _origin(value: Any) -> Origin:
    if value not in get_args(Origin):
        raise ValueError(f"{value!r} is none of {', '.join(get_args(Origin))}")
    origin: Origin = value
    return origin


def named_groups(records: Records, names: Iterable[str]) -> dict[str, NamedSecurityGroup]:
    """Those of these security groups that are foreign, by id."""
    held = records.get(SECURITY_GROUP)
    return {name: group_of(name, held[name]).named for name in names if name in held} if held else {}


# -- what is told of them ----------------------------------------------------------------------------------------------


def zone_of(records: Records, region: str, subnet: str) -> str | None:
    """The zone of a subnet, simlb's or foreign; None for one that is neither."""
    held = records.get(SUBNET, {}).get(subnet)
    return ids.zone_of(region, subnet) if held is None else held["zone"]


def vpc_of_subnets(records: Records, region: str, subnets: Iterable[str]) -> str:
    """The VPC that these are in: the first that is known, or simlb's own."""
    held = records.get(SUBNET, {})
    found = (held[subnet]["vpc"] for subnet in subnets if subnet in held)
    return next(filter(None, found), ids.vpc_id(region))


def vpc_of_target_group(records: Records, region: str, arn: str) -> str:
    """The VPC that a target group was created in."""
    held = records.get(TARGET_GROUP, {}).get(arn)
    return ids.vpc_id(region) if held is None else held["vpc"]


def used_ids(changes: Changes) -> set[str]:
    """Every foreign id that a load balancer or target group names, VPCs included."""
    records = changes.records
    used = {one for facts in changes.facts.values() for one in (*facts.subnets, *facts.security_groups)}
    found = {one for kind in (SUBNET, SECURITY_GROUP) for one in records.get(kind, {}) if one in used}
    vpcs = {
        records[kind][one]["vpc"] for kind in (SUBNET, SECURITY_GROUP) for one in records.get(kind, {}) if one in used
    }
    vpcs |= {body["vpc"] for body in records.get(TARGET_GROUP, {}).values()}
    return found | (vpcs - {""})


def without_unused(changes: Changes) -> Changes:
    """Without records of what nothing names any more. The same object when there are none."""
    records = changes.records
    if records.keys().isdisjoint((SUBNET, SECURITY_GROUP, TARGET_GROUP)):
        return changes
    used = {
        SUBNET: {one for facts in changes.facts.values() for one in facts.subnets},
        SECURITY_GROUP: {one for facts in changes.facts.values() for one in facts.security_groups},
        TARGET_GROUP: changes.target_groups.keys(),
    }
    kept = dict(records)
    for kind, names in used.items():
        held = {one: body for one, body in records.get(kind, {}).items() if one in names}
        if held:
            kept[kind] = held
        else:
            kept.pop(kind, None)
    if {kind: kept.get(kind, {}).keys() for kind in used} == {kind: records.get(kind, {}).keys() for kind in used}:
        return changes
    return replace(changes, records=kept)
