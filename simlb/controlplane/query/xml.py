"""Answers as XML, by the output shape of the operation (reference 9). Only what the shape has is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from simlb.controlplane.query.model import Model, Operation, Shape
from simlb.core.remembered import Remembered

Content = Callable[[Any], str]

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
    name, content = operation.name, _content_of(operation.output)(result)
    return (
        f'<{name}Response xmlns="{model.namespace}"><{name}Result>{content}</{name}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    ).encode()


def error_response(namespace: str, status: int, code: str, message: str, request_id: str) -> bytes:
    """The answer to a call that failed."""
    kind = "Sender" if status < SENDER_FAULTS_BELOW else "Receiver"
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _content(shape: Shape) -> Content:
    """What writes values of a shape, without the tags around them."""
    kind = shape.kind
    if kind == "string":
        return escape
    if kind == "structure":
        return _structure(shape)
    if kind == "list":
        assert shape.element is not None
        element = _content_of(shape.element)
        return lambda value: "".join([f"<member>{element(item)}</member>" for item in value])
    if kind == "map":
        assert shape.key is not None
        assert shape.value is not None
        key, held = _content_of(shape.key), _content_of(shape.value)
        return lambda value: "".join(
            [f"<entry><key>{key(name)}</key><value>{held(item)}</value></entry>" for name, item in value.items()]
        )
    return partial(_scalar, kind)


_content_of = Remembered(_content)
"""Shapes are there once and for all. Taking them apart for each value takes twice as long."""


def _structure(shape: Shape) -> Content:
    members = {name: _content_of(member) for name, member in shape.members.items()}
    place = {name: number for number, name in enumerate(members)}.__getitem__

    def content(values: Mapping[str, Any]) -> str:
        assert values.keys() <= members.keys(), f"{shape.name} has no {sorted(values.keys() - members.keys())}"
        # What is there, in the shape's order: most structures have few of their members.
        return "".join(
            [
                f"<{name}>{members[name](value)}</{name}>"
                for name in sorted(values, key=place)
                if (value := values[name]) is not None
            ]
        )

    return content


def _scalar(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        assert isinstance(value, datetime)
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return repr(float(value)) if kind == "double" else str(int(value))
