"""`simlb logs`: what was asked for, from a running instance or from files, to standard output."""

from __future__ import annotations

import itertools
import sys
import time
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from simlb.cli.log_files import is_filter, read_files
from simlb.cli.log_output import (
    CODE,
    Line,
    TableWriter,
    Write,
    chosen_columns,
    field_list,
    is_column_list,
    json_writer,
    raw_writer,
)
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.controlplane.views import LogPage
from simlb.core.log_kinds import LogKind
from simlb.errors import EXIT_FINE, SimlbError
from simlb.observe.log_fields import time_of
from simlb.observe.log_filter import Predicate, compile_filter

POLL_S = 0.3
PAGE_LINES = 1000
LINES = 20
NO_ANSWER = "E603"


@dataclass(frozen=True, slots=True)
class _Selection:
    """Which lines are wanted."""

    kind: LogKind
    predicate: Predicate | None
    since: str | None

    @property
    def is_everything(self) -> bool:
        return self.predicate is None and self.since is None

    def of(self, lines: Iterable[Line]) -> Iterator[Line]:
        """Those of `lines` that are."""
        if self.is_everything:
            yield from lines
            return
        for line in lines:
            entry = line.entry
            if self.since is not None and time_of(entry, self.kind) < self.since:
                continue
            if self.predicate is None or self.predicate(entry):
                yield line

    def is_before(self, line: Line) -> bool:
        """Whether this line, and so all before it, are too old."""
        return self.since is not None and time_of(line.entry, self.kind) < self.since


def logs(arguments: Namespace) -> int:
    """Print log lines; with `--follow` also those that come, until the instance ends."""
    _check(arguments)
    kind = _kind(arguments)
    if arguments.columns == "help":
        print(field_list(kind))
        return EXIT_FINE
    predicate = None if arguments.filter is None else compile_filter(arguments.filter, kind)
    selection = _Selection(kind, predicate, arguments.since)
    wanted: int | None = arguments.lines
    if wanted is None and not (arguments.count or arguments.since or arguments.files):
        wanted = LINES
    write = _writer(arguments, kind)
    if arguments.files:
        _from_files(arguments.files, selection, wanted, write)
    else:
        with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
            _from_instance(client, selection, wanted, write, follows=arguments.follow)
    return EXIT_FINE


def _check(arguments: Namespace) -> None:
    """Refuse what does not go together. Raises SimlbError E741."""
    if arguments.columns is not None and not is_column_list(arguments.columns):
        if arguments.filter is not None:
            raise SimlbError(CODE, "--columns: names of fields, with commas between them.", "simlb logs --columns help")
        # `simlb logs --columns 'status>=500'`: the usual columns, and a filter.
        arguments.filter, arguments.columns = arguments.columns, ""
    files: list[str] = arguments.files or []
    if len(files) > 1 and arguments.filter is None and is_filter(files[-1]):
        # `simlb logs --file access.log 'status>=500'`.
        arguments.filter = files.pop()
    for one, other in (("count", "follow"), ("count", "lines"), ("count", "columns"), ("files", "follow")):
        if _is_given(arguments, one) and _is_given(arguments, other):
            flags = {"files": "--file", "lines": "-n"}
            names = [flags.get(name, f"--{name}") for name in (one, other)]
            raise SimlbError(CODE, f"{names[0]} and {names[1]} do not go together.", "leave one of them out")


def _is_given(arguments: Namespace, name: str) -> bool:
    return getattr(arguments, name) not in (None, False)


def _kind(arguments: Namespace) -> LogKind:
    if arguments.connections:
        return LogKind.CONNECTION
    return LogKind.HEALTH_CHECK if arguments.health_checks else LogKind.ACCESS


def _writer(arguments: Namespace, kind: LogKind) -> Write:
    if arguments.count:
        return _Count(as_json=arguments.json)
    chosen = None if arguments.columns is None else chosen_columns(arguments.columns, kind)
    if arguments.json:
        return json_writer(sys.stdout, kind, chosen)
    return raw_writer(sys.stdout) if chosen is None else TableWriter(sys.stdout, chosen)


class _Count:
    """Counts in place of writing. Called once more with nothing it prints: see `_finish`."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._count = 0

    def __call__(self, lines: Sequence[Line]) -> None:
        self._count += len(lines)

    def print(self) -> None:
        """The sum."""
        print(f'{{"count": {self._count}}}' if self._as_json else self._count)


def _finish(write: Write) -> None:
    if isinstance(write, _Count):
        write.print()
    sys.stdout.flush()


# -- files -------------------------------------------------------------------------------------------------------------


def _from_files(paths: Sequence[str], selection: _Selection, wanted: int | None, write: Write) -> None:
    found = selection.of(read_files(paths, selection.kind))
    if wanted is not None:
        found = iter(deque(found, maxlen=wanted))
    is_first = True
    while (lines := list(itertools.islice(found, PAGE_LINES))) or is_first:
        write(lines)
        is_first = False
    _finish(write)


# -- a running instance ------------------------------------------------------------------------------------------------

_Page = Callable[[int, int], LogPage]


def _from_instance(
    client: ControlClient, selection: _Selection, wanted: int | None, write: Write, *, follows: bool
) -> None:
    def page(after: int, limit: int) -> LogPage:
        return client.logs(after, limit, selection.kind)

    lines, after = _last(page, selection, wanted)
    write(lines)
    _finish(write)
    try:
        while follows:
            following = page(after, PAGE_LINES)
            if following.dropped:
                print(f"simlb: {following.dropped} lines are no longer kept", file=sys.stderr)
            write(list(selection.of(_numbered(following, following.next - len(following.lines)))))
            after = following.next
            if len(following.lines) < PAGE_LINES:
                sys.stdout.flush()
                time.sleep(POLL_S)
    except SimlbError as error:
        if error.code != NO_ANSWER:
            raise
        print("simlb: the instance has stopped", file=sys.stderr)


def _last(page: _Page, selection: _Selection, wanted: int | None) -> tuple[list[Line], int]:
    """The last `wanted` lines of the selection (None: all), looking back as far as need be; what follows them."""
    at_once = PAGE_LINES
    if selection.is_everything and wanted is not None:
        at_once = min(max(wanted, 1), PAGE_LINES)
    newest = page(-at_once, at_once)
    first = newest.next - len(newest.lines)
    lines = [*_numbered(newest, first)]
    pieces: list[list[Line]] = []
    found = 0
    while lines:
        piece = [*selection.of(lines)]
        pieces.append(piece)
        found += len(piece)
        if first == 0 or (wanted is not None and found >= wanted) or selection.is_before(lines[0]):
            break
        size = min(PAGE_LINES, first)
        earlier = page(first - size, size)
        # What is no longer kept is left out at the front, and made up for at the end: that part is here already.
        start = first - size + earlier.dropped
        lines = [*_numbered(earlier, start)][: max(0, first - start)]
        first = start
    chosen = [line for piece in reversed(pieces) for line in piece]
    if wanted is not None:
        chosen = chosen[len(chosen) - wanted :] if 0 < wanted < len(chosen) else chosen if wanted else []
    return chosen, newest.next


def _numbered(page: LogPage, first: int) -> Iterator[Line]:
    return (Line(text, first + place) for place, text in enumerate(page.lines))
