"""A thousand requests that make no sense: each is answered with 4xx and a code, and the loop hears of nothing."""

from __future__ import annotations

import asyncio
import random
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from simlb.controlplane.operations.table import elbv2_service
from simlb.controlplane.query.model import elbv2
from simlb.controlplane.query.routes import query_routes
from simlb.controlplane.server import ControlServer
from tests.aws import authorization
from tests.controlplane.fakes import FakeInstance
from tests.controlplane.operations.conftest import Api
from tests.controlplane.operations.shop import SHOP

SEED = 20151201
REQUESTS = 1000
OPERATIONS = elbv2().operations
STRANGE = (
    "\0",
    "\x1b[2J",
    "\N{REPLACEMENT CHARACTER}",
    "가",
    "]]>",
    "<!DOCTYPE a [",
    "&a;",
    "../..",
    "' OR 1=1",
    "%s%n",
    "\r\n",
)

Request = tuple[str, dict[str, str], bytes]
"""Method and URL, headers, body."""


class Drawn:
    """Draws requests that make no sense, each in one way."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)
        self.operations = list(OPERATIONS)

    def request(self) -> Request:
        ways: list[Callable[[], Request]] = [
            self.noise,
            self.strange_form,
            self.wrong_action,
            self.wrong_version,
            self.wrong_values,
            self.wrong_structure,
            self.no_arn,
            self.wrong_authorization,
            self.wrong_scope,
            self.wrong_marker,
            self.too_many,
        ]
        return self.random.choice(ways)()

    def text(self, size: int = 20) -> str:
        pieces = [*STRANGE, *map(chr, range(32, 127))]
        return "".join(self.random.choices(pieces, k=self.random.randint(1, size)))

    def call(self, parameters: dict[str, str], operation: str | None = None, **headers: str) -> Request:
        action = {"Action": operation or self.random.choice(self.operations), "Version": "2015-12-01"}
        signed = {"Authorization": authorization(), "Content-Type": "application/x-www-form-urlencoded"} | headers
        return "POST /", signed, urlencode(action | parameters).encode()

    def noise(self) -> Request:
        return (*self.call({})[:2], self.random.randbytes(self.random.randint(0, 3000)))

    def strange_form(self) -> Request:
        keys = ["Action", "Version", "Action.member.1", "member", ".", "=", "&", "Names.member.1", "%", "%zz", "+"]
        body = "&".join(f"{self.random.choice(keys)}={self.text()}" for _ in range(self.random.randint(0, 8)))
        return (*self.call({})[:2], body.encode())

    def wrong_action(self) -> Request:
        return self.call({}, operation=self.text() + "x")

    def wrong_version(self) -> Request:
        return self.call({"Version": self.text()})

    def wrong_values(self) -> Request:
        operation, name, value = self.random.choice(
            [
                ("DescribeLoadBalancers", "PageSize", self.text()),
                ("DescribeTargetGroups", "PageSize", str(self.random.choice([0, -1, 401, 10**9, 10**40]))),
                ("CreateTargetGroup", "Protocol", self.text()),
                ("CreateTargetGroup", "HealthCheckEnabled", self.text()),
                ("DescribeSSLPolicies", "LoadBalancerType", self.text()),
                ("CreateListener", "DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight", self.text()),
                ("AddTags", "Tags.member.1.Key", self.text() + "!" * 200),
            ]
        )
        return self.call({name: value + "x"}, operation)

    def wrong_structure(self) -> Request:
        place = self.random.choice(["Names", "LoadBalancerArns"])
        below = self.random.choice(
            ["", ".1", ".member", ".member.x", ".member.1.2", ".member.-1", ".entry.1", ".member.1e3"]
        )
        return self.call({f"{place}{below}": "x"}, "DescribeLoadBalancers")

    def no_arn(self) -> Request:
        name, parameter = self.random.choice(
            [
                ("DescribeLoadBalancers", "LoadBalancerArns.member.1"),
                ("DescribeListeners", "LoadBalancerArn"),
                ("DescribeRules", "ListenerArn"),
                ("DescribeRules", "RuleArns.member.7"),
                ("DescribeTargetHealth", "TargetGroupArn"),
                ("DescribeTags", "ResourceArns.member.1"),
                ("DescribeTrustStores", "TrustStoreArns.member.1"),
                ("GetResourcePolicy", "ResourceArn"),
                ("DeleteRule", "RuleArn"),
            ]
        )
        return self.call({parameter: self.text(200)}, name)

    def wrong_authorization(self) -> Request:
        pieces = ["AWS4-HMAC-SHA256", " ", "Credential", "=", "/", ",", "a", "20261128", "aws4_request", "é", "\t"]
        return self.call({}, Authorization="".join(self.random.choices(pieces, k=12)).strip())

    def wrong_scope(self) -> Request:
        return self.call({}, Authorization=authorization(service=self.random.choice(["s3", "sts", "ec2", "_", "a.b"])))

    def wrong_marker(self) -> Request:
        return self.call(
            {"Marker": self.text() + "!"}, self.random.choice(["DescribeTargetGroups", "DescribeAccountLimits"])
        )

    def too_many(self) -> Request:
        count = self.random.choice([1, 30, 3000])
        names = {f"Targets.member.{number}.Port": "x" for number in range(count)}
        return self.call(names, "RegisterTargets")


@pytest.mark.slow
async def test_a_thousand_senseless_requests(api: Api) -> None:
    loop = asyncio.get_running_loop()
    heard: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: heard.append(context))
    estate = api.load(SHOP)
    before = estate.held
    server = ControlServer(FakeInstance(), "s3cret", 0, routes=query_routes(elbv2_service(estate)))
    await server.start()
    drawn = Drawn()
    codes: dict[str, int] = {}
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as http:
            for number in range(REQUESTS):
                where, headers, body = drawn.request()
                method, _, url = where.partition(" ")
                async with http.request(method, url, headers=headers, data=body) as response:
                    answer = await response.read()
                about = (
                    f"request {number} of seed {SEED}: {headers} {body[:300]!r} -> {response.status} {answer[:300]!r}"
                )
                assert 400 <= response.status < 500, about
                found = ET.fromstring(answer).find("{*}Error/{*}Code")  # noqa: S314 - our own
                assert found is not None, about
                assert found.text, about
                codes[found.text] = codes.get(found.text, 0) + 1
            _, headers, body = drawn.call({}, "DescribeLoadBalancers")
            async with http.post("/", headers=headers, data=body) as response:  # it still answers
                assert response.status == 200
    finally:
        await server.close()
    assert heard == []
    assert estate.held is before
    assert len(codes) >= 8, codes
