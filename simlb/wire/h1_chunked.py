"""The chunked transfer coding (RFC 9112 7.1): strict in what it reads, plain in what it writes.

Chunk extensions and trailers are read over and dropped. A size that two readers could read differently is an error.
"""

from __future__ import annotations

SIZE_DIGITS_MAX = 16
LINE_MAX_BYTES = 4096
TRAILERS_MAX_BYTES = 16 * 1024

LAST_CHUNK = b"0\r\n\r\n"

_HEX = b"0123456789abcdefABCDEF"
_SIZE, _DATA, _DATA_END, _TRAILERS = range(4)


class ChunkedDecoder:
    """Turns chunks, however they are cut into reads, back into the body.

    After a `feed`, `is_done` says that the body has ended (`rest` then holds what came behind it), `has_failed` that
    the bytes were no valid chunks; neither can be followed by another feed.
    """

    __slots__ = ("_left", "_pending", "_state", "_trailer_bytes", "has_failed", "is_done", "rest")

    def __init__(self) -> None:
        self._state = _SIZE
        self._left = 0
        self._pending = b""
        self._trailer_bytes = 0
        self.is_done = False
        self.has_failed = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """The body bytes within `data`."""
        if self._state == _DATA and len(data) < self._left:
            # The common case of a large chunk: all of it is body.
            self._left -= len(data)
            return data
        if self._pending:
            data = self._pending + data
            self._pending = b""
        pieces: list[bytes] = []
        place, end = 0, len(data)
        while place < end:
            if self._state == _DATA:
                piece = data[place : place + self._left]
                pieces.append(piece)
                place += len(piece)
                self._left -= len(piece)
                if self._left == 0:
                    self._state = _DATA_END
            elif self._state == _DATA_END:
                if end - place < 2:
                    if data[place] != 0x0D:
                        return self._fail(pieces)
                    break
                if data[place : place + 2] != b"\r\n":
                    return self._fail(pieces)
                place += 2
                self._state = _SIZE
            else:
                line_end = data.find(b"\r\n", place)
                if line_end < 0:
                    # One more than the limit may be the line's CR.
                    if end - place > LINE_MAX_BYTES + 1 or b"\n" in data[place:end]:
                        return self._fail(pieces)
                    break
                line = data[place:line_end]
                place = line_end + 2
                if len(line) > LINE_MAX_BYTES or b"\n" in line or b"\r" in line or not self._read_line(line):
                    return self._fail(pieces)
                if self.is_done:
                    self.rest = data[place:]
                    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if place < end:
            self._pending = data[place:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _read_line(self, line: bytes) -> bool:
        if self._state == _TRAILERS:
            self._trailer_bytes += len(line)
            self.is_done = not line
            return self._trailer_bytes <= TRAILERS_MAX_BYTES
        size, _, _ = line.partition(b";")
        size = size.rstrip(b" \t")
        if not size or len(size) > SIZE_DIGITS_MAX or size.translate(None, _HEX):
            return False
        self._left = int(size, 16)
        self._state = _DATA if self._left else _TRAILERS
        return True

    def _fail(self, pieces: list[bytes]) -> bytes:
        self.has_failed = True
        return b"".join(pieces)


def encode_chunk(data: bytes) -> bytes:
    """One chunk holding `data`, which must not be empty: an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
