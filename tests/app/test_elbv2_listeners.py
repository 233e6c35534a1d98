"""Listeners and rules by boto3: requests meet what the last call has said, and a refused call changes nothing."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from simlb.app.elbv2 import AppEstate
from simlb.app.placing import free_address, places
from simlb.config.binds import default_host
from simlb.controlplane.operations.table import elbv2_service
from simlb.controlplane.query.protocol import QueryRequest
from simlb.core.model import Bind, Configuration, ForwardAction, LoadBalancer
from simlb.errors import SimlbError
from simlb.processes.ports import free_ports
from simlb.testing import ALB, Clock, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.app.conftest import Bench
from tests.aws import authorization, elbv2
from tests.controlplane.query.botocore_model import form, parsed


def fixed(text: str, **members: Any) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": text}, **members}


def path(pattern: str) -> list[dict[str, Any]]:
    return [{"Field": "path-pattern", "Values": [pattern]}]


class Shop:
    """A load balancer with one listener and two groups, one of which nothing forwards to, and a client of its API."""

    def __init__(self, lb: RunningLoadBalancer, aws: Any) -> None:
        self.lb = lb
        self.aws = aws
        (balancer,) = aws.describe_load_balancers()["LoadBalancers"]
        self.arn: str = balancer["LoadBalancerArn"]
        listeners = aws.describe_listeners(LoadBalancerArn=self.arn)["Listeners"]
        self.http, self.https = (each["ListenerArn"] for each in listeners)
        groups = aws.describe_target_groups()["TargetGroups"]
        self.groups = {group["TargetGroupName"]: group["TargetGroupArn"] for group in groups}
        self.certificates = [
            each["CertificateArn"]
            for each in aws.describe_listener_certificates(ListenerArn=self.https)["Certificates"]
        ]

    def place(self, listener: str) -> tuple[str, int]:
        """Where its socket is, from its tag."""
        (described,) = self.aws.describe_tags(ResourceArns=[listener])["TagDescriptions"]
        url = next(tag["Value"] for tag in described["Tags"] if tag["Key"] == "aws:simlb:url")
        port = urlsplit(url).port
        assert port is not None
        return "127.0.0.1", port

    def create(self, port: int, *actions: dict[str, Any], protocol: str = "HTTP", **given: Any) -> str:
        made = self.aws.create_listener(
            LoadBalancerArn=self.arn, Protocol=protocol, Port=port, DefaultActions=list(actions), **given
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def get(self, listener: str, path: str = "/") -> str:
        """What a request to a listener is answered with."""
        return str(self.lb.get("http://{}:{}{}".format(*self.place(listener), path)).text)

    def rule(self, priority: int, pattern: str, action: dict[str, Any]) -> str:
        made = self.aws.create_rule(
            ListenerArn=self.http, Priority=priority, Conditions=path(pattern), Actions=[action]
        )
        return str(made["Rules"][0]["RuleArn"])

    def secure(self, listener: str, version: ssl.TLSVersion, name: str = "a.test") -> tuple[str | None, Any]:
        """The version of a handshake, and the names of the certificate that it brought."""
        context = ssl.create_default_context(cadata=self.lb.ca_pem)
        context.minimum_version = context.maximum_version = version
        context.check_hostname = False
        with (
            socket.create_connection(self.place(listener), 5) as plain,
            context.wrap_socket(plain, server_hostname=name) as tls,
        ):
            certificate = tls.getpeercert()
            assert certificate is not None
            return tls.version(), certificate["subjectAltName"]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Time stands still."""
    alb = ALB("shop", clock=Clock("manual"), control=True)
    web = alb.target_group("web", FakeBackend(text="web"))
    alb.target_group("blue", FakeBackend(text="blue"))
    alb.listen(80).forward(web)
    alb.listen(443, cert=["a.test", "b.test"], ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06").forward(web)
    with alb.start() as lb, elbv2(lb.control_url) as aws:
        yield Shop(lb, aws)


def test_a_new_listener_answers_at_once_and_a_deleted_one_no_more(shop: Shop) -> None:
    listener = shop.create(8080, fixed("hello"))
    place = shop.place(listener)
    assert shop.get(listener) == "hello"
    shop.aws.delete_listener(ListenerArn=listener)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place)


def test_a_kept_connection_to_a_deleted_listener_has_one_more_request(shop: Shop) -> None:
    listener = shop.create(8080, fixed("hello"))
    connection = http.client.HTTPConnection(*shop.place(listener), timeout=5)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"hello"
    shop.aws.delete_listener(ListenerArn=listener)
    connection.request("GET", "/")
    last = connection.getresponse()
    assert (last.read(), last.getheader("Connection")) == (b"hello", "close")
    connection.close()


def test_a_target_group_is_probed_from_its_first_forward_on(shop: Shop) -> None:
    (target,) = shop.aws.describe_target_health(TargetGroupArn=shop.groups["blue"])["TargetHealthDescriptions"]
    assert target["TargetHealth"]["State"] == "unused"
    listener = shop.create(8080, {"Type": "forward", "TargetGroupArn": shop.groups["blue"]})
    shop.lb.clock.advance(0)  # the first check
    shop.aws.get_waiter("target_in_service").wait(
        TargetGroupArn=shop.groups["blue"], WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    assert shop.get(listener) == "blue"
    shop.aws.delete_listener(ListenerArn=listener)
    (target,) = shop.aws.describe_target_health(TargetGroupArn=shop.groups["blue"])["TargetHealthDescriptions"]
    assert target["TargetHealth"]["State"] == "unused"
    shop.aws.delete_target_group(TargetGroupArn=shop.groups["blue"])


def test_rules_hold_from_the_next_request_on(shop: Shop) -> None:
    assert shop.get(shop.http, "/a/x") == "web"
    first = shop.rule(10, "/a/*", fixed("first"))
    assert shop.get(shop.http, "/a/x") == "first"
    second = shop.rule(20, "/a/x", fixed("second"))
    assert shop.get(shop.http, "/a/x") == "first"
    pairs = [{"RuleArn": first, "Priority": 20}, {"RuleArn": second, "Priority": 10}]
    shop.aws.set_rule_priorities(RulePriorities=pairs)
    assert shop.get(shop.http, "/a/x") == "second"
    shop.aws.modify_rule(RuleArn=second, Conditions=path("/b"), Actions=[fixed("third")])
    assert (shop.get(shop.http, "/a/x"), shop.get(shop.http, "/b")) == ("first", "third")
    shop.aws.delete_rule(RuleArn=first)
    assert shop.get(shop.http, "/a/x") == "web"


def test_transforms_reach_the_target(shop: Shop) -> None:
    rewrites = [{"Regex": "^/old/(.*)$", "Replace": "/new/$1"}]
    shop.aws.create_rule(
        ListenerArn=shop.http,
        Priority=1,
        Conditions=path("/old/*"),
        Actions=[{"Type": "forward", "TargetGroupArn": shop.groups["web"]}],
        Transforms=[{"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": rewrites}}],
    )
    shop.get(shop.http, "/old/thing")
    assert shop.lb.alb.backends[0].requests[-1].path == "/new/thing"


def test_a_changed_listener_is_at_its_new_port_only(shop: Shop) -> None:
    listener = shop.create(8080, fixed("hello"))
    before = shop.place(listener)
    shop.aws.modify_listener(ListenerArn=listener, Port=8081, DefaultActions=[fixed("moved")])
    assert shop.get(listener) == "moved"
    assert shop.place(listener) != before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(before)
    (described,) = shop.aws.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert described["Port"] == 8081


def test_a_refused_call_changes_nothing(shop: Shop) -> None:
    before = shop.aws.describe_rules(ListenerArn=shop.http)["Rules"]
    with pytest.raises(shop.aws.exceptions.TargetGroupNotFoundException):
        shop.rule(1, "/a", {"Type": "forward", "TargetGroupArn": shop.groups["web"] + "0"})
    with pytest.raises(shop.aws.exceptions.DuplicateListenerException):
        shop.create(80, fixed("mine"))
    assert shop.aws.describe_rules(ListenerArn=shop.http)["Rules"] == before
    assert shop.get(shop.http, "/a") == "web"
    assert len(shop.aws.describe_listeners(LoadBalancerArn=shop.arn)["Listeners"]) == 2


def test_a_security_policy_decides_who_gets_in(shop: Shop) -> None:
    old, new = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    listener = shop.create(
        8443, fixed("hello"), protocol="HTTPS", Certificates=[{"CertificateArn": shop.certificates[0]}]
    )
    assert shop.secure(listener, old)[0] == "TLSv1.2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shop.secure(listener, new)  # the API's default, ELBSecurityPolicy-2016-08, ends at 1.2
    shop.aws.modify_listener(ListenerArn=listener, SslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06")
    assert shop.secure(listener, new)[0] == "TLSv1.3"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shop.secure(listener, old)
    place = shop.place(listener)
    shop.aws.modify_listener(ListenerArn=listener, Protocol="HTTP")
    assert shop.get(listener) == "hello"
    assert shop.place(listener) == place


def test_everybody_tells_the_policy(shop: Shop) -> None:
    listeners = shop.aws.describe_listeners(LoadBalancerArn=shop.arn)["Listeners"]
    view = shop.lb.alb.ask(lambda: shop.lb.alb.app.view().load_balancers[0])
    policies = [None, "ELBSecurityPolicy-TLS13-1-2-2021-06"]
    assert [each.get("SslPolicy") for each in listeners] == policies
    assert [each.ssl_policy for each in view.listeners] == policies


def test_certificates_by_name_come_and_go(shop: Shop) -> None:
    version = ssl.TLSVersion.TLSv1_3
    second = [{"CertificateArn": shop.certificates[1]}]
    assert shop.secure(shop.https, version, "b.test")[1][0] == ("DNS", "b.test")
    shop.aws.remove_listener_certificates(ListenerArn=shop.https, Certificates=second)
    assert shop.secure(shop.https, version, "b.test")[1][0] == ("DNS", "a.test")
    shop.aws.modify_listener(ListenerArn=shop.https, Certificates=second)
    assert shop.secure(shop.https, version, "a.test")[1][0] == ("DNS", "b.test")
    # No listener has the first one any more, but the file still names it.
    shop.aws.add_listener_certificates(ListenerArn=shop.https, Certificates=[{"CertificateArn": shop.certificates[0]}])
    assert shop.secure(shop.https, version, "a.test")[1][0] == ("DNS", "a.test")


def test_a_test_s_own_clients_find_what_the_api_has_made(shop: Shop) -> None:
    shop.create(8080, fixed("hello"))
    assert shop.lb.get("http://shop.example.com:8080/").text == "hello"
    assert shop.lb.get(shop.lb.url_for(8080)).text == "hello"


def test_what_the_api_changed_of_the_file_is_drift(shop: Shop) -> None:
    shop.rule(1, "/a", fixed("a"))
    notices = shop.lb.alb.ask(lambda: shop.lb.alb.app.view().notices)
    assert any("load balancer shop was changed through the API" in notice for notice in notices)


# -- where sockets go, and what a reload makes of it -------------------------------------------------------------------


class Direct:
    """Calls without a control port, for an instance that is not ephemeral."""

    def __init__(self, bench: Bench) -> None:
        self._service = elbv2_service(AppEstate(bench.app))

    async def __call__(self, operation: str, **given: Any) -> dict[str, Any]:
        body = form(operation, given).encode()
        reply = await self._service.answer(QueryRequest(body=body, authorization=authorization()))
        return parsed(operation, reply.status, reply.body)


def free_port() -> int:
    (port,) = free_ports(1)
    return port


async def test_a_port_that_is_taken_fails_the_call_and_changes_nothing(bench: Bench) -> None:
    app = await bench.start()
    call = Direct(bench)
    (balancer,) = app.configuration.load_balancers
    before = app.configuration
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        given = {"LoadBalancerArn": balancer.arn, "Protocol": "HTTP", "Port": port, "DefaultActions": [fixed("a")]}
        error = (await call("CreateListener", **given))["Error"]
        assert error["Code"] == "ResourceInUse"
        assert error["Message"].startswith(f"Port {port} is already in use")
        assert error["Message"].endswith("(SIMLB-E101)")
        assert app.configuration is before
    assert "Listeners" in await call("CreateListener", **given)
    socket.create_connection(("127.0.0.1", port)).close()


async def test_a_listener_does_not_go_where_a_target_is(bench: Bench) -> None:
    port = free_port()
    app = await bench.start(web=[f'{{url: "http://127.0.0.1:{port}"}}'])
    given = {"Protocol": "HTTP", "Port": port, "DefaultActions": [fixed("a")]}
    arn = app.configuration.load_balancers[0].arn
    error = (await Direct(bench)("CreateListener", LoadBalancerArn=arn, **given))["Error"]
    assert (error["Code"], "forward to itself" in error["Message"]) == ("ResourceInUse", True)


async def test_each_load_balancer_has_an_address_of_its_own(bench: Bench) -> None:
    app = await bench.start()
    (first,) = app.configuration.load_balancers
    assert places(app, app.configuration, first, 9999) == (Bind(host="127.0.0.1", port=9999),)
    assert [bind.port for bind in places(app, app.configuration, first, 443)] == [443, *range(8443, 8453)]
    second = clone(first, "second", free_address(app, app.configuration))
    assert places(app, app.configuration, second, 9999) == (Bind(host=default_host(1, None), port=9999),)
    both = Configuration(load_balancers=(first, second), target_groups={})
    assert free_address(app, both) == default_host(2, None)
    elsewhere = clone(first, "third", "127.0.0.1", Bind(host=default_host(2, None), port=9999))
    all_three = Configuration(load_balancers=(first, second, elsewhere), target_groups={})
    assert free_address(app, all_three) == default_host(3, None)


def clone(balancer: LoadBalancer, name: str, address: str, *binds: Bind) -> LoadBalancer:
    """Another load balancer at that address, with a listener at each of these places."""
    listeners = tuple(replace(balancer.listeners[0], binds=(bind,)) for bind in binds)
    return replace(balancer, name=name, arn=f"{balancer.arn}/{name}", address=address, listeners=listeners)


async def test_a_reload_gives_the_file_its_own_back(bench: Bench) -> None:
    app = await bench.start()
    call = Direct(bench)
    (balancer,) = app.configuration.load_balancers
    port = free_port()
    given = {"Protocol": "HTTP", "Port": port, "DefaultActions": [fixed("a")]}
    await call("CreateListener", LoadBalancerArn=balancer.arn, **given)
    await call("DeleteListener", ListenerArn=balancer.listeners[1].arn)
    assert [listener.port for listener in app.configuration.load_balancers[0].listeners] == [80, port]
    told = await app.reload()
    assert "load balancer my-alb was changed through the API; now it is as the file says." in told
    assert app.configuration.load_balancers == (balancer,)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


async def test_a_reload_that_contradicts_the_api_s_load_balancers_is_refused(bench: Bench) -> None:
    app = await bench.start(spare=[])
    (first,) = app.configuration.load_balancers

    def add(draft: Any) -> None:
        spare = app.configuration.target_groups["spare"]
        listener = replace(first.listeners[0], default_action=ForwardAction.to(spare.name))
        draft.put_load_balancer(replace(first, name="second", arn=f"{first.arn}/second", listeners=(listener,)))

    await AppEstate(app).change(add)
    bench.write()
    assert "second forwards to target group spare, which the file has no more" in await app.reload()
    assert app.configuration.target_groups["spare"].targets == ()
    bench.path.write_text(bench.path.read_text().replace("forward: api", "forward: spare") + "  - {name: spare}\n")
    with pytest.raises(SimlbError, match="my-alb and second both forward to target group spare") as failed:
        await app.reload()
    assert failed.value.code == "E807"
    bench.write(spare=[])
    await app.reload()
