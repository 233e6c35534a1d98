"""Identifiers have AWS's forms and stay the same from run to run (reference 1.1)."""

from __future__ import annotations

import re

import pytest

from simlb.core import ids

LB_ID = ids.resource_id("us-east-1", "web")


@pytest.mark.parametrize(
    ("made", "form"),
    [
        (LB_ID, r"[0-9a-f]{16}"),
        (
            ids.load_balancer_arn("us-east-1", "web", LB_ID),
            rf"arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/web/{LB_ID}",
        ),
        (
            ids.listener_arn("us-east-1", "web", LB_ID, 80),
            rf"arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/web/{LB_ID}/[0-9a-f]{{16}}",
        ),
        (
            ids.rule_arn("us-east-1", "web", LB_ID, 80, 10),
            rf"arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/web/{LB_ID}(/[0-9a-f]{{16}}){{2}}",
        ),
        (
            ids.target_group_arn("us-east-1", "tg"),
            r"arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/tg/[0-9a-f]{16}",
        ),
        (ids.instance_id("us-east-1", "i-01"), r"i-[0-9a-f]{17}"),
        (
            ids.certificate_arn("us-east-1", ("a.test",)),
            r"arn:aws:acm:us-east-1:000000000000:certificate/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ),
        (
            ids.default_rule_arn(ids.listener_arn("us-east-1", "web", LB_ID, 80)),
            rf"arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/web/{LB_ID}(/[0-9a-f]{{16}}){{2}}",
        ),
        (ids.vpc_id("us-east-1"), r"vpc-0[0-9a-f]{16}"),
        (ids.subnet_id("us-east-1a"), r"subnet-0[0-9a-f]{16}"),
        (ids.security_group_id("us-east-1", "web"), r"sg-0[0-9a-f]{16}"),
        (ids.hosted_zone_id("mars-north-1"), r"Z[0-9A-Z]{13}"),
        (ids.dns_name("us-east-1", "web", internal=False), r"web-[0-9]{10}\.us-east-1\.elb\.localhost"),
        (ids.dns_name("us-east-1", "web", internal=True), r"internal-web-[0-9]{10}\.us-east-1\.elb\.localhost"),
    ],
)
def test_forms(made: str, form: str) -> None:
    assert re.fullmatch(form, made)


def test_equal_names_give_equal_ids_and_different_ones_different_ids() -> None:
    assert ids.resource_id("a", "b") == ids.resource_id("a", "b")
    assert len({ids.resource_id(*parts) for parts in [("a", "b"), ("b", "a"), ("ab",), ("a", "b", "")]}) == 4
    assert ids.listener_arn("r", "web", LB_ID, 80) != ids.listener_arn("r", "web", LB_ID, 443)
    rules = {ids.rule_arn("r", "web", LB_ID, port, priority) for port in (80, 443) for priority in (1, 2)}
    assert len(rules) == 4


def test_a_rules_arn_goes_on_from_its_listeners() -> None:
    listener = ids.listener_arn("r", "web", LB_ID, 80).replace(":listener/", ":listener-rule/")
    assert ids.rule_arn("r", "web", LB_ID, 80, 1).startswith(f"{listener}/")


def test_ids_do_not_change_between_versions() -> None:
    """They are in people's bookmarks and scripts."""
    assert ids.dns_name("us-east-1", "web", internal=False) == "web-7716968664.us-east-1.elb.localhost"
    assert ids.instance_id("us-east-1", "i-01") == "i-082bd3e9edff6a9b8"


def test_surroundings() -> None:
    """What a load balancer is in: the same from run to run, its security group its own."""
    assert ids.zones("eu-west-1") == ("eu-west-1a", "eu-west-1b", "eu-west-1c")
    assert ids.zone_of("eu-west-1", ids.subnet_id("eu-west-1b")) == "eu-west-1b"
    assert ids.zone_of("eu-west-1", ids.subnet_id("eu-west-2b")) is None
    assert ids.hosted_zone_id("eu-west-1") == "Z32O12XQLNTSW2"
    assert ids.vpc_id("ap-northeast-2") == "vpc-0ec9b352e2df83741"
    assert ids.subnet_id("ap-northeast-2a") == "subnet-00b7dee35f94e0b5e"
    assert ids.security_group_id("ap-northeast-2", "my-alb") == "sg-07fc1f4bd2358e25b"
    assert ids.named_security_group_id("ap-northeast-2", "web") == ids.named_security_group_id("ap-northeast-2", "web")
    kinds = (ids.security_group_id, ids.named_security_group_id)
    assert len({ids.default_security_group_id("eu-west-1"), *(kind("eu-west-1", "") for kind in kinds)}) == 3
    assert ids.security_group_id("ap-northeast-2", "a") != ids.security_group_id("ap-northeast-2", "b")
