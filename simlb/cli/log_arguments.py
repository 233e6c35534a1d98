"""The command `simlb logs`: names, flags and help."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_DURATION_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d{1,6})?)?)?)?Z?", re.ASCII)
_YEARS_MAX_S = 50 * 366 * 86400.0

_DESCRIPTION = """\
Access-log lines of the running instance, or of files, as the load balancer writes them. A filter such as
  simlb logs "status>=500 and target=='-'"
chooses lines; put it in quotes, and in front of --file. Without one: the last 20.
Fields, operators and columns: docs/reading-logs.md, and: simlb logs --columns help
"""


def add_logs(commands: Commands) -> None:
    """Describe `simlb logs`."""
    logs = commands.add("logs", "logs:logs", "log lines: filtered, followed, as a table, counted; of files too")
    logs.description = _DESCRIPTION
    logs.formatter_class = argparse.RawDescriptionHelpFormatter
    logs.add_argument("filter", nargs="?", metavar="FILTER", help="such as \"status==5xx and path like '/api/*'\"")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as requests come")
    logs.add_argument(
        "-n", "--lines", type=_count, metavar="N", help="begin with the last N that match (default: 20; of files: all)"
    )
    logs.add_argument("--since", type=since, metavar="TIME", help="not older than 5m, or than 2026-11-28T13:05 (UTC)")
    logs.add_argument("--count", action="store_true", help="print how many match, and nothing else")
    logs.add_argument(
        "--columns",
        nargs="?",
        const="",
        metavar="A,B,C",
        help="a table: of these fields, of all, or of the usual ones; help lists the fields",
    )
    logs.add_argument("--json", action="store_true", help="one JSON object a line")
    kind = logs.add_mutually_exclusive_group()
    kind.add_argument("--connections", action="store_true", help="the connection log")
    kind.add_argument("--health-checks", action="store_true", help="the health-check log")
    logs.add_argument(
        "--file",
        dest="files",
        nargs="+",
        action="extend",
        metavar="PATH",
        help="read .log and .log.gz files, or folders of them, instead of asking an instance",
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)


def since(text: str) -> str:
    """The earliest time of a line, as lines write it (such texts sort as times do), from `5m` or a time."""
    if match := _DURATION.fullmatch(text):
        seconds = min(float(match[1]) * _DURATION_UNIT_S[match[2]], _YEARS_MAX_S)
        return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if not _MOMENT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is neither a duration such as 5m nor a time: 2026-11-28T13:05")
    return text.removesuffix("Z")
