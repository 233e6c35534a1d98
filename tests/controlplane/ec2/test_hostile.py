"""Requests to EC2 that make no sense: each is answered with 4xx and a code, in XML that can be read."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from simlb.controlplane.ec2.service import PARAMETERS, VERSION, Ec2Service
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.protocol import QueryReply, QueryRequest
from simlb.core.instances import InstanceState
from simlb.core.model import Instance
from tests.aws import REGION, authorization
from tests.controlplane.operations.conftest import Api, Held
from tests.controlplane.operations.shop import SHOP

SEED = 20161115
REQUESTS = 1000
STRANGE = ("", "\0", "\x1b[2J", "가", "]]>", "&a;", "../..", "sg-", "i-", "1e9", "-1", "*" * 300, "10.0.0.0/99", "\r\n")


class Nobody:
    """Answers nothing in simlb's stead."""

    has_begun = False

    def check(self, what: str) -> None:
        raise QueryError("UnsupportedOperation", f"{what} is not emulated by simlb.")

    async def ask(self, request: QueryRequest, what: str) -> QueryReply:
        raise AssertionError(what)


class HeldEc2(Held):
    """With instances, all of them the user's own."""

    def instance_state(self, instance: Instance) -> InstanceState:
        return InstanceState.RUNNING

    async def look_up_again(self) -> None:
        raise AssertionError

    def is_own(self, instance: Instance) -> bool:
        return False

    async def stop_instance(self, instance: Instance, *, kill: bool) -> None:
        raise AssertionError(instance)

    def start_instance(self, instance: Instance) -> None:
        raise AssertionError(instance)

    def reboot_instance(self, instance: Instance) -> None:
        raise AssertionError(instance)


@pytest.fixture
def service(tmp_path: Path) -> Ec2Service:
    """Over `SHOP`."""
    return Ec2Service(HeldEc2(Api(tmp_path).load(SHOP).configuration()), Nobody())


async def send(service: Ec2Service, **parts: Any) -> tuple[int, str | None]:
    """Status and error code."""
    reply = await service.answer(QueryRequest(authorization=authorization(service="ec2"), **parts))
    root = ET.fromstring(reply.body)  # noqa: S314 - our own
    return reply.status, root.findtext("Errors/Error/Code")


async def test_a_thousand_requests_that_make_no_sense(service: Ec2Service) -> None:
    drawn = random.Random(SEED)
    operations = [name for name in PARAMETERS if name not in {"DescribeRegions", "DescribeAvailabilityZones"}]
    for _ in range(REQUESTS):
        operation = drawn.choice(operations)
        given = {"Action": operation, "Version": VERSION}
        for name in drawn.choices(list(PARAMETERS[operation]), k=drawn.randint(1, 3)):
            suffix = drawn.choice(("", ".1", ".1.Name", ".1.IpProtocol", ".1.Value.1", ".x", ".1.1.1.1"))
            given[name + suffix] = drawn.choice(STRANGE)
        given["Nonsense"] = drawn.choice(STRANGE)
        status, code = await send(service, body=urlencode(given).encode())
        assert 400 <= status < 500, given
        assert code, given


async def test_values_that_make_no_sense_are_refused_or_find_nothing(service: Ec2Service) -> None:
    drawn = random.Random(SEED)
    for _ in range(REQUESTS):
        operation = drawn.choice(list(PARAMETERS))
        given = {"Action": operation, "Version": VERSION}
        for name, shape in PARAMETERS[operation].items():
            if drawn.random() < 0.5:
                given |= dict(_values(drawn, name, shape))
        status, code = await send(service, body=urlencode(given).encode())
        assert status == 200 if code is None else 400 <= status < 500, given


def _values(drawn: random.Random, name: str, shape: Any) -> list[tuple[str, str]]:
    if isinstance(shape, list):
        count = drawn.randint(1, 2)
        return [pair for index in range(1, count + 1) for pair in _values(drawn, f"{name}.{index}", shape[0])]
    if isinstance(shape, dict):
        return [
            pair
            for key, child in shape.items()
            if drawn.random() < 0.7
            for pair in _values(drawn, f"{name}.{key}", child)
        ]
    if drawn.random() < 0.2:
        return [(name, drawn.choice(STRANGE))]
    ordinary = {
        str: ("tcp", "0.0.0.0/0", "::/0", "web", "vpc-id", "tag:a"),
        int: ("80", "443"),
        bool: ("true", "false"),
    }
    return [(name, drawn.choice(ordinary[shape]))]


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ({"body": b"\xff"}, 400, "MalformedQueryString"),
        ({"body": b""}, 400, "MissingAction"),
        ({"body": b"Action=DescribeVpcs"}, 400, "NoSuchVersion"),
        ({"body": b"Action=DescribeVpcs&Version=2012-06-01"}, 400, "NoSuchVersion"),
        ({"body": b"Action=%3Cx%3E&Version=2016-11-15"}, 400, "InvalidAction"),
        ({"body": b"Action=DescribeVpcs&Action=x&Version=2016-11-15"}, 400, "MalformedQueryString"),
        ({"body": b"Action=AllocateAddress&Version=2016-11-15&Anything.1=x"}, 400, "UnsupportedOperation"),
        ({"body": b"Action=DescribeVpcs&Version=2016-11-15&DryRun=true"}, 412, "DryRunOperation"),
    ],
)
async def test_what_is_no_call(service: Ec2Service, parts: dict[str, Any], status: int, code: str) -> None:
    assert await send(service, **parts) == (status, code)


async def test_a_signed_url_only_reads(service: Ec2Service) -> None:
    """A web page can have a browser open one."""
    credential = f"X-Amz-Credential=simlb%2F20261128%2F{REGION}%2Fec2%2Faws4_request"
    for action, status in (("DescribeVpcs", 200), ("CreateSecurityGroup&GroupName=a&GroupDescription=b", 403)):
        reply = await service.answer(QueryRequest(query=f"Action={action}&Version={VERSION}&{credential}"))
        assert reply.status == status
    assert (await service.answer(QueryRequest())).status == 403
