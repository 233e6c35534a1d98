"""`simlb top` and `simlb events`: flags and help."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from simlb.cli.load_arguments import duration

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

INTERVAL_MIN_S = 0.25
INTERVAL_MAX_S = 60.0
_EVENTS = """\
Tell what happens, one line for each event, until the instance ends: changes of state with what the check saw, requests,
faults, processes, the configuration, certificates. Above a rate, requests that went well are counted, not told.
"""


def add_watch(commands: Commands) -> None:
    """Describe both."""
    top = commands.add("top", "top.run:top", "a live view of targets, states, rates and events")
    top.add_argument(
        "--interval",
        dest="interval_s",
        type=_interval,
        default=1.0,
        metavar="TIME",
        help="between two pictures (default: 1s)",
    )
    top.add_argument("--once", action="store_true", help="print one picture as plain text, and leave")
    top.add_argument("--lang", choices=("en", "ko"), default="en", help="ko: labels in Korean")
    events = commands.add("events", "events:events", "what happens, one line for each event, as it comes")
    events.description = _EVENTS
    events.formatter_class = argparse.RawDescriptionHelpFormatter
    events.add_argument(
        "--type",
        dest="types",
        type=_names,
        action="extend",
        metavar="NAME[,NAME]",
        help="only these: target_state_changed, request_finished ...",
    )
    events.add_argument(
        "--history", type=_count, default=0, metavar="N", help="begin with the last N that have been (default: 0)"
    )
    events.add_argument("-n", "--number", type=_count, metavar="N", help="end after N events")
    events.add_argument("--pulse", action="store_true", help="also the figures of every second")
    events.add_argument("--json", action="store_true", help="JSON in place of text, one object a line")


def _interval(text: str) -> float:
    interval_s = duration(text)
    if not INTERVAL_MIN_S <= interval_s <= INTERVAL_MAX_S:
        raise argparse.ArgumentTypeError(f"'{text}' is outside 250ms to 1m")
    return interval_s


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise argparse.ArgumentTypeError(f"'{text}' is no list of names such as target_state_changed,notice")
    return names


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)
