"""A page read as a browser reads it: its elements, what it refers to, and its text."""

from __future__ import annotations

from html.parser import HTMLParser

_REFERS = frozenset({"href", "src", "srcset", "xlink:href", "action", "data", "poster", "background", "cite", "ping"})
_VOID = frozenset({"meta", "input", "br", "link", "img", "hr", "base", "col", "embed", "source"})


class Page(HTMLParser):
    """What is in a page. `open_elements` is empty when every element was closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.texts: list[str] = []
        self.open_elements: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self._element(tag, attrs)
        if tag not in _VOID:
            self.open_elements.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG without content."""
        self._element(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert self.open_elements, f"</{tag}> closes nothing"
        opened = self.open_elements.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        """Text."""
        self.texts.append(data)

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        for name, value in attrs:
            if name in _REFERS:
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    @property
    def text(self) -> str:
        """All its text."""
        return "".join(self.texts)
