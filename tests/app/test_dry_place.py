"""Which load balancer and listener a request that is not sent would reach."""

from __future__ import annotations

import pytest

from simlb.app.state_explaining import StateExplaining
from simlb.errors import SimlbError
from simlb.explain.dry_request import DryRequest
from tests.app.conftest import Bench

TWO = """\
simlb: config/1
control_port: 0
load_balancers:
  - name: shop
    dns: [shop.test]
    listeners:
      - {protocol: HTTP, port: 80, bind: "127.0.0.1:0", fixed_response: {status_code: 200}}
      - {protocol: HTTP, port: 8080, bind: "127.0.0.1:0", fixed_response: {status_code: 204}}
  - name: api
    dns: [api.test]
    listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:0", fixed_response: {status_code: 201}}]
"""


@pytest.fixture
async def asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> StateExplaining:
    monkeypatch.setattr(bench, "write", lambda **_: bench.path.write_text(TWO))
    return StateExplaining(await bench.start())


CASES = [
    ("http://shop.test/", None, "shop", 80),
    ("http://SHOP.test./", None, "shop", 80),
    ("http://api.test/", None, "api", 80),
    ("http://other.test:8080/", None, "shop", 8080),  # only one of them has such a listener
    ("http://other.test/", "api", "api", 80),
    ("http://shop.test/", "api", "api", 80),
    ("http://api.test:8080/", None, "api", None),
]


@pytest.mark.parametrize(("url", "wanted", "load_balancer", "port"), CASES)
async def test_where_it_arrives(
    asked: StateExplaining, url: str, wanted: str | None, load_balancer: str, port: int | None
) -> None:
    facts = asked.request(DryRequest.of("GET", url), wanted).facts
    assert (facts["load_balancer"], facts["listener"]) == (load_balancer, port)


async def test_the_published_port_is_as_good(asked: StateExplaining) -> None:
    node = asked._app.nodes["shop"]
    published = node.listeners[8080].published_port
    facts = asked.request(DryRequest.of("GET", f"http://shop.test:{published}/")).facts
    assert (facts["listener"], facts["status_code"]) == (8080, 204)


@pytest.mark.parametrize(("url", "wanted"), [("http://other.test/", None), ("http://other.test:81/", None)])
async def test_several_could_be_meant(asked: StateExplaining, url: str, wanted: str | None) -> None:
    with pytest.raises(SimlbError) as caught:
        asked.request(DryRequest.of("GET", url), wanted)
    assert (caught.value.code, caught.value.hints) == ("E756", ("--load-balancer shop", "--load-balancer api"))


async def test_one_that_is_not_there(asked: StateExplaining) -> None:
    with pytest.raises(SimlbError, match="There is no load balancer 'x'"):
        asked.request(DryRequest.of("GET", "http://shop.test/"), "x")
