"""The target behind every proxy: as little HTTP/1.1 as the rows need, on uvloop. `python -m bench.target PORT...`

`/10k` and `/1m` answer with so many bytes, everything else with 200. A request body is read to its end, then answered.
It trusts its peers, which are proxies under measurement; it is no example of a server.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from email.utils import formatdate
from typing import cast

import uvloop

BODIES = {b"/10k": b"x" * 10_240, b"/1m": b"x" * 1_048_576}
SMALL = b"x" * 200

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"

_second = 0
_answers: dict[bytes, bytes] = {}


def answer(path: bytes) -> bytes:
    """The whole response for a path. Made once a second, for the sake of its Date."""
    global _second
    now = int(time.time())
    if now != _second:
        _second = now
        _answers.clear()
    done = _answers.get(path)
    if done is None:
        body = BODIES.get(path, SMALL)
        head = (
            f"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: {formatdate(now, usegmt=True)}\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        done = head.encode() + body
        if path in BODIES or path == b"":
            _answers[path] = done
    return done


class Target(asyncio.Protocol):
    """One connection: requests one after the other, as proxies send them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._is_chunked = False
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
            if self._left <= 0:
                self._left = 0
                self._transport.write(answer(b""))
            return
        if self._is_chunked:
            self._read_chunks(data)
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head, body = self._buffer[: end + 2], self._buffer[end + 4 :]
        self._buffer = b""
        if head.startswith(b"GET "):
            path = head[4 : head.find(b" ", 4)]
            self._transport.write(answer(path if path in BODIES else b""))
            return
        length = _LENGTH.search(head)
        if length is not None and int(length[1]) > len(body):
            self._left = int(length[1]) - len(body)
        elif length is None and _CHUNKED.search(head) is not None:
            self._is_chunked, self._tail = True, b""
            self._read_chunks(body)
        else:
            self._transport.write(answer(b""))

    def _read_chunks(self, data: bytes) -> None:
        # The bodies sent here hold no such bytes themselves.
        self._tail = (self._tail + data)[-len(_LAST_CHUNK) :]
        if self._tail == _LAST_CHUNK:
            self._is_chunked = False
            self._transport.write(answer(b""))


async def serve(ports: list[int]) -> None:
    """Listen on all ports until ended."""
    loop = asyncio.get_running_loop()
    for port in ports:
        await loop.create_server(Target, "127.0.0.1", port, backlog=4096)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve([int(port) for port in sys.argv[1:]]))
