"""What goes wrong for users: each has a code, a place, a way out, and an exit status."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess

import pytest

from tests.e2e.configs import web
from tests.e2e.harness import Workshop


def test_a_busy_port_says_who_has_it(simlb: Workshop) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        simlb.write(web("sample: echo").replace("127.0.0.1:0", f"127.0.0.1:{port}", 1))
        finished = simlb.run("up", "--control-port", "0")
    assert finished.returncode == 3
    assert f"SIMLB-E101  Port {port} is already in use by " in finished.stderr
    assert f"(pid {os.getpid()})" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (simlb.home / "run" / "default.json").exists()


def test_a_busy_control_port_moves_on_and_says_so(simlb: Workshop) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        simlb.write(web("sample: echo"))
        instance = simlb.launch("up", control_port=port)
        instance.wait_ready()
        assert instance.view().control != f"127.0.0.1:{port}"
    assert simlb.run("status").returncode == 0


def test_no_configuration(simlb: Workshop) -> None:
    finished = simlb.run("up")
    assert finished.returncode == 2
    assert "SIMLB-E511" in finished.stderr
    assert "simlb init" in finished.stderr


@pytest.mark.parametrize("command", [["up", "-f", "none.yaml"], ["config", "check", "none.yaml"]])
def test_a_missing_file(simlb: Workshop, command: list[str]) -> None:
    finished = simlb.run(*command)
    assert finished.returncode == 2
    assert "SIMLB-E504" in finished.stderr
    assert "none.yaml" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_folder_in_place_of_a_file(simlb: Workshop) -> None:
    (simlb.here / "simlb.yaml").mkdir()
    finished = simlb.run("up", "-f", "simlb.yaml")
    assert finished.returncode == 2
    assert "SIMLB-E504" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("wrong", "lines", "words"),
    [
        # Keys and kinds first ...
        (("control_port", "control_prt"), ["2", "12"], ["'control_port'", "'path'"]),
        # ... and when these are right, what they say.
        (("redirect: https", "forward: wbe"), ["8", "12", "15"], ["'web'", "from 5 to 300", "'echo'"]),
    ],
    ids=["keys", "values"],
)
def test_all_mistakes_of_a_file_are_told_with_their_lines(
    simlb: Workshop, wrong: tuple[str, str], lines: list[str], words: list[str]
) -> None:
    check = "pathh: /health" if "control_prt" in wrong else "path: /health, interval: 4s"
    simlb.write(web("sample: ecko", check=check).replace(*wrong))
    for command in (["up", "--control-port", "0"], ["config", "check"]):
        finished = simlb.run(*command)
        assert finished.returncode == 2
        assert re.findall(r"simlb\.yaml:(\d+)", finished.stderr) == lines, finished.stderr
        for word in words:
            assert word in finished.stderr
        assert "Traceback" not in finished.stderr
    assert not simlb.home.exists(), "nothing was started, issued or written"
    assert not simlb.certs.exists()


def test_a_command_that_does_not_exist(simlb: Workshop) -> None:
    simlb.write(web("sample: echo", 'run: "no-such-program --port {port}"'))
    finished = simlb.run("up", "--control-port", "0")
    assert finished.returncode == 2
    assert "SIMLB-E701" in finished.stderr
    assert "no-such-program" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_command_that_ends_at_once_is_told(simlb: Workshop) -> None:
    instance = simlb.serve(web("run: \"sh -c 'echo my last words; exit 3'\""), "--speed", "50")
    target = instance.wait_state("i-01", "unhealthy")
    assert target.process == "exited with status 3"
    assert "i-01  exited by itself (pid " in instance.output
    assert "status 3" in instance.output


def test_wrong_usage(simlb: Workshop) -> None:
    for arguments, words in (
        (["staus"], "Did you mean 'status'?"),
        (["up", "--sped", "2"], "Did you mean '--speed'?"),
        (["up", "--speed", "0"], "above 0"),
        (["demo", "--instance", "../x"], "SIMLB-E609"),
    ):
        finished = simlb.run(*arguments)
        assert finished.returncode == 2, arguments
        assert words in finished.stderr
        assert "Traceback" not in finished.stderr


def test_every_list_has_json_and_doctor_knows_what_runs(simlb: Workshop) -> None:
    before = simlb.run("doctor")
    assert before.returncode == 0, before.stdout
    assert not simlb.certs.exists(), "looking makes nothing"

    instance = simlb.serve(web("sample: echo"))
    instance.wait_healthy()
    instance.client().get("/a")
    instance.client(80).get("/b")
    status = json.loads(simlb.run("status", "--json").stdout)
    assert status["name"] == "default"
    (target,) = json.loads(simlb.run("target", "ls", "--json").stdout)
    assert target["state"] == "healthy"
    entries = [json.loads(line) for line in simlb.run("logs", "--json").stdout.splitlines()]
    assert [entry["elb_status_code"] for entry in entries] == [200, 301]
    schema = json.loads(simlb.run("config", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    findings = json.loads(simlb.run("doctor", "--json").stdout)
    assert {finding["verdict"] for finding in findings} <= {"fine", "warning"}
    said = " ".join(finding["text"] for finding in findings)
    assert f"default, pid {instance.pid}" in said
    assert str(simlb.certs / "ca.pem") in said


def test_a_client_without_the_authority_is_told_about(simlb: Workshop, curl: str) -> None:
    instance = simlb.serve(web("sample: echo"))
    port = instance.listener(443).published_port
    for _ in range(3):
        failed = subprocess.run(
            [curl, "--silent", f"https://my-alb.localhost:{port}/"], capture_output=True, timeout=30, check=False
        )
        assert failed.returncode == 60
    assert f"curl: --cacert {simlb.certs / 'ca.pem'}" in instance.wait_output("SIMLB-E201")


def test_help(simlb: Workshop) -> None:
    for arguments in ([], ["target", "kill"]):
        finished = simlb.run(*arguments, "--help")
        assert finished.returncode == 0
        assert finished.stdout.startswith("usage: ")
