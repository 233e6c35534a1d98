"""A paused process keeps its sockets and does nothing, and ends all the same when it is asked to."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.processes.helpers import Start, is_alive, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and Windows cannot pause")

# Programs that start no others: a shell whose child is stopped right after its fork is not stopped itself.
TICKER = f"""{sys.executable} -I -S -c 'while 1: print("tick", flush=1); __import__("time").sleep(0.01)'"""
SLEEPER = "sleep 1000"


def state(pid: int | None) -> str:
    """`S`, `R`, `T` (stopped) ... of a process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_it_stands_still_and_goes_on(supervised: Start) -> None:
    started = supervised(TICKER)
    await started.process.start()
    await started.said("tick")
    assert started.process.pause()
    await until(lambda: state(started.process.pid) == "T", "it is stopped")
    assert started.process.is_running
    length = len(started.log())
    assert started.process.resume()
    await until(lambda: len(started.log()) > length, "it goes on")


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_it_ends_while_it_is_paused(supervised: Start, ending: str) -> None:
    started = supervised(SLEEPER)
    await started.process.start()
    pid = started.process.pid
    assert pid is not None
    started.process.pause()
    await until(lambda: state(pid) == "T", "it is stopped")
    if ending == "kill":
        started.process.kill()
        assert await started.process.wait_exited() == -9
    else:
        async with asyncio.timeout(2):
            await started.process.stop(grace_s=1.5)
        assert started.process.last_status == -15
    assert not is_alive(pid)


async def test_what_is_asked_to_end_is_not_paused(supervised: Start) -> None:
    started = supervised("""sh -c 'trap "sleep 0.1; exit 7" TERM; echo ready; while :; do sleep 0.01; done'""")
    await started.process.start()
    await started.said("ready")
    stopping = asyncio.ensure_future(started.process.stop(grace_s=5))
    await asyncio.sleep(0)
    started.process.pause()
    await stopping
    assert started.process.last_status == 7


async def test_only_what_runs_can_be_paused(supervised: Start) -> None:
    started = supervised(TICKER)
    assert not started.process.pause()
    assert not started.process.resume()
    await started.process.start()
    await started.process.stop()
    assert not started.process.pause()
