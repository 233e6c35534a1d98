"""Parameters and results of calls in JSON and CBOR, by the shapes of the operation.

A value of the wrong kind is a SerializationException; one that breaks a constraint a ValidationError, in the words that
all of AWS's services share. What a shape does not have is passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Never

from simlb.controlplane.query import cbor
from simlb.controlplane.query.constraints import NOT_NULL, broken, refusal, violation
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Shape
from simlb.controlplane.query.times import TIME_RULE, moment

_INTEGER_MAX = 2**31 - 1
_SHOWN_MAX = 200


def read_json(body: bytes, shape: Shape) -> dict[str, Any]:
    """The parameters in a body; none is as good as `{}`. Raises QueryError."""
    try:
        given = json.loads(body.decode() or "{}", parse_constant=_no_number)
    except (ValueError, RecursionError):  # UnicodeDecodeError is one of the first
        raise QueryError("SerializationException", "The body is not JSON in UTF-8.") from None
    return _read(given, shape)


def read_cbor(body: bytes, shape: Shape) -> dict[str, Any]:
    """The parameters in a body; none is as good as an empty map. Raises QueryError."""
    try:
        given = cbor.decode(body) if body else {}
    except cbor.CborError as error:
        raise QueryError("SerializationException", f"The body is not CBOR of a call: {error}.") from None
    return _read(given, shape)


def write_json(result: Mapping[str, Any]) -> bytes:
    """A result; times are seconds since 1970, as AWS has them."""
    return json.dumps(result, default=_seconds).encode()


def _seconds(value: object) -> float:
    assert isinstance(value, datetime), value
    return value.timestamp()


def _read(given: Any, shape: Shape) -> dict[str, Any]:
    reader = _Reader()
    values: dict[str, Any] = reader.value(given, shape, "")
    if reader.violations:
        raise refusal(reader.violations)
    return values


class _Reader:
    def __init__(self) -> None:
        self.violations: list[str] = []
        self._values = 0

    def value(self, given: Any, shape: Shape, path: str) -> Any:
        self._values += 1
        if self._values > cbor.ITEMS_MAX:
            raise QueryError("SerializationException", f"The body holds more than {cbor.ITEMS_MAX:,} values.")
        if shape.kind == "structure":
            return self._structure(given, shape, path)
        found = self._list(given, shape, path) if shape.kind == "list" else self._scalar(given, shape, path)
        if found is not None:
            for constraint in broken(found, shape):
                self.violations.append(violation(str(found)[:_SHOWN_MAX], path, constraint))
        return found

    def _structure(self, given: Any, shape: Shape, path: str) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise _wrong(path, "a structure")
        values: dict[str, Any] = {}
        for name, member in shape.members.items():
            member_path = f"{path}.{name[:1].lower()}{name[1:]}".removeprefix(".")
            held = given.get(name)
            if held is not None:
                values[name] = self.value(held, member, member_path)
            elif name in shape.required:
                self.violations.append(violation(None, member_path, NOT_NULL))
        return values

    def _list(self, given: Any, shape: Shape, path: str) -> list[Any]:
        if not isinstance(given, list):
            raise _wrong(path, "a list")
        assert shape.element is not None
        element = shape.element
        return [self.value(held, element, f"{path}.{index}.member") for index, held in enumerate(given, 1)]

    def _scalar(self, given: Any, shape: Shape, path: str) -> Any:
        if shape.kind == "string":
            return _text(given, path)
        if shape.kind == "boolean":
            if not isinstance(given, bool):
                raise _wrong(path, "true or false")
            return given
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if not is_number or (isinstance(given, float) and not math.isfinite(given)):
            raise _wrong(path, "a number")
        if shape.kind == "timestamp":
            found = moment(given)
            if found is None:
                self.violations.append(violation(str(given)[:_SHOWN_MAX], path, TIME_RULE))
            return found
        assert shape.kind == "integer", f"no operation takes a {shape.kind}"
        if given != int(given) or abs(given) > _INTEGER_MAX:
            raise _wrong(path, "an integer")
        return int(given)


def _text(given: Any, path: str) -> str:
    if not isinstance(given, str):
        raise _wrong(path, "a text")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise QueryError("SerializationException", f"{path} holds half a character.") from None
    return given


def _wrong(path: str, what: str) -> QueryError:
    return QueryError("SerializationException", f"{path or 'The body'} has to be {what}.")


def _no_number(_: str) -> Never:
    raise ValueError
