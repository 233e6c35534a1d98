"""`simlb load` against a real instance: what is sent, what becomes of it, and that nothing is left."""

from __future__ import annotations

import json
from typing import Any

from simlb.controlplane import load_client
from simlb.controlplane.client import ControlClient
from simlb.controlplane.load_views import LoadView
from tests.e2e import processes
from tests.e2e.configs import web
from tests.e2e.harness import Instance, Workshop, wait_until


def loads(instance: Instance) -> list[LoadView]:
    with ControlClient.for_instance(instance.workshop.home, instance.name) as client:
        return load_client.loads(client)


def start(simlb: Workshop, *arguments: str) -> dict[str, Any]:
    finished = simlb.run("load", "start", *arguments, "--json")
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def workers(simlb: Workshop) -> list[int]:
    return [pid for pid in processes.marked(simlb.mark) if "simlb.load" in processes.command_line(pid)]


def test_a_load_sees_a_target_die(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo, name: one", "sample: echo, name: two"), "--speed", "10")
    instance.wait_healthy()
    started = start(simlb, "--rate", "20/s", "--path", "/items/{n}")
    assert (started["id"], started["listener"], started["state"]) == ("load-1", "my-alb HTTPS:443", "running")
    wait_until(lambda: len(loads(instance)[0].targets) == 2 and loads(instance)[0].finished > 20, "both answer")
    assert simlb.run("target", "kill", "one").returncode == 0
    wait_until(lambda: loads(instance)[0].elb_statuses.get("502", 0) >= 5, "requests to the dead target")
    instance.wait_state("one", "unhealthy")
    # What was under way as it left the rotation may still come in.
    started_before = loads(instance)[0].sent
    wait_until(lambda: loads(instance)[0].finished > started_before, "requests under way")
    failed, seen = loads(instance)[0].statuses["502"], loads(instance)[0].finished
    wait_until(lambda: loads(instance)[0].finished > seen + 40, "more requests")
    assert loads(instance)[0].statuses["502"] == failed

    finished = simlb.run("load", "stop")
    assert "load-1  ended" in finished.stdout, finished.stdout
    assert " by the load balancer" in finished.stdout
    load = loads(instance)[0]
    assert load.sent == load.finished == sum(load.statuses.values())
    assert load.errors == {}
    assert set(load.statuses) == {"200", "502"}
    wait_until(lambda: instance.access_log.count('"simlb-load/') == load.finished, "every request is in the log")
    numbers = [line.split("/items/")[1].split(" ")[0] for line in instance.access_log.splitlines() if "/items/" in line]
    assert sorted(map(int, numbers)) == [*range(load.finished)]
    wait_until(lambda: not workers(simlb), "the worker is gone")


def test_errors_have_their_true_reason(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo"), "--speed", "10")
    instance.wait_healthy()
    start(simlb, "--id", "name", "--host", "other.example", "--requests", "3")
    start(simlb, "--id", "lax", "--host", "other.example", "--requests", "3", "--insecure")
    start(simlb, "--id", "plain", "--port", "80", "--users", "2", "--think", "1s", "--requests", "4")
    wait_until(lambda: all(load.is_over for load in loads(instance)), "all end by themselves")
    outcomes = {load.id: (dict(load.statuses), dict(load.errors)) for load in loads(instance)}
    assert outcomes == {"name": ({}, {"tls_name": 3}), "lax": ({"200": 3}, {}), "plain": ({"301": 4}, {})}
    refused = simlb.run("load", "start", "--rate", "60/s")
    assert refused.stderr.startswith("SIMLB-E654  600 requests in a real second are more than 500, the cap.")
    assert simlb.run("load", "start", "--port", "81").stderr.startswith("SIMLB-E653  ")


def test_a_stop_and_a_kill_of_the_instance_leave_no_worker(simlb: Workshop) -> None:
    for number, end in enumerate(("down", "kill")):
        instance = simlb.serve(web("sample: echo"), instance=f"instance-{number}")
        instance.wait_healthy()
        finished = simlb.run("load", "start", "--instance", instance.name)
        assert finished.returncode == 0, finished.stderr
        wait_until(lambda: len(workers(simlb)) == 1, "its worker")
        if end == "down":
            assert simlb.run("down", "--instance", instance.name).returncode == 0
        else:
            instance.process.kill()
            instance.process.wait()
        wait_until(lambda: not workers(simlb), f"no worker after {end}")
