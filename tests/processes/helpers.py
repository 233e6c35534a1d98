"""Helpers for tests with real processes: every wait is for a condition, with a deadline."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simlb.core.model import TargetProcess
from simlb.processes.supervised_process import SupervisedProcess

DEADLINE_S = 10.0


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self/stat").exists()


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait for a condition of the outside world, which has no event to wait for."""
    give_up_at = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < give_up_at, f"not within {DEADLINE_S} s: {what}"
        await asyncio.sleep(0.005)


class Started:
    """A supervised process with the events it reported."""

    def __init__(self, run: str, log_path: Path, **description: Any) -> None:
        self.events: list[tuple[str, int] | tuple[str, int, int]] = []
        self.process = SupervisedProcess(
            TargetProcess(**{"name": "i-01", "port": 9001, "run": run, **description}),
            log_path=log_path,
            on_started=lambda pid: self.events.append(("started", pid)),
            on_exited=lambda pid, status: self.events.append(("exited", pid, status)),
        )

    def log(self) -> str:
        return self.process.log_path.read_text() if self.process.log_path.exists() else ""

    async def said(self, text: str) -> None:
        """Wait until the target has printed `text`."""
        await until(lambda: text in self.log(), f"{text!r} in the log: {self.log()!r}")


Start = Callable[..., Started]
