"""`simlb rules`: every listener's rules in the order of their evaluation."""

from __future__ import annotations

import dataclasses
import json

from simlb.cli.rules import listing
from simlb.cli.terminal import Style
from tests.cli.conftest import Run, Running
from tests.controlplane.fakes import RULE, instance_view

PLAIN = Style(color=False)


def test_every_listener_has_a_heading_and_its_default_rule_last(run: Run, running: Running) -> None:
    assert run("rules")[1] == (
        "HTTP:80\n"
        "PRIORITY  CONDITIONS  ACTION\n"
        "default   -           → redirect HTTPS:443 (301)\n"
        "\n"
        "HTTPS:443\n"
        "PRIORITY  CONDITIONS                                ACTION\n"
        "10        path /img/*, /css/* and method GET, HEAD  → forward images\n"
        "          url-rewrite ^/img/(.*)$ → /$1\n"
        "20        header X-Canary: 1                        → forward web 90 %, canary 10 % (sticky 1 h)\n"
        "default   -                                         → forward web\n"
    )


def test_json_is_a_flat_list_with_arns(run: Run, running: Running) -> None:
    listed = json.loads(run("rules", "--json")[1])
    assert [(item["listener"], item["priority"]) for item in listed] == [
        ("HTTP:80", "default"),
        ("HTTPS:443", "10"),
        ("HTTPS:443", "20"),
        ("HTTPS:443", "default"),
    ]
    assert listed[1] == {
        "load_balancer": "demo",
        "listener": "HTTPS:443",
        "priority": "10",
        "arn": f"{RULE}/443/10",
        "action": "forward images",
        "conditions": ["path /img/*, /css/*", "method GET, HEAD"],
        "transforms": ["url-rewrite ^/img/(.*)$ → /$1"],
        "target_groups": ["images"],
    }


def test_a_narrow_terminal_has_a_line_for_each_part() -> None:
    view = instance_view()
    balancer = dataclasses.replace(view.load_balancers[0], listeners=view.load_balancers[0].listeners[1:])
    lines = list(listing(dataclasses.replace(view, load_balancers=(balancer,)), PLAIN, width=60))
    assert lines == [
        "PRIORITY  CONDITIONS → ACTION",
        "10        path /img/*, /css/*",
        "          method GET, HEAD",
        "          url-rewrite ^/img/(.*)$ → /$1",
        "          → forward images",
        "20        header X-Canary: 1",
        "          → forward web 90 %, canary 10 % (sticky 1 h)",
        "default   → forward web",
    ]


def test_several_load_balancers_are_named_in_the_headings() -> None:
    view = instance_view()
    first = view.load_balancers[0]
    second = dataclasses.replace(first, name="shop", listeners=first.listeners[:1])
    lines = list(listing(dataclasses.replace(view, load_balancers=(first, second)), PLAIN))
    assert [line for line in lines if ":80" in line or line.endswith(":443")] == [
        "demo  HTTP:80",
        "demo  HTTPS:443",
        "shop  HTTP:80",
    ]
