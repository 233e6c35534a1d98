"""Whose a call of EC2 is: simlb's, or moto's. What simlb owns is never moto's to show or change.

simlb has a part of the operations; all others are moto's. Of its own operations, those that name a resource are moto's
when moto runs and simlb has no such resource; those that list show what both have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from simlb.controlplane.query.errors import QueryError

LISTS: Mapping[str, tuple[str, str]] = {
    "DescribeVpcs": ("VpcId", "vpcSet"),
    "DescribeSubnets": ("SubnetId", "subnetSet"),
    "DescribeInternetGateways": ("InternetGatewayId", "internetGatewaySet"),
    "DescribeRouteTables": ("RouteTableId", "routeTableSet"),
    "DescribeNetworkInterfaces": ("NetworkInterfaceId", "networkInterfaceSet"),
    "DescribeSecurityGroups": ("GroupId", "securityGroupInfo"),
    "DescribeSecurityGroupRules": ("SecurityGroupRuleId", "securityGroupRuleSet"),
    "DescribeTags": ("", "tagSet"),
}
"""Operations that list what both have: the parameter with ids, the list in the answer."""

NAMING: Mapping[str, str] = {
    "DescribeVpcAttribute": "VpcId",
    "CreateSecurityGroup": "VpcId",
    "DeleteSecurityGroup": "GroupId",
    "AuthorizeSecurityGroupIngress": "GroupId",
    "AuthorizeSecurityGroupEgress": "GroupId",
    "RevokeSecurityGroupIngress": "GroupId",
    "RevokeSecurityGroupEgress": "GroupId",
    "CreateTags": "ResourceId",
    "DeleteTags": "ResourceId",
}
"""Operations of simlb's that are moto's for a resource that simlb does not have: the parameter that names it."""

REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("CreateFleet", "ImportInstance", "RequestSpotFleet", "RequestSpotInstances", "RunScheduledInstances"),
        "instances are the targets of the configuration file, and no others would carry traffic",
    ),
    **dict.fromkeys(
        ("CreateDefaultVpc", "CreateDefaultSubnet"), "the default VPC and its subnets are simlb's, and always there"
    ),
}
"""Operations that would make a second truth beside simlb's, and why they are nobody's."""

RULE_CHANGES = frozenset({"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "ModifySecurityGroupRules"})
"""Operations after which a security group of moto's lets others in."""

_PAGES = ("MaxResults", "NextToken")
_READING = "Describe"


def values_of(given: Mapping[str, str], name: str) -> list[str]:
    """The values of a parameter, be it a list (`VpcId.1`) or not."""
    return [value for key, value in given.items() if key == name or key.startswith(f"{name}.")]


def is_motos(action: str, given: Mapping[str, str], own: Collection[str]) -> bool:
    """Whether a call of one of simlb's operations names only what simlb does not have.

    Raises QueryError for a change of both.
    """
    named = LISTS[action][0] if action in LISTS else NAMING.get(action)
    if not named:
        return False
    wanted = {value for value in values_of(given, named) if value}
    theirs = wanted - set(own)
    if not theirs:
        return False
    if theirs != wanted:
        if action in LISTS:
            return False
        raise QueryError(
            "UnsupportedOperation",
            f"{min(wanted - theirs)} is simlb's and {min(theirs)} is not: {action} takes the ones or the others.",
        )
    return True


def check_untouched(action: str, given: Mapping[str, str], own: Collection[str]) -> None:
    """Raise QueryError for a call of moto's that names what is simlb's. Filters of lists may."""
    is_reading = action.startswith(_READING)
    values = {value for key, value in given.items() if not (is_reading and key.startswith("Filter."))}
    if touched := values & set(own):
        raise QueryError(
            "UnsupportedOperation",
            f"{action} of EC2 was not carried out: {min(touched)} is simlb's own, and this operation is answered by "
            "moto, which does not have it.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirPart:
    """What moto is to be asked for a list of both: the body of that call; `member` is the list in its answer."""

    body: bytes
    member: str


def their_part(action: str, given: Mapping[str, str], own: Collection[str]) -> TheirPart | None:
    """None where a list is simlb's alone. See `is_motos` for one that is moto's alone."""
    if action not in LISTS:
        return None
    ids, member = LISTS[action]
    # By name security groups are those of the default VPC, as in AWS.
    if action == "DescribeSecurityGroups" and values_of(given, "GroupName"):
        return None
    wanted = values_of(given, ids) if ids else []
    if wanted and not set(wanted) - set(own):
        return None
    return TheirPart(body=urlencode(list(_theirs(given, ids, own))).encode(), member=member)


def _theirs(given: Mapping[str, str], ids: str, own: Collection[str]) -> Iterator[tuple[str, str]]:
    number = 0
    for key, value in given.items():
        if key in _PAGES or key.startswith("X-Amz-"):
            continue
        if ids and (key == ids or key.startswith(f"{ids}.")):
            if value not in own:
                number += 1
                yield f"{ids}.{number}", value
        else:
            yield key, value
