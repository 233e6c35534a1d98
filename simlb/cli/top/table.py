"""The table of targets: its columns, what a narrow terminal goes without, and the cells of one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from simlb.cli.terminal import duration, latency, rate
from simlb.cli.top.labels import Labels
from simlb.cli.top.model import Row
from simlb.controlplane.words import printable

GAP = "  "
SIGNS = {"healthy": "✔", "unhealthy": "✗", "initial": "…", "draining": "↓", "unavailable": "?", "unused": "-"}
STYLES = {"healthy": "green", "unhealthy": "bold red"}
OTHER_STYLE = "yellow"
BLOCKS = "▁▂▃▄▅▆▇█"
HISTORY_COLUMNS = 12
LAST_CHECK_MIN_COLUMNS = 22
NAME_MIN_COLUMNS = 4

_TARGET, _ADDRESS, _STATE, _REASON, _LAST_CHECK = "target", "address", "state", "reason", "last_check"
_NEXT, _RATE, _ERRORS, _IN_FLIGHT, _P95, _SINCE, _HISTORY = (
    "next_check", "per_second", "errors", "in_flight", "p95", "since", "history",
)  # fmt: skip
ORDER = (
    _TARGET, _ADDRESS, _STATE, _REASON, _LAST_CHECK, _NEXT, _RATE, _ERRORS, _IN_FLIGHT, _P95, _SINCE, _HISTORY,
)  # fmt: skip
DROPPED = (_SINCE, _ADDRESS, _HISTORY, _REASON, _NEXT, _P95, _IN_FLIGHT, _LAST_CHECK, _ERRORS, _RATE)
"""What a narrow terminal goes without, the first to go first."""
_RIGHT = frozenset({_NEXT, _RATE, _ERRORS, _IN_FLIGHT, _P95, _SINCE})

Cells = dict[str, tuple[str, str]]
"""By column, a text and its style."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns are shown, and how wide each of them is."""

    headings: dict[str, str]
    widths: dict[str, int]

    def heading(self) -> Text:
        """The line of column names."""
        return self._line({name: (text, "dim") for name, text in self.headings.items()})

    def line(self, cells: Cells) -> Text:
        """One target's line."""
        return self._line(cells)

    def _line(self, cells: Cells) -> Text:
        line = Text(no_wrap=True)
        for index, (name, width) in enumerate(self.widths.items()):
            text, style = cells[name]
            if index:
                line.append(GAP)
            line.append(_sized(text, width, right=name in _RIGHT), style or None)
        line.rstrip()
        return line


def layout(rows: Sequence[Cells], labels: Labels, width: int) -> Layout:
    """The most columns that fit into `width`; name and state always stay."""
    headings = {name: getattr(labels, name, "").upper() for name in ORDER}
    headings[_P95] = "P95"
    natural = {name: max([cell_len(headings[name]), *(cell_len(cells[name][0]) for cells in rows)]) for name in ORDER}
    shown = list(ORDER)
    for dropped in (None, *DROPPED):
        if dropped is not None:
            shown.remove(dropped)
        widths = {name: natural[name] for name in shown}
        spare = width - sum(widths.values()) - len(GAP) * (len(shown) - 1)
        if spare < 0 and _LAST_CHECK in widths:
            # Its beginning says most of it.
            least = min(widths[_LAST_CHECK], LAST_CHECK_MIN_COLUMNS)
            widths[_LAST_CHECK] = max(least, widths[_LAST_CHECK] + spare)
            spare = width - sum(widths.values()) - len(GAP) * (len(shown) - 1)
        if spare >= 0:
            break
    else:
        # Name and state are too much as well. Of the name the beginning has to do; the state's sign says it all.
        widths[_TARGET] = max(min(widths[_TARGET], NAME_MIN_COLUMNS), widths[_TARGET] + spare)
    return Layout(headings, widths)


def cells_of(row: Row, highest: float) -> Cells:
    """The cells of one target. `highest` is the rate that fills a column of the history."""
    pulse = row.pulse
    state_style = STYLES.get(pulse.state, OTHER_STYLE)
    is_failing = pulse.errors_per_second > 0
    return {
        _TARGET: (printable(pulse.target), "bold"),
        _ADDRESS: (printable(pulse.address), ""),
        _STATE: (f"{SIGNS.get(pulse.state, '?')} {printable(pulse.state)}", state_style),
        _REASON: (printable(pulse.reason or "-"), state_style if pulse.reason else ""),
        _LAST_CHECK: (printable(pulse.last_check), ""),
        _NEXT: ("-" if row.next_check_in_s is None else f"{row.next_check_in_s:.0f} s", ""),
        _RATE: (rate(pulse.per_second), ""),
        _ERRORS: (rate(pulse.errors_per_second), "red" if is_failing else "dim"),
        _IN_FLIGHT: (str(pulse.in_flight), ""),
        _P95: (latency(pulse.p95_s), ""),
        _SINCE: (duration(pulse.since_s), ""),
        _HISTORY: (sparkline(row.history[-HISTORY_COLUMNS:], highest), "cyan"),
    }  # fmt: skip


def sparkline(values: Sequence[float], highest: float) -> str:
    """A block for each value, the full one for `highest`; what is nothing is a dot."""
    top = len(BLOCKS) - 1
    return "".join(
        "·" if value <= 0 or highest <= 0 else BLOCKS[min(top, int(value / highest * len(BLOCKS)))] for value in values
    )


def _sized(text: str, width: int, *, right: bool) -> str:
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - size) + text if right else text + " " * (width - size)
