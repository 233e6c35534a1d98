"""The access-log file: lines of finished exchanges, appended a batch at a time.

A full disk or a vanished folder loses lines of the file, never a request; it is said once, and again when writing works
again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from simlb.core.events import Notice
from simlb.observe.recorder import Batch


class AccessLog:
    """Takes batches from the recorder. One per instance."""

    def __init__(self, notify: Callable[[Notice], None]) -> None:
        self._notify = notify
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._lost = 0
        self._is_torn = False
        self.written = 0
        """Lines in the file since the start."""
        self.lost = 0
        """Lines that could not be written."""

    def write_to(self, path: Path | None) -> None:
        """Append lines to a file from now on; None ends that."""
        if path != self._path:
            self._close_file()
            self._path = path

    def take(self, batch: Batch) -> None:
        """A batch is over."""
        if self._path is not None:
            self.written += len(batch.records) - self._append(self._path, batch.text)

    def close(self) -> None:
        """Close the file."""
        self._close_file()

    # -- the file ------------------------------------------------------------------------------------------------------

    def _append(self, path: Path, left: bytes) -> int:
        """Write; how many lines were lost."""
        try:
            descriptor = self._open(path)
            if self._is_torn:
                # The disk was full in the middle of a line: what comes now is not its continuation.
                os.write(descriptor, b"\n")
                self._is_torn = False
            while left:
                written = os.write(descriptor, left)
                self._is_torn = left[written - 1 : written] != b"\n"
                left = left[written:]
        except OSError as error:
            self._close_file()
            count = left.count(b"\n")
            if not self._lost:
                self._notify(
                    Notice(
                        level="error",
                        code="E713",
                        text=f"The access log {path} cannot be written: {error.strerror or error}.",
                        notes=("Traffic goes on; lines are missing in the file until this is mended.",),
                    )
                )
            self._lost += count
            self.lost += count
            return count
        if self._lost:
            text = f"The access log {path} is written again; {self._lost} lines are missing in it."
            self._notify(Notice(level="warning", text=text))
            self._lost = 0
        return 0

    def _open(self, path: Path) -> int:
        """The open file, opened anew when it or its folder was removed or replaced (a rotation) behind our back."""
        if self._descriptor is not None:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(self._descriptor)):
                    return self._descriptor
            self._close_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        if os.fstat(self._descriptor).st_size == 0:
            self._is_torn = False
        return self._descriptor

    def _close_file(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
