"""`simlb init`, `up`, an edited file, `reload`: changes are taken over under traffic, mistakes are not."""

from __future__ import annotations

import json
import os
import re
import signal
import threading

import pytest

from tests.e2e import processes
from tests.e2e.client import Response, Traffic
from tests.e2e.configs import web
from tests.e2e.harness import Workshop, wait_until


def test_init_up_edit_reload(simlb: Workshop) -> None:
    finished = simlb.run("init")
    assert finished.returncode == 0
    path = simlb.here / "simlb.yaml"
    assert "simlb.yaml" in finished.stdout
    assert simlb.run("config", "check").returncode == 0

    instance = simlb.start("up")
    instance.wait_healthy()
    assert instance.client().get("/").target == "i-01"
    simlb.write(path.read_text().replace("      - {sample: echo}\n", "      - {sample: echo, name: extra}\n", 1))
    finished = simlb.run("reload")
    assert finished.returncode == 0, finished.stderr
    assert re.search(r"Reloaded from simlb\.yaml: 2 listeners, 1 target groups?, 3 targets", finished.stdout)


def test_init_does_not_overwrite(simlb: Workshop) -> None:
    simlb.write("mine: 1\n")
    finished = simlb.run("init")
    assert finished.returncode == 2
    assert "--force" in finished.stderr
    assert (simlb.here / "simlb.yaml").read_text() == "mine: 1\n"


@pytest.mark.parametrize("keep_alive", [True, False], ids=["kept connections", "new connections"])
@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="SIGHUP is POSIX")
def test_reloads_under_traffic_cost_no_request(simlb: Workshop, keep_alive: bool) -> None:
    urls = [f'url: "http://127.0.0.1:{simlb.target_server(name)}", name: {name}' for name in ("one", "two", "three")]
    instance = simlb.serve(web(urls[0], urls[1]))
    instance.wait_healthy()
    with Traffic(instance.client(), keep_alive=keep_alive) as traffic:
        wait_until(lambda: len(traffic.outcomes) >= 10, "traffic")

        simlb.write(web(*urls))
        assert simlb.run("reload").returncode == 0
        wait_until(lambda: traffic.outcomes[-1].target == "three", "the added target gets traffic")

        simlb.write(web(urls[1], urls[2]))
        os.kill(instance.pid, signal.SIGHUP)
        wait_until(lambda: instance.target("one").state == "draining", "the removed target drains")
        seen = len(traffic.outcomes) + 1  # one request may have been under way
        wait_until(lambda: len(traffic.outcomes) >= seen + 20, "more traffic")
        assert {outcome.target for outcome in traffic.outcomes[seen:]} == {"two", "three"}

        for _ in range(5):
            os.kill(instance.pid, signal.SIGHUP)
        wait_until(lambda: instance.output.count("Reloaded from simlb.yaml") >= 1, "reloads are told")
        seen = len(traffic.outcomes)
        wait_until(lambda: len(traffic.outcomes) >= seen + 20, "more traffic")
    assert not traffic.problems


def test_a_broken_file_keeps_the_old_one(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo"))
    instance.wait_healthy()
    before = instance.view()
    text = (simlb.here / "simlb.yaml").read_text()
    line = next(number for number, words in enumerate(text.splitlines(), 1) if "HTTPS" in words)
    with Traffic(instance.client()) as traffic:
        simlb.write(text.replace("forward: web", "forward: wbe"))
        finished = simlb.run("reload")
        assert finished.returncode == 2
        assert "SIMLB-E503" in finished.stderr
        assert f"simlb.yaml:{line}" in finished.stderr
        assert "did you mean 'web'" in finished.stderr
        assert "Traceback" not in finished.stderr

        os.kill(instance.pid, signal.SIGHUP)
        said = instance.wait_output("stays in force")
        assert "SIMLB-E503" in said
        assert f"simlb.yaml:{line}" in said

        simlb.write("simlb: config/1\n\tx")
        finished = simlb.run("reload")
        assert finished.returncode == 2
        assert "simlb.yaml:2" in finished.stderr

        (simlb.here / "simlb.yaml").unlink()
        finished = simlb.run("reload")
        assert finished.returncode == 2
        assert "simlb.yaml" in finished.stderr
        seen = len(traffic.outcomes)
        wait_until(lambda: len(traffic.outcomes) >= seen + 10, "traffic afterwards")
    assert not traffic.problems
    after = instance.view()
    assert after.load_balancers == before.load_balancers
    assert [target.pid for target in after.targets()] == [target.pid for target in before.targets()]

    simlb.write(text)
    assert simlb.run("reload").returncode == 0


def test_a_reload_that_cannot_bind_keeps_the_old_one(simlb: Workshop) -> None:
    port = simlb.target_server("holder")
    instance = simlb.serve(web("sample: echo"))
    instance.wait_healthy()
    simlb.write(
        web(
            "sample: echo",
            "sample: slow",
            listeners=[f'{{protocol: HTTP, port: 81, bind: "127.0.0.1:{port}", forward: web}}'],
        )
    )
    finished = simlb.run("reload")
    assert finished.returncode == 3
    assert "SIMLB-E101" in finished.stderr
    assert [target.name for target in instance.view().targets()] == ["i-01"]
    assert instance.client().get("/").status == 200


def test_listeners_come_and_go_with_a_reload(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo"))
    extra = '{protocol: HTTP, port: 8081, bind: "127.0.0.1:0", fixed_response: {status_code: 503, message_body: later}}'
    before = {port: instance.listener(port).bind for port in (80, 443)}
    simlb.write(web("sample: echo", listeners=[extra]))
    assert simlb.run("reload").returncode == 0
    client = instance.client(8081)
    response = client.get("/")
    assert (response.status, response.body) == (503, b"later")
    assert {port: instance.listener(port).bind for port in (80, 443)} == before
    simlb.write(web("sample: echo", check="path: /health?deep=1, interval: 10s, healthy: 2"))
    assert simlb.run("reload").returncode == 0
    with pytest.raises(ConnectionRefusedError):
        client.get("/")
    # Other settings come with it.
    (group,) = json.loads(simlb.run("status", "--json").stdout)["target_groups"]
    assert group["health_check"]["path"] == "/health?deep=1"
    assert group["health_check"]["interval_s"] == 10
    assert group["health_check"]["healthy_threshold_count"] == 2


def test_a_removed_target_finishes_what_it_does_and_then_ends(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo, name: old", "sample: echo, name: new", delay_s=30), "--speed", "20")
    instance.wait_healthy()
    pid = instance.target("old").pid
    assert pid is not None
    client = instance.client()
    answers: list[Response] = []
    slow = [threading.Thread(target=lambda: answers.append(client.get("/?delay=900"))) for _ in range(2)]
    for thread in slow:
        thread.start()
    wait_until(lambda: instance.target("old").in_flight == 1, "a slow request is under way")
    simlb.write(web("sample: echo, name: new", delay_s=30))
    assert simlb.run("reload").returncode == 0
    draining = instance.target("old")
    assert draining.state == "draining"
    assert draining.reason == "Target.DeregistrationInProgress"
    assert draining.in_flight == 1, "what is under way goes on"
    assert {client.get("/").target for _ in range(4)} == {"new"}
    for thread in slow:
        thread.join()
    assert sorted((answer.status, answer.target) for answer in answers) == [(200, "new"), (200, "old")]
    wait_until(lambda: [target.name for target in instance.view().targets()] == ["new"], "it is drained")
    wait_until(lambda: not processes.is_alive(pid), "its process has ended")
    assert "does not know yet" not in instance.output, "its end was asked for"


def test_a_request_beyond_the_deregistration_delay_is_cut(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: echo, name: old", delay_s=10), "--speed", "20")
    instance.wait_healthy()
    client = instance.client()
    answers: list[Response] = []
    slow = threading.Thread(target=lambda: answers.append(client.get("/?delay=900")))
    slow.start()
    wait_until(lambda: instance.target("old").in_flight == 1, "a slow request is under way")
    simlb.write(web(delay_s=10))
    assert simlb.run("reload").returncode == 0
    slow.join()
    assert [answer.status for answer in answers] == [502]
