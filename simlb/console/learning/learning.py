"""The course on one instance: its content, what has been seen of it, and what the page asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from simlb.console.learning import course

if TYPE_CHECKING:
    from simlb.app.application import App


class Learning:
    """Part of the console."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._course: bytes | None = None

    def routes(self) -> Sequence[web.RouteDef]:
        """What the page asks for."""
        return [web.get("/console/course.json", self._content)]

    async def close(self) -> None:
        """Nothing runs yet that would have to end."""

    async def _content(self, _: web.Request) -> web.Response:
        # Read by whoever looks first, and not by every instance's start.
        if self._course is None:
            self._course = await asyncio.to_thread(lambda: course.as_json(course.read()))
        return web.Response(body=self._course, content_type="application/json")
