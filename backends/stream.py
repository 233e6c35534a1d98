"""A target for everything that is not one request and one short answer.

    GET  /sse?count=0&interval=1000       server-sent events, `interval` ms apart (count 0: until the client leaves)
    GET  /chunks?count=5&interval=200     a line of text at a time, in a chunked answer
    GET  /large?bytes=1000000             that many bytes, with a Content-Length
    POST /upload                          reads a body of any size; answers its size and SHA-256
    WS   /ws                              a WebSocket that sends every message back, text and binary
    GET  /                                a page that uses them        GET /health    200

Run it alone:  uvicorn backends.stream:app --port 9003
"""

from __future__ import annotations

import asyncio
import html
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

NAME = os.environ.get("SIMLB_TARGET_NAME", f"stream-{os.getpid()}")
BLOCK = b"0123456789abcdef" * 4096  # 64 kB, sent again and again
PAGE = """<!doctype html><html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>NAME</title><link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;max-width:60rem}pre{background:#f3f3f3;padding:1rem;
max-height:16rem;overflow:auto}small{color:#666}</style>
<h1>NAME</h1><p>끊기지 않는 연결들을 눌러 보세요. <small>Connections that stay open: press a button.</small></p>
<p><button id="sse">SSE</button> <button id="chunks">chunks</button> <button id="large">large (10 MB)</button>
<button id="upload">upload (10 MB)</button> <button id="ws">WebSocket</button> <button id="stop">■</button></p>
<pre></pre>
<script>
const out = document.querySelector("pre"), say = t => { out.textContent += t + "\\n"; out.scrollTop = 1e9; };
let stop = () => {};
const on = (id, start) => document.getElementById(id).onclick = () => { stop(); stop = () => {}; start(); };
on("sse", () => { const s = new EventSource("sse"); stop = () => s.close(); s.onmessage = e => say("sse " + e.data);
  s.onerror = () => say("sse: 끊겼습니다 / lost, the browser tries again"); });
on("chunks", async () => { const r = (await fetch("chunks")).body.pipeThrough(new TextDecoderStream()).getReader();
  for (let b; !(b = await r.read()).done;) say(b.value.trimEnd()); });
on("large", async () => { const t = performance.now(), b = await (await fetch("large?bytes=10000000")).arrayBuffer();
  say(b.byteLength + " bytes, " + Math.round(performance.now() - t) + " ms"); });
on("upload", async () => say(await (await fetch("upload", {method: "POST", body: new Uint8Array(1e7)})).text()));
on("ws", () => { const w = new WebSocket(location.href.replace(/^http/, "ws").replace(/[^/]*$/, "ws")); let n = 0, t;
  w.onopen = () => { t = setInterval(() => w.send("ping " + ++n), 500); };
  w.onmessage = e => say("ws " + e.data); w.onclose = e => { clearInterval(t); say("ws: closed " + e.code); };
  stop = () => w.close(); });
on("stop", () => {});
</script></html>
"""


class BadQueryError(Exception):
    """A parameter that is not a whole number in its range."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "websocket":
        await websocket(scope, receive, send)
    if scope["type"] != "http":
        return
    try:
        await route(scope, receive, send)
    except BadQueryError as error:
        await answer(send, 400, b"text/plain", f"{error}\n".encode())


async def route(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer of each path."""
    path = scope["path"]
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if path == "/health":
        await answer(send, 200, b"application/json", json.dumps({"status": "ok", "target": NAME}).encode() + b"\n")
    elif path == "/":
        await answer(send, 200, b"text/html; charset=utf-8", PAGE.replace("NAME", html.escape(NAME)).encode())
    elif path == "/sse":
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        ticks = every(receive, number(query, "count", 0), number(query, "interval", 1000))
        await stream(send, headers, (f"id: {n}\ndata: {NAME} {n}\n\n".encode() async for n in ticks))
    elif path == "/chunks":
        ticks = every(receive, number(query, "count", 5), number(query, "interval", 200))
        await stream(send, [(b"content-type", b"text/plain")], (f"{NAME} {n}\n".encode() async for n in ticks))
    elif path == "/large":
        size = number(query, "bytes", 1_000_000)
        headers = [(b"content-type", b"application/octet-stream"), (b"content-length", str(size).encode())]
        await stream(send, headers, blocks(size))
    elif path == "/upload":
        await upload(receive, send)
    else:
        await answer(send, 404, b"text/plain", b"There is /, /sse, /chunks, /large, /upload, /ws and /health.\n")


def number(query: dict[str, list[str]], name: str, default: int) -> int:
    """A whole number of at most 15 digits."""
    text = query.get(name, [str(default)])[-1]
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise BadQueryError(f"{name} must be a whole number of at most 15 digits")
    return int(text)


async def every(receive: Receive, count: int, interval_ms: int) -> AsyncIterator[int]:
    """1, 2, 3 ... to `count` (0: without end), `interval_ms` apart, until the client leaves."""
    left = asyncio.ensure_future(disconnected(receive))
    try:
        n = 0
        while not left.done():
            n += 1
            yield n
            if n == count:
                return
            await asyncio.wait({left}, timeout=interval_ms / 1000)
    finally:
        left.cancel()


async def disconnected(receive: Receive) -> None:
    """Returns when the client has closed its connection. A body is read and ignored."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def blocks(size: int) -> AsyncIterator[bytes]:
    """`size` bytes, none of them new."""
    for offset in range(0, size, len(BLOCK)):
        yield BLOCK[: size - offset]


async def upload(receive: Receive, send: Send) -> None:
    """Count a body and take its SHA-256 without keeping it."""
    import hashlib  # 3 MB that only this path needs

    digest = hashlib.sha256()
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        block = message.get("body", b"")
        digest.update(block)
        size += len(block)
        more = message.get("more_body", False)
    body = json.dumps({"target": NAME, "size": size, "sha256": digest.hexdigest()}).encode() + b"\n"
    await answer(send, 200, b"application/json", body)


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Send every message back as it came."""
    await receive()  # websocket.connect
    if scope["path"] != "/ws":
        await send({"type": "websocket.close"})  # before the handshake: the client sees 403
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})


async def stream(send: Send, headers: list[tuple[bytes, bytes]], parts: AsyncIterator[bytes]) -> None:
    """Send parts as they come; `send` waits while the other side does not read, so memory stays flat."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    """Send a whole answer."""
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
