"""Parameters of a call, from `Actions.member.1.Type=forward` to nested values, by the input shape of the operation.

Lists are in the order of their indices, gaps are closed up. What the shape does not have is passed over, as AWS does.
Whatever has the wrong structure is MalformedInput; a value that breaks a constraint is a ValidationError (reference
9.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from simlb.controlplane.query.constraints import NOT_NULL, below, broken, refusal, shown, violation
from simlb.controlplane.query.errors import QueryError
from simlb.controlplane.query.model import Shape
from simlb.controlplane.query.times import parse_time

PARAMETERS_MAX = 5000
"""Of one call: a thousand targets have four each. Reading them takes its time."""

DEPTH_MAX = 16
"""Names with more dots belong to no shape."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,3})?")
_INTEGER_MAX = 2**31 - 1
_LONG_MAX = 2**63 - 1

_OWN = ""
"""Under this name a node keeps its own value; no part of a parameter's name is empty."""


def read_form(text: str) -> dict[str, str]:
    """The parameters of a form-encoded text. Raises QueryError MalformedQueryString."""
    if not text:
        return {}
    try:
        text.encode()  # what came over the wire undecoded may hold lone surrogates
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except UnicodeError:
        raise QueryError("MalformedQueryString", "The parameters are not UTF-8.") from None
    except ValueError:
        raise QueryError(
            "MalformedQueryString", f"There are more than {PARAMETERS_MAX} parameters in one call."
        ) from None
    return merged(pairs)


def merged(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """By their names. Raises QueryError MalformedQueryString for a name that occurs twice."""
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise QueryError("MalformedQueryString", f"The parameter '{twice}' occurs more than once.")
    return parameters


def read_parameters(parameters: dict[str, str], shape: Shape) -> dict[str, Any]:
    """The values of a call. Raises QueryError MalformedInput, or ValidationError with everything that is wrong."""
    reader = _Reader()
    values: dict[str, Any] = reader.structure(_tree(parameters), shape, "")
    if reader.violations:
        raise refusal(reader.violations)
    return values


Node = dict[str, Any]


def _tree(parameters: dict[str, str]) -> Node:
    root: Node = {}
    for name, value in parameters.items():
        parts = name.split(".", DEPTH_MAX)
        if len(parts) > DEPTH_MAX or "" in parts:
            continue
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[_OWN] = value
    return root


class _Reader:
    def __init__(self) -> None:
        self.violations: list[str] = []

    def value(self, node: Node, shape: Shape, path: str) -> Any:
        if shape.kind == "structure":
            return self.structure(node, shape, path)
        if shape.kind == "list":
            found: Any = [
                self.value(child, _known(shape.element), f"{path}.{index}.member")
                for index, child in enumerate(_numbered(node, "member", path), 1)
            ]
        elif shape.kind == "map":
            found = self.map(node, shape, path)
        else:
            return self.scalar(node, shape, path)
        self._check(found, shape, path)
        return found

    def structure(self, node: Node, shape: Shape, path: str) -> dict[str, Any]:
        if node.get(_OWN):
            raise _malformed(path, "a structure is expected, not a value")
        values: dict[str, Any] = {}
        for name, member in shape.members.items():
            child = node.get(name)
            if child is not None:
                values[name] = self.value(child, member, below(path, name))
            elif name in shape.required:
                self.violations.append(violation(None, below(path, name), NOT_NULL))
        return values

    def map(self, node: Node, shape: Shape, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for index, entry in enumerate(_numbered(node, "entry", path), 1):
            place = f"{path}.{index}.entry"
            if _OWN in entry or not {"key", "value"} <= set(entry):
                raise _malformed(place, "a key and a value are expected")
            key = self.value(entry["key"], _known(shape.key), f"{place}.key")
            if key in found:
                raise _malformed(place, "this key is there already")
            found[key] = self.value(entry["value"], _known(shape.value), f"{place}.value")
        return found

    def scalar(self, node: Node, shape: Shape, path: str) -> Any:
        if len(node) != 1 or _OWN not in node:
            raise _malformed(path, "a value is expected, not a list or a structure")
        text: str = node[_OWN]
        try:
            found = _CONVERSIONS[shape.kind](text)
        except ValueError as error:
            self.violations.append(violation(text, path, str(error)))
            return None
        self._check(found, shape, path)
        return found

    def _check(self, value: Any, shape: Shape, path: str) -> None:
        for constraint in broken(value, shape):
            self.violations.append(violation(shown(value), path, constraint))


def _numbered(node: Node, word: str, path: str) -> Iterator[Node]:
    """What is at `.member.1`, `.member.2` ..., by the numbers. An empty value is an empty list."""
    if node.get(_OWN):
        raise _malformed(path, f"a list is expected, such as {path or 'X'}.{word}.1")
    if unknown := set(node) - {_OWN, word}:
        raise _malformed(path, f"'{min(unknown)}' stands where '{word}' is expected")
    held: Node = node.get(word, {})
    if held and _OWN in node:
        raise _malformed(path, "it is both an empty value and a list")
    if wrong := [index for index in held if _INDEX.fullmatch(index) is None]:
        raise _malformed(path, f"'{wrong[0]}' stands where a number is expected")
    for index in sorted(held, key=int):
        yield held[index]


def _integer(text: str, most: int, what: str) -> int:
    if _INTEGER.fullmatch(text) is None or not -most <= int(text) <= most:
        raise ValueError(f"Member must be {what}")
    return int(text)


def _double(text: str) -> float:
    if _DOUBLE.fullmatch(text) is None:
        raise ValueError("Member must be a number")
    return float(text)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("Member must be a boolean: true or false")
    return text.lower() == "true"


_CONVERSIONS: dict[str, Any] = {
    "string": str,
    "integer": lambda text: _integer(text, _INTEGER_MAX, "an integer"),
    "long": lambda text: _integer(text, _LONG_MAX, "a long integer"),
    "double": _double,
    "boolean": _boolean,
    "timestamp": parse_time,
}


def _known(shape: Shape | None) -> Shape:
    assert shape is not None
    return shape


def _malformed(path: str, what: str) -> QueryError:
    return QueryError("MalformedInput", f"The parameter '{path}' cannot be read: {what}.")
