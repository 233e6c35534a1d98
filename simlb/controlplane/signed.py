"""Routes that AWS clients talk to: a signature stands for the token, and errors are in the words of their protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simlb.errors import SimlbError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refuse = Callable[[web.Request, int, SimlbError], web.Response]
"""How to say what the control port itself refuses: the request, the HTTP status, the message."""

BODY_BYTES_MAX = 1024 * 1024
"""Of a call. A thousand targets, which one call may register, are 70 kB."""

_MARK = "simlb_refuse"


def signed(refuse: Refuse) -> Callable[[Handler], Handler]:
    """Mark a handler: it asks for the signature by itself, and must not change anything without one in a header."""

    def mark(handler: Handler) -> Handler:
        setattr(handler, _MARK, refuse)
        return handler

    return mark


def refuse_of(handler: Any) -> Refuse | None:
    """How a marked handler refuses; None for any other."""
    refuse: Refuse | None = getattr(handler, _MARK, None)
    return refuse
