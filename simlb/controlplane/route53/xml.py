"""XML bodies by shape: what Route 53's service model says of them, in a compact form of our own.

A shape is `str`, `int` or `bool`; a mapping of members to shapes; or a list, as a tuple of its item's name and shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simlb.controlplane.query.xml import escape
from simlb.controlplane.query.xml_tree import DEPTH_MAX as DEPTH_MAX
from simlb.controlplane.query.xml_tree import Element, parse
from simlb.controlplane.query.xml_tree import XmlError as XmlError

Shape = type | Mapping[str, Any] | tuple[str, Any]
NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def read(body: bytes, root: str, shape: Shape) -> Any:
    """The values of a document. Members that are not given are absent. Raises XmlError."""
    element = parse(body)
    if element.name != root:
        raise XmlError(f"Cannot find the declaration of element '{element.name}': '{root}' is expected")
    return _value(element, shape)


def write(root: str, shape: Shape, values: Any) -> bytes:
    """A document with these values. Members that are None or absent are left out."""
    return f'{_HEAD}<{root} xmlns="{NAMESPACE}">{"".join(_inner(shape, values))}</{root}>'.encode()


def _value(element: Element, shape: Shape) -> Any:
    if isinstance(shape, type):
        return _scalar(element, shape)
    if isinstance(shape, tuple):
        name, item = shape
        for child in element.children:
            if child.name != name:
                raise XmlError(_unexpected(child, name))
        return [_value(child, item) for child in element.children]
    values: dict[str, Any] = {}
    for child in element.children:
        if child.name not in shape or child.name in values:
            raise XmlError(_unexpected(child, *shape))
        values[child.name] = _value(child, shape[child.name])
    return values


def _unexpected(element: Element, *expected: str) -> str:
    return (
        f"Invalid content was found starting with element '{element.name}'. "
        f"One of '{', '.join(expected)}' is expected, each once"
    )


def _scalar(element: Element, kind: type) -> Any:
    text = "".join(element.text)
    if element.children:
        raise XmlError(f"Element '{element.name}' must have no element children")
    if kind is str:
        return text
    text = text.strip()
    if kind is bool:
        if text not in _BOOLEANS:
            raise XmlError(f"'{text[:40]}' is not a valid value of '{element.name}': true or false")
        return _BOOLEANS[text]
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise XmlError(f"'{text[:40]}' is not a valid value of '{element.name}': a whole number")
    return int(text)


def _inner(shape: Shape, values: Any) -> Iterator[str]:
    if isinstance(shape, type):
        yield _TEXT[shape](values)
    elif isinstance(shape, tuple):
        name, item = shape
        for value in values:
            yield f"<{name}>{''.join(_inner(item, value))}</{name}>"
    else:
        for name, member in shape.items():
            value = values.get(name)
            if value is not None:
                yield f"<{name}>{''.join(_inner(member, value))}</{name}>"


_TEXT: Mapping[type, Callable[[Any], str]] = {
    str: escape,
    int: str,
    bool: lambda value: "true" if value else "false",
}
