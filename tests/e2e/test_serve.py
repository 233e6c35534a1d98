"""`simlb serve --ephemeral`: started by a program, driven over JSON, gone with whoever started it."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import processes
from tests.e2e.harness import DEADLINE_S, SIMLB, Workshop, wait_until

PORTS_OF_ITS_OWN = """\
simlb: config/1
load_balancers:
  - name: my-alb
    listeners:
      - {protocol: HTTP, port: 80, bind: ":8080", redirect: https}
      - {protocol: HTTPS, port: 443, bind: ":8443", certificates: [api.example.com], forward: web}
target_groups:
  - name: web
    health_check: {path: /health, interval: 30}
    targets: [{sample: echo}, {sample: echo}]
"""


class Serving:
    """A `simlb serve --ephemeral --json` that this test has started."""

    def __init__(self, workshop: Workshop, *arguments: str) -> None:
        self.temporary = workshop.folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [*SIMLB, "serve", "--ephemeral", "--json", *arguments],
            cwd=workshop.here,
            env=workshop.environment | {"TMPDIR": str(self.temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        self.line: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert "error" not in self.line, self.line

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the control port; an error is its body."""
        request = urllib.request.Request(  # noqa: S310 - it is simlb's own
            self.line["control"]["url"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.line['control']['token']}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)

    def url(self, protocol: str) -> str:
        """Where a listener of that protocol is."""
        return next(str(item["url"]) for item in self.line["listeners"] if item["protocol"] == protocol)

    def states(self, answer: Any) -> dict[str, str]:
        """Targets and their states."""
        return {target["name"]: target["state"] for target in answer["target_groups"][0]["targets"]}

    def wait(self) -> int:
        """Wait for its end; nothing may have come after the line, and no file may be left."""
        assert self.process.stdout is not None
        assert self.process.wait(DEADLINE_S) is not None
        assert self.process.stdout.read() == ""
        assert list(self.temporary.iterdir()) == []
        return self.process.returncode

    def close(self) -> None:
        """End it the usual way, if it runs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


class Starter:
    """Starts instances, and ends them with the test."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.started: list[Serving] = []

    def __call__(self, *arguments: str) -> Serving:
        self.started.append(Serving(self.workshop, *arguments))
        return self.started[-1]

    def targets(self) -> list[str]:
        """Two web servers that are not simlb's; their URLs."""
        return [f"http://127.0.0.1:{self.workshop.target_server(name)}" for name in ("a", "b")]


@pytest.fixture
def serve(simlb: Workshop) -> Iterator[Starter]:
    starter = Starter(simlb)
    yield starter
    for serving in starter.started:
        serving.close()


def get(url: str, **options: Any) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=DEADLINE_S, **options) as response:  # noqa: S310 - it is simlb's own
        return response.status, response.read().decode()


def test_a_dead_target_leaves_and_traffic_tells_of_it(serve: Starter) -> None:
    serving = serve("--manual-clock", *serve.targets())
    assert serving.line["simlb"] == "serve/1"
    assert serving.states(serving.ask("POST", "/api/v1/wait", {"target_group": "web", "healthy": 2})) == {
        "i-01": "healthy",
        "i-02": "healthy",
    }
    for _ in range(4):
        assert get(serving.url("HTTP"))[0] == 200
    serve.workshop.end_target_server("b")
    assert serving.states(serving.ask("POST", "/api/v1/clock/advance", {"seconds": 60})) == {
        "i-01": "healthy",
        "i-02": "unhealthy",
    }
    for _ in range(2):
        get(serving.url("HTTP"))
    records = serving.ask("GET", "/api/v1/traffic")["records"]
    assert [record["target"] for record in records] == ["i-01", "i-02", "i-01", "i-02", "i-01", "i-01"]
    assert [record["at_s"] for record in records] == [0, 0, 0, 0, 60, 60]
    serving.ask("POST", "/api/v1/reset")
    assert serving.ask("GET", "/api/v1/traffic") == {"total": 6, "next": 6, "records": []}


def test_a_file_on_free_ports_with_a_certificate_for_any_name(serve: Starter) -> None:
    serve.workshop.write(PORTS_OF_ITS_OWN)
    serving, second = serve("--speed", "50"), serve("--speed", "50")
    ports = {item["address"] for one in (serving, second) for item in one.line["listeners"]}
    assert len(ports) == 4
    assert not {port.rpartition(":")[2] for port in ports} & {"80", "443", "8080", "8443"}
    serving.ask("POST", "/api/v1/wait", {"target_group": "web", "healthy": 2, "timeout_s": DEADLINE_S})
    context = ssl.create_default_context(cadata=serving.line["ca_pem"])
    host, _, port = serving.url("HTTPS").removeprefix("https://").partition(":")
    with (
        socket.create_connection((host, int(port)), DEADLINE_S) as plain,
        context.wrap_socket(plain, server_hostname="api.example.com") as tls,
    ):
        tls.sendall(b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
        assert tls.recv(12) == b"HTTP/1.1 200"
    with pytest.raises(urllib.error.URLError):  # each has a CA of its own
        get(second.url("HTTPS"), context=context)
    listed = serve.workshop.run("status")
    assert (listed.returncode, "not running" in listed.stderr) == (2, True)
    assert not serve.workshop.home.exists()
    assert not serve.workshop.certs.exists()


@pytest.mark.parametrize("end", ["stdin", "SIGTERM", "SIGINT", "request"])
def test_its_ends(serve: Starter, end: str) -> None:
    serve.workshop.write(PORTS_OF_ITS_OWN)
    serving = serve()
    if end == "stdin":
        assert serving.process.stdin is not None
        serving.process.stdin.close()
    elif end == "request":
        assert serving.ask("POST", "/api/v1/stop") == {"message": "Stopping."}
    else:
        serving.process.send_signal(signal.Signals[end])
    assert serving.wait() == 0


PARENT = """\
import subprocess, sys, time
stdin = subprocess.PIPE if sys.argv[1] == "pipe" else subprocess.DEVNULL
child = subprocess.Popen([sys.executable, "-m", "simlb", "serve", "--ephemeral", "--json"], stdin=stdin)
time.sleep(600)
"""


@pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes by what they were started with")
@pytest.mark.parametrize("stdin", ["pipe", "nothing"])
def test_a_parent_that_is_killed_leaves_nothing(simlb: Workshop, stdin: str) -> None:
    temporary = simlb.folder / "temporary"
    temporary.mkdir()
    simlb.write(PORTS_OF_ITS_OWN)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, stdin],
        cwd=simlb.here,
        env=simlb.environment | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        line = json.loads(parent.stdout.readline())
        parent.kill()
    assert processes.is_alive(line["pid"])
    wait_until(lambda: not processes.marked(simlb.mark), lambda: f"all ended: {processes.marked(simlb.mark)}")
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_sigterm_while_it_starts_leaves_nothing(simlb: Workshop) -> None:
    """A parent that is impatient: whatever it meets, no file and no process may be left."""
    temporary = simlb.folder / "temporary"
    temporary.mkdir()
    simlb.write(PORTS_OF_ITS_OWN)
    for _ in range(3):
        process = subprocess.Popen(
            [*SIMLB, "serve", "--ephemeral", "--json"],
            cwd=simlb.here,
            env=simlb.environment | {"TMPDIR": str(temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_until(lambda: list(temporary.iterdir()) or None, "it has begun to write")
        process.terminate()
        process.communicate(timeout=DEADLINE_S)
        assert process.returncode in {0, 128 + signal.SIGTERM}
        assert list(temporary.iterdir()) == []


def test_an_error_is_the_one_line(simlb: Workshop) -> None:
    simlb.write(PORTS_OF_ITS_OWN.replace("forward: web", "forward: wed"))
    ended = simlb.run("serve", "--ephemeral", "--json")
    assert ended.returncode == 2
    assert (ended.stderr, ended.stdout.count("\n")) == ("", 1)
    error = json.loads(ended.stdout)["error"]
    assert (error["code"], error["hints"]) == ("E503", ["did you mean 'web'?"])


def test_for_people_it_says_where_everything_is(serve: Starter) -> None:
    workshop = serve.workshop
    process = subprocess.Popen(
        [*SIMLB, "serve", "--ephemeral", *serve.targets()],
        cwd=workshop.here,
        env=workshop.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        bufsize=1,
    )
    assert process.stdout is not None
    said = ""
    while "repeats them" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    assert "curl --cacert" in said
    assert "Authorization: Bearer" in said
    assert "simlb status" not in said
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0


def test_the_ca_is_where_the_line_says(serve: Starter) -> None:
    serving = serve(*serve.targets())
    serving.ask("POST", "/api/v1/wait", {"target_group": "web", "healthy": 2, "timeout_s": DEADLINE_S})
    path = Path(serving.line["ca_path"])
    assert path.read_text() == serving.line["ca_pem"]
    assert get(serving.url("HTTPS"), context=ssl.create_default_context(cafile=str(path)))[0] == 200
    assert path.parent.stat().st_mode & 0o077 == 0
