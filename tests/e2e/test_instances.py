"""Several instances side by side, and commands that find the right one."""

from __future__ import annotations

import http.client
import re

import pytest

from tests.e2e.configs import web
from tests.e2e.harness import Workshop, wait_until


def test_a_second_instance_beside_the_first(simlb: Workshop) -> None:
    urls = [f"http://127.0.0.1:{simlb.target_server(name)}" for name in ("one", "two")]
    first = simlb.start("up", urls[0])
    second = simlb.start("up", urls[1], instance="other")
    first.wait_healthy()
    second.wait_healthy()
    assert first.client().get("/").target == "one"
    assert second.client().get("/").target == "two"
    assert simlb.run("status").stdout.splitlines()[0].split()[2:4] == ["instance", "default"]
    assert f"pid {second.pid}" in simlb.run("status", "--instance", "other").stdout
    assert f"pid {second.pid}" in simlb.run("--instance", "other", "status").stdout

    refused = simlb.run("up", urls[0], "--control-port", "0")
    assert refused.returncode == 2
    assert f"SIMLB-E601  simlb is already running (pid {first.pid}, instance 'default')" in refused.stderr
    assert "--instance" in refused.stderr

    finished = simlb.run("down", "--instance", "other")
    assert finished.returncode == 0
    assert second.wait() == 0
    assert first.process.poll() is None
    assert first.client().get("/").status == http.client.OK
    unknown = simlb.run("status", "--instance", "other")
    assert unknown.returncode == 2
    assert "--instance default" in unknown.stderr, "it names what does run"
    finished = simlb.run("down")
    assert finished.returncode == 0
    assert first.wait() == 0


def test_the_second_takes_other_ports_and_says_who_has_them(simlb: Workshop) -> None:
    first = simlb.start("demo", "--speed", "50")
    second = simlb.start("demo", "--speed", "50", instance="second")
    ports = {instance.listener(port).published_port for instance in (first, second) for port in (80, 443)}
    assert len(ports) == 4
    assert first.view().control != second.view().control
    assert second.client(80).get("/").status == 301
    second.wait_healthy()
    assert second.client().get("/").target == "i-01"
    for port in (80, 443):
        if first.listener(port).published_port == port:
            assert re.search(rf"Port {port} is already in use by \S+ \(pid {first.pid}\)", second.output)
    # Its redirect leads to itself, not to the first one.
    location = second.client(80).get("/").headers["location"]
    assert location == f"https://my-alb.localhost:{second.listener(443).published_port}/"


def test_two_starts_at_once_leave_one(simlb: Workshop) -> None:
    simlb.write(web("sample: echo"))
    both = [simlb.launch("up") for _ in range(2)]
    # Whoever comes second is refused, early or in the last moment, and takes its processes along.
    loser = wait_until(lambda: next((one for one in both if one.process.poll() is not None), None), "one is refused")
    winner = next(instance for instance in both if instance is not loser)
    assert loser.wait() == 2
    # What the other has first: its run file, or the database of what the API has made.
    assert "SIMLB-E601" in loser.output or "SIMLB-E812" in loser.output
    winner.wait_ready()
    winner.wait_healthy()
    assert winner.client().get("/").status == http.client.OK


@pytest.mark.parametrize("command", ["status", "down", "reload", "logs", "target ls", "target kill i-01"])
def test_commands_without_an_instance(simlb: Workshop, command: str) -> None:
    finished = simlb.run(*command.split())
    assert finished.returncode == 2
    assert "SIMLB-E602" in finished.stderr
    assert "Traceback" not in finished.stderr
