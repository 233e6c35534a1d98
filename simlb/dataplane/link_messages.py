"""What a link has to know of the messages that pass it: who is asked what, and where a request or a head ends."""

from __future__ import annotations

import re

from simlb.dataplane.points import Asked
from simlb.wire.h1_chunked import ChunkedDecoder

_HEAD_END = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[0-9] 1(?!01)")
_HEAD_MAX_BYTES = 64 * 1024


def asked_of(data: bytes, *, is_probe: bool) -> Asked:
    """What the request that begins with `data` asks. Its head is whole: the codecs write it in one piece."""
    head = data.partition(b"\r\n\r\n")[0].decode("latin-1")
    request_line, _, section = head.partition("\r\n")
    method, uri, _ = request_line.split(" ", 2)

    def header(name: str) -> str | None:
        wanted = name.lower()
        for line in section.split("\r\n"):
            key, _, value = line.partition(":")
            if key.lower() == wanted:
                return value.strip(" \t")
        return None

    return Asked(method=method, path=uri.partition("?")[0], header=header, is_probe=is_probe)


class RequestEnd:
    """Finds the end of a request in what a codec writes."""

    __slots__ = ("_decoder", "_is_in_head", "_left")

    def __init__(self, asked: Asked) -> None:
        self._decoder = ChunkedDecoder() if asked.header("Transfer-Encoding") is not None else None
        self._left = int(asked.header("Content-Length") or 0)
        self._is_in_head = True

    def comes_with(self, data: bytes) -> bool:
        """Whether the request is complete with this piece, the next one of it."""
        if self._is_in_head:
            self._is_in_head = False
            data = data.partition(b"\r\n\r\n")[2]
        if self._decoder is None:
            self._left -= len(data)
            return self._left <= 0
        if data:
            self._decoder.feed(data)
        return self._decoder.is_done


class ResponseCut:
    """Lets a response through up to so many bytes of its body, as it is sent: chunk sizes count."""

    __slots__ = ("_head", "_left", "is_over")

    def __init__(self, after_bytes: int) -> None:
        self._left = after_bytes
        self._head: bytes | None = b""
        """Of the head, what has come so far; None behind it."""
        self.is_over = False
        """The body goes on, but not for the load balancer."""

    def pass_on(self, data: bytes) -> bytes:
        """What of the next bytes gets through."""
        body = data
        if self._head is not None:
            seen = len(self._head)
            self._head += data
            end = self._end_of_head(self._head)
            if end is None:
                if len(self._head) > _HEAD_MAX_BYTES:
                    self._head = b""  # no response: whoever reads it has long found out
                return data
            body = self._head[end:]
            self._head = None
            data = data[: max(0, end - seen)]
        else:
            data = b""
        self.is_over = len(body) > self._left
        allowed = body[: self._left]
        self._left -= len(allowed)
        return data + allowed

    @staticmethod
    def _end_of_head(buffer: bytes) -> int | None:
        start = 0
        while (match := _HEAD_END.search(buffer, start)) is not None:
            if not _INTERIM.match(buffer, start):
                return match.end()
            start = match.end()
        return None
