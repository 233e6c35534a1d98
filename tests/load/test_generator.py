"""Loads of an instance: their workers are real processes, and none outlives what started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simlb.clock import Clock, ManualClock, ScaledClock
from simlb.errors import SimlbError
from simlb.load.destination import Destination
from simlb.load.generator import KEPT, LoadGenerator
from simlb.load.plan import LoadPlan
from simlb.load.result import LoadResult
from simlb.load.running import Load, LoadState
from tests.load.scripted import Server, Visit, answer_all

DEADLINE_S = 10.0
ROOT = Path(__file__).resolve().parents[2]


class Bench:
    """A generator whose loads go to one server."""

    def __init__(self, clock: Clock, port: int) -> None:
        self.destination = Destination(
            address="127.0.0.1", port=port, is_tls=False, authority="my-alb", server_name="my-alb"
        )
        self.failed: list[Load] = []
        self.results: list[LoadResult] = []
        began = clock.now()
        self.generator = LoadGenerator(
            clock,
            lambda plan: self.destination,
            at_s=lambda: clock.now() - began,
            on_failed=self.failed.append,
        )

    async def start(self, load: str = "users", **members: Any) -> Load:
        plan = LoadPlan.from_json({"id": load, **members})
        return await self.generator.start(plan, on_results=self.results.extend)

    async def refused(self, **members: Any) -> str:
        """The message of a load that is not started."""
        with pytest.raises(SimlbError) as refused:
            await self.start(**members)
        return refused.value.render()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Time runs ten times as fast, and the server answers everything at once."""
    async with Server(answer_all) as server:
        made = Bench(ScaledClock(10), server.port)
        yield made
        await made.generator.close()


async def over(load: Load) -> Load:
    async with asyncio.timeout(DEADLINE_S):
        await load.wait()
    return load


def pid_of(load: Load) -> int:
    assert load._process is not None
    return load._process.pid


async def gone(pid: int) -> None:
    """Wait until there is no such process, or only what is left of one."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                os.kill(pid, 0)
                state = Path(f"/proc/{pid}/stat")
                if state.exists() and state.read_text().rpartition(")")[2].split()[0] in "ZX":
                    return
            except ProcessLookupError:
                return
            await asyncio.sleep(0.005)


# -- refusals: nothing is started ------------------------------------------------------------------------------------


async def test_time_that_is_moved_by_hand_knows_no_rate() -> None:
    assert (await Bench(ManualClock(), 1).refused()).startswith("SIMLB-E650  A load needs time that runs by itself")


@pytest.mark.parametrize(
    ("members", "real"),
    [
        ({"rate_per_s": 50.1}, "501"),
        ({"kind": "ramp", "to_rate_per_s": 60, "over_s": 5}, "600"),
        ({"kind": "spike", "peak_rate_per_s": 100, "peak_at_s": 5, "peak_for_s": 5}, "1000"),
        ({"rate_per_s": 10, "real_rate_max_per_s": 99}, "100"),
    ],
)
async def test_a_rate_above_the_cap_is_refused(members: dict[str, Any], real: str) -> None:
    text = await Bench(ScaledClock(10), 1).refused(**members)
    assert text.startswith(f"SIMLB-E654  {real} requests in a real second are more than ")
    assert "--uncapped" in text


@pytest.mark.parametrize("address", ["192.0.2.1", "10.0.0.7", "::", "example.com"])
async def test_nothing_but_the_instances_own_addresses(address: str) -> None:
    bench = Bench(ScaledClock(), 1)
    bench.destination = replace(bench.destination, address=address)
    assert (await bench.refused()).startswith("SIMLB-E657  A load goes to listeners of its own instance only")
    bench.destination = replace(bench.destination, address=address, exposed=address)
    if address[0] != "e":
        bench.destination.check()


async def test_a_load_that_there_is_not() -> None:
    generator = Bench(ScaledClock(), 1).generator
    with pytest.raises(SimlbError, match="There is no load 'x'"):
        generator.stop("x")
    assert generator.free_id() == "load-1"


# -- real workers ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_load_from_start_to_end(bench: Bench) -> None:
    load = await bench.start(rate_per_s=40, duration_s=1)
    assert load.state is LoadState.RUNNING
    await over(load)
    assert (load.state, load.failure) == (LoadState.ENDED, None)
    assert [result.number for result in sorted(bench.results, key=lambda result: result.number)] == [*range(40)]
    first = min(bench.results, key=lambda result: result.number)
    assert (first.load, first.outcome, first.target) == ("users", "200", "i-01")
    assert first.started_at_s == load.t0_s
    assert first.ended_at_s == first.started_at_s + first.latency_s
    assert load.ended_at_s is not None
    assert load.ended_at_s > load.t0_s + 0.9
    stats = load.stats
    assert (stats.sent, stats.finished, stats.in_flight, stats.rate_per_s) == (40, 40, 0, 0)
    assert stats.statuses == {(200, False): 40}
    assert stats.targets == {"i-01": 40}
    assert stats.latencies.count == 40


@pytest.mark.slow
async def test_several_at_once_share_the_cap_and_an_id_serves_again(bench: Bench) -> None:
    first = await bench.start(rate_per_s=30)
    assert (await bench.refused()).startswith("SIMLB-E652  A load 'users' runs already.")
    text = await bench.refused(load="more", rate_per_s=30)
    assert text.startswith("SIMLB-E654  300 requests in a real second together with what runs already (300) are more")
    second = await bench.start("more", kind="closed", users=2, think_s=0)
    assert second.order.real_rate_max_per_s == 200
    with pytest.raises(SimlbError, match="closed load"):
        bench.generator.change_rate("more", 5)
    with pytest.raises(SimlbError, match="510 requests"):
        bench.generator.change_rate("users", 51)
    bench.generator.stop_all()
    await over(first)
    await over(second)
    assert [load.state for load in bench.generator.loads] == [LoadState.ENDED] * 2
    again = await bench.start(rate_per_s=30, requests=1)
    await over(again)
    assert bench.generator.get("users") is again


@pytest.mark.slow
async def test_another_rate_takes_effect(bench: Bench) -> None:
    load = await bench.start(rate_per_s=0.001)
    bench.generator.change_rate("users", 40)
    async with asyncio.timeout(DEADLINE_S):
        while load.stats.finished < 10:
            await asyncio.sleep(0.01)
    assert load.stats.rate_per_s == 40


async def _hang(visit: Visit) -> None:
    await visit.wait_gone()


@pytest.mark.slow
async def test_stop_waits_for_what_is_in_flight_and_asked_again_does_not() -> None:
    async with Server(_hang) as server:
        bench = Bench(ScaledClock(), server.port)
        load = await bench.start(rate_per_s=100)
        async with asyncio.timeout(DEADLINE_S):
            while not load.stats.in_flight:
                await asyncio.sleep(0.01)
        bench.generator.stop("users")
        await asyncio.sleep(0.05)
        assert load.state is LoadState.STOPPING
        bench.generator.stop("users")
        await over(load)
    assert (load.state, load.failure, bench.failed, load.stats.in_flight) == (LoadState.ENDED, None, [], 0)


@pytest.mark.slow
async def test_a_worker_that_is_killed_is_a_failed_load(bench: Bench) -> None:
    load = await bench.start(rate_per_s=10)
    os.kill(pid_of(load), signal.SIGKILL)
    await over(load)
    assert load.state is LoadState.FAILED
    assert load.failure == "status -9"
    await asyncio.sleep(0)
    assert bench.failed == [load]


@pytest.mark.slow
async def test_what_a_worker_refuses_is_told_as_it_says_it(bench: Bench) -> None:
    bench.destination = replace(bench.destination, is_tls=True, ca_pem="nothing")
    assert (await bench.refused()).startswith("SIMLB-E658  The CA to verify with holds no certificate")
    assert bench.generator.loads == ()


@pytest.mark.slow
async def test_a_worker_that_cannot_start_is_told_with_its_last_words(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert (await bench.refused()).startswith("SIMLB-E656  The worker of load 'users' ended at once.\n")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    text = await bench.refused()
    assert text == "SIMLB-E656  The worker of load 'users' cannot be started: No such file or directory."


@pytest.mark.slow
async def test_close_leaves_no_process(bench: Bench) -> None:
    loads = [await bench.start(name, rate_per_s=5) for name in ("one", "two")]
    await bench.generator.close()
    for load in loads:
        assert load.state is LoadState.ENDED
        with pytest.raises(ProcessLookupError):
            os.kill(pid_of(load), 0)


@pytest.mark.slow
async def test_close_ends_what_is_just_starting(bench: Bench) -> None:
    starting = asyncio.create_task(bench.refused(rate_per_s=5))
    await asyncio.sleep(0)
    await bench.generator.close()
    assert (await starting).startswith("SIMLB-E656  The worker of load 'users' ")
    assert bench.generator.loads == ()


async def test_only_the_last_that_ended_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def started(load: Load) -> None:
        load.state = LoadState.ENDED

    monkeypatch.setattr(Load, "start", started)
    bench = Bench(ScaledClock(), 1)
    for number in range(KEPT + 5):
        await bench.start(f"load-{number}")
    assert [load.plan.id for load in bench.generator.loads] == [f"load-{number}" for number in range(5, KEPT + 5)]


# -- the program by itself ---------------------------------------------------------------------------------------------

_PARENT = """
import asyncio, sys
from simlb.clock import ScaledClock
from simlb.load import LoadGenerator, LoadPlan
from simlb.load.destination import Destination

async def main():
    clock = ScaledClock()
    there = Destination(address="127.0.0.1", port=int(sys.argv[1]), is_tls=False, authority="x", server_name="x")
    load = await LoadGenerator(clock, lambda plan: there, at_s=clock.now).start(LoadPlan(id="users", rate_per_s=50))
    print(load._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
async def test_a_worker_ends_when_its_parent_is_killed() -> None:
    async with Server(answer_all) as server:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PARENT, str(server.port), stdout=subprocess.PIPE, cwd=ROOT
        )
        assert parent.stdout is not None
        worker = int(await parent.stdout.readline())
        os.kill(worker, 0)
        parent.kill()
        await parent.communicate()
        await gone(worker)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (b'{"plan": {"id": "a"}, "destination": {"address": "192.0.2.1", "port": 80, "is_tls": false, '
         b'"authority": "x", "server_name": "x"}, "speed": 1, "real_rate_max_per_s": null}\n', b'"code":"E657"'),
    ],
    ids=["nobody", "elsewhere"],
)  # fmt: skip
def test_a_worker_trusts_nobody_to_have_checked_where_it_sends(said: bytes, answer: bytes) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "simlb.load"], input=said, capture_output=True, cwd=ROOT, timeout=20, check=False
    )
    assert answer in finished.stdout
    assert finished.stderr == b""
    assert finished.returncode == (2 if answer else 0)
