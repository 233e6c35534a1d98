"""What the load balancer changes in a request's header on its way to the target (reference 3.4-3.6).

Bytes in, bytes out; the time and the random bits of a trace id are arguments.
"""

from __future__ import annotations

import re

from simlb.core.attributes import XffMode

XFF_ADDRESSES_MAX = 30
TRACE_HEADER_MAX_BYTES = 7 * 1024
TRACE_RANDOM_BITS = 96


def client_address(ip: str, port: int, *, with_port: bool) -> str:
    """The client as X-Forwarded-For names it; IPv6 gets brackets only together with a port."""
    if not with_port:
        return ip
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def forwarded_for(mode: XffMode, received: bytes | None, client: bytes) -> bytes | None:
    """The X-Forwarded-For value for the target, or None when the target gets no such header."""
    if mode == "append":
        # An empty field names nobody: a list that begins with a comma would have a nameless first hop.
        return received + b", " + client if received else client
    return received if mode == "preserve" else None


def has_too_many_addresses(received: bytes) -> bool:
    """True when a received X-Forwarded-For names more than 30 addresses: 463."""
    return received.count(b",") >= XFF_ADDRESSES_MAX


def trace_prefix(now_s: int) -> bytes:
    """The part of a trace id that names the second; 24 random hex digits follow it."""
    return b"1-%08x-" % (now_s & 0xFFFFFFFF)


def trace_header(received: bytes | None, fresh_id: bytes, *, header_bytes: int = 0) -> bytes:
    """The X-Amzn-Trace-Id value for the target.

    `fresh_id` is a new id. Without a received header it becomes the Root; a received Root stays and `Self` is put in
    front; a `Self` of another load balancer is replaced; custom fields stay. When the request's fields take more than
    7 kB, the header is cut down to its Root.
    """
    if received is None:
        return b"Root=" + fresh_id
    root = b""
    custom: list[bytes] = []
    for field in received.split(b";"):
        name, equals, value = field.strip(b" \t").partition(b"=")
        if name == b"Root" and equals and not root:
            root = value
        elif name not in {b"Self", b"Root", b""}:
            custom.append(name + equals + value)
    if header_bytes > TRACE_HEADER_MAX_BYTES:
        return b"Root=" + (root or fresh_id)
    fields = [b"Self=" + fresh_id, b"Root=" + root] if root else [b"Root=" + fresh_id]
    return b";".join((*fields, *custom))


_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)(?::([0-9]{0,5}))?")


def split_host(value: bytes) -> tuple[bytes, int | None] | None:
    """Host without port in lower case, and the port if one is written; None for an invalid Host (400)."""
    match = _HOST.fullmatch(value)
    if match is None:
        return None
    port = match[2]
    if not port:
        return match[1].lower(), None
    number = int(port)
    return (match[1].lower(), number) if number <= 65535 else None


def host_for_target(
    host: bytes, host_port: int | None, *, listener_port: int, published_port: int, default_port: int
) -> bytes:
    """The Host a target sees when it is not preserved (reference 3.5).

    On a default port (80 for HTTP, 443 for HTTPS) the port is dropped, elsewhere it is added; a published port that
    differs from the listener's is kept, so that absolute links work (docs/parity.md).
    """
    if host_port is not None and host_port == published_port != listener_port:
        return host + b":%d" % host_port
    if listener_port == default_port:
        return host
    return host + b":%d" % (listener_port if host_port is None else host_port)
