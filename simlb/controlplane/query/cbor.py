"""CBOR (RFC 8949), as far as AWS's Smithy RPC v2 protocol uses it: maps, lists, texts, numbers, booleans, null, times.

A library would bring what has no business in a request - shared references, big numbers, regular expressions, dates as
texts - and would have to be told to refuse each. Here all of it is refused because nobody reads it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

DEPTH_MAX = 32
ITEMS_MAX = 50_000
"""Of one body, map keys included: 500 queries with all that they may have are 40,000."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE = 31
_EPOCH_TAG = 1
_SIMPLE_VALUES = {20: False, 21: True, 22: None, 23: None}
"""null, and undefined, which says as little."""
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}


class CborError(ValueError):
    """What is not CBOR, or not of these kinds."""


class Epoch(float):
    """A moment in seconds since 1970: a number with the tag for one."""


def decode(body: bytes) -> Any:
    """The one value that a body holds; times are `Epoch`. Raises CborError."""
    reader = _Reader(body)
    value = reader.value(0)
    if reader.at != len(body):
        raise CborError("something follows the value")
    return value


def encode(value: Any) -> bytes:
    """A value of these kinds; a time is a `datetime`. Anything else is a bug of who made it."""
    out = bytearray()
    _write(out, value)
    return bytes(out)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self.at = 0
        self._items = 0

    def value(self, depth: int) -> Any:
        self._items += 1
        if depth > DEPTH_MAX or self._items > ITEMS_MAX:
            raise CborError("it is nested too deeply, or holds too much")
        major, info = self._head()
        if major == _UNSIGNED:
            return self._number(info)
        if major == _NEGATIVE:
            return -1 - self._number(info)
        if major == _TEXT:
            return self._text(info)
        if major == _LIST:
            return self._list(info, depth + 1)
        if major == _MAP:
            return self._map(info, depth + 1)
        if major == _TAG:
            return self._time(info, depth + 1)
        if major == _SIMPLE and info in _FLOATS:
            found: float = struct.unpack(_FLOATS[info], self._take(_SIZES[info]))[0]
            return found
        if major == _SIMPLE and info in _SIMPLE_VALUES:
            return _SIMPLE_VALUES[info]
        raise CborError("it holds something that no parameter can be")

    def _head(self) -> tuple[int, int]:
        initial = self._take(1)[0]
        return initial >> 5, initial & 31

    def _take(self, size: int) -> bytes:
        taken = self._body[self.at : self.at + size]
        if len(taken) < size:
            raise CborError("it ends too early")
        self.at += size
        return taken

    def _number(self, info: int) -> int:
        if info in _SIZES:
            return int.from_bytes(self._take(_SIZES[info]), "big")
        if info not in range(24):
            raise CborError("a length or number cannot be read")
        return info

    def _is_over(self) -> bool:
        """The end of something whose length was not told."""
        if self._body[self.at : self.at + 1] != b"\xff":
            return False
        self.at += 1
        return True

    def _text(self, info: int) -> str:
        if info != _INDEFINITE:
            taken = self._take(self._number(info))
        else:
            parts = []
            while not self._is_over():
                major, inner = self._head()
                if major != _TEXT or inner == _INDEFINITE:
                    raise CborError("a part of a text is none")
                parts.append(self._take(self._number(inner)))
            taken = b"".join(parts)
        try:
            return taken.decode()
        except UnicodeDecodeError:
            raise CborError("a text is not UTF-8") from None

    def _each(self, info: int, read: Callable[[], None]) -> None:
        if info == _INDEFINITE:
            while not self._is_over():
                read()
        else:
            # However many are announced: where there are fewer the body is at its end.
            for _ in range(self._number(info)):
                read()

    def _list(self, info: int, depth: int) -> list[Any]:
        found: list[Any] = []
        self._each(info, lambda: found.append(self.value(depth)))
        return found

    def _map(self, info: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def read() -> None:
            key = self.value(depth)
            if not isinstance(key, str) or key in found:
                raise CborError("the key of a map is no text, or is there twice")
            found[key] = self.value(depth)

        self._each(info, read)
        return found

    def _time(self, info: int, depth: int) -> Epoch:
        if self._number(info) != _EPOCH_TAG:
            raise CborError("it holds something that no parameter can be")
        seconds = self.value(depth)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise CborError("a time is no number of seconds")
        return Epoch(seconds)


def _write(out: bytearray, value: Any) -> None:
    if value is None or isinstance(value, bool):
        out += {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    elif isinstance(value, int):
        _write_head(out, _UNSIGNED if value >= 0 else _NEGATIVE, value if value >= 0 else -1 - value)
    elif isinstance(value, float):
        out += b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, str):
        # Half a character, which only JSON and texts of ours could bring, has no UTF-8.
        encoded = value.encode(errors="replace")
        _write_head(out, _TEXT, len(encoded))
        out += encoded
    elif isinstance(value, datetime):
        _write_head(out, _TAG, _EPOCH_TAG)
        _write(out, value.timestamp())
    elif isinstance(value, dict):
        _write_head(out, _MAP, len(value))
        for key, held in value.items():
            _write(out, key)
            _write(out, held)
    else:
        assert isinstance(value, list | tuple), value
        _write_head(out, _LIST, len(value))
        for held in value:
            _write(out, held)


def _write_head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    info = next(info for info, size in _SIZES.items() if number < 1 << 8 * size)
    out.append(major << 5 | info)
    out += number.to_bytes(_SIZES[info], "big")
