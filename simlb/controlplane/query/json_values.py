"""Parameters and results of services that speak JSON, or what is like it, by the shapes of the operation.

A value of the wrong kind is a SerializationException; one that breaks a constraint a ValidationException, in the words
that all of AWS's services share. What a shape does not have is passed over. Times are seconds since 1970, bytes base64.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Never

from simlb.controlplane.query.constraints import NOT_NULL, below, broken, refusal, shown, violation
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Shape
from simlb.controlplane.query.times import TIME_RULE, moment

_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "structure": (dict, "a structure"),
    "map": (dict, "a map"),
    "list": (list, "a list"),
    "string": (str, "a string"),
    "blob": (str, "a string"),
    "boolean": (bool, "a boolean"),
    "integer": (int, "a number"),
    "long": (int, "a number"),
    "double": ((int, float), "a number"),
    "timestamp": ((int, float), "a number"),
}
VALUES_MAX = 50_000
"""Of one call: 500 queries of CloudWatch's with all that they may have are 40,000."""


def read_json(body: bytes, shape: Shape, violation_code: str = "ValidationException") -> dict[str, Any]:
    """The parameters in a body; none is as good as `{}`. Raises QueryError as `read_values`."""
    try:
        given = json.loads(body.decode() or "{}", parse_constant=_no_number)
    except (ValueError, RecursionError):  # UnicodeDecodeError is one of the first
        raise QueryError("SerializationException", "The body is not JSON in UTF-8.") from None
    return read_values(given, shape, violation_code)


def read_values(given: Any, shape: Shape, violation_code: str) -> dict[str, Any]:
    """The parameters in what a body holds. Raises QueryError: SerializationException, or how a service calls a value
    that breaks a constraint."""
    reader = _Reader()
    values: dict[str, Any] = reader.value(given, shape, "")
    if reader.violations:
        raise QueryError(violation_code, refusal(reader.violations).message)
    return values


def plain(value: Any, shape: Shape) -> Any:
    """A result as JSON has it. A member that the shape does not have is a bug of the operation; None is left out."""
    if shape.kind == "structure":
        assert value.keys() <= shape.members.keys(), (
            f"{shape.name} has no {sorted(value.keys() - shape.members.keys())}"
        )
        return {name: plain(held, shape.members[name]) for name, held in value.items() if held is not None}
    if shape.kind == "list":
        assert shape.element is not None
        return [plain(held, shape.element) for held in value]
    if shape.kind == "timestamp":
        assert isinstance(value, datetime)
        return round(value.timestamp(), 3)
    return value


class _Reader:
    def __init__(self) -> None:
        self.violations: list[str] = []
        self._count = 0

    def value(self, given: Any, shape: Shape, path: str) -> Any:
        self._count += 1
        if self._count > VALUES_MAX:
            raise QueryError("SerializationException", f"The body holds more than {VALUES_MAX:,} values.")
        kind, words = _TYPES[shape.kind]
        # A number of JSON is no boolean, and a boolean no number, whatever Python thinks.
        if not isinstance(given, kind) or (isinstance(given, bool) and kind is not bool):
            raise QueryError("SerializationException", f"{path or 'The body'} has to be {words}.")
        value: Any = given
        if shape.kind == "structure":
            return self._structure(value, shape, path)
        if shape.kind == "list":
            assert shape.element is not None
            element = shape.element
            value = [self.value(one, element, f"{path}.{index}.member") for index, one in enumerate(value, 1)]
        elif isinstance(given, str):
            value = self._text(given, shape, path)
        elif shape.kind == "timestamp":
            value = moment(value)
            if value is None:
                self.violations.append(violation(shown(given), path, TIME_RULE))
            return value
        self._check(value, shape, path)
        return value

    def _structure(self, given: dict[str, Any], shape: Shape, path: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, member in shape.members.items():
            held = given.get(name)
            if held is not None:
                values[name] = self.value(held, member, below(path, name))
            elif name in shape.required:
                self.violations.append(violation(None, below(path, name), NOT_NULL))
        return values

    def _text(self, given: str, shape: Shape, path: str) -> str | bytes:
        try:
            encoded = given.encode()
            return base64.b64decode(encoded, validate=True) if shape.kind == "blob" else given
        except UnicodeEncodeError:
            raise QueryError("SerializationException", f"{path} holds half a character.") from None
        except binascii.Error:
            raise QueryError("SerializationException", f"{path} has to be in base64.") from None

    def _check(self, value: Any, shape: Shape, path: str) -> None:
        for constraint in broken(value, shape):
            if shape.kind == "blob":  # nobody's private key belongs into a message
                self.violations.append(f"Value at '{path}' failed to satisfy constraint: {constraint}")
            else:
                self.violations.append(violation(shown(value), path, constraint))


def _no_number(_: str) -> Never:
    raise ValueError
