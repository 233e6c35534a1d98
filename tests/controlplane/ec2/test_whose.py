"""Whose a call of EC2 is, simlb's or moto's, and what becomes of lists that both have."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from simlb.controlplane.ec2 import whose
from simlb.controlplane.ec2.service import HANDLERS
from simlb.controlplane.query.errors import QueryError

OWN = {"vpc-own", "subnet-own", "sg-own", "i-own"}


def given(text: str) -> dict[str, str]:
    """`VpcId.1=vpc-own Filter.1.Name=x`."""
    return dict(parse_qsl(text.replace(" ", "&")))


@pytest.mark.parametrize(
    ("action", "parameters", "is_motos"),
    [
        ("DescribeVpcs", "", False),
        ("DescribeVpcs", "VpcId.1=vpc-own", False),
        ("DescribeVpcs", "VpcId.1=vpc-1", True),
        ("DescribeVpcs", "VpcId.1=vpc-1 VpcId.2=vpc-own", False),
        ("DescribeVpcs", "Filter.1.Name=vpc-id Filter.1.Value.1=vpc-1", False),
        ("DescribeTags", "Filter.1.Name=resource-id Filter.1.Value.1=vpc-1", False),
        ("DescribeVpcAttribute", "VpcId=vpc-own", False),
        ("DescribeVpcAttribute", "VpcId=vpc-1", True),
        ("CreateSecurityGroup", "GroupName=a", False),
        ("CreateSecurityGroup", "GroupName=a VpcId=vpc-own", False),
        ("CreateSecurityGroup", "GroupName=a VpcId=vpc-1", True),
        ("DeleteSecurityGroup", "GroupName=a", False),
        ("AuthorizeSecurityGroupIngress", "GroupId=sg-1 CidrIp=10.0.0.0/8", True),
        ("RevokeSecurityGroupIngress", "GroupId=sg-own", False),
        ("CreateTags", "ResourceId.1=subnet-1 ResourceId.2=vpc-1 Tag.1.Key=vpc-own", True),
        ("CreateTags", "ResourceId.1=subnet-own", False),
        ("StopInstances", "InstanceId.1=i-1", False),
        ("DescribeInstances", "InstanceId.1=i-1", False),
    ],
)
def test_one_of_simlbs_operations(action: str, parameters: str, is_motos: bool) -> None:
    assert whose.is_motos(action, given(parameters), OWN) is is_motos


def test_a_change_of_both_is_refused() -> None:
    with pytest.raises(QueryError, match="subnet-own is simlb's and subnet-1 is not: CreateTags takes the ones"):
        whose.is_motos("CreateTags", given("ResourceId.1=subnet-1 ResourceId.2=subnet-own"), OWN)


@pytest.mark.parametrize(
    ("action", "parameters", "their_part"),
    [
        ("DescribeVpcs", "Action=DescribeVpcs", "Action=DescribeVpcs"),
        ("DescribeVpcs", "VpcId.1=vpc-own", None),
        ("DescribeVpcs", "VpcId.1=vpc-own VpcId.2=vpc-1 VpcId.3=vpc-2", "VpcId.1=vpc-1 VpcId.2=vpc-2"),
        ("DescribeSubnets", "MaxResults=5 NextToken=x X-Amz-Date=1", ""),
        ("DescribeSubnets", "Filter.1.Name=vpc-id Filter.1.Value.1=vpc-own", "the same"),
        ("DescribeSecurityGroups", "GroupName.1=web", None),
        ("DescribeTags", "Filter.1.Name=key Filter.1.Value.1=a", "the same"),
        ("DescribeInstances", "", None),
        ("DescribeRegions", "", None),
    ],
)
def test_lists_of_both(action: str, parameters: str, their_part: str | None) -> None:
    part = whose.their_part(action, given(parameters), OWN)
    if their_part is None:
        assert part is None
    else:
        assert part is not None
        assert dict(parse_qsl(part.body.decode())) == given(parameters if their_part == "the same" else their_part)


@pytest.mark.parametrize(
    ("action", "parameters", "touched"),
    [
        ("CreateSubnet", "VpcId=vpc-own CidrBlock=10.0.0.0/24", "vpc-own"),
        ("CreateSubnet", "VpcId=vpc-1", None),
        ("AssociateAddress", "AllocationId=eipalloc-1 InstanceId=i-own", "i-own"),
        ("CreateVpcEndpoint", "VpcId=vpc-1 SecurityGroupId.1=sg-own", "sg-own"),
        ("DescribeNetworkAcls", "Filter.1.Name=vpc-id Filter.1.Value.1=vpc-own", None),
        ("DescribeInstanceAttribute", "InstanceId=i-own", "i-own"),
        ("CreateFlowLogs", "Filter.1.Value.1=vpc-own", "vpc-own"),
    ],
)
def test_what_simlb_owns_is_never_motos(action: str, parameters: str, touched: str | None) -> None:
    if touched is None:
        whose.check_untouched(action, given(parameters), OWN)
    else:
        with pytest.raises(QueryError, match=f"was not carried out: {touched} is simlb's own"):
            whose.check_untouched(action, given(parameters), OWN)


def test_the_tables_name_operations_that_there_are() -> None:
    assert {*whose.LISTS, *whose.NAMING} <= HANDLERS.keys()
    assert whose.REFUSED.keys().isdisjoint(HANDLERS)
