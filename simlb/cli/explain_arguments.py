"""`simlb explain`: names, flags and help."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

_DESCRIPTION = "Why something happened: which decisions were made, from what, what probably lies behind it, what to do."
_WHAT = (
    "nothing (what is not as it should be); last (the last finished request), its number ('#12', in quotes), or its "
    "trace id; a status code (502); target i-03; or a request that is not sent: GET https://shop.test/img/1"
)


def add_explain(commands: Commands) -> None:
    """Add the command to the tree."""
    explain = commands.add(
        "explain", "explain:explain", "why a request went where it went, why a target is out, what is wrong"
    )
    explain.description = _DESCRIPTION
    explain.add_argument("words", nargs="*", metavar="WHAT", help=_WHAT)
    explain.add_argument("--lang", choices=("en", "ko"), help="the language of the story (default: $LANG's, or en)")
    explain.add_argument("--unmasked", action="store_true", help="show values of cookies, authorisation and queries")
    explain.gathers = "words"
    explain.add_argument("--last", metavar="5m", help="of a status code: so far back, in real time (default: 60s)")
    asked = explain.add_argument_group("a request that is not sent")
    asked.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="a header line, in place of its own",
    )
    asked.add_argument("--cookie", action="append", default=[], metavar="NAME=VALUE", help="a cookie")
    asked.add_argument("--from", dest="source", metavar="ADDRESS", help="the client's address (default: this machine)")
    asked.add_argument("--load-balancer", metavar="NAME", help="to this one, when several could be meant")
    explain.add_argument("--json", action="store_true", help="JSON in place of text")
