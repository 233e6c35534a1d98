"""`simlb explain`: names, flags and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

_DESCRIPTION = "Why something happened: which decisions were made, from what, what probably lies behind it, what to do."
_WHAT = "last (the last finished request), its number ('#12', in quotes), or its trace id"


def add_explain(commands: Commands) -> None:
    """Add the command to the tree."""
    explain = commands.add("explain", "explain:explain", "why a request went where it went, and what to do about it")
    explain.description = _DESCRIPTION
    explain.add_argument("words", nargs="*", metavar="WHAT", help=_WHAT)
    explain.add_argument("--lang", choices=("en", "ko"), help="the language of the story (default: $LANG's, or en)")
    explain.add_argument("--unmasked", action="store_true", help="show values of cookies, authorisation and queries")
    explain.add_argument("--json", action="store_true", help="JSON in place of text")
