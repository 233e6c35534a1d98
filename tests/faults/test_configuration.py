"""What the faults make of the configuration: the mistakes that learners make, one by one."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from simlb.core.model import ForwardAction, InboundRule, Protocol, RedirectAction, SecurityGroup
from simlb.dataplane.points import Asked, Treatment
from simlb.errors import SimlbError
from simlb.faults.parameters import Written
from tests.faults.fake_site import WEB, FakeSite, balancer, book, configuration, listener


async def test_config_path() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("config.path", "web")
    groups = site.in_force.target_groups
    assert (groups["web"].health_check.path, groups["api"].health_check.path) == ("/helth", "/")
    await faults.remove("path-1")
    assert site.in_force == WEB


async def test_config_matcher() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("config.matcher", "web", {"http_code": "201,204"})
    matcher = site.in_force.target_groups["web"].health_check.matcher
    assert [matcher.matches(code) for code in (200, 201, 204)] == [False, True, True]


async def test_config_port_keeps_targets_of_one_address_apart() -> None:
    site = FakeSite(configuration(web=("i-01", "i-02", "j-01")))  # i-01 and j-01 have the same address
    faults, _ = book(site)
    await faults.add("config.port", "web", {"port": 3000})
    targets = site.in_force.target_groups["web"].targets
    assert [(target.name, target.address, target.dial_port) for target in targets] == [
        ("i-01", "10.0.0.1:3000", 3000),
        ("i-02", "10.0.0.2:3000", 3000),
        ("j-01", "10.0.0.1:3001", 3001),
    ]


async def test_config_empty_group() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("config.empty_group", "web")
    assert site.in_force.target_groups["web"].targets == ()
    assert site.in_force.target_groups["api"] == WEB.target_groups["api"]


async def test_config_no_redirect() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("config.no_redirect")
    plain, secure = site.in_force.load_balancers[0].listeners
    assert plain.default_action == secure.default_action == ForwardAction.to("web")
    await faults.remove("no-redirect-1")
    assert isinstance(site.in_force.load_balancers[0].listeners[0].default_action, RedirectAction)


async def test_there_has_to_be_a_redirect_to_forget() -> None:
    site = FakeSite(configuration(balancer("my-alb", listener(80), listener(443, Protocol.HTTPS)), web=("i-01",)))
    faults, _ = book(site)
    with pytest.raises(SimlbError) as caught:
        await faults.add("config.no_redirect")
    assert caught.value.code == "E642"
    assert site.untouched()


async def test_a_gate_closes_for_one_port_only() -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("gate.close", "443")
    group = site.in_force.load_balancers[0].security_group
    assert (len(group.networks_for(80)), len(group.networks_for(443))) == (2, 0)


async def test_a_gate_closes_within_a_range_of_ports() -> None:
    wide = InboundRule(port=80, last_port=8080, source=ipaddress.ip_network("10.0.0.0/8"))
    shop = replace(WEB.load_balancers[0], security_group=SecurityGroup(inbound=(wide,)))
    site = FakeSite(replace(WEB, load_balancers=(shop,)))
    faults, _ = book(site)
    await faults.add("gate.close", "443")
    group = site.in_force.load_balancers[0].security_group
    assert group.networks_for(80) == (wide.source,)
    assert group.networks_for(443) == ()


@pytest.mark.parametrize(
    ("fault", "issued"),
    [
        ("cert.wrong_name", "issue wrong name wrong.localhost"),
        ("cert.expired", "issue expired my-alb.localhost"),
        ("cert.untrusted", "issue untrusted my-alb.localhost"),
    ],
)
async def test_certificates(fault: str, issued: str) -> None:
    site = FakeSite()
    faults, _ = book(site)
    installed = await faults.add(fault)
    assert site.notes == [issued, "change"]
    plain, secure = site.in_force.load_balancers[0].listeners
    assert (plain.certificates, secure.certificates) == ((), tuple(site.certificates))
    await faults.remove(installed.name)
    assert site.in_force == WEB
    assert site.untouched()


@pytest.mark.parametrize(
    ("fault", "parameters", "message"),
    [
        ("config.path", {"path": "helth"}, "config.path: path is 'helth', which is no path."),
        ("config.path", {"path": "/a b"}, "config.path: path is '/a b', which is no path."),
        ("config.matcher", {"http_code": "2xx"}, "config.matcher: http_code: '2xx' is neither a code such as 200"),
        ("config.port", {"port": 0}, "config.port: port is 0."),
        ("client.slow", {"path": "/a b"}, "path is '/a b', which is no path."),
        ("client.slow", {"clients": 1000}, "client.slow: clients is 1000."),
    ],
)
async def test_wrong_parameters(fault: str, parameters: dict[str, Written], message: str) -> None:
    site = FakeSite()
    faults, _ = book(site)
    with pytest.raises(SimlbError) as caught:
        await faults.add(fault, "web" if fault.startswith("config") else None, parameters)
    assert caught.value.code == "E632"
    assert caught.value.what.startswith(message)
    assert site.untouched()


@pytest.mark.parametrize(
    ("trust", "proto", "is_probe", "location"),
    [
        (False, "https", False, "https://shop.test/a"),
        (False, "http", False, "https://shop.test/a"),
        (True, "https", False, None),
        (True, "http", False, "https://shop.test/a"),
        (True, None, True, "https://shop.test/a"),  # a probe carries no X-Forwarded-Proto
    ],
)
async def test_an_application_that_redirects(
    trust: bool, proto: str | None, is_probe: bool, location: str | None
) -> None:
    site = FakeSite()
    faults, _ = book(site)
    await faults.add("config.app_redirect", "i-01", {"trust": trust})
    headers = {"Host": "shop.test", "X-Forwarded-Proto": proto}
    treatment = Treatment()
    ((_, behaviour),) = site.behaviours
    behaviour.on_request(Asked(method="GET", path="/a", header=headers.get, is_probe=is_probe), treatment)
    if location is None:
        assert treatment.answer is None
    else:
        assert treatment.answer is not None
        assert f"Location: {location}\r\n".encode() in treatment.answer
        assert treatment.answer.startswith(b"HTTP/1.1 301 ")
