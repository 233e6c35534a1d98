"""What every open Live page asks for every few seconds, put together once a second at most, however many ask.

GET /api/v1/console/live?lang=en|ko     {"problems": [stories as of /api/v1/explain], "loads": [those that run]}

Looking through all exchanges that are kept for what is wrong takes milliseconds: thirty pages would hold up traffic.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from simlb.app.state_desk import ExplainStateDesk
from simlb.controlplane.explain_routes import Language, language_asked

if TYPE_CHECKING:
    from simlb.app.application import App

HELD_S = 1.0
"""Real seconds that an answer is good for."""


class Live:
    """The figures of one instance beside its status and its events."""

    def __init__(self, app: App, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._stories = ExplainStateDesk(app)
        self._monotonic = monotonic
        self._held: dict[Language, tuple[float, bytes]] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        """The one operation."""
        return [web.get("/api/v1/console/live", self._live, allow_head=False)]

    async def _live(self, request: web.Request) -> web.Response:
        return web.Response(body=self.body(language_asked(request)), content_type="application/json")

    def body(self, language: Language) -> bytes:
        """The answer, of HELD_S ago at most."""
        now = self._monotonic()
        made_at, body = self._held.get(language, (-HELD_S, b""))
        if not body or now - made_at >= HELD_S:
            loads = [view.to_json() for view in self._app.load.views() if not view.is_over]
            overview = self._stories.overview(language)
            body = json.dumps({"problems": overview["stories"], "loads": loads}).encode()
            self._held[language] = (now, body)
        return body
