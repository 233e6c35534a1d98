"""XML bodies by shape: what Route 53's service model says of them, in a compact form of our own.

A shape is `str`, `int` or `bool`; a mapping of members to shapes; or a list, as a tuple of its item's name and shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

from simlb.controlplane.query.xml import escape

Shape = type | Mapping[str, Any] | tuple[str, Any]
NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
DEPTH_MAX = 16
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class XmlError(ValueError):
    """A body that is not what its shape says. The message is for people."""


class _Element:
    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text: list[str] = []
        self.children: list[_Element] = []


def read(body: bytes, root: str, shape: Shape) -> Any:
    """The values of a document. Members that are not given are absent. Raises XmlError."""
    element = _parse(body)
    if element.name != root:
        raise XmlError(f"Cannot find the declaration of element '{element.name}': '{root}' is expected")
    return _value(element, shape)


def write(root: str, shape: Shape, values: Any) -> bytes:
    """A document with these values. Members that are None or absent are left out."""
    return f'{_HEAD}<{root} xmlns="{NAMESPACE}">{"".join(_inner(shape, values))}</{root}>'.encode()


def _parse(body: bytes) -> _Element:
    parser = expat.ParserCreate()
    top = _Element("")
    stack = [top]

    def start(name: str, _: Mapping[str, str]) -> None:
        if len(stack) > DEPTH_MAX:
            raise XmlError("The document is nested too deeply")
        element = _Element(name.rpartition(":")[2])
        stack[-1].children.append(element)
        stack.append(element)

    def refuse(*_: Any) -> None:
        raise XmlError("A document type declaration is not allowed")

    def text(data: str) -> None:
        stack[-1].text.append(data)

    def end(_: str) -> None:
        stack.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, XmlError):
            raise
        raise XmlError(f"The document cannot be read: {error}") from None
    return top.children[0]


def _value(element: _Element, shape: Shape) -> Any:
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


def _unexpected(element: _Element, *expected: str) -> str:
    return (
        f"Invalid content was found starting with element '{element.name}'. "
        f"One of '{', '.join(expected)}' is expected, each once"
    )


def _scalar(element: _Element, kind: type) -> Any:
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
