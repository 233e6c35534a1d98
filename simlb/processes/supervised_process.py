"""One target process under its wrapper: started, watched, killed, restarted and in the end always ended.

This class talks to `wrapper.py`, which is the target's parent and sends the signals; see there for why.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, cast

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes.command import Command, build_command, cannot_start, explain_errno
from simlb.processes.sessions import end_session, start_time

GRACE_S = 3.0  # between SIGTERM and SIGKILL when simlb stops a target
ORPHAN_GRACE_S = 1.0  # the same when simlb is gone: nobody waits, and the next simlb may want the port
LOG_BYTES_MAX = 5_000_000
_WRAPPER_S = 15.0  # for the wrapper to start, and to end once its target has; only a stuck machine needs more
_WRAPPER = Path(__file__).with_name("wrapper_windows.py" if os.name == "nt" else "wrapper.py")
_KILLED = -9
# Ctrl+C in simlb's terminal is meant for simlb, which then ends its targets in order.
_OWN_SESSION: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}


class ProcessState(StrEnum):
    """Where a target process stands. This says nothing about its health, which only probes tell."""

    STOPPED = "stopped"  # never started, or ended because simlb was asked to end it
    RUNNING = "running"
    STOPPING = "stopping"
    EXITED = "exited"  # ended by itself, or killed


class SupervisedProcess:
    """A target process. All methods belong to the loop that `start` ran on; `log_path` gets what the target prints.

    `on_started(pid)` is called when the command runs, `on_exited(pid, status)` when it has ended and nothing of it is
    left (`status`: exit code, negative for a signal). `environment` is added to simlb's own; `default_directory` is
    where a process without a `working_directory` runs (default: the current one). See `build_command`.
    """

    def __init__(
        self,
        process: TargetProcess,
        *,
        log_path: Path,
        on_started: Callable[[int], None],
        on_exited: Callable[[int, int], None],
        environment: Mapping[str, str] | None = None,
        default_directory: Path | None = None,
    ) -> None:
        self.process = process
        self.log_path = log_path
        self.state = ProcessState.STOPPED
        self.pid: int | None = None
        self.last_status: int | None = None
        self._on_started = on_started
        self._on_exited = on_exited
        self._environment = dict(environment or {})
        self._default_directory = default_directory or Path.cwd()
        self._link: _Link | None = None
        self._changing = asyncio.Lock()

    @property
    def name(self) -> str:
        """The target's name."""
        return self.process.name

    @property
    def is_running(self) -> bool:
        """Whether the process lives, as far as has been reported."""
        return self.pid is not None

    async def start(self) -> None:
        """Start the command, unless it runs; back as soon as it runs (not: as soon as it listens).

        Raises:
            SimlbError: E701 with the command and the reason; E702 for an unknown sample; E705, the log cannot be
                written.
        """
        async with self._changing:
            await self._start()

    def kill(self) -> bool:
        """SIGKILL the real process and its group, now. False when it does not run. `on_exited` follows."""
        return self._tell_running("kill")

    def pause(self) -> bool:
        """SIGSTOP the real process and its group: it keeps its sockets and does nothing. False when it does not run.

        Raises:
            SimlbError: E640 where the system cannot do that.
        """
        if sys.platform == "win32":
            raise SimlbError("E640", f"{self.name} cannot be paused: Windows has no signal for that.")
        return self._tell_running("pause")

    def resume(self) -> bool:
        """SIGCONT: a paused one goes on. False when it does not run."""
        return self._tell_running("resume")

    def _tell_running(self, line: str) -> bool:
        if self.pid is None or self._link is None:
            return False
        self._link.say(line)
        return True

    async def restart(self, grace_s: float = GRACE_S) -> None:
        """Stop it if it runs, and start it again on the same port. Raises what `start` raises."""
        async with self._changing:
            await self._stop(grace_s)
            await self._start()

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """SIGTERM, after `grace_s` real seconds SIGKILL; back when the process and its whole group are gone."""
        async with self._changing:
            await self._stop(grace_s)

    async def wait_exited(self) -> int | None:
        """Wait for the end of the running process, if one runs; the last exit status."""
        if self._link is not None:
            await self._link.closed.wait()
        return self.last_status

    def log_tail(self, lines: int = 5, bytes_max: int = 8192) -> list[str]:
        """The last lines the target printed: why it ended at once, for example. Empty when there is no log."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - bytes_max))
                return log.read().decode(errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []

    async def _start(self) -> None:
        if self._link is not None:
            if self.is_running and self.state is not ProcessState.STOPPING:
                return
            # It has just ended and its wrapper is about to; or somebody stopped it and no longer waits for that.
            await self._link.closed.wait()
        command = build_command(self.process, self._environment, self._default_directory)
        link = _Link(self)
        arguments = [sys.executable, "-I", "-S", "-B", os.fspath(_WRAPPER), str(ORPHAN_GRACE_S), *command.arguments]
        with _open_log(self.process, self.log_path) as log:
            try:
                await asyncio.get_running_loop().subprocess_exec(
                    lambda: link,
                    *arguments,
                    stderr=log,
                    env=command.environment,
                    cwd=command.working_directory,
                    **_OWN_SESSION,
                )
            except OSError as error:
                raise cannot_start(self.process, command.shown, error.strerror or str(error)) from error
        self._link = link
        try:
            async with asyncio.timeout(_WRAPPER_S):
                await link.answered.wait()
        except BaseException as error:
            link.hang_up()  # which ends the target too, if it came to be
            if isinstance(error, TimeoutError):
                raise cannot_start(self.process, command.shown, "the system is too busy to start it") from error
            raise
        if link.pid is None:
            await link.closed.wait()
            raise self._why_not(command, link)

    async def _stop(self, grace_s: float) -> None:
        link = self._link
        if link is None:
            return
        if self.is_running:
            self.state = ProcessState.STOPPING
            link.say(f"stop {grace_s}")
        try:
            async with asyncio.timeout(grace_s + _WRAPPER_S):
                await link.closed.wait()
        except TimeoutError:
            link.force()
            await link.closed.wait()
        self.state = ProcessState.STOPPED

    def _why_not(self, command: Command, link: _Link) -> SimlbError:
        if link.error is not None:
            return explain_errno(self.process, command, link.error)
        return cannot_start(self.process, command.shown, "its wrapper ended", f"→ see {self.log_path}")

    def _started(self, pid: int) -> None:
        self.pid = pid
        self.state = ProcessState.RUNNING
        self._on_started(pid)

    def _ended(self, status: int) -> None:
        assert self.pid is not None, "only a process that started can end"
        pid, self.pid = self.pid, None
        self.last_status = status
        self.state = ProcessState.STOPPED if self.state is ProcessState.STOPPING else ProcessState.EXITED
        self._on_exited(pid, status)

    def _closed(self, link: _Link) -> None:
        if self._link is link:
            self._link = None


class _Link(asyncio.SubprocessProtocol):
    """The pipes to one wrapper. Its order of events: answered, (ended,) closed."""

    def __init__(self, owner: SupervisedProcess) -> None:
        self.owner = owner
        self.error: int | None = None  # errno of a command that could not be started
        self.answered = asyncio.Event()
        self.closed = asyncio.Event()
        self.pid: int | None = None
        self._started: int | None = None
        self._ended = False
        self._rest = b""
        self._transport: asyncio.SubprocessTransport | None = None
        self._cleaning: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def say(self, line: str) -> None:
        """A command for the wrapper. One that has just ended does not hear it, and its `exit` is on the way."""
        pipe = self._input()
        if pipe is not None and not pipe.is_closing():
            pipe.write(f"{line}\n".encode())

    def hang_up(self) -> None:
        """What the wrapper also sees when simlb is killed: it ends the target and itself."""
        pipe = self._input()
        if pipe is not None:
            pipe.close()

    def force(self) -> None:
        """SIGKILL the wrapper; the rest is done by `connection_lost`."""
        assert self._transport is not None
        with contextlib.suppress(ProcessLookupError):
            self._transport.kill()

    def _input(self) -> asyncio.WriteTransport | None:
        assert self._transport is not None
        return cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, _, number = line.partition(b" ")
            if word == b"pid":
                self.pid = int(number)
                self._started = start_time(self.pid)
                self.owner._started(self.pid)
            elif word == b"exit":
                self._ended = True
                self.owner._ended(int(number))
            else:
                assert word == b"error", line
                self.error = int(number)
            self.answered.set()

    def process_exited(self) -> None:
        self.hang_up()  # or else the transport keeps waiting for its pipe

    def connection_lost(self, exc: Exception | None) -> None:
        self.answered.set()
        if self.pid is None or self._ended:
            self._finish()
            return
        # The wrapper was killed. The kernel took the target along (Linux); what the target had started may still live.
        self._cleaning = asyncio.get_running_loop().create_task(self._clean_up(self.pid))

    async def _clean_up(self, pid: int) -> None:
        assert self._transport is not None
        try:
            await end_session(self._transport.get_pid(), pid, self._started)
        finally:
            self.owner._ended(_KILLED)
            self._finish()

    def _finish(self) -> None:
        assert self._transport is not None
        self._transport.close()
        self.owner._closed(self)
        self.closed.set()


def _open_log(process: TargetProcess, path: Path) -> IO[bytes]:
    """The log, to append to. One that has grown too long becomes `<name>.1`, in place of an older one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_name(f"{path.name}.1"))
        return path.open("ab")
    except OSError as error:
        raise SimlbError("E705", f"Cannot write the log of target {process.name}, {path}: {error.strerror}.") from error
