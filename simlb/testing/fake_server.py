"""The sockets of a fake backend: it listens, crashes (listening socket closed, connections reset) and listens again.

A crashed backend keeps its port bound without listening on it, so that connecting to it is refused and nobody else gets
it meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

from simlb.errors import SimlbError
from simlb.testing.exchange import HEAD_BYTES_MAX, BodyReader, ResponseWriter, UnreadableError, read_request
from simlb.testing.messages import Request

HOST = "127.0.0.1"
_BACKLOG = 1024
_LAST_TURNS = 3
"""Turns of the loop from a transport's abort to its closed socket."""
_PAUSE_S = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)

Serve = Callable[[Request, BodyReader, ResponseWriter, asyncio.Event], Awaitable[bytes | None]]
"""Answers one request, the last argument tells when its reader has gone: bytes to send, or None when it is done."""


class _Connection(asyncio.StreamReaderProtocol):
    """Streams that know when the other side has gone while nothing is read."""

    def __init__(self, opened: Callable[[_Connection, asyncio.StreamReader, asyncio.StreamWriter], None]) -> None:
        reader = asyncio.StreamReader(limit=HEAD_BYTES_MAX)
        super().__init__(reader, lambda reader, writer: opened(self, reader, writer))
        self.gone = asyncio.Event()
        self.response: ResponseWriter | None = None

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.gone.set()
        if self.response is not None:
            self.response.ended.set()


class FakeServer:
    """Listens on a free port of 127.0.0.1 that stays its own until `close`.

    It accepts by itself: asyncio's own servers lose what they are just accepting when they are closed.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.port = 0
        self.connections = 0
        """How many there have been."""
        self._listening: socket.socket | None = None
        self._reserved: socket.socket | None = None
        self._arriving: set[asyncio.Task[Any]] = set()
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def is_listening(self) -> bool:
        """Whether connections are accepted."""
        return self._listening is not None

    async def start(self, *, listening: bool = True) -> None:
        """Take a port, and listen on it if asked to."""
        self._reserve()
        if listening:
            await self.listen()

    async def listen(self) -> None:
        """Accept connections."""
        if self._listening is not None:
            return
        assert self._reserved is not None
        self._reserved.listen(_BACKLOG)
        self._listening, self._reserved = self._reserved, None
        try:
            self._watch()
        except NotImplementedError:
            raise SimlbError(
                "E692",
                "Backends need an event loop that watches sockets, which Windows' default one (Proactor) does not.",
                "asyncio.WindowsSelectorEventLoopPolicy, or `with alb.start() as lb`, which has a loop of its own",
            ) from None

    def crash(self) -> None:
        """Close the listening socket and reset every connection, as the system does for a process that is killed."""
        if self._listening is None:
            return
        self._stop_listening()
        self._reserve()
        for task, writer in list(self._open.items()):
            _reset(writer)
            task.cancel()

    async def close(self) -> None:
        """End everything and give the port back."""
        self._stop_listening()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        await asyncio.gather(*self._arriving, return_exceptions=True)
        tasks = list(self._open)
        for task in tasks:
            self._open[task].transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # The transports' last callbacks, so that no socket is left.
        for _ in range(_LAST_TURNS):
            await asyncio.sleep(0)

    def _stop_listening(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None

    def _reserve(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((HOST, self.port))
        self.port = int(sock.getsockname()[1])
        self._reserved = sock

    def _watch(self) -> None:
        if self._listening is not None:
            asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        assert self._listening is not None
        try:
            sock, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError:
            # No descriptor left: asking again at once would keep the loop busy.
            loop.remove_reader(self._listening)
            loop.call_later(_PAUSE_S, self._watch)
            return
        sock.setblocking(False)
        task = loop.create_task(loop.connect_accepted_socket(lambda: _Connection(self._opened), sock))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    def _opened(self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._listening is None:
            _reset(writer)  # accepted a moment before it crashed, or ended
            return
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._run(connection, reader, writer, self.connections))
        self._open[task] = writer
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        del self._open[task]
        if not task.cancelled():
            task.result()

    async def _run(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        client = cast("tuple[str, int]", writer.get_extra_info("peername")[:2])
        try:
            while (request := await read_request(reader, client, number)) is not None:
                body = BodyReader(request, reader, writer)
                response = connection.response = ResponseWriter(request, writer)
                answer = await self._serve(request, body, response, connection.gone)
                connection.response = None
                if answer is not None and not connection.gone.is_set():
                    await body.read_all()
                    writer.write(answer)
                    await writer.drain()
                if not (response.is_persistent and body.is_at_end) or connection.gone.is_set():
                    break
        except (ConnectionError, UnreadableError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The load balancer let go, or sent what is no HTTP: this side has nothing to add.
            pass
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # it may have gone by itself
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
