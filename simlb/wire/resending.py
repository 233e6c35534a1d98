"""The bytes of a request that is sent again: what its client sent, without what belongs to one connection only.

Left out are hop-by-hop fields, the framing of the body (it is framed anew), and what a proxy or load balancer in front
had added: X-Forwarded-* and X-Amzn-Trace-Id. Everything else stays as it came, defects included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"content-length",
        b"expect",
    }
)
_FORWARDED = (b"x-forwarded-", b"x-amzn-trace-id")


class Header(NamedTuple):
    """The header lines to send, and the names of fields that were left out although a target might look at them."""

    lines: tuple[bytes, ...]
    left_out: tuple[str, ...]


def name_of(line: bytes) -> bytes:
    """The name of a header line, in lower case."""
    return line.partition(b":")[0].strip().lower()


def header_to_send(lines: Sequence[bytes]) -> Header:
    """Choose among the lines of a request as its client sent them."""
    nominated = {
        word.strip().lower()
        for line in lines
        if name_of(line) == b"connection"
        for word in line.partition(b":")[2].split(b",")
    }
    # Nobody can take away with Connection what says where a request goes, or how it ends (RFC 9110 7.6.1).
    nominated -= {b"host", b"cache-control", b"authorization", b"cookie"}
    kept: list[bytes] = []
    left_out: dict[str, None] = {}
    for line in lines:
        name = name_of(line)
        if name.startswith(_FORWARDED):
            left_out[line.partition(b":")[0].strip().decode("latin-1")] = None
        elif name not in _HOP_BY_HOP and name not in nominated:
            kept.append(line)
    return Header(tuple(kept), tuple(left_out))


def request_bytes(method: bytes, uri: bytes, version: bytes, lines: Sequence[bytes], body: bytes | None) -> bytes:
    """A whole request, closing its connection behind it. `body` None: it has none; empty: it has one of no bytes."""
    framing = [] if body is None else [b"Content-Length: %d" % len(body)]
    request_line = b" ".join([part for part in (method, uri, version) if part])
    return b"\r\n".join((request_line, *lines, *framing, b"Connection: close", b"", b"")) + (body or b"")
