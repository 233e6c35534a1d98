"""Raw servers that do what a script says, and workers that run against them on the test's own loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

from simlb.load.connection import tls_context
from simlb.load.destination import Destination, Order
from simlb.load.plan import LoadPlan
from simlb.load.result import LoadResult
from simlb.load.worker import Worker

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Target: i-01\r\n\r\nok"
DEADLINE_S = 10.0
Script = Callable[["Visit"], Awaitable[None]]


class Visit:
    """One connection as the server sees it. `number` counts connections from 0."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """The head of the next request; empty when the client has gone."""
        try:
            return await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    def send(self, data: bytes) -> None:
        """Answer."""
        self.writer.write(data)

    def reset(self) -> None:
        """End the connection with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def wait_gone(self) -> None:
        """Until the client has ended the connection."""
        try:
            while await self.reader.read(65_536):
                pass
        except ConnectionError:
            return


async def answer_all(visit: Visit) -> None:
    """Answer every request at once."""
    while await visit.head():
        visit.send(ANSWER)


class Server:
    """Runs a script for each connection. `heads` are all requests that scripts have read."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._context = context
        self._tasks: set[asyncio.Task[Any]] = set()
        self.visits = 0
        self.port = 0

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._visited, "127.0.0.1", 0, ssl=self._context, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        visit = Visit(self.visits, reader, writer)
        self.visits += 1
        try:
            await self._script(visit)
        except asyncio.CancelledError:
            return  # the server closes
        finally:
            writer.transport.abort()
            self._tasks.discard(task)


def order(
    port: int,
    *,
    speed: float = 1.0,
    ca_pem: str | None = None,
    is_tls: bool = False,
    name: str = "my-alb.localhost",
    real_rate_max_per_s: float | None = None,
    **members: Any,
) -> Order:
    """A plan for a server on loopback."""
    return Order(
        plan=LoadPlan.from_json({"id": "users", **members}),
        destination=Destination(
            address="127.0.0.1", port=port, is_tls=is_tls, authority=f"{name}:{port}", server_name=name, ca_pem=ca_pem
        ),
        speed=speed,
        real_rate_max_per_s=real_rate_max_per_s,
    )


class Run:
    """A worker on this loop, and everything it reported."""

    def __init__(self, wanted: Order) -> None:
        self.reports: list[dict[str, Any]] = []
        self.worker = Worker(wanted, tls_context(wanted), self.reports.append)
        self.worker.start(time.monotonic())

    async def end(self) -> Run:
        """Wait until it is over."""
        async with asyncio.timeout(DEADLINE_S):
            await self.worker.ended
        return self

    @property
    def results(self) -> list[LoadResult]:
        """By number, since the load's own start."""
        rows = [row for report in self.reports for row in report["results"]]
        return sorted((LoadResult.from_row("users", 0.0, row) for row in rows), key=lambda result: result.number)

    @property
    def outcomes(self) -> list[str]:
        """Statuses and error kinds, by number."""
        return [result.outcome for result in self.results]

    @property
    def last(self) -> dict[str, Any]:
        """The last report."""
        return self.reports[-1]


async def run(wanted: Order) -> Run:
    """Run an order to its end."""
    return await Run(wanted).end()
