"""A target that answers with what reached it: name, process, request line, headers and body.

`GET /health` answers 200. Every other path echoes, as JSON or, to a browser, as a page. The query steers the answer:

    ?delay=250               wait 250 ms before the answer
    ?status=503              answer with that status (200-599)
    ?header=X-Color:blue     add a response header (may be repeated)
    ?chunked=1               send the body without a Content-Length
    ?size=1000000            stream that many bytes instead of the echo

A request body is read as it comes and never kept: the answer has its size, its SHA-256 and its first 4 kB.

Run it alone:  uvicorn backends.echo:app --port 9001
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

NAME = os.environ.get("SIMLB_TARGET_NAME", f"echo-{os.getpid()}")
TEXT_BYTES = 4096
BLOCK = b"0123456789abcdef" * 4096  # 64 kB, sent again and again
ADDED = {  # what a load balancer puts on a request, and why
    "x-forwarded-for": ("누가 보냈나요", "who the client is"),
    "x-forwarded-proto": ("http였나요, https였나요", "how the client connected"),
    "x-forwarded-port": ("어느 리스너 포트였나요", "to which listener port"),
    "x-amzn-trace-id": ("이 요청의 번호표", "a number for this request"),
}
PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title><link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'
 viewBox='0 0 9 9'%3E%3Ccircle cx='4.5' cy='4.5' r='4.5' fill='hsl({hue} 65%25 40%25)'/%3E%3C/svg%3E">
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:0;color:#222;background:#fafafa}}
header{{background:hsl({hue} 65% 28%);color:#fff;padding:2rem}}h1{{font-size:5rem;line-height:1;margin:0}}
main{{padding:1rem 2rem;max-width:60rem}}table{{border-collapse:collapse;width:100%}}
td{{border-top:1px solid #ddd;padding:.4rem .8rem .4rem 0;vertical-align:top}}code{{overflow-wrap:anywhere}}
small{{color:#666}}a{{color:hsl({hue} 65% 28%)}}</style>
<header><h1>{name}</h1>pid {pid} · {count}번째 요청 / request no. {count} of this target</header><main>
<p>새로 고치면 다음 대상이 대답합니다. <small>Reload, and the next target answers.</small> <a href="">↻</a></p>
<h2>로드 밸런서가 붙인 것 <small>what the load balancer added</small></h2><table>{added}</table>
<h2>요청 <small>the request</small></h2><p><code>{line}</code></p><table>{headers}</table></main></html>
"""


class BadQueryError(Exception):
    """A steering parameter that cannot be followed."""


@dataclass(slots=True)
class Body:
    """What is known of a request body after it went by."""

    size: int = 0
    sha256: str = ""
    start: bytes = b""


@dataclass(slots=True)
class Steering:
    """What the query asks of the answer."""

    delay_s: float = 0.0
    status: int = 200
    size: int | None = None
    chunked: bool = False
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


served = 0  # requests answered by this process, health checks aside


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    global served
    if scope["type"] != "http":
        return
    if scope["path"] == "/health":
        await answer(send, Steering(), b"application/json", as_json({"status": "ok", "target": NAME}))
        return
    served += 1
    try:
        steering = read_query(scope["query_string"])
    except BadQueryError as error:
        await answer(send, Steering(status=400), b"application/json", as_json({"error": str(error)}))
        return
    body = await read_body(receive)
    if body is None:
        return
    await asyncio.sleep(steering.delay_s)
    if steering.size is not None:
        await stream(send, steering, steering.size)
    elif prefers_html(scope):
        await answer(send, steering, b"text/html; charset=utf-8", page(scope).encode())
    else:
        await answer(send, steering, b"application/json", as_json(echo(scope, body)))


def read_query(query: bytes) -> Steering:
    """The steering parameters. Others are only echoed."""
    given = parse_qs(query.decode("latin-1"))
    steering = Steering(chunked=given.get("chunked", ["0"])[-1] not in ("0", ""))
    if "delay" in given:
        steering.delay_s = number(given, "delay", 3_600_000) / 1000
    if "size" in given:
        steering.size = number(given, "size", 1 << 50)
    if "status" in given:
        steering.status = number(given, "status", 599)
        if steering.status < 200:
            raise BadQueryError("status must be 200 to 599")
    for header in given.get("header", []):
        name, colon, value = header.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not value.isprintable():
            raise BadQueryError("header must be Name:value")
        steering.headers.append((name.lower().encode(), value.strip().encode("latin-1", "replace")))
    return steering


def number(given: dict[str, list[str]], name: str, maximum: int) -> int:
    """A whole number between 0 and `maximum`."""
    text = given[name][-1]
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= maximum):
        raise BadQueryError(f"{name} must be a whole number from 0 to {maximum}")
    return int(text)


async def read_body(receive: Receive) -> Body | None:
    """Read the body block by block; None when the client left before its end."""
    body = Body()
    digest = None
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        block = message.get("body", b"")
        more = message.get("more_body", False)
        if block:
            if digest is None:
                import hashlib  # only for bodies: most requests have none, and it costs 3 MB

                digest = hashlib.sha256()
            digest.update(block)
            body.size += len(block)
            if len(body.start) < TEXT_BYTES:
                body.start = (body.start + block)[:TEXT_BYTES]
    if digest is not None:
        body.sha256 = digest.hexdigest()
    return body


async def answer(send: Send, steering: Steering, content_type: bytes, body: bytes) -> None:
    """Send a whole answer. 204, 205 and 304 have no body (RFC 9110 section 6.4.1 and 15.3.6)."""
    headers = [(b"content-type", content_type), (b"x-target", NAME.encode("latin-1", "replace")), *steering.headers]
    if steering.status in (204, 205, 304):
        body = b""
    elif not steering.chunked:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": steering.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(send: Send, steering: Steering, size: int) -> None:
    """Send `size` bytes in blocks; `send` waits while the other side does not read, so memory stays flat."""
    headers = [(b"content-type", b"application/octet-stream"), *steering.headers]
    if not steering.chunked:
        headers.append((b"content-length", str(size).encode()))
    await send({"type": "http.response.start", "status": steering.status, "headers": headers})
    for offset in range(0, size, len(BLOCK)):
        await send({"type": "http.response.body", "body": BLOCK[: size - offset], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def echo(scope: Scope, body: Body) -> dict[str, Any]:
    """The request as this target saw it. ASGI hands header names over in lower case."""
    return {
        "target": NAME,
        "pid": os.getpid(),
        "requests": served,
        "method": scope["method"],
        "path": scope["raw_path"].decode("latin-1"),
        "query": scope["query_string"].decode("latin-1"),
        "http_version": scope["http_version"],
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        "body": {"size": body.size, "sha256": body.sha256, "text": body.start.decode("utf-8", "replace")},
    }


def as_json(value: dict[str, Any]) -> bytes:
    """JSON that reads well in a terminal: one member a line, one header a line."""

    def member(name: str, item: Any) -> str:
        if isinstance(item, list) and item:
            rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in item)
            return f'  "{name}": [\n{rows}\n  ]'
        return f'  "{name}": {json.dumps(item, ensure_ascii=False)}'

    return ("{\n" + ",\n".join(member(name, item) for name, item in value.items()) + "\n}\n").encode()


def prefers_html(scope: Scope) -> bool:
    """Whether this is a browser asking for a page: it names text/html first."""
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return accept.lstrip().lower().startswith(b"text/html")


def page(scope: Scope) -> str:
    """The echo for a browser: self-contained, so that one page is one request."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    added = "".join(
        f"<tr><td>{korean}<br><small>{english}</small><td><code>{name}: {html.escape(value)}</code>"
        for name, (korean, english) in ADDED.items()
        for value in [next((value for given, value in headers if given == name), "-")]
    )
    query = scope["query_string"].decode("latin-1")
    line = f"{scope['method']} {scope['raw_path'].decode('latin-1')}{'?' if query else ''}{query}"
    return PAGE.format(
        name=html.escape(NAME),
        hue=hue(NAME),
        pid=os.getpid(),
        count=served,
        added=added,
        line=html.escape(line),
        headers="".join(
            f"<tr><td>{html.escape(name)}<td><code>{html.escape(value)}</code>"
            for name, value in headers
            if name not in ADDED
        ),
    )


def hue(name: str) -> int:
    """A colour for a name, in degrees. Names that differ in their last letter are far apart (the golden angle)."""
    return int((zlib.crc32(name[:-1].encode()) + sum(name[-1:].encode()) * 137.508) % 360)
