"""The doctor."""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simlb.certs.store import CertificateStore
from simlb.cli import check_certs, check_network, check_system
from simlb.cli.findings import Finding, failure
from tests.cli.conftest import Run, Running


@pytest.fixture(autouse=True)
def quick_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_network, "_resolve", lambda _: ["127.0.0.1"])


def verdicts(*findings: Finding) -> list[str]:
    return [finding.verdict for finding in findings]


def test_every_check_has_a_line(run: Run) -> None:
    _, out, _ = run("doctor")
    for check in (
        "Python",
        "uvloop",
        "clock",
        "state folder",
        "disk",
        "local CA",
        "port 80",
        "port 8443",
        "*.localhost",
    ):
        assert any(line[2:].startswith(check) for line in out.splitlines()), check


def test_json_and_the_exit_status(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.cli.doctor.examine", lambda: iter([failure("disk", "full", "→ make room")]))
    status, out, _ = run("doctor", "--json")
    assert status == 1
    assert json.loads(out) == [{"check": "disk", "verdict": "failure", "text": "full", "hints": ["→ make room"]}]
    assert run("doctor")[1].startswith("✗ disk")


def test_a_running_instance_is_listed(run: Run, running: Running) -> None:
    assert f"default, pid {running.process.pid}" in run("doctor")[1]


def test_a_free_and_a_taken_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert check_network.port_state(port) == "taken"
    assert check_network.port_state(port) == "free"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, ["fine", "fine", "fine", "fine"]),
        ({80: "privileged", 443: "privileged"}, ["warning", "fine", "warning", "fine"]),
        ({8080: "taken"}, ["fine", "warning", "fine", "fine"]),
        ({80: "privileged", 8080: "taken"}, ["warning", "failure", "fine", "fine"]),
        ({8443: "reserved"}, ["fine", "fine", "fine", "warning"]),
    ],
)
def test_ports_fail_only_when_there_is_no_way_round(
    monkeypatch: pytest.MonkeyPatch, states: dict[int, str], expected: list[str]
) -> None:
    monkeypatch.setattr(check_network, "port_state", lambda port: states.get(port, "free"))
    assert verdicts(*check_network.ports({})) == expected


def test_a_port_of_simlb_itself_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_network, "port_state", lambda port: "taken" if port == 8080 else "free")
    monkeypatch.setattr("simlb.processes.ports.port_owner", lambda _: "simlb (pid 77)")
    findings = list(check_network.ports({77: "shop"}))
    assert findings[1].text == "in use by simlb itself (instance shop, pid 77)"


@pytest.mark.parametrize(
    ("addresses", "expected"), [(["127.0.0.1", "::1"], "fine"), ([], "warning"), (["192.0.2.1"], "warning")]
)
def test_the_resolver(monkeypatch: pytest.MonkeyPatch, addresses: list[str], expected: str) -> None:
    monkeypatch.setattr(check_network, "_resolve", lambda _: addresses)
    assert verdicts(*check_network.resolver()) == [expected]


def test_a_fresh_authority_is_fine(tmp_path: Path) -> None:
    assert verdicts(*check_certs.authority(tmp_path), *check_certs.leafs(tmp_path)) == ["fine"]
    CertificateStore(tmp_path).ensure(["demo.localhost"])
    assert verdicts(*check_certs.authority(tmp_path)) == ["fine"]
    (leaf,) = check_certs.leafs(tmp_path)
    assert leaf.text.startswith("demo.localhost until 20")
    assert verdicts(*check_certs.permissions(tmp_path)) in (["fine"], [])


def test_an_expired_authority_is_a_warning(tmp_path: Path) -> None:
    CertificateStore(tmp_path, now=lambda: datetime.now(UTC) - timedelta(days=400)).ensure(["demo.localhost"])
    assert verdicts(*check_certs.authority(tmp_path), *check_certs.leafs(tmp_path)) == ["warning", "warning"]


def test_a_damaged_authority_is_a_failure(tmp_path: Path) -> None:
    CertificateStore(tmp_path).ensure(["demo.localhost"])
    (tmp_path / "issuing-ca.pem").write_text("nonsense")
    assert verdicts(*check_certs.authority(tmp_path)) == ["failure"]
    (tmp_path / "issuing-ca.pem").unlink()
    assert verdicts(*check_certs.authority(tmp_path)) == ["failure"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_key_that_others_can_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "issuing-ca.key").touch(0o644)
    (finding,) = check_certs.permissions(tmp_path)
    assert (finding.verdict, finding.hints[0]) == ("failure", f"→ chmod 600 {tmp_path}/*.key")


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert verdicts(*check_system.folder("f", tmp_path), *check_system.folder("f", tmp_path / "a/b")) == [
        "fine",
        "fine",
    ]
    assert verdicts(*check_system.folder("f", tmp_path / "file")) == ["failure"]
    assert verdicts(*check_system.folder("f", tmp_path / "file/below")) == ["failure"]


def test_a_clock_in_the_past_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert verdicts(*check_system.clock()) == ["failure"]


def test_little_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for free, expected in ((1 << 20, "failure"), (1 << 28, "warning"), (1 << 40, "fine")):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr("shutil.disk_usage", lambda _, usage=usage: usage)
        assert verdicts(*check_system.disk(tmp_path)) == [expected]


@pytest.mark.skipif(sys.platform == "win32" or os.name == "nt", reason="POSIX limits")
def test_few_open_files_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 10240))
    (finding,) = check_system.file_limit()
    assert (finding.verdict, finding.hints) == ("warning", ("→ before a load test: ulimit -n 10240",))
