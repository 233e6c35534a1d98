"""The commands below `simlb load`: names, flags and help."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(?:/(s|m|min))?", re.ASCII)
_RATE_UNIT = {None: 1.0, "s": 1.0, "m": 1 / 60, "min": 1 / 60}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)", re.ASCII)
_DURATION_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_START = """\
Send requests to one of the instance's own listeners, until it is stopped. Rates are per load-balancer second, durations
load-balancer time: at speed 10, 20/s are 200 requests in a real second, and 60s are over in six.
"""
ARRIVALS = ("even", "poisson")
KINDS = ("constant", "ramp", "spike", "closed")

MEMBERS = {
    "id": "--id",
    "kind": "--profile",
    "rate_per_s": "--rate",
    "to_rate_per_s": "--to",
    "over_s": "--over",
    "peak_rate_per_s": "--peak",
    "peak_at_s": "--peak-at",
    "peak_for_s": "--peak-for",
    "users": "--users",
    "think_s": "--think",
    "arrivals": "--arrivals",
    "duration_s": "--for",
    "requests": "--requests",
    "method": "--method",
    "path": "--path",
    "headers": "--header",
    "body_bytes": "--body-bytes",
    "timeout_s": "--timeout",
    "connect_timeout_s": "--connect-timeout",
    "keep_alive": "--no-keep-alive",
    "load_balancer": "--load-balancer",
    "port": "--port",
    "host": "--host",
    "insecure": "--insecure",
    "ca_pem": "--cacert",
    "seed": "--seed",
    "uncapped": "--uncapped",
}
"""The members of a plan and their flags."""


def add_load(commands: Commands) -> None:
    """Describe `simlb load` and what is below it."""
    load = commands.add("load", "load:ls", "send requests at a rate to this instance, and see what becomes of them")
    below = commands.below(load)
    start = below.add("start", "load:start", "send requests: 20 a second, or as the flags say")
    start.description = _START
    _add_when(start.add_argument_group("when"))
    _add_what(start.add_argument_group("what"))
    _add_where(start.add_argument_group("where"))
    stop = below.add("stop", "load:stop", "send no more, and wait for what is in flight; again: do not wait")
    stop.add_argument("id", nargs="?", metavar="ID", help="such as load-1 (default: all)")
    listings = [below.add(name, "load:ls", "every load, and what became of its requests") for name in ("ls", "status")]
    for parser in (start, stop, *listings):
        parser.add_argument("--json", action="store_true", help="JSON in place of text")
    load.set_defaults(json=False)


def _add_when(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--profile",
        dest="kind",
        choices=KINDS,
        metavar="NAME",
        help=f"{', '.join(KINDS)} (default: as the flags below say)",
    )
    group.add_argument("--rate", dest="rate_per_s", type=rate, metavar="N/s", help="requests a second (default: 20/s)")
    group.add_argument("--to", dest="to_rate_per_s", type=rate, metavar="N/s", help="ramp: up or down to this rate")
    group.add_argument("--over", dest="over_s", type=duration, metavar="TIME", help="ramp: within this time")
    group.add_argument("--peak", dest="peak_rate_per_s", type=rate, metavar="N/s", help="spike: the rate at its height")
    group.add_argument("--peak-at", dest="peak_at_s", type=duration, metavar="TIME", help="spike: when it begins")
    group.add_argument("--peak-for", dest="peak_for_s", type=duration, metavar="TIME", help="spike: how long it lasts")
    group.add_argument("--users", type=_whole, metavar="N", help="closed: so many, each waiting for the answer")
    group.add_argument("--think", dest="think_s", type=duration, metavar="TIME", help="closed: between answer and next")
    group.add_argument(
        "--arrivals", choices=ARRIVALS, metavar="NAME", help="even, or poisson: as independent users come"
    )
    group.add_argument("--for", dest="duration_s", type=duration, metavar="TIME", help="end after this time")
    group.add_argument("--requests", type=_whole, metavar="N", help="end after so many")
    group.add_argument("--seed", type=_whole, metavar="N", help="of everything random in it (default: 0)")
    group.add_argument("--uncapped", action="store_true", help="more than 500 a real second, or 256 in flight")


def _add_what(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--path", metavar="PATH", help="may hold {n}, the request's number (default: /)")
    group.add_argument("--method", metavar="NAME", help="default: GET")
    group.add_argument("--header", dest="headers", action="append", type=_header, metavar="'NAME: VALUE'")
    group.add_argument("--body-bytes", type=_whole, metavar="N", help="send a body of this size")
    group.add_argument("--timeout", dest="timeout_s", type=duration, metavar="TIME", help="default: 70s")
    group.add_argument(
        "--connect-timeout", dest="connect_timeout_s", type=duration, metavar="TIME", help="default: 10s"
    )
    group.add_argument("--no-keep-alive", action="store_true", help="a new connection for each request")
    group.add_argument("--insecure", action="store_true", help="do not verify certificates")
    group.add_argument("--cacert", metavar="FILE", help="verify with this CA (default: the local one)")


def _add_where(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--port", type=_whole, metavar="PORT", help="the listener (default: 443, else the first)")
    group.add_argument("--load-balancer", metavar="NAME", help="whose listener, when there are several")
    group.add_argument("--host", metavar="NAME", help="which name to ask for (default: the load balancer's)")
    group.add_argument("--id", metavar="ID", help="what to call the load (default: load-1, load-2 ...)")


def rate(text: str) -> float:
    """Requests a second from `20/s`, `20` or `90/m`."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a rate such as 20/s")
    return float(match[1]) * _RATE_UNIT[match[2]]


def duration(text: str) -> float:
    """Seconds from `60s`, `500ms`, `5m` or `1h`."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a duration such as 60s, 500ms or 5m")
    return float(match[1]) * _DURATION_UNIT_S[match[2]]


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"'{text}' is not 'NAME: VALUE'")
    return name.strip(), value.strip()
