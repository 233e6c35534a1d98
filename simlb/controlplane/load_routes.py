"""Loads on the control port.

    GET    /api/v1/load            {"loads": [LoadView, ...]}: those that run and the last that have ended
    POST   /api/v1/load            start one; answers its LoadView
    DELETE /api/v1/load/{id}       stop one; answers its LoadView. Asked again, it does not wait for what is in flight

The body of a POST is a plan: `{"rate_per_s": 20, "path": "/items/{n}", "duration_s": 60}`. Its members are those of
`simlb.load.plan.LoadPlan`; without an `id` it gets one. `"uncapped": true` lifts the caps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

from simlb.controlplane.bodies import refuse_body
from simlb.controlplane.load_views import LoadView
from simlb.errors import SimlbError


class LoadDesk(Protocol):
    """The loads of an instance. Every method is called on its loop."""

    def views(self) -> Sequence[LoadView]:
        """Those that run and the last that have ended, oldest first."""

    async def start_load(self, wanted: Mapping[str, Any]) -> LoadView:
        """Start the load that the members describe. Raises SimlbError E650 to E654, E656."""

    def stop_load(self, load: str) -> LoadView:
        """Send no more; asked again, do not wait for what is in flight either. Raises SimlbError E655."""


def load_routes(desk: LoadDesk) -> list[web.RouteDef]:
    """The routes over a desk."""

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"loads": [view.to_json() for view in desk.views()]})

    async def start(request: web.Request) -> web.Response:
        return web.json_response((await desk.start_load(_members(await request.read()))).to_json())

    async def stop(request: web.Request) -> web.Response:
        refuse_body(await request.read())
        return web.json_response(desk.stop_load(request.match_info["id"]).to_json())

    return [
        web.get("/api/v1/load", listed),
        web.post("/api/v1/load", start),
        web.delete("/api/v1/load/{id}", stop),
    ]


def _members(content: bytes) -> dict[str, Any]:
    import msgspec

    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SimlbError(
            "E608", f"The body was not understood: {error}.", '→ JSON such as {"rate_per_s": 20}'
        ) from None
