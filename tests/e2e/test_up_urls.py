"""`simlb up URL ...`: HTTPS, redirect and health checks in front of servers that the user runs. No file."""

from __future__ import annotations

import http.client
import shlex
import socket
import subprocess
import time
from collections import Counter

import pytest

from tests.e2e import processes
from tests.e2e.client import Traffic
from tests.e2e.harness import Workshop, wait_until


def test_https_within_a_second(simlb: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    port = simlb.target_server("mine")
    instance = simlb.launch("up", f"http://127.0.0.1:{port}")
    instance.wait_ready()
    client = instance.client()
    wait_until(lambda: client.get("/").status == http.client.OK, "the first 200 over HTTPS")
    took_s = time.monotonic() - instance.began
    with capsys.disabled():
        print(f" [up URL: first 200 over HTTPS after {took_s:.2f} s, with a new local CA]", end="")
    assert took_s < 10, "one second on an idle machine; this is the tripwire for a busy one"

    # The "just give me HTTPS in front of my server" use.
    response = client.get("/")
    assert response.body == b"mine\n"
    assert response.headers["x-seen-proto"] == "https"
    assert instance.client(80).get("/").status == 301
    assert "yours" in simlb.run("target", "ls").stdout
    finished = simlb.run("target", "kill", "i-01")
    assert finished.returncode == 2
    assert "SIMLB-E303" in finished.stderr


def test_two_urls_share_under_a_name_with_a_health_check(simlb: Workshop) -> None:
    ports = [simlb.target_server(name) for name in ("one", "two")]
    instance = simlb.start(
        "up", *(f"http://127.0.0.1:{port}" for port in ports), "--name", "shop.localhost", "--health", "/health"
    )
    instance.wait_healthy()
    (group,) = instance.status()["target_groups"]
    assert group["health_check"]["path"] == "/health"
    assert group["health_check"]["matcher"] == "200-299"
    client = instance.client()
    assert client.name == "shop.localhost"
    assert Counter(client.get("/").target for _ in range(10)) == {"one": 5, "two": 5}
    assert instance.client(80).get("/x").headers["location"].startswith("https://shop.localhost:")


def test_a_server_of_the_user_dies_and_returns(simlb: Workshop) -> None:
    ports = [simlb.target_server(name) for name in ("one", "two")]
    instance = simlb.start("up", *(f"http://127.0.0.1:{port}" for port in ports), "--speed", "80")
    instance.wait_healthy()
    with Traffic(instance.client()) as traffic:
        wait_until(lambda: len(traffic.outcomes) >= 10, "traffic")
        simlb.end_target_server("two")
        instance.wait_state("i-02", "unhealthy")
        left_at = time.monotonic()
        wait_until(lambda: len(traffic.since(left_at)) >= 20, "traffic without it")
        simlb.target_server("two again", port=ports[1])
        instance.wait_state("i-02", "healthy")
        back_at = time.monotonic()
        wait_until(lambda: len(traffic.since(back_at)) >= 20, "traffic with it")
    assert {outcome.status for outcome in traffic.problems} == {502}
    assert all(outcome.began < left_at for outcome in traffic.problems)
    assert {outcome.target for outcome in traffic.since(back_at)} == {"one", "two again"}


def test_a_missing_health_path_says_what_to_do(simlb: Workshop) -> None:
    port = simlb.target_server("mine", "/health=404")
    instance = simlb.start("up", f"http://127.0.0.1:{port}", "--health", "/health", "--speed", "50")
    target = instance.wait_state("i-01", "unhealthy")
    assert target.reason == "Target.ResponseCodeMismatch"
    assert target.description == "Health checks failed with these codes: [404]"
    assert target.hint
    assert target.hint in instance.wait_output(target.hint)
    # The only target: fail-open, so the user's server is reachable all the same.
    assert instance.client().get("/").status == 200


def test_nothing_listens_at_the_url(simlb: Workshop) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        instance = simlb.start("up", f"http://127.0.0.1:{closed.getsockname()[1]}", "--speed", "50")
        assert instance.client().get("/").status in {502, 503}
        target = instance.wait_state("i-01", "unhealthy")
    assert "connection refused" in target.last_check


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["http://10.1.2.3:80"], "E506", "URL 1"),
        (["http://169.254.169.254"], "E506", "URL 1"),
        (["127.0.0.1:3000"], "E502", "URL 1"),
        (["http://127.0.0.1:3000", "--name", "shop.example.com"], "E203", "--name"),
        (["http://127.0.0.1:3000", "--health", "health"], "E502", "--health"),
        (["http://127.0.0.1:3000", "-f", "simlb.yaml"], "E512", "not both"),
    ],
)
def test_wrong_flags_are_told_before_anything_starts(
    simlb: Workshop, arguments: list[str], code: str, words: str
) -> None:
    finished = simlb.run("up", *arguments)
    assert finished.returncode == 2
    assert code in finished.stderr
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not simlb.certs.exists()


def test_the_printed_curl_lines_work_when_copied(simlb: Workshop, curl: str) -> None:
    port = simlb.target_server("mine")
    instance = simlb.start("up", f"http://127.0.0.1:{port}", "--name", "shop.test")
    instance.wait_healthy()
    lines = [line.strip().partition("   ")[0] for line in instance.output.splitlines() if line.startswith("  curl ")]
    assert len(lines) == 2
    printed = []
    for line in lines:
        words = shlex.split(line)
        finished = subprocess.run(
            [curl, "--silent", "--show-error", *words[1:]],
            cwd=simlb.here,
            env=simlb.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert finished.returncode == 0, f"{line}: {finished.stderr}"
        printed.append(finished.stdout)
    assert printed[0] == "mine\n"
    assert printed[1].startswith("HTTP/1.1 301 ")

    # And the README's, with `simlb cert path`, for a name that curl resolves by itself.
    https = instance.listener(443).published_port
    readme = [curl, "--silent", "--cacert", simlb.run("cert", "path").stdout.strip(), f"https://localhost:{https}/"]
    assert subprocess.run(readme, capture_output=True, text=True, timeout=30, check=True).stdout == "mine\n"


@pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")
def test_the_commands_printed_at_the_start_work_when_copied(simlb: Workshop) -> None:
    instance = simlb.start("up", f"http://127.0.0.1:{simlb.target_server('mine')}", instance="my-own")
    commands = [
        line.strip().partition("  ")[0] for line in instance.output.splitlines() if " --instance my-own " in line
    ]
    assert [line.split()[-1] for line in commands[:2]] == ["console", "status"]
    plain = {name: value for name, value in simlb.environment.items() if not name.startswith("SIMLB_")}
    finished = subprocess.run(
        ["/bin/sh", "-c", commands[1]], cwd=simlb.here, env=plain, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert f"pid {instance.pid}" in finished.stdout
