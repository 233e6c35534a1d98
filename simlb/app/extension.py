"""What stands on top of an instance and answers on its control port, such as the console. The application knows no more
of it than this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aiohttp import web

    from simlb.app.application import App


class Extension(Protocol):
    """One such thing. Every method is called on the instance's loop."""

    def routes(self) -> Sequence[web.RouteDef]:
        """What it answers to; the control port's guard stands before them."""

    async def front(self, request: web.Request) -> web.StreamResponse:
        """The page at `/`, where AWS's clients send their calls to."""

    async def start(self) -> None:
        """The instance serves, and its control port is open."""

    async def close(self) -> None:
        """The instance stops: end what it has started. Called once, before the control port closes."""


Extend = Callable[["App"], Extension]
"""Makes an extension for an instance. Called before anything listens, so that imports do not hold up traffic."""

Front = Callable[["web.Request"], Awaitable["web.StreamResponse"]]
