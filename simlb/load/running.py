"""One load of an instance: its worker process, from the start to the end, and what it has reported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from simlb.errors import SimlbError
from simlb.load.destination import Order
from simlb.load.result import LoadResult
from simlb.load.stats import LoadStats

OnResults = Callable[[list[LoadResult]], None]
"""Called by the instance's loop with the requests that finished since the last call: at most every 50 ms, real."""

START_S = 0.005
"""Real seconds between the order to start and the schedule's zero: the time that the order takes."""
READY_S = 20.0
CLOSE_S = 2.0
_LINE_BYTES_MAX = 16 * 1024 * 1024
_ROOT = Path(__file__).resolve().parents[2]
# Ctrl+C in the terminal is meant for simlb, which ends its workers itself.
_OWN_SESSION: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}


class LoadState(StrEnum):
    """Where a load stands."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    """It sends no more, and waits for what is in flight."""
    ENDED = "ended"
    FAILED = "failed"
    """Its worker ended by itself."""


class Load:
    """One load of an instance. `stats` are up to date within 50 ms."""

    def __init__(self, order: Order, at_s: Callable[[], float], on_results: OnResults | None) -> None:
        self.order = order
        self.plan = order.plan
        self.state = LoadState.STARTING
        self.stats = LoadStats()
        self.t0_s = 0.0
        """When it began, in load-balancer seconds since the instance's start."""
        self.ended_at_s: float | None = None
        self.failure: str | None = None
        """Why it failed, in words."""
        highest = order.plan.peak_per_s * order.speed
        self.real_peak_per_s = highest if order.real_rate_max_per_s is None else min(highest, order.real_rate_max_per_s)
        """How many requests a real second may have at most, by plan and cap."""
        self._at_s = at_s
        self._on_results = on_results
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._complaints: deque[str] = deque(maxlen=5)
        self._is_abandoned = False

    @property
    def is_over(self) -> bool:
        """Whether its worker is gone."""
        return self.state in {LoadState.ENDED, LoadState.FAILED}

    async def wait(self) -> None:
        """Wait until it is over, and all results have been handed over."""
        if self._reading is not None:
            await asyncio.shield(self._reading)

    async def start(self) -> None:
        """Start the worker and, once it is ready, its schedule. Raises SimlbError E656 or E657, leaving nothing."""
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "simlb.load",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                limit=_LINE_BYTES_MAX,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                **_OWN_SESSION,
            )
        except OSError as error:
            raise _broken(self.plan.id, f"cannot be started: {error.strerror or error}") from error
        try:
            self._say(self.order.to_json())
            await self._wait_ready()
        except BaseException:
            await self._end_process()
            raise
        self.t0_s = self._at_s() + START_S * self.order.speed
        self._say({"start": time.monotonic() + START_S})
        self.state = LoadState.RUNNING
        self._reading = asyncio.get_running_loop().create_task(self._read())

    def change_rate(self, rate_per_s: float) -> None:
        """Of an open load, from now on, per load-balancer second."""
        self.real_peak_per_s = rate_per_s * self.order.speed
        self._say({"rate": rate_per_s})

    def stop(self) -> None:
        """Send no more and wait for what is in flight; asked again, do not wait."""
        if self.state is LoadState.RUNNING:
            self.state = LoadState.STOPPING
            self._say({"stop": True})
        elif self.state is LoadState.STOPPING:
            self._hang_up()

    async def close(self) -> None:
        """End it now."""
        self._hang_up()
        await self._end_process()
        if self._reading is not None:
            await self._reading

    # -- the worker ----------------------------------------------------------------------------------------------------

    def _say(self, said: dict[str, Any]) -> None:
        assert self._process is not None
        stdin = self._process.stdin
        assert stdin is not None
        if not stdin.is_closing():
            stdin.write(msgspec.json.encode(said) + b"\n")

    def _hang_up(self) -> None:
        """What the worker also sees when the instance is killed: it ends at once."""
        self._is_abandoned = True
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def _wait_ready(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        if self._is_abandoned:
            raise _broken(self.plan.id, "was stopped as it started")
        try:
            async with asyncio.timeout(READY_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise _broken(self.plan.id, f"was not ready within {READY_S:g} s") from None
        if not line:
            await self._read_complaints()
            raise _broken(self.plan.id, "ended at once", *self._complaints)
        said = msgspec.json.decode(line)
        if "refused" in said:
            refusal = said["refused"]
            raise SimlbError(refusal["code"], refusal["message"], *refusal["hints"])

    async def _read(self) -> None:
        """Collect results until the worker is gone."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        is_done = False
        try:
            async for line in process.stdout:
                said = msgspec.json.decode(line)
                if "done" in said:
                    is_done = True
                else:
                    self._take(said)
            await self._read_complaints()
        finally:
            await self._end_process()
            self.ended_at_s = self._at_s()
            self.stats.in_flight = 0
            self.stats.rate_per_s = 0.0
            if is_done or self._is_abandoned:
                self.state = LoadState.ENDED
            else:
                self.state = LoadState.FAILED
                self.failure = "; ".join(self._complaints) or f"status {process.returncode}"

    def _take(self, said: dict[str, Any]) -> None:
        results = [LoadResult.from_row(self.plan.id, self.t0_s, row) for row in said["results"]]
        self.stats.take(said)
        if results:
            self.stats.record(results)
            if self._on_results is not None:
                # By way of the loop: what it raises is its own, and must not end the load.
                asyncio.get_running_loop().call_soon(self._on_results, results)

    async def _read_complaints(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        text = (await self._process.stderr.read()).decode(errors="replace")
        self._complaints.extend(line.strip() for line in text.splitlines() if line.strip())

    async def _end_process(self) -> None:
        """Hang up and wait; SIGKILL what does not leave."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _broken(load: str, what: str, *notes: str) -> SimlbError:
    return SimlbError("E656", f"The worker of load '{load}' {what}.", notes=notes)
