"""`simlb metrics`."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import urlencode

from simlb.cli.terminal import Style, columns, duration, line_width
from simlb.controlplane.client import ControlClient
from simlb.controlplane.paths import default_state_dir
from simlb.core.metrics.table import AVAILABILITY_ZONE, LOAD_BALANCER, METRICS, TARGET_GROUP, Metric
from simlb.errors import EXIT_FINE, SimlbError

DASHBOARD = "grafana_dashboard.json"
_PATH = "/api/v1/metrics"
_PERIODS_SHOWN = 10
_QUERIES_MAX = 100
_DAY_S = 86_400


class Row(NamedTuple):
    """One statistic of one metric: its values by the beginning of their periods."""

    metric: str
    of: str
    statistic: str
    values: Mapping[str, float]


def metrics(arguments: Namespace) -> int:
    """Print metrics of the running instance, or the dashboard."""
    if arguments.grafana:
        print(dashboard(), end="")
        return EXIT_FINE
    with ControlClient.for_instance(default_state_dir(), arguments.instance) as client:
        if arguments.prometheus:
            print(client.text("/metrics"), end="")
            return EXIT_FINE
        queries, answer, called = _ask(client, arguments)
    if arguments.json:
        print(json.dumps({"MetricDataQueries": queries, **answer}, ensure_ascii=False, indent=2))
        return EXIT_FINE
    rows = list(_rows(queries, answer["MetricDataResults"], called))
    for line in table(rows, Style.of(sys.stdout), width=line_width(sys.stdout)):
        print(line)
    missing = [name for name in arguments.names if name not in {row.metric for row in rows}]
    for name in missing:
        print(f"{name}: no data in the last {duration(_last_s(arguments))}")
    if not rows and not missing:
        print(f"no data in the last {duration(_last_s(arguments))}")
    return EXIT_FINE


def dashboard() -> str:
    """The Grafana dashboard that comes with simlb."""
    return resources.files("simlb.observe").joinpath(DASHBOARD).read_text(encoding="utf-8")


def _last_s(arguments: Namespace) -> float:
    return arguments.period * _PERIODS_SHOWN if arguments.last is None else float(arguments.last)


# -- asking ------------------------------------------------------------------------------------------------------------


def _ask(client: ControlClient, arguments: Namespace) -> tuple[list[dict[str, Any]], dict[str, Any], Mapping[str, str]]:
    """GetMetricData's queries and its answer: one, so that all numbers are of the same moment.

    And what the load balancers and groups of the dimensions are called.
    """
    last_s = _last_s(arguments)
    if last_s < arguments.period:
        raise SimlbError("E762", f"--last is less than one period of {arguments.period} s.")
    chosen = {}
    if arguments.group is not None:
        chosen[TARGET_GROUP] = arguments.group
    if arguments.load_balancer is not None:
        chosen[LOAD_BALANCER] = arguments.load_balancer
    listed = []
    called: dict[str, str] = {}
    for name in arguments.names or [None]:
        filters = chosen if name is None else {**chosen, "MetricName": name}
        found = client.ask("GET", f"{_PATH}?{urlencode(filters)}")
        listed += found["Metrics"]
        called |= found["Names"]
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {"Metric": item, "Period": arguments.period, "Stat": statistic},
        }
        for number, (item, statistic) in enumerate(_chosen(listed, is_short=not arguments.names))
    ]
    end = time.time()
    # As many periods as asked for, the one that is not over yet among them.
    start = end - end % arguments.period - (last_s - arguments.period)
    answer: dict[str, Any] = {"MetricDataResults": []}
    for first in range(0, len(queries), _QUERIES_MAX):
        body = {
            "MetricDataQueries": queries[first : first + _QUERIES_MAX],
            "StartTime": round(start, 3),
            "EndTime": round(end + 1, 3),
            "ScanBy": "TimestampAscending",
        }
        answer["MetricDataResults"] += client.ask("POST", f"{_PATH}/data", body)["MetricDataResults"]
    return queries, answer, called


def _chosen(listed: Iterable[Mapping[str, Any]], *, is_short: bool) -> Iterator[tuple[Mapping[str, Any], str]]:
    """What is shown of the metrics that there are, and which statistics of it."""
    for item in listed:
        metric = METRICS.get(item["MetricName"])
        if metric is None or not _is_shown(metric, {dimension["Name"] for dimension in item["Dimensions"]}):
            continue
        for statistic in metric.statistics:
            # One is enough to see how it stands, except for times.
            if not is_short or statistic in {metric.statistics[0], "p95"}:
                yield item, statistic


def _is_shown(metric: Metric, dimensions: Set[str]) -> bool:
    """There is one zone: what CloudWatch has by zone and altogether is shown once, and so are groups."""
    names = dimensions - {AVAILABILITY_ZONE}
    same = [set(others) for others in metric.dimensions if set(others) - {AVAILABILITY_ZONE} == names]
    return LOAD_BALANCER in names and dimensions == min(same, key=len)


# -- showing -----------------------------------------------------------------------------------------------------------


def _rows(
    queries: Sequence[Mapping[str, Any]], results: Iterable[Mapping[str, Any]], called: Mapping[str, str]
) -> Iterator[Row]:
    asked = {query["Id"]: query["MetricStat"] for query in queries}
    found = [result for result in results if result["Values"]]
    several = len({_names(asked[result["Id"]], called)[0] for result in found}) > 1
    for result in found:
        question = asked[result["Id"]]
        load_balancer, group = _names(question, called)
        yield Row(
            question["Metric"]["MetricName"],
            f"{load_balancer} {group}" if several else group,
            question["Stat"],
            dict(zip(result["Timestamps"], result["Values"], strict=True)),
        )


def _names(question: Mapping[str, Any], called: Mapping[str, str]) -> tuple[str, str]:
    """Of the load balancer and of the group, `-` for none."""
    values = {item["Name"]: item["Value"] for item in question["Metric"]["Dimensions"]}
    return called[values[LOAD_BALANCER]], called[values[TARGET_GROUP]] if TARGET_GROUP in values else "-"


def table(rows: Sequence[Row], style: Style, *, width: int | None = None) -> Iterator[str]:
    """A column for each period, oldest first; where they do not all fit, the last ones."""
    if not rows:
        return
    periods = sorted({timestamp for row in rows for timestamp in row.values})
    heads = [_clock(timestamp, periods) for timestamp in periods]
    cells = [[_number(row.values.get(timestamp)) for timestamp in periods] for row in rows]
    while True:
        lines = columns(
            [
                ("METRIC", "GROUP", "STATISTIC", *heads),
                *((row.metric, row.of, row.statistic, *own) for row, own in zip(rows, cells, strict=True)),
            ],
            right=frozenset(range(3, 3 + len(heads))),
        )
        if width is None or len(heads) <= 1 or max(map(len, lines)) <= width:
            break
        heads, cells = heads[1:], [own[1:] for own in cells]
    yield style.dim(lines[0])
    yield from lines[1:]


def _clock(timestamp: str, all_of_them: Sequence[str]) -> str:
    """The local time at which a period began, as short as tells them apart."""
    times = [datetime.fromisoformat(text).astimezone() for text in (all_of_them[0], all_of_them[-1], timestamp)]
    if (times[1] - times[0]).total_seconds() >= _DAY_S:
        return times[2].strftime("%d. %H:%M")
    return times[2].strftime("%H:%M" if all(text.endswith(":00Z") for text in all_of_them) else "%H:%M:%S")


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(int(value)) if float(value).is_integer() else f"{value:.3g}"
