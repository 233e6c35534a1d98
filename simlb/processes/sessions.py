"""Ending a session of processes whose wrapper is gone: the last resort, used when the wrapper itself was killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (proc(5), stat field 22); None where that cannot be known."""
    stat = _stat(pid)
    return None if stat is None else int(stat[19])


async def end_session(session: int, leader: int, started: int | None, *, patience_s: float = 2.0) -> None:
    """SIGKILL all processes of `session`, and wait until none is left.

    `session` is the dead wrapper's process id. The kernel gives that number to nobody as long as a process of the
    session lives; `leader` and `started` (see `start_time`) tell whether the leader's number is still the leader's.
    Where there is no /proc, the leader's group is killed if the leader still is in the session.
    """
    if sys.platform == "win32":
        taskkill = await asyncio.create_subprocess_exec(
            "taskkill", "/T", "/F", "/PID", str(leader), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        await taskkill.wait()
        return
    if _stat(os.getpid()) is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(leader) == session:
                os.killpg(leader, signal.SIGKILL)
        return
    give_up_at = time.monotonic() + patience_s
    while members := _members(session, leader, started):
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > give_up_at:
            return
        await asyncio.sleep(0.005)


def _members(session: int, leader: int, started: int | None) -> list[int]:
    """Living processes of the session. Those older than its leader are strangers under a number used again."""
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - names are all that is wanted
        stat = _stat(int(entry)) if entry.isdigit() else None
        if stat is None or stat[0] in "ZX" or int(stat[3]) != session:
            continue
        age_fits = started is None or (int(stat[19]) == started if int(entry) == leader else int(stat[19]) >= started)
        if age_fits:
            found.append(int(entry))
    return found


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third (state) on; the second, a name, may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()
