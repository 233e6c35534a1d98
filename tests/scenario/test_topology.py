"""Topologies: shorthands written out as a configuration, and configurations beside the scenario."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.scenario.files import TEXT, changed, compiled, problems

CONFIG = """\
simlb: config/1
speed: 3
load_balancers:
  - name: shop
    listeners: [{protocol: HTTP, port: 80, forward: web}]
target_groups:
  - name: web
    health_check: {path: /health, interval: 10s}
    targets: [{run: "serve {port}"}, {sample: echo, name: b}, {sample: echo}]
"""
USED = TEXT[: TEXT.index("  targets:")] + "  use: shop.yaml\n" + TEXT[TEXT.index("load:\n") :]


def test_shorthands_are_written_out() -> None:
    text = changed(
        TEXT[TEXT.index("  targets:") : TEXT.index("load:\n")],
        """\
  name: shop
  dns: [shop.localhost]
  attributes: {idle_timeout.timeout_seconds: 30}
  strict: false
  targets:
    web:
      count: 2
      run: "serve {port}"
      health: {path: /ready}
      attributes: {slow_start.duration_seconds: 30}
    img:
      latency: 5ms
      each: [{}, {name: slow, sample: slow, latency: 1s}, {url: "http://127.0.0.1:9000"}]
  health: {path: /health, interval: 1s, timeout: 500ms}
  listeners:
    - {http: 80, redirect: https}
    - https: 443
      forward: web
      rules: [{priority: 1, path: "/img/*", forward: img}]
""",
    )
    scenario = compiled(text.replace("rate: 20/s", "rate: 20/s, port: 80").replace("web/3", "img/1"))
    assert scenario.topology.config == {
        "simlb": "config/1",
        "strict": False,
        "load_balancers": [
            {
                "name": "shop",
                "dns": ["shop.localhost"],
                "attributes": {"idle_timeout.timeout_seconds": 30},
                "listeners": [
                    {"protocol": "HTTP", "port": 80, "redirect": "https"},
                    {
                        "protocol": "HTTPS",
                        "port": 443,
                        "forward": "web",
                        "rules": [{"priority": 1, "path": "/img/*", "forward": "img"}],
                    },
                ],
            }
        ],
        "target_groups": [
            {
                "name": "web",
                "targets": [{"run": "serve {port}"}, {"run": "serve {port}"}],
                "health_check": {"path": "/ready", "interval": "1s", "timeout": "500ms"},
                "attributes": {"slow_start.duration_seconds": 30},
            },
            {
                "name": "img",
                "targets": [{"sample": "echo"}, {"name": "slow", "sample": "slow"}, {"url": "http://127.0.0.1:9000"}],
                "health_check": {"path": "/health", "interval": "1s", "timeout": "500ms"},
            },
        ],
    }
    assert scenario.topology.groups == {"web": ("i-01", "i-02"), "img": ("i-03", "slow", "i-04")}
    assert scenario.topology.latencies == {"i-03": 0.005, "slow": 1, "i-04": 0.005}
    assert scenario.topology.uses_commands == ("serve {port}",)


def test_a_problem_in_a_shorthand_has_the_scenarios_line() -> None:
    text = changed("count: 3, latency: 12ms", "each: [{}, {sample: ehco}]").replace("web/3", "web/1")
    (problem,) = problems(text)
    assert problem.startswith("E503 s.yaml:8: there is no sample 'ehco'")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("count: 3", "sample: echo", "the targets of a group are given by either 'count' or 'each'"),
        ("count: 3", "count: 3, each: []", "the targets of a group are given by either 'count' or 'each'"),
        ("count: 3", "each: [{}], sample: echo", "'sample' goes with 'count'"),
        ("  listeners:\n    - {http: 80, forward: web}\n", "", "'listeners' is missing in topology"),
        ("  health:", "  latencies: {i-01: 5ms}\n  health:", "'latencies' goes with 'use'"),
        ("http: 80", "http: 80, https: 443", "a listener has either 'http' or 'https'"),
        ("    web:", "    web--b:", "Target group name 'web--b' cannot contain '--'"),
    ],
)
def test_what_does_not_go_together(old: str, new: str, problem: str) -> None:
    assert [told for told in problems(changed(old, new)) if problem in told], problems(changed(old, new))


def test_a_process_of_ones_own_is_not_killed() -> None:
    urls = ", ".join(f"{{url: 'http://127.0.0.1:900{number}'}}" for number in range(3))
    (problem,) = problems(changed("count: 3, latency: 12ms", f"each: [{urls}]"))
    assert problem.startswith(
        "E636 s.yaml:21: target.crash is for targets that simlb runs; i-03 is a process that you run"
    )


def test_faults_before_the_start() -> None:
    text = changed("  health:", "  faults: [{id: shut, type: gate.close, on: 80}]\n  health:")
    scenario = compiled(text.replace("say: Hello {N}", "heal: shut"))
    assert [(fault.id, fault.on) for fault in scenario.topology.faults] == [("shut", ("80",))]
    (problem,) = problems(text.replace("on: 80", "on: 443"))
    assert problem.startswith("E634 s.yaml:9: There is no listener '443'")


# -- a configuration beside the scenario -------------------------------------------------------------------------------


def test_a_configuration_in_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG)
    scenario = compiled(USED.replace("use: shop.yaml", "use: shop.yaml\n  latencies: {b: 50ms}"), tmp_path)
    assert scenario.topology.groups == {"web": ("i-01", "b", "i-02")}
    assert scenario.topology.uses_commands == ("serve {port}",)
    assert scenario.topology.latencies == {"b": 0.05}
    assert scenario.variables["I"] == 10
    assert "speed" not in scenario.topology.config, "the scenario's clock decides"


def test_its_problems_have_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG.replace("interval: 10s", "intervall: 10s"))
    (problem,) = problems(USED, tmp_path)
    assert problem.startswith(f"E501 {tmp_path}/shop.yaml:8: unknown key 'intervall'")


@pytest.mark.parametrize(
    "written",
    [
        "../shop.yaml",
        "/etc/passwd",
        "a/../../shop.yaml",
        "..",
        "C:shop.yaml",
        "'a\\b.yaml'",
        "~/../x/..",
        '"a\\0b"',
        '""',
    ],
)
def test_what_is_elsewhere_is_not_read(written: str, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG)
    inner = tmp_path / "inner"
    inner.mkdir()
    (problem,) = problems(USED.replace("shop.yaml", written), inner)
    assert problem.startswith("E663 s.yaml:7")


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_symbolic_link_does_not_lead_out(kind: str, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG)
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "link").symlink_to(tmp_path / "shop.yaml" if kind == "file" else tmp_path)
    (problem,) = problems(USED.replace("shop.yaml", "link" if kind == "file" else "link/shop.yaml"), inner)
    assert problem.startswith("E663 s.yaml:7")
    assert "leads out of this folder" in problem


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights there")
def test_a_symbolic_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(CONFIG)
    (tmp_path / "shop.yaml").symlink_to(tmp_path / "real.yaml")
    assert problems(USED, tmp_path) == []


def test_a_missing_file(tmp_path: Path) -> None:
    (problem,) = problems(USED, tmp_path)
    assert problem.startswith("E504 s.yaml:7")
    assert "no such file" in problem


def test_a_scenario_sends_nothing_to_other_machines(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG.replace("speed: 3", "allow_targets: [10.0.0.0/8]"))
    (problem,) = problems(USED, tmp_path)
    assert problem.startswith("E663")
    (problem,) = problems(changed("count: 3", "count: 1, url: 'http://10.1.2.3:80'"))
    assert problem.startswith("E506")


def test_use_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CONFIG)
    (problem,) = problems(USED.replace("use: shop.yaml", "use: shop.yaml\n  name: other"), tmp_path)
    assert problem.startswith("E501 s.yaml:8: 'name' does not go with 'use'")
