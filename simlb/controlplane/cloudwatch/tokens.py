"""Tokens for a further page: where it begins, and of which call. Nothing is kept for them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from simlb.controlplane.query.errors import QueryError

_TOKEN_MAX = 200


def make(place: Sequence[int], parameters: Mapping[str, Any]) -> str:
    """A token for the same call, to go on at that place."""
    return base64.urlsafe_b64encode(json.dumps([*place, _mark(parameters)]).encode()).decode()


def read(token: str, parameters: Mapping[str, Any], size: int = 1) -> list[int]:
    """The place, of `size` numbers. Raises QueryError InvalidNextToken, also for the token of another call."""
    try:
        if len(token) <= _TOKEN_MAX:
            *place, mark = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
            if len(place) == size and all(type(number) is int for number in place) and mark == _mark(parameters):
                return [max(-1, number) for number in place]
    except (ValueError, TypeError, RecursionError):  # of base64, UTF-8 and JSON
        pass
    raise QueryError("InvalidNextToken", "The NextToken is not one that this call has given.")


def _mark(parameters: Mapping[str, Any]) -> str:
    told = [(name, parameters[name]) for name in sorted(parameters) if name != "NextToken"]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
