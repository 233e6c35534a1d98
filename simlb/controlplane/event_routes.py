"""The stream of events on the control port, as server-sent events.

    GET /api/v1/events?types=a,b&history=N&after=SEQ&pulse=0

First what has been: the last `history` events, or with `after` (a browser's `Last-Event-ID` goes before it) all those
that are kept after that number. Then everything that happens, as it happens. docs/events.md shows every type.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Collection
from typing import Protocol

from aiohttp import web

from simlb.controlplane.event_types import known_types
from simlb.controlplane.server import ENDLESS, FIXED_HEADERS, integer
from simlb.errors import SimlbError

HISTORY_MAX = 1000
KEEP_ALIVE_S = 5.0
"""How often, in real seconds, a stream says at least something: that is how a viewer that has gone is noticed."""
RETRY_MS = 1000
SEND_BUFFER_BYTES = 128 * 1024
"""What the system holds for a viewer that does not read, beside its queue."""
_STILL_HERE = b": still here\n\n"


class EventViewer(Protocol):
    """One who looks, as the desk sees it."""

    on_last: Callable[[float], None] | None
    """Called when its last event is ready, with how many real seconds it has to take that."""

    async def next(self, patience_s: float) -> bytes | None:
        """The next events as they are sent; nothing after so many seconds without any; None when all have been."""

    def end(self) -> None:
        """No more events than it has waiting."""

    def leave(self) -> None:
        """It does not look any more."""


class EventDesk(Protocol):
    """The events of an instance. Every method is called on its loop."""

    def watch(
        self,
        *,
        types: Collection[str] | None,
        pulses: bool,
        after: int | None,
        history: int,
        is_gone: Callable[[], bool],
    ) -> EventViewer:
        """One more who looks. Raises SimlbError E770 when there are enough."""


def event_routes(desk: EventDesk) -> list[web.RouteDef]:
    """The route over a desk."""

    async def stream(request: web.Request) -> web.StreamResponse:
        viewer = desk.watch(
            types=_types(request),
            pulses=_pulse(request),
            after=_after(request),
            history=_history(request),
            is_gone=lambda: request.transport is None or request.transport.is_closing(),
        )
        return await _send(request, viewer)

    return [web.get("/api/v1/events", stream, allow_head=False)]


async def _send(request: web.Request, viewer: EventViewer) -> web.StreamResponse:
    """Everything that the viewer has, until it has no more or nobody is there."""
    response = web.StreamResponse(headers={**FIXED_HEADERS, "Content-Type": "text/event-stream"})
    response.force_close()
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def cut() -> None:
        if request.transport is not None:
            request.transport.abort()

    viewer.on_last = lambda patience_s: timers.append(loop.call_later(patience_s, cut))
    endless = request.app[ENDLESS]
    endless.add(viewer.end)
    try:
        _bound_buffer(request)
        await response.prepare(request)
        await response.write(f"retry: {RETRY_MS}\n\n".encode("ascii"))
        while (frames := await viewer.next(KEEP_ALIVE_S)) is not None:
            await response.write(frames or _STILL_HERE)
        await response.write_eof()
    except ConnectionResetError:
        pass  # nobody is there any more, which is how most streams end
    finally:
        viewer.leave()
        endless.discard(viewer.end)
        for timer in timers:
            timer.cancel()
    return response


def _bound_buffer(request: web.Request) -> None:
    sock = request.transport.get_extra_info("socket") if request.transport is not None else None
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _types(request: web.Request) -> frozenset[str] | None:
    text = request.query.get("types")
    if text is None:
        return None
    return known_types(name.strip() for name in text.split(","))


def _pulse(request: web.Request) -> bool:
    text = request.query.get("pulse", "1")
    if text not in {"0", "1"}:
        raise SimlbError("E608", f"pulse={text} is neither 0 nor 1.")
    return text == "1"


def _after(request: web.Request) -> int | None:
    text = request.headers.get("Last-Event-ID")
    if text is None:
        if "after" not in request.query:
            return None
        number = integer(request, "after", 0)
        if number < 0:
            raise SimlbError("E608", f"after={number} is below 0.")
        return number
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise SimlbError("E608", "Last-Event-ID is no number of an event.")
    return int(text)


def _history(request: web.Request) -> int:
    count = integer(request, "history", HISTORY_MAX)
    if not 0 <= count <= HISTORY_MAX:
        raise SimlbError("E608", f"history={count} is outside 0-{HISTORY_MAX}.")
    return count
