"""The stream of one run: its journal's records as they are written, as server-sent events.

    event: records    data: one record a line, several lines; the id is the number of the last line
    event: run        data: how the run stands, as soon as that changes
    event: end        data: the same, for the last time; or, with `code`, what is wrong with the journal

It reads the journal's file, so that a run of the past and one that goes on look the same, and nothing is held for
viewers: each is as far as it has read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO

from aiohttp import web

from simlb.console.scenarios.run import LiveRun
from simlb.controlplane.bodies import error_body
from simlb.controlplane.server import ENDLESS, FIXED_HEADERS
from simlb.errors import SimlbError

VIEWERS_MAX = 16
BATCH_BYTES = 192 * 1024
"""About a thousand records at once."""
LOOK_S = 0.1
KEEP_ALIVE_S = 5.0
RETRY_MS = 1000

Json = dict[str, Any]


class Tail:
    """Reads a file that grows, by whole lines."""

    def __init__(self, path: Path, after: int) -> None:
        """`after`: how many lines the viewer has already."""
        self.line = 0
        self._path = path
        self._after = after
        self._file: BinaryIO | None = None
        self._rest = b""

    @property
    def is_torn(self) -> bool:
        """Whether what was read last is no whole line."""
        return bool(self._rest)

    def read(self) -> list[bytes]:
        """The next lines, none when there are none yet. Call it in a thread."""
        while lines := self._more():
            self.line += len(lines)
            if self.line > self._after:
                return lines[-(self.line - self._after) :]
        return []

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()

    def _more(self) -> list[bytes]:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return []
        while data := self._file.read(BATCH_BYTES):
            *lines, self._rest = (self._rest + data).split(b"\n")
            if lines:
                return lines
        return []


class RunStream:
    """Who watches runs."""

    def __init__(self) -> None:
        self._viewers = 0

    async def send(
        self,
        request: web.Request,
        *,
        journal: Path,
        after: int,
        live: LiveRun | None,
        view: Callable[[], Awaitable[Json]],
    ) -> web.StreamResponse:
        """Everything there is and will be, until the run is over. Raises SimlbError E770 where enough watch."""
        if self._viewers >= VIEWERS_MAX:
            raise SimlbError("E770", f"{VIEWERS_MAX} viewers watch runs already.", "close some")
        response = web.StreamResponse(headers={**FIXED_HEADERS, "Content-Type": "text/event-stream"})
        response.force_close()
        tail = Tail(journal, after)
        is_ending = asyncio.Event()
        endless = request.app[ENDLESS]
        endless.add(is_ending.set)
        self._viewers += 1
        try:
            await response.prepare(request)
            await response.write(f"retry: {RETRY_MS}\n\n".encode("ascii"))
            await _follow(response, tail, live, view, is_ending)
            await response.write_eof()
        except ConnectionResetError:
            pass  # nobody is there any more
        finally:
            self._viewers -= 1
            endless.discard(is_ending.set)
            tail.close()
        return response


async def _follow(
    response: web.StreamResponse,
    tail: Tail,
    live: LiveRun | None,
    view: Callable[[], Awaitable[Json]],
    is_ending: asyncio.Event,
) -> None:
    told: object = None
    silent_s = 0.0
    while not is_ending.is_set():
        # Looked at first: what is written until a run is over must have been read after that.
        is_over = live is None or live.is_over
        lines = await asyncio.to_thread(tail.read)
        if lines:
            await response.write(_records(lines, tail.line))
            silent_s = 0.0
        now = None if live is None else (live.state, live.question, live.is_paused)
        if now != told and not is_over:
            told = now
            await response.write(_event("run", await view()))
        if lines:
            continue
        if is_over:
            last = await view()
            if tail.is_torn and last["error"] is None:
                torn = SimlbError("E668", f"{last['id']}.jsonl:{tail.line + 1}: the line is torn.", "play it again")
                last["error"] = error_body(torn)
            await response.write(_event("end", last))
            return
        if silent_s >= KEEP_ALIVE_S:
            silent_s = 0.0
            await response.write(b": still here\n\n")
        assert live is not None
        await live.changed(LOOK_S)
        silent_s += LOOK_S


def _records(lines: list[bytes], number: int) -> bytes:
    return b"id: %d\nevent: records\n" % number + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def _event(name: str, data: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
