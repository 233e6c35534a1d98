"""The commands that ask a running instance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Running
from tests.controlplane.fakes import LOG_LINE, instance_view


def test_status_tells_everything(run: Run, running: Running) -> None:
    status, out, _ = run("status")
    assert status == 0
    for words in (
        "instance default  pid 4000  up 7m00s AWS (42s here, speed 10)",
        "http://127.0.0.1:8089/",
        "HTTPS:443  https://demo.elb.localhost:8443/  127.0.0.1:8443  2 rules, else → forward web",
        "HTTP GET /health every 30 s (timeout 5 s)",
        "→ nothing listens on 127.0.0.1:9003",
        "target group web  ip  HTTP:80  round_robin\n",
        "requests 21",
        "! All is well.",
    ):
        assert words in out
    assert "\x1b" not in out


def test_status_as_json_is_the_view(run: Run, running: Running) -> None:
    _, out, _ = run("status", "--json")
    assert json.loads(out) == json.loads(json.dumps(instance_view().to_json()))


def test_target_ls_is_a_table(run: Run, running: Running) -> None:
    _, out, _ = run("target", "ls")
    assert out == (
        "TARGET  ADDRESS         STATE      REASON                     LAST CHECK                        "
        "REQUESTS  IN-FLIGHT  SINCE  PROCESS\n"
        "i-01    127.0.0.1:9001  healthy    -                          200 in 2 ms (pass 14)             "
        "       7          0  4m12s  pid 4121\n"
        "i-02    127.0.0.1:9002  healthy    -                          200 in 2 ms (pass 14)             "
        "       7          0  4m12s  yours\n"
        "i-03    127.0.0.1:9003  unhealthy  Target.FailedHealthChecks  refused (fail 5, needs 5 passes)  "
        "       7          0    38s  killed by SIGKILL\n"
        "    → nothing listens on 127.0.0.1:9003\n"
    )
    assert run("target")[1] == out


def test_target_ls_as_json_names_the_group(run: Run, running: Running) -> None:
    _, out, _ = run("target", "ls", "--json")
    listed = json.loads(out)
    assert [(item["target_group"], item["name"], item["pid"]) for item in listed] == [
        ("web", "i-01", 4121),
        ("web", "i-02", None),
        ("web", "i-03", None),
    ]


def test_target_kill_and_restart(run: Run, running: Running) -> None:
    assert run("target", "kill", "i-03") == (0, "i-03 killed (pid 4121, SIGKILL).\n", "")
    assert run("target", "restart", "i-03")[0] == 0
    assert running.instance.calls == ["kill i-03", "restart i-03"]


@pytest.mark.parametrize(("name", "code"), [("i-09", "E302"), ("i-02", "E303")])
def test_a_refusal_is_a_coded_message(run: Run, running: Running, name: str, code: str) -> None:
    status, out, err = run("target", "kill", name)
    assert (status, out) == (2, "")
    assert err.startswith(f"SIMLB-{code}  ")


def test_reload_says_what_came_of_it(run: Run, running: Running) -> None:
    assert run("reload")[:2] == (0, "Reloaded.\n")
    running.instance.bad_file = True
    status, _, err = run("reload")
    assert status == 2
    assert err.splitlines() == [
        "SIMLB-E501  simlb.yaml:14: unknown key 'heathy' in health_check",
        "            → did you mean 'healthy'?",
        "            E502  simlb.yaml:15: 'interval' must be from 5 to 300, not 4",
    ]


def test_a_failure_on_the_other_side_keeps_its_exit_status(run: Run, running: Running) -> None:
    running.instance.port_taken = True
    status, _, err = run("reload")
    assert (status, err.split()[0]) == (3, "SIMLB-E101")


def test_logs_prints_the_last_lines(run: Run, running: Running) -> None:
    running.instance.lines = [f"line {n}" for n in range(30)]
    assert run("logs")[1].splitlines() == [f"line {n}" for n in range(10, 30)]
    assert run("logs", "-n", "2")[1] == "line 28\nline 29\n"
    assert run("logs", "-n", "0")[1] == ""
    assert len(run("logs", "-n", "100")[1].splitlines()) == 30


def test_logs_takes_more_than_one_page(run: Run, running: Running) -> None:
    running.instance.lines = [f"line {n}" for n in range(2500)]
    assert run("logs", "-n", "2200")[1].splitlines() == [f"line {n}" for n in range(300, 2500)]


def test_logs_as_json_names_the_fields(run: Run, running: Running) -> None:
    running.instance.lines = [LOG_LINE]
    entry = json.loads(run("logs", "--json")[1])
    assert entry["elb_status_code"] == 200
    assert entry["target:port"] == "127.0.0.1:9001"
    assert entry["request"] == "GET https://demo.elb.localhost:8443/?q=%22 HTTP/1.1"
    assert entry["target_processing_time"] == 0.001
    assert entry["redirect_url"] is None
    assert entry["ip_address"] == "127.0.0.1"
    assert len(entry) == 34


def test_cert_path_is_the_running_instances(run: Run, running: Running, state_dir: Path) -> None:
    status, _, err = run("cert", "path")
    assert (status, err.split()[0]) == (2, "SIMLB-E211")
    (state_dir / "ca.pem").write_text("")
    assert run("cert", "path") == (0, f"{state_dir / 'ca.pem'}\n", "")


def test_cert_path_without_an_instance_is_the_next_starts(run: Run, state_dir: Path) -> None:
    (state_dir / "certs").mkdir(parents=True)
    (state_dir / "certs/ca.pem").write_text("")
    assert run("cert", "path")[1] == f"{state_dir / 'certs/ca.pem'}\n"


def test_down_waits_until_the_process_is_gone(run: Run, running: Running) -> None:
    running.end_process()
    status, _, err = run("down")
    assert (status, err.split()[0]) == (2, "SIMLB-E602")


def test_down_gives_up_in_time(run: Run, running: Running) -> None:
    status, _, err = run("down", "--timeout", "0")
    assert (status, err.split()[0]) == (1, "SIMLB-E610")
    assert running.instance.calls == ["stop"]


def test_down_stops_the_process(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.instance, "request_stop", running.end_process)
    status, out, _ = run("down")
    assert status == 0
    assert out.startswith(f"simlb stopped (pid {running.process.pid}")


def test_logs_follow_ends_with_the_instance(run: Run, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    running.instance.lines = ["first"]
    polls: list[int] = []

    def wait(_: float) -> None:
        polls.append(len(polls))
        if len(polls) == 1:
            running.instance.lines.append("second")
        else:
            running._wait(running._server.close())

    monkeypatch.setattr("simlb.cli.logs.time.sleep", wait)
    status, out, err = run("logs", "-f")
    assert (status, out, err) == (0, "first\nsecond\n", "simlb: the instance has stopped\n")


@pytest.mark.parametrize(
    "argv", [("--instance", "shop", "status"), ("status", "--instance", "shop"), ("target", "--instance", "shop", "ls")]
)
def test_the_instance_may_be_named_before_or_after_the_command(run: Run, running: Running, argv: tuple[str]) -> None:
    status, _, err = run(*argv)
    assert status == 2
    assert "instance 'shop'" in err
    assert "--instance default" in err


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "rules",
        "down",
        "reload",
        "logs",
        "target ls",
        "target kill x",
        "target add web 127.0.0.1:1",
        "target rm x",
    ],
)
def test_without_an_instance_every_command_says_so(run: Run, command: str) -> None:
    status, out, err = run(*command.split())
    assert (status, out) == (2, "")
    assert err.startswith("SIMLB-E602  simlb is not running (instance 'default').")
