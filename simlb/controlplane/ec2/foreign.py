"""Looking up subnets, security groups and VPCs in somebody else's EC2: what to ask, and what an answer says."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from simlb.controlplane.ec2 import xml
from simlb.controlplane.query.xml_tree import XmlError
from simlb.core.foreign import ForeignSecurityGroup, ForeignSubnet, Origin
from simlb.core.security_groups import ALL, TCP, SecurityGroupRule

VERSION = "2016-11-15"
_PORT_MAX = 65535
_NUMBERS = {"1": "icmp", "6": TCP, "17": "udp", "58": "icmpv6"}


class LookupFailedError(Exception):
    """An answer that is none. The message says why, for people."""


def question(operation: str, name: str, values: Collection[str]) -> bytes:
    """The body of a call that lists what a filter lets through. What is not there is no error of such a call."""
    pairs = [("Action", operation), ("Version", VERSION), ("Filter.1.Name", name)]
    pairs += [(f"Filter.1.Value.{number}", value) for number, value in enumerate(values, 1)]
    return urlencode(pairs).encode()


def read_subnets(body: bytes, wanted: Collection[str], origin: Origin) -> dict[str, ForeignSubnet]:
    """Those of `wanted` in an answer of DescribeSubnets. Raises LookupFailedError."""
    found = (
        ForeignSubnet(
            id=_text(item, "subnetId"), zone=_text(item, "availabilityZone"), vpc=_text(item, "vpcId"), origin=origin
        )
        for item in _items(body, "subnetSet")
    )
    return {subnet.id: subnet for subnet in found if subnet.id in wanted}


def read_groups(body: bytes, wanted: Collection[str], origin: Origin) -> dict[str, ForeignSecurityGroup]:
    """Those of `wanted` in an answer of DescribeSecurityGroups. Raises LookupFailedError."""
    found = (
        ForeignSecurityGroup(
            id=_text(item, "groupId"),
            vpc=item.get("vpcId") or "",
            origin=origin,
            rules=tuple(rule for permission in _list(item, "ipPermissions") for rule in _rules(permission)),
        )
        for item in _items(body, "securityGroupInfo")
    )
    return {group.id: group for group in found if group.id in wanted}


def read_vpcs(body: bytes, wanted: Collection[str]) -> frozenset[str]:
    """Those of `wanted` in an answer of DescribeVpcs. Raises LookupFailedError."""
    return frozenset(_text(item, "vpcId") for item in _items(body, "vpcSet")) & frozenset(wanted)


def _items(body: bytes, member: str) -> list[Mapping[str, Any]]:
    try:
        found = xml.items(body, member)
    except XmlError as error:
        raise LookupFailedError(f"its answer is no XML of EC2's: {error}") from error
    if not all(isinstance(item, dict) for item in found):
        raise LookupFailedError(f"its {member} has items without members")
    return found


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise LookupFailedError(f"its answer has an item without {name}")
    return value


def _list(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = item.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise LookupFailedError(f"the {name} of its answer is no list")
    return value


def _rules(permission: Mapping[str, Any]) -> list[SecurityGroupRule]:
    """One for each source. Prefix lists are passed over: nobody here knows what is in them."""
    protocol = _NUMBERS.get(_text(permission, "ipProtocol"), _text(permission, "ipProtocol"))
    first = last = None
    if protocol != ALL:
        first, last = _number(permission, "fromPort"), _number(permission, "toPort")
    if protocol == TCP and not (first is not None and last is not None and 0 <= first <= last <= _PORT_MAX):
        raise LookupFailedError(f"a rule for {protocol} has the ports {first} to {last}")
    sources = [_network(_text(one, "cidrIp")) for one in _list(permission, "ipRanges")]
    sources += [_network(_text(one, "cidrIpv6")) for one in _list(permission, "ipv6Ranges")]
    sources += [_text(one, "groupId") for one in _list(permission, "groups")]
    return [SecurityGroupRule(protocol=protocol, from_port=first, to_port=last, source=source) for source in sources]


def _number(permission: Mapping[str, Any], name: str) -> int | None:
    text = permission.get(name) or ""
    try:
        return int(text) if text else None
    except (TypeError, ValueError):
        raise LookupFailedError(f"{name} of a rule is {text!r}") from None


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise LookupFailedError(f"a rule lets in {text!r}, which is no network") from None
