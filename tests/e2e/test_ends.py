"""How simlb ends: on request, at Ctrl-C, and when somebody kills it or one of its helpers."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import sys
import threading
import time

import pytest

from simlb.controlplane import runfile
from tests.aws import elbv2
from tests.e2e import processes
from tests.e2e.client import Client, Response, exchange
from tests.e2e.configs import web
from tests.e2e.harness import Instance, Workshop, wait_until

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


def _bound(ports: dict[int, int]) -> str:
    """A configuration whose listeners are at these very ports."""
    text = web("sample: echo", "sample: slow")
    for port, bound in ports.items():
        text = text.replace(f'port: {port}, bind: "127.0.0.1:0"', f'port: {port}, bind: "127.0.0.1:{bound}"')
    return text


def _family(instance: Instance) -> list[int]:
    return processes.marked(instance.workshop.mark)


def _target_pids(instance: Instance) -> list[int]:
    return [target.pid for target in instance.view().targets() if target.pid is not None]


def test_killed_simlb_takes_its_processes_along_and_starts_again_at_the_same_ports(simlb: Workshop) -> None:
    first = simlb.serve(web("sample: echo", "sample: slow"))
    first.wait_healthy()
    ports = {port: first.listener(port).published_port for port in (80, 443)}
    targets = _target_pids(first)
    assert len(targets) == 2
    with elbv2(f"http://{first.view().control}", service="iam") as iam:
        assert iam.list_users()["Users"] == []
    assert any("moto_program" in processes.command_line(pid) for pid in _family(first))
    # Traffic on open connections must not keep the ports from the next start.
    connection = first.client().connect()
    assert exchange(connection, "GET", "/before-the-end").status == 200
    wait_until(lambda: "/before-the-end" in first.log_on_disk(), "its line is in the open file")
    first.process.kill()
    assert first.wait() == -signal.SIGKILL
    (open_file,) = (simlb.home / "logs" / "default" / "open").glob("*.log")
    with open_file.open("a") as file:
        file.write("https 2026-11-")
    wait_until(lambda: not _family(first), "all of its processes are gone", deadline_s=5)
    connection.close()
    run_file = simlb.home / "run" / "default.json"
    assert run_file.exists(), "nobody was there to remove it"
    second = simlb.serve(_bound(ports))
    second.wait_healthy()
    assert {port: second.listener(port).published_port for port in (80, 443)} == ports
    assert second.client().get("/after-it").status == 200
    lines = wait_until(lambda: two_lines(second), "one line of each run")
    assert [line.count(path) for line, path in zip(lines, ("/before-the-end", "/after-it"), strict=True)] == [1, 1]
    assert list((simlb.home / "s3").rglob("*.log.gz")), "what the crash had left is delivered"
    assert second.view().counters["access_log_lines_torn"] == 1
    record = runfile.read(simlb.home, "default")
    assert record is not None
    assert record.pid == second.pid, "the stale file did not stand in the way"


def two_lines(instance: Instance) -> list[str]:
    """The lines of its access log on the disk, as soon as there are two."""
    lines = instance.log_on_disk().splitlines()
    return lines if len(lines) >= 2 else []


def test_a_killed_wrapper_takes_its_target_along(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo", "sample: echo", check="path: /health, healthy: 2"), "--speed", "50")
    instance.wait_healthy()
    pid = instance.target("i-02").pid
    assert pid is not None
    wrapper = processes.parent(pid)
    assert processes.parent(wrapper) == instance.pid
    os.kill(wrapper, signal.SIGKILL)
    wait_until(lambda: not processes.is_alive(pid), "the target has ended", deadline_s=5)
    target = instance.wait_state("i-02", "unhealthy")
    assert target.process == "killed by SIGKILL"
    assert instance.client().get("/").status == 200
    assert simlb.run("target", "restart", "i-02").returncode == 0
    instance.wait_state("i-02", "healthy")

    # A target killed from outside is noticed as well.
    other = instance.target("i-01").pid
    assert other is not None
    os.kill(other, signal.SIGKILL)
    assert f"i-01  killed (pid {other}, SIGKILL)" in instance.wait_output(f"(pid {other}, SIGKILL)")


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT to the job", "simlb down"])
def test_a_stop_finishes_what_is_in_flight(simlb: Workshop, how: str) -> None:
    instance = simlb.serve(web("sample: echo", "sample: slow"))
    instance.wait_healthy()
    client = instance.client()
    idle = client.connect()
    assert exchange(idle, "GET", "/").status == 200
    answers: list[Response] = []
    slow = [
        threading.Thread(target=lambda: answers.append(client.get("/in-flight?delay=700&ms=700"))) for _ in range(2)
    ]
    for thread in slow:
        thread.start()
    wait_until(lambda: sum(target.in_flight for target in instance.view().targets()) == 2, "both are under way")
    asked_at = time.monotonic()
    if how == "SIGTERM":
        instance.process.terminate()
    elif how == "SIGINT to the job":
        instance.interrupt()
    else:
        assert simlb.run("down").returncode == 0
    if how != "simlb down":
        wait_until(lambda: _is_refused(client), "it accepts no more")
        assert instance.process.poll() is None, "it still finishes what is in flight"
    for thread in slow:
        thread.join()
    assert [answer.status for answer in answers] == [200, 200]
    assert instance.wait() == 0
    assert time.monotonic() - asked_at < 10
    idle.close()
    lines = [line for line in instance.access_log.splitlines() if "/in-flight" in line]
    assert len(lines) == 2, "their log lines are in the file"
    assert all('"GET https://my-alb.localhost:443/in-flight' in line for line in lines)
    assert not _family(instance)
    assert not (simlb.home / "run" / "default.json").exists()
    assert "simlb stopped." in instance.output


def _is_refused(client: Client) -> bool:
    try:
        socket.create_connection((client.address, client.port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_stop_does_not_wait_for_ever(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    connection = instance.client().connect()
    connection.request("GET", "/sse?interval=3600000")
    wait_until(lambda: instance.target("i-01").in_flight == 1, "the request is under way")
    asked_at = time.monotonic()
    instance.process.terminate()
    assert instance.wait() == 0
    assert 4.5 < time.monotonic() - asked_at < 15, "five seconds of grace, and the target's end"
    with connection.getresponse() as response, pytest.raises(http.client.IncompleteRead):
        response.read()
    connection.close()


def test_a_second_ctrl_c_ends_the_wait(simlb: Workshop) -> None:
    """What is still in flight gets its 502 and its log line, well before the five seconds of grace are over."""
    instance = simlb.serve(web("sample: slow"))
    instance.wait_healthy()
    client = instance.client()
    answers: list[Response] = []
    slow = threading.Thread(target=lambda: answers.append(client.get("/in-flight?delay=60000&ms=60000")))
    slow.start()
    wait_until(lambda: instance.target("i-01").in_flight == 1, "the request is under way")
    instance.interrupt()
    wait_until(lambda: _is_refused(client), "it accepts no more")
    asked_at = time.monotonic()
    instance.interrupt()
    slow.join()
    assert time.monotonic() - asked_at < 3
    assert [answer.status for answer in answers] == [502]
    assert instance.wait() == 0
    assert "Traceback" not in instance.output
    (line,) = [line for line in instance.access_log.splitlines() if "/in-flight" in line]
    assert " 502 - " in line
    assert not _family(instance)


def test_impatient_ctrl_c(simlb: Workshop) -> None:
    """Several Ctrl-C in a row do no harm: one graceful stop, no traceback, nothing left."""
    instance = simlb.serve(web("sample: echo", "sample: echo"))
    for _ in range(3):
        instance.interrupt()
    assert instance.wait() == 0
    assert "Traceback" not in instance.output
    assert not _family(instance)


def test_ctrl_c_while_it_starts(simlb: Workshop) -> None:
    simlb.write(web("sample: echo", "sample: echo"))
    for _ in range(4):
        instance = simlb.launch("up")
        wait_until(lambda: len(_family(instance)) > 1, "its first process runs")  # noqa: B023 - asked at once
        instance.interrupt()
        assert instance.wait() == 0
        assert not re.search("Traceback|E701|does not know", instance.output), "a stop is no failure"
        wait_until(lambda: not _family(instance), "nothing is left")  # noqa: B023


def test_terminal_that_goes_away(simlb: Workshop) -> None:
    """The reader of its output is gone (`simlb up | head -1`): it serves on."""
    simlb.write(web("sample: echo"))
    piped = ("/bin/sh", "-c", 'exec "$0" -m simlb "$@" | head -1', sys.executable)
    instance = simlb.launch("up", program=piped)
    wait_until(lambda: runfile.read(simlb.home, "default"), "it serves")
    instance.wait_healthy()
    assert instance.output.count("\n") == 1
    assert instance.client().get("/").status == 200
    assert simlb.run("down").returncode == 0
    instance.wait()
