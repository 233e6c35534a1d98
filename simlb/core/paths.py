"""The form of a path that path-pattern conditions look at (reference 1.3; section 11, point 15).

Percent-encoded unreserved characters are decoded and dot segments collapsed (RFC 3986 6.2.2.2, 5.2.4), so that nobody
walks around a rule by spelling a path differently. Everything else stays. The target gets the path as it was sent.
"""

from __future__ import annotations

import re

_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_PERCENT, _DOT = b"%."


def normalise_path(path: bytes) -> bytes:
    """`path` as rules see it. Decodes once: `%252e` stays `%252e`. What does not begin with `/` keeps its dots."""
    # Looking for one byte takes an eighth of the time of looking for a string.
    if _PERCENT in path:
        path = _ENCODED.sub(_decode, path)
    if _DOT in path and b"/." in path and path.startswith(b"/"):
        path = _collapse(path)
    return path


def _decode(match: re.Match[bytes]) -> bytes:
    byte = int(match[1], 16)
    return bytes((byte,)) if byte in _UNRESERVED else match[0]


def _collapse(path: bytes) -> bytes:
    segments = path.split(b"/")[1:]
    kept: list[bytes] = []
    for segment in segments:
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in {b".", b".."}:
        kept.append(b"")
    return b"/" + b"/".join(kept)
