"""Requests of the past on the control port.

    POST /api/v1/exchanges/{ref}/request    RequestView: what it takes to send it again

`{ref}` is `last`, a number (`12`), or a trace id. It is a POST since it tells secrets: it needs the token.
"""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from simlb.controlplane.bodies import refuse_body
from simlb.controlplane.replay_views import RequestView


class ReplayDesk(Protocol):
    """The last requests of an instance. Called on its loop."""

    def request(self, ref: str) -> RequestView:
        """What it takes to send that one again. Raises SimlbError E750 and E751 for none, E746 for no request."""


def replay_routes(desk: ReplayDesk) -> list[web.RouteDef]:
    """The routes over a desk."""

    async def request(asked: web.Request) -> web.Response:
        refuse_body(await asked.read())
        return web.json_response(desk.request(asked.match_info["ref"]).to_json())

    return [web.post("/api/v1/exchanges/{ref}/request", request)]
