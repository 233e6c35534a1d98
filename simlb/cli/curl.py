"""A request as a curl command for a POSIX shell: whatever bytes it has, the shell takes them for nothing else.

What is not printable ASCII is written through printf: no terminal and no shell sees the bytes themselves.
"""

from __future__ import annotations

import ipaddress
import re
import shlex

from simlb.cli.replay_display import shown_line, shown_uri
from simlb.controlplane.replay_request import ReplayRequest
from simlb.controlplane.replay_views import RequestView
from simlb.core.forwarding import split_host
from simlb.core.masking import MASK
from simlb.errors import SimlbError
from simlb.wire.tables import TOKEN

CODE = "E748"
BODY_MAX_BYTES = 16 * 1024
_PRINTABLE = bytes(range(0x20, 0x7F))
_NAME = re.compile(rb"[A-Za-z0-9._-]{1,253}")
_IN_URL = re.compile(rb"/[!-~]*")
_OWN_FIELDS = (b"user-agent", b"accept")
"""What curl sends by itself unless it is told not to."""


def curl_command(view: RequestView, request: ReplayRequest, *, with_secrets: bool, verifies: bool) -> str:
    """The command, one part a line. Raises SimlbError E748 for what curl cannot send."""
    host = _url_host(view, request)
    origin = b"%s://%s:%d" % (b"https" if view.is_tls else b"http", host, view.published_port)
    parts = ["curl --http1.0" if request.version == b"HTTP/1.0" else "curl --http1.1"]
    parts.append("-g --path-as-is")
    if request.method == b"HEAD":
        parts.append("--head")
    elif request.method != (b"GET" if request.body is None else b"POST"):
        parts.append(f"-X {shell_word(request.method)}")
    parts += _way(view, host, verifies=verifies)
    parts += [
        f"-H {shell_word(line)}" for line in _header(request, host, view.published_port, with_secrets=with_secrets)
    ]
    before = ""
    if request.body is not None:
        body = request.body if with_secrets or not request.body else MASK.encode()
        if body.translate(None, _PRINTABLE + b"\n\t"):
            if len(body) > BODY_MAX_BYTES:
                raise _refused("a body of that size that is no text", "write it to a file: curl --data-binary @FILE")
            before = f"printf '{_octal(body)}' | "
            parts.append("--data-binary @-")
        else:
            parts.append(f"--data-raw {shlex.quote(body.decode('ascii'))}")
    uri = shown_uri(request.uri, with_secrets=with_secrets).encode("latin-1")
    if _IN_URL.fullmatch(uri) and b"#" not in uri:
        parts.append(shell_word(origin + uri))
    else:
        parts.append(f"--request-target {shell_word(uri)}")
        parts.append(shell_word(origin + b"/"))
    return before + " \\\n  ".join(parts)


def shell_word(data: bytes) -> str:
    """`data` as one word for a POSIX shell. Raises SimlbError E748 for a NUL, which no argument can hold."""
    if b"\0" in data:
        raise _refused("a byte 0 in its head")
    if data.translate(None, _PRINTABLE):
        return f"\"$(printf '{_octal(data)}')\""
    return shlex.quote(data.decode("ascii"))


def _octal(data: bytes) -> str:
    """`data` as printf's format, within single quotes. No hyphen: at the beginning it would be an option."""
    plain = _PRINTABLE.translate(None, b"'\\%-")
    return "".join(chr(byte) if byte in plain else "%%" if byte == 0x25 else f"\\{byte:03o}" for byte in data)


def _refused(what: str, *hints: str) -> SimlbError:
    return SimlbError(
        CODE, f"curl cannot send this request: it has {what}.", *hints, "send it from here: without --as-curl"
    )


def _url_host(view: RequestView, request: ReplayRequest) -> bytes:
    """What stands in the URL: curl asks for it by SNI, and verifies it."""
    if view.is_tls:
        name = (view.server_name or "").encode("latin-1")
        return name if _NAME.fullmatch(name) else _literal(view.address)
    hosts = request.values(b"host")
    named = split_host(hosts[0]) if hosts else None
    return named[0] if named is not None and _NAME.fullmatch(named[0]) else _literal(view.address)


def _literal(address: str) -> bytes:
    return f"[{address}]".encode() if ":" in address else address.encode()


def _way(view: RequestView, host: bytes, *, verifies: bool) -> list[str]:
    """Where to connect to, and what to trust."""
    found = []
    address = _literal(view.address).decode()
    if host.decode() != address:
        try:
            ipaddress.ip_address(host.decode())
        except ValueError:
            found.append(f"--resolve {shell_word(f'{host.decode()}:{view.published_port}:{address}'.encode())}")
        else:
            found.append(f"--connect-to {shell_word(f'::{address}:{view.published_port}'.encode())}")
    if view.is_tls and not verifies:
        found.append("--insecure")
    elif view.is_tls and view.ca_path is not None:
        found.append(f"--cacert {shell_word(view.ca_path.encode('utf-8', 'surrogateescape'))}")
    return found


def _header(request: ReplayRequest, host: bytes, port: int, *, with_secrets: bool) -> list[bytes]:
    """The arguments of -H: the client's lines, and empty ones for what curl would add."""
    given = []
    names = set()
    for line in request.lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, TOKEN):
            raise _refused("a header line that is none")
        if b"\r" in line or b"\n" in line:
            raise _refused("a line break within a header line")
        lowered = name.lower()
        if lowered == b"host" and lowered in names:
            raise _refused("two Host fields")
        names.add(lowered)
        if lowered == b"host" and value.strip() == b"%s:%d" % (host, port):
            continue
        # A field without a value is written with a semicolon; with a colon it would take curl's own away.
        given.append(shown_line(line, with_secrets=with_secrets) if value.strip() else name + b";")
    if b"host" not in names:
        given.append(b"Host:")
    given += [name.title() + b":" for name in _OWN_FIELDS if name not in names]
    if request.body is not None and b"content-type" not in names:
        given.append(b"Content-Type:")
    return given
