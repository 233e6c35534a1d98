"""Target groups and targets by boto3 and by command: requests go where they are registered, health is the probes'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from simlb.app.elbv2 import AppEstate
from simlb.controlplane.operations.table import elbv2_service
from simlb.controlplane.query.protocol import QueryRequest
from simlb.core import ids
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.app.conftest import Bench
from tests.aws import REGION, authorization, elbv2
from tests.controlplane.query.botocore_model import form, parsed

AT_ONCE = {"Delay": 0, "MaxAttempts": 2}


class Shop:
    """A group in use, one that is not, and a client of the API."""

    def __init__(self, lb: RunningLoadBalancer, clock: Clock, aws: Any, backends: list[FakeBackend]) -> None:
        self.lb = lb
        self.clock = clock
        self.aws = aws
        self.backends = backends
        groups = aws.describe_target_groups()["TargetGroups"]
        self.arns: dict[str, str] = {group["TargetGroupName"]: group["TargetGroupArn"] for group in groups}

    def health(self, group: str) -> list[tuple[str, str | None]]:
        """State and reason of each target."""
        found = self.aws.describe_target_health(TargetGroupArn=self.arns[group])["TargetHealthDescriptions"]
        return [(each["TargetHealth"]["State"], each["TargetHealth"].get("Reason")) for each in found]

    def wait(self, waiter: str, group: str, **parameters: Any) -> None:
        """Two looks, no pause."""
        self.aws.get_waiter(waiter).wait(TargetGroupArn=self.arns[group], WaiterConfig=AT_ONCE, **parameters)

    def answers(self, count: int) -> list[str]:
        """Who answers so many requests."""
        return [self.lb.get("/").text for _ in range(count)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Time stands still."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    backends = [FakeBackend(text="one"), FakeBackend(text="two")]
    web = alb.target_group("web", backends[0], interval=30, unhealthy=2, deregistration_delay=60)
    alb.target_group("rest", backends[1])
    alb.listen(80).forward(web)
    with alb.start() as lb, elbv2(lb.control_url) as aws:
        yield Shop(lb, clock, aws, backends)


def test_requests_go_to_a_registered_target_once_it_is_healthy_and_not_after_it_is_deregistered(shop: Shop) -> None:
    two = {"Id": "127.0.0.1", "Port": shop.backends[1].port}
    shop.aws.register_targets(TargetGroupArn=shop.arns["web"], Targets=[two])
    shop.clock.advance(0)  # its first check
    shop.wait("target_in_service", "web", Targets=[two])
    assert sorted(shop.answers(4)) == ["one", "one", "two", "two"]
    shop.aws.deregister_targets(TargetGroupArn=shop.arns["web"], Targets=[two])
    assert shop.health("web")[1] == ("draining", "Target.DeregistrationInProgress")
    assert set(shop.answers(4)) == {"one"}
    with pytest.raises(WaiterError):
        shop.wait("target_deregistered", "web", Targets=[two])
    shop.clock.advance(60)
    shop.wait("target_deregistered", "web", Targets=[two])
    assert shop.health("web") == [("healthy", None)]


def test_a_target_that_is_not_well_gets_nothing(shop: Shop) -> None:
    shop.backends[1].crash()
    shop.aws.register_targets(
        TargetGroupArn=shop.arns["web"], Targets=[{"Id": "127.0.0.1", "Port": shop.backends[1].port}]
    )
    assert shop.health("web")[1][0] == "initial"
    with pytest.raises(WaiterError):
        shop.wait("target_in_service", "web")
    assert set(shop.answers(4)) == {"one"}


def test_targets_are_used_whatever_zones_the_load_balancer_is_in(shop: Shop) -> None:
    (balancer,) = shop.aws.describe_load_balancers()["LoadBalancers"]
    others = [ids.subnet_id(zone) for zone in ids.zones(REGION) if zone != ids.zones(REGION)[0]]
    shop.aws.set_subnets(LoadBalancerArn=balancer["LoadBalancerArn"], Subnets=others)
    instance = ids.instance_id(REGION, "i-01")
    with elbv2(shop.lb.control_url, service="ec2") as ec2:
        (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    assert reservation["Instances"][0]["SubnetId"] not in others
    assert shop.health("web") == [("healthy", None)]
    assert shop.answers(1) == ["one"]


def test_health_check_settings_hold_from_the_next_probe_on(shop: Shop) -> None:
    shop.aws.modify_target_group(TargetGroupArn=shop.arns["web"], Matcher={"HttpCode": "418"})
    shop.clock.advance(60)
    assert shop.health("web") == [("unhealthy", "Target.ResponseCodeMismatch")]


def test_a_new_group_is_unused_and_its_targets_are_not_probed(shop: Shop) -> None:
    created = shop.aws.create_target_group(
        Name="new", Protocol="HTTP", Port=80, VpcId=ids.vpc_id(REGION), TargetType="instance"
    )
    shop.arns["new"] = created["TargetGroups"][0]["TargetGroupArn"]
    instances = [ids.instance_id(REGION, name) for name in ("i-01", "i-02")]
    shop.aws.register_targets(TargetGroupArn=shop.arns["new"], Targets=[{"Id": each} for each in instances])
    shop.clock.advance(60)
    assert shop.health("new") == [("unused", "Target.NotInUse")] * 2
    told = shop.aws.describe_target_health(TargetGroupArn=shop.arns["new"])["TargetHealthDescriptions"]
    assert [each["Target"] for each in told] == [{"Id": each, "Port": 80} for each in instances]
    shop.aws.delete_target_group(TargetGroupArn=shop.arns["new"])
    with pytest.raises(ClientError, match="One or more target groups not found"):
        shop.health("new")


def test_addresses_that_simlb_does_not_send_to(shop: Shop) -> None:
    def refused(**target: Any) -> str:
        with pytest.raises(shop.aws.exceptions.InvalidTargetException) as caught:
            shop.aws.register_targets(TargetGroupArn=shop.arns["web"], Targets=[target])
        message: str = caught.value.response["Error"]["Message"]
        return message

    assert refused(Id="10.0.0.5").endswith("is not on this machine. to allow it: allow_targets: [10.0.0.5/32]")
    assert "link-local addresses are never targets" in refused(Id="169.254.169.254")
    own = int(shop.lb.url.rpartition(":")[2].strip("/"))
    assert refused(Id="127.0.0.1", Port=own).endswith("as it is in use by a load balancer")


class Both:
    """An application with its commands and its API."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._service = elbv2_service(AppEstate(bench.app))

    async def api(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The result of a call."""
        request = QueryRequest(body=form(operation, parameters).encode(), authorization=authorization())
        reply = await self._service.answer(request)
        result = parsed(operation, reply.status, reply.body)
        assert reply.status == 200, result
        return result

    async def arn(self, group: str) -> str:
        """Of a target group."""
        found = await self.api("DescribeTargetGroups", Names=[group])
        arn: str = found["TargetGroups"][0]["TargetGroupArn"]
        return arn

    async def create(self, name: str, **more: Any) -> str:
        """A group."""
        said = {"Protocol": "HTTP", "Port": 80, "VpcId": ids.vpc_id(REGION), **more}
        created = await self.api("CreateTargetGroup", Name=name, **said)
        arn: str = created["TargetGroups"][0]["TargetGroupArn"]
        return arn

    async def ports(self, arn: str) -> list[int]:
        """Of the targets that are not on their way out."""
        told = await self.api("DescribeTargetHealth", TargetGroupArn=arn)
        return [
            each["Target"]["Port"]
            for each in told["TargetHealthDescriptions"]
            if each["TargetHealth"]["State"] != "draining"
        ]


NINE = '{url: "http://127.0.0.1:9", name: nine}'
NINE_ID = ids.instance_id(REGION, "nine")


async def test_commands_and_calls_change_the_same_registrations(bench: Bench) -> None:
    app = await bench.start(web=[NINE])
    both = Both(bench)
    web = await both.arn("web")
    await app.register_target("web", "http://127.0.0.3:9", None)
    assert await both.ports(web) == [9, 9]
    await both.api("DeregisterTargets", TargetGroupArn=web, Targets=[{"Id": "127.0.0.3", "Port": 9}])
    assert bench.states() == {"nine": "initial", "i-01": "draining"}
    await both.api("DeregisterTargets", TargetGroupArn=web, Targets=[{"Id": "127.0.0.1"}])
    change = await app.register_target("web", "http://127.0.0.1:9", None)
    assert change.message.startswith("nine (127.0.0.1:9) is registered in web again.")
    await both.api("RegisterTargets", TargetGroupArn=web, Targets=[{"Id": "127.0.0.4"}])
    assert (await app.deregister_target("i-02")).address == "127.0.0.4:80"
    assert app.registrations.added == app.registrations.removed == ()


async def test_a_command_can_use_a_group_of_the_apis(bench: Bench) -> None:
    app = await bench.start(web=[NINE])
    both = Both(bench)
    new = await both.create("new", TargetType="ip")
    change = await app.register_target("new", "http://127.0.0.3:9", None)
    assert "No listener forwards to that group" in change.message
    assert await both.ports(new) == [9]


async def test_a_reload_keeps_what_the_api_has_made_and_gives_back_what_is_the_files(bench: Bench) -> None:
    app = await bench.start(web=[NINE])
    both = Both(bench)
    new, web = await both.create("new"), await both.arn("web")
    await both.api("RegisterTargets", TargetGroupArn=new, Targets=[{"Id": NINE_ID}, {"Id": NINE_ID, "Port": 8}])
    await both.api("ModifyTargetGroup", TargetGroupArn=web, HealthCheckPath="/other")
    await both.api("DeregisterTargets", TargetGroupArn=web, Targets=[{"Id": "127.0.0.1", "Port": 9}])
    assert any("target group web was changed through the API" in notice for notice in app.view().notices)
    assert any("was removed from web through the API; a reload" in notice for notice in app.view().notices)
    bench.write(web=['{url: "http://127.0.0.1:7", name: nine}'])
    told = await app.reload()
    assert "target group web was changed through the API; now it is as the file says." in told
    assert await both.ports(new) == [80, 8]
    assert [target.dial for target in bench.group("new").targets] == ["127.0.0.1:7", "127.0.0.1:8"]
    assert [target.name for target in bench.group("new").targets] == ["nine", "nine"]
    assert await both.ports(web) == [7]
    (group,) = (await both.api("DescribeTargetGroups", Names=["web"]))["TargetGroups"]
    assert group["HealthCheckPath"] == "/up"
