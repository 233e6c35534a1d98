"""Explanations on the control port.

    GET  /api/v1/explain/exchanges/{ref}?lang=en|ko     the story of a finished exchange, secrets masked
    POST /api/v1/explain/exchanges/{ref}?lang=en|ko     {"unmasked": true}: the same with what is secret

`{ref}` is `last`, a number (`12`), or a trace id.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, cast

import msgspec
from aiohttp import web

from simlb.controlplane.bodies import decode_body
from simlb.errors import SimlbError

Language = Literal["en", "ko"]
LANGUAGES = ("en", "ko")


class ExplainBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to tell it. What is secret only its owner gets to see, who has the token."""

    unmasked: bool = False


class ExplainDesk(Protocol):
    """Who tells the stories, as plain values. Raises SimlbError for what is not there to be told."""

    def exchange(self, reference: str, language: Language, *, unmasked: bool) -> dict[str, Any]:
        """That of a finished exchange: `last`, a number or a trace id."""


def explain_routes(desk: ExplainDesk) -> list[web.RouteDef]:
    """The routes, for `ControlServer`."""

    async def masked(request: web.Request) -> web.Response:
        story = desk.exchange(request.match_info["ref"], language_asked(request), unmasked=False)
        return web.json_response(story)

    async def told(request: web.Request) -> web.Response:
        wanted = decode_body(ExplainBody, await request.read())
        story = desk.exchange(request.match_info["ref"], language_asked(request), unmasked=wanted.unmasked)
        return web.json_response(story)

    return [
        web.get("/api/v1/explain/exchanges/{ref}", masked),
        web.post("/api/v1/explain/exchanges/{ref}", told),
    ]


def language_asked(request: web.Request) -> Language:
    """`en` or `ko` of `?lang=`; English when nothing is asked for. Raises SimlbError E608 for another."""
    language = request.query.get("lang", "en")
    if language not in LANGUAGES:
        raise SimlbError("E608", f"lang={language} is none of: {', '.join(LANGUAGES)}.")
    return cast("Language", language)
