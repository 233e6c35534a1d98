"""`python -m simlb.scenario` as a process of this instance: an order in, news out, and its end whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from simlb.certs.private_folder import sweep
from simlb.errors import SimlbError

END_S = 5.0
"""Real seconds in which a run that is told to end undoes itself; then it is killed, and what it has started ends."""
SWEEP_AGAIN_S = 1.0

PROGRAM = ("-P", "-m", "simlb.scenario")
"""What Python runs."""

_ROOT = Path(__file__).resolve().parents[3]
_LINE_BYTES_MAX = 4 * 1024 * 1024
"""The whole shelf is one line of about 100 kB."""
_OWN_SESSION: dict[str, Any] = {"creationflags": 0x200} if os.name == "nt" else {"start_new_session": True}

Json = dict[str, Any]


class Program:
    """One such process."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._complaining: asyncio.Task[None] | None = None
        self._complaints: deque[str] = deque(maxlen=5)

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    async def start(self, order: Json) -> None:
        """Start it with its order. Raises SimlbError E688."""
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *PROGRAM,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                limit=_LINE_BYTES_MAX,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                **_OWN_SESSION,
            )
        except OSError as error:
            raise SimlbError(
                "E688", f"The process of the scenario cannot be started: {error.strerror or error}."
            ) from error
        self._complaining = asyncio.get_running_loop().create_task(self._complain())
        self.say(order)

    def say(self, command: Json) -> None:
        """A command. Nobody hears it once the process has ended."""
        stdin = None if self._process is None else self._process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(json.dumps(command).encode() + b"\n")

    async def news(self) -> AsyncIterator[Json]:
        """What it says, until it has ended. Raises SimlbError for what it refused."""
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if "refused" in said:
                refusal = said["refused"]
                raise SimlbError(refusal["code"], refusal["message"], *refusal["hints"])
            yield said

    async def wait(self) -> str:
        """Wait until it is gone: how it went, in words, for when it had more to say."""
        assert self._process is not None
        assert self._complaining is not None
        status = await self._process.wait()
        await self._complaining
        self._hang_up()
        if sys.platform != "win32" and status < 0:
            # Keys and logs of its instance lie in a private folder that only their owner removes.
            await sweep_up()
            return f"it was ended by {signal.Signals(-status).name}"
        return self._complaints[-1] if self._complaints else f"status {status}"

    async def end(self) -> None:
        """End it in order, or else by force; back when it is gone. Harmless when repeated."""
        process = self._process
        if process is None:
            return
        self._hang_up()
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await sweep_up()

    def _hang_up(self) -> None:
        """What it also sees when simlb is killed."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def _complain(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            if text := line.decode(errors="replace").strip():
                self._complaints.append(text[:400])


async def sweep_up() -> None:
    """Remove what a killed process has left; again where something of it was still about to end."""
    if (await asyncio.to_thread(sweep)).stuck:
        await asyncio.sleep(SWEEP_AGAIN_S)
        await asyncio.to_thread(sweep)


def ended_by_itself(how: str) -> SimlbError:
    """It ended before it was at its end."""
    return SimlbError("E688", f"The process of the scenario ended by itself: {how}.", "play it again")


async def ask(order: Json) -> Json:
    """The one answer to an order that is no run. Raises SimlbError."""
    program = Program()
    await program.start(order)
    try:
        async for said in program.news():
            return said
        raise ended_by_itself(await program.wait())
    finally:
        await program.end()
