"""Answers as XML, by the output shape of the operation (reference 9). Only what the shape has is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simlb.controlplane.query.model import Model, Operation, Shape

SENDER_FAULTS_BELOW = 500

_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_UNWRITABLE = "\N{REPLACEMENT CHARACTER}"
"""XML 1.0 has no way to write control characters, not even escaped."""


def escape(text: str) -> str:
    """`text` as character data."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], _UNWRITABLE), text)


def response(model: Model, operation: Operation, result: Mapping[str, Any], request_id: str) -> bytes:
    """The answer to a call that succeeded. A member that the shape does not have is a bug of the operation."""
    name = operation.name
    parts = [f'<{name}Response xmlns="{model.namespace}"><{name}Result>']
    _structure(parts, operation.output, result)
    parts.append(f"</{name}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>")
    parts.append(f"</{name}Response>")
    return "".join(parts).encode()


def error_response(namespace: str, status: int, code: str, message: str, request_id: str) -> bytes:
    """The answer to a call that failed."""
    kind = "Sender" if status < SENDER_FAULTS_BELOW else "Receiver"
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _structure(parts: list[str], shape: Shape, values: Mapping[str, Any]) -> None:
    members = shape.members
    assert values.keys() <= members.keys(), f"{shape.name} has no {sorted(values.keys() - members.keys())}"
    for name, member in members.items():
        value = values.get(name)
        if value is not None:
            _element(parts, name, member, value)


def _element(parts: list[str], name: str, shape: Shape, value: Any) -> None:
    kind = shape.kind
    if kind == "string":
        parts.append(f"<{name}>{escape(value)}</{name}>")
    elif kind == "structure":
        parts.append(f"<{name}>")
        _structure(parts, shape, value)
        parts.append(f"</{name}>")
    elif kind == "list":
        assert shape.element is not None
        parts.append(f"<{name}>")
        for item in value:
            _element(parts, "member", shape.element, item)
        parts.append(f"</{name}>")
    elif kind == "map":
        _map(parts, name, shape, value)
    else:
        parts.append(f"<{name}>{_scalar(kind, value)}</{name}>")


def _map(parts: list[str], name: str, shape: Shape, value: Mapping[str, Any]) -> None:
    assert shape.key is not None
    assert shape.value is not None
    parts.append(f"<{name}>")
    for key, held in value.items():
        parts.append("<entry>")
        _element(parts, "key", shape.key, key)
        _element(parts, "value", shape.value, held)
        parts.append("</entry>")
    parts.append(f"</{name}>")


def _scalar(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        assert isinstance(value, datetime)
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return repr(float(value)) if kind == "double" else str(int(value))
