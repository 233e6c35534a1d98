"""The console of one instance: an extension that serves its page and the parts that the page asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from simlb.console import attributes, words
from simlb.console.direct import Direct
from simlb.console.entry import Entry
from simlb.console.files import Files
from simlb.console.learning.learning import Learning, Lesson
from simlb.console.live import Live
from simlb.console.scenarios.desk import ScenarioDesk
from simlb.console.scenarios.routes import scenario_routes

if TYPE_CHECKING:
    from simlb.app.application import App


class Console:
    """Implements `simlb.app.extension.Extension`."""

    def __init__(self, app: App, lesson: Lesson | None = None) -> None:
        """`lesson` is what `simlb learn` has prepared."""
        self.entry = Entry(app)
        self._direct = Direct(app)
        self._live = Live(app)
        self.scenarios = ScenarioDesk(app.options.state_dir / "runs" / app.options.instance)
        self._files = Files()
        self._files.add("words.json", words.as_json())
        self._files.add("attributes.json", attributes.as_json())
        self._learning = Learning(app, lesson)

    def routes(self) -> Sequence[web.RouteDef]:
        """The page's files, and what each of its parts asks for."""
        return [
            *self._learning.routes(),
            web.get("/console/{name:.+}", self._file),
            *self.entry.routes(),
            *self._direct.routes(),
            *self._live.routes(),
            *scenario_routes(self.scenarios),
        ]

    async def front(self, request: web.Request) -> web.StreamResponse:
        """The page."""
        return self._files.answer("index.html", request)

    async def start(self) -> None:
        """Go on where a learner was."""
        await self._learning.start()

    async def close(self) -> None:
        """End what runs for the page."""
        await self._learning.close()
        await self.scenarios.close()

    async def _file(self, request: web.Request) -> web.Response:
        return self._files.answer(request.match_info["name"], request)
