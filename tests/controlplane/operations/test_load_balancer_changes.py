"""Load balancers come, change and go: what a call is answered with, what is refused, and that nothing half happens."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from simlb.core import ids, quotas
from simlb.core.security_groups import NamedSecurityGroup, SecurityGroupRule
from tests.aws import REGION
from tests.controlplane.operations.conftest import CREATED_AT, Api
from tests.controlplane.operations.shop import SHOP

A, B, C = (ids.subnet_id(zone) for zone in ids.zones(REGION)[:3])
NEW: dict[str, Any] = {"Name": "new", "Subnets": [A, C]}
DEFAULT = ids.default_security_group_id(REGION)


@pytest.fixture
def shop(api: Api) -> Api:
    """The shop's configuration, and a security group of its own."""
    api.load(SHOP)
    return api


async def create(api: Api, **changed: Any) -> dict[str, Any]:
    """The new load balancer."""
    (balancer,) = (await api("CreateLoadBalancer", **NEW | changed))["LoadBalancers"]
    found: dict[str, Any] = balancer
    return found


async def described(api: Api, name: str) -> dict[str, Any]:
    """As DescribeLoadBalancers shows it."""
    (balancer,) = (await api("DescribeLoadBalancers", Names=[name]))["LoadBalancers"]
    found: dict[str, Any] = balancer
    return found


async def office(api: Api) -> str:
    """A security group that lets in 127.0.0.1 to port 80."""
    group = NamedSecurityGroup(
        id="sg-office",
        region=REGION,
        name="office",
        description="",
        rules=(SecurityGroupRule(protocol="tcp", from_port=80, to_port=80, source="127.0.0.1/32"),),
    )
    await api.estate.change(lambda draft: draft.put_security_group(group))
    return group.id


async def test_a_load_balancer_has_awss_defaults(shop: Api) -> None:
    balancer = await create(shop)
    arn, dns_name = balancer["LoadBalancerArn"], balancer["DNSName"]
    assert arn.startswith(f"arn:aws:elasticloadbalancing:{REGION}:000000000000:loadbalancer/app/new/")
    assert len(arn.rpartition("/")[2]) == 16
    assert dns_name.startswith("new-")
    assert dns_name.endswith(f".{REGION}.elb.localhost")
    assert balancer == {
        "LoadBalancerArn": arn,
        "DNSName": dns_name,
        "CanonicalHostedZoneId": "ZWKZPGTI48KDX",
        "CreatedTime": CREATED_AT,
        "LoadBalancerName": "new",
        "Scheme": "internet-facing",
        "VpcId": ids.vpc_id(REGION),
        "State": {"Code": "provisioning"},
        "Type": "application",
        "AvailabilityZones": [
            {"ZoneName": f"{REGION}a", "SubnetId": A, "LoadBalancerAddresses": []},
            {"ZoneName": f"{REGION}c", "SubnetId": C, "LoadBalancerAddresses": []},
        ],
        "SecurityGroups": [DEFAULT],
        "IpAddressType": "ipv4",
    }
    assert await described(shop, "new") == balancer
    shop.estate.provisioning.clear()
    assert await described(shop, "new") == balancer | {"State": {"Code": "active"}}
    assert (await shop("DescribeListeners", LoadBalancerArn=arn))["Listeners"] == []


async def test_what_a_call_says_is_what_there_is(shop: Api) -> None:
    tags = [{"Key": "team", "Value": "shop"}]
    balancer = await create(
        shop,
        Subnets=[],
        SubnetMappings=[{"SubnetId": C}, {"SubnetId": B}],
        Scheme="internal",
        Type="application",
        IpAddressType="ipv4",
        SecurityGroups=[await office(shop)],
        Tags=tags,
    )
    assert balancer["Scheme"] == "internal"
    assert balancer["DNSName"].startswith("internal-new-")
    assert [each["SubnetId"] for each in balancer["AvailabilityZones"]] == [B, C]
    assert balancer["SecurityGroups"] == ["sg-office"]
    told = await shop("DescribeTags", ResourceArns=[balancer["LoadBalancerArn"]])
    assert told["TagDescriptions"][0]["Tags"] == tags
    model = shop.estate.configuration().load_balancers[-1]
    assert model.security_group.networks_for(80) == (ipaddress.ip_network("127.0.0.1/32"),)
    assert model.security_group.networks_for(443) == ()
    assert model.address == "127.0.2.1"


async def test_without_security_groups_it_has_the_default_one(shop: Api) -> None:
    await create(shop)
    model = shop.estate.configuration().load_balancers[-1]
    assert set(map(str, model.security_group.networks_for(80))) == {"0.0.0.0/0", "::/0"}


async def test_the_same_again_is_the_same_and_another_is_refused(shop: Api) -> None:
    first = await create(shop)
    assert await create(shop) == first
    assert await create(shop, Subnets=[C, A], SecurityGroups=[DEFAULT], Scheme="internet-facing") == first
    message = "A load balancer with the same name 'new' exists, but with different settings"
    others: list[dict[str, Any]] = [
        {"Scheme": "internal"},
        {"Subnets": [A, B]},
        {"SecurityGroups": [await office(shop)]},
        {"Tags": [{"Key": "a", "Value": "b"}]},
    ]
    for other in others:
        assert await shop.fails("CreateLoadBalancer", **NEW | other) == ("DuplicateLoadBalancerName", message)
    assert (await shop.fails("CreateLoadBalancer", **NEW | {"Name": "shop"}))[0] == "DuplicateLoadBalancerName"
    assert len(shop.estate.configuration().load_balancers) == 3


UNSUPPORTED = "InvalidConfigurationRequest"
KNOWS = "simlb knows its own (aws ec2 describe-%s); for ids from elsewhere see foreign_ids in docs/aws-api.md."
NO_GROUP = f"Security group sg-1 does not exist. {KNOWS % 'security-groups'}"
TWO_ZONES = "At least two subnets in two different Availability Zones must be specified"


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"Name": "internal-a"}, "ValidationError", "Load balancer name 'internal-a' cannot begin with 'internal-'"),
        ({"Name": "a-"}, "ValidationError", "Load balancer name 'a-' cannot begin or end with '-'"),
        (
            {"Type": "network"},
            UNSUPPORTED,
            "Load balancers of type 'network' are not supported by simlb, which is an Application Load Balancer: "
            "see docs/parity.md",
        ),
        (
            {"IpAddressType": "dualstack-without-public-ipv4"},
            UNSUPPORTED,
            "IpAddressType 'dualstack-without-public-ipv4' is not supported by simlb yet",
        ),
        (
            {"IpamPools": {"Ipv4IpamPoolId": "ipam-pool-a"}},
            UNSUPPORTED,
            "IpamPools is not supported by simlb yet",
        ),
        (
            {"CustomerOwnedIpv4Pool": "ipv4pool-coip-a"},
            UNSUPPORTED,
            "CustomerOwnedIpv4Pool is not supported by simlb yet",
        ),
        ({"Subnets": []}, "ValidationError", TWO_ZONES),
        ({"Subnets": [A]}, "ValidationError", TWO_ZONES),
        (
            {"Subnets": [A, A]},
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        ),
        ({"Subnets": [A, "subnet-1"]}, "SubnetNotFound", f"The specified subnet does not exist. {KNOWS % 'subnets'}"),
        (
            {"SubnetMappings": [{"SubnetId": A}]},
            "ValidationError",
            "You must specify either subnets or subnet mappings, but not both",
        ),
        (
            {"Subnets": [], "SubnetMappings": [{"SubnetId": A, "AllocationId": "eipalloc-1"}]},
            "InvalidConfigurationRequest",
            "Elastic IP addresses cannot be specified for load balancers of type 'application'",
        ),
        ({"SecurityGroups": ["sg-1"]}, "InvalidSecurityGroup", NO_GROUP),
        ({"Tags": [{"Key": "aws:a"}]}, "ValidationError", "Tag keys starting with 'aws:' are reserved for system use"),
    ],
)
async def test_refusals(shop: Api, changed: dict[str, Any], code: str, message: str) -> None:
    assert await shop.fails("CreateLoadBalancer", **NEW | changed) == (code, message)
    assert [each.name for each in shop.estate.configuration().load_balancers] == ["shop", "inner"]


async def test_there_is_a_quota(shop: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = quotas.Quota(name="a", limit=2, code="TooManyLoadBalancers", message="m")
    monkeypatch.setattr(quotas, "LOAD_BALANCERS", limit)
    assert await shop.fails("CreateLoadBalancer", **NEW) == ("TooManyLoadBalancers", "m")


async def test_deleting(shop: Api) -> None:
    arn = (await described(shop, "shop"))["LoadBalancerArn"]
    (listener, *_) = (await shop("DescribeListeners", LoadBalancerArn=arn))["Listeners"]
    await shop("AddTags", ResourceArns=[arn, listener["ListenerArn"]], Tags=[{"Key": "a", "Value": "b"}])
    assert await shop("DeleteLoadBalancer", LoadBalancerArn=arn) == {}
    assert await shop("DeleteLoadBalancer", LoadBalancerArn=arn) == {}
    assert [each.name for each in shop.estate.configuration().load_balancers] == ["inner"]
    assert shop.estate.changes.tags == {}
    (web,) = (await shop("DescribeTargetGroups", Names=["web"]))["TargetGroups"]
    assert web["LoadBalancerArns"] == []
    code, _ = await shop.fails("DeleteLoadBalancer", LoadBalancerArn="shop")
    assert code == "ValidationError"


async def test_deletion_protection(shop: Api) -> None:
    arn = (await create(shop))["LoadBalancerArn"]

    async def protect(value: str) -> None:
        attributes = [{"Key": "deletion_protection.enabled", "Value": value}]
        await shop("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=attributes)

    await protect("true")
    message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    assert await shop.fails("DeleteLoadBalancer", LoadBalancerArn=arn) == ("OperationNotPermitted", message)
    await protect("false")
    await shop("DeleteLoadBalancer", LoadBalancerArn=arn)


async def test_attributes_change_all_or_none(shop: Api) -> None:
    arn = (await described(shop, "shop"))["LoadBalancerArn"]

    async def values() -> dict[str, str]:
        told = await shop("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
        return {each["Key"]: each["Value"] for each in told["Attributes"]}

    before = await values()
    good = {"Key": "client_keep_alive.seconds", "Value": "60"}
    changed = await shop("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[good])
    after = before | {"client_keep_alive.seconds": "60"}
    assert after["idle_timeout.timeout_seconds"] == "30"  # as the file says
    assert {each["Key"]: each["Value"] for each in changed["Attributes"]} == await values() == after
    for key, value, code, message in (
        (
            "idle_timeout.timeout_seconds",
            "0",
            "ValidationError",
            "'idle_timeout.timeout_seconds' value '0' must be between '1-4000' inclusive",
        ),
        ("a.b", "1", "InvalidConfigurationRequest", "Load balancer attribute key 'a.b' is not recognized"),
        (
            "zonal_shift.config.enabled",
            "true",
            "InvalidConfigurationRequest",
            "'zonal_shift.config.enabled' = 'true' is not supported by simlb yet (only 'false')",
        ),
    ):
        wrong = [good | {"Value": "90"}, {"Key": key, "Value": value}]
        failed = await shop.fails("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=wrong)
        assert failed == (code, message)
    assert await values() == after


async def test_other_security_groups(shop: Api) -> None:
    balancer = await described(shop, "shop")
    arn, own = balancer["LoadBalancerArn"], balancer["SecurityGroups"]
    groups = [await office(shop)]
    assert await shop("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=groups) == {"SecurityGroupIds": groups}
    assert (await described(shop, "shop"))["SecurityGroups"] == groups
    gate = shop.estate.configuration().load_balancers[0].security_group
    assert gate.networks_for(443) == ()
    await shop("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=[*groups, *own])
    assert len(shop.estate.configuration().load_balancers[0].security_group.networks_for(443)) == 2
    unknown = await shop.fails("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=["sg-1"])
    assert unknown == ("InvalidSecurityGroup", NO_GROUP)
    none = await shop.fails("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=[])
    assert none == ("ValidationError", "At least one security group must be specified")
    many = [f"sg-{number}" for number in range(6)]
    for group in many:
        each = NamedSecurityGroup(id=group, region=REGION, name=group, description="")
        await shop.estate.change(lambda draft, each=each: draft.put_security_group(each))  # type: ignore[misc]
    code, _ = await shop.fails("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=many)
    assert code == "InvalidConfigurationRequest"


async def test_other_subnets(shop: Api) -> None:
    before = await described(shop, "shop")
    arn = before["LoadBalancerArn"]
    told = await shop("SetSubnets", LoadBalancerArn=arn, Subnets=[C, B, A])
    zones = [
        {"ZoneName": zone, "SubnetId": ids.subnet_id(zone), "LoadBalancerAddresses": []}
        for zone in ids.zones(REGION)[:3]
    ]
    assert told == {"AvailabilityZones": zones, "IpAddressType": "ipv4"}
    assert await described(shop, "shop") == before | {"AvailabilityZones": zones}
    assert await shop.fails("SetSubnets", LoadBalancerArn=arn, Subnets=[A]) == ("ValidationError", TWO_ZONES)


async def test_another_address_type(shop: Api) -> None:
    before = await described(shop, "shop")
    arn = before["LoadBalancerArn"]
    assert before["IpAddressType"] == "ipv4"
    for wanted in ("dualstack", "dualstack", "ipv4"):
        assert await shop("SetIpAddressType", LoadBalancerArn=arn, IpAddressType=wanted) == {"IpAddressType": wanted}
        assert await described(shop, "shop") == before | {"IpAddressType": wanted}
    told = await shop("SetSubnets", LoadBalancerArn=arn, Subnets=[A, B], IpAddressType="dualstack")
    assert told["IpAddressType"] == "dualstack"
    told = await shop("SetSubnets", LoadBalancerArn=arn, Subnets=[A, B])
    assert told["IpAddressType"] == "dualstack"
    without = "dualstack-without-public-ipv4"
    code, _ = await shop.fails("SetIpAddressType", LoadBalancerArn=arn, IpAddressType=without)
    assert code == UNSUPPORTED
    code, _ = await shop.fails("SetSubnets", LoadBalancerArn=arn, Subnets=[A, B], IpAddressType=without)
    assert code == UNSUPPORTED
    assert (await described(shop, "shop"))["IpAddressType"] == "dualstack"


async def test_a_dualstack_load_balancer(shop: Api) -> None:
    created = await shop("CreateLoadBalancer", **NEW | {"IpAddressType": "dualstack"})
    assert created["LoadBalancers"][0]["IpAddressType"] == "dualstack"
    again = await shop("CreateLoadBalancer", **NEW | {"IpAddressType": "dualstack"})
    assert again["LoadBalancers"][0]["LoadBalancerArn"] == created["LoadBalancers"][0]["LoadBalancerArn"]
    assert (await shop.fails("CreateLoadBalancer", **NEW))[0] == "DuplicateLoadBalancerName"
    inside = {"Name": "in", "Scheme": "internal", "IpAddressType": "dualstack"}
    internal = await shop("CreateLoadBalancer", **NEW | inside)
    assert internal["LoadBalancers"][0]["IpAddressType"] == "dualstack"


async def test_nothing_is_reserved(shop: Api) -> None:
    arn = (await described(shop, "shop"))["LoadBalancerArn"]
    assert await shop("ModifyIpPools", LoadBalancerArn=arn, RemoveIpamPools=["ipv4"]) == {}
    pools = {"Ipv4IpamPoolId": "ipam-pool-a"}
    assert (await shop.fails("ModifyIpPools", LoadBalancerArn=arn, IpamPools=pools))[0] == UNSUPPORTED
    reset = await shop("ModifyCapacityReservation", LoadBalancerArn=arn, ResetCapacityReservation=True)
    assert reset == {"DecreaseRequestsRemaining": 2, "CapacityReservationState": []}
    wanted = {"CapacityUnits": 100}
    refused = await shop.fails("ModifyCapacityReservation", LoadBalancerArn=arn, MinimumLoadBalancerCapacity=wanted)
    assert refused == (UNSUPPORTED, "MinimumLoadBalancerCapacity is not supported by simlb yet")


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("ModifyLoadBalancerAttributes", {"Attributes": [{"Key": "idle_timeout.timeout_seconds", "Value": "9"}]}),
        ("SetSecurityGroups", {"SecurityGroups": [DEFAULT]}),
        ("SetSubnets", {"Subnets": [A, B]}),
        ("SetIpAddressType", {"IpAddressType": "ipv4"}),
        ("ModifyIpPools", {}),
        ("ModifyCapacityReservation", {"ResetCapacityReservation": True}),
    ],
)
async def test_what_is_not_there_cannot_be_changed(shop: Api, operation: str, parameters: dict[str, Any]) -> None:
    arn = ids.load_balancer_arn(REGION, "gone", "0123456789abcdef")
    missing = ("LoadBalancerNotFound", "One or more load balancers not found")
    assert await shop.fails(operation, LoadBalancerArn=arn, **parameters) == missing
