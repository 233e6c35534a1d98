"""Load balancers of the same name in two regions of one instance, by boto3 and by every other door."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from simlb.app.state_transfer import Transfer
from simlb.core import ids
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.aws import REGION, elbv2

AWAY = "us-east-1"
NAMES = {REGION: "same", AWAY: "us-east-1/same"}
"""What the two are called here."""


class Both:
    """Clients of both regions."""

    def __init__(self, lb: RunningLoadBalancer, clock: Clock, aws: dict[tuple[str, str], Any]) -> None:
        self.lb = lb
        self.clock = clock
        self._aws = aws
        self.arns: dict[str, tuple[str, str, str]] = {}
        """Of load balancer, target group and listener."""

    def aws(self, region: str, service: str = "elbv2") -> Any:
        return self._aws[region, service]

    def make(self, region: str, port: int) -> None:
        """With a target at that port."""
        aws, subnets = self.aws(region), [ids.subnet_id(zone) for zone in ids.zones(region)[:2]]
        balancer = aws.create_load_balancer(Name="same", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        group = aws.create_target_group(
            Name="same", Protocol="HTTP", Port=80, VpcId=ids.vpc_id(region), TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        aws.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": port}])
        forward = [{"Type": "forward", "TargetGroupArn": group}]
        listener = aws.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
        self.arns[region] = balancer, group, listener["Listeners"][0]["ListenerArn"]

    def ask(self, region: str) -> str:
        """What a client of the load balancer there gets."""
        (told,) = self.aws(region).describe_tags(ResourceArns=[self.arns[region][2]])["TagDescriptions"]
        url = urlsplit(next(tag["Value"] for tag in told["Tags"] if tag["Key"] == "aws:simlb:url"))
        connection = http.client.HTTPConnection("127.0.0.1", url.port or 80, timeout=5)
        connection.request("GET", "/")
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def json(self, path: str) -> Any:
        """From the control port."""
        with urlopen(f"{self.lb.control_url}{path}", timeout=5) as answer:  # noqa: S310 - ours
            return json.load(answer)


@pytest.fixture
def both() -> Iterator[Both]:
    """Made, with a target each that says where it is. Time stands still."""
    clock = Clock("manual")
    alb = ALB("shop", clock=clock, control=True)
    backends = {region: FakeBackend(text=region) for region in NAMES}
    web = alb.target_group("web", *backends.values())
    alb.listen(443, cert="api.example.com").forward(web)
    with alb.start() as lb, ExitStack() as stack:
        aws = {
            (region, service): stack.enter_context(elbv2(lb.control_url, region=region, service=service))
            for region in NAMES
            for service in ("elbv2", "acm", "cloudwatch", "ec2")
        }
        both = Both(lb, clock, aws)
        for region, backend in backends.items():
            both.make(region, backend.port)
        clock.advance(1)
        yield both


def test_each_carries_its_own_traffic(both: Both) -> None:
    for region in NAMES:
        assert both.ask(region) == region
        balancers = both.aws(region).describe_load_balancers()["LoadBalancers"]
        assert [one["LoadBalancerName"] for one in balancers] == [*(["shop"] if region == REGION else []), "same"]
        (health,) = both.aws(region).describe_target_health(TargetGroupArn=both.arns[region][1])[
            "TargetHealthDescriptions"
        ]
        assert health["TargetHealth"]["State"] == "healthy"
        assert health["Target"]["AvailabilityZone"] == f"{region}a"
    both.aws(AWAY).delete_load_balancer(LoadBalancerArn=both.arns[AWAY][0])
    assert both.aws(AWAY).describe_load_balancers()["LoadBalancers"] == []
    assert both.ask(REGION) == REGION


def test_a_certificate_asked_for_in_another_region_by_habit(both: Both) -> None:
    """It is not in the list of the region where the listener is, and cannot be used there."""
    arn = both.aws(AWAY, "acm").request_certificate(DomainName="api.example.com", ValidationMethod="DNS")
    listed = both.aws(REGION, "acm").list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]})
    assert arn["CertificateArn"] not in [one["CertificateArn"] for one in listed["CertificateSummaryList"]]
    assert len(both.aws(AWAY, "acm").list_certificates()["CertificateSummaryList"]) == 1
    (of_file,) = (one["CertificateArn"] for one in listed["CertificateSummaryList"])
    for region, certificate in ((REGION, arn["CertificateArn"]), (AWAY, of_file)):
        with pytest.raises(ClientError) as caught:
            both.aws(region).create_listener(
                LoadBalancerArn=both.arns[region][0],
                Protocol="HTTPS",
                Port=443,
                Certificates=[{"CertificateArn": certificate}],
                DefaultActions=[{"Type": "forward", "TargetGroupArn": both.arns[region][1]}],
            )
        assert caught.value.response["Error"]["Code"] == "CertificateNotFound"


def test_what_they_are_called_here(both: Both) -> None:
    for region in NAMES:
        both.ask(region)
    status = both.json("/api/v1/status")
    assert [one["name"] for one in status["load_balancers"]] == ["shop", *NAMES.values()]
    assert {one["name"] for one in status["target_groups"]} == {"web", *NAMES.values()}
    records = both.lb.app.traffic.records() if both.lb.app.traffic is not None else ()
    assert [(one.load_balancer, one.target_group) for one in records] == [(name, name) for name in NAMES.values()]
    page = urlopen(f"{both.lb.control_url}/metrics", timeout=5).read().decode()  # noqa: S310 - ours
    for number, name in enumerate(NAMES.values()):
        assert f'load_balancer="{name}",produced_by="target"' in page
        assert f'simlb_healthy_hosts{{load_balancer="{name}",target_group="{name}"}} 1.0' in page
        found = both.json(f"/api/v1/metrics?MetricName=RequestCount&LoadBalancer={quote(name, safe='')}")
        assert set(found["Names"].values()) == {name}
        story = both.json(f"/api/v1/explain/exchanges/{number}?lang=en")
        assert story["facts"]["target_group"] == name
        assert f" of {name}. " in json.dumps(story)


def test_commands_reach_a_group_by_that_name(both: Both) -> None:
    path = f"/api/v1/target-groups/{quote(NAMES[AWAY], safe='')}/targets"
    asked = Request(  # noqa: S310 - ours
        f"{both.lb.control_url}{path}",
        data=json.dumps({"url": "127.0.0.1:9"}).encode(),
        headers={"Authorization": f"Bearer {both.lb.control_token}", "Content-Type": "application/json"},
    )
    with urlopen(asked, timeout=5) as answer:  # noqa: S310 - ours
        assert json.load(answer)["target_group"] == NAMES[AWAY]
    told = both.aws(AWAY).describe_target_health(TargetGroupArn=both.arns[AWAY][1])["TargetHealthDescriptions"]
    assert [each["Target"]["Port"] for each in told][1:] == [9]


def test_metrics_are_of_their_region(both: Both) -> None:
    for region in NAMES:
        both.ask(region)
    both.clock.advance(2)
    resource = {region: arns[0].rpartition("loadbalancer/")[2] for region, arns in both.arns.items()}
    for region in NAMES:
        listed = both.aws(region, "cloudwatch").list_metrics(MetricName="RequestCount")["Metrics"]
        found = {each["Value"] for one in listed for each in one["Dimensions"] if each["Name"] == "LoadBalancer"}
        assert found == {resource[region]}


def test_export_import_and_reset_are_of_all_regions(both: Both) -> None:
    lb = both.lb
    document = lb.home.call(lambda: Transfer(lb.app).export(with_keys=False))
    of_groups = [record for record in document["records"] if record["kind"] == "registration"]
    assert [(record["key"].partition("/")[0], record.get("region")) for record in of_groups] == [
        ("same", None),
        ("same", AWAY),
    ]
    lb.home.run(Transfer(lb.app).reset())
    for region in NAMES:
        with pytest.raises(ClientError):
            both.aws(region).describe_load_balancers(Names=["same"])
    lb.home.run(Transfer(lb.app).bring_in(json.loads(json.dumps(document)), replaces=False))
    both.clock.advance(1)
    assert {region: both.ask(region) for region in NAMES} == {region: region for region in NAMES}
    assert lb.home.call(lambda: Transfer(lb.app).export(with_keys=False)) == document
