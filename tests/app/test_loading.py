"""Which listener a load goes to, under which names, and what is said of loads that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.app.application import App
from simlb.app.options import AppOptions
from simlb.errors import SimlbError
from simlb.load.plan import LoadPlan
from tests.app.conftest import Bench

TWO = """\
simlb: config/1
control_port: 0
load_balancers:
  - name: web
    dns: [shop.localhost, www.localhost]
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: web}
      - {protocol: HTTP, port: 443, bind: "127.0.0.1:0", forward: web}
  - name: api
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", forward: api}
      - {protocol: HTTP, port: 9000, bind: "127.0.0.1:0", forward: api}
target_groups:
  - {name: web, health_check: {path: /up}, targets: []}
  - {name: api, health_check: {path: /up}, targets: []}
"""


@pytest.fixture
async def app(bench: Bench) -> App:
    """Two load balancers; both have a listener at port 80."""
    bench.path.write_text(TWO)
    options = AppOptions(instance="default", state_dir=bench.folder, certs_dir=bench.folder, load=bench._load)
    bench.app = App(options, bench.audience, bench._load(), clock=bench.clock)
    await bench.app.start()
    return bench.app


def plan(**members: Any) -> LoadPlan:
    return LoadPlan.from_json({"id": "users", **members})


@pytest.mark.parametrize(
    ("members", "listener"),
    [
        ({"load_balancer": "web"}, "web HTTP:443"),  # 443 where there is one
        ({"load_balancer": "api"}, "api HTTP:80"),  # else the first
        ({"port": 443}, "web HTTP:443"),
        ({"port": 9000}, "api HTTP:9000"),
        ({"port": 80, "load_balancer": "api"}, "api HTTP:80"),
    ],
)
async def test_a_load_goes_to_one_listener(app: App, members: dict[str, Any], listener: str) -> None:
    found = app.load.destination(plan(**members))
    assert found.listener == listener
    name, _, port = listener.partition(" HTTP:")
    assert (found.address, found.port) == ("127.0.0.1", app.nodes[name].listeners[int(port)].published_port)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "Which load balancer is meant? There are several: web, api."),
        ({"port": 80}, "Which load balancer is meant? There are several: web, api."),
        ({"port": 8080}, "There is no listener at port 8080."),
        ({"port": 9000, "load_balancer": "web"}, "There is no listener at port 9000 of web."),
        ({"load_balancer": "wbe"}, "There is no load balancer 'wbe'."),
    ],
)
async def test_what_names_none_or_several_is_refused(app: App, members: dict[str, Any], message: str) -> None:
    with pytest.raises(SimlbError) as refused:
        app.load.destination(plan(**members))
    assert (refused.value.code, refused.value.what) == ("E653", message)
    if "There is no" in message:
        assert refused.value.hints == ("→ there are: web HTTP:80, web HTTP:443, api HTTP:80, api HTTP:9000",)


@pytest.mark.parametrize(
    ("host", "server_name", "authority"),
    [
        (None, "shop.localhost", "shop.localhost:{port}"),
        ("www.localhost", "www.localhost", "www.localhost:{port}"),
        ("www.localhost:7000", "www.localhost", "www.localhost:7000"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1:{port}"),
        ("[::1]", "::1", "[::1]:{port}"),
        ("[::1]:7000", "::1", "[::1]:7000"),
    ],
)
async def test_names(app: App, host: str | None, server_name: str, authority: str) -> None:
    found = app.load.destination(plan(load_balancer="web", host=host))
    assert found.server_name == server_name
    assert found.authority == authority.format(port=found.port)


async def test_the_ca_of_the_instance_is_trusted_unless_another_is_given(app: App) -> None:
    assert app.load.destination(plan(port=443)).ca_pem is None
    app.ca_path.write_text("local")
    assert app.load.destination(plan(port=443)).ca_pem == "local"
    assert app.load.destination(plan(port=443, ca_pem="other")).ca_pem == "other"


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"port": 443}, "E650", "A load needs time that runs by itself"),
        ({"uncapped": 1}, "E651", "uncapped: it is true or false."),
        ({"uncapped": True, "in_flight_max": 5}, "E651", "in_flight_max: it is a cap, and uncapped means none."),
        ({"rate": 5}, "E651", "A load has no 'rate'."),
    ],
)
async def test_refusals_leave_nothing(app: App, members: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(SimlbError) as refused:
        await app.load.start_load(members)
    assert refused.value.code == code
    assert refused.value.what.startswith(message)
    assert app.load.views() == []
