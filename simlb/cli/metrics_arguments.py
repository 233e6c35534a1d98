"""The command `simlb metrics`: its words and flags."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from simlb.cli.load_arguments import duration

if TYPE_CHECKING:
    from simlb.cli.parser import Commands

_DESCRIPTION = """\
CloudWatch's metrics of the running instance, a column for each period. Without a name: everything that there is.
"""


def add_metrics(commands: Commands) -> None:
    """Describe `simlb metrics`."""
    metrics = commands.add("metrics", "metrics:metrics", "CloudWatch's metrics, for people, Prometheus and Grafana")
    metrics.description = _DESCRIPTION
    metrics.add_argument("names", nargs="*", metavar="NAME", help="such as RequestCount or TargetResponseTime")
    metrics.gathers = "names"
    metrics.add_argument("--group", metavar="NAME", help="of this target group only")
    metrics.add_argument("--load-balancer", metavar="NAME", help="of this load balancer only")
    metrics.add_argument(
        "--period", type=_period, default=60, metavar="S", help="1, 5, 10, 20, 30 or a multiple of 60 (default: 60)"
    )
    metrics.add_argument("--last", type=duration, metavar="TIME", help="how far back: 10m (default: ten periods)")
    shapes = metrics.add_mutually_exclusive_group()
    shapes.add_argument("--json", action="store_true", help="GetMetricData's JSON in place of text")
    shapes.add_argument("--prometheus", action="store_true", help="what Prometheus scrapes at /metrics")
    shapes.add_argument("--grafana", action="store_true", help="a dashboard for Grafana, over what Prometheus scrapes")


def _period(text: str) -> int:
    seconds = float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else duration(text)
    if not seconds.is_integer() or seconds < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of seconds")
    return int(seconds)
