"""What a terminal can show: colours, signs, columns and durations."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


class Style:
    """Plain ANSI colours, or none."""

    def __init__(self, *, color: bool) -> None:
        self.color = color

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Colour only on a terminal that has some, and only if NO_COLOR is not set (no-color.org)."""
        return cls(color=stream.isatty() and not os.environ.get("NO_COLOR") and _has_colors())

    def red(self, text: str) -> str:
        """A failure, or danger."""
        return self._paint("31", text)

    def green(self, text: str) -> str:
        """All is well."""
        return self._paint("32", text)

    def yellow(self, text: str) -> str:
        """Worth a look."""
        return self._paint("33", text)

    def dim(self, text: str) -> str:
        """Of less weight."""
        return self._paint("2", text)

    def bold(self, text: str) -> str:
        """Of more weight."""
        return self._paint("1", text)

    def state(self, state: str) -> str:
        """A target's state in its colour; the word itself always says it too."""
        if state == "healthy":
            return self.green(state)
        return self.red(state) if state == "unhealthy" else self.yellow(state)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text


def printable(text: str) -> str:
    r"""Text as a terminal may get it: what is no printable character (an escape, a bell) becomes `\xHH`, `\uHHHH`."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else f"\\x{ord(one):02x}" if ord(one) < 0x100 else f"\\u{ord(one):04x}" for one in text
    )


def columns(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Rows as lines with aligned columns, two blanks apart. Columns named in `right` are right-aligned."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    return [
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def wrapped(words: Sequence[str], width: int | None) -> list[str]:
    """Words two blanks apart, in as many lines of at most `width` columns as they need."""
    lines: list[str] = []
    for word in words:
        if lines and (width is None or len(lines[-1]) + 2 + len(word) <= width):
            lines[-1] += f"  {word}"
        else:
            lines.append(word)
    return lines


def ticked(text: str, style: Style) -> str:
    """A line about something that is as it should be."""
    return f" {style.green('✔')} {text}"


def duration(seconds: float) -> str:
    """`38s`, `4m12s`, `2h05m`, `3d04h`."""
    whole = int(seconds)
    if whole < MINUTE_S:
        return f"{whole}s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S}m{whole % MINUTE_S:02}s"
    if whole < DAY_S:
        return f"{whole // HOUR_S}h{whole % HOUR_S // MINUTE_S:02}m"
    return f"{whole // DAY_S}d{whole % DAY_S // HOUR_S:02}h"


def rate(per_second: float) -> str:
    """`0`, `0.3`, `12.5`, `340`, `12k`."""
    if per_second < 0.05:
        return "0"
    if per_second < 99.95:
        return f"{per_second:.1f}"
    return f"{per_second:.0f}" if per_second < 9999.5 else f"{per_second / 1000:.0f}k"


def latency(seconds: float | None) -> str:
    """`0.4 ms`, `38 ms`, `1.3 s`; `-` without any."""
    if seconds is None:
        return "-"
    milliseconds = seconds * 1000
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 999.5 else f"{seconds:.1f} s"


def line_width(stream: TextIO) -> int | None:
    """How many columns a line may take: $COLUMNS, else the terminal's; None where there is none (a pipe, a file)."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # no terminal, or a stream without a descriptor
        return None


if sys.platform == "win32":

    def _has_colors() -> bool:
        """Old consoles show the codes themselves unless they are told to understand them."""
        import ctypes

        kernel = ctypes.WinDLL("kernel32")
        enable_virtual_terminal, output_handle = 0x0004, -11
        handle = kernel.GetStdHandle(output_handle)
        mode = ctypes.c_ulong()
        if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
            return False
        return bool(kernel.SetConsoleMode(handle, mode.value | enable_virtual_terminal))

else:

    def _has_colors() -> bool:
        return os.environ.get("TERM") != "dumb"
