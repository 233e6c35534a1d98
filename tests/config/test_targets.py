"""HTTPS to targets, instances, and targets that are in several groups (reference 1.5)."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from simlb.config import InvalidConfigError
from simlb.core import ids
from simlb.core.model import HealthCheck, Protocol, Target, TargetGroup, TargetType

if TYPE_CHECKING:
    from .conftest import Load, RecordingPorts

REGION = "ap-northeast-2"


def groups(load: Load, text: str) -> dict[str, TargetGroup]:
    head = "simlb: config/1\nallow_targets: [10.0.0.0/8]\nload_balancers: [{name: a}]\ntarget_groups:\n"
    return dict(load(head + textwrap.indent(textwrap.dedent(text), "  ")).configuration.target_groups)


def told(load: Load, text: str) -> list[str]:
    """Each problem of a text whose first line is 5, with its hints."""
    with pytest.raises(InvalidConfigError) as caught:
        groups(load, text)
    return [" | ".join((f"{p.code} {p.place.text}: {p.what}", *p.hints)) for p in caught.value.problems]


# -- protocols ---------------------------------------------------------------------------------------------------------

PROTOCOLS = [
    ("{name: web}", "HTTP", 80, "HTTP"),
    ("{name: web, protocol: HTTPS}", "HTTPS", 443, "HTTP"),
    ("{name: web, protocol: HTTPS, port: 8443, health_check: {protocol: HTTPS}}", "HTTPS", 8443, "HTTPS"),
    ("{name: web, health_check: {protocol: HTTPS, port: 9443}}", "HTTP", 80, "HTTPS"),
]


@pytest.mark.parametrize(("group", "protocol", "port", "check"), PROTOCOLS)
def test_protocols_of_a_group_and_of_its_health_check(
    load: Load, group: str, protocol: str, port: int, check: str
) -> None:
    web = groups(load, f"- {group}")["web"]
    assert (web.protocol, web.port, web.health_check.protocol) == (protocol, port, check)
    assert web.target_type is TargetType.IP


URLS = [
    ("https://localhost:8443", "127.0.0.1", 8443, "localhost"),
    ("https://127.0.0.2", "127.0.0.2", 443, "127.0.0.2"),
    ("https://[::1]:1", "::1", 1, "::1"),
]


@pytest.mark.parametrize(("url", "target_id", "port", "dial_host"), URLS)
def test_urls(load: Load, url: str, target_id: str, port: int, dial_host: str) -> None:
    (target,) = groups(load, f"- {{name: web, protocol: HTTPS, targets: [{{url: '{url}'}}]}}")["web"].targets
    assert target == Target(id=target_id, port=port, dial_host=dial_host, dial_port=port, name="i-01")


WARNINGS = [
    ("{name: web, protocol: HTTPS}",
     ["targets of 'web' speak HTTPS, and are probed in HTTP (the default, as in AWS); "
      "to change it: health_check: {protocol: HTTPS}"]),
    ("{name: web, protocol: HTTPS, health_check: {protocol: HTTPS}}", []),
    ("{name: web, protocol: HTTPS, health_check: {port: 9000}}", []),
    ("{name: web, health_check: {protocol: HTTPS}}",
     ["targets of 'web' speak HTTP, and are probed in HTTPS; to change it: health_check: {protocol: HTTP}"]),
    ("{name: web, protocol: HTTPS, health_check: {protocol: HTTPS}, targets: [{sample: echo}]}",
     ["target 'i-01' speaks HTTP, target group 'web' HTTPS: its requests will get 502"]),
    ("{name: web, protocol: HTTPS, health_check: {protocol: HTTPS}, targets: [{run: x}]}", []),
]  # fmt: skip


@pytest.mark.parametrize(("group", "warnings"), WARNINGS)
def test_what_surprises_is_warned_of(load: Load, group: str, warnings: list[str]) -> None:
    text = f"""\
        simlb: config/1
        load_balancers: [{{name: a, listeners: [{{protocol: HTTP, port: 8000, forward: web}}]}}]
        target_groups:
          - {group}
        """
    assert list(load(textwrap.dedent(text)).warnings) == [f"simlb.yaml:4: {warning}" for warning in warnings]


# -- instances ---------------------------------------------------------------------------------------------------------


def test_instances_have_ids_and_the_address_stays_known(load: Load) -> None:
    web = groups(
        load,
        """\
        - name: web
          target_type: instance
          targets:
            - {url: "http://localhost:3000", name: mine}
            - {sample: echo}
            - {run: x, port: 9001, name: main}
            - {run: y, port: 9002, instance: main}
        """,
    )["web"]
    assert web.target_type is TargetType.INSTANCE
    mine, first, main, beside = web.targets
    assert mine == Target(
        id=ids.instance_id(REGION, "mine"), instance_ip="127.0.0.1", port=3000, dial_host="localhost", dial_port=3000,
        name="mine",
    )  # fmt: skip
    assert (mine.ip, mine.address, first.address) == ("127.0.0.1", "127.0.0.1:3000", "127.0.0.1:41001")
    assert first.id == ids.instance_id(REGION, "i-01")
    assert main.id == beside.id != first.id
    assert [(target.key, target.process) for target in (main, beside)] == [
        ((main.id, 9001), "main"),
        ((main.id, 9002), "i-02"),
    ]


INSTANCES = [
    ("- {name: web, targets: [{sample: echo, instance: a}]}",
     "E501 simlb.yaml:5: 'instance' does not go with target_type 'ip' | give the group target_type: instance"),
    ("- {name: web, target_type: instance, targets: [{sample: echo, instance: a_b}]}",
     "E502 simlb.yaml:5: Instance name 'a_b' can only contain characters that are alphanumeric characters or"
     " hyphens(-)"),
    ("- {name: web, target_type: instance, targets: [{sample: echo, name: a}, {url: 'http://10.0.0.1', instance: a}]}",
     "E502 simlb.yaml:5: instance 'a' cannot be both at 127.0.0.1 (target 'a') and at 10.0.0.1"),
    ("- {name: web, target_type: instance, targets: [{url: 'http://127.0.0.1:9', name: a},"
     " {url: 'http://localhost:9', instance: a}]}",
     "E502 simlb.yaml:5: target 127.0.0.1:9 is already in 'web' as 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), INSTANCES)
def test_instances_that_cannot_be(load: Load, text: str, problem: str) -> None:
    assert told(load, text) == [problem]


# -- in several groups -------------------------------------------------------------------------------------------------

SHARED = """\
- name: admin
  targets: [{target: i-02}, {target: shop, port: 9100}]
- name: web
  targets: [{run: a, name: shop}, {sample: echo}, {sample: slow}, {target: shop, port: 9101}]
- name: instances
  target_type: instance
  targets: [{target: shop}, {target: mine}]
- name: mine
  targets: [{url: "http://localhost:3000", name: mine}]
"""


def test_a_target_may_be_in_several_groups(load: Load, ports: RecordingPorts) -> None:
    found = groups(load, SHARED)
    places = {
        name: [(target.name, target.id, target.dial_host, target.dial_port, target.process) for target in group.targets]
        for name, group in found.items()
    }
    here = "127.0.0.1"
    assert places == {
        "admin": [("i-02", here, here, 41003, "i-02"), ("shop", here, here, 9100, "shop")],
        "web": [
            ("shop", here, here, 41001, "shop"),
            ("i-01", here, here, 41002, "i-01"),
            ("i-02", here, here, 41003, "i-02"),
            ("shop", here, here, 9101, "shop"),
        ],
        "instances": [
            ("shop", ids.instance_id(REGION, "shop"), here, 41001, "shop"),
            ("mine", ids.instance_id(REGION, "mine"), "localhost", 3000, None),
        ],
        "mine": [("mine", here, "localhost", 3000, None)],
    }
    assert ports.names == ["shop", "i-01", "i-02"], "one process each"


REFERENCES = [
    ("- {name: web, targets: [{sample: echo, name: shop}, {target: shpo}]}",
     "E503 simlb.yaml:5: there is no target 'shpo' (did you mean 'shop'?)"),
    ("- {name: web, targets: [{target: i-01}]}", "E503 simlb.yaml:5: there is no target 'i-01'"),
    ("- {name: web, targets: [{target: me, name: me}]}", "E501 simlb.yaml:5: 'name' does not go with 'target'"),
    ("- {name: web, targets: [{sample: echo}, {target: i-01, name: b}, {target: b}]}",
     "E501 simlb.yaml:5: 'name' does not go with 'target'"),
    ("- {name: web, targets: [{sample: echo}, {target: i-01, env: {A: b}}]}",
     "E501 simlb.yaml:5: 'env' does not go with 'target'"),
    ("- {name: web, targets: [{sample: echo}, {target: i-01, url: 'http://localhost'}]}",
     "E501 simlb.yaml:5: a target has exactly one of 'url', 'run', 'sample', 'target'; this one has 'url', 'target'"),
    ("- {name: web, targets: [{sample: echo}, {target: i-01}]}",
     "E502 simlb.yaml:5: target 'i-01' is already in 'web'"),
    ("- {name: web, targets: [{sample: echo, port: 9}, {sample: slow}, {target: i-02, port: 9}]}",
     "E502 simlb.yaml:5: port 9 is already that of target 'i-01' | write target: i-01"),
    ("- {name: web, targets: [{sample: ecko}]}\n- {name: api, targets: [{target: i-01}]}",
     "E503 simlb.yaml:5: there is no sample 'ecko' (did you mean 'echo'?) | samples: echo, starter, slow, stream"),
    ("- {name: web, targets: [{url: 'ftp://x', name: a}]}\n- {name: api, targets: [{target: a}]}",
     "E502 simlb.yaml:5: 'ftp://x' is not a URL of a target | write it as http://127.0.0.1:3000"),
    ("- {name: web, targets: [{url: 'https://localhost:8443'}]}",
     "E502 simlb.yaml:5: 'https://localhost:8443' does not go with target group 'web', which speaks HTTP"
     " | write http://localhost:8443, or give the target group protocol: HTTPS"),
    ("- {name: web, protocol: HTTPS, targets: [{url: 'http://localhost:1'}]}",
     "E502 simlb.yaml:5: 'http://localhost:1' does not go with target group 'web', which speaks HTTPS"
     " | write https://localhost:1, or give the target group protocol: HTTP"),
    ("- {name: web, protocol: HTTPS, targets: [{url: 'https://localhost:1/x'}]}",
     "E502 simlb.yaml:5: 'https://localhost:1/x' must end after the port: requests keep their own path"
     " | for the health check's path: health_check: {path: ...}, or --health PATH"),
    ("- {name: web, targets: [{url: 'http://localhost:1', name: a}]}\n"
     "- {name: tls, protocol: HTTPS, targets: [{target: a}]}",
     "E502 simlb.yaml:6: 'http://localhost:1' does not go with target group 'tls', which speaks HTTPS"
     " | write https://localhost:1, or give the target group protocol: HTTP"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), REFERENCES)
def test_what_cannot_be_meant(load: Load, text: str, problem: str) -> None:
    assert told(load, text) == [problem]


def test_another_port_may_speak_another_protocol(load: Load) -> None:
    found = groups(
        load,
        """\
        - {name: web, targets: [{url: "http://localhost:80", name: a}]}
        - {name: tls, protocol: HTTPS, health_check: {protocol: HTTPS}, targets: [{target: a, port: 443}]}
        """,
    )
    assert [target.address for target in found["tls"].targets] == ["127.0.0.1:443"]
    assert found["tls"].health_check == HealthCheck(protocol=Protocol.HTTPS)
