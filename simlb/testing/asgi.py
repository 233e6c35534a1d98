"""An ASGI application as a target: its lifespan, and one request of it at a time on a connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from simlb.errors import SimlbError
from simlb.testing.exchange import BodyReader, ResponseWriter
from simlb.testing.messages import Request

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Any
]

LIFESPAN_MAX_S = 10.0
_VERSIONS = {"version": "3.0", "spec_version": "2.3"}


class AsgiTarget:
    """Runs one application on the loop that it is started on."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._lifespan: asyncio.Task[None] | None = None
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._started: asyncio.Future[str | None] | None = None
        self._stopped: asyncio.Future[str | None] | None = None

    async def start(self) -> None:
        """Run the application's startup. Raises SimlbError E697 when it fails or takes more than 10 real seconds."""
        loop = asyncio.get_running_loop()
        self._to_app = asyncio.Queue()
        self._started, self._stopped = loop.create_future(), loop.create_future()
        self._lifespan = loop.create_task(self._live())
        self._to_app.put_nowait({"type": "lifespan.startup"})
        try:
            failure = await asyncio.wait_for(asyncio.shield(self._started), LIFESPAN_MAX_S)
        except TimeoutError:
            failure = f"it has not started after {LIFESPAN_MAX_S:g} s"
        if failure is not None:
            await self._end()
            raise SimlbError("E697", f"The ASGI application {_name(self._app)} did not start: {failure}.")

    async def stop(self) -> None:
        """Run its shutdown."""
        if self._stopped is None or self._lifespan is None or self._lifespan.done():
            return
        self._to_app.put_nowait({"type": "lifespan.shutdown"})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._stopped), LIFESPAN_MAX_S)
        await self._end()

    async def _end(self) -> None:
        assert self._lifespan is not None
        self._lifespan.cancel()
        await asyncio.gather(self._lifespan, return_exceptions=True)

    async def _live(self) -> None:
        assert self._started is not None
        assert self._stopped is not None
        scope = {"type": "lifespan", "asgi": _VERSIONS, "state": self._state}
        try:
            await self._app(scope, self._to_app.get, self._heard)
        except Exception as error:  # noqa: BLE001 - an application without a lifespan says so by any exception
            if self._started.done() and not self._stopped.done():
                self._stopped.set_result(repr(error))
        finally:
            for future in (self._started, self._stopped):
                if not future.done():
                    future.set_result(None)

    async def _heard(self, message: Message) -> None:
        assert self._started is not None
        assert self._stopped is not None
        kind, _, outcome = str(message["type"]).removeprefix("lifespan.").partition(".")
        future = self._started if kind == "startup" else self._stopped
        if not future.done():
            future.set_result(
                None if outcome == "complete" else str(message.get("message") or "it says that it failed")
            )

    async def serve(self, request: Request, body: BodyReader, response: ResponseWriter) -> None:
        """One request. What the application raises is raised."""

        has_all = False

        async def receive() -> Message:
            nonlocal has_all
            if has_all:
                await response.ended.wait()
                return {"type": "http.disconnect"}
            piece = await body.read()
            has_all = body.is_at_end
            return {"type": "http.request", "body": piece, "more_body": not has_all}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [
                    (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                    for name, value in message.get("headers", ())
                ]
                response.start(int(message["status"]), fields)
            elif message["type"] == "http.response.body":
                await response.write(bytes(message.get("body", b"")), is_last=not message.get("more_body", False))

        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "asgi": _VERSIONS,
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.items_as_sent
            ],
            "client": request.client,
            "server": response.server,
            "state": dict(self._state),
            "extensions": {},
        }
        await self._app(scope, receive, send)


def _name(app: object) -> str:
    return getattr(app, "__name__", type(app).__name__)
