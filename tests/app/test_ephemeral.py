"""The same load balancers on whatever ports are free."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlb import config
from simlb.app.ephemeral import on_free_ports, without_log_files, without_redirect
from simlb.config.certificates import UnissuedCertificates
from simlb.core.model import Bind, ForwardAction, RedirectAction

CERTIFICATES = UnissuedCertificates("ap-northeast-2")


def compiled(folder: Path, *listeners: str) -> config.Compiled:
    text = "simlb: config/1\nload_balancers:\n"
    for number, listener in enumerate(listeners):
        text += f"  - {{name: lb-{number}, listeners: [{{{listener}, fixed_response: {{status_code: 404}}}}]}}\n"
    text += "target_groups: []\n"
    path = folder / "simlb.yaml"
    path.write_text(text)
    return config.load(path, certificates=CERTIFICATES, allocate_port=lambda _: 1)


@pytest.mark.parametrize(
    ("listeners", "binds"),
    [
        pytest.param(["protocol: HTTP, port: 80"], [("127.0.0.1", 0)], id="the port itself, and all in its stead"),
        pytest.param(["protocol: HTTP, port: 80, bind: ':8080'"], [("127.0.0.1", 0)], id="a port that the file names"),
        pytest.param(["protocol: HTTPS, port: 443"], [("127.0.0.1", 0)], id="HTTPS as well"),
        pytest.param(["protocol: HTTP, port: 80, bind: '[::1]:8080'"], [("::1", 0)], id="IPv6 stays IPv6"),
        pytest.param(["protocol: HTTP, port: 80"] * 2, [("127.0.0.1", 0)] * 2, id="two need no two addresses"),
    ],
)
def test_every_listener_is_on_a_free_port(tmp_path: Path, listeners: list[str], binds: list[tuple[str, int]]) -> None:
    moved = on_free_ports(compiled(tmp_path, *listeners))
    found = [listener for balancer in moved.configuration.load_balancers for listener in balancer.listeners]
    assert [listener.binds for listener in found] == [(Bind(host=host, port=port),) for host, port in binds]
    assert [listener.port for listener in found] == [443 if "443" in listener else 80 for listener in listeners]


def test_what_certificates_have_to_say_is_a_warning(tmp_path: Path) -> None:
    assert on_free_ports(compiled(tmp_path, "protocol: HTTP, port: 80"), ["It expired."]).warnings == ("It expired.",)


def test_a_command_lines_redirect_becomes_what_https_does() -> None:
    before = config.from_urls(["http://127.0.0.1:9001"], certificates=CERTIFICATES)
    after = without_redirect(before)
    (old,), (new,) = before.configuration.load_balancers, after.configuration.load_balancers
    assert isinstance(old.listeners[0].default_action, RedirectAction)
    assert isinstance(new.listeners[0].default_action, ForwardAction)
    assert new.listeners[0].default_action == new.listeners[1].default_action
    assert new.listeners[1] == old.listeners[1]


def test_a_command_line_writes_no_log_files() -> None:
    before = config.from_urls(["http://127.0.0.1:9001"], certificates=CERTIFICATES)
    after = without_log_files(before)
    (old,), (new,) = before.configuration.load_balancers, after.configuration.load_balancers
    assert old.attributes.access_logs is not None
    assert new.attributes.access_logs is None
    assert new.attributes.to_wire()["access_logs.s3.enabled"] == "false", "as a call reads it, and begins from"
    assert new.listeners == old.listeners
