"""`IpPermissions` of calls as rules of security groups, and rules as the API shows them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simlb.controlplane.ec2.call import Ec2Call, Result, invalid_value, missing
from simlb.controlplane.ec2.network import no_prefix_list
from simlb.controlplane.ec2.references import find_group, group_named
from simlb.controlplane.query.errors import QueryError
from simlb.core import ids
from simlb.core.security_groups import ALL, NamedSecurityGroup, SecurityGroupRule

Groups = Mapping[str, NamedSecurityGroup]

_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_WITH_PORTS = ("tcp", "udp")
_ICMP = ("icmp", "icmpv6")
_PORT_MAX = 65535
_PROTOCOL_MAX = 255
_DESCRIPTION_MAX = 255


def read_rules(call: Ec2Call, groups: Groups) -> list[SecurityGroupRule]:
    """The rules that a call names, in either way. Raises QueryError when there are none, or one cannot be."""
    permissions = list(call.parameters.get("IpPermissions") or ())
    legacy = {name: call.parameters[name] for name in _LEGACY if call.parameters.get(name) not in (None, "")}
    if permissions and legacy:
        raise QueryError(
            "InvalidParameterCombination",
            f"The parameter ipPermissions may not be used with {min(legacy)}",
        )
    if legacy:
        permissions = [_of_legacy(legacy)]
    rules = [rule for permission in permissions for rule in read_permission(permission, groups)]
    if not rules:
        raise missing("IpPermissions")
    seen = set()
    for rule in rules:
        if rule.key in seen:
            raise QueryError("InvalidParameterValue", "The same permission must not appear multiple times")
        seen.add(rule.key)
    return rules


def permission_set(rules: Iterable[SecurityGroupRule]) -> list[Result]:
    """`IpPermissions`: rules for the same protocol and ports are one item."""
    items: dict[tuple[str, int | None, int | None], Result] = {}
    for rule in rules:
        item = items.setdefault(
            (rule.protocol, rule.from_port, rule.to_port),
            {
                "ipProtocol": rule.protocol,
                "fromPort": rule.from_port,
                "toPort": rule.to_port,
                "groups": [],
                "ipRanges": [],
                "ipv6Ranges": [],
                "prefixListIds": [],
            },
        )
        description = {"description": rule.description} if rule.description else {}
        if rule.is_of_group:
            item["groups"].append({"userId": ids.ACCOUNT, "groupId": rule.source, **description})
        elif ":" in rule.source:
            item["ipv6Ranges"].append({"cidrIpv6": rule.source, **description})
        else:
            item["ipRanges"].append({"cidrIp": rule.source, **description})
    return list(items.values())


def rule_item(group: NamedSecurityGroup, rule: SecurityGroupRule, *, is_egress: bool) -> Result:
    """A rule by itself."""
    source: Result = {"cidrIpv6" if ":" in rule.source else "cidrIpv4": rule.source}
    if rule.is_of_group:
        source = {"referencedGroupInfo": {"groupId": rule.source, "userId": ids.ACCOUNT}}
    return {
        "securityGroupRuleId": rule_id(group, rule, is_egress=is_egress),
        "groupId": group.id,
        "groupOwnerId": ids.ACCOUNT,
        "isEgress": is_egress,
        "ipProtocol": rule.protocol,
        "fromPort": -1 if rule.from_port is None else rule.from_port,
        "toPort": -1 if rule.to_port is None else rule.to_port,
        **source,
        "description": rule.description or None,
    }


def rule_id(group: NamedSecurityGroup, rule: SecurityGroupRule, *, is_egress: bool) -> str:
    """`sgr-0...`, the same whenever the group has that rule, and after it was modified."""
    return rule.id or ids.security_group_rule_id(group.id, "out" if is_egress else "in", *rule.key)


def rule_words(rule: SecurityGroupRule) -> str:
    """As AWS words a rule in messages."""
    peer = f"peer: {rule.source}"
    if rule.protocol == ALL:
        return f"{peer}, ALL, ALLOW"
    if rule.from_port is None:
        return f"{peer}, {rule.protocol.upper()}, ALLOW"
    return f"{peer}, {rule.protocol.upper()}, from port: {rule.from_port}, to port: {rule.to_port}, ALLOW"


_LEGACY = ("IpProtocol", "FromPort", "ToPort", "CidrIp", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId")


def _of_legacy(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if "SourceSecurityGroupName" in given:
        # AWS: for all protocols and ports, whatever stands beside it.
        pair = {"GroupName": given["SourceSecurityGroupName"], "UserId": given.get("SourceSecurityGroupOwnerId", "")}
        return {"IpProtocol": given.get("IpProtocol", ALL), **_ports(given), "Groups": [pair]}
    if "CidrIp" not in given:
        raise missing("CidrIp")
    return {"IpProtocol": given.get("IpProtocol", ""), **_ports(given), "IpRanges": [{"CidrIp": given["CidrIp"]}]}


def _ports(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("FromPort", "ToPort") if name in given}


def read_permission(permission: Mapping[str, Any], groups: Groups) -> Iterator[SecurityGroupRule]:
    """The rules of one permission: as many as it has sources. Raises QueryError when one cannot be."""
    protocol = _protocol(permission.get("IpProtocol") or "")
    first, last = _port_range(protocol, permission.get("FromPort"), permission.get("ToPort"))
    if permission.get("PrefixListIds"):
        raise no_prefix_list(permission["PrefixListIds"][0].get("PrefixListId", ""))
    for source, given in _sources(permission, groups):
        description = check_description(given.get("Description") or "")
        yield SecurityGroupRule(
            protocol=protocol, from_port=first, to_port=last, source=source, description=description
        )


def check_description(text: str) -> str:
    """The same. Raises QueryError InvalidParameterValue when it is too long."""
    if len(text) > _DESCRIPTION_MAX:
        raise invalid_value("Description", text, f"Descriptions have at most {_DESCRIPTION_MAX} characters.")
    return text


def _sources(permission: Mapping[str, Any], groups: Groups) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for given in permission.get("IpRanges") or ():
        yield _network(given.get("CidrIp") or "", 4), given
    for given in permission.get("Ipv6Ranges") or ():
        yield _network(given.get("CidrIpv6") or "", 6), given
    for given in permission.get("Groups") or ():
        owner = given.get("UserId")
        if owner and owner != ids.ACCOUNT:
            raise QueryError("InvalidGroup.NotFound", f"simlb has no groups of the account '{owner}'")
        if given.get("VpcPeeringConnectionId"):
            raise QueryError("UnsupportedOperation", "simlb has one VPC and no peering connections.")
        name, group_id = given.get("GroupName"), given.get("GroupId")
        if not (name or group_id):
            raise missing("GroupId")
        found = find_group(groups, group_id) if group_id else group_named(groups, name)
        yield found.id, given


def _protocol(given: str) -> str:
    if not given:
        raise missing("ipProtocol")
    name = given.lower()
    if name in {"all", ALL}:
        return ALL
    if name in (*_WITH_PORTS, *_ICMP):
        return name
    if not (name.isascii() and name.isdigit() and len(name) <= 3 and int(name) <= _PROTOCOL_MAX):
        raise QueryError("InvalidParameterValue", f"Invalid value '{given}' for IP protocol. Unknown protocol.")
    return _NUMBERS.get(str(int(name)), str(int(name)))


def _port_range(protocol: str, first: int | None, last: int | None) -> tuple[int | None, int | None]:
    if protocol in _ICMP:
        kind, code = -1 if first is None else first, -1 if last is None else last
        for value in (kind, code):
            if not -1 <= value <= _PROTOCOL_MAX:
                raise QueryError("InvalidParameterValue", f"ICMP type or code ({value}) out of range")
        return kind, code
    if protocol not in _WITH_PORTS:
        return None, None  # ports mean nothing to them: AWS passes over what is given
    if first is None or last is None:
        raise QueryError(
            "InvalidParameterValue",
            f"Invalid value 'Must specify both from and to ports with {protocol.upper()}' for portRange.",
        )
    if (first, last) == (-1, -1):
        return 0, _PORT_MAX
    for port in (first, last):
        if not 0 <= port <= _PORT_MAX:
            raise QueryError("InvalidParameterValue", f"{protocol.upper()} port ({port}) out of range")
    if first > last:
        raise QueryError(
            "InvalidParameterValue", f"Invalid {protocol.upper()} port range ({first}-{last}): from is above to"
        )
    return first, last


def _network(text: str, version: int) -> str:
    """In its canonical form: `10.1.2.3/8` is `10.0.0.0/8`."""
    malformed = QueryError("InvalidParameterValue", f"CIDR block {text} is malformed")
    _, slash, bits = text.partition("/")
    if not slash or "." in bits or "%" in text:
        raise malformed  # netmasks and scopes are no CIDR
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise malformed from None
    if network.version != version:
        raise malformed
    return str(network)
