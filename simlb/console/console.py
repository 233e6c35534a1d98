"""The console of one instance: an extension that serves its page and the parts that the page asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from simlb.console import words
from simlb.console.direct import Direct
from simlb.console.entry import Entry
from simlb.console.files import Files
from simlb.console.live import Live

if TYPE_CHECKING:
    from simlb.app.application import App


class Console:
    """Implements `simlb.app.extension.Extension`."""

    def __init__(self, app: App) -> None:
        self.entry = Entry(app)
        self._direct = Direct(app)
        self._live = Live(app)
        self._files = Files()
        self._files.add("words.json", words.as_json())

    def routes(self) -> Sequence[web.RouteDef]:
        """The page's files, and what each of its parts asks for."""
        return [
            web.get("/console/{name:.+}", self._file),
            *self.entry.routes(),
            *self._direct.routes(),
            *self._live.routes(),
        ]

    async def front(self, request: web.Request) -> web.StreamResponse:
        """The page."""
        return self._files.answer("index.html", request)

    async def close(self) -> None:
        """Nothing runs yet that would have to end."""

    async def _file(self, request: web.Request) -> web.Response:
        return self._files.answer(request.match_info["name"], request)
