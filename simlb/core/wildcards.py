r"""Wildcards of rule conditions, compiled to matchers whose time is linear in the text (reference 1.3).

`*` stands for any number of characters, `/` and `.` included, `?` for exactly one; a pattern covers the whole text.
Wildcards stand for no control character (0x00-0x1f, 0x7f), and a pattern may hold none: a text that has one matches no
pattern at all.

Between two `*` stands a piece of fixed length. Taking each piece at its first place behind the one before is enough to
find a match if there is one, so nothing is ever tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from itertools import takewhile

CONTROLS = bytes((*range(0x20), 0x7F))
MATCHABLE = bytes(byte for byte in range(0x100) if byte not in CONTROLS)
"""For `text.translate(None, MATCHABLE)`: what is left over are control characters."""

_TOKEN = re.compile(rb"[*?]|[^*?]+")
_ESCAPING_TOKEN = re.compile(rb"\\[*?]|[*?]|\\|[^*?\\]+")


class WildcardKind(Enum):
    """What `literal` and `tail` tell of the texts that match. PREFIX and SUFFIX: no control characters besides."""

    EXACT = "no wildcards: the text is the literal"
    PREFIX = "a `*` at the end alone: the text begins with the literal"
    SUFFIX = "a `*` at the beginning alone: the text ends with the tail"
    GENERAL = "any other: the text begins with the literal and ends with the tail, and more has to be looked at"


class Wildcard:
    """A compiled pattern. `literal` is what stands before the first wildcard, `tail` what stands behind the last one.

    With `ignore_case`, ASCII letters match in both cases, and `literal` and `tail` are lower case.
    """

    __slots__ = (
        "_end",
        "_end_size",
        "_has_star",
        "_middle",
        "_start",
        "ignore_case",
        "kind",
        "literal",
        "tail",
    )

    def __init__(self, pattern: str, *, ignore_case: bool = False, escapes: bool = False) -> None:
        r"""`escapes`: `\*` and `\?` stand for themselves. Raises ValueError for a pattern with control characters."""
        text = pattern.encode()
        if text.translate(None, MATCHABLE):
            raise ValueError(f"{pattern!r} holds control characters, which no request can match")
        self.ignore_case = ignore_case
        tokens = (_ESCAPING_TOKEN if escapes else _TOKEN).findall(text.lower() if ignore_case else text)
        pieces = _split(tokens)
        first, *middle, last = pieces if len(pieces) > 1 else (*pieces, [])
        self._has_star = len(pieces) > 1
        middle = [piece for piece in middle if piece]
        self.literal = _join(takewhile(_is_literal, first))
        self.tail = _join(reversed([*takewhile(_is_literal, reversed(last))])) if self._has_star else b""
        if None in first or None in last or middle or (first and last):
            self.kind = WildcardKind.GENERAL
            # The other kinds, of which there may be thousands, need no expressions.
            self._start = _compile(first)
            self._middle = [_compile(piece) for piece in middle]
            self._end = _compile(last)
            self._end_size = sum(1 if token is None else len(token) for token in last)
        elif last:
            self.kind = WildcardKind.SUFFIX
        else:
            self.kind = WildcardKind.PREFIX if self._has_star else WildcardKind.EXACT

    def matches(self, text: bytes) -> bool:
        """True when the pattern covers all of `text`."""
        if self.ignore_case:
            text = text.lower()
        if self.kind is WildcardKind.EXACT:
            return text == self.literal
        # What most texts fail at comes first.
        if not text.startswith(self.literal) or not text.endswith(self.tail) or text.translate(None, MATCHABLE):
            return False
        return self.kind is not WildcardKind.GENERAL or self._matches_pieces(text)

    def _matches_pieces(self, text: bytes) -> bool:
        start = self._start.match(text)
        if start is None:
            return False
        position = start.end()
        if not self._has_star:
            return position == len(text)
        end = len(text) - self._end_size
        if position > end or self._end.match(text, end) is None:
            return False
        for piece in self._middle:
            found = piece.search(text, position, end)
            if found is None:
                return False
            position = found.end()
        return True


_Piece = list[bytes | None]
"""Literals, and None for each `?`."""


def _is_literal(token: bytes | None) -> bool:
    return token is not None


def _join(tokens: Iterable[bytes | None]) -> bytes:
    return b"".join(token for token in tokens if token is not None)


def _split(tokens: list[bytes]) -> list[_Piece]:
    """The pieces before, between and behind the `*`."""
    pieces: list[_Piece] = [[]]
    for token in tokens:
        if token == b"*":
            pieces.append([])
        elif token == b"?":
            pieces[-1].append(None)
        else:
            pieces[-1].append(token[1:] if token in {rb"\*", rb"\?"} else token)
    return pieces


def _compile(piece: _Piece) -> re.Pattern[bytes]:
    # Without repetition there is nothing to backtrack into.
    return re.compile(b"".join(b"." if token is None else re.escape(token) for token in piece), re.DOTALL)
