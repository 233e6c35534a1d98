"""The beginnings of request bodies, kept for replays where the configuration asks for it."""

from __future__ import annotations

from typing import NamedTuple


class KeptBody(NamedTuple):
    """The beginning of a request body, as its framing carried it. `size` is what there was in all."""

    data: bytes
    size: int
    is_whole: bool
    """False as well when the client never finished it."""


class BodyKeeper:
    """The first `max_bytes` of a body that is still coming."""

    __slots__ = ("_pieces", "_room", "_size")

    def __init__(self, max_bytes: int) -> None:
        self._room = max_bytes
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        """More of it."""
        self._size += len(data)
        if self._room:
            piece = data[: self._room]
            self._room -= len(piece)
            self._pieces.append(piece)

    def kept(self, *, is_ended: bool) -> KeptBody:
        """What there is of it; `is_ended` says that the client sent all of it."""
        data = b"".join(self._pieces)
        return KeptBody(data, self._size, is_ended and len(data) == self._size)
