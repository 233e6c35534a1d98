"""Target groups come, change and go: what a call is answered with, what is refused, and that nothing half happens."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core import ids, quotas
from tests.aws import REGION
from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP

KNOWS = "simlb knows its own (aws ec2 describe-vpcs); for ids from elsewhere see foreign_ids in docs/aws-api.md."
NEW: dict[str, Any] = {"Name": "new", "Protocol": "HTTP", "Port": 8080, "VpcId": ids.vpc_id(REGION)}


@pytest.fixture
def shop(api: Api) -> Api:
    """The shop's configuration."""
    api.load(SHOP)
    return api


async def arn_of(api: Api, name: str) -> str:
    """The ARN of a target group."""
    found = await api("DescribeTargetGroups", Names=[name])
    arn: str = found["TargetGroups"][0]["TargetGroupArn"]
    return arn


async def test_a_group_has_awss_defaults(shop: Api) -> None:
    (group,) = (await shop("CreateTargetGroup", **NEW))["TargetGroups"]
    arn = group.pop("TargetGroupArn")
    assert arn.startswith(f"arn:aws:elasticloadbalancing:{REGION}:000000000000:targetgroup/new/")
    assert len(arn.rpartition("/")[2]) == 16
    assert group == {
        "TargetGroupName": "new",
        "Protocol": "HTTP",
        "Port": 8080,
        "VpcId": ids.vpc_id(REGION),
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [],
        "TargetType": "instance",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }
    described = await shop("DescribeTargetGroups", TargetGroupArns=[arn])
    assert described["TargetGroups"] == [{"TargetGroupArn": arn, **group}]


async def test_what_a_call_says_is_what_there_is(shop: Api) -> None:
    said: dict[str, Any] = {
        "TargetType": "ip",
        "Protocol": "HTTPS",
        "HealthCheckProtocol": "HTTPS",
        "HealthCheckPort": "9000",
        "HealthCheckPath": "/up?deep=1",
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 9,
        "HealthyThresholdCount": 2,
        "UnhealthyThresholdCount": 10,
        "Matcher": {"HttpCode": "200-299,401"},
    }
    tags = [{"Key": "team", "Value": "shop"}]
    (group,) = (await shop("CreateTargetGroup", **NEW | said, Tags=tags))["TargetGroups"]
    assert said.items() <= group.items()
    told = await shop("DescribeTags", ResourceArns=[group["TargetGroupArn"]])
    assert told["TagDescriptions"][0]["Tags"] == tags


async def test_the_same_again_is_the_same_and_another_is_refused(shop: Api) -> None:
    first = await shop("CreateTargetGroup", **NEW)
    assert await shop("CreateTargetGroup", **NEW) == first
    assert await shop("CreateTargetGroup", **NEW, HealthCheckPath="/") == first
    message = "A target group with the same name 'new' exists, but with different settings"
    for other in ({"Port": 8081}, {"HealthCheckPath": "/up"}, {"Tags": [{"Key": "a", "Value": "b"}]}):
        assert await shop.fails("CreateTargetGroup", **NEW | other) == ("DuplicateTargetGroupName", message)
    assert (await shop.fails("CreateTargetGroup", **NEW | {"Name": "web"}))[0] == "DuplicateTargetGroupName"


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"Name": "a--b"}, "ValidationError", "Target group name 'a--b' cannot contain '--'"),
        ({"Name": "-a"}, "ValidationError", "Target group name '-a' cannot begin or end with '-'"),
        (
            {"Name": "a" * 33},
            "ValidationError",
            f"Target group name '{'a' * 33}' cannot be longer than '32' characters",
        ),
        (
            {"Name": "a_b"},
            "ValidationError",
            "Target group name 'a_b' can only contain characters that are alphanumeric characters or hyphens(-)",
        ),
        ({"Protocol": None}, "ValidationError", "A protocol must be specified"),
        ({"Port": None}, "ValidationError", "A port must be specified"),
        ({"VpcId": None}, "ValidationError", "A VPC ID must be specified"),
        ({"VpcId": "vpc-1"}, "ValidationError", f"The VPC ID 'vpc-1' is not found. {KNOWS}"),
        (
            {"Protocol": "TCP"},
            "InvalidConfigurationRequest",
            "Protocol 'TCP' is not supported by simlb yet (only HTTP, HTTPS)",
        ),
        (
            {"TargetType": "lambda"},
            "InvalidConfigurationRequest",
            "TargetType 'lambda' is not supported by simlb yet (only instance, ip)",
        ),
        (
            {"ProtocolVersion": "GRPC"},
            "InvalidConfigurationRequest",
            "ProtocolVersion 'GRPC' is not supported by simlb yet (only HTTP1)",
        ),
        (
            {"IpAddressType": "ipv6"},
            "InvalidConfigurationRequest",
            "IpAddressType 'ipv6' is not supported by simlb yet (only ipv4)",
        ),
        (
            {"TargetControlPort": 3000},
            "InvalidConfigurationRequest",
            "TargetControlPort is not supported by simlb yet",
        ),
        (
            {"HealthCheckEnabled": False},
            "ValidationError",
            "Health check enabled must be true for target groups with target type 'instance'",
        ),
        (
            {"HealthCheckProtocol": "TCP"},
            "ValidationError",
            "Health check protocol 'TCP' must be one of 'HTTP, HTTPS'",
        ),
        (
            {"HealthCheckPort": "0"},
            "ValidationError",
            "Health check port '0' must be 'traffic-port' or between '1-65535' inclusive",
        ),
        (
            {"HealthCheckPath": "up"},
            "ValidationError",
            "Health check path 'up' must begin with a '/' character, and can only contain printable ASCII characters, "
            "without spaces and without '#'",
        ),
        (
            {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 5},
            "ValidationError",
            "Health check timeout '5' must be smaller than the interval '5'",
        ),
        (
            {"HealthCheckIntervalSeconds": 4},
            "ValidationError",
            "1 validation error detected: Value '4' at 'healthCheckIntervalSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 5",
        ),
        (
            {"Matcher": {"HttpCode": "200-600"}},
            "ValidationError",
            "Health check matcher HTTP code '200-600' is not valid: '200-600' is outside 200-499 or runs backwards",
        ),
        (
            {"Matcher": {"GrpcCode": "12"}},
            "InvalidConfigurationRequest",
            "Matcher GrpcCode goes with protocol version GRPC, which is not supported by simlb yet",
        ),
        (
            {"Tags": [{"Key": "a"}, {"Key": "a"}]},
            "DuplicateTagKeys",
            "Tag key was specified more than once: a",
        ),
    ],
)
async def test_refusals(shop: Api, changed: dict[str, Any], code: str, message: str) -> None:
    parameters = {key: value for key, value in (NEW | changed).items() if value is not None}
    assert await shop.fails("CreateTargetGroup", **parameters) == (code, message)
    assert "new" not in shop.estate.configuration().target_groups


async def test_there_is_a_quota(shop: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        quotas, "TARGET_GROUPS", quotas.Quota(name="a", limit=4, code="TooManyTargetGroups", message="m")
    )
    assert await shop.fails("CreateTargetGroup", **NEW) == ("TooManyTargetGroups", "m")


async def test_health_checks_change_and_nothing_else(shop: Api) -> None:
    arn = await arn_of(shop, "web")
    before = shop.estate.configuration().target_groups["web"]
    (group,) = (
        await shop("ModifyTargetGroup", TargetGroupArn=arn, HealthCheckPath="/up", Matcher={"HttpCode": "204"})
    )["TargetGroups"]
    assert (group["HealthCheckPath"], group["Matcher"]["HttpCode"]) == ("/up", "204")
    assert group["HealthCheckIntervalSeconds"] == 10
    after = shop.estate.configuration().target_groups["web"]
    assert after.targets == before.targets
    assert after.attributes.given == before.attributes.given
    code, message = await shop.fails("ModifyTargetGroup", TargetGroupArn=arn, HealthCheckTimeoutSeconds=10)
    assert (code, message) == ("ValidationError", "Health check timeout '10' must be smaller than the interval '10'")


async def test_attributes_change_all_or_none(shop: Api) -> None:
    arn = await arn_of(shop, "web")

    async def values() -> dict[str, str]:
        told = await shop("DescribeTargetGroupAttributes", TargetGroupArn=arn)
        return {each["Key"]: each["Value"] for each in told["Attributes"]}

    def call(**attributes: str) -> dict[str, Any]:
        listed = [{"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()]
        return {"TargetGroupArn": arn, "Attributes": listed}

    before = await values()
    changed = await shop(
        "ModifyTargetGroupAttributes",
        **call(deregistration_delay__timeout_seconds="7", slow_start__duration_seconds="30"),
    )
    after = before | {"deregistration_delay.timeout_seconds": "7", "slow_start.duration_seconds": "30"}
    assert {each["Key"]: each["Value"] for each in changed["Attributes"]} == await values() == after
    for wrong, code, message in (
        (
            {"deregistration_delay__timeout_seconds": "8", "slow_start__duration_seconds": "1"},
            "ValidationError",
            "'slow_start.duration_seconds' value '1' must be '0' or between '30-900' inclusive",
        ),
        (
            {"load_balancing__algorithm__type": "least_outstanding_requests"},
            "InvalidConfigurationRequest",
            "Slow start mode is not supported with the load balancing algorithm 'least_outstanding_requests'",
        ),
        ({"a__b": "1"}, "InvalidConfigurationRequest", "Target group attribute key 'a.b' is not recognized"),
    ):
        assert await shop.fails("ModifyTargetGroupAttributes", **call(**wrong)) == (code, message)
    twice = call(stickiness__enabled="true")["Attributes"] * 2
    code, _ = await shop.fails("ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=twice)
    assert code == "ValidationError"
    assert await values() == after


async def test_a_group_in_use_stays(shop: Api) -> None:
    arn = await arn_of(shop, "web")
    message = f"The target group '{arn}' is currently in use by a listener or a rule"
    assert await shop.fails("DeleteTargetGroup", TargetGroupArn=arn) == ("ResourceInUse", message)


async def test_a_deleted_group_is_gone_and_its_name_free(shop: Api) -> None:
    created = await shop("CreateTargetGroup", **NEW, Tags=[{"Key": "a", "Value": "b"}])
    arn = created["TargetGroups"][0]["TargetGroupArn"]
    assert await shop("DeleteTargetGroup", TargetGroupArn=arn) == {}
    missing = ("TargetGroupNotFound", "One or more target groups not found")
    for operation in ("DeleteTargetGroup", "ModifyTargetGroup"):
        assert await shop.fails(operation, TargetGroupArn=arn) == missing
    again = await shop("CreateTargetGroup", **NEW)
    assert again["TargetGroups"][0]["TargetGroupArn"] != arn
    told = await shop("DescribeTags", ResourceArns=[again["TargetGroups"][0]["TargetGroupArn"]])
    assert told["TagDescriptions"][0]["Tags"] == []
