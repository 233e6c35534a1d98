"""Each region has resources of its own: names, ARNs, lists, quotas. What is of another is not there (reference 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simlb.core import ids, quotas
from simlb.core.security_groups import NamedSecurityGroup
from tests.aws import REGION
from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP

AWAY = "us-east-1"
REGIONS = (REGION, AWAY, "eu-west-1")


@pytest.fixture
def shop(api: Api) -> Api:
    """The API over `SHOP`, which is in `REGION`."""
    api.load(SHOP)
    return api


async def make(api: Api, region: str, name: str = "same") -> dict[str, str]:
    """A load balancer with a listener, a rule and a target group; their ARNs."""
    subnets = [ids.subnet_id(zone) for zone in ids.zones(region)[:2]]
    made = await api("CreateLoadBalancer", region=region, Name=name, Subnets=subnets)
    balancer = made["LoadBalancers"][0]["LoadBalancerArn"]
    group = await make_group(api, region, name)
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    made = await api(
        "CreateListener", region=region, LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward
    )
    listener = made["Listeners"][0]["ListenerArn"]
    made = await api(
        "CreateRule",
        region=region,
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/a"]}],
        Actions=forward,
    )
    return {
        "LoadBalancerArn": balancer,
        "TargetGroupArn": group,
        "ListenerArn": listener,
        "RuleArn": made["Rules"][0]["RuleArn"],
    }


async def make_group(api: Api, region: str, name: str) -> str:
    made = await api(
        "CreateTargetGroup",
        region=region,
        Name=name,
        Protocol="HTTP",
        Port=80,
        VpcId=ids.vpc_id(region),
        TargetType="ip",
    )
    arn: str = made["TargetGroups"][0]["TargetGroupArn"]
    return arn


async def test_one_name_in_every_region(shop: Api) -> None:
    made = {region: await make(shop, region) for region in REGIONS}
    for region in REGIONS:
        arns = made[region]
        assert all(ids.region_of(arn) == region for arn in arns.values())
        (balancer,) = (await shop("DescribeLoadBalancers", region=region, Names=["same"]))["LoadBalancers"]
        assert balancer["LoadBalancerArn"] == arns["LoadBalancerArn"]
        assert balancer["DNSName"].endswith(f".{region}.elb.localhost")
        assert balancer["VpcId"] == ids.vpc_id(region)
        assert balancer["AvailabilityZones"][0]["ZoneName"] == ids.zones(region)[0]
        (group,) = (await shop("DescribeTargetGroups", region=region, Names=["same"]))["TargetGroups"]
        assert (group["TargetGroupName"], group["LoadBalancerArns"]) == ("same", [arns["LoadBalancerArn"]])
        (default, last) = (await shop("DescribeRules", region=region, ListenerArn=arns["ListenerArn"]))["Rules"]
        assert {rule["Actions"][0]["TargetGroupArn"] for rule in (default, last)} == {arns["TargetGroupArn"]}
        found = (await shop("DescribeLoadBalancers", region=region))["LoadBalancers"]
        assert [each["LoadBalancerName"] for each in found] == [
            *(["shop", "inner"] if region == REGION else []),
            "same",
        ]
    again = await make_group(shop, AWAY, "same")
    assert again == made[AWAY]["TargetGroupArn"]
    assert set(shop.estate.held.target_groups) > {"same", "us-east-1/same", "eu-west-1/same"}


@pytest.mark.parametrize(
    ("operation", "named", "code"),
    [
        ("DescribeLoadBalancers", {"LoadBalancerArns": ["LoadBalancerArn"]}, "LoadBalancerNotFound"),
        ("DescribeListeners", {"LoadBalancerArn": "LoadBalancerArn"}, "LoadBalancerNotFound"),
        ("DescribeRules", {"RuleArns": ["RuleArn"]}, "RuleNotFound"),
        ("DescribeTags", {"ResourceArns": ["ListenerArn"]}, "ListenerNotFound"),
        ("DescribeTargetHealth", {"TargetGroupArn": "TargetGroupArn"}, "TargetGroupNotFound"),
        ("DescribeTargetGroups", {"TargetGroupArns": ["TargetGroupArn"]}, "TargetGroupNotFound"),
        ("DeleteListener", {"ListenerArn": "ListenerArn"}, "ListenerNotFound"),
        ("DeleteRule", {"RuleArn": "RuleArn"}, "RuleNotFound"),
        ("RemoveTags", {"ResourceArns": ["RuleArn"], "TagKeys": ["a"]}, "RuleNotFound"),
        ("ModifyTargetGroup", {"TargetGroupArn": "TargetGroupArn"}, "TargetGroupNotFound"),
    ],
)
async def test_what_is_of_another_region_is_not_found(
    shop: Api, operation: str, named: dict[str, Any], code: str
) -> None:
    arns = await make(shop, AWAY)
    before = shop.estate.held
    given: dict[str, Any] = {
        name: [arns.get(each, each) for each in value] if isinstance(value, list) else arns[value]
        for name, value in named.items()
    }
    assert (await shop.fails(operation, **given))[0] == code
    assert shop.estate.held is before
    assert await shop(operation, region=AWAY, **given) is not None


async def test_deleting_there_leaves_here_alone(shop: Api) -> None:
    here, there = await make(shop, REGION), await make(shop, AWAY)
    assert await shop("DeleteLoadBalancer", LoadBalancerArn=there["LoadBalancerArn"]) == {}  # as what is not there
    assert len((await shop("DescribeLoadBalancers", region=AWAY))["LoadBalancers"]) == 1
    await shop("DeleteLoadBalancer", region=AWAY, LoadBalancerArn=there["LoadBalancerArn"])
    await shop("DeleteTargetGroup", region=AWAY, TargetGroupArn=there["TargetGroupArn"])
    assert (await shop("DescribeTargetGroups", region=AWAY))["TargetGroups"] == []
    found = await shop("DescribeTargetGroups", LoadBalancerArn=here["LoadBalancerArn"])
    assert [group["TargetGroupArn"] for group in found["TargetGroups"]] == [here["TargetGroupArn"]]


class TestReferences:
    async def test_a_target_group(self, shop: Api) -> None:
        here, there = await make(shop, REGION), await make(shop, AWAY)
        code, _ = await shop.fails(
            "ModifyListener",
            ListenerArn=here["ListenerArn"],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": there["TargetGroupArn"]}],
        )
        assert code == "TargetGroupNotFound"

    async def test_subnets_and_a_vpc(self, shop: Api) -> None:
        subnets = [ids.subnet_id(zone) for zone in ids.zones(REGION)[:2]]
        code, _ = await shop.fails("CreateLoadBalancer", region=AWAY, Name="a", Subnets=subnets)
        assert code == "SubnetNotFound"
        code, _ = await shop.fails(
            "CreateTargetGroup", region=AWAY, Name="a", Protocol="HTTP", Port=80, VpcId=ids.vpc_id(REGION)
        )
        assert code == "ValidationError"

    async def test_a_security_group(self, shop: Api) -> None:
        arns = await make(shop, AWAY)
        here = NamedSecurityGroup(id="sg-1", region=REGION, name="a", description="")
        await shop.estate.change(lambda draft: draft.put_security_group(here))
        given = {"LoadBalancerArn": arns["LoadBalancerArn"], "SecurityGroups": ["sg-1"]}
        assert (await shop.fails("SetSecurityGroups", region=AWAY, **given))[0] == "InvalidSecurityGroup"
        await shop.estate.change(lambda draft: draft.put_security_group(replace(here, region=AWAY)))
        await shop("SetSecurityGroups", region=AWAY, **given)
        closed = next(one for one in shop.estate.held.load_balancers if one.name == "us-east-1/same")
        assert closed.security_group.inbound == ()

    async def test_an_instance_of_the_file(self, shop: Api) -> None:
        (instance,) = shop.estate.file.instances[:1]
        for region, code in ((REGION, None), (AWAY, "InvalidTarget")):
            made = await shop(
                "CreateTargetGroup", region=region, Name="vm", Protocol="HTTP", Port=80, VpcId=ids.vpc_id(region)
            )
            given = {
                "TargetGroupArn": made["TargetGroups"][0]["TargetGroupArn"],
                "Targets": [{"Id": instance.id}],
            }
            if code is None:
                await shop("RegisterTargets", region=region, **given)
            else:
                assert (await shop.fails("RegisterTargets", region=region, **given))[0] == code

    async def test_an_address_is_one_target_everywhere(self, shop: Api) -> None:
        """It has one name, by which people kill it, whatever the regions of its groups."""
        here = shop.estate.held.target_groups["web"].targets[0]
        group = await make_group(shop, AWAY, "same")
        targets = [{"Id": here.ip, "Port": here.port}, {"Id": here.ip, "Port": 9999}]
        await shop("RegisterTargets", region=AWAY, TargetGroupArn=group, Targets=targets)
        known, new = shop.estate.held.target_groups["us-east-1/same"].targets
        assert (known.name, known.process) == (here.name, here.process)
        held = shop.estate.held.target_groups.values()
        assert [target for one in held for target in one.targets if target.name == new.name] == [new]


async def test_quotas_are_each_regions_own(shop: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "TARGET_GROUPS", replace(quotas.TARGET_GROUPS, limit=5))
    assert len(shop.estate.held.target_groups) == 5
    given: dict[str, Any] = {"Name": "more", "Protocol": "HTTP", "Port": 80}
    assert (await shop.fails("CreateTargetGroup", VpcId=ids.vpc_id(REGION), **given))[0] == "TooManyTargetGroups"
    await shop("CreateTargetGroup", region=AWAY, VpcId=ids.vpc_id(AWAY), **given)


@pytest.mark.parametrize("region", ["local", "aws-global", "us-east", "--"])
async def test_what_is_no_region(shop: Api, region: str) -> None:
    """It would become a part of ARNs, of DNS names and of paths."""
    for operation in ("DescribeLoadBalancers", "DeleteLoadBalancer"):
        given = {} if operation.startswith("Describe") else {"LoadBalancerArn": "a"}
        assert await shop.fails(operation, region=region, **given) == (
            "SignatureDoesNotMatch",
            f"Credential should be scoped to a valid region, not '{region}'.",
        )
