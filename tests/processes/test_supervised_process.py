"""Real processes: started, killed, restarted, stopped, and nothing left of them."""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes import supervised_process
from simlb.processes.ports import free_ports, port_owner
from simlb.processes.supervised_process import ProcessState, SupervisedProcess
from tests.processes.helpers import Start, Started, is_alive, until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and process groups are POSIX")

SLEEP = "sleep 1000"
IGNORES_SIGTERM = """sh -c 'trap "" TERM; echo ready; while :; do sleep 0.02; done'"""
FAMILY = """sh -c 'sleep 1001 & echo child=$!; echo ready; wait'"""
LISTENS = shlex.join(
    [sys.executable, "-S", "-c", "import socket; socket.create_server(('127.0.0.1', {port})).accept()"]
)


def pids_in(started: Started) -> list[int]:
    """Process ids that the target printed as `word=123`."""
    return [int(line.partition("=")[2]) for line in started.log().splitlines() if "=" in line]


async def test_a_started_process_reports_its_id(supervised: Start) -> None:
    started = supervised(SLEEP)
    assert not started.process.is_running
    await started.process.start()
    pid = started.process.pid
    assert pid is not None
    assert is_alive(pid)
    assert started.process.state is ProcessState.RUNNING
    assert started.events == [("started", pid)]


async def test_starting_twice_starts_one(supervised: Start) -> None:
    started = supervised(SLEEP)
    await asyncio.gather(started.process.start(), started.process.start())
    assert len(started.events) == 1


async def test_kill_is_sigkill_of_the_real_process(supervised: Start) -> None:
    started = supervised(SLEEP)
    await started.process.start()
    pid = started.process.pid
    assert pid is not None
    assert started.process.kill()
    assert await started.process.wait_exited() == -signal.SIGKILL
    assert not is_alive(pid)
    assert started.events[1:] == [("exited", pid, -9)]
    assert started.process.state is ProcessState.EXITED
    assert started.process.pid is None
    assert not started.process.kill()


async def test_restart_after_a_kill_uses_the_same_port(supervised: Start) -> None:
    (port,) = free_ports(1)
    started = supervised(LISTENS, port=port)
    await started.process.start()
    await until(lambda: port_owner(port), "the target listens")
    assert started.process.kill()
    await started.process.restart()
    await until(lambda: port_owner(port), "the target listens again")
    assert f"(pid {started.process.pid})" in str(port_owner(port))
    assert [event[0] for event in started.events] == ["started", "exited", "started"]


async def test_restart_of_a_running_process_ends_the_old_one_first(supervised: Start) -> None:
    started = supervised(SLEEP)
    await started.process.start()
    old = started.process.pid
    await started.process.restart()
    assert old is not None
    assert not is_alive(old)
    assert [event[0] for event in started.events] == ["started", "exited", "started"]
    assert started.process.state is ProcessState.RUNNING


async def test_stop_asks_with_sigterm(supervised: Start) -> None:
    started = supervised("""sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done'""")
    await started.process.start()
    await started.said("ready")
    await started.process.stop()
    assert started.process.last_status == 7
    assert started.process.state is ProcessState.STOPPED


async def test_stop_kills_what_ignores_sigterm_after_the_grace_time(supervised: Start) -> None:
    started = supervised(IGNORES_SIGTERM)
    await started.process.start()
    await started.said("ready")
    await started.process.stop(grace_s=0.05)
    assert started.process.last_status == -signal.SIGKILL


async def test_a_start_while_a_stop_that_nobody_awaits_is_under_way_starts_anew(supervised: Start) -> None:
    started = supervised(IGNORES_SIGTERM)
    await started.process.start()
    await started.said("ready")
    before = started.process.pid
    stopping = asyncio.create_task(started.process.stop(0.3))
    await until(lambda: started.process.state is ProcessState.STOPPING, "it is being stopped")
    stopping.cancel()
    await started.process.start()
    assert started.process.is_running
    assert started.process.state is ProcessState.RUNNING
    assert started.process.pid != before
    assert [name for name, *_ in started.events] == ["started", "exited", "started"]


async def test_stop_ends_a_process_that_is_stopped_by_a_signal(supervised: Start) -> None:
    started = supervised(SLEEP)
    await started.process.start()
    assert started.process.pid is not None
    os.kill(started.process.pid, signal.SIGSTOP)
    await started.process.stop()
    assert started.process.last_status == -signal.SIGTERM


async def test_kill_is_heard_during_the_grace_time(supervised: Start) -> None:
    started = supervised(IGNORES_SIGTERM)
    await started.process.start()
    await started.said("ready")
    stopping = asyncio.create_task(started.process.stop(grace_s=600))
    await until(lambda: started.process.state is ProcessState.STOPPING, "stopping")
    assert started.process.kill()
    await stopping
    assert started.process.last_status == -signal.SIGKILL


@pytest.mark.parametrize("how", ["kill", "stop", "main exits"])
async def test_nothing_of_the_group_survives(supervised: Start, how: str) -> None:
    started = supervised(FAMILY if how != "main exits" else "sh -c 'sleep 1001 & echo child=$!; echo ready'")
    await started.process.start()
    await started.said("ready")
    (child,) = pids_in(started)
    if how == "kill":
        started.process.kill()
    elif how == "stop":
        await started.process.stop()
    await started.process.wait_exited()
    assert not is_alive(child)


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("setsid"), reason="needs Linux's subreaper and setsid")
async def test_a_descendant_with_a_session_of_its_own_is_ended_too(supervised: Start) -> None:
    started = supervised("sh -c 'setsid sleep 1001 & echo child=$!; echo ready; wait'")
    await started.process.start()
    await started.said("ready")
    (child,) = pids_in(started)
    started.process.kill()
    await started.process.wait_exited()
    assert not is_alive(child)


async def test_a_process_that_ends_by_itself_is_reported_with_its_status(supervised: Start) -> None:
    started = supervised("sh -c 'echo what went wrong; exit 3'")
    await started.process.start()
    await started.process.wait_exited()
    assert [event[0] for event in started.events] == ["started", "exited"]
    assert started.process.last_status == 3
    assert started.process.log_tail() == ["what went wrong"]
    await started.process.restart()
    assert await started.process.wait_exited() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
async def test_sigkill_of_the_wrapper_leaves_no_orphan(supervised: Start) -> None:
    started = supervised(FAMILY)
    await started.process.start()
    await started.said("ready")
    pid, (child,) = started.process.pid, pids_in(started)
    assert pid is not None
    os.kill(int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)
    assert await started.process.wait_exited() == -signal.SIGKILL
    assert not is_alive(pid)
    assert not is_alive(child)
    assert started.events[1:] == [("exited", pid, -9)]
    await started.process.restart()
    assert started.process.is_running


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("no-such-program --port {port}", "there is no program 'no-such-program' on PATH"),
        ("./no-such-program", "there is no program './no-such-program'"),
        ("/etc/passwd", "Permission denied"),
        ("A=1 sleep 3", "'A=1' is not a program"),
    ],
)
async def test_a_command_that_cannot_be_started_says_why(supervised: Start, run: str, reason: str) -> None:
    started = supervised(run)
    with pytest.raises(SimlbError) as failure:
        await started.process.start()
    assert failure.value.code == "E701"
    assert failure.value.what == f"Target i-01: cannot start '{run}': {reason}."
    assert failure.value.hints
    assert started.events == []
    assert not started.process.is_running


async def test_a_script_without_its_interpreter_says_so(supervised: Start, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    with pytest.raises(SimlbError, match=r"the interpreter of .* does not exist"):
        await supervised(str(program)).process.start()


async def test_a_failed_restart_is_an_error_also_after_a_good_start(supervised: Start, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    started = supervised(str(program))
    await started.process.start()
    started.process.kill()
    program.unlink()
    with pytest.raises(SimlbError, match="there is no program"):
        await started.process.restart()


async def test_a_start_that_is_cancelled_leaves_nothing(supervised: Start) -> None:
    started = supervised(SLEEP)
    starting = asyncio.create_task(started.process.start())
    await until(lambda: started.process._link is not None or starting.done(), "the wrapper was started")
    starting.cancel()
    await asyncio.wait({starting})
    if starting.cancelled():
        await started.process.wait_exited()
        assert not started.process.is_running


async def test_the_log_is_appended_and_a_long_one_is_put_aside(
    supervised: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = supervised("sh -c 'echo out; echo err >&2'")
    for _ in range(2):
        await started.process.start()
        await started.process.wait_exited()
    assert started.log() == "out\nerr\nout\nerr\n"
    monkeypatch.setattr(supervised_process, "LOG_BYTES_MAX", 8)
    await started.process.start()
    await started.process.wait_exited()
    assert started.log() == "out\nerr\n"
    assert started.process.log_path.with_name("0.log.1").read_text() == "out\nerr\nout\nerr\n"


async def test_a_log_that_cannot_be_written_is_an_error(supervised: Start, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    with pytest.raises(SimlbError) as failure:
        await supervised(SLEEP).process.start()
    assert failure.value.code == "E705"


async def test_standard_input_is_empty_and_no_descriptor_leaks(supervised: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        os.set_inheritable(ours.fileno(), True)  # as careless libraries do
        started = supervised("sh -c 'cat; ls /dev/fd | wc -l; echo ready'")
        await started.process.start()
        await started.said("ready")
    # ls itself holds one for the folder it reads.
    assert int(started.log().split()[0]) <= 4


def _loops() -> list[object]:
    uvloop = pytest.importorskip("uvloop") if os.name != "nt" else None
    return [pytest.param(None, id="asyncio"), *([pytest.param(uvloop.new_event_loop, id="uvloop")] if uvloop else [])]


@pytest.mark.slow
@pytest.mark.parametrize("in_thread", [False, True], ids=["main thread", "other thread"])
@pytest.mark.parametrize("loop_factory", _loops())
def test_both_loops_in_any_thread_and_nothing_is_left_open(
    tmp_path: Path, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None, in_thread: bool
) -> None:
    events: list[str] = []

    async def live() -> None:
        process = SupervisedProcess(
            TargetProcess(name="i-01", port=9001, run=SLEEP),
            log_path=tmp_path / "i-01.log",
            on_started=lambda pid: events.append("started"),
            on_exited=lambda pid, status: events.append(f"exited {status}"),
        )
        await process.start()
        process.kill()
        await process.restart()
        await process.stop()

    def run() -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(live())

    if in_thread:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    else:
        run()
    gc.collect()  # a transport left open would warn now, and warnings are errors
    assert events == ["started", "exited -9", "started", "exited -15"]
    assert threading.enumerate() == [threading.main_thread()]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # no zombie
