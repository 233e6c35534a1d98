"""Time goes wrong: a target that is stopped, simlb itself stopped for a while, the wall clock set back and forth."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.client import Response, Traffic, exchange
from tests.e2e.harness import Instance, Workshop, wait_until
from tests.survival.measure import LOOPS, PLAIN, cpu_s, every_kind

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")

DAY_S = 86_400
# A wall clock that can be set: `time.time` of the process is off by the number in a file.
ADJUSTABLE = """
import os, sys, time
real, path = time.time, os.environ["SIMLB_TEST_OFFSET"]
def read():
    try:
        return float(open(path).read() or 0)
    except OSError:
        return 0.0
time.time = lambda: real() + read()
from simlb.cli.main import main
sys.exit(main())
"""


def changes(instance: Instance, name: str) -> list[str]:
    """The states a target went to, as the terminal told them."""
    return re.findall(rf"{name}  \w+ -> (\w+)", instance.output)


def test_a_stopped_target_times_out_and_comes_back(simlb: Workshop) -> None:
    instance = simlb.serve(
        every_kind("sample: echo", "sample: echo", check="path: /health, interval: 5s, timeout: 2s, healthy: 2"),
        "--speed",
        "20",
    )
    instance.wait_healthy()
    pid = instance.target("i-01").pid
    assert pid is not None
    client = instance.client(PLAIN)
    os.kill(pid, signal.SIGSTOP)
    try:
        answers: list[Response] = []
        asked_at = time.monotonic()
        # Two targets take turns: one of these two requests reaches the stopped one, which the kernel still lets in.
        asking = [threading.Thread(target=lambda: answers.append(client.get("/"))) for _ in range(2)]
        for thread in asking:
            thread.start()
        down = instance.wait_state("i-01", "unhealthy")
        assert down.reason == "Target.Timeout"
        assert {client.get("/").target for _ in range(4)} == {"i-02"}, "nothing new goes there"
        for thread in asking:
            thread.join()
        assert sorted(answer.status for answer in answers) == [200, 504]
        assert 2.5 < time.monotonic() - asked_at < 10, "the idle timeout is 60 s, here 3 s"
    finally:
        os.kill(pid, signal.SIGCONT)
    instance.wait_state("i-01", "healthy")
    assert {client.get("/").target for _ in range(4)} == {"i-01", "i-02"}
    assert changes(instance, "i-01")[-2:] == ["unhealthy", "healthy"]
    line = next(line for line in instance.access_log.splitlines() if " 504 - " in line)
    assert '"GET http://my-alb.localhost:8081/ HTTP/1.1"' in line
    assert "Traceback" not in instance.output


@pytest.mark.parametrize("loop", LOOPS)
def test_simlb_itself_stopped_for_a_while(simlb: Workshop, loop: str) -> None:
    """A hundred seconds of load-balancer time go by in one step. What lay in the sockets meanwhile counts."""
    simlb.write(every_kind("sample: echo", "sample: echo"))
    instance = simlb.start("up", "--speed", "50", program=LOOPS[loop])
    instance.wait_healthy()
    client = instance.client(PLAIN)
    probes = _probe_count(instance)
    idle = client.connect()
    assert exchange(idle, "GET", "/").status == 200
    assert idle.sock is not None
    answers: list[Response] = []
    # Answered while simlb does not run: a second is 50 s of its time, less than the idle timeout.
    asking = [threading.Thread(target=lambda: answers.append(client.get("/?delay=1000"))) for _ in range(6)]
    for thread in asking:
        thread.start()
    wait_until(lambda: sum(target.in_flight for target in instance.view().targets()) >= 6, "all are under way")
    os.kill(instance.pid, signal.SIGSTOP)
    try:
        stopped_at = time.monotonic()
        late = client.open_socket()  # the kernel answers for it
        late.sendall(b"GET / HTTP/1.1\r\nHost: my-alb.localhost\r\n\r\n")
        wait_until(lambda: time.monotonic() > stopped_at + 2, "two seconds")
    finally:
        os.kill(instance.pid, signal.SIGCONT)
    assert late.recv(4096).startswith(b"HTTP/1.1 200")
    for thread in asking:
        thread.join()
    assert [answer.status for answer in answers] == [200] * 6
    assert idle.sock.recv(4096) == b"", "it was idle for longer than the idle timeout"
    idle.close()
    late.close()
    assert all(target.state == "healthy" for target in instance.view().targets())
    began, seen, used = time.monotonic(), _probe_count(instance), cpu_s(instance.pid)
    wait_until(lambda: time.monotonic() > began + 0.5, "half a second")
    assert _probe_count(instance) - seen < 20, "five a target are due in this time"
    assert seen - probes < 30, "twenty a target were missed, and are not made up for"
    assert cpu_s(instance.pid) - used < 0.3
    wait_until(lambda: all(target.state == "healthy" for target in instance.view().targets()), "still healthy")
    assert changes(instance, "i-01") + changes(instance, "i-02") == [], instance.output
    assert "Traceback" not in instance.output


def _probe_count(instance: Instance) -> int:
    """Health checks that the targets have passed one after the other."""
    words = [target.last_check for target in instance.view().targets()]
    return sum(int(re.findall(r"\(pass (\d+)\)", word)[0]) for word in words)


def test_the_wall_clock_jumps(simlb: Workshop) -> None:
    offset = simlb.folder / "offset"
    simlb.environment["SIMLB_TEST_OFFSET"] = str(offset)
    simlb.write(every_kind("sample: echo"))
    instance = simlb.start("up", "--speed", "20", program=(sys.executable, "-c", ADJUSTABLE))
    instance.wait_healthy()
    client = instance.client(PLAIN)
    kept = client.connect()
    sock = None
    with Traffic(instance.client()) as traffic:
        for jump_s in (0, 10 * DAY_S, -3 * DAY_S, 0.5, 0):
            _set(offset, jump_s)
            response = exchange(kept, "GET", "/")
            assert response.status == 200
            assert kept.sock is not None
            assert sock in {None, kept.sock}, "a connection from before the jump lives on"
            sock = kept.sock
            expected = datetime.now(UTC) + timedelta(seconds=jump_s)
            said = datetime.strptime(response.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
            assert abs(said - expected) < timedelta(seconds=5) or "uvicorn" in response.headers.get("server", "")
            redirect = instance.client(80).get("/")
            said = datetime.strptime(redirect.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
            assert abs(said - expected) < timedelta(seconds=5), "Date follows the wall clock"
            instance.view()
            stamp = instance.access_log.splitlines()[-1].split()[1]
            assert abs(datetime.fromisoformat(stamp) - expected) < timedelta(seconds=5), "so do the log's stamps"
            # More than two intervals: what lives by the clock of the load balancer takes no notice.
            seen = instance.target("i-01").last_check
            wait_until(lambda: instance.target("i-01").last_check != seen, "probes go on")  # noqa: B023 - asked at once
            assert instance.target("i-01").state == "healthy"
            uptime_s = instance.view().real_uptime_s
            assert 0 < uptime_s < 60
    assert not traffic.problems
    times = [float(word) for line in instance.access_log.splitlines() for word in line.split()[5:8]]
    assert all(took == -1 or 0 <= took < 5 for took in times), "what is measured is measured on another clock"
    kept.close()
    assert changes(instance, "i-01") == []
    assert "Traceback" not in instance.output


def _set(offset: Path, jump_s: float) -> None:
    draft = offset.with_suffix(".new")
    draft.write_text(str(jump_s))
    draft.replace(offset)
