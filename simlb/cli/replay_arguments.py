"""The command `simlb replay`: names, flags and help."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from simlb.cli.load_arguments import duration

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

TIMES_MAX = 100
_DESCRIPTION = """\
Send a request of the past through the load balancer once more, and show then and now side by side. REF is a trace id,
last, or a number: simlb logs --columns number,clock,status,path shows them.
"""


def add_replay(commands: Commands) -> None:
    """Describe `simlb replay`."""
    replay = commands.add("replay", "replay:replay", "send a request of the past again: then and now, side by side")
    replay.description = _DESCRIPTION
    replay.formatter_class = argparse.RawDescriptionHelpFormatter
    replay.add_argument("ref", metavar="REF", help="a trace id, last, or a number")
    replay.add_argument(
        "--times", type=_times, default=1, metavar="N", help=f"so often (default: 1, at most {TIMES_MAX})"
    )
    replay.add_argument("--as-curl", action="store_true", help="send nothing: print a curl command that does the same")
    replay.add_argument(
        "--with-secrets", action="store_true", help="print cookies, authorisation, query values and bodies as they are"
    )
    body = replay.add_mutually_exclusive_group()
    body.add_argument("--without-body", action="store_true", help="leave out a body that was not kept")
    body.add_argument("--body", metavar="FILE", help="send this one instead; - reads standard input")
    replay.add_argument("--partial", action="store_true", help="send a head of which only the beginning was kept")
    replay.add_argument("-k", "--insecure", action="store_true", help="do not verify the certificate")
    replay.add_argument(
        "--timeout", type=duration, default=70.0, metavar="TIME", help="give up after it (default: 70s)"
    )
    replay.add_argument("--json", action="store_true", help="JSON in place of text")


def _times(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= TIMES_MAX):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to {TIMES_MAX}")
    return int(text)
