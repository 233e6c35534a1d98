"""Writes the journal of a run while it goes on: to a file, to the history that expressions read, to whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from simlb.errors import SimlbError
from simlb.scenario.history import History
from simlb.scenario.journal import Entry, encode


class Recorder:
    """One journal. What is written is in the file at once: a run that is killed leaves what has happened until then."""

    def __init__(self, path: Path | None, watch: Callable[[Entry], None]) -> None:
        """`path` None: no file. Raises SimlbError E680 when the file cannot be written."""
        self.path = path
        self.history = History()
        self.entries: list[Entry] = []
        self._watch = watch
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                # Unbuffered: every record is whole in the file as soon as it is there.
                self._file = path.open("wb", buffering=0)
            except OSError as error:
                raise SimlbError("E680", f"The journal {path} cannot be written: {error.strerror}.") from error

    def write(self, entry: Entry) -> None:
        """One more record. Raises SimlbError E680 when the file takes no more."""
        self.entries.append(entry)
        self.history.add(entry)
        if self._file is not None:
            try:
                self._file.write(encode(entry))
            except OSError as error:
                raise SimlbError("E680", f"The journal {self.path} cannot be written: {error.strerror}.") from error
        self._watch(entry)

    def mute(self) -> None:
        """Only remember from here on: file or watcher cannot go on."""
        self._watch = _ignore
        self.close()

    def close(self) -> None:
        """The journal is over. Harmless when repeated."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _ignore(entry: Entry) -> None:
    pass
