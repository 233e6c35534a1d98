"""What the Live page costs: CPU of an instance with and without viewers, the page's frames a second, its memory.

    python -m bench.console [--seconds N] [--rounds N] [--memory-minutes N]

It starts a demo of its own, with 200 requests a real second, and needs Debian's chromium for what it says of the page.
CPU time is the instance's, from /proc, so it runs on Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from playwright.sync_api import Page, sync_playwright

VIEWERS = 30
AWS_RATE = 20.0  # at speed 10: 200 in a real second
SIZES = ((1440, 900), (1920, 1080))
_FRAMES = """(milliseconds) => new Promise((done) => {
  const gaps = [];
  let last = performance.now();
  const began = last;
  const step = (now) => {
    gaps.push(now - last);
    last = now;
    if (now - began < milliseconds) requestAnimationFrame(step); else done(gaps.slice(1));
  };
  requestAnimationFrame(step);
})"""


class Demo:
    """A demo under load, and where it is."""

    def __init__(self, home: Path) -> None:
        self.environment = os.environ | {"SIMLB_HOME": str(home), "SIMLB_CERTS": str(home / "certs")}
        command = (sys.executable, "-m", "simlb", "demo", "--no-keys", "--control-port", "0")
        self.process = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=home
        )
        run = home / "run" / "default.json"
        while not run.exists():
            time.sleep(0.1)
        time.sleep(3)
        data: dict[str, Any] = json.loads(run.read_text())
        self.url, self.token = f"http://127.0.0.1:{data['control_port']}", data["token"]
        self.pid: int = data["pid"]

    def load(self) -> None:
        """200 requests a second from now on."""
        command = (sys.executable, "-m", "simlb", "load", "start", "--rate", f"{AWS_RATE}/s", "--path", "/items/{n}")
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def cpu_s(self) -> float:
        """What all threads of the instance have used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def demo() -> Iterator[Demo]:
    """One in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        made = Demo(Path(folder))
        try:
            made.load()
            time.sleep(5)
            yield made
        finally:
            made.process.terminate()
            made.process.wait()


async def _share(instance: Demo, seconds: float) -> float:
    before, began = instance.cpu_s(), time.monotonic()
    await asyncio.sleep(seconds)
    return (instance.cpu_s() - before) / (time.monotonic() - began)


async def _read(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(f"{url}/api/v1/events") as response:
        async for _ in response.content.iter_any():
            pass


async def viewers(instance: Demo, seconds: float, rounds: int) -> None:
    """Without viewers and with them, in turn."""
    differences = []
    for _ in range(rounds):
        alone = await _share(instance, seconds)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            tasks = [asyncio.create_task(_read(session, instance.url)) for _ in range(VIEWERS)]
            await asyncio.sleep(3)
            watched = await _share(instance, seconds)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        differences.append(watched - alone)
        print(f"CPU: {alone:.1%} of a core alone, {watched:.1%} with {VIEWERS} viewers")
    print(f"{VIEWERS} viewers cost {statistics.median(differences):.1%} of a core (median of {rounds})")


def frames(page: Page, seconds: float) -> str:
    """How evenly the page draws."""
    gaps = sorted(page.evaluate(_FRAMES, seconds * 1000))
    median, p95, p99 = (gaps[int(len(gaps) * share)] for share in (0.5, 0.95, 0.99))
    return f"{len(gaps) / seconds:.1f} frames/s, ms between: median {median:.1f}, p95 {p95:.1f}, p99 {p99:.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What the Live page costs.")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-minutes", type=int, default=0)
    options = parser.parse_args(arguments)
    with demo() as instance:
        print("load average", *(f"{one:.1f}" for one in os.getloadavg()))
        asyncio.run(viewers(instance, options.seconds, options.rounds))
        with sync_playwright() as driver:
            flags = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
            for width, height in SIZES:
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(f"{instance.url}/#/live")
                page.wait_for_timeout(5000)
                print(f"{width}x{height}: {frames(page, options.seconds)}")
                if (width, height) == SIZES[0] and options.memory_minutes:
                    _memory(page, options.memory_minutes)
                page.close()
            browser.close()


def _memory(page: Page, minutes: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for minute in range(minutes + 1):
        session.send("HeapProfiler.collectGarbage")
        found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        print(f"after {minute} min: heap {found['JSHeapUsedSize'] / 1e6:.1f} MB, {found['Nodes']:.0f} nodes")
        if minute < minutes:
            page.wait_for_timeout(60_000)


if __name__ == "__main__":
    main()
