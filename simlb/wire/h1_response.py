"""HTTP/1.x responses: reading a target's head, writing heads to clients (RFC 9112; reference 3.3, 4.2).

Targets repeat themselves even more than clients, so whole heads are remembered by their bytes. The memory is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from simlb.core import error_pages
from simlb.core.desync import content_length, transfer_codings
from simlb.wire import tables
from simlb.wire.response import Answer, ResponseHead, has_body

HEAD_MAX_BYTES = 32 * 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
_END = re.compile(rb"\n\r?\n")
_REMEMBERED_MAX = 512
_REMEMBERED_MAX_BYTES = 2048

_HOP_BY_HOP = frozenset({b"keep-alive", b"proxy-connection", b"te", b"trailer"})

Connection = int
KEEP_ALIVE, CLOSE, UPGRADE = range(3)
_CONNECTION_LINES = (b"Connection: keep-alive\r\n", b"Connection: close\r\n", b"Connection: Upgrade\r\n")

LENGTH, CHUNKED, UNTIL_CLOSE = range(3)
"""How a body is framed for an HTTP/1 client."""


class ResponseParser:
    """Reads response heads and remembers them. One per process is enough."""

    def __init__(self) -> None:
        self._heads: dict[bytes, ResponseHead | None] = {}

    def parse(self, buffer: bytes) -> tuple[ResponseHead | None, int] | None:
        """The head at the start of `buffer` and its size; None while incomplete; (None, 0) when it is none (502)."""
        end = buffer.find(b"\r\n\r\n")
        if end >= 0:
            size = end + 4
        else:
            # Hand-written servers end lines with a bare line feed; the meaning is clear enough.
            match = _END.search(buffer)
            if match is None:
                garbage = len(buffer) > HEAD_MAX_BYTES or not (
                    buffer.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(buffer[:7])
                )
                return (None, 0) if garbage else None
            size = match.end()
        if size > HEAD_MAX_BYTES:
            return None, 0
        raw = buffer[:size]
        try:
            head = self._heads[raw]
        except KeyError:
            head = _read(raw)
            if head is None and (match := _END.search(raw, 0, size - 2)) is not None:
                # Bare line feeds had ended the head; the CRLF CRLF stands in its body.
                return self._read_short(raw[: match.end()])
            if size <= _REMEMBERED_MAX_BYTES:
                if len(self._heads) >= _REMEMBERED_MAX:
                    self._heads.clear()
                self._heads[raw] = head
        return (head, size) if head is not None else (None, 0)

    def _read_short(self, raw: bytes) -> tuple[ResponseHead | None, int]:
        head = _read(raw)
        return (head, len(raw)) if head is not None else (None, 0)


def _read(raw: bytes) -> ResponseHead | None:
    lines = [line.removesuffix(b"\r") for line in raw.split(b"\n")]
    # The last line end and the empty line; a further empty line means that the head had ended before.
    del lines[-2:]
    status = _STATUS_LINE.fullmatch(lines[0]) if lines else None
    if status is None:
        return None
    head = ResponseHead(int(status[2]), status[3] or b"")
    head.size = len(raw)
    head.closes = status[1] == b"0"
    kept: list[tuple[bytes, bytes]] = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    nominated: set[bytes] = set()
    upgrade = b""
    keeps_alive = False
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, tables.TOKEN) or value.translate(None, tables.VALUE):
            return None
        lower = name.lower()
        if lower == b"content-length":
            lengths.append(value)
        elif lower == b"transfer-encoding":
            codings += transfer_codings(value)
        elif lower == b"connection":
            nominated |= {token.strip(tables.WHITESPACE) for token in value.lower().split(b",")}
        elif lower == b"date" and not head.date:
            head.date = line + b"\r\n"
        elif lower == b"content-type" and not head.content_type:
            head.content_type = line + b"\r\n"
        elif lower == b"upgrade":
            upgrade = line + b"\r\n"
        elif lower not in _HOP_BY_HOP:
            kept.append((lower, line + b"\r\n"))
    if b"close" in nominated:
        head.closes = True
    elif b"keep-alive" in nominated:
        keeps_alive = True
    nominated -= {b"close", b"keep-alive", b"upgrade", b"set-cookie", b"content-encoding", b"location"}
    head.lines = b"".join([line for lower, line in kept if lower not in nominated])
    if status[1] == b"0" and keeps_alive:
        head.closes = False
    if head.status_code == 101:
        head.upgrade_lines = upgrade
    if not _set_framing(head, lengths, codings):
        return None
    head.has_sized_body = head.length >= 0 and has_body(b"GET", head.status_code)
    return head


def _set_framing(head: ResponseHead, lengths: list[bytes], codings: list[bytes]) -> bool:
    """How the body ends; False when the head contradicts itself or uses a coding that cannot be relayed."""
    parsed = {content_length(value) for value in lengths}
    if len(parsed) > 1 or None in parsed:
        return False
    if codings:
        if codings != [b"chunked"] or head.status_code < 200:
            return False
        head.is_chunked = True
        # A length beside the coding means that somebody on the way is confused: do not reuse that connection.
        head.closes = head.closes or bool(parsed)
    elif parsed:
        length = parsed.pop()
        assert length is not None
        head.length = length
    return True


def relay_head(
    head: ResponseHead, framing: int, connection: Connection, date_line: Callable[[], bytes], cookies: bytes = b""
) -> bytes:
    """The head of a relayed response for an HTTP/1 client, in the order AWS writes it (reference 4.2).

    `date_line` gives the Date line that is added when the target sent none; `cookies` are Set-Cookie lines of the load
    balancer's own.
    """
    key = framing * 4 + connection
    done = head.serialised.get(key)
    if done is not None and not cookies:
        return done
    if framing == CHUNKED:
        body = b"Transfer-Encoding: chunked\r\n"
    elif framing == LENGTH and head.length >= 0:
        body = b"Content-Length: %d\r\n" % head.length
    else:
        body = b""
    pieces = (
        b"HTTP/1.1 %d %b\r\n" % (head.status_code, head.phrase),
        head.date or date_line(),
        head.content_type,
        body,
        head.upgrade_lines,
        _CONNECTION_LINES[connection],
        cookies,
        head.lines,
        b"\r\n",
    )
    rendered = b"".join(pieces)
    if head.date and not cookies:
        # Without a date of its own the head changes every second.
        head.serialised[key] = rendered
    return rendered


def answer_bytes(answer: Answer, *, is_head_request: bool, closes: bool, now_date: bytes) -> bytes:
    """An answer of the load balancer's own, head and body in one piece (reference 4.2)."""
    phrase = error_pages.reason_phrase(answer.status_code).encode()
    has_no_body = answer.status_code == 204
    has_type = bool(answer.body) and not has_no_body
    lines = [
        b"HTTP/1.1 %d %b\r\n" % (answer.status_code, phrase),
        b"Server: " + error_pages.SERVER + b"\r\n" if answer.names_server else b"",
        now_date,
        b"Content-Type: %b\r\n" % answer.content_type.encode() if has_type else b"",
        b"" if has_no_body else b"Content-Length: %d\r\n" % len(answer.body),
        _CONNECTION_LINES[CLOSE if closes else KEEP_ALIVE],
        b"Location: %b\r\n" % answer.location.encode("latin-1") if answer.location is not None else b"",
        answer.lines,
        b"\r\n",
        b"" if is_head_request or has_no_body else answer.body,
    ]
    return b"".join(lines)
