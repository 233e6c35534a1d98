"""`simlb url`: plain lines for one load balancer, a table for all."""

from __future__ import annotations

import dataclasses
import json

import pytest

from simlb.controlplane.views import InstanceView, ListenerView, LoadBalancerView
from tests.cli.conftest import Run, Running


@pytest.fixture
def two(running: Running, monkeypatch: pytest.MonkeyPatch) -> InstanceView:
    """The fake instance's load balancer, one at an address of its own, and one without listeners."""
    view = running.instance.view()
    first = view.load_balancers[0]
    moved = tuple(dataclasses.replace(each, bind="127.0.1.1:80", published_port=80) for each in first.listeners[:1])
    second = dataclasses.replace(first, name="second", listeners=moved)
    empty = LoadBalancerView(name="empty", dns_name="e", scheme="internal", names=(), listeners=())
    changed = dataclasses.replace(view, load_balancers=(first, second, empty))
    monkeypatch.setattr(running.instance, "view", lambda: changed)
    return changed


def test_one_load_balancer(run: Run, two: InstanceView) -> None:
    scheme = two.load_balancers[1].listeners[0].protocol.lower()
    port = "" if scheme == "http" else ":80"
    assert run("url", "second") == (0, f"{scheme}://127.0.1.1{port}/\n", "")
    status, out, _ = run("url", two.load_balancers[0].name)
    assert (status, len(out.splitlines())) == (0, len(two.load_balancers[0].listeners))


def test_all_of_them(run: Run, two: InstanceView) -> None:
    _, out, _ = run("url")
    words = [line.split() for line in out.splitlines()]
    assert [row[:2] for row in words] == [
        [balancer.name, listener.name] for balancer in two.load_balancers for listener in balancer.listeners
    ]
    _, told, _ = run("url", "--json")
    assert [row["url"] for row in json.loads(told)] == [row[2] for row in words]


HERE, THERE = "http://127.0.1.1/", "http://[::1]/"
SHOP = "http://shop.localhost/"
DUALSTACK = [
    ("127.0.1.1:80", (), (), [HERE, THERE]),
    ("127.0.1.1:80", ("shop.localhost",), ("other",), [HERE, SHOP]),
    ("127.0.0.1:80", ("shop.localhost",), (), [SHOP, THERE]),
    ("127.0.0.1:80", ("shop.localhost",), ("other",), [SHOP]),
]


@pytest.mark.parametrize(("bind", "names", "shares_with", "urls"), DUALSTACK)
def test_a_dualstack_load_balancer_has_a_url_for_each_address(
    run: Run,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    bind: str,
    names: tuple[str, ...],
    shares_with: tuple[str, ...],
    urls: list[str],
) -> None:
    listener = ListenerView(
        protocol="HTTP",
        port=80,
        bind=bind,
        published_port=80,
        default_action="forward web",
        further_binds=("[::1]:80",),
        shares_with=shares_with,
    )
    shop = LoadBalancerView(
        name="shop",
        dns_name="shop.test",
        scheme="internal",
        names=names,
        listeners=(listener,),
        ip_address_type="dualstack",
    )
    view = dataclasses.replace(running.instance.view(), load_balancers=(shop,))
    monkeypatch.setattr(running.instance, "view", lambda: view)
    assert run("url", "shop")[1].splitlines() == urls
    (row,) = json.loads(run("url", "--json")[1])
    assert [row["url"], *row.get("further_urls", [])] == urls
    lines = run("status")[1]
    assert f"{bind}, [::1]:80" in lines
    assert ("shared with other" in lines) is bool(shares_with)
    assert "shop  internal  dualstack" in lines


def test_what_has_no_url(run: Run, two: InstanceView) -> None:
    status, out, err = run("url", "secund")
    assert (status, out) == (2, "")
    assert "E800" in err
    assert "did you mean second?" in err
    status, out, err = run("url", "empty")
    assert (status, out) == (2, "")
    assert "E801" in err
