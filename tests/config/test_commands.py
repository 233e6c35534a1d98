"""Configurations without a file: `simlb up URL ...`, `simlb demo`, and the template that `simlb init` writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from simlb import config
from simlb.config import InvalidConfigError
from simlb.core.attributes import LogBucket
from simlb.core.model import ForwardAction, RedirectAction
from simlb.errors import ConfigError

if TYPE_CHECKING:
    from .conftest import Load, RecordingCertificates, RecordingPorts


def resolve(name: str) -> list[str]:
    raise OSError(name)


def from_urls(certificates: RecordingCertificates, *urls: str, **flags: Any) -> config.Compiled:
    return config.from_urls(urls, certificates=certificates, resolve=resolve, **flags)


def test_empty_is_a_region_and_nothing_else(certificates: RecordingCertificates) -> None:
    compiled = config.empty(region="eu-west-1", certificates=certificates)
    assert (compiled.settings.region, compiled.warnings, compiled.source) == ("eu-west-1", (), None)
    assert (compiled.configuration.load_balancers, compiled.configuration.target_groups) == ((), {})
    assert config.empty(certificates=certificates).settings.region == "ap-northeast-2"
    with pytest.raises(InvalidConfigError, match="--region: 'Mars' is not a region"):
        config.empty(region="Mars", certificates=certificates)
    assert certificates.issued == []


def test_one_url_is_all_it_takes(certificates: RecordingCertificates) -> None:
    compiled = from_urls(certificates, "http://localhost:3000")
    (lb,) = compiled.configuration.load_balancers
    http, https = lb.listeners
    group = compiled.configuration.target_groups["web"]
    assert (lb.name, lb.names, lb.attributes.access_logs) == ("simlb", (), LogBucket())
    assert http.default_action == RedirectAction(protocol="HTTPS", port="443")
    assert https.default_action == ForwardAction.to("web")
    assert certificates.issued == [(lb.dns_name, "localhost", "127.0.0.1")]
    assert (group.health_check.path, group.health_check.matcher.http_code) == ("/", "200-299")
    assert [(target.name, target.dial_host, target.port) for target in group.targets] == [("i-01", "localhost", 3000)]
    assert compiled.source is None
    assert compiled.warnings == ()


def test_names_health_and_speed(certificates: RecordingCertificates) -> None:
    urls = ("http://127.0.0.1:1", "http://127.0.0.1:2")
    compiled = from_urls(certificates, *urls, name="shop.localhost", health_path="/health", speed=10, control_port=0)
    (lb,) = compiled.configuration.load_balancers
    assert (lb.name, lb.names) == ("shop", ("shop.localhost",))
    assert compiled.configuration.target_groups["web"].health_check.path == "/health"
    assert compiled.settings.speed == 10.0
    assert compiled.settings.control_port == 0


@pytest.mark.parametrize("name", ["internal-a.localhost", "my_app.localhost", f"{'a' * 40}.localhost"])
def test_a_label_that_cannot_name_a_load_balancer(certificates: RecordingCertificates, name: str) -> None:
    assert from_urls(certificates, "http://localhost:1", name=name).configuration.load_balancers[0].name == "simlb"


@pytest.mark.parametrize(
    ("urls", "flags", "message"),
    [
        (["http://localhost:1"], {"name": "shop.example.com"},
         "E203 --name: the local CA does not sign 'shop.example.com'"),
        (["http://localhost:1"], {"name": "a b"}, "E502 --name: 'a b' is not a DNS name such as shop.localhost"),
        (["http://localhost:1"], {"health_path": "health"},
         "E502 --health: health check path 'health' must start with '/'"),
        (["http://localhost:1"], {"health_path": ""},
         "E502 --health: 'path' must be text of 1 to 1024 characters, not ''"),
        (["http://localhost:1"], {"region": "here"},
         "E502 --region: 'here' is not a region such as ap-northeast-2"),
        (["http://localhost:1"], {"speed": 0.0},
         "E502 --speed: 'speed' must be a number above 0 and at most 1000, not 0.0"),
        (["http://localhost:1", "localhost:2"], {}, "E502 URL 2: 'localhost:2' is not a URL of a target"),
        (["http://localhost:1", "http://127.0.0.1:1"], {},
         "E502 URL 2: target 127.0.0.1:1 is already in 'web' as 'i-01'"),
        (["http://10.0.0.1"], {}, "E506 URL 1: 'http://10.0.0.1' is at 10.0.0.1, which is not on this machine"),
    ],
)  # fmt: skip
def test_messages_name_the_flag(
    certificates: RecordingCertificates, urls: list[str], flags: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        from_urls(certificates, *urls, **flags)
    assert [f"{item.code} {item.place.text}: {item.what}" for item in caught.value.problems] == [message]
    assert certificates.issued == []


def test_the_demo(certificates: RecordingCertificates, ports: RecordingPorts) -> None:
    compiled = config.demo(certificates=certificates, allocate_port=ports, speed=10)
    (lb,) = compiled.configuration.load_balancers
    group = compiled.configuration.target_groups["web"]
    assert (lb.name, lb.attributes.access_logs, lb.names) == ("my-alb", LogBucket(), ("my-alb.localhost",))
    assert [process.sample for process in compiled.configuration.processes] == ["echo"] * 3
    assert [target.name for target in group.targets] == ["i-01", "i-02", "i-03"]
    assert (group.health_check.path, group.health_check.matcher.http_code) == ("/health", "200-299")
    assert (group.health_check.interval_s, group.health_check.timeout_s) == (30, 5)
    assert compiled.settings.speed == 10.0
    assert compiled.source is None
    assert compiled.warnings == ()


def test_the_template_is_the_demo(load: Load, certificates: RecordingCertificates) -> None:
    written = load(config.template())
    ports = iter(range(41001, 41009))
    shown = config.demo(certificates=certificates, allocate_port=lambda _: next(ports))
    assert written.configuration == shown.configuration
    assert written.settings == shown.settings


def test_the_template_with_its_comments_opened_up(load: Load) -> None:
    text = re.sub(r"# (?=rules:| *- \{)", "", config.template("shop"))
    compiled = load(text)
    assert [rule.priority for rule in compiled.configuration.load_balancers[0].listeners[1].rules] == [10, 20]
    assert compiled.configuration.load_balancers[0].name == "shop"
    assert [target.port for target in compiled.configuration.target_groups["web"].targets][3] == 3000
    assert compiled.configuration.processes[3].run == "uvicorn shop:app --port {port}"


def test_a_template_for_a_name_that_aws_refuses() -> None:
    with pytest.raises(ConfigError, match="--name: Load balancer name 'a_b' can only contain"):
        config.template("a_b")
