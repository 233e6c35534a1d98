"""A WSGI application as a target: each request in a thread of a small pool, which ends with the load balancer."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

from simlb.testing.exchange import BodyReader, ResponseWriter
from simlb.testing.messages import Request

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

THREADS = 8
STOP_MAX_S = 2.0


class WsgiTarget:
    """Runs one application; its answers are collected, then sent."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._pool: ThreadPoolExecutor | None = None
        self._running: set[asyncio.Future[Any]] = set()

    async def start(self) -> None:
        """The threads begin with the first request."""
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="simlb-wsgi")

    async def stop(self) -> None:
        """Wait, at most 2 real seconds, for requests under way; the threads end with them."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        left: set[asyncio.Future[Any]] = set()
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=STOP_MAX_S)
        pool.shutdown(wait=not left, cancel_futures=True)

    async def serve(self, request: Request, body: BodyReader, response: ResponseWriter) -> None:
        """One request. What the application raises is raised."""
        await body.read_all()
        loop = asyncio.get_running_loop()
        assert self._pool is not None
        work = loop.run_in_executor(self._pool, self._answer, _environ(request, response))
        self._running.add(work)
        try:
            status, fields, content = await work
        finally:
            self._running.discard(work)
        if not any(name.lower() == "content-length" for name, _ in fields):
            fields.append(("Content-Length", str(len(content))))
        response.start(status, fields)
        await response.write(content, is_last=True)

    def _answer(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        status = 500
        fields: list[tuple[str, str]] = []
        content: list[bytes] = []

        def start_response(
            line: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], None]:
            nonlocal status
            status = int(line.partition(" ")[0])
            fields[:] = headers
            return content.append

        result = self._app(environ, start_response)
        try:
            content.extend(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        return status, fields, b"".join(content)


def _environ(request: Request, response: ResponseWriter) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query_string,
        "SERVER_NAME": response.server[0],
        "SERVER_PORT": str(response.server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client[0],
        "REMOTE_PORT": str(request.client[1]),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(bytes(request.body)),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name in request.headers:
        if name == "content-type":
            environ["CONTENT_TYPE"] = request.headers[name]
        elif name != "content-length":
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = request.headers[name]
    return environ
