"""Subnets, security groups and VPCs of another endpoint: looked up there, accepted as they are, or refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs

import pytest
from botocore.exceptions import ClientError

from simlb.app.state_transfer import Transfer
from simlb.core import foreign, ids
from simlb.core.events import Notice
from simlb.errors import SimlbError
from simlb.testing import ALB, Clock
from simlb.testing.running import RunningLoadBalancer
from tests.aws import REGION, elbv2

OWN = [ids.subnet_id(f"{REGION}{letter}") for letter in "ab"]
RULE = (
    "<item><ipProtocol>tcp</ipProtocol><fromPort>{0}</fromPort><toPort>{0}</toPort>"
    "<ipRanges><item><cidrIp>{1}</cidrIp></item></ipRanges></item>"
)


class OtherEc2(ThreadingHTTPServer):
    """Another EC2, with two VPCs. `rules` are those of its security group; `status` is what it answers with."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.rules = RULE.format(80, "127.0.0.0/8")
        self.status = 200
        self.asked: list[dict[str, list[str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def answer(self, given: dict[str, list[str]]) -> str:
        """What it has of what a filter lets through."""
        self.asked.append(given)
        wanted = [values[0] for name, values in given.items() if name.startswith("Filter.1.Value.")]
        subnets = {"subnet-a": ("vpc-1", "a"), "subnet-b": ("vpc-1", "b"), "subnet-z": ("vpc-2", "c")}
        action = given["Action"][0]
        if action == "DescribeSubnets":
            items = [
                f"<item><subnetId>{one}</subnetId><vpcId>{subnets[one][0]}</vpcId>"
                f"<availabilityZone>{REGION}{subnets[one][1]}</availabilityZone></item>"
                for one in wanted
                if one in subnets
            ]
            return f"<R><subnetSet>{''.join(items)}</subnetSet></R>"
        if action == "DescribeSecurityGroups":
            found = (
                f"<item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId><ipPermissions>{self.rules}</ipPermissions></item>"
                if "sg-1" in wanted
                else ""
            )
            return f"<R><securityGroupInfo>{found}</securityGroupInfo></R>"
        vpcs = "".join(f"<item><vpcId>{one}</vpcId></item>" for one in wanted if one in {"vpc-1", "vpc-2"})
        return f"<R><vpcSet>{vpcs}</vpcSet></R>"


class Asked(BaseHTTPRequestHandler):
    server: OtherEc2

    def do_POST(self) -> None:
        assert "/ec2/aws4_request" in self.headers["Authorization"]
        body = self.server.answer(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def other() -> Iterator[OtherEc2]:
    """It answers."""
    with OtherEc2() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Shop:
    """An instance, and a client of its API."""

    def __init__(self, lb: RunningLoadBalancer, aws: Any) -> None:
        self.lb = lb
        self.aws = aws
        self.events = lb.event_stream("notice")

    def create(self, *subnets: str, name: str = "new", groups: tuple[str, ...] = ()) -> Any:
        """A load balancer."""
        more = {"SecurityGroups": list(groups)} if groups else {}
        (made,) = self.aws.create_load_balancer(Name=name, Subnets=list(subnets), **more)["LoadBalancers"]
        return made

    def fails(self, *subnets: str, groups: tuple[str, ...] = ()) -> tuple[str, str]:
        """Code and message of one that cannot be created."""
        with pytest.raises(ClientError) as caught:
            self.create(*subnets, groups=groups)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    def notices(self) -> list[str]:
        """What was told in sentences."""
        return [event.text for event in self.events.so_far() if isinstance(event, Notice)]

    def target_group(self, vpc: str, name: str = "tg") -> Any:
        """A target group."""
        (made,) = self.aws.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"]
        return made

    def inbound(self, name: str = "new") -> list[tuple[int | None, str]]:
        """What the load balancer's gate lets in."""
        balancer = next(each for each in self.lb.app.configuration.load_balancers if each.name == name)
        return [(rule.port, str(rule.source)) for rule in balancer.security_group.inbound]


@contextmanager
def running(foreign_ids: Literal["refuse", "accept"] = "refuse", endpoint: str | None = None) -> Iterator[Shop]:
    """An instance whose file says so."""
    alb = ALB("shop", clock=Clock("manual"), control=True)
    alb.listen(80).forward(alb.target_group("web", "http://127.0.0.1:9"))
    with alb.start() as lb, elbv2(lb.control_url) as aws:
        compiled = lb.app.compiled
        settings = replace(compiled.settings, foreign_ids=foreign_ids, foreign_endpoint=endpoint)
        lb.app.compiled = replace(compiled, settings=settings)
        shop = Shop(lb, aws)
        yield shop
        shop.events.close()


def zones(made: Any) -> dict[str, str]:
    return {zone["SubnetId"]: zone["ZoneName"] for zone in made["AvailabilityZones"]}


def test_they_are_looked_up(other: OtherEc2) -> None:
    with running(endpoint=other.url) as shop:
        made = shop.create("subnet-b", "subnet-a", groups=("sg-1",))
        assert (made["VpcId"], made["SecurityGroups"]) == ("vpc-1", ["sg-1"])
        assert zones(made) == {"subnet-a": f"{REGION}a", "subnet-b": f"{REGION}b"}
        assert shop.inbound() == [(80, "127.0.0.0/8")]
        # As of the lookup, until something names it again.
        other.rules = RULE.format(443, "10.1.2.3/8")
        shop.create(*OWN, name="more")
        assert shop.inbound() == [(80, "127.0.0.0/8")]
        shop.aws.set_security_groups(LoadBalancerArn=made["LoadBalancerArn"], SecurityGroups=["sg-1"])
        assert shop.inbound() == [(443, "10.0.0.0/8")]
        assert shop.target_group("vpc-2")["VpcId"] == "vpc-2"
        without = shop.create("subnet-a", "subnet-b", name="without")
        assert without["SecurityGroups"] == [ids.default_security_group_id(REGION)]
        shop.aws.delete_load_balancer(LoadBalancerArn=without["LoadBalancerArn"])
        moved = shop.aws.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=OWN)
        assert zones(moved) == {OWN[0]: f"{REGION}a", OWN[1]: f"{REGION}b"}
        assert foreign.SUBNET not in shop.lb.app.changes.records


def test_what_is_not_there_either(other: OtherEc2) -> None:
    with running(endpoint=other.url) as shop:
        assert shop.fails("subnet-a", "subnet-x")[0] == "SubnetNotFound"
        assert shop.fails("subnet-a", "subnet-a")[0] == "InvalidConfigurationRequest"
        code, message = shop.fails("subnet-a", "subnet-z")
        assert (code, message) == (
            "InvalidConfigurationRequest",
            "The specified subnets are not all in the same VPC",
        )
        assert shop.fails("subnet-a", OWN[1])[0] == "InvalidConfigurationRequest"
        assert shop.fails("subnet-a", "subnet-b", groups=("sg-2",))[0] == "InvalidSecurityGroup"
        code, message = shop.fails(*OWN, groups=("sg-1",))
        assert (code, "another VPC" in message) == ("InvalidConfigurationRequest", True)
        with pytest.raises(ClientError, match="The VPC ID 'vpc-3' is not found"):
            shop.target_group("vpc-3")


def test_an_endpoint_that_does_not_answer(other: OtherEc2) -> None:
    with running(endpoint="http://127.0.0.1:9/") as shop:
        code, message = shop.fails("subnet-a", "subnet-b")
        assert (code, "SIMLB-E849" in message) == ("ServiceUnavailable", True)
    other.status = 500
    with running("accept", endpoint=other.url) as shop:
        code, message = shop.fails("subnet-a", "subnet-b")
        assert (code, "answers with status 500" in message) == ("ServiceUnavailable", True)


def test_they_are_accepted() -> None:
    with running("accept") as shop:
        made = shop.create("subnet-2", "subnet-1", "subnet-3", groups=("sg-9", ids.default_security_group_id(REGION)))
        assert zones(made) == {"subnet-1": f"{REGION}a", "subnet-2": f"{REGION}b", "subnet-3": f"{REGION}c"}
        (warning,) = shop.notices()
        assert "Security group sg-9 is unknown here and accepted as it is (foreign_ids)" in warning
        assert shop.inbound()[0] == (None, "0.0.0.0/0")
        again = shop.create("subnet-2", "subnet-3", name="again")
        assert zones(again) == {"subnet-2": f"{REGION}b", "subnet-3": f"{REGION}c"}
        assert shop.target_group("vpc-9")["VpcId"] == "vpc-9"
        # Those that are kept are known, also where nothing new is accepted any more.
        app = shop.lb.app
        app.compiled = replace(app.compiled, settings=replace(app.compiled.settings, foreign_ids="refuse"))
        assert shop.create("subnet-2", "subnet-3", name="again")["LoadBalancerArn"] == again["LoadBalancerArn"]
        assert shop.target_group("vpc-9")["VpcId"] == "vpc-9"
        assert shop.fails("subnet-2", "subnet-4")[0] == "SubnetNotFound"


def test_they_are_exported_and_imported() -> None:
    with running("accept") as shop:
        shop.create("subnet-2", "subnet-1", groups=("sg-9",))
        transfer = Transfer(shop.lb.app)
        home = shop.lb.home
        document = home.call(lambda: transfer.export(with_keys=False))
        records = {(record["kind"], record["key"]): record["body"] for record in document["records"]}
        assert records[foreign.SUBNET, "subnet-1"] == {"zone": f"{REGION}a", "vpc": "", "origin": "accepted"}
        broken = {"kind": foreign.SUBNET, "key": "subnet-1", "body": {"zone": 1, "vpc": "", "origin": "accepted"}}
        with pytest.raises(SimlbError) as caught:
            home.run(transfer.bring_in({**document, "records": [broken]}, replaces=True))
        assert caught.value.code == "E814"
        home.run(transfer.reset())
        assert not [kind for kind in shop.lb.app.changes.records if "foreign" in kind]
        home.run(transfer.bring_in(document, replaces=False))
        (there,) = shop.aws.describe_load_balancers(Names=["new"])["LoadBalancers"]
        assert zones(there) == {"subnet-1": f"{REGION}a", "subnet-2": f"{REGION}b"}
        assert shop.inbound()[0] == (None, "0.0.0.0/0")
