"""What builder calls mean, and how their mistakes are told."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simlb.config.certificates import UnissuedCertificates
from simlb.config.compile import Compiled, compile_source
from simlb.config.context import Tools
from simlb.config.problems import InvalidConfigError
from simlb.core.model import (
    FixedResponseAction,
    ForwardAction,
    LoadBalancer,
    Protocol,
    RedirectAction,
    TargetGroup,
    WeightedTargetGroup,
)
from simlb.errors import ConfigError, SimlbError
from simlb.testing import ALB, FakeBackend, HealthCheck

URL = "http://127.0.0.1:9001"


def never(what: str) -> Any:
    raise AssertionError(what)


def compiled(alb: ALB) -> Compiled:
    tools = Tools(
        certificates=UnissuedCertificates(alb.region),
        allocate_port=never,
        sample_names=(),
        resolve=never,
        signs_any_name=True,
    )
    return compile_source(alb.source(), tools)


def balancer(alb: ALB) -> LoadBalancer:
    return compiled(alb).configuration.load_balancers[0]


def group(alb: ALB, name: str = "web") -> TargetGroup:
    return compiled(alb).configuration.target_groups[name]


def refused(alb: ALB) -> InvalidConfigError:
    with pytest.raises(InvalidConfigError) as caught:
        compiled(alb)
    return caught.value


class TestMeaning:
    def test_listeners_are_on_free_ports_and_keep_their_own(self) -> None:
        alb = ALB("shop")
        alb.listen(80).redirect("https")
        alb.listen(443, cert="api.example.com").forward("web", URL)
        http, https = balancer(alb).listeners
        assert [(http.protocol, http.port), (https.protocol, https.port)] == [
            (Protocol.HTTP, 80),
            (Protocol.HTTPS, 443),
        ]
        assert [bind.port for listener in (http, https) for bind in listener.binds] == [0, 0]
        assert http.default_action == RedirectAction(protocol="HTTPS", port="443", status_code="HTTP_301")
        assert [certificate.names for certificate in https.certificates] == [("api.example.com",)]

    @pytest.mark.parametrize(
        ("port", "options", "protocol"),
        [
            (80, {}, Protocol.HTTP),
            (8080, {}, Protocol.HTTP),
            (443, {}, Protocol.HTTPS),
            (8443, {"cert": "a.test"}, Protocol.HTTPS),
            (443, {"protocol": "HTTP"}, Protocol.HTTP),
        ],
    )
    def test_protocol(self, port: int, options: dict[str, Any], protocol: Protocol) -> None:
        alb = ALB()
        alb.listen(port, **options).fixed(200)
        assert balancer(alb).listeners[0].protocol is protocol

    def test_several_certificates(self) -> None:
        alb = ALB()
        alb.listen(443, cert=["a.test", {"names": ["b.test", "*.b.test"]}]).fixed(200)
        found = balancer(alb).listeners[0].certificates
        assert [certificate.names for certificate in found] == [("a.test",), ("b.test", "*.b.test")]

    def test_health_check_by_its_parts_and_as_a_whole(self) -> None:
        alb = ALB()
        alb.target_group("a", URL, path="/up", interval=10, timeout=2, unhealthy=3, healthy=4, matcher="200-299")
        alb.target_group("b", URL, health=HealthCheck("/up", 10, 2, 3, 4, "200-299"))
        alb.listen(80).forward({"a": 1, "b": 1})
        first, second = group(alb, "a").health_check, group(alb, "b").health_check
        assert first == second
        assert (first.path, first.interval_s, first.timeout_s) == ("/up", 10, 2)
        assert (first.unhealthy_threshold_count, first.healthy_threshold_count) == (3, 4)

    def test_forward_by_weight_and_stickily(self) -> None:
        alb = ALB()
        web, canary = alb.target_group("web", URL), alb.target_group("canary", "http://127.0.0.1:9002")
        alb.listen(80).forward({web: 90, canary: 10}, sticky_s=60)
        action = balancer(alb).listeners[0].default_action
        assert action == ForwardAction(
            target_groups=(
                WeightedTargetGroup(target_group="web", weight=90),
                WeightedTargetGroup(target_group="canary", weight=10),
            ),
            stickiness_duration_s=60,
        )

    def test_rules_come_in_their_order_unless_a_priority_says_otherwise(self) -> None:
        alb = ALB()
        (
            alb.listen(80)
            .forward("web", URL)
            .rule(path="/old/*", method=["GET", "HEAD"])
            .fixed(410, "gone")
            .rule(host="a.test", header={"X-Canary": "1"}, query={"v": "2"}, source_ip="127.0.0.0/8", priority=50)
            .redirect(host="b.test", status=302)
            .rule(path="/late")
            .rewrite(url=("^/late", "/early"))
            .forward("web")
        )
        rules = balancer(alb).listeners[0].rules
        assert [rule.priority for rule in rules] == [1, 50, 51]
        assert rules[0].action == FixedResponseAction(status_code=410, message_body="gone")
        assert len(rules[0].conditions) == 2
        assert len(rules[1].conditions) == 4
        assert rules[1].action == RedirectAction(host="b.test", status_code="HTTP_302")
        assert rules[2].url_rewrite is not None

    def test_attributes_by_short_names_and_by_the_api_s_keys(self) -> None:
        alb = ALB()
        alb.attributes(idle_timeout=5).attributes({"routing.http.xff_client_port.enabled": True})
        alb.target_group("web", URL, deregistration_delay=5, stickiness=True).attributes(slow_start=30)
        alb.listen(80).forward("web")
        assert balancer(alb).attributes.idle_timeout_s == 5
        assert balancer(alb).attributes.xff_client_port
        found = group(alb).attributes
        assert (found.deregistration_delay_s, found.stickiness_enabled, found.slow_start_s) == (5, True, 30)

    def test_security_group(self) -> None:
        alb = ALB().security_group(80, (443, "10.0.0.0/8"))
        alb.listen(80).fixed(200)
        found = balancer(alb).security_group
        assert [str(network) for network in found.networks_for(443)] == ["10.0.0.0/8"]

    def test_a_backend_in_two_groups_is_one_target(self) -> None:
        alb = ALB()
        shared = FakeBackend()
        shared._server.port = 9009
        alb.target_group("a", shared)
        alb.target_group("b", URL, shared)
        alb.listen(80).forward({"a": 1, "b": 1})
        assert [target.name for target in group(alb, "a").targets] == ["a-1"]
        assert [target.name for target in group(alb, "b").targets] == ["i-01", "a-1"]

    def test_a_later_action_takes_the_place_of_an_earlier_one(self) -> None:
        alb = ALB()
        alb.listen(80).redirect("https").fixed(200, "here")
        assert isinstance(balancer(alb).listeners[0].default_action, FixedResponseAction)


class TestFile:
    FILE = """\
simlb: config/1
region: us-east-1
load_balancers:
  - name: filed
    listeners:
      - {protocol: HTTP, port: 80, forward: web}
target_groups:
  - name: web
    health_check: {path: /up}
    targets: [{url: "http://127.0.0.1:9001"}]
"""

    def test_calls_add_to_it(self, tmp_path: Path) -> None:
        path = tmp_path / "simlb.yaml"
        path.write_text(self.FILE)
        alb = ALB.from_file(path)
        alb["web"].add("http://127.0.0.1:9002")
        alb.listen(81).fixed(404)
        found = compiled(alb).configuration
        assert found.load_balancers[0].name == alb.name == "filed"
        assert [listener.binds[0].port for listener in found.load_balancers[0].listeners] == [0, 0]
        assert [target.port for target in found.target_groups["web"].targets] == [9001, 9002]
        assert len(alb["web"]) == 2

    def test_mistakes_of_the_file_have_lines_and_those_of_calls_the_calls(self, tmp_path: Path) -> None:
        path = tmp_path / "simlb.yaml"
        path.write_text(self.FILE.replace("path: /up", "path: up"))
        alb = ALB.from_file(path)
        alb.listen(81).fixed(99)
        error = refused(alb)
        places = sorted(Path(problem.place.text).name for problem in error.problems)
        assert places == ["listen(81)", "simlb.yaml:9"]

    def test_one_load_balancer_each(self, tmp_path: Path) -> None:
        path = tmp_path / "simlb.yaml"
        path.write_text("simlb: config/1\nload_balancers: []\n")
        with pytest.raises(SimlbError, match="has 0 load balancers"):
            ALB.from_file(path)

    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError):
            ALB.from_file(tmp_path / "nowhere.yaml")


class TestMistakes:
    def test_a_traceback_says_what_to_do_and_what_else_is_wrong(self) -> None:
        alb = ALB()
        alb.listen(80).forward("web", "nowhere")
        alb.listen(81).fixed(99)
        shown = "".join(traceback.format_exception(refused(alb)))
        assert "listen(81)" in shown
        assert "→ write it as http://" in shown

    @pytest.mark.parametrize(
        ("build", "place", "what"),
        [
            (lambda alb: alb.target_group("web", URL, interval=2), "target_group('web')", "'interval' must be from 5"),
            (lambda alb: alb.target_group("web", "nowhere"), "target_group('web'), target 1", "is not a URL"),
            (lambda alb: alb.target_group("web", URL, slowstart=1), "target_group('web')", "is not recognized"),
            (lambda alb: alb.listen(80), "listen(80)", "the listener needs one of"),
            (lambda alb: alb.listen(0).fixed(200), "listen(0)", "'port' must be a whole number from 1 to 65535"),
            (lambda alb: alb.listen(80).forward("wbe"), "listen(80)", "wbe"),
            (
                lambda alb: alb.listen(80).fixed(200).rule(path="/x").fixed(99),
                "listen(80).rule(path='/x')",
                "99",
            ),
            (lambda alb: alb.attributes(idle_timeout=0), "attributes(idle_timeout=0)", "0"),
            (lambda alb: alb.security_group("80"), "security_group('80')", "must be"),
        ],
    )
    def test_the_compiler_s_words_at_the_call(self, build: Callable[[ALB], object], place: str, what: str) -> None:
        alb = ALB()
        build(alb)
        problem = refused(alb).problems[0]
        assert problem.place.text == place
        assert what in problem.what

    def test_a_wrong_name_is_the_load_balancer_s_own(self) -> None:
        alb = ALB("internal-x")
        alb.listen(80).fixed(200)
        assert refused(alb).problems[0].place.text == "ALB('internal-x')"

    @pytest.mark.parametrize(
        ("build", "what"),
        [
            (lambda alb: alb.target_group("web", 8001), "8001 is no target"),
            (lambda alb: alb.target_group("web").alb.target_group("web"), "already"),
            (lambda alb: alb.target_group("web", path="/", health=HealthCheck()), "not both"),
            (lambda alb: alb.listen(80).forward(8001), "no target group"),
            (lambda alb: alb.listen(80).forward(alb.target_group("web"), URL), "is a group already"),
            (lambda alb: alb.listen(80).forward({"web": 1}, URL), "no targets beside them"),
            (lambda alb: alb.listen(80).redirect("https", host="x"), "stands for itself"),
            (lambda alb: alb["web"], "no target group 'web'"),
            (lambda alb: alb.target_group("web", lambda: None), "neither an ASGI nor a WSGI application"),
            (lambda alb: alb.running, "is not running"),
        ],
    )
    def test_what_python_can_say_at_once(self, build: Callable[[ALB], object], what: str) -> None:
        with pytest.raises(SimlbError, match=what) as caught:
            build(ALB())
        assert caught.value.code in {"E690", "E691"}

    def test_no_building_while_it_runs(self, alb: ALB) -> None:
        web = alb.target_group("web")
        listener = alb.listen(80).fixed(200)
        with alb.start():
            for late in (lambda: alb.listen(81), lambda: web.add(URL), lambda: listener.fixed(201), alb.start):
                with pytest.raises(SimlbError, match="is running") as caught:
                    late()
                assert caught.value.code == "E691"

    def test_a_start_that_fails_leaves_it_startable(self, alb: ALB) -> None:
        listener = alb.listen(80).forward("web")
        with pytest.raises(InvalidConfigError):
            alb.start()
        listener.fixed(200)
        with alb.start() as lb:
            assert lb.get("/").ok
