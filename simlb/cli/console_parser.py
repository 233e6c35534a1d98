"""The command `simlb console`: name, flags and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands


def add_console(commands: Commands) -> None:
    """Describe it."""
    console = commands.add("console", "console:console", "the web page: watch it live, learn, play scenarios")
    console.add_argument("page", nargs="?", metavar="PAGE", help="live (default), learn, learn/6, scenarios")
    console.add_argument(
        "--print",
        action="store_true",
        help="print the address in place of opening it; it is good once, for five minutes",
    )
