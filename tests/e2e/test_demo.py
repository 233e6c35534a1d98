"""The main job, end to end: `simlb demo`, three real processes, one of them killed and revived under traffic."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Client, Traffic, exchange
from tests.e2e.conftest import opened
from tests.e2e.harness import Instance, Workshop, wait_until

SPEED = 50  # 30 s between checks are 600 ms, and the 5 s a target may take are 100 ms: enough on a busy machine


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A demo for the tests that break nothing."""
    for workshop in opened(tmp_path_factory.mktemp("demo")):
        instance = workshop.start("demo", "--speed", str(SPEED))
        instance.wait_healthy()
        yield instance


def test_all_targets_are_healthy_within_three_seconds(simlb: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    instance = simlb.start("demo", "--speed", "10")
    instance.wait_healthy()
    took_s = time.monotonic() - instance.began
    with capsys.disabled():
        print(f" [demo: three healthy targets after {took_s:.2f} s]", end="")
    assert took_s < 10, "three seconds on an idle machine; this is the tripwire for a busy one"
    said = instance.wait_output("3 targets healthy")
    assert re.search(r"3 targets healthy +\d+\.\d s AWS \( *\d+\.\d s here\)", said)
    assert "Load-balancer time runs 10 times as fast: 30 s AWS = 3 s here." in said


def test_http_redirects_to_https(demo: Instance) -> None:
    response = demo.client(80).get("/cart?item=1")
    https = demo.listener(443)
    http_is_moved = demo.listener(80).published_port != 80
    assert response.status == 301
    port = https.published_port if http_is_moved else 443
    assert response.headers["location"] == f"https://my-alb.localhost:{port}/cart?item=1"
    assert len(response.body) == 134
    assert response.headers["content-length"] == "134"
    assert response.headers["server"] == "awselb/2.0"


def test_following_the_redirect_leads_to_a_target(demo: Instance) -> None:
    location = demo.client(80).get("/").headers["location"]
    found = re.fullmatch(r"https://my-alb\.localhost:(\d+)/", location)
    assert found is not None
    port = demo.listener(443).published_port if demo.listener(80).published_port == 80 else int(found[1])
    assert Client("127.0.0.1", port, "my-alb.localhost", ca=demo.ca).get("/").status == 200


def test_tls_is_verified_against_the_local_authority(demo: Instance) -> None:
    for name in ("my-alb.localhost", demo.view().load_balancers[0].dns_name, "localhost", "127.0.0.1"):
        assert demo.client(name=name).get("/").status == 200


def test_tls_is_refused_without_the_local_authority(demo: Instance) -> None:
    client = demo.client()
    client.context = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get (local )?issuer certificate"):
        client.get("/")


def test_tls_is_refused_for_a_name_of_somebody_else(demo: Instance) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"shop\.test"):
        demo.client(name="shop.test").get("/")


def test_plain_http_on_the_https_port_is_a_400(demo: Instance) -> None:
    listener = demo.listener(443)
    response = Client(listener.bind_host, listener.published_port, "my-alb.localhost").get("/")
    assert response.status == 400
    assert b"The plain HTTP request was sent to HTTPS port" in response.body


def test_round_robin_is_exact_over_three(demo: Instance) -> None:
    client = demo.client()
    first = [client.get("/").target for _ in range(9)]
    assert Counter(first) == {"i-01": 3, "i-02": 3, "i-03": 3}
    assert first == first[:3] * 3
    connection = client.connect()
    try:
        kept = [exchange(connection, "GET", "/").target for _ in range(9)]
    finally:
        connection.close()
    assert kept == first, "one connection or many: each request is balanced"


def test_targets_see_what_the_load_balancer_adds(demo: Instance) -> None:
    seen = demo.client().get("/a%20b?c=d").json()
    headers = dict(seen["headers"])
    assert (seen["path"], seen["query"]) == ("/a%20b", "c=d")
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-port"] == "443"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers["x-amzn-trace-id"])


def test_status_says_where_and_how(demo: Instance) -> None:
    status = demo.status()
    assert status["speed"] == SPEED
    assert status["pid"] == demo.pid
    assert Path(status["ca_path"]) == demo.ca
    (group,) = status["target_groups"]
    assert [target["state"] for target in group["targets"]] == ["healthy"] * 3
    assert group["health_check"]["path"] == "/health"
    assert group["health_check"]["interval_s"] == 30


def test_each_request_is_a_line_of_the_log(demo: Instance) -> None:
    client = demo.client()
    client.get("/one-of-a-kind")
    lines = wait_until(
        lambda: [line for line in demo.access_log.splitlines() if "/one-of-a-kind" in line], "the line is in the file"
    )
    assert len(lines) == 1
    assert lines[0].startswith("https ")
    assert '"GET https://my-alb.localhost:443/one-of-a-kind HTTP/1.1"' in lines[0]
    shown = demo.workshop.run("logs", "-n", "50", "--json").stdout.splitlines()
    entry = next(entry for entry in map(json.loads, shown) if "/one-of-a-kind" in entry["request"])
    assert entry["elb_status_code"] == 200
    assert entry["domain_name"] == "my-alb.localhost"


def test_a_killed_target_leaves_after_two_failures_and_returns_after_five_passes(simlb: Workshop) -> None:
    demo = simlb.start("demo", "--speed", str(SPEED))
    demo.wait_healthy()
    with Traffic(demo.client()) as traffic:
        wait_until(lambda: len(traffic.outcomes) >= 30, "traffic")
        assert not traffic.problems, "three healthy targets"

        killed_at = time.monotonic()
        pid = demo.target("i-03").pid
        finished = simlb.run("target", "kill", "i-03")
        assert finished.returncode == 0
        assert finished.stdout.startswith(f"i-03 killed (pid {pid}, SIGKILL).")
        unhealthy = demo.wait_state("i-03", "unhealthy")
        left_at = time.monotonic()
        wait_until(lambda: len(traffic.since(left_at)) >= 30, "traffic without i-03")
        restarted_at = time.monotonic()
        assert simlb.run("target", "restart", "i-03").returncode == 0
        demo.wait_state("i-03", "healthy")
        back_at = time.monotonic()
        wait_until(lambda: len(traffic.since(back_at)) >= 30, "traffic with i-03 again")

    # Two failed checks, an interval apart: between one and two intervals after the kill.
    interval_s = 30 / SPEED
    assert unhealthy.reason == "Target.FailedHealthChecks"
    assert unhealthy.description == "Health checks failed"
    assert unhealthy.last_check.startswith("connection refused (fail 2")
    assert unhealthy.process == "killed by SIGKILL"
    assert left_at - killed_at > interval_s * 0.9
    # Five passed checks: at least four intervals.
    assert back_at - restarted_at > 4 * interval_s * 0.95

    errors = [outcome for outcome in traffic.outcomes if outcome.error]
    assert not errors, "the load balancer always answers"
    blind = [outcome for outcome in traffic.outcomes if outcome.ended >= killed_at and outcome.began < left_at]
    assert {outcome.status for outcome in traffic.problems} == {502}
    assert all(outcome in blind for outcome in traffic.problems), "502 only while the load balancer does not know"
    assert len(traffic.problems) >= 3, "it keeps sending every third request there"
    assert {outcome.target for outcome in traffic.since(left_at) if outcome.ended < restarted_at} == {"i-01", "i-02"}
    assert {outcome.target for outcome in traffic.since(back_at)} == {"i-01", "i-02", "i-03"}

    said = demo.output
    times = r"\d+\.\d s AWS \( *\d+\.\d s here\)  i-03  "
    assert re.search(times + r"killed \(pid \d+, SIGKILL\)", said)
    assert re.search(
        times + r"healthy -> unhealthy  Target\.FailedHealthChecks: Health checks failed \(connection refused\)", said
    )
    assert re.search(times + r"unhealthy -> healthy", said)


def test_dead_targets_are_listed_with_reasons_and_the_last_ones_fail_open(simlb: Workshop) -> None:
    demo = simlb.start("demo", "--speed", "50")
    demo.wait_healthy()
    simlb.run("target", "kill", "i-02")
    demo.wait_state("i-02", "unhealthy")
    listed = {target["name"]: target for target in json.loads(simlb.run("target", "ls", "--json").stdout)}
    assert list(listed) == ["i-01", "i-02", "i-03"]
    assert listed["i-02"]["state"] == "unhealthy"
    assert listed["i-02"]["reason"] == "Target.FailedHealthChecks"
    assert listed["i-02"]["pid"] is None
    assert listed["i-01"]["state"] == "healthy"
    assert listed["i-01"]["reason"] is None
    text = simlb.run("target", "ls").stdout
    assert re.search(r"i-02 +127\.0\.0\.1:\d+ +unhealthy +Target\.FailedHealthChecks +connection refused", text)

    for name in ("i-01", "i-03"):
        simlb.run("target", "kill", name)
    for name in ("i-01", "i-03"):
        demo.wait_state(name, "unhealthy")
    assert demo.view().target_groups[0].mode == "fail_open"
    assert "fail-open" in simlb.run("target", "ls").stdout
    assert demo.client().get("/").status == http.client.BAD_GATEWAY
    # A revived process gets requests at once: fail-open does not wait for five passes.
    simlb.run("target", "restart", "i-01")
    client = demo.client()
    wait_until(lambda: client.get("/").target == "i-01", "the revived target answers")


def test_killing_what_does_not_exist(demo: Instance) -> None:
    finished = demo.workshop.run("target", "kill", "i-09")
    assert finished.returncode == 2
    assert "SIMLB-E302" in finished.stderr
    assert "Traceback" not in finished.stderr
