"""What an instance has in each region, and what it calls that."""

from __future__ import annotations

import pytest

from simlb.core import ids
from simlb.core.model import (
    Configuration,
    FixedResponseAction,
    ForwardAction,
    Listener,
    LoadBalancer,
    Protocol,
    Rule,
    TargetGroup,
    WeightedTargetGroup,
)
from simlb.core.regional import NOTHING, in_region, named_load_balancer, named_target_group
from simlb.core.regions import is_region
from simlb.core.resource_names import ResourceNames

HOME, AWAY = "ap-northeast-2", "us-east-1"


def balancer(region: str, name: str = "shop") -> LoadBalancer:
    arn = ids.listener_arn(region, name, "1", 80)
    weighted = ForwardAction(target_groups=(WeightedTargetGroup(target_group="web", weight=3),))
    listener = Listener(
        protocol=Protocol.HTTP,
        port=80,
        arn=arn,
        binds=(),
        default_action=ForwardAction.to("web"),
        rules=(
            Rule(priority=1, arn=f"{arn}/1", conditions=(), action=weighted),
            Rule(priority=2, arn=f"{arn}/2", conditions=(), action=FixedResponseAction(status_code=200)),
        ),
    )
    return LoadBalancer(
        name=name,
        id="1",
        arn=ids.load_balancer_arn(region, name, "1"),
        dns_name=ids.dns_name(region, name, internal=False),
        region=region,
        listeners=(listener,),
    )


def group(region: str) -> TargetGroup:
    return TargetGroup(name="web", arn=ids.target_group_arn(region, "web"))


@pytest.mark.parametrize(
    ("region", "aws_name", "name"), [(HOME, "web", "web"), (AWAY, "web", "us-east-1/web"), (AWAY, "1", "us-east-1/1")]
)
def test_names(region: str, aws_name: str, name: str) -> None:
    assert ids.name_here(HOME, region, aws_name) == name
    assert (ids.aws_name(name), ids.region_of_name(HOME, name)) == (aws_name, region)


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        ("arn:aws:acm:us-east-1:000000000000:certificate/1", "us-east-1"),
        ("arn:aws:route53:::hostedzone/Z1", ""),
        ("sg-0123", ""),
        ("arn:x", ""),
        ("", ""),
    ],
)
def test_the_region_of_an_arn(arn: str, region: str) -> None:
    assert ids.region_of(arn) == region


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("us-east-1", True), ("us-gov-west-1", True), ("aws-global", False), ("..", False), ("local", False)],
)
def test_regions(name: str, is_one: bool) -> None:
    assert is_region(name) is is_one


def test_all_names_of_another_regions_load_balancer_have_the_region() -> None:
    assert named_load_balancer(balancer(HOME), HOME) == balancer(HOME)
    named = named_load_balancer(balancer(AWAY), HOME)
    assert (named.name, named.aws_name, named.resource) == ("us-east-1/shop", "shop", "app/shop/1")
    assert named.target_group_names() == ("us-east-1/web",)
    first, second = named.listeners[0].rules
    assert isinstance(first.action, ForwardAction)
    assert first.action.target_groups == (WeightedTargetGroup(target_group="us-east-1/web", weight=3),)
    assert second == balancer(AWAY).listeners[0].rules[1]
    assert named_target_group(group(AWAY), HOME).name == "us-east-1/web"


def test_a_configuration_by_region() -> None:
    near, far = balancer(HOME), named_load_balancer(balancer(AWAY), HOME)
    groups = [group(HOME), named_target_group(group(AWAY), HOME), named_target_group(group("eu-west-1"), HOME)]
    both = Configuration(load_balancers=(near, far), target_groups={one.name: one for one in groups})
    assert in_region(both, HOME) == Configuration(load_balancers=(near,), target_groups={"web": groups[0]})
    assert in_region(both, AWAY).load_balancers == (far,)
    assert in_region(both, "eu-west-1").target_groups.keys() == {"eu-west-1/web"}
    assert in_region(both, "sa-east-1") is NOTHING
    assert in_region(both, AWAY) is in_region(both, AWAY)
    alone = Configuration(load_balancers=(near,), target_groups={})
    assert in_region(alone, HOME) is alone


def test_names_of_what_logs_and_metrics_speak_of() -> None:
    names = ResourceNames()
    assert (names.of("app/shop/1"), names.of("-"), names.of(group(AWAY).arn)) == ("shop", "-", "web")
    far = named_load_balancer(balancer(AWAY), HOME)
    far_group = named_target_group(group(AWAY), HOME)
    names.learn(Configuration(load_balancers=(far,), target_groups={far_group.name: far_group}))
    assert (names.of("app/shop/1"), names.of(far_group.arn), names.of("app/shop/2")) == (
        "us-east-1/shop",
        "us-east-1/web",
        "shop",
    )
    names.learn(Configuration(load_balancers=(balancer(AWAY),), target_groups={}))
    assert names.of("app/shop/1") == "shop"  # the configuration is in that region now
