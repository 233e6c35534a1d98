"""Load balancers by boto3: they are provisioned on the clock, have addresses of their own, and go for good."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, WaiterError

from simlb.app.elbv2 import PROVISIONING_S, AppEstate
from simlb.config.binds import default_host
from simlb.core import ids
from simlb.core.security_groups import NamedSecurityGroup, SecurityGroupRule
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.app.conftest import Bench
from tests.app.test_elbv2_listeners import free_port
from tests.app.test_elbv2_targets import Both
from tests.aws import REGION, elbv2

AT_ONCE = {"Delay": 0, "MaxAttempts": 2}
SUBNETS = [ids.subnet_id(zone) for zone in ids.zones(REGION)[:2]]


class Shop:
    """One load balancer of a file, and a client of the API."""

    def __init__(self, lb: RunningLoadBalancer, backend: FakeBackend, clock: Clock, aws: Any) -> None:
        self.lb = lb
        self.backend = backend
        self.clock = clock
        self.aws = aws

    def create(self, name: str = "new", **more: Any) -> str:
        """Its ARN."""
        created = self.aws.create_load_balancer(Name=name, Subnets=SUBNETS, **more)
        arn: str = created["LoadBalancers"][0]["LoadBalancerArn"]
        return arn

    def wait(self, waiter: str, arn: str) -> None:
        """Two looks, no pause."""
        self.aws.get_waiter(waiter).wait(LoadBalancerArns=[arn], WaiterConfig=AT_ONCE)

    @property
    def own(self) -> str:
        """The ARN of the file's."""
        arn: str = self.aws.describe_load_balancers(Names=["shop"])["LoadBalancers"][0]["LoadBalancerArn"]
        return arn


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Time stands still."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    backend = FakeBackend(text="ok")
    alb.listen(80).forward(alb.target_group("web", backend))
    with alb.start() as lb, elbv2(lb.control_url) as aws:
        yield Shop(lb, backend, clock, aws)


def test_it_is_provisioned_on_the_clock(shop: Shop) -> None:
    arn = shop.create()
    with pytest.raises(WaiterError):
        shop.wait("load_balancer_available", arn)
    shop.clock.advance(PROVISIONING_S)
    shop.wait("load_balancer_available", arn)


def test_deleting_frees_the_name_and_the_groups(shop: Shop) -> None:
    arn = shop.create()
    with pytest.raises(WaiterError):
        shop.wait("load_balancers_deleted", arn)
    shop.aws.delete_load_balancer(LoadBalancerArn=arn)
    shop.wait("load_balancers_deleted", arn)
    assert shop.create() != arn


def test_everything_from_nothing_to_a_request_and_back(shop: Shop) -> None:
    """Two load balancers of one instance; the second is all made by calls."""
    arn = shop.create()
    group = shop.aws.create_target_group(
        Name="tg", Protocol="HTTP", Port=80, VpcId=ids.vpc_id(REGION), Matcher={"HttpCode": "200"}
    )["TargetGroups"][0]["TargetGroupArn"]
    instance = {"Id": ids.instance_id(REGION, "i-01")}
    shop.aws.register_targets(TargetGroupArn=group, Targets=[instance])
    listener = shop.aws.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]
    shop.clock.advance(PROVISIONING_S)
    shop.aws.get_waiter("target_in_service").wait(TargetGroupArn=group, WaiterConfig=AT_ONCE)
    (told,) = shop.aws.describe_tags(ResourceArns=[listener])["TagDescriptions"]
    url = urlsplit(next(tag["Value"] for tag in told["Tags"] if tag["Key"] == "aws:simlb:url"))
    assert url.port is not None
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=5)
    connection.request("GET", "/from-the-new-one")
    assert connection.getresponse().read() == b"ok"
    assert shop.backend.requests[-1].path == "/from-the-new-one"
    shop.aws.delete_load_balancer(LoadBalancerArn=arn)
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", url.port))
    (health,) = shop.aws.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert health["TargetHealth"]["Reason"] == "Target.NotInUse"
    shop.aws.delete_target_group(TargetGroupArn=group)


def test_the_files_own_is_deleted_and_its_listener_closed(shop: Shop) -> None:
    port = int(shop.lb.url.rpartition(":")[2].strip("/"))
    assert shop.lb.get("/").status_code == 200
    shop.aws.delete_load_balancer(LoadBalancerArn=shop.own)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert shop.aws.describe_load_balancers()["LoadBalancers"] == []
    (group,) = shop.aws.describe_target_groups()["TargetGroups"]
    told = shop.aws.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    assert told[0]["TargetHealth"]["Reason"] == "Target.NotInUse"
    shop.aws.delete_target_group(TargetGroupArn=group["TargetGroupArn"])


def test_attributes_act_at_once(shop: Shop) -> None:
    attributes = [{"Key": "routing.http.xff_header_processing.mode", "Value": "remove"}]
    shop.lb.get("/")
    assert "x-forwarded-for" in shop.backend.requests[-1].headers
    shop.aws.modify_load_balancer_attributes(LoadBalancerArn=shop.own, Attributes=attributes)
    shop.lb.get("/")
    assert "x-forwarded-for" not in shop.backend.requests[-1].headers


def test_a_protected_one_stays(shop: Shop) -> None:
    attributes = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    shop.aws.modify_load_balancer_attributes(LoadBalancerArn=shop.own, Attributes=attributes)
    with pytest.raises(ClientError, match="cannot be deleted because deletion protection is enabled"):
        shop.aws.delete_load_balancer(LoadBalancerArn=shop.own)
    assert shop.lb.get("/").status_code == 200


async def test_each_has_an_address_of_its_own(bench: Bench) -> None:
    app = await bench.start()
    both = Both(bench)
    for name in ("one", "two"):
        await both.api("CreateLoadBalancer", Name=name, Subnets=SUBNETS)
    found = {balancer.name: balancer for balancer in app.configuration.load_balancers}
    addresses = [found[name].address for name in ("my-alb", "one", "two")]
    assert addresses == [default_host(0, None), default_host(1, None), default_host(2, None)]
    await both.api("DeleteLoadBalancer", LoadBalancerArn=found["one"].arn)
    await both.api("CreateLoadBalancer", Name="three", Subnets=SUBNETS)
    assert app.configuration.load_balancers[-1].address == addresses[1]


async def test_status_shows_it_and_a_reload_keeps_it(bench: Bench) -> None:
    app = await bench.start()
    both = Both(bench)
    created = await both.api("CreateLoadBalancer", Name="new", Subnets=SUBNETS)
    (described,) = created["LoadBalancers"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    port = free_port()
    listener = {"Protocol": "HTTP", "Port": port, "DefaultActions": [action]}
    await both.api("CreateListener", LoadBalancerArn=described["LoadBalancerArn"], **listener)
    opened = app.nodes["new"].listeners[port]
    assert opened.host == default_host(1, None)
    assert [balancer.name for balancer in app.view().load_balancers] == ["my-alb", "new"]
    bench.write()
    await app.reload()
    assert app.nodes["new"].listeners[port] is opened
    assert app.view().load_balancers[1].listeners[0].published_port == opened.published_port
    assert (await both.api("DescribeLoadBalancers", Names=["new"]))["LoadBalancers"] == [described]


async def test_security_groups_are_enforced_at_once(bench: Bench) -> None:
    app = await bench.start()
    both = Both(bench)
    arn = app.configuration.load_balancers[0].arn
    rule = SecurityGroupRule(protocol="tcp", from_port=81, to_port=81, source="127.0.0.2/32")
    group = NamedSecurityGroup(id="sg-1", region=REGION, name="office", description="", rules=(rule,))
    await AppEstate(app).change(lambda draft: draft.put_security_group(group))
    await both.api("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=["sg-1"])
    assert [listener.gate for listener in app.view().load_balancers[0].listeners] == ["closed", "restricted"]
    own = ids.security_group_id(REGION, "my-alb")
    await both.api("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=[own])
    assert [listener.gate for listener in app.view().load_balancers[0].listeners] == ["open", "open"]


async def test_a_reload_gives_the_files_own_back(bench: Bench) -> None:
    app = await bench.start()
    both = Both(bench)
    arn = app.configuration.load_balancers[0].arn
    await both.api("DeleteLoadBalancer", LoadBalancerArn=arn)
    assert app.nodes == {}
    assert app.view().load_balancers == ()
    assert any("load balancer my-alb was deleted through the API" in notice for notice in app.view().notices)
    await app.reload()
    assert list(app.nodes) == ["my-alb"]
