"""simlb itself dies without a word; its targets end all the same."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.processes.helpers import is_alive, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for the wrappers in /proc")

SIMLB = """
import asyncio, sys
from pathlib import Path
from simlb.core.model import TargetProcess
from simlb.processes.supervisor import Supervisor

async def main():
    supervisor = Supervisor(
        log_directory=Path(sys.argv[1]),
        on_started=lambda name, pid: print(pid, flush=True),
        on_exited=lambda name, pid, status: None,
    )
    await supervisor.reconcile([
        TargetProcess(name="polite", port=9001, run="sh -c 'sleep 1001 & echo $!; wait'"),
        TargetProcess(name="stubborn", port=9002, run=sys.argv[2]),
    ])
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
STUBBORN = """sh -c 'trap "" TERM; echo ready; while :; do sleep 0.02; done'"""


@pytest.mark.slow
async def test_targets_end_when_simlb_is_killed(tmp_path: Path) -> None:
    simlb = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SIMLB, tmp_path, STUBBORN, stdout=asyncio.subprocess.PIPE
    )
    assert simlb.stdout is not None
    pids = [int(await simlb.stdout.readline()), int(await simlb.stdout.readline())]
    assert await simlb.stdout.readline() == b"ready\n"
    logs = [tmp_path / "polite.log", tmp_path / "stubborn.log"]
    await until(lambda: all(log.exists() and log.read_text().endswith("\n") for log in logs), "both targets are up")
    pids.append(int(logs[0].read_text()))
    assert all(is_alive(pid) for pid in pids)
    wrappers = [int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in pids[:2]]
    simlb.send_signal(signal.SIGKILL)
    assert await simlb.wait() == -signal.SIGKILL
    await until(lambda: not any(is_alive(pid) for pid in pids + wrappers), "all targets and wrappers have ended")
