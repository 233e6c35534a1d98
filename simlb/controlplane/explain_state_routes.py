"""Explanations of how things stand, on the control port.

    GET  /api/v1/explain?lang=en|ko                         what is not as it should be: {"outcome", "stories": [...]}
    GET  /api/v1/explain/status/{code}?last_s=60&lang=      the story of a status code in the last real seconds
    GET  /api/v1/explain/targets/{name}?lang=               {"stories": [...]}: one for each group the target is in
    POST /api/v1/explain/request?lang=                      {"url": "https://shop.test/img/1", "method": "GET",
                                                             "headers": [["X-Canary", "1"]], "cookies": ["a=b"],
                                                             "client_ip": "203.0.113.9", "load_balancer": "my-alb"}:
                                                            the story of a request that is not sent

Only `url` has to be given. A target's `{name}` may be its `address:port`.
"""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from aiohttp import web

from simlb.controlplane.bodies import decode_body
from simlb.controlplane.explain_routes import Language, language_asked
from simlb.errors import SimlbError

LAST_S = 60
LAST_MAX_S = 86_400
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]


class RequestBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request that is not to be sent."""

    url: _Text
    method: _Text = "GET"
    headers: list[tuple[str, str]] = msgspec.field(default_factory=list)
    cookies: list[str] = msgspec.field(default_factory=list)
    client_ip: _Text | None = None
    load_balancer: _Text | None = None


class StateDesk(Protocol):
    """Who tells how things stand, as plain values. Raises SimlbError for what is not there."""

    def overview(self, language: Language) -> dict[str, Any]:
        """What is not as it should be."""

    def status(self, status_code: int, last_s: float, language: Language) -> dict[str, Any]:
        """What there was of a status code."""

    def targets(self, name: str, language: Language) -> dict[str, Any]:
        """Why a target is in its state."""

    def request(self, wanted: RequestBody, language: Language) -> dict[str, Any]:
        """What would happen to a request."""


def state_routes(desk: StateDesk) -> list[web.RouteDef]:
    """The routes, for `ControlServer`."""

    async def overview(request: web.Request) -> web.Response:
        return web.json_response(desk.overview(language_asked(request)))

    async def status(request: web.Request) -> web.Response:
        language = language_asked(request)
        code = status_code_of(request.match_info["code"])
        return web.json_response(desk.status(code, span_of(request.query.get("last_s", str(LAST_S))), language))

    async def targets(request: web.Request) -> web.Response:
        return web.json_response(desk.targets(request.match_info["name"], language_asked(request)))

    async def dry_run(request: web.Request) -> web.Response:
        wanted = decode_body(RequestBody, await request.read())
        return web.json_response(desk.request(wanted, language_asked(request)))

    return [
        web.get("/api/v1/explain", overview),
        web.get("/api/v1/explain/status/{code}", status),
        web.get("/api/v1/explain/targets/{name}", targets),
        web.post("/api/v1/explain/request", dry_run),
    ]


def status_code_of(text: str) -> int:
    """A status code. Raises SimlbError E757."""
    if not (len(text) == 3 and text.isascii() and text.isdigit() and text[0] != "0"):
        raise SimlbError("E757", f"'{text[:16]}' is no status code.", "→ 100 to 999, such as 502")
    return int(text)


def span_of(text: str) -> float:
    """A span of real seconds. Raises SimlbError E757."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LAST_MAX_S:
        raise SimlbError(
            "E757", f"last_s={text[:16]} is outside 0-{LAST_MAX_S} s.", "→ last_s=300 looks back 5 minutes"
        )
    return seconds
