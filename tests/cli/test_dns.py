"""`simlb dns`, and the line of `simlb status`."""

from __future__ import annotations

import json

from simlb.cli.dns import dns_lines
from simlb.cli.status import status_lines
from simlb.cli.terminal import Style
from tests.cli.conftest import Run, Running
from tests.controlplane.fakes import instance_view

VIEW = instance_view(dns="127.0.0.1:5300", hosted_zones=("shop.test.", "b.test."))


def test_where_to_ask() -> None:
    of_balancer = "→ dig @127.0.0.1 -p 5300 demo-1234567890.ap-northeast-2.elb.localhost A"
    assert list(dns_lines(VIEW)) == [
        "DNS server 127.0.0.1:5300 (UDP, TCP)",
        "  hosted zone shop.test.",
        "  hosted zone b.test.",
        "→ dig @127.0.0.1 -p 5300 shop.test ANY",
        of_balancer,
    ]
    bare = instance_view(dns="127.0.0.1:5300")
    assert list(dns_lines(bare))[1:] == [of_balancer]
    empty = instance_view(dns="127.0.0.1:5300", load_balancers=())
    assert list(dns_lines(empty))[1:] == ["→ dig @127.0.0.1 -p 5300 elb.localhost SOA"]


def test_status_has_a_line() -> None:
    lines = list(status_lines(VIEW, Style(color=False)))
    assert "DNS server 127.0.0.1:5300 (UDP, TCP)   hosted zones: shop.test., b.test." in lines
    assert not any("DNS server" in line for line in status_lines(instance_view(), Style(color=False)))


def test_nothing_runs(run: Run, running: Running) -> None:
    status, out, err = run("dns")
    assert (status, out) == (2, "")
    assert err.startswith("SIMLB-E837  No DNS server runs")


def test_json(run: Run, running: Running) -> None:
    running.instance.current = VIEW
    status, out, _ = run("dns", "--json")
    assert status == 0
    assert json.loads(out) == {"dns": "127.0.0.1:5300", "hosted_zones": ["shop.test.", "b.test."]}
    assert run("dns")[1] == "".join(f"{line}\n" for line in dns_lines(VIEW))
