"""Rules of security groups. Inbound ones open and close the listeners of the load balancers that name the group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result
from simlb.controlplane.ec2.permissions import Groups, read_rules, rule_id, rule_item, rule_words
from simlb.controlplane.ec2.references import group_of
from simlb.controlplane.ec2.selection import Item, described, tag_set
from simlb.controlplane.ec2.tags import put_tags, read_tag_specifications
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer
from simlb.core import ids
from simlb.core.security_groups import ALLOW_ALL, ALLOW_ALL_IPV6, NamedSecurityGroup, SecurityGroupRule

RULES_MAX = 60
"""Of one group in one direction (AWS's default quota)."""

_ALLOW_ALL = (ALLOW_ALL.key, ALLOW_ALL_IPV6.key)


def describe_security_group_rules(call: Ec2Call) -> Result:
    """Every rule by itself."""
    return described(
        call,
        "securityGroupRuleSet",
        [_item(call, group, rule, is_egress) for group, rule, is_egress in _all(call.security_groups())],
        filters=("group-id", "security-group-rule-id"),
        ids="SecurityGroupRuleId",
        not_found=no_rule,
    )


def authorize_ingress(call: Ec2Call) -> Answer:
    """Let more in, at once."""
    return _authorize(call, is_egress=False)


def authorize_egress(call: Ec2Call) -> Answer:
    """The rule that allows everything; simlb knows no other."""
    return _authorize(call, is_egress=True)


def revoke_ingress(call: Ec2Call) -> Answer:
    """Let less in, at once. Connections that exist stay."""
    return _revoke(call, is_egress=False)


def revoke_egress(call: Ec2Call) -> Answer:
    """Take the rule that allows everything away: it is no more shown, and load balancers connect all the same."""
    return _revoke(call, is_egress=True)


def _authorize(call: Ec2Call, *, is_egress: bool) -> Answer:
    tags = read_tag_specifications(call, "security-group-rule")

    def authorize(draft: Draft) -> Result:
        groups = draft.changes.all_security_groups(draft.file, call.region)
        group = group_of(call, groups)
        held = rules_of(group, is_egress=is_egress)
        rules = _called(group, held, read_rules(call, groups), is_egress=is_egress)
        keys = {rule.key for rule in held}
        for rule in rules:
            check_direction(rule, is_egress=is_egress)
            if rule.key in keys:
                raise duplicate(rule)
        if len(held) + len(rules) > RULES_MAX:
            raise QueryError(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            )
        draft.put_security_group(with_rules(group, (*held, *rules), is_egress=is_egress))
        for rule in rules:
            put_tags(draft, rule_id(group, rule, is_egress=is_egress), tags)
        shown = [rule_item(group, rule, is_egress=is_egress) for rule in rules]
        return {"return": True, "securityGroupRuleSet": [{**item, "tagSet": tag_set(tags)} for item in shown]}

    return call.change(authorize)


def _revoke(call: Ec2Call, *, is_egress: bool) -> Answer:
    def revoke(draft: Draft) -> Result:
        groups = draft.changes.all_security_groups(draft.file, call.region)
        group = group_of(call, groups)
        held = rules_of(group, is_egress=is_egress)
        gone = _named(call, group, groups, held, is_egress=is_egress)
        rest = tuple(rule for rule in held if rule not in gone)
        draft.put_security_group(with_rules(group, rest, is_egress=is_egress))
        for rule in gone:
            put_tags(draft, rule_id(group, rule, is_egress=is_egress), {})
        return {
            "return": True,
            "unknownIpPermissionSet": [],
            "revokedSecurityGroupRuleSet": [_revoked(group, rule, is_egress=is_egress) for rule in gone],
        }

    return call.change(revoke)


def _named(
    call: Ec2Call, group: NamedSecurityGroup, groups: Groups, held: Iterable[SecurityGroupRule], *, is_egress: bool
) -> list[SecurityGroupRule]:
    """The rules that a call revokes. Raises QueryError when the group does not have one."""
    by_id = {rule_id(group, rule, is_egress=is_egress): rule for rule in held}
    wanted = call.texts("SecurityGroupRuleId")
    if wanted:
        if call.parameters.get("IpPermissions"):
            raise QueryError(
                "InvalidParameterCombination",
                "The parameter securityGroupRuleIds may not be used with ipPermissions",
            )
        for one in wanted:
            if one not in by_id:
                raise no_rule(one)
        return [by_id[one] for one in wanted]
    by_key = {rule.key: rule for rule in by_id.values()}
    rules = read_rules(call, groups)
    for rule in rules:
        if rule.key not in by_key:
            raise QueryError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    return [by_key[rule.key] for rule in rules]


def _all(groups: Groups) -> Iterable[tuple[NamedSecurityGroup, SecurityGroupRule, bool]]:
    for group in groups.values():
        yield from ((group, rule, False) for rule in group.rules)
        yield from ((group, rule, True) for rule in group.outbound)


def _item(call: Ec2Call, group: NamedSecurityGroup, rule: SecurityGroupRule, is_egress: bool) -> Item:
    shown = rule_item(group, rule, is_egress=is_egress)
    name = shown["securityGroupRuleId"]
    tags = call.tags(name)
    arn = f"arn:aws:ec2:{call.region}:{ids.ACCOUNT}:security-group-rule/{name}"
    return Item(
        id=name,
        tags=tags,
        facts={"group-id": (group.id,), "security-group-rule-id": (name,)},
        shown={**shown, "securityGroupRuleArn": arn, "tagSet": tag_set(tags)},
    )


def _revoked(group: NamedSecurityGroup, rule: SecurityGroupRule, *, is_egress: bool) -> Result:
    shown = rule_item(group, rule, is_egress=is_egress)
    del shown["groupOwnerId"]
    referenced = shown.pop("referencedGroupInfo", None)
    return shown if referenced is None else {**shown, "referencedGroupId": referenced["groupId"]}


def _called(
    group: NamedSecurityGroup, held: Iterable[SecurityGroupRule], rules: Iterable[SecurityGroupRule], *, is_egress: bool
) -> list[SecurityGroupRule]:
    """New rules, with ids of their own where a modified one has kept theirs."""
    taken = {rule_id(group, rule, is_egress=is_egress) for rule in held}
    found = []
    for rule in rules:
        name, attempt = rule_id(group, rule, is_egress=is_egress), 0
        while name in taken:
            attempt += 1
            name = ids.security_group_rule_id(group.id, "out" if is_egress else "in", *rule.key, attempt)
        taken.add(name)
        found.append(replace(rule, id=name) if attempt else rule)
    return found


def check_direction(rule: SecurityGroupRule, *, is_egress: bool) -> None:
    """Raise QueryError for an outgoing rule that would have to restrict something."""
    if is_egress and rule.key not in _ALLOW_ALL:
        raise QueryError(
            "UnsupportedOperation",
            "simlb does not restrict what load balancers connect to: of outgoing rules it has only the one "
            f"for everything, and not {rule_words(rule)}",
        )


def duplicate(rule: SecurityGroupRule) -> QueryError:
    """The group has it."""
    return QueryError("InvalidPermission.Duplicate", f'the specified rule "{rule_words(rule)}" already exists')


def rules_of(group: NamedSecurityGroup, *, is_egress: bool) -> tuple[SecurityGroupRule, ...]:
    """Those of one direction."""
    return group.outbound if is_egress else group.rules


def with_rules(
    group: NamedSecurityGroup, rules: tuple[SecurityGroupRule, ...], *, is_egress: bool
) -> NamedSecurityGroup:
    """The group with others in one direction."""
    return replace(group, outbound=rules) if is_egress else replace(group, rules=rules)


def no_rule(name: str) -> QueryError:
    """There is no rule of that id."""
    if not name.startswith("sgr-"):
        return QueryError("InvalidSecurityGroupRuleId.Malformed", f'Invalid id: "{name}" (expecting "sgr-...")')
    return QueryError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{name}' does not exist")


HANDLERS: Handlers = {
    "DescribeSecurityGroupRules": describe_security_group_rules,
    "AuthorizeSecurityGroupIngress": authorize_ingress,
    "AuthorizeSecurityGroupEgress": authorize_egress,
    "RevokeSecurityGroupIngress": revoke_ingress,
    "RevokeSecurityGroupEgress": revoke_egress,
}
