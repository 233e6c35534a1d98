"""Parameters of a call of EC2, from `Filter.1.Value.1=x` to nested values. Lists have no `.member`.

A shape is written as plain Python: `str`, `int`, `bool`, `[shape]` for a list, a dictionary for a structure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simlb.controlplane.query.errors import QueryError

Shape = Any

DEPTH_MAX = 8
"""Names with more dots belong to no shape."""

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_OWN = ""
"""Under this name a node keeps its own value; no part of a parameter's name is empty."""

_IGNORED = {"Action", "Version", "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"}


def read_parameters(operation: str, given: Mapping[str, str], shape: Mapping[str, Shape]) -> dict[str, Any]:
    """The values of a call. Raises QueryError UnknownParameter or InvalidParameterValue.

    A parameter that the shape does not have is refused: whoever gave it meant something by it.
    """
    root: dict[str, Any] = {}
    for name, value in given.items():
        if name in _IGNORED or name.startswith("X-Amz-"):
            continue
        parts = name.split(".", DEPTH_MAX)
        if len(parts) > DEPTH_MAX or "" in parts:
            raise _unknown(operation, name)
        node = root
        for part in parts:
            node = node.setdefault(part, {})
        node[_OWN] = value
    values: dict[str, Any] = _read(operation, root, dict(shape), "")
    return values


def _read(operation: str, node: dict[str, Any], shape: Shape, path: str) -> Any:
    if isinstance(shape, dict):
        found = {}
        for name, child in node.items():
            here = f"{path}.{name}" if path else name
            if name not in shape:
                raise _unknown(operation, here if name else path)
            found[name] = _read(operation, child, shape[name], here)
        return found
    if isinstance(shape, list):
        if wrong := [index for index in node if _INDEX.fullmatch(index) is None]:
            if node == {_OWN: ""}:
                return []  # an empty list
            raise _unknown(operation, f"{path}.{wrong[0]}" if wrong[0] else path)
        return [_read(operation, node[index], shape[0], f"{path}.{index}") for index in sorted(node, key=int)]
    if node.keys() != {_OWN}:
        raise _unknown(operation, f"{path}.{next(name for name in node if name)}")
    return _scalar(node[_OWN], shape, path)


def _scalar(text: str, shape: Shape, path: str) -> Any:
    if shape is int:
        if _INTEGER.fullmatch(text) is None:
            raise QueryError("InvalidParameterValue", f"Invalid value '{text}' for {path}. Must be an integer.")
        return int(text)
    if shape is bool:
        if text.lower() not in {"true", "false"}:
            raise QueryError("InvalidParameterValue", f"Invalid value '{text}' for {path}. Must be true or false.")
        return text.lower() == "true"
    return text


def _unknown(operation: str, name: str) -> QueryError:
    return QueryError("UnknownParameter", f"The parameter {name} is not recognized by simlb for {operation}")
