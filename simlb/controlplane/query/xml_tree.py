"""XML documents of others as trees of elements: bounded in depth, without document types and entities of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

DEPTH_MAX = 16


class XmlError(ValueError):
    """A document that is not what it should be. The message is for people."""


class Element:
    """An element: its name without prefix, its text in pieces, its children."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str) -> None:
        self.name = name
        self.text: list[str] = []
        self.children: list[Element] = []

    def child(self, name: str) -> Element | None:
        """The first one of that name."""
        return next((child for child in self.children if child.name == name), None)


def parse(body: bytes) -> Element:
    """The root element. Raises XmlError."""
    parser = expat.ParserCreate()
    top = Element("")
    stack = [top]

    def start(name: str, _: Mapping[str, str]) -> None:
        if len(stack) > DEPTH_MAX:
            raise XmlError("The document is nested too deeply")
        element = Element(name.rpartition(":")[2])
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
