"""The console of the instance that a command serves, and where a browser finds it. Loads what servers need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlb.console import Console

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.console.learning.learning import Lesson


class ConsoleMaker:
    """Hand it to `serve` as `extend`."""

    def __init__(self, lesson: Lesson | None = None, page: str = "") -> None:
        """`lesson` is what `simlb learn` has prepared; `page` the one that is opened, such as `learn/6`."""
        self._lesson = lesson
        self._page = page
        self._console: Console | None = None

    def __call__(self, app: App) -> Console:
        """The console, on top of an instance."""
        self._console = Console(app, self._lesson)
        return self._console

    def address(self) -> str:
        """Where a browser gets the page with the right to change things: once. The instance has to serve already."""
        assert self._console is not None
        address = self._console.entry.address()
        return f"{address}&to=/{self._page}" if self._page else address
