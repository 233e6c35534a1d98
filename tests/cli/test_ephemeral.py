"""`simlb serve`: what does not go together, and how failures are told to programs."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from simlb.cli.ephemeral_presenter import JsonPresenter, TextPresenter, ready_line
from simlb.clock import ManualClock
from simlb.core.events import FaultInstalled, Notice, ProcessStarted
from tests.cli.conftest import Run
from tests.controlplane.fakes import FakeInstance, instance_view

URL = "http://127.0.0.1:3000"
MISUSES = [
    pytest.param([URL], "needs --ephemeral", id="nothing but ephemeral yet"),
    pytest.param(["--ephemeral", "--instance", "other", URL], "has no name", id="a name that nobody could find"),
    pytest.param(["--ephemeral", "--speed", "10", "--manual-clock", URL], "exclude each other", id="two clocks"),
    pytest.param(["--ephemeral", "-f", "-"], "Standard input", id="a file on standard input"),
    pytest.param(["--ephemeral", "-f", "simlb.yaml", URL], "either URLs or a file", id="two configurations"),
    pytest.param(["--ephemeral", "--health", "/up"], "go with URLs", id="a health check without URLs"),
    pytest.param(["--ephemeral", "-f", "simlb.yaml", "--name", "a.test"], "go with URLs", id="a name for a file"),
]


@pytest.mark.parametrize(("arguments", "said"), MISUSES)
def test_what_does_not_go_together(run: Run, arguments: list[str], said: str) -> None:
    status, out, err = run("serve", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("SIMLB-E616")
    assert said in err


@pytest.mark.parametrize(("arguments", "said"), MISUSES)
def test_programs_get_one_line_of_json(run: Run, arguments: list[str], said: str) -> None:
    status, out, err = run("serve", "--json", *arguments)
    assert (status, err, out.count("\n")) == (2, "", 1)
    error = json.loads(out)["error"]
    assert error["code"] == "E616"
    assert said in error["message"]
    assert error["exit_status"] == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(None, "E511", id="no file at all"),
        pytest.param("simlb: [", "E504", id="no YAML"),
        pytest.param("simlb: config/1\nload_balancers: [{}]\n", "E501", id="no load balancer"),
    ],
)
def test_what_a_bad_configuration_leaves(
    run: Run, state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, code: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    if text is not None:
        Path("simlb.yaml").write_text(text)
    status, out, _ = run("serve", "--ephemeral", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, code)
    assert not state_dir.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("simlb-")] == []


def test_the_line_of_an_instance_that_serves() -> None:
    line = ready_line(instance_view(), token="t0ken", ca_pem="PEM", seed=7, is_manual=False)
    assert line.pop("listeners") == [
        {
            "load_balancer": "demo",
            "protocol": "HTTP",
            "port": 80,
            "url": "http://127.0.0.1:8080",
            "address": "127.0.0.1:8080",
            "certificate_names": [],
        },
        {
            "load_balancer": "demo",
            "protocol": "HTTPS",
            "port": 443,
            "url": "https://127.0.0.1:8443",
            "address": "127.0.0.1:8443",
            "certificate_names": ["demo.elb.localhost"],
        },
    ]
    assert line == {
        "simlb": "serve/1",
        "version": "0.1.0",
        "pid": 4000,
        "control": {"url": "http://127.0.0.1:8089", "token": "t0ken"},
        "ca_pem": "PEM",
        "ca_path": "/home/ann/.simlb/certs/ca.pem",
        "dns_name": "demo-1234567890.ap-northeast-2.elb.localhost",
        "load_balancers": [
            {
                "name": "demo",
                "dns_name": "demo-1234567890.ap-northeast-2.elb.localhost",
                "names": ["demo.elb.localhost"],
            }
        ],
        "clock": "scaled",
        "speed": 10,
        "seed": 7,
        "notices": ["All is well."],
    }


def test_people_are_told_what_undoes_a_fault_of_an_instance_that_commands_do_not_find() -> None:
    screen = io.StringIO()
    presenter = TextPresenter(screen)
    presenter.owns(token="t0ken", ca_pem="", seed=7)
    presenter.ready(instance_view(), FakeInstance(), ManualClock())
    fault = FaultInstalled(at_s=1, real_s=1, name="latency-1", type="x", on="i-02", text="link.latency")
    presenter.event(fault)
    undo = "undo: curl -H 'Authorization: Bearer t0ken' -X DELETE http://127.0.0.1:8089/api/v1/faults/latency-1\n"
    assert screen.getvalue().endswith(undo)
    presenter.event(replace(fault, name="restart-1", is_over=True))
    assert screen.getvalue().count("undo:") == 1


def test_a_manual_clock_has_no_speed() -> None:
    line = ready_line(instance_view(speed=1), token="t", ca_pem="", seed=7, is_manual=True)
    assert (line["clock"], line["speed"]) == ("manual", None)


def presenter() -> tuple[JsonPresenter, io.StringIO, io.StringIO]:
    out, errors = io.StringIO(), io.StringIO()
    made = JsonPresenter(out, errors)
    made.owns(token="t", ca_pem="", seed=7)
    return made, out, errors


def test_one_line_and_then_nothing_but_warnings_beside_it() -> None:
    made, out, errors = presenter()
    made.ready(instance_view(), FakeInstance(), ManualClock())
    made.event(ProcessStarted(at_s=0, real_s=0, process="i-01", pid=1))
    made.event(Notice(level="info", text="Reloaded."))
    made.event(Notice(level="warning", code="E613", text="Too fast.", hints=("slower",), notes=("So it is.",)))
    made.stopping()
    made.close()
    assert out.getvalue().count("\n") == 1
    assert errors.getvalue() == "SIMLB-E613  Too fast.\n→ slower\nSo it is.\n"


async def test_a_reader_that_has_gone_ends_it() -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    instance = FakeInstance()
    made = JsonPresenter(Gone(), io.StringIO())
    made.owns(token="t", ca_pem="", seed=7)
    made.ready(instance_view(), instance, ManualClock())
    assert instance.calls == ["stop"]
