"""Rules of security groups that stay and say something else: other ports, another source, another description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result, missing
from simlb.controlplane.ec2.permissions import Groups, check_description, read_permission, read_rules, rule_id
from simlb.controlplane.ec2.references import group_of
from simlb.controlplane.ec2.security_group_rules import check_direction, duplicate, no_rule, rules_of, with_rules
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer
from simlb.core.security_groups import SecurityGroupRule

_SOURCES = {
    "CidrIpv4": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "PrefixListId": ("PrefixListIds", "PrefixListId"),
    "ReferencedGroupId": ("Groups", "GroupId"),
}
"""How a rule by itself names its source, and where a permission has it."""


def modify_rules(call: Ec2Call) -> Answer:
    """The rules of the call's ids say what the call says, and keep ids and tags. All of them or none, at once."""
    call.required("GroupId")
    given: dict[str, Mapping[str, Any]] = {}
    for each in call.parameters.get("SecurityGroupRule") or ():
        name = each.get("SecurityGroupRuleId") or ""
        if name in given:
            raise QueryError("InvalidParameterValue", f"The security group rule ID '{name}' must not appear twice")
        given[name] = each.get("SecurityGroupRule") or {}
    if not given:
        raise missing("SecurityGroupRule")

    def modify(draft: Draft) -> Result:
        groups = draft.changes.all_security_groups(draft.file, call.region)
        group = group_of(call, groups)
        rest = set(given)
        for is_egress in (False, True):
            rules: list[SecurityGroupRule] = []
            for rule in rules_of(group, is_egress=is_egress):
                name = rule_id(group, rule, is_egress=is_egress)
                if name in given:
                    rest.discard(name)
                    rule = replace(_read(given[name], groups), id=name)
                    check_direction(rule, is_egress=is_egress)
                if any(rule.key == other.key for other in rules):
                    raise duplicate(rule)
                rules.append(rule)
            group = with_rules(group, tuple(rules), is_egress=is_egress)
        if rest:
            raise no_rule(min(rest))
        draft.put_security_group(group)
        return {"return": True}

    return call.change(modify)


def describe_ingress(call: Ec2Call) -> Answer:
    """Other descriptions of rules that let in."""
    return _describe(call, is_egress=False)


def describe_egress(call: Ec2Call) -> Answer:
    """Other descriptions of outgoing rules."""
    return _describe(call, is_egress=True)


def _describe(call: Ec2Call, *, is_egress: bool) -> Answer:
    by_id = call.parameters.get("SecurityGroupRuleDescription") or ()
    if by_id and call.parameters.get("IpPermissions"):
        raise QueryError(
            "InvalidParameterCombination",
            "The parameter securityGroupRuleDescriptions may not be used with ipPermissions",
        )

    def describe(draft: Draft) -> Result:
        groups = draft.changes.all_security_groups(draft.file, call.region)
        group = group_of(call, groups)
        held = {rule_id(group, rule, is_egress=is_egress): rule for rule in rules_of(group, is_egress=is_egress)}
        names = {rule.key: name for name, rule in held.items()}
        for each in by_id:
            name = each.get("SecurityGroupRuleId") or ""
            if name not in held:
                raise no_rule(name)
            held[name] = replace(held[name], description=check_description(each.get("Description") or ""))
        for rule in () if by_id else read_rules(call, groups):
            if rule.key not in names:
                raise QueryError(
                    "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
                )
            name = names[rule.key]
            held[name] = replace(held[name], description=rule.description)
        draft.put_security_group(with_rules(group, tuple(held.values()), is_egress=is_egress))
        return {"return": True}

    return call.change(describe)


def _read(given: Mapping[str, Any], groups: Groups) -> SecurityGroupRule:
    """One rule as a call describes it by itself. Raises QueryError unless it has one source."""
    named = [name for name in _SOURCES if given.get(name)]
    if len(named) != 1:
        raise QueryError("InvalidParameterValue", f"A rule has to have one of {', '.join(_SOURCES)}")
    place, member = _SOURCES[named[0]]
    permission = {name: given[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in given}
    source = {member: given[named[0]], "Description": given.get("Description")}
    (rule,) = read_permission({**permission, place: [source]}, groups)
    return rule


HANDLERS: Handlers = {
    "ModifySecurityGroupRules": modify_rules,
    "UpdateSecurityGroupRuleDescriptionsIngress": describe_ingress,
    "UpdateSecurityGroupRuleDescriptionsEgress": describe_egress,
}
