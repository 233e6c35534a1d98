"""Security groups: what there is, creating, deleting. Their rules: `security_group_rules`."""

from __future__ import annotations

import re

from simlb.controlplane.ec2.call import Ec2Call, Handlers, Result, invalid_value, missing, users
from simlb.controlplane.ec2.network import no_vpc
from simlb.controlplane.ec2.permissions import Groups, permission_set
from simlb.controlplane.ec2.references import group_named, group_of, no_group
from simlb.controlplane.ec2.selection import Item, described, tag_set
from simlb.controlplane.ec2.tags import put_tags, read_tag_specifications
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import Answer
from simlb.core import ids
from simlb.core.security_groups import (
    DEFAULT_NAME,
    NamedSecurityGroup,
    SecurityGroupRule,
    default_security_group,
    file_security_groups,
)

GROUPS_MAX = 2500
"""Security groups of a region (AWS's default quota)."""

_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def describe_security_groups(call: Ec2Call) -> Result:
    """All of them, or those of given ids or names."""
    groups = call.security_groups()
    wanted = {group_named(groups, name).id for name in call.texts("GroupName")}
    items = [_item(call, group, groups) for group in groups.values() if not wanted or group.id in wanted]
    return described(
        call,
        "securityGroupInfo",
        items,
        filters=(
            "description",
            "group-id",
            "group-name",
            "owner-id",
            "vpc-id",
            *(f"{prefix}{name}" for prefix in ("ip-permission.", "egress.ip-permission.") for name in _RULE_FILTERS),
        ),
        ids="GroupId",
        not_found=no_group,
    )


def create_security_group(call: Ec2Call) -> Answer:
    """A new one that lets nobody in."""
    name, description = call.required("GroupName"), call.required("GroupDescription")
    vpc = call.text("VpcId")
    if vpc and vpc != ids.vpc_id(call.region):
        raise no_vpc(vpc)
    if name == DEFAULT_NAME:
        raise QueryError("InvalidParameterValue", f"Cannot use reserved security group name: {name}")
    if name.lower().startswith("sg-"):
        raise invalid_value("GroupName", name, "Group names may not be in the format sg-*")
    for parameter, value in (("GroupName", name), ("GroupDescription", description)):
        if _TEXT.fullmatch(value) is None:
            raise invalid_value(
                parameter, value, "Valid are up to 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*"
            )
    tags = read_tag_specifications(call, "security-group")
    group_id = ids.named_security_group_id(call.region, name)
    group = NamedSecurityGroup(id=group_id, region=call.region, name=name, description=description)

    def create(draft: Draft) -> Result:
        groups = draft.changes.all_security_groups(draft.file, call.region)
        if any(present.name == name for present in groups.values()):
            raise QueryError(
                "InvalidGroup.Duplicate",
                f"The security group '{name}' already exists for VPC '{ids.vpc_id(call.region)}'",
            )
        if len(groups) >= GROUPS_MAX:
            raise QueryError("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
        draft.put_security_group(group)
        put_tags(draft, group.id, tags)
        return {"groupId": group.id, "tagSet": tag_set(tags), "securityGroupArn": _arn(call, group)}

    return call.change(create)


def delete_security_group(call: Ec2Call) -> Answer:
    """Delete one that no load balancer and no other group names."""
    if not (call.text("GroupId") or call.text("GroupName")):
        raise missing("GroupName or GroupId")

    def delete(draft: Draft) -> Result:
        groups = draft.changes.all_security_groups(draft.file, call.region)
        group = group_of(call, groups)
        if group.id == default_security_group(call.region).id:
            raise QueryError(
                "CannotDelete", f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
            )
        if users(draft, group.id) or any(_names(other, group.id) for other in groups.values()):
            raise QueryError("DependencyViolation", f"resource {group.id} has a dependent object")
        if any(group.id == own.id for own in file_security_groups(draft.file)):
            raise QueryError(
                "OperationNotPermitted",
                f"The security group {group.id} is that of a load balancer in the configuration file, and stays there.",
            )
        draft.remove_security_group(group.id)
        put_tags(draft, group.id, {})
        return {"return": True, "groupId": group.id}

    return call.change(delete)


_RULE_FILTERS = ("cidr", "ipv6-cidr", "from-port", "to-port", "protocol", "group-id", "group-name")


def _item(call: Ec2Call, group: NamedSecurityGroup, groups: Groups) -> Item:
    tags = call.tags(group.id)
    vpc = ids.vpc_id(call.region)
    facts = {
        "description": (group.description,),
        "group-id": (group.id,),
        "group-name": (group.name,),
        "owner-id": (ids.ACCOUNT,),
        "vpc-id": (vpc,),
    }
    for prefix, rules in (("ip-permission.", group.rules), ("egress.ip-permission.", group.outbound)):
        for rule in rules:
            for name, value in _rule_facts(rule, groups):
                facts[prefix + name] = (*facts.get(prefix + name, ()), value)
    return Item(
        id=group.id,
        facts=facts,
        tags=tags,
        shown={
            "ownerId": ids.ACCOUNT,
            "groupId": group.id,
            "groupName": group.name,
            "groupDescription": group.description,
            "vpcId": vpc,
            "securityGroupArn": _arn(call, group),
            "ipPermissions": permission_set(group.rules),
            "ipPermissionsEgress": permission_set(group.outbound),
            "tagSet": tag_set(tags),
        },
    )


def _rule_facts(rule: SecurityGroupRule, groups: Groups) -> list[tuple[str, str]]:
    facts = [("protocol", rule.protocol)]
    if rule.from_port is not None:
        facts += [("from-port", str(rule.from_port)), ("to-port", str(rule.to_port))]
    if rule.is_of_group:
        facts.append(("group-id", rule.source))
        if rule.source in groups:
            facts.append(("group-name", groups[rule.source].name))
    else:
        facts.append(("ipv6-cidr" if ":" in rule.source else "cidr", rule.source))
    return facts


def _names(other: NamedSecurityGroup, group_id: str) -> bool:
    return other.id != group_id and any(rule.source == group_id for rule in (*other.rules, *other.outbound))


def _arn(call: Ec2Call, group: NamedSecurityGroup) -> str:
    return f"arn:aws:ec2:{call.region}:{ids.ACCOUNT}:security-group/{group.id}"


HANDLERS: Handlers = {
    "DescribeSecurityGroups": describe_security_groups,
    "CreateSecurityGroup": create_security_group,
    "DeleteSecurityGroup": delete_security_group,
}
