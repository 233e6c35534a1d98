"""What the rules of security groups mean for listeners, and whose they are (reference 8.1)."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from simlb.core import ids
from simlb.core.changes import Changes, LoadBalancerFacts
from simlb.core.model import Configuration, InboundRule, LoadBalancer, SecurityGroup
from simlb.core.security_groups import ALLOW_ALL, NamedSecurityGroup, SecurityGroupRule, security_groups

REGION = "eu-west-1"
ANY = "0.0.0.0/0"
ANYBODY = ipaddress.ip_network(ANY)
OWN = ids.security_group_id(REGION, "shop")
SHOP = LoadBalancer(
    name="shop",
    id="1",
    arn="arn:shop",
    dns_name="shop.test",
    region=REGION,
    security_group=SecurityGroup(inbound=(InboundRule(port=80, source=ANYBODY),)),
)
FILE = Configuration(load_balancers=(SHOP,), target_groups={})


def rule(protocol: str, first: int | None, last: int | None, source: str = ANY) -> SecurityGroupRule:
    return SecurityGroupRule(protocol=protocol, from_port=first, to_port=last, source=source)


def group(group_id: str, *rules: SecurityGroupRule) -> NamedSecurityGroup:
    return NamedSecurityGroup(id=group_id, region=REGION, name="web", description="of a test", rules=rules)


def in_force(changes: Changes) -> SecurityGroup:
    (balancer,) = changes.applied_to(FILE).load_balancers
    return balancer.security_group


@pytest.mark.parametrize(
    ("given", "let_in"),
    [
        (rule("tcp", 80, 80), {80}),
        (rule("tcp", 8000, 9000), {8000, 8080, 9000}),
        (rule("tcp", 0, 65535), {80, 443, 7999, 8000, 8080, 9000, 9001}),
        (rule("-1", None, None), {80, 443, 7999, 8000, 8080, 9000, 9001}),
        (rule("udp", 0, 65535), set()),
        (rule("icmp", -1, -1), set()),
        (rule("tcp", 80, 80, "sg-0123456789abcdef0"), set()),
    ],
)
def test_which_ports_a_rule_opens(given: SecurityGroupRule, let_in: set[int]) -> None:
    found = SecurityGroup(inbound=group("sg-1", given).inbound)
    ports = (80, 443, 7999, 8000, 8080, 9000, 9001)
    assert {port for port in ports if found.networks_for(port)} == let_in


def test_there_are_the_default_group_and_those_of_the_file() -> None:
    default, own = security_groups(FILE, REGION, {}).values()
    assert (default.id, default.name) == (ids.default_security_group_id(REGION), "default")
    assert SecurityGroup(inbound=default.inbound) == SecurityGroup()
    assert (own.id, own.rules) == (OWN, (rule("tcp", 80, 80),))


def test_a_load_balancer_has_the_gates_of_all_its_groups() -> None:
    changes = Changes(
        security_groups={
            "sg-a": group("sg-a", rule("tcp", 443, 443)),
            "sg-b": group("sg-b", rule("tcp", 8000, 8001, "10.0.0.0/8")),
        },
        facts={SHOP.arn: LoadBalancerFacts(created_at=0, security_groups=("sg-a", "sg-b"))},
    )
    found = in_force(changes)
    assert [len(found.networks_for(port)) for port in (80, 443, 8001, 8002)] == [0, 1, 1, 0]
    assert in_force(replace(changes, facts={SHOP.arn: LoadBalancerFacts(created_at=0)})) is SHOP.security_group
    default = (ids.default_security_group_id(REGION),)
    facts = {SHOP.arn: LoadBalancerFacts(created_at=0, security_groups=default)}
    assert in_force(Changes(facts=facts)) == SecurityGroup()


def test_a_changed_group_of_the_file_is_drift_that_a_reload_ends() -> None:
    changes = Changes(security_groups={OWN: group(OWN, rule("tcp", 443, 443)), "sg-a": group("sg-a", ALLOW_ALL)})
    assert in_force(changes).networks_for(443) == (ANYBODY,)
    assert in_force(changes).networks_for(80) == ()
    (told,) = changes.drift(FILE)
    assert told.startswith("drift: the security group of load balancer shop was changed through the API;")
    kept, _ = changes.after_reload(FILE)
    assert set(kept.security_groups) == {"sg-a"}
    assert in_force(kept) is SHOP.security_group
