"""Everything at once, for 15 s (`make soak`: 30 min): afterwards nothing is left, and every request has its line.

Clients of every temper, targets that misbehave, targets that are killed, stopped and started, good and bad reloads.
`SIMLB_SOAK_S` says for how long, `SIMLB_SOAK_SEED` repeats a run's dice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
import sys
import time
import urllib.request
from pathlib import Path
from random import Random
from typing import Any

import pytest

from simlb.controlplane.client import ControlClient
from simlb.errors import SimlbError
from tests.e2e import processes
from tests.e2e.harness import Instance, Workshop, wait_until
from tests.survival.load import Clients, Ledger
from tests.survival.measure import FIXED, PLAIN, descriptors, every_kind, threads

TOTAL_S = float(os.environ.get("SIMLB_SOAK_S", "15"))
SEED = int(os.environ.get("SIMLB_SOAK_SEED", "0")) or Random().randrange(1, 1 << 30)
PHASE_S = min(60.0, TOTAL_S / 3)
GROWTH_MAX_BYTES = 15_000_000

# At SIGUSR2 it writes down how many tasks and objects there are, and how much memory after a collection.
OBSERVED = """
import asyncio, gc, json, os, signal, sys
def note(*_):
    gc.collect()
    tasks = [one for one in gc.get_objects() if isinstance(one, asyncio.Task) and not one.done()]
    status = open("/proc/self/status").read()
    found = {"tasks": len(tasks), "objects": len(gc.get_objects()), "names": sorted(map(repr, tasks))}
    found["rss"] = int(status.split("VmRSS:")[1].split()[0]) * 1024
    path = os.environ["SIMLB_TEST_NOTE"]
    with open(path + ".new", "w") as file:
        json.dump(found, file)
    os.replace(path + ".new", path)
signal.signal(signal.SIGUSR2, note)
from simlb.cli.main import main
sys.exit(main())
"""

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks into /proc")


def configuration(count: int = 3) -> str:
    command = f"{sys.executable} -I -S -B {Path(__file__).with_name('rude_target.py')} {SEED}"
    return every_kind(
        *(f'run: "{command}", name: t{number}' for number in range(1, count + 1)),
        check="path: /health, interval: 5s, timeout: 4s, healthy: 2",
        delay_s=20,
    )


def observe(instance: Instance, note: Path) -> dict[str, Any]:
    note.unlink(missing_ok=True)
    os.kill(instance.pid, signal.SIGUSR2)
    wait_until(note.exists, "its note")
    found: dict[str, Any] = json.loads(note.read_text())
    return found | {"descriptors": descriptors(instance.pid), "threads": threads(instance.pid)}


async def make_trouble(simlb: Workshop, instance: Instance, random: Random) -> None:
    """Until cancelled. Whatever is broken here is mended by `settle`."""

    def once() -> None:
        name = random.choice(("t1", "t2", "t3"))
        with ControlClient.for_instance(simlb.home, instance.name) as control, contextlib.suppress(SimlbError):
            what = random.randrange(7)
            if what == 0:
                control.kill_target(name)
            elif what in {1, 2}:
                control.restart_target(name)
            elif what == 3:
                pids = [target.pid for target in control.status().targets() if target.name == name and target.pid]
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGSTOP)
                        time.sleep(random.random() * 0.5)
                        os.kill(pid, signal.SIGCONT)
            elif what == 4:
                simlb.write(configuration(random.choice((2, 3))))
                control.reload()
            elif what == 5:
                simlb.write(configuration().replace("forward: web", "forward: nowhere", 1))
                control.reload()
            else:
                os.kill(instance.pid, signal.SIGHUP)

    while True:
        await asyncio.to_thread(once)
        await asyncio.sleep(random.random())


def settle(simlb: Workshop, instance: Instance) -> None:
    """Let everything come to rest: all targets there, nothing under way, idle connections timed out."""
    simlb.write(configuration())
    with ControlClient.for_instance(simlb.home, instance.name) as control:
        control.reload()
        for target in control.status().targets():
            if target.pid is None and target.state != "draining":
                control.restart_target(target.name)
    wait_until(lambda: len(list(instance.view().targets())) == 3, "nothing drains any more")
    instance.wait_healthy()
    wait_until(lambda: not any(target.in_flight for target in instance.view().targets()), "nothing is under way")


def rested(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any] | None:
    """`now`, once nothing is left of the load. Two threads stay: for logs, and for what would block the loop."""
    is_so = all(now[name] <= before[name] for name in ("tasks", "descriptors")) and now["threads"] <= 3
    return now if is_so else None


def test_mixed_load_with_faults(simlb: Workshop) -> None:
    note = simlb.folder / "note"
    simlb.environment["SIMLB_TEST_NOTE"] = str(note)
    simlb.write(configuration())
    instance = simlb.start("up", "--speed", "20", program=(sys.executable, "-c", OBSERVED))
    instance.wait_healthy()
    trust = ssl.create_default_context(cafile=instance.ca)
    ports = [instance.listener(port).published_port for port in (PLAIN, FIXED, 443)]
    random = Random(SEED)
    print(f"\nseed {SEED}")
    assert instance.client(FIXED).get("/").status == 200  # opens the log
    counted, forwarded = 1, 0
    settle(simlb, instance)
    at_rest = observe(instance, note)
    first: dict[str, Any] = {}
    for number in range(max(2, round(TOTAL_S / PHASE_S))):
        ledger = Ledger()
        clients = Clients(random.randrange(1 << 30), ledger, ports, trust)
        asyncio.run(_phase(simlb, instance, clients, random))
        settle(simlb, instance)
        now = wait_until(
            lambda: rested(observe(instance, note), at_rest),
            lambda: f"as at rest {at_rest}, now {observe(instance, note)}",
        )
        first = first or now
        lines = instance.access_log.splitlines()[counted:]
        counters = instance.view().counters
        counted += len(lines)
        assert counters["access_log_lines"] == counted, "lines = counters"
        forwarded += sum(line.split(" ")[4] != "-" for line in lines)
        assert counters["RequestCount"] == forwarded
        assert scraped(instance) == counted, "lines = what Prometheus gets"
        ledger.check(lines)
        growth = now["rss"] - first["rss"]
        print(
            f"{number}: {len(ledger.asked)} requests, {len(lines)} lines, {dict(sorted(ledger.tally.items()))}; "
            f"{now['rss'] / 1e6:.1f} MB ({growth / 1e6:+.1f}), {now['objects']} objects, {now['tasks']} tasks, "
            f"{now['descriptors']} descriptors, {now['threads']} threads"
        )
        assert growth < GROWTH_MAX_BYTES
        assert "Traceback" not in instance.output, instance.output
    assert instance.process.poll() is None


def scraped(instance: Instance) -> int:
    """The sum over all of simlb_requests_total."""
    with urllib.request.urlopen(f"http://{instance.view().control}/metrics", timeout=10) as response:
        page = response.read().decode()
    return sum(
        int(float(line.rpartition(" ")[2])) for line in page.splitlines() if line.startswith("simlb_requests_total{")
    )


async def _phase(simlb: Workshop, instance: Instance, clients: Clients, random: Random) -> None:
    trouble = asyncio.create_task(make_trouble(simlb, instance, Random(random.random())))
    try:
        await clients.run(PHASE_S)
    finally:
        trouble.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await trouble
