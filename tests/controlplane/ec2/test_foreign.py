"""What another EC2 says of its subnets, security groups and VPCs, and answers that say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.controlplane.ec2.foreign import LookupFailedError, question, read_groups, read_subnets, read_vpcs
from simlb.core.foreign import ForeignSubnet

SUBNETS = b"""<?xml version="1.0"?><DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15"><subnetSet>
<item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><availabilityZone>a</availabilityZone><tagSet/></item
><item><subnetId>subnet-2</subnetId><vpcId>vpc-1</vpcId><availabilityZone>b</availabilityZone></item
></subnetSet></DescribeSubnetsResponse>"""


def groups(*permissions: str) -> bytes:
    """An answer with one group."""
    text = "".join(f"<item>{permission}</item>" for permission in permissions)
    return (
        "<R><securityGroupInfo><item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId>"
        f"<ipPermissions>{text}</ipPermissions></item></securityGroupInfo></R>"
    ).encode()


def permission(protocol: str, first: Any, last: Any, **sources: str) -> str:
    """`ipRanges`, `ipv6Ranges` or `groups`, each with what is in its one item."""
    listed = "".join(f"<{name}><item>{source}</item></{name}>" for name, source in sources.items())
    return f"<ipProtocol>{protocol}</ipProtocol><fromPort>{first}</fromPort><toPort>{last}</toPort>{listed}"


def test_the_question() -> None:
    assert question("DescribeSubnets", "subnet-id", ["a&b", "c"]) == (
        b"Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=subnet-id&Filter.1.Value.1=a%26b&Filter.1.Value.2=c"
    )


def test_subnets() -> None:
    assert read_subnets(SUBNETS, ["subnet-2", "subnet-3"], "endpoint") == {
        "subnet-2": ForeignSubnet(id="subnet-2", zone="b", vpc="vpc-1", origin="endpoint")
    }


def test_vpcs() -> None:
    answer = b"<R><vpcSet><item><vpcId>vpc-1</vpcId></item><item><vpcId>vpc-2</vpcId></item></vpcSet></R>"
    assert read_vpcs(answer, ["vpc-1", "vpc-3"]) == {"vpc-1"}
    assert read_vpcs(b"<R><vpcSet/></R>", ["vpc-1"]) == set()
    assert read_vpcs(b"<R/>", ["vpc-1"]) == set()


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (permission("tcp", 80, 81, ipRanges="<cidrIp>10.0.0.0/8</cidrIp>"), [("tcp", 80, 81, "10.0.0.0/8")]),
        (permission("6", 80, 80, ipRanges="<cidrIp>10.1.2.3/8</cidrIp>"), [("tcp", 80, 80, "10.0.0.0/8")]),
        (permission("tcp", 80, 80, ipv6Ranges="<cidrIpv6>::/0</cidrIpv6>"), [("tcp", 80, 80, "::/0")]),
        (permission("tcp", 80, 80, groups="<groupId>sg-2</groupId>"), [("tcp", 80, 80, "sg-2")]),
        (permission("-1", "", "", ipRanges="<cidrIp>0.0.0.0/0</cidrIp>"), [("-1", None, None, "0.0.0.0/0")]),
        (permission("-1", -1, -1, ipRanges="<cidrIp>0.0.0.0/0</cidrIp>"), [("-1", None, None, "0.0.0.0/0")]),
        (permission("icmp", -1, -1, ipRanges="<cidrIp>0.0.0.0/0</cidrIp>"), [("icmp", -1, -1, "0.0.0.0/0")]),
        (permission("tcp", 80, 80, prefixListIds="<prefixListId>pl-1</prefixListId>"), []),
    ],
)
def test_rules(given: str, rules: list[tuple[str, int | None, int | None, str]]) -> None:
    group = read_groups(groups(given), ["sg-1"], "moto")["sg-1"]
    assert [rule.key for rule in group.rules] == rules
    assert all(rule.lets_in() is None or rule.protocol in {"tcp", "-1"} for rule in group.rules)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"<R><securityGroupInfo><item>1</item></securityGroupInfo></R>",
        b"<R><securityGroupInfo><item><vpcId>v</vpcId></item></securityGroupInfo></R>",
        b"<!DOCTYPE r [<!ENTITY e 'x'>]><R>&e;</R>",
        b"<a>" * 40,
        groups("1"),
        groups(permission("", 1, 2)),
        groups(permission("tcp", "", "")),
        groups(permission("tcp", 1, 65536)),
        groups(permission("tcp", "x", 2)),
        groups(permission("tcp", 1, 2, ipRanges="<cidrIp>x</cidrIp>")),
        groups(permission("tcp", 1, 2, ipRanges="<cidrIpv6>::/0</cidrIpv6>")),
        groups("<ipProtocol>tcp</ipProtocol><fromPort><item>1</item></fromPort><toPort>2</toPort>"),
        groups("<ipProtocol><item>tcp</item></ipProtocol>"),
    ],
)
def test_answers_that_are_none(answer: bytes) -> None:
    with pytest.raises(LookupFailedError):
        read_groups(answer, ["sg-1"], "endpoint")
