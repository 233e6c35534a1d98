"""`simlb metrics`."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
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
        found = _ask(client, arguments)
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return EXIT_FINE
    rows = list(_rows(found, is_short=not arguments.names))
    print("\n".join(table(rows, Style.of(sys.stdout), width=line_width(sys.stdout))))
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


def _ask(client: ControlClient, arguments: Namespace) -> list[dict[str, Any]]:
    """The answers to GetMetricStatistics, each with the dimensions that were asked for."""
    last_s = _last_s(arguments)
    if last_s < arguments.period:
        raise SimlbError("E762", f"--last is less than one period of {arguments.period} s.")
    chosen = {}
    if arguments.group is not None:
        chosen[TARGET_GROUP] = arguments.group
    if arguments.load_balancer is not None:
        chosen[LOAD_BALANCER] = arguments.load_balancer
    listed = []
    for name in arguments.names or [None]:
        filters = chosen if name is None else {**chosen, "MetricName": name}
        listed += client.ask("GET", f"{_PATH}?{urlencode(filters)}")["Metrics"]
    end = time.time()
    # As many periods as asked for, the one that is not over yet among them.
    start = end - end % arguments.period - (last_s - arguments.period)
    when = {"Period": arguments.period, "StartTime": f"{start:.3f}", "EndTime": f"{end + 1:.3f}"}
    answers = []
    for item in listed:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in item["Dimensions"]}
        metric = METRICS.get(item["MetricName"])
        if metric is None or not _is_shown(metric, dimensions):
            continue
        question = {"MetricName": metric.name, "Statistics": ",".join(metric.statistics), **dimensions, **when}
        answer = client.ask("GET", f"{_PATH}/statistics?{urlencode(question)}")
        if answer["Datapoints"]:
            answers.append({"Label": metric.name, "Dimensions": item["Dimensions"], "Datapoints": answer["Datapoints"]})
    return answers


def _is_shown(metric: Metric, dimensions: Mapping[str, str]) -> bool:
    """There is one zone: what CloudWatch has by zone and altogether is shown once, and so are groups."""
    names = {name for name in dimensions if name != AVAILABILITY_ZONE}
    return set(dimensions) == min(
        (set(others) for others in metric.dimensions if set(others) - {AVAILABILITY_ZONE} == names), key=len
    ) and (LOAD_BALANCER in names)


# -- showing -----------------------------------------------------------------------------------------------------------


def _rows(answers: Sequence[Mapping[str, Any]], *, is_short: bool) -> Iterator[Row]:
    several = len({name for answer in answers for name in _values(answer, LOAD_BALANCER)}) > 1
    for answer in answers:
        dimensions = {item["Name"]: item["Value"].split("/") for item in answer["Dimensions"]}
        of = dimensions[TARGET_GROUP][1] if TARGET_GROUP in dimensions else "-"
        if several:
            of = f"{dimensions[LOAD_BALANCER][1]} {of}"
        statistics = METRICS[answer["Label"]].statistics
        if is_short:
            # One is enough to see how it stands, except for times.
            statistics = tuple(word for word in statistics if word in {statistics[0], "p95"})
        for statistic in statistics:
            values = {
                point["Timestamp"]: point.get(statistic, point.get("ExtendedStatistics", {}).get(statistic))
                for point in answer["Datapoints"]
            }
            yield Row(answer["Label"], of, statistic, values)


def _values(answer: Mapping[str, Any], name: str) -> Iterator[str]:
    yield from (item["Value"] for item in answer["Dimensions"] if item["Name"] == name)


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
