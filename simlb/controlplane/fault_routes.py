"""Faults on the control port.

    GET    /api/v1/faults                   {"faults": [FaultView, ...]}, in the order of their installation
    POST   /api/v1/faults                   {"type": "link.latency", "on": "i-02", "parameters": {"delay": "300ms"},
                                             "match": {"method": "GET", "path": "/api/*", "headers": {"X-A": "b"}},
                                             "percent": "50%", "count": 2, "every": 3, "pattern": "FFS",
                                             "for": "20s", "name": "slow", "seed": 7}: a FaultView
    DELETE /api/v1/faults/{name}            the FaultView of what is removed
    DELETE /api/v1/faults                   all of them, as GET
    GET    /api/v1/fault-types              {"fault_types": [FaultTypeView, ...]}

Only `type` has to be given; `on` may be a list. Durations need a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from aiohttp import web

from simlb.controlplane.bodies import decode_body, refuse_body
from simlb.controlplane.fault_views import FaultTypeView, FaultView

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
_Word = _Text | int | float


class MatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which requests a fault is about."""

    method: _Text | None = None
    path: _Text | None = None
    headers: dict[_Text, str] = msgspec.field(default_factory=dict)


class FaultBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault to install."""

    type: _Text
    on: _Text | list[_Text] = msgspec.field(default_factory=list)
    parameters: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
    match: MatchBody = msgspec.field(default_factory=MatchBody)
    percent: _Word | None = None
    count: int | None = None
    every: int | None = None
    pattern: _Text | None = None
    lasts: _Word | None = msgspec.field(default=None, name="for")
    name: _Text | None = None
    seed: int | None = None


class FaultDesk(Protocol):
    """Who installs, lists and removes faults. Raises SimlbError for what cannot be."""

    def faults(self) -> Sequence[FaultView]:
        """All that are installed."""

    def fault_types(self) -> Sequence[FaultTypeView]:
        """All that there are."""

    async def add_fault(self, wanted: FaultBody) -> FaultView:
        """Install one."""

    async def remove_fault(self, name: str) -> FaultView:
        """Remove one."""

    async def clear_faults(self) -> Sequence[FaultView]:
        """Remove all of them."""


def fault_routes(desk: FaultDesk) -> list[web.RouteDef]:
    """The routes, for `ControlServer`."""

    async def listed(_: web.Request) -> web.Response:
        return _listed(desk.faults())

    async def types(_: web.Request) -> web.Response:
        return web.json_response({"fault_types": [view.to_json() for view in desk.fault_types()]})

    async def add(request: web.Request) -> web.Response:
        wanted = decode_body(FaultBody, await request.read())
        return web.json_response((await desk.add_fault(wanted)).to_json())

    async def remove(request: web.Request) -> web.Response:
        refuse_body(await request.read())
        return web.json_response((await desk.remove_fault(request.match_info["name"])).to_json())

    async def clear(request: web.Request) -> web.Response:
        refuse_body(await request.read())
        return _listed(await desk.clear_faults())

    return [
        web.get("/api/v1/faults", listed),
        web.post("/api/v1/faults", add),
        web.delete("/api/v1/faults", clear),
        web.delete("/api/v1/faults/{name}", remove),
        web.get("/api/v1/fault-types", types),
    ]


def _listed(views: Sequence[FaultView]) -> web.Response:
    return web.json_response({"faults": [view.to_json() for view in views]})
