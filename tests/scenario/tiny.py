"""Stories of less than a second: two targets in the test's own loop, a short health check, a fast clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from simlb.scenario.compile import compile_text
from simlb.scenario.journal import Asked, Entry
from simlb.scenario.model import Scenario

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

HEAD = """\
simlb: scenario/1
id: tiny
title: {{ko: 작은 이야기, en: A tiny story}}
summary: {{ko: 시험용, en: For tests.}}
clock: {{speed: 50, max_speed: 100, seed: 3}}
topology:
  targets: {{web: {{each: [{targets}]}}}}
  health: {{path: /health, interval: 5s, timeout: 2s, unhealthy: 2, healthy: 2}}
  listeners: [{{http: 80, forward: web}}]
"""
STEADY = """\
steady_state: {for: 1s, within: 10s, that: ["healthy(web) == 2"]}
"""
NOTHING = """\
timeline: [{at: 0s, mark: a}]
expect: [{id: fine, that: "healthy(web) == 2"}]
"""


@contextlib.asynccontextmanager
async def serving(count: int = 2) -> AsyncIterator[list[int]]:
    """Ports of so many targets that answer 200 to everything."""
    open_now: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            open_now.discard(writer)
            writer.close()

    servers = [await asyncio.start_server(talk, "127.0.0.1", 0) for _ in range(count)]
    try:
        yield [server.sockets[0].getsockname()[1] for server in servers]
    finally:
        for server in servers:
            server.close()
        for writer in list(open_now):
            writer.close()
        for server in servers:
            await server.wait_closed()
        # What has been closed by the other side reads its end now.
        await asyncio.sleep(0)


def story(ports: Sequence[int], rest: str, *, path: Path | None = None) -> Scenario:
    """A scenario with these targets; `rest` is what comes below the topology."""
    targets = ", ".join(f'{{url: "http://127.0.0.1:{port}"}}' for port in ports)
    return compile_text(HEAD.format(targets=targets) + rest, "tiny.yaml", path)


class Watcher:
    """An observer that keeps what it is shown, and answers with what it was given."""

    def __init__(self, *answers: int | None, think_s: float = 0.0) -> None:
        self.entries: list[Entry] = []
        self.questions: list[Asked] = []
        self._answers = list(answers)
        self._think_s = think_s

    def wrote(self, entry: Entry) -> None:
        """The journal has one more record."""
        self.entries.append(entry)

    async def ask(self, asked: Asked) -> int | None:
        """Think, and answer."""
        self.questions.append(asked)
        await asyncio.sleep(self._think_s)
        return self._answers.pop(0) if self._answers else None
