"""The command `simlb url`: name, flags and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands


def add_url(commands: Commands) -> None:
    """Describe it."""
    url = commands.add("url", "url:url", "what to type to reach each listener: curl $(simlb url NAME)")
    url.add_argument("name", nargs="?", metavar="NAME", help="a load balancer (default: all of them, as a table)")
    url.add_argument("--json", action="store_true", help="JSON in place of lines")
