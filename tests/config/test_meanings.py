"""Good documents and what they mean."""

from __future__ import annotations

import ipaddress
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simlb import config
from simlb.config import binds
from simlb.core import model
from simlb.core.attributes import LogBucket
from simlb.core.model import Bind, FixedResponseAction, ForwardAction, RedirectAction

if TYPE_CHECKING:
    from .conftest import Load, RecordingCertificates, RecordingPorts

ANYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def group(load: Load, text: str, head: str = "") -> model.TargetGroup:
    """Target group `web` with `text` in it."""
    listeners = "listeners: [{protocol: HTTP, port: 80, forward: web}]"
    text = textwrap.indent(textwrap.dedent(text), "    ")
    document = f"simlb: config/1\nload_balancers: [{{name: a, {listeners}}}]\ntarget_groups:\n  - name: web\n{text}"
    return load(head + document).configuration.target_groups["web"]


def balancer(load: Load, text: str, **flags: object) -> model.LoadBalancer:
    """A load balancer `my-alb` with `text` in it, beside target groups `web` and `other`."""
    text = textwrap.indent(textwrap.dedent(text), "    ")
    document = "simlb: config/1\ntarget_groups: [{name: web}, {name: other}]\nload_balancers:\n  - name: my-alb\n"
    return load(document + text, **flags).configuration.load_balancers[0]


def listener(load: Load, members: str, **flags: object) -> model.Listener:
    """One listener on HTTP:80 unless `members` say otherwise."""
    if "port:" not in members.partition("default_actions")[0]:
        members = f"protocol: HTTP, port: 80, {members}"
    return balancer(load, f"listeners: [{{{members}}}]", **flags).listeners[0]


def test_the_smallest_file_has_awss_defaults(load: Load) -> None:
    compiled = load("simlb: config/1\nload_balancers: [{name: my-alb}]")
    (lb,) = compiled.configuration.load_balancers
    assert compiled.settings == config.Settings(region="ap-northeast-2", speed=1.0, control_port=8089, strict=True)
    assert lb.scheme == "internet-facing"
    assert lb.arn.startswith("arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:loadbalancer/app/my-alb/")
    assert lb.resource == f"app/my-alb/{lb.id}"
    assert lb.dns_name.endswith(".ap-northeast-2.elb.localhost")
    assert lb.attributes.idle_timeout_s == 60
    assert lb.security_group.networks_for(80) == ANYWHERE
    assert compiled.source == Path("simlb.yaml")
    assert compiled.warnings == ("simlb.yaml:2: load balancer 'my-alb' has no listeners: nothing can connect",)


def test_flags_override_the_file(load: Load) -> None:
    compiled = load(
        "simlb: config/1\nspeed: 2\nload_balancers: [{name: a}]", speed=10.0, control_port=0, region="us-east-1"
    )
    assert compiled.settings == config.Settings(region="us-east-1", speed=10.0, control_port=0, strict=True)


@pytest.mark.parametrize(
    ("more", "endpoint"),
    [
        ("", None),
        ("foreign_endpoint: http://127.0.0.1:5000", "http://127.0.0.1:5000/"),
        ("foreign_endpoint: http://localhost:5000/", "http://localhost:5000/"),
        ("foreign_endpoint: 'http://[::1]:5000'", "http://[::1]:5000/"),
        ("foreign_endpoint: http://10.1.2.3:5000\nallow_targets: [10.0.0.0/8]", "http://10.1.2.3:5000/"),
    ],
)
def test_where_foreign_ids_are_looked_up(load: Load, more: str, endpoint: str | None) -> None:
    settings = load(f"simlb: config/1\nforeign_ids: accept\n{more}\nload_balancers: [{{name: a}}]").settings
    assert (settings.foreign_endpoint, settings.foreign_ids) == (endpoint, "accept")


@pytest.mark.parametrize(
    ("written", "size"), [("0", 0), ("500", 500), ("64k", 65536), ("64 K", 65536), ("1m", 1048576)]
)
def test_how_much_of_bodies_is_kept(load: Load, written: str, size: int) -> None:
    compiled = load(f"simlb: config/1\nkeep_bodies: {written}\nload_balancers: [{{name: a}}]")
    assert compiled.settings.keep_bodies_bytes == size


def test_an_internal_load_balancer_has_another_name(load: Load) -> None:
    assert balancer(load, "scheme: internal").dns_name.startswith("internal-my-alb-")


@pytest.mark.parametrize("value", ["true", '"true"', "TRUE"])
def test_attribute_values_may_be_written_in_any_way(load: Load, value: str) -> None:
    attributes = balancer(
        load, f"attributes: {{access_logs.s3.enabled: {value}, client_keep_alive.seconds: '60'}}"
    ).attributes
    assert attributes.access_logs == LogBucket()
    assert attributes.client_keep_alive_s == 60


def test_security_group_rules(load: Load) -> None:
    gate = balancer(
        load, "security_group: {inbound: [80, {port: 443, source: 127.0.0.2/32}, {source: 127.0.0.9}]}"
    ).security_group
    nine = ipaddress.ip_network("127.0.0.9/32")
    assert gate.networks_for(80) == (*ANYWHERE, nine)
    assert gate.networks_for(443) == (ipaddress.ip_network("127.0.0.2/32"), nine)
    assert gate.networks_for(22) == (nine,)
    assert balancer(load, "security_group: {inbound: []}").security_group.networks_for(80) == ()


def weighted(stickiness_duration_s: int | None = None, **weights: int) -> ForwardAction:
    groups = tuple(model.WeightedTargetGroup(target_group=name, weight=weight) for name, weight in weights.items())
    return ForwardAction(target_groups=groups, stickiness_duration_s=stickiness_duration_s)


ACTIONS = [
    ("forward: web", ForwardAction.to("web")),
    ("redirect: https", RedirectAction(protocol="HTTPS", port="443")),
    ("fixed_response: {status_code: 404}", FixedResponseAction(status_code=404)),
    ("default_actions: [{type: forward, target_group: web}]", ForwardAction.to("web")),
    ("default_actions: [{type: fixed-response, status_code: '503', message_body: 쉬는 중, content_type: text/html}]",
     FixedResponseAction(status_code=503, message_body="쉬는 중", content_type="text/html")),
    ("default_actions: [{type: redirect, status_code: HTTP_302, protocol: HTTPS, host: 'www.#{host}', port: 8443, "
     "path: '/new/#{path}', query: 'from=#{port}&#{query}'}]",
     RedirectAction(protocol="HTTPS", host="www.#{host}", port="8443", path="/new/#{path}",
                    query="from=#{port}&#{query}", status_code="HTTP_302")),
    ("default_actions: [{type: redirect, status_code: HTTP_301, port: '#{port}', path: /}]",
     RedirectAction(path="/", status_code="HTTP_301")),
    ("redirect: {path: '/new/#{path}', status_code: HTTP_302}",
     RedirectAction(path="/new/#{path}", status_code="HTTP_302")),
    ("forward: {web: 90}", weighted(web=90)),
    ("forward: {web: 90, other: 0}", weighted(web=90, other=0)),
    ("default_actions: [{type: forward, order: 7, target_groups: [{target_group: web}]}]", ForwardAction.to("web")),
    ("default_actions: [{type: forward, target_groups: [{target_group: web, weight: 999}, "
     "{target_group: other, weight: 1}], target_group_stickiness_config: {enabled: true, duration_seconds: 3600}}]",
     weighted(3600, web=999, other=1)),
    ("default_actions: [{type: forward, target_group: web, "
     "target_group_stickiness_config: {enabled: false, duration_seconds: 3600}}]", ForwardAction.to("web")),
]  # fmt: skip


@pytest.mark.parametrize(("members", "action"), ACTIONS)
def test_actions(load: Load, members: str, action: model.Action) -> None:
    assert listener(load, members).default_action == action


BINDS = [
    ("port: 8000", ["127.0.0.1:8000"]),
    ("port: 80", ["127.0.0.1:80", *(f"127.0.0.1:{port}" for port in range(8080, 8089))]),
    ("port: 443", ["127.0.0.1:443", *(f"127.0.0.1:{port}" for port in range(8443, 8453))]),
    ("port: 80, bind: 127.0.0.1:8080", ["127.0.0.1:8080"]),
    ("port: 80, bind: 127.9.9.9:0", ["127.9.9.9:0"]),
    ("port: 80, bind: 8080", ["127.0.0.1:8080"]),
    ("port: 80, bind: ':8080'", ["127.0.0.1:8080"]),
    ("port: 80, bind: localhost:8080", ["127.0.0.1:8080"]),
    ("port: 80, bind: '[::1]:8080'", ["::1:8080"]),
]


@pytest.mark.parametrize(("members", "places"), BINDS)
def test_binds(load: Load, members: str, places: list[str]) -> None:
    found = listener(load, f"protocol: HTTP, {members}, forward: web").binds
    assert [f"{bind.host}:{bind.port}" for bind in found] == places


def test_an_exposed_address_is_used_and_may_be_named(load: Load) -> None:
    members = "protocol: HTTP, port: 8000, forward: web"
    assert listener(load, members, expose="0.0.0.0").binds == (Bind(host="0.0.0.0", port=8000),)  # noqa: S104
    named = listener(load, f"{members}, bind: '192.0.2.1:80'", expose="192.0.2.1")
    assert named.binds == (Bind(host="192.0.2.1", port=80),)


def test_fallback_ports_leave_alone_what_is_spoken_for(load: Load) -> None:
    text = """\
        simlb: config/1
        control_port: 8083
        load_balancers:
          - name: a
            listeners:
              - {protocol: HTTP, port: 80, forward: web}
              - {protocol: HTTP, port: 8080, forward: web}
              - {protocol: HTTP, port: 9000, bind: ":8081", forward: web}
        target_groups:
          - name: web
            targets: [{url: "http://localhost:8082"}, {run: sleep, port: 8084}]
        """
    first = load(textwrap.dedent(text)).configuration.load_balancers[0].listeners[0]
    assert [bind.port for bind in first.binds] == [80, 8085, 8086, 8087, 8088, 8089]


def test_two_load_balancers_may_be_at_one_place(load: Load) -> None:
    text = """\
        simlb: config/1
        load_balancers:
          - name: a
            listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:8080", fixed_response: {status_code: 200}}]
          - name: b
            listeners: [{protocol: HTTP, port: 81, bind: "127.0.0.1:8080", fixed_response: {status_code: 200}}]
          - name: c
            listeners: [{protocol: HTTP, port: 80, bind: "127.0.0.1:8080", fixed_response: {status_code: 200}}]
        """
    places = [one.listeners[0].binds for one in load(textwrap.dedent(text)).configuration.load_balancers]
    assert places == [(Bind(host="127.0.0.1", port=8080),)] * 3


def test_ip_address_types(load: Load) -> None:
    members = "listeners: [{protocol: HTTPS, port: 443, forward: web}]\n"
    lb = balancer(load, members)
    assert (lb.ip_address_type, lb.is_dualstack) == ("ipv4", False)
    lb = balancer(load, members + "ip_address_type: dualstack\n")
    assert (lb.ip_address_type, lb.is_dualstack) == ("dualstack", True)
    assert lb.listeners[0].certificates[0].names[-1] == "::1"


@pytest.mark.parametrize(
    ("bind", "target", "is_dualstack", "is_met"),
    [
        ("127.0.0.1", "127.0.0.1", False, True),
        ("127.0.0.1", "localhost", False, True),
        ("127.0.0.1", "::1", False, False),
        ("127.0.0.1", "::1", True, True),
        ("127.0.1.1", "::1", True, True),
        ("127.0.1.1", "127.0.0.1", True, False),
        ("::1", "127.0.0.1", True, True),
        ("::1", "127.0.0.1", False, False),
        ("0.0.0.0", "127.0.0.1", False, True),  # noqa: S104
    ],
)
def test_what_a_target_at_the_same_port_meets(bind: str, target: str, is_dualstack: bool, is_met: bool) -> None:
    assert binds.meets(Bind(host=bind, port=80), target, 80, is_dualstack=is_dualstack) is is_met
    assert not binds.meets(Bind(host=bind, port=80), target, 81, is_dualstack=is_dualstack)


def test_each_load_balancer_has_its_own_loopback_address_where_there_is_one() -> None:
    hosts = [binds.default_host(index, None, whole_loopback=True) for index in range(3)]
    assert hosts == ["127.0.0.1", "127.0.1.1", "127.0.2.1"]
    assert binds.default_host(2, None, whole_loopback=False) == "127.0.0.1"
    assert binds.default_host(2, "192.0.2.1", whole_loopback=True) == "192.0.2.1"


def test_the_default_certificate_covers_all_names(load: Load, certificates: RecordingCertificates) -> None:
    lb = balancer(
        load,
        """\
        dns: [Shop.localhost, api.simlb.test.]
        listeners:
          - {protocol: HTTPS, port: 443, forward: web}
          - {protocol: HTTPS, port: 8443, forward: web}
        """,
    )
    names = (lb.dns_name, "shop.localhost", "api.simlb.test", "localhost", "127.0.0.1")
    assert lb.names == ("shop.localhost", "api.simlb.test")
    assert certificates.issued == [names]
    assert [item.certificates[0].names for item in lb.listeners] == [names, names]


def test_certificates_of_every_kind(load: Load, certificates: RecordingCertificates, tmp_path: Path) -> None:
    for name in ("x.pem", "x.key"):
        (tmp_path / name).touch()
    given = "[Shop.localhost, {names: ['*.shop.test', '::1']}, {certificate_file: x.pem, key_file: x.key}]"
    found = listener(load, f"protocol: HTTPS, port: 443, forward: web, certificates: {given}").certificates
    assert [item.names for item in found] == [("shop.localhost",), ("*.shop.test", "::1"), ("own.test",)]
    assert certificates.loaded == [(tmp_path / "x.pem", tmp_path / "x.key")]


def test_security_policies(load: Load) -> None:
    first, second = (
        listener(load, f"protocol: HTTPS, port: 443, forward: web{more}")
        for more in ("", ", ssl_policy: ELBSecurityPolicy-2016-08")
    )
    assert first.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    assert second.ssl_policy == "ELBSecurityPolicy-2016-08"


HEALTH_CHECKS = [
    ("{}", model.HealthCheck()),
    ("{path: '/health?full=1', interval: 10s, timeout: 3s, healthy: 3, unhealthy: 4, port: 9000}",
     model.HealthCheck(path="/health?full=1", interval_s=10, timeout_s=3, healthy_threshold_count=3,
                       unhealthy_threshold_count=4, port=9000)),
    ("{interval_seconds: 10, timeout_seconds: 3, healthy_threshold_count: 3, unhealthy_threshold_count: 4}",
     model.HealthCheck(interval_s=10, timeout_s=3, healthy_threshold_count=3, unhealthy_threshold_count=4)),
    ("{interval: 5m, port: traffic-port}", model.HealthCheck(interval_s=300)),
    ("{interval: 10}", model.HealthCheck(interval_s=10)),
]  # fmt: skip


@pytest.mark.parametrize(("members", "health_check"), HEALTH_CHECKS)
def test_health_checks(load: Load, members: str, health_check: model.HealthCheck) -> None:
    assert group(load, f"health_check: {members}").health_check == health_check


def test_below_awss_limits_without_strict(load: Load) -> None:
    members = "{interval: 500ms, timeout: 0.2, healthy: 1, unhealthy: 1}"
    found = group(load, f"health_check: {members}", head="strict: false\n").health_check
    assert (found.interval_s, found.timeout_s) == (0.5, 0.2)
    assert (found.healthy_threshold_count, found.unhealthy_threshold_count) == (1, 1)


@pytest.mark.parametrize(
    ("matcher", "http_code"),
    [("200", "200"), ('"200-299"', "200-299"), ('"200,404"', "200,404"), ('{http_code: "200-204"}', "200-204")],
)
def test_matchers(load: Load, matcher: str, http_code: str) -> None:
    assert group(load, f"health_check: {{matcher: {matcher}}}").health_check.matcher.http_code == http_code


URLS = [
    ("http://127.0.0.1:3000", "127.0.0.1", 3000, "127.0.0.1"),
    ("http://127.0.0.2:3000/", "127.0.0.2", 3000, "127.0.0.2"),
    ("http://127.0.0.1", "127.0.0.1", 80, "127.0.0.1"),
    ("http://localhost:3000", "127.0.0.1", 3000, "localhost"),
    ("http://App.LOCALHOST:3000", "127.0.0.1", 3000, "localhost"),
    ("http://[::1]:3000", "::1", 3000, "::1"),
    ("http://[::ffff:127.0.0.1]:3000", "127.0.0.1", 3000, "127.0.0.1"),
    ("http://here.example:3000", "127.0.0.5", 3000, "127.0.0.5"),
]


@pytest.mark.parametrize(("url", "target_id", "port", "dial_host"), URLS)
def test_urls(load: Load, url: str, target_id: str, port: int, dial_host: str) -> None:
    (target,) = group(load, f"targets: [{{url: '{url}'}}]").targets
    assert target == model.Target(id=target_id, port=port, dial_host=dial_host, dial_port=port, name="i-01")


def test_targets_elsewhere_when_allowed(load: Load) -> None:
    (target,) = group(load, "targets: [{url: 'http://app.internal:80'}]", head="allow_targets: [10.0.0.0/8]\n").targets
    assert (target.id, target.dial_host) == ("10.1.2.3", "10.1.2.3")


def test_processes(load: Load, ports: RecordingPorts, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    text = """\
        simlb: config/1
        load_balancers: [{name: a}]
        target_groups:
          - name: web
            targets:
              - {run: "uvicorn shop:app --port {port}", cwd: shop, env: {A: b, VERSION: 1.10, DEBUG: True, N: 007}}
              - {run: other, port: 9002, name: i-02}
              - {sample: slow}
          - name: api
            targets: [{sample: echo}]
        """
    configuration = load(textwrap.dedent(text)).configuration
    first, second, third, fourth = configuration.processes
    assert first == model.TargetProcess(
        name="i-01",
        port=41001,
        run="uvicorn shop:app --port {port}",
        environment={"A": "b", "VERSION": "1.10", "DEBUG": "True", "N": "007"},
        working_directory=tmp_path / "shop",
    )
    assert second == model.TargetProcess(name="i-02", port=9002, run="other", working_directory=tmp_path)
    assert third == model.TargetProcess(name="i-03", port=41002, sample="slow")
    assert fourth.name == "i-04"
    assert ports.names == ["i-01", "i-03", "i-04"]
    assert configuration.target_groups["web"].targets[0] == model.Target(
        id="127.0.0.1", port=41001, dial_host="127.0.0.1", dial_port=41001, name="i-01", process="i-01"
    )


def test_anchors_save_repetition(load: Load) -> None:
    text = """\
        simlb: config/1
        load_balancers: [{name: a}]
        target_groups:
          - {name: web, health_check: &health {path: /health}}
          - {name: api, health_check: *health}
        """
    groups = load(textwrap.dedent(text)).configuration.target_groups
    assert groups["api"].health_check == groups["web"].health_check


def test_what_surprises_is_warned_of(load: Load) -> None:
    text = """\
        simlb: config/1
        load_balancers:
          - name: a
            security_group: {inbound: [443]}
            listeners:
              - {protocol: HTTP, port: 80, redirect: https}
        target_groups:
          - name: web
        """
    assert load(textwrap.dedent(text)).warnings == (
        "simlb.yaml:6: no inbound rule of the security group lets anybody in to port 80",
        "simlb.yaml:6: the redirect leads to port 443, where 'a' has no listener",
        "simlb.yaml:8: no listener forwards to target group 'web'",
    )


def test_a_file_may_leave_the_load_balancers_to_the_api(load: Load) -> None:
    compiled = load("simlb: config/1\nload_balancers: []\ntarget_groups: [{name: web}]\n")
    assert compiled.configuration.load_balancers == ()
    assert list(compiled.configuration.target_groups) == ["web"]
    assert compiled.warnings == ()


def test_checking_issues_takes_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "simlb.yaml"
    path.write_text(config.template())
    compiled = config.check(path)
    (certificate,) = compiled.configuration.load_balancers[0].listeners[1].certificates
    assert certificate.certificate_path == Path()
    assert [target.port for target in compiled.configuration.target_groups["web"].targets] == [-1, -2, -3]
    assert [entry.name for entry in tmp_path.iterdir()] == ["simlb.yaml"]


def test_names_and_arns_stay_the_same_from_run_to_run(load: Load) -> None:
    assert load(config.template()).configuration.load_balancers == load(config.template()).configuration.load_balancers
