"""One request and its answer on a fake backend's connection: HTTP/1.1 as far as a target behind a load balancer needs.

Heads come in whole, bodies piece by piece; what cannot be read ends the connection.
"""

from __future__ import annotations

import asyncio
import http
from collections.abc import Iterable

from simlb.testing.messages import Headers, Request

HEAD_BYTES_MAX = 256 * 1024
_PIECE_BYTES = 64 * 1024
_BODILESS = frozenset({204, 304})


class UnreadableError(Exception):
    """What came is not HTTP/1.1."""


async def read_request(reader: asyncio.StreamReader, client: tuple[str, int], connection: int) -> Request | None:
    """The next request's head; None at the end of the connection. Raises UnreadableError."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise UnreadableError from error
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise UnreadableError
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise UnreadableError
        fields.append((name, value.strip(" \t")))
    return Request(method=words[0], target=words[1], headers=Headers(fields), client=client, connection=connection)


class BodyReader:
    """The body of one request. What is read is kept in `request.body` as well."""

    def __init__(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Raises UnreadableError for a length that is none."""
        self._request = request
        self._reader = reader
        self._writer = writer
        headers = request.headers
        self._is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise UnreadableError
        self._left = 0 if self._is_chunked else int(length)
        self._wants_continue = headers.get("expect", "").lower() == "100-continue"
        self.is_at_end = not self._is_chunked and self._left == 0

    async def read(self) -> bytes:
        """The next piece; nothing once the body is at its end. Raises UnreadableError, IncompleteReadError."""
        if self.is_at_end:
            return b""
        if self._wants_continue:
            self._wants_continue = False
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        piece = await (self._chunk() if self._is_chunked else self._some())
        self._request.body += piece
        return piece

    async def read_all(self) -> None:
        """Read to the end."""
        while not self.is_at_end:
            await self.read()

    async def _some(self) -> bytes:
        piece = await self._reader.read(min(self._left, _PIECE_BYTES))
        if not piece:
            raise asyncio.IncompleteReadError(b"", self._left)
        self._left -= len(piece)
        self.is_at_end = self._left == 0
        return piece

    async def _chunk(self) -> bytes:
        line = await self._reader.readuntil(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise UnreadableError from None
        if size == 0:
            while await self._reader.readuntil(b"\r\n") != b"\r\n":
                pass
            self.is_at_end = True
            return b""
        piece = await self._reader.readexactly(size)
        await self._reader.readexactly(2)
        return piece


class ResponseWriter:
    """The answer to one request, as an application gives it: a head, then pieces."""

    def __init__(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._is_head = request.method == "HEAD"
        self._is_chunked = False
        self._has_body = True
        self._left: int | None = None
        self.server: tuple[str, int] = writer.get_extra_info("sockname")[:2]
        self.is_started = False
        self.is_finished = False
        self.is_persistent = request.headers.get("connection", "").lower() != "close"
        self.ended = asyncio.Event()
        """Set once the answer is complete or its reader has gone."""

    def start(self, status: int, fields: Iterable[tuple[str, str]]) -> None:
        """Send the head. An answer without a length becomes chunked."""
        assert not self.is_started
        self.is_started = True
        given = Headers(fields)
        self._has_body = status not in _BODILESS and not self._is_head
        lines = [f"{name}: {value}" for name, value in given.items_as_sent]
        if self._has_body and "content-length" not in given:
            if "transfer-encoding" not in given:
                lines.append("Transfer-Encoding: chunked")
            self._is_chunked = True
        if given.get("connection", "").lower() == "close":
            self.is_persistent = False
        try:
            reason = http.HTTPStatus(status).phrase
        except ValueError:
            reason = "Whatever"
        self._writer.write("\r\n".join((f"HTTP/1.1 {status} {reason}", *lines, "", "")).encode("latin-1"))

    async def write(self, data: bytes, *, is_last: bool) -> None:
        """Send a piece of the body."""
        if self._has_body and not self._writer.transport.is_closing():
            if self._is_chunked:
                data = (b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + (b"0\r\n\r\n" if is_last else b"")
            self._writer.write(data)
            await self._writer.drain()
        if is_last:
            self.is_finished = True
            self.ended.set()
