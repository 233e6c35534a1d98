"""Log files read without a running instance: single ones, or whole folders in S3 layout, in the order of time."""

from __future__ import annotations

import gzip
import heapq
import sys
import zlib
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from simlb.cli.log_output import Line
from simlb.cli.terminal import printable
from simlb.controlplane.words import counted
from simlb.core.log_kinds import LogKind
from simlb.errors import SimlbError
from simlb.observe.log_fields import Entry, is_line, split, time_of

CODE = "E742"
LINE_MAX_BYTES = 1024 * 1024
_SUFFIXES = (".log", ".log.gz")
_BEGINNINGS = {
    LogKind.CONNECTION: ("conn_log_", "connection-"),
    LogKind.HEALTH_CHECK: ("health_check_log_", "health_check-"),
}
_FLAGS = {LogKind.CONNECTION: " --connections", LogKind.HEALTH_CHECK: " --health-checks", LogKind.ACCESS: ""}


def read_files(paths: Sequence[str], kind: LogKind) -> Iterator[Line]:
    """The lines of that log in all these files and folders, oldest first.

    Raises SimlbError E742 for what cannot be read. What is no line of that log is passed over, and counted on standard
    error; so is a compressed file that ends too early (a crash): its beginning is read.
    """
    files = [_File(path, kind) for path in _found(paths, kind)]
    yield from _merged(sorted((file for file in files if file.first), key=lambda file: (file.first, str(file.path))))
    for file in files:
        file.complain()


def _found(paths: Sequence[str], kind: LogKind) -> list[Path]:
    found: dict[Path, None] = {}
    for text in paths:
        path = Path(text)
        if path.is_dir():
            inside = [inner for inner in sorted(path.rglob("*")) if inner.name.endswith(_SUFFIXES) and inner.is_file()]
            chosen = [inner for inner in inside if _kind_of(inner) is kind]
            if not chosen:
                there = f"{counted(len(inside), 'file')} of other logs" if inside else "no .log and no .log.gz file"
                raise SimlbError(CODE, f"{printable(text)} holds no {_words(kind)}-log file: {there}.")
            found.update(dict.fromkeys(chosen))
        elif not path.exists():
            hints = ["a filter stands in front of --file: simlb logs FILTER --file PATH"] if is_filter(text) else []
            raise SimlbError(CODE, f"There is no file or folder {printable(text)}.", *hints)
        elif _kind_of(path) is not kind and _kind_of(path) is not LogKind.ACCESS:
            other = _kind_of(path)
            raise SimlbError(
                CODE,
                f"{printable(text)} is of the {_words(other)} log by its name.",
                f"read it with{_FLAGS[other]}",
            )
        else:
            found[path] = None
    return list(found)


def is_filter(text: str) -> bool:
    """Whether what stands among paths is no path, and looks like a filter."""
    return any(sign in text for sign in "=<>~ ") and not Path(text).exists()


def _words(kind: LogKind) -> str:
    return kind.replace("_", "-")


def _kind_of(path: Path) -> LogKind:
    """Which log a file is of, by its name in S3 (reference 7.2, 7.3), or while it is still being written."""
    for kind, beginnings in _BEGINNINGS.items():
        if path.name.startswith(beginnings):
            return kind
    return LogKind.ACCESS


class _File:
    """One file. `first` is the time of its first line, empty when it has none."""

    def __init__(self, path: Path, kind: LogKind) -> None:
        self.path = path
        self._kind = kind
        self._passed_over = 0
        self._ends_early = False
        self.first = ""
        lines = self.lines()
        for time, _ in lines:
            self.first = time
            break
        lines.close()
        self._passed_over = 0

    def lines(self) -> Generator[tuple[str, Line], None, None]:
        """Its lines with their times. Opened when the first is asked for."""
        try:
            with self.path.open("rb") as file:
                is_compressed = file.read(2) == b"\x1f\x8b"
                file.seek(0)
                if is_compressed:
                    with gzip.open(file) as plain:
                        yield from self._read(cast("BinaryIO", plain))
                else:
                    yield from self._read(file)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self._ends_early = True
        except OSError as error:
            raise SimlbError(CODE, f"{printable(str(self.path))} cannot be read: {error.strerror or error}.") from None

    def _read(self, file: BinaryIO) -> Iterator[tuple[str, Line]]:
        while data := file.readline(LINE_MAX_BYTES):
            text = data.decode("utf-8", "backslashreplace").rstrip("\r\n")
            if is_line(text, self._kind):
                yield time_of(Entry(split(text[:300])), self._kind), Line(text)
            elif text:
                self._passed_over += 1

    def complain(self) -> None:
        """Say what was not read, on standard error."""
        name = printable(str(self.path))
        if self._ends_early:
            print(f"simlb: {name}: the compressed data ends too early or is damaged", file=sys.stderr)
        if self._passed_over:
            what = f"{counted(self._passed_over, 'line')} that the {_words(self._kind)} log does not have"
            print(f"simlb: {name}: passed over {what}", file=sys.stderr)


def _merged(files: Sequence[_File]) -> Iterator[Line]:
    """All lines by time; those of one file stay in their order. Only files whose times overlap are open together."""
    waiting = list(reversed(files))
    heap: list[tuple[str, int, Line, Iterator[tuple[str, Line]]]] = []
    opened = 0
    while waiting or heap:
        while waiting and (not heap or waiting[-1].first <= heap[0][0]):
            _push(heap, opened, waiting.pop().lines())
            opened += 1
        if heap:
            _, place, line, rest = heapq.heappop(heap)
            yield line
            _push(heap, place, rest)


def _push(
    heap: list[tuple[str, int, Line, Iterator[tuple[str, Line]]]], place: int, rest: Iterator[tuple[str, Line]]
) -> None:
    following = next(rest, None)
    if following is not None:
        heapq.heappush(heap, (following[0], place, following[1], rest))
