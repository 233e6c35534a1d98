"""How a browser comes to the right to change things: `simlb console` asks for a code, the page gives it for the token.

POST /api/v1/console/codes    {"address": "http://127.0.0.1:8089/#code=..."}; needs the token
GET  /api/v1/console/token    {"token": "..."} for the code in the header X-Simlb-Code, once
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from simlb.console.codes import Codes
from simlb.controlplane.bodies import refuse_body
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App

CODE_BYTES = 24
CODE_HEADER = "X-Simlb-Code"


class Entry:
    """The way in to one instance's console."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._codes = Codes()

    def routes(self) -> Sequence[web.RouteDef]:
        """The two operations."""
        return [
            web.post("/api/v1/console/codes", self._new_code),
            web.get("/api/v1/console/token", self._token, allow_head=False),
        ]

    def address(self) -> str:
        """Where a browser gets the page with the right to change things: for one browser, for five minutes."""
        code = secrets.token_urlsafe(CODE_BYTES)
        self._codes.add(code, time.monotonic())
        return f"http://{self._app.control}/#code={code}"

    async def _new_code(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        return web.json_response({"address": self.address()})

    async def _token(self, request: web.Request) -> web.Response:
        if not self._codes.use(request.headers.get(CODE_HEADER, ""), time.monotonic()):
            raise SimlbError("E780", "This address was used already, or is too old.", "→ simlb console gives another")
        return web.json_response({"token": self._app.token})
