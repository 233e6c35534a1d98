"""Reading the answers on one client connection: what they say, and whether the connection can serve again."""

from __future__ import annotations

import re

from simlb.core import error_pages
from simlb.wire.h1_chunked import ChunkedDecoder
from simlb.wire.h1_response import ResponseParser
from simlb.wire.response import ResponseHead, has_body

_HEAD, _LENGTH, _CHUNKED, _UNTIL_CLOSE, _DONE = range(5)
_TARGET = re.compile(rb"^x-target:[ \t]*([^\r\n]*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ELB = re.compile(rb"^server:[ \t]*" + re.escape(error_pages.SERVER) + rb"[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class AnswerReader:
    """Reads one answer after the other: `begin` each, then `feed` it what arrives, until `is_done` or `has_failed`."""

    __slots__ = ("_buffer", "_decoder", "_left", "_method", "_parser", "_state", "has_failed", "head", "is_reusable")

    def __init__(self, parser: ResponseParser) -> None:
        """`parser` may be shared by all connections."""
        self._parser = parser
        self._state = _DONE
        self._method = b"GET"
        self._buffer = b""
        self._left = 0
        self._decoder: ChunkedDecoder | None = None
        self.head: ResponseHead | None = None
        """Of the answer that is being read, once it is there."""
        self.has_failed = False
        """What came was no HTTP."""
        self.is_reusable = True
        """Whether another request may follow on the connection."""

    def begin(self, method: bytes) -> None:
        """A request with that method goes out."""
        self._state = _HEAD
        self._method = method
        self._buffer = b""
        self.head = None

    @property
    def is_done(self) -> bool:
        """Whether the answer is whole."""
        return self._state == _DONE

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer has arrived."""
        return self.head is not None or bool(self._buffer)

    def feed(self, data: bytes) -> None:
        """What arrived. Not to be called after `has_failed`."""
        state = self._state
        if state == _HEAD:
            self._read_head(self._buffer + data if self._buffer else data)
        elif state == _LENGTH:
            self._take(data)
        elif state == _CHUNKED:
            self._decode(data)
        elif state == _DONE:
            # Nobody asked for it: nothing on this connection can be trusted any more.
            self.is_reusable = False

    def at_end(self) -> bool:
        """The load balancer sends no more. True when that makes the answer whole."""
        self.is_reusable = False
        if self._state == _UNTIL_CLOSE:
            self._state = _DONE
            return True
        return False

    def _read_head(self, buffer: bytes) -> None:
        while True:
            parsed = self._parser.parse(buffer)
            if parsed is None:
                self._buffer = buffer
                return
            head, size = parsed
            # 101 answers a question that was not asked.
            if head is None or head.status_code == 101:
                self.has_failed = True
                return
            buffer = buffer[size:]
            if not head.is_informational:
                break
            if not buffer:
                self._buffer = b""
                return
        self._buffer = b""
        self.head = head
        if head.closes:
            self.is_reusable = False
        if not has_body(self._method, head.status_code) or head.length == 0:
            self._finish(buffer)
        elif head.is_chunked:
            self._state = _CHUNKED
            self._decoder = ChunkedDecoder()
            if buffer:
                self._decode(buffer)
        elif head.length > 0:
            self._state = _LENGTH
            self._left = head.length
            self._take(buffer)
        else:
            self._state = _UNTIL_CLOSE

    def _take(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left <= 0:
            self._finish(data[len(data) + self._left :])

    def _decode(self, data: bytes) -> None:
        decoder = self._decoder
        assert decoder is not None
        decoder.feed(data)
        if decoder.has_failed:
            self.has_failed = True
        elif decoder.is_done:
            self._finish(decoder.rest)

    def _finish(self, rest: bytes) -> None:
        self._state = _DONE
        self._decoder = None
        if rest:
            self.is_reusable = False


def target_of(head: ResponseHead) -> str | None:
    """Which target answered, as far as it says so in X-Target."""
    found = _TARGET.search(head.lines)
    return None if found is None else found[1].decode("latin-1")


def is_elb_answer(head: ResponseHead) -> bool:
    """Whether the load balancer made the answer itself (reference 4.2)."""
    return _ELB.search(head.lines) is not None
