"""The service model as simlb keeps it: operations, the shapes of what they take and give, error codes (reference 9.1).

`elbv2.json` is generated: `make models`, see codegen/elbv2.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["structure", "list", "map", "string", "integer", "long", "double", "boolean", "timestamp", "blob"]


@dataclass(slots=True)
class Shape:
    """What a value looks like. `low` and `high` bound a number, or the length of a string, list or map.

    `members` are a structure's, `element` a list's, `key` and `value` a map's.
    """

    name: str
    kind: Kind
    members: dict[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    element: Shape | None = None
    key: Shape | None = None
    value: Shape | None = None
    enum: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with the shapes of its parameters and its result, and the error codes that the model names."""

    name: str
    input: Shape
    output: Shape
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A service that speaks the Query protocol. `errors` holds the HTTP status of each modelled code."""

    service: str
    version: str
    namespace: str
    operations: Mapping[str, Operation]
    errors: Mapping[str, int]

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Model:
        """Read a table as codegen/elbv2.py makes it."""
        shapes = {name: _shape(name, row) for name, row in table["shapes"].items()}
        for name, row in table["shapes"].items():
            shape = shapes[name]
            shape.members = {member: shapes[target] for member, target in row.get("members", {}).items()}
            shape.element, shape.key, shape.value = (
                shapes[row[part]] if part in row else None for part in ("member", "key", "value")
            )
        operations = {
            name: Operation(name, shapes[row["input"]], shapes[row["output"]], tuple(row["errors"]))
            for name, row in table["operations"].items()
        }
        return cls(table["service"], table["version"], table["namespace"], operations, table["errors"])


@cache
def elbv2() -> Model:
    """The elbv2 API of 2015-12-01. The first call reads its file: a few milliseconds."""
    return Model.of(json.loads((Path(__file__).parent / "elbv2.json").read_text(encoding="utf-8")))


def _shape(name: str, row: Mapping[str, Any]) -> Shape:
    return Shape(
        name,
        row["type"],
        required=tuple(row.get("required", ())),
        enum=tuple(row.get("enum", ())),
        low=row.get("min"),
        high=row.get("max"),
        pattern=row.get("pattern"),
    )
