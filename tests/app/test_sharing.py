"""Dualstack load balancers and shared places in a whole application: by file, by API, by names that lead there."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simlb.app.registering import refusals
from simlb.app.state_explaining import StateExplaining
from simlb.config import binds
from simlb.core.model import Target
from simlb.dataplane import doors as doors_module
from simlb.errors import BindError
from simlb.explain.dry_request import DryRequest
from simlb.testing import ALB, Clock
from simlb.testing.running import RunningLoadBalancer
from tests.app.conftest import Bench
from tests.app.test_elbv2_listeners import free_port
from tests.app.test_elbv2_load_balancers import SUBNETS
from tests.aws import elbv2
from tests.core.dns.zones import alias, zone
from tests.dataplane.ipv6 import IPV6, needs_ipv6

TWO = """\
simlb: config/1
control_port: 0
load_balancers:
  - name: pear
    dns: [pear.test]
    %(pear)s
    listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:%(port)d", fixed_response: {status_code: 202}}]
  - name: apple
    dns: [apple.test]
    listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:%(port)d", fixed_response: {status_code: 201}}]
"""


class Two(Bench):
    """Two load balancers of a file at one place."""

    port = 0
    pear = "scheme: internal"

    def write(self, **_: Any) -> None:
        """The file."""
        self.port = self.port or free_port()
        self.path.write_text(TWO % {"port": self.port, "pear": self.pear})

    async def ask(self, host: str, address: str = "127.0.0.1") -> int:
        """The status of one request on a connection of its own."""
        reader, writer = await asyncio.open_connection(address, self.port)
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return int(line.split()[1])


@pytest.fixture
async def two(tmp_path: Any) -> Any:
    bench = Two(tmp_path)
    await bench.start()
    yield bench
    await bench.app.close(grace_s=0)


async def test_a_file_may_give_one_place_to_two(two: Two) -> None:
    assert [await two.ask(host) for host in ("apple.test", "pear.test", "unknown.test")] == [201, 202, 201]
    views = {balancer.name: balancer.listeners[0] for balancer in two.app.view().load_balancers}
    assert {name: (one.bind, one.shares_with) for name, one in views.items()} == {
        "pear": (f"127.0.0.1:{two.port}", ("apple",)),
        "apple": (f"127.0.0.1:{two.port}", ("pear",)),
    }
    explaining = StateExplaining(two.app)
    for host, name in (("pear.test", "pear"), ("127.0.0.1", "apple"), ("unknown.test", "apple")):
        story = explaining.request(DryRequest.of("GET", f"http://{host}:{two.port}/"))
        assert story.facts["load_balancer"] == name


async def test_where_127_0_0_1_is_the_only_address_all_are_at_it(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS and Windows; `bind` is not needed for that."""
    monkeypatch.setattr(binds, "default_host", lambda index, expose: "127.0.0.1")
    two.write()
    port = free_port()
    text = two.path.read_text().replace(f'bind: "127.0.0.1:{two.port}", ', "").replace("port: 80", f"port: {port}")
    two.path.write_text(text)
    await two.app.reload()
    two.port = port
    assert [await two.ask(host) for host in ("apple.test", "pear.test")] == [201, 202]


async def test_names_that_lead_to_a_load_balancer_are_as_good_as_its_own(two: Two) -> None:
    """An alias of a hosted zone is how people name load balancers of the API."""
    pear = next(one for one in two.app.configuration.load_balancers if one.name == "pear")
    shop = zone("shop.test", alias("www.shop.test", f"dualstack.{pear.dns_name}"))
    two.app.changes = replace(two.app.changes, records={"route53.hosted-zone": {"Z1": two.app.names.written(shop)}})
    assert [await two.ask(host) for host in ("www.shop.test", "shop.test", "no_name..")] == [202, 201, 201]


@needs_ipv6
async def test_a_reload_brings_the_second_address_and_takes_it_away(two: Two) -> None:
    two.pear = "ip_address_type: dualstack"
    two.write()
    assert (await two.app.reload()).startswith("Reloaded")
    assert [await two.ask(host, IPV6) for host in ("pear.test", "apple.test")] == [202, 202]
    view = two.app.view().load_balancers[0]
    assert (view.ip_address_type, view.listeners[0].further_binds) == ("dualstack", (f"[::1]:{two.port}",))
    refusal = refusals(two.app)(Target(id=IPV6, port=two.port, dial_host=IPV6, dial_port=two.port, name="x"))
    assert refusal is not None
    story = StateExplaining(two.app).request(DryRequest.of("GET", f"http://[::1]:{two.port}/"))
    assert story.facts["load_balancer"] == "pear"
    assert f"127.0.0.1:{two.port}, [::1]:{two.port}" in story.steps[0].words.en
    two.pear = "scheme: internal"
    two.write()
    await two.app.reload()
    with pytest.raises(ConnectionRefusedError):
        await two.ask("pear.test", IPV6)


async def test_one_at_a_place_that_is_not_ours_changes_nothing(two: Two) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    taken, two.port = two.port, server.sockets[0].getsockname()[1]
    two.write()
    with pytest.raises(BindError):
        await two.app.reload()
    server.close()
    two.port = taken
    assert [await two.ask(host) for host in ("apple.test", "pear.test")] == [201, 202]


# -- by API ------------------------------------------------------------------------------------------------------------


class Shop:
    """A client of the API."""

    def __init__(self, lb: RunningLoadBalancer, aws: Any) -> None:
        self.lb = lb
        self.aws = aws

    def create(self, name: str, **more: Any) -> str:
        created = self.aws.create_load_balancer(Name=name, Subnets=SUBNETS, **more)["LoadBalancers"][0]
        answer = {"StatusCode": "200", "MessageBody": name}
        actions = [{"Type": "fixed-response", "FixedResponseConfig": answer}]
        arn: str = created["LoadBalancerArn"]
        self.aws.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=actions)
        return arn

    def binds(self, name: str) -> list[tuple[str, int]]:
        connection = http.client.HTTPConnection(self.lb.control_url.removeprefix("http://"), timeout=5)
        connection.request("GET", "/api/v1/status")
        found = json.loads(connection.getresponse().read())
        connection.close()
        (view,) = (one for one in found["load_balancers"] if one["name"] == name)
        (listener,) = view["listeners"]
        places = [listener["bind"], *listener["further_binds"]]
        return [(host.strip("[]"), int(port)) for host, _, port in (place.rpartition(":") for place in places)]

    def get(self, place: tuple[str, int]) -> str:
        connection = http.client.HTTPConnection(*place, timeout=5)
        connection.request("GET", "/")
        text = connection.getresponse().read().decode()
        connection.close()
        return text


@pytest.fixture
def shop() -> Iterator[Shop]:
    alb = ALB("shop", clock=Clock("manual"), control=True)
    alb.listen(80).fixed(200)
    with alb.start() as lb, elbv2(lb.control_url) as aws:
        yield Shop(lb, aws)


@needs_ipv6
def test_a_dualstack_load_balancer_of_the_api(shop: Shop) -> None:
    arn = shop.create("new", IpAddressType="dualstack")
    (described,) = shop.aws.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    assert described["IpAddressType"] == "dualstack"
    ipv4, ipv6 = shop.binds("new")
    assert (ipv4[0], ipv6[0], ipv4[1]) == ("127.0.0.1", "::1", ipv6[1])
    assert [shop.get(place) for place in (ipv4, ipv6)] == ["new", "new"]
    shop.aws.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")
    assert shop.binds("new") == [ipv4]
    with pytest.raises(ConnectionRefusedError):
        shop.get(ipv6)
    shop.aws.set_subnets(LoadBalancerArn=arn, Subnets=SUBNETS, IpAddressType="dualstack")
    assert shop.binds("new") == [ipv4, ipv6]
    assert shop.get(ipv6) == "new"
    shop.aws.delete_load_balancer(LoadBalancerArn=arn)
    with pytest.raises(ConnectionRefusedError):
        shop.get(ipv6)


def test_without_ipv6_there_is_none_and_the_call_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = shop.create("new")
    monkeypatch.setattr(doors_module, "has_ipv6_loopback", lambda: False)
    for operation, parameters in (
        (shop.aws.set_ip_address_type, {"LoadBalancerArn": arn, "IpAddressType": "dualstack"}),
        (shop.aws.create_load_balancer, {"Name": "x", "Subnets": SUBNETS, "IpAddressType": "dualstack"}),
    ):
        with pytest.raises(ClientError) as caught:
            operation(**parameters)
        assert caught.value.response["Error"]["Code"] == "InvalidConfigurationRequest"
        assert "SIMLB-E858" in caught.value.response["Error"]["Message"]
    found = shop.aws.describe_load_balancers()["LoadBalancers"]
    assert [(one["LoadBalancerName"], one["IpAddressType"]) for one in found] == [("shop", "ipv4"), ("new", "ipv4")]
