"""Parameters and results in JSON and CBOR."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simlb.controlplane.query import cbor, json_values
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Shape

_VIOLATION = "ValidationError"


def read_json(body: bytes, shape: Shape) -> dict[str, Any]:
    """The parameters in a body; none is as good as `{}`. Raises QueryError."""
    return json_values.read_json(body, shape, _VIOLATION)


def read_cbor(body: bytes, shape: Shape) -> dict[str, Any]:
    """The parameters in a body; none is as good as an empty map. Raises QueryError."""
    try:
        given = cbor.decode(body) if body else {}
    except cbor.CborError as error:
        raise QueryError("SerializationException", f"The body is not CBOR of a call: {error}.") from None
    return json_values.read_values(given, shape, _VIOLATION)


def write_json(result: Mapping[str, Any]) -> bytes:
    """A result; times are seconds since 1970, as AWS has them."""
    return json.dumps(result, default=_seconds).encode()


def _seconds(value: object) -> float:
    assert isinstance(value, datetime), value
    return value.timestamp()
