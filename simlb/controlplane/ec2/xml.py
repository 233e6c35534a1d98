"""Answers of EC2 as XML. Results are dictionaries by the elements' names, lists become `<item>` elements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simlb.controlplane.query.xml import escape
from simlb.controlplane.query.xml_tree import Element, parse

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


def response(operation: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """The answer to a call that succeeded. Members that are None are left out."""
    parts = [f'<{operation}Response xmlns="{NAMESPACE}"><requestId>{request_id}</requestId>']
    _members(parts, result)
    parts.append(f"</{operation}Response>")
    return "".join(parts).encode()


def error_response(code: str, message: str, request_id: str) -> bytes:
    """The answer to a call that failed."""
    return (
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    ).encode()


def items(body: bytes, member: str) -> list[Any]:
    """The items of a list of somebody else's answer, as results are here. Raises XmlError."""
    found = parse(body).child(member)
    return [] if found is None else [_plain(child) for child in found.children]


def _plain(element: Element) -> Any:
    if not element.children:
        return "".join(element.text)
    if all(child.name == "item" for child in element.children):
        return [_plain(child) for child in element.children]
    return {child.name: _plain(child) for child in element.children}


def _members(parts: list[str], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value is not None:
            _element(parts, name, value)


def _element(parts: list[str], name: str, value: Any) -> None:
    parts.append(f"<{name}>")
    if isinstance(value, Mapping):
        _members(parts, value)
    elif isinstance(value, list | tuple):
        for item in value:
            _element(parts, "item", item)
    else:
        parts.append(_scalar(value))
    parts.append(f"</{name}>")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return escape(str(value))
