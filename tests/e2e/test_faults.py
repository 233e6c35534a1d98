"""`simlb fault` on a real instance, as its clients feel it - and nothing is left of it afterwards."""

from __future__ import annotations

import json
import os
import signal
import ssl
import time
from pathlib import Path

import pytest

from tests.e2e import configs, processes
from tests.e2e.client import Client, Response
from tests.e2e.harness import Instance, Workshop, wait_until

CHECK = "path: /health, interval: 5s, timeout: 2s, healthy: 2"
pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


def started(simlb: Workshop, *targets: str, speed: str = "20") -> Instance:
    """An instance with these targets, all of them healthy."""
    instance = simlb.serve(configs.web(*(targets or ("sample: echo",) * 2), check=CHECK, delay_s=5), "--speed", speed)
    wait_until(lambda: states(instance) == {"healthy"}, "all targets are healthy")
    return instance


def states(instance: Instance) -> set[str]:
    return {target.state for target in instance.view().targets()}


def state_of(instance: Instance, name: str) -> str:
    return next((target.state for target in instance.view().targets() if target.name == name), "gone")


def fault(simlb: Workshop, *arguments: str) -> str:
    """`simlb fault ...`, which works."""
    done = simlb.run("fault", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(client: Client, count: int = 8) -> list[Response]:
    return [client.get() for _ in range(count)]


def statuses(client: Client, count: int = 8) -> set[int]:
    return {response.status for response in answers(client, count)}


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_crash_is_a_502_until_the_check_has_noticed_and_undone_the_target_is_back(simlb: Workshop) -> None:
    instance = started(simlb, speed="2")
    client = instance.client()
    assert fault(simlb, "add", "target.crash", "--on", "web/2").startswith(" ✔ crash-1  i-02  target.crash")
    assert statuses(client) == {200, 502}
    fault(simlb, "rm", "crash-1")
    wait_until(lambda: {response.target for response in answers(client, 4)} == {"i-01", "i-02"}, "both answer again")
    assert "crash-1  fault installed on i-02: target.crash" in instance.output
    assert "crash-1  fault removed from i-02: target.crash" in instance.output


def test_a_hang_is_a_504_and_undone_the_target_is_well(simlb: Workshop) -> None:
    instance = started(simlb, "sample: echo", speed="50")
    fault(simlb, "add", "target.hang", "--on", "i-01")
    pid = instance.target("i-01").pid
    assert pid is not None
    wait_until(lambda: process_state(pid) == "T", "its process is paused")
    assert instance.client().get().status == 504
    wait_until(lambda: instance.target("i-01").reason == "Target.Timeout", "the check has noticed")
    fault(simlb, "clear")
    wait_until(lambda: states(instance) == {"healthy"}, "it is healthy again")
    assert instance.client().get().status == 200
    assert instance.target("i-01").pid == pid


def test_a_stop_with_draining_costs_no_request(simlb: Workshop) -> None:
    instance = started(simlb)
    client = instance.client()
    fault(simlb, "add", "target.stop", "--on", "i-02", "drain=true")
    assert statuses(client) == {200}
    wait_until(lambda: state_of(instance, "i-02") == "gone", "it has drained")
    assert statuses(client) == {200}
    fault(simlb, "rm", "stop-1")
    wait_until(lambda: state_of(instance, "i-02") == "healthy", "it is back")
    assert {response.target for response in answers(client)} == {"i-01", "i-02"}


def test_a_closed_gate_survives_a_reload(simlb: Workshop) -> None:
    instance = started(simlb)
    plain, secure = instance.client(80), instance.client()
    fault(simlb, "add", "gate.close", "--on", "443")
    for _ in range(2):
        with pytest.raises(TimeoutError):
            processes_connect(secure)
        assert plain.get().status == 301
        assert simlb.run("reload").returncode == 0
    assert "fault close-1: gate.close" in simlb.run("status").stdout
    fault(simlb, "rm", "close-1")
    assert secure.get().status == 200


def processes_connect(client: Client) -> None:
    """A connection attempt that gives up soon."""
    import socket

    socket.create_connection((client.address, client.port), 0.3).close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cert.wrong_name", "Hostname mismatch"),
        ("cert.expired", "certificate has expired"),
        ("cert.untrusted", "unable to get local issuer certificate|self-signed certificate"),
    ],
)
def test_a_bad_certificate_is_refused_by_clients(simlb: Workshop, name: str, words: str) -> None:
    instance = started(simlb, "sample: echo")
    fault(simlb, "add", name)
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        instance.client().get()
    assert simlb.run("reload").returncode == 0
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        instance.client().get()
    fault(simlb, "clear")
    assert instance.client().get().status == 200
    assert not (simlb.home / "faults").exists()


def test_time_ends_a_fault(simlb: Workshop) -> None:
    instance = started(simlb, "sample: echo")
    out = fault(simlb, "add", "http.abort", "status=503", "--on", "web", "--for", "20s")
    assert " for 20 s (1 s here) until " in out
    assert instance.client().get().status == 503
    wait_until(lambda: json.loads(fault(simlb, "ls", "--json")) == [], "it is over")
    assert instance.client().get().status == 200
    assert "(its time is over)" in instance.output


def test_misbehaving_clients_stand_in_the_log(simlb: Workshop) -> None:
    started(simlb, "sample: echo", speed="50")
    fault(simlb, "add", "client.slow")
    fault(simlb, "add", "client.slow", "part=body", "path=/upload")
    fault(simlb, "add", "client.abort", "rate=5")

    def seen() -> set[tuple[str, str]]:
        lines = [line.split() for line in simlb.run("logs", "-n", "200").stdout.splitlines()]
        return {(fields[8], fields[12].strip('"')) for fields in lines}

    wait_until(lambda: seen() >= {("408", "-"), ("408", "POST"), ("460", "GET")}, lambda: f"408 and 460: {seen()}")
    fault(simlb, "clear")
    time.sleep(0.3)
    before = len(simlb.run("logs", "-n", "1000").stdout.splitlines())
    time.sleep(0.5)
    assert len(simlb.run("logs", "-n", "1000").stdout.splitlines()) == before


def test_a_process_of_the_user_is_left_alone(simlb: Workshop) -> None:
    port = simlb.target_server("mine", "/health=200")
    instance = started(simlb, f'url: "http://127.0.0.1:{port}"')
    for name in ("target.crash", "target.hang", "target.stop", "target.restart"):
        done = simlb.run("fault", "add", name, "--on", "i-01")
        assert done.returncode == 2
        assert done.stderr.startswith(f"SIMLB-E636  {name} is for targets that simlb runs; i-01 is")
    assert instance.client().get().status == 200


def test_a_restart_is_refused_while_a_fault_keeps_the_target_down(simlb: Workshop) -> None:
    started(simlb)
    fault(simlb, "add", "target.crash", "--on", "i-01")
    done = simlb.run("target", "restart", "i-01")
    assert (done.returncode, done.stderr.partition("\n")[0]) == (
        2,
        "SIMLB-E641  i-01 is kept down by a fault: crash-1.",
    )


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_an_end_with_faults_installed_leaves_nothing(simlb: Workshop, ending: signal.Signals) -> None:
    instance = started(simlb, "sample: echo", "sample: echo", "sample: echo")
    pids = [target.pid for target in instance.view().targets() if target.pid is not None]
    fault(simlb, "add", "target.hang", "--on", "i-01")
    fault(simlb, "add", "target.crash", "--on", "i-02")
    fault(simlb, "add", "gate.close", "--for", "1h")
    fault(simlb, "add", "link.latency", "--on", "web", "delay=1s")
    fault(simlb, "add", "client.slow")
    wait_until(lambda: process_state(pids[0]) == "T", "its process is paused")
    os.kill(instance.pid, ending)
    instance.process.wait(20)
    wait_until(lambda: not any(map(processes.is_alive, pids)), "no target is left")
    wait_until(lambda: not processes.marked(simlb.mark), "no process is left")
    assert not (simlb.home / "faults").exists()
