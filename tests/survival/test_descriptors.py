"""All file descriptors in use: new clients are turned away, everybody else notices nothing, and it passes."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from simlb.core.health import HealthState
from tests.dataplane.harness import OK, Rig, answer
from tests.e2e import processes
from tests.e2e.client import exchange
from tests.e2e.harness import Workshop, wait_until
from tests.survival.crowd import Crowd
from tests.survival.measure import LOOPS, PLAIN, cpu_s, descriptors, every_kind

LIMIT = 128
LIMITED = ("/bin/sh", "-c", f'ulimit -n {LIMIT}; exec "$@"', "sh")

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


@pytest.mark.parametrize("loop", LOOPS)
def test_exhaustion_turns_new_clients_away_and_passes(simlb: Workshop, loop: str) -> None:
    simlb.write(every_kind("sample: echo"))
    instance = simlb.start("up", "--speed", "20", program=(*LIMITED, *LOOPS[loop]))
    instance.wait_healthy()
    listener = instance.listener(PLAIN)
    before = descriptors(instance.pid)
    early = instance.client(PLAIN).connect()
    assert exchange(early, "GET", "/").status == 200
    with Crowd(listener.bind_host, listener.published_port) as crowd:
        crowd.grow(2 * LIMIT)
        wait_until(
            lambda: LIMIT < instance.view().counters.get("RejectedConnectionCount", 0) == len(crowd.ended()),
            "most are turned away, counted and closed",
        )
        assert instance.view().counters["RejectedConnectionCount"] < 2 * LIMIT - 32
        assert descriptors(instance.pid) <= LIMIT - 16, "some are kept for targets, probes and files"

        # No processor is spent on those outside, and probes go on as before (four in a second, at this speed).
        used, checked = cpu_s(instance.pid), time.monotonic()
        wait_until(lambda: time.monotonic() > checked + 1, "a second")
        assert cpu_s(instance.pid) - used < 0.25
        assert instance.target("i-01").state == "healthy"
        assert exchange(early, "GET", "/").status == 200

        # All who are in want something at once: there may not be a socket to the target for each, but an answer.
        inside = [sock for sock in crowd.sockets if sock not in crowd.ended()]
        answers = Counter(answer[:12] for answer in crowd.ask(inside))
        assert set(answers) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}, answers
        assert answers[b"HTTP/1.1 200"] >= 8
        assert exchange(early, "GET", "/").status == 200
        assert instance.target("i-01").state == "healthy"
        assert simlb.run("status").returncode == 0, "the control port has descriptors of its own"
    instance.wait_output("There is room for clients again")
    assert instance.client(PLAIN).get("/").status == 200
    early.close()
    wait_until(lambda: descriptors(instance.pid) <= before + 20, "all are released but a few idle ones to the target")
    asked = len(inside) + 4
    wait_until(
        lambda: instance.view().counters["access_log_lines"] == asked, "one line for each request, none for more"
    )
    instance.process.terminate()
    assert instance.wait() == 0
    assert instance.output.count("SIMLB-E105") == 1
    assert instance.output.count("->") == 0, f"no target changed its state:\n{instance.output}"
    assert "Traceback" not in instance.output


def test_the_soft_limit_is_raised_to_the_hard_one(simlb: Workshop) -> None:
    simlb.write(every_kind())
    program = ("/bin/sh", "-c", 'ulimit -Sn 64; exec "$@"', "sh", *LOOPS["uvloop"])
    instance = simlb.start("up", program=program)
    listener = instance.listener(PLAIN)
    with Crowd(listener.bind_host, listener.published_port) as crowd:
        crowd.grow(200)
        assert all(answer.startswith(b"HTTP/1.1 503") for answer in crowd.ask()), "there is no target, but an answer"
    assert "E105" not in instance.output


@contextlib.contextmanager
def none_left() -> Iterator[None]:
    """This process cannot open anything."""
    import resource

    lowest = os.dup(0)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_what_simlb_lacks_is_no_fault_of_a_target(rig: Rig) -> None:
    await rig.serve(answer(OK))
    client = await rig.client()
    await rig.accepted()
    with none_left():
        response = await client.ask()
        assert response.status == 503
        await rig.clock.advance(40)
        assert [state.health.state for state in rig.node.groups["web"].targets.values()] == [HealthState.HEALTHY]
        assert (await client.ask()).status == 503
    assert (await client.ask()).status == 200
    await rig.clock.advance(40)
    assert all(state.health.passes >= 2 for state in rig.node.groups["web"].targets.values()), "probes go on"
    assert [status for _, _, status in rig.changes if status == "unhealthy"] == []
    await rig.logged(503, 503, 200)
