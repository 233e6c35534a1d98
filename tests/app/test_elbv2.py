"""boto3 against a running load balancer: what it shows is what is there."""

from __future__ import annotations

import http.client
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.aws import elbv2

AT_ONCE = {"Delay": 0, "MaxAttempts": 2}


class Shop:
    """A load balancer with two targets behind it, and a client of its API."""

    def __init__(self, lb: RunningLoadBalancer, clock: Clock, aws: Any, backends: list[FakeBackend]) -> None:
        self.lb = lb
        self.clock = clock
        self.aws = aws
        self.backends = backends
        (balancer,) = aws.describe_load_balancers()["LoadBalancers"]
        self.arn: str = balancer["LoadBalancerArn"]
        self.group: str = aws.describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]

    def health(self, **parameters: Any) -> list[tuple[int, str, str | None]]:
        """Port, state and reason of each target."""
        found = self.aws.describe_target_health(TargetGroupArn=self.group, **parameters)
        return [
            (each["Target"]["Port"], each["TargetHealth"]["State"], each["TargetHealth"].get("Reason"))
            for each in found["TargetHealthDescriptions"]
        ]

    def wait(self, waiter: str, **parameters: Any) -> None:
        """Two looks at the target group, no pause."""
        self.aws.get_waiter(waiter).wait(TargetGroupArn=self.group, WaiterConfig=AT_ONCE, **parameters)

    def deregister(self, target: str) -> None:
        """As `simlb target rm` does."""
        connection = http.client.HTTPConnection(self.lb.control_url.removeprefix("http://"), timeout=5)
        headers = {"Authorization": f"Bearer {self.lb.control_token}"}
        connection.request("POST", f"/api/v1/targets/{target}/deregister", headers=headers)
        assert connection.getresponse().status == 200
        connection.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Time stands still."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    backends = [FakeBackend(), FakeBackend()]
    web = alb.target_group("web", *backends, interval=30, unhealthy=2, deregistration_delay=60)
    listener = alb.listen(80).forward(web)
    for number in range(5):
        listener.rule(path=f"/{number}/*", priority=number + 1).fixed(200, str(number))
    alb.listen(443, cert="api.example.com").forward(web)
    with alb.start() as lb, elbv2(lb.control_url) as aws:
        yield Shop(lb, clock, aws, backends)


def test_the_url_tag_of_a_listener_leads_to_it(shop: Shop) -> None:
    listeners = shop.aws.describe_listeners(LoadBalancerArn=shop.arn)["Listeners"]
    described = shop.aws.describe_tags(ResourceArns=[each["ListenerArn"] for each in listeners])["TagDescriptions"]
    urls = [each["Tags"][0]["Value"] for each in described]
    assert urls[0] == f"http://{shop.lb.dns_name}:{shop.lb.url.rpartition(':')[2].strip('/')}/"
    port = int(urls[0].rpartition(":")[2].strip("/"))
    socket.create_connection(("127.0.0.1", port)).close()
    assert shop.lb.get(shop.lb.url_for("http", "/3/x")).text == "3"


def test_target_health_follows_the_probes(shop: Shop) -> None:
    first, second = (backend.port for backend in shop.backends)
    assert shop.health() == [(first, "healthy", None), (second, "healthy", None)]
    shop.backends[0].crash()
    shop.clock.advance(60)
    assert shop.health() == [(first, "unhealthy", "Target.FailedHealthChecks"), (second, "healthy", None)]


def test_a_deregistered_target_drains_and_is_forgotten(shop: Shop) -> None:
    first, second = (backend.port for backend in shop.backends)
    shop.deregister("i-01")
    asked: Any = {"Targets": [{"Id": "127.0.0.1", "Port": first}]}
    assert shop.health(**asked) == [(first, "draining", "Target.DeregistrationInProgress")]
    with pytest.raises(WaiterError, match="Max attempts"):
        shop.wait("target_deregistered", **asked)
    shop.clock.advance(60)
    assert shop.health() == [(second, "healthy", None)]
    assert shop.health(**asked) == [(first, "unused", "Target.NotRegistered")]
    shop.wait("target_deregistered", **asked)


def test_waiters_end_when_the_state_is_real(shop: Shop) -> None:
    shop.wait("target_in_service")
    shop.aws.get_waiter("load_balancer_exists").wait(Names=["shop"], WaiterConfig=AT_ONCE)
    shop.aws.get_waiter("load_balancer_available").wait(LoadBalancerArns=[shop.arn], WaiterConfig=AT_ONCE)
    shop.aws.get_waiter("load_balancers_deleted").wait(Names=["gone"], WaiterConfig=AT_ONCE)
    with pytest.raises(WaiterError):
        shop.aws.get_waiter("load_balancers_deleted").wait(Names=["shop"], WaiterConfig=AT_ONCE)
    shop.backends[1].crash()
    shop.clock.advance(60)
    with pytest.raises(WaiterError):
        shop.wait("target_in_service")


def test_paginators(shop: Shop) -> None:
    (listener, _) = shop.aws.describe_listeners(LoadBalancerArn=shop.arn)["Listeners"]
    pages = shop.aws.get_paginator("describe_rules").paginate(
        ListenerArn=listener["ListenerArn"], PaginationConfig={"PageSize": 4}
    )
    found = [[rule["Priority"] for rule in page["Rules"]] for page in pages]
    assert found == [["1", "2", "3", "4"], ["5", "default"]]
    for name in ("describe_load_balancers", "describe_target_groups", "describe_account_limits"):
        assert sum(1 for _ in shop.aws.get_paginator(name).paginate()) == 1


def test_errors_are_exceptions_of_the_client(shop: Shop) -> None:
    errors = shop.aws.exceptions
    with pytest.raises(errors.LoadBalancerNotFoundException) as missing:
        shop.aws.describe_load_balancers(Names=["none"])
    assert missing.value.response["Error"] == {
        "Type": "Sender",
        "Code": "LoadBalancerNotFound",
        "Message": "Load balancers '[none]' not found",
    }
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="failed to satisfy constraint: Member must have value less than or equal"):
        shop.aws.describe_load_balancers(PageSize=401)
    with pytest.raises(ClientError, match="is not a valid load balancer ARN"):
        shop.aws.describe_load_balancers(LoadBalancerArns=["shop\0<&>"])


def test_another_region_is_empty(shop: Shop) -> None:
    with elbv2(shop.lb.control_url, region="us-east-1") as elsewhere:
        assert elsewhere.describe_load_balancers()["LoadBalancers"] == []
        with pytest.raises(elsewhere.exceptions.TargetGroupNotFoundException):
            elsewhere.describe_target_health(TargetGroupArn=shop.group)


@pytest.mark.parametrize(
    ("service", "operation"),
    [("iam", "list_users"), ("secretsmanager", "list_secrets"), ("elb", None)],
)
def test_other_services_are_refused_in_words_that_their_clients_read(
    shop: Shop, service: str, operation: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simlb.app.moto.is_installed", lambda: False)
    with elbv2(shop.lb.control_url, service=service) as other, pytest.raises(ClientError) as caught:
        getattr(other, operation or "describe_load_balancers")()
    code = "InvalidAction" if operation is None else "UnsupportedOperation"
    assert caught.value.response["Error"]["Code"] == code
    assert "simlb" in caught.value.response["Error"]["Message"]


def test_a_fault_in_the_configuration_shows(shop: Shop) -> None:
    with shop.lb.fault("config.matcher", on="web"):
        (group,) = shop.aws.describe_target_groups(Names=["web"])["TargetGroups"]
        assert group["Matcher"] != {"HttpCode": "200"}
    (group,) = shop.aws.describe_target_groups(Names=["web"])["TargetGroups"]
    assert group["Matcher"] == {"HttpCode": "200"}


def test_the_example_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    page = (Path(__file__).resolve().parents[2] / "docs" / "aws-api.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "aws-api.md", "exec"), names)  # noqa: S102 - our own
    names["test_my_deployment_script"]()
