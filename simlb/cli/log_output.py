"""How log lines are printed: as they are, as JSON, or as a table. Nothing a client sent reaches a terminal raw."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from simlb.cli.terminal import Style, columns, line_width, printable
from simlb.core.log_kinds import LogKind
from simlb.errors import SimlbError
from simlb.observe.log_fields import (
    COLUMNS,
    SHORT_NAMES,
    USUAL_COLUMNS,
    Entry,
    Field,
    Value,
    as_json,
    known_fields,
    split,
)
from simlb.observe.log_filter import unknown_field

CODE = "E741"
LAST_COLUMN_MIN = 8
"""A last column with less room than that is not cut: the line is too wide for this terminal anyway."""
CELL_MAX = 48
"""How wide any other column may get on a terminal: one hostile line must not spoil the whole table."""
_NAMES = re.compile(r"[\w:.,]+|[\w:.]+(?:,\s*[\w:.]+)*", re.ASCII)


class Line(NamedTuple):
    """One line, with its number where an instance counts them."""

    text: str
    number: int | None = None

    @property
    def entry(self) -> Entry:
        """The line, split."""
        return Entry(split(self.text), self.number)


Write = Callable[[Sequence[Line]], None]


def is_column_list(text: str) -> bool:
    """Whether this can be meant as names of columns: a filter has operators."""
    return text == "" or _NAMES.fullmatch(text) is not None


def chosen_columns(text: str, kind: LogKind) -> list[tuple[str, Field]]:
    """The columns that `--columns` names: headings and fields. Raises SimlbError E741 for a field there is not."""
    known = known_fields(kind)
    if text in {"", "usual"}:
        names = list(USUAL_COLUMNS[kind])
    elif text == "all":
        names = list(COLUMNS[kind])
    else:
        names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            what, hint = unknown_field(name, kind)
            raise SimlbError(CODE, f"--columns: {printable(what)}.", hint)
    if not names:
        raise SimlbError(CODE, "--columns: there is no name in it.", "simlb logs --columns status,target,path")
    return [(name, known[name]) for name in names]


def raw_writer(stream: TextIO) -> Write:
    """Lines as they are."""
    return lambda lines: print("\n".join([printable(line.text) for line in lines]), file=stream) if lines else None


def json_writer(stream: TextIO, kind: LogKind, chosen: Sequence[tuple[str, Field]] | None) -> Write:
    """An object a line: every field by AWS's name, or the chosen ones by theirs."""

    def write(lines: Sequence[Line]) -> None:
        for line in lines:
            entry = line.entry
            members = as_json(entry, kind) if chosen is None else {name: field.get(entry) for name, field in chosen}
            print(json.dumps(members), file=stream)

    return write


class TableWriter:
    """Aligned columns below a heading. Columns are as wide as the first lines need, and grow with later ones."""

    def __init__(self, stream: TextIO, chosen: Sequence[tuple[str, Field]]) -> None:
        self._stream = stream
        self._chosen = chosen
        self._style = Style.of(stream)
        # A pipe gets everything; a terminal, what fits.
        self._width = line_width(stream) if stream.isatty() else None
        self._widths = [len(name) for name, _ in chosen]
        self._has_heading = False

    def __call__(self, lines: Sequence[Line]) -> None:
        """Print these."""
        rows = [[_cell(field.get(entry)) for _, field in self._chosen] for entry in (line.entry for line in lines)]
        if self._width is not None:
            rows = [[*(_cut(cell, CELL_MAX) for cell in row[:-1]), row[-1]] for row in rows]
        for row in rows:
            self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, row, strict=True)]
        if not self._has_heading:
            self._has_heading = True
            print(self._style.dim(self._line([name.upper() for name, _ in self._chosen])), file=self._stream)
        for row in rows:
            print(self._line(row, paints=True), file=self._stream)

    def _line(self, row: Sequence[str], *, paints: bool = False) -> str:
        cells = []
        used = 0
        for place, (cell, width, (_, field)) in enumerate(zip(row, self._widths, self._chosen, strict=True)):
            is_last = place == len(row) - 1
            if is_last:
                room = None if self._width is None else self._width - used
                if room is not None and LAST_COLUMN_MIN <= room < len(cell):
                    cell = _cut(cell, room)
                padded = cell if field.kind is str else cell.rjust(min(width, room or width))
            else:
                padded = cell.ljust(width) if field.kind is str else cell.rjust(width)
            used += width + 2
            cells.append(self._painted(padded, cell, field) if paints else padded)
        return "  ".join(cells).rstrip()

    def _painted(self, padded: str, cell: str, field: Field) -> str:
        if not field.is_status or cell[:1] not in {"4", "5"}:
            return padded
        return self._style.red(padded) if cell[0] == "5" else self._style.yellow(padded)


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 1]}…"


def _cell(value: Value) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return "-1" if value == -1 else f"{value:.3f}"
    return printable(str(value))


def field_list(kind: LogKind) -> str:
    """Every field: AWS's names in AWS's order with simlb's short ones, then the parts that only simlb names."""
    shorts: dict[str, list[str]] = {}
    parts = []
    for short, field in SHORT_NAMES[kind].items():
        if field.name in COLUMNS[kind] and field is COLUMNS[kind][field.name]:
            shorts.setdefault(field.name, []).append(short)
        else:
            parts.append(short)
    rows = [("FIELD", "SHORT"), *((name, ", ".join(shorts.get(name, ["-"]))) for name in COLUMNS[kind])]
    return "\n".join([*columns(rows), "", f"Parts of them: {', '.join(parts)}"])
