"""The attributes of load balancers, target groups and listeners for the page, which makes its forms of them.

One row each of `simlb.core.attributes`: `{"key", "kind", "default", "low", "high", "choices", "supported"}`. `low` and
`high` are there for whole numbers only; `choices` are an enum's values, and of a whole number the words besides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simlb.core.attributes import (
    HTTP_LISTENER_ATTRIBUTES,
    HTTPS_LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
)

TABLES: Mapping[str, Mapping[str, Attribute]] = {
    "load_balancer": LOAD_BALANCER_ATTRIBUTES,
    "target_group": TARGET_GROUP_ATTRIBUTES,
    "http_listener": HTTP_LISTENER_ATTRIBUTES,
    "https_listener": HTTPS_LISTENER_ATTRIBUTES,
}


def as_json() -> bytes:
    """All tables by what has the attributes."""
    found = {name: [_row(row) for row in rows.values()] for name, rows in TABLES.items()}
    return json.dumps(found, separators=(",", ":")).encode()


def _row(row: Attribute) -> dict[str, Any]:
    bounds = {"low": row.low, "high": row.high} if row.kind == "int" else {}
    choices = ["true", "false"] if row.kind == "bool" else list(row.choices)
    return {
        "key": row.key,
        "kind": row.kind,
        "default": row.default,
        **bounds,
        "choices": choices,
        "supported": row.supported,
    }
