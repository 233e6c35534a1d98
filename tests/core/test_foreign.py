"""Subnets and security groups that are not simlb's: zones of accepted ones, records, what goes when unused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simlb.core import foreign, ids
from simlb.core.changes import Changes, LoadBalancerFacts
from simlb.core.foreign import ForeignSecurityGroup, ForeignSubnet
from simlb.core.model import Configuration, LoadBalancer, Scheme
from simlb.core.security_groups import ALLOW_ALL, SecurityGroupRule

REGION = "ap-northeast-2"
A, B, C, D = (f"{REGION}{letter}" for letter in "abcd")
OPEN = SecurityGroupRule(protocol="tcp", from_port=80, to_port=90, source="10.0.0.0/8")


def kept(**zones: str) -> dict[str, dict[str, Any]]:
    """Accepted subnets with their zones."""
    return {foreign.SUBNET: {name: {"zone": zone, "vpc": "", "origin": "accepted"} for name, zone in zones.items()}}


@pytest.mark.parametrize(
    ("unknown", "taken", "records", "zones"),
    [
        (["s1", "s2", "s3", "s4"], [], {}, {"s1": A, "s2": B, "s3": C, "s4": D}),
        (["s2", "s1"], [], {}, {"s1": A, "s2": B}),
        (["s1"], [A], {}, {"s1": B}),
        (["s1", "s2"], [B], {}, {"s1": A, "s2": C}),
        # What was accepted before keeps its zone; others come into zones that few have.
        (["s1", "s2"], [], kept(s2=A), {"s2": A, "s1": B}),
        (["s3"], [], kept(s1=A, s2=B), {"s3": C}),
        (["s3", "s1"], [], kept(s1=A, s2=B), {"s1": A, "s3": C}),
        # More than there are zones: they begin again.
        (["s1", "s2", "s3", "s4", "s5"], [], {}, {"s1": A, "s2": B, "s3": C, "s4": D, "s5": A}),
    ],
)
def test_zones_of_accepted_subnets(
    unknown: list[str], taken: list[str], records: dict[str, Any], zones: dict[str, str]
) -> None:
    given = foreign.accepted_subnets(REGION, unknown, taken, records)
    assert {subnet.id: subnet.zone for subnet in given} == zones
    assert {(subnet.vpc, subnet.origin) for subnet in given} == {("", "accepted")}


def test_records_are_read_back() -> None:
    subnet = ForeignSubnet(id="subnet-1", zone=C, vpc="vpc-1", origin="endpoint")
    group = ForeignSecurityGroup(id="sg-1", vpc="vpc-1", origin="moto", rules=(OPEN, ALLOW_ALL))
    assert foreign.subnet_of("subnet-1", foreign.subnet_body(subnet)) == subnet
    assert foreign.group_of("sg-1", foreign.group_body(group)) == group
    assert foreign.vpc_of("arn", {"vpc": "vpc-1"}) == "vpc-1"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"vpc": "", "origin": "moto"},
        {"vpc": "", "origin": "moto", "rules": [], "more": 1},
        {"vpc": 1, "origin": "moto", "rules": []},
        {"vpc": "", "origin": "aws", "rules": []},
        {"vpc": "", "origin": [], "rules": []},
        {"vpc": "", "origin": "moto", "rules": [1]},
        {"vpc": "", "origin": "moto", "rules": [["tcp", 1, 2]]},
        {"vpc": "", "origin": "moto", "rules": [["tcp", None, None, "10.0.0.0/8"]]},
        {"vpc": "", "origin": "moto", "rules": [["tcp", 1, 65536, "10.0.0.0/8"]]},
        {"vpc": "", "origin": "moto", "rules": [["tcp", "1", 2, "10.0.0.0/8"]]},
        {"vpc": "", "origin": "moto", "rules": [["tcp", 1, 2, "everybody"]]},
    ],
)
def test_what_no_call_would_have_kept(body: Any) -> None:
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        foreign.group_of("sg-1", body)


def balancer(name: str) -> LoadBalancer:
    return LoadBalancer(
        name=name,
        id=name,
        arn=ids.load_balancer_arn(REGION, name, name),
        dns_name=f"{name}.test",
        region=REGION,
        scheme=Scheme.INTERNAL,
    )


def named(changes: Changes, **facts: Any) -> Changes:
    """With a load balancer that names something."""
    own = balancer("own")
    return replace(changes, load_balancers={own.arn: own}, facts={own.arn: LoadBalancerFacts(created_at=0, **facts)})


RECORDS: dict[str, dict[str, Any]] = {
    "acm.certificate": {"a": {}},
    foreign.SUBNET: {
        "subnet-1": {"zone": A, "vpc": "vpc-1", "origin": "moto"},
        "subnet-2": {"zone": B, "vpc": "vpc-1", "origin": "moto"},
    },
    foreign.SECURITY_GROUP: {"sg-1": {"vpc": "vpc-1", "origin": "moto", "rules": [["tcp", 80, 90, "10.0.0.0/8"]]}},
    foreign.TARGET_GROUP: {"arn:tg": {"vpc": "vpc-2"}},
}


def test_what_nothing_names_goes() -> None:
    changes = named(Changes(records=RECORDS), subnets=("subnet-1",), security_groups=("sg-1",))
    left = foreign.without_unused(changes)
    assert {kind: set(held) for kind, held in left.records.items()} == {
        "acm.certificate": {"a"},
        foreign.SUBNET: {"subnet-1"},
        foreign.SECURITY_GROUP: {"sg-1"},
    }
    assert foreign.without_unused(left) is left
    assert foreign.used_ids(left) == {"subnet-1", "sg-1", "vpc-1"}
    assert foreign.without_unused(Changes(records=RECORDS)).records.keys() == {"acm.certificate"}
    plain = Changes(records={"acm.certificate": {}})
    assert foreign.without_unused(plain) is plain


def test_rules_of_a_foreign_group_are_in_force() -> None:
    file = Configuration(load_balancers=(), target_groups={})
    (served,) = named(Changes(records=RECORDS), security_groups=("sg-1",)).applied_to(file).load_balancers
    (rule,) = served.security_group.inbound
    assert (rule.port, rule.last_port, str(rule.source)) == (80, 90, "10.0.0.0/8")
    (shut,) = named(Changes(), security_groups=("sg-1",)).applied_to(file).load_balancers
    assert shut.security_group.inbound == ()


def test_what_is_told() -> None:
    own = ids.subnet_id(A)
    assert foreign.zone_of(RECORDS, REGION, own) == A
    assert foreign.zone_of(RECORDS, REGION, "subnet-2") == B
    assert foreign.zone_of(RECORDS, REGION, "subnet-3") is None
    assert foreign.vpc_of_subnets(RECORDS, REGION, ["subnet-1"]) == "vpc-1"
    assert foreign.vpc_of_subnets(RECORDS, REGION, [own]) == ids.vpc_id(REGION)
    assert foreign.vpc_of_target_group(RECORDS, REGION, "arn:tg") == "vpc-2"
    assert foreign.vpc_of_target_group(RECORDS, REGION, "arn:other") == ids.vpc_id(REGION)
