"""moto's server application as a process of this instance: started, waited for, ended. See `processes/moto_program`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes import moto_program
from simlb.processes.ports import free_ports
from simlb.processes.supervised_process import ProcessState, SupervisedProcess

START_S = 30.0
"""Real seconds until it must answer; it takes one or two."""
ANSWER_S = 30.0
NAME = "simlb-moto"
TOKEN_HEADER = "X-Simlb-Moto"  # noqa: S105 - a name
_GRACE_S = 1.0
_POLL_S = 0.05
_SETTLE_S = 0.5


def program() -> str:
    """The command that runs it."""
    arguments = [sys.executable, "-P", str(Path(moto_program.__file__))]
    return subprocess.list2cmdline(arguments) if sys.platform == "win32" else shlex.join(arguments)


class MotoProcess:
    """One run of it. `client` asks it at `url`, with `token` in the header `TOKEN_HEADER`.

    `on_lost(status)` is called when it ends by itself once it has answered.
    """

    def __init__(self, folder: Path, on_lost: Callable[[int], None], run: str) -> None:
        """`folder` gets its log; `run` is the command."""
        self.token = secrets.token_urlsafe(24)
        self.url = ""
        self.version = ""
        self.log = folder / f"{NAME}.log"
        self.client = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=ANSWER_S), auto_decompress=False
        )
        self._run = run
        self._on_lost = on_lost
        self._process: SupervisedProcess | None = None
        self._is_ending = False
        self._is_given_up = False

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has answered and still lives."""
        if self._is_given_up:
            return False
        return bool(self.version) and self._process is not None and self._process.state is ProcessState.RUNNING

    async def start(self) -> None:
        """Start it and wait until it answers. Raises SimlbError E846, leaving nothing behind."""
        give_up_at = time.monotonic() + START_S
        (port,) = await asyncio.to_thread(free_ports, 1)
        self.url = f"http://127.0.0.1:{port}"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        process = self._process = SupervisedProcess(
            TargetProcess(name=NAME, port=port, run=self._run, environment={"SIMLB_MOTO_TOKEN": self.token}),
            log_path=self.log,
            on_started=lambda _: None,
            on_exited=lambda _, status: self._ended(status),
            default_directory=self.log.parent,
        )
        try:
            await process.start()
            await self._wait_ready(process, give_up_at)
        except BaseException as error:
            await self.end()
            if isinstance(error, SimlbError) and error.code != "E846":
                raise self._cannot(error.what) from error
            raise

    async def _wait_ready(self, process: SupervisedProcess, give_up_at: float) -> None:
        while not self._is_ending and process.is_running and time.monotonic() < give_up_at:
            self.version = await self._ready()
            if self.version:
                return
            await asyncio.sleep(_POLL_S)
        if self._is_ending:
            raise self._cannot("this instance is stopping")
        if process.is_running:
            raise self._cannot(f"it does not answer within {START_S:g} s")
        raise self._cannot(f"it ended at once: {' '.join(process.log_tail(1)).strip()}")

    def give_up(self) -> None:
        """SIGKILL, since it hangs. It counts as having ended by itself."""
        self._is_given_up = True
        if self._process is not None:
            self._process.kill()

    async def settle(self) -> None:
        """Give the news of its end a moment to come: connections break before."""
        if self._process is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_S):
                    await self._process.wait_exited()

    async def end(self) -> None:
        """End it, and whatever waits for an answer of it. Harmless when repeated."""
        self._is_ending = True
        await self.client.close()
        if self._process is not None:
            await self._process.stop(_GRACE_S)

    async def _ready(self) -> str:
        """Its version; "" while it does not answer."""
        try:
            async with self.client.get(self.url + moto_program.READY, headers={TOKEN_HEADER: self.token}) as response:
                return (await response.text())[:40] if response.ok else ""
        except (aiohttp.ClientError, TimeoutError):
            return ""  # it does not listen yet
        except RuntimeError:
            if self._is_ending:  # the client was closed
                return ""
            raise

    def _ended(self, status: int) -> None:
        if self.version and (self._is_given_up or not self._is_ending):
            self._on_lost(status)

    def _cannot(self, why: str) -> SimlbError:
        return SimlbError("E846", f"moto cannot be started: {why} (its log: {self.log}).")
