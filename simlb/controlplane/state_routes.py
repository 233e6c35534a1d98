"""What API calls and commands have made, as a whole: taken out, brought in, forgotten.

    POST   /api/v1/state/export     {"with_keys": false}
    POST   /api/v1/state/import     {"document": {...}, "replace": false}
    POST   /api/v1/state/reset

All of them need the token: a state may hold private keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec
from aiohttp import web

from simlb.controlplane.bodies import decode_body, refuse_body
from simlb.controlplane.server import takes_up_to

DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
"""Of an import: all that AWS's quotas allow is a few megabytes."""


class StateDesk(Protocol):
    """What may be done with an instance's state. Every method is called on its own loop."""

    def export(self, *, with_keys: bool) -> dict[str, Any]:
        """All of it as a document; private keys are in it only `with_keys`."""

    async def bring_in(self, document: Mapping[str, Any], *, replaces: bool) -> str:
        """Serve and keep what a document holds, all or nothing; a sentence about it.

        Raises SimlbError E814 for what is no state, E815 for one that cannot be served here, E816 when there is a state
        already and the document is not said to replace it.
        """

    async def reset(self) -> str:
        """Forget all of it; a sentence about it."""


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether private keys leave the instance."""

    with_keys: bool = False


class Import(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document of an export, and whether it takes the place of a state that is there."""

    document: dict[str, Any]
    replace: bool = False


def state_routes(desk: StateDesk) -> list[web.RouteDef]:
    """The routes, for `ControlServer`."""
    handlers = _Handlers(desk)
    return [
        web.post("/api/v1/state/export", handlers.export),
        web.post("/api/v1/state/import", takes_up_to(DOCUMENT_BYTES_MAX, handlers.bring_in)),
        web.post("/api/v1/state/reset", handlers.reset),
    ]


class _Handlers:
    def __init__(self, desk: StateDesk) -> None:
        self._desk = desk

    async def export(self, request: web.Request) -> web.Response:
        wanted = decode_body(Export, await request.read() or b"{}")
        return web.json_response(self._desk.export(with_keys=wanted.with_keys))

    async def bring_in(self, request: web.Request) -> web.Response:
        wanted = decode_body(Import, await request.read())
        return web.json_response({"message": await self._desk.bring_in(wanted.document, replaces=wanted.replace)})

    async def reset(self, request: web.Request) -> web.Response:
        refuse_body(await request.read())
        return web.json_response({"message": await self._desk.reset()})
