"""Where in the order of bytes the paths are that the wildcards of a condition may match.

The texts that begin with a prefix are an interval, from the prefix to the first text behind all of them. The same holds
for texts that end alike, once they are reversed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simlb.core.wildcards import Wildcard, WildcardKind

Span = tuple[bytes, bytes | None]
"""The first text, and the first one behind; None when nothing is."""

_ALL_TEXTS: tuple[Span, ...] = ((b"", None),)
_SETTLED_BY_START = {WildcardKind.EXACT, WildcardKind.PREFIX}


class PathSpans(NamedTuple):
    """By how the paths begin, and (`ends`, of reversed paths) by how they end: what matches is in one of each."""

    starts: tuple[Span, ...]
    ends: tuple[Span, ...]
    is_sure: bool
    """Every path that is in one of each does match; else it has to be verified."""

    @classmethod
    def of(cls, wildcards: Sequence[Wildcard]) -> PathSpans:
        """`wildcards`: any of which may match; without any there is nothing to go by."""
        if not wildcards:
            return cls(_ALL_TEXTS, _ALL_TEXTS, is_sure=False)
        kinds = {wildcard.kind for wildcard in wildcards}
        tails = [wildcard.tail[::-1] for wildcard in wildcards]
        return cls(
            tuple((wildcard.literal, _end(wildcard)) for wildcard in wildcards),
            tuple((tail, _behind(tail)) for tail in tails),
            is_sure=kinds <= _SETTLED_BY_START or kinds == {WildcardKind.SUFFIX},
        )


def _end(wildcard: Wildcard) -> bytes | None:
    return wildcard.literal + b"\0" if wildcard.kind is WildcardKind.EXACT else _behind(wildcard.literal)


def _behind(prefix: bytes) -> bytes | None:
    """The first text, in the order of bytes, behind all that begin with `prefix`; None when nothing is."""
    shortened = prefix.rstrip(b"\xff")
    return shortened[:-1] + bytes((shortened[-1] + 1,)) if shortened else None
