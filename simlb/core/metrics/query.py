"""CloudWatch's questions about metrics: ListMetrics and GetMetricStatistics, apart from how they were asked.

Answers have the shape of the API's, as plain values. What CloudWatch refuses is a `QueryError` with its code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from simlb.core.metrics.statistics import STATISTICS, StatisticSet, percent_of
from simlb.core.metrics.store import MINUTE_S, Key, MetricStore
from simlb.core.metrics.table import (
    AVAILABILITY_ZONE,
    LOAD_BALANCER,
    METRICS,
    NAMESPACE,
    TARGET_GROUP,
    Kind,
    Metric,
)

LIVE_PERIODS_S = (1, 5, 10, 20, 30)
"""Periods below a minute that CloudWatch knows; here they reach back five minutes."""
PERIOD_MAX_S = 86_400
DATAPOINTS_MAX = 1440
DIMENSIONS = (LOAD_BALANCER, TARGET_GROUP, AVAILABILITY_ZONE)

ErrorCode = Literal["InvalidParameterValue", "InvalidParameterCombination", "MissingParameter"]


class QueryError(Exception):
    """What CloudWatch refuses, with the code and the sentence that it has for it."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnknownNameError(LookupError):
    """A metric, load balancer or target group that is not there. `close` is what was probably meant."""

    def __init__(self, what: str, name: str, known: list[str]) -> None:
        super().__init__(f"There is no {what} '{name}'.")
        self.known = known
        matches = difflib.get_close_matches(name, known, n=1)
        self.close = matches[0] if matches else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsQuery:
    """GetMetricStatistics. `statistics` may hold percentiles; times are seconds since 1970, `end_s` not included."""

    metric_name: str
    dimensions: Mapping[str, str]
    statistics: tuple[str, ...]
    period_s: int
    start_s: float
    end_s: float

    def check(self, *, is_bounded: bool = True) -> None:
        """Raise QueryError for what CloudWatch would not look for: when `is_bounded`, more than one answer may hold."""
        if not self.statistics:
            raise QueryError("MissingParameter", "The parameter Statistics or ExtendedStatistics is required.")
        for statistic in self.statistics:
            if statistic not in STATISTICS and percent_of(statistic) is None:
                raise QueryError(
                    "InvalidParameterValue",
                    f"The value {statistic} for parameter Statistics is not supported: "
                    f"it is one of {', '.join(STATISTICS)}, or a percentile such as p95.",
                )
        if not is_period(self.period_s):
            raise QueryError(
                "InvalidParameterValue",
                f"The value {self.period_s} for parameter Period is not supported: it is "
                f"{', '.join(map(str, LIVE_PERIODS_S))} or a multiple of {MINUTE_S}, up to {PERIOD_MAX_S}.",
            )
        if self.start_s >= self.end_s:
            raise QueryError(
                "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."
            )
        count = (self.end_s - self.start_s) / self.period_s
        if is_bounded and count > DATAPOINTS_MAX:
            raise QueryError(
                "InvalidParameterCombination",
                f"You have requested up to {count:,.0f} datapoints, which exceeds the limit of {DATAPOINTS_MAX:,}. "
                "You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
            )


def is_period(period_s: int) -> bool:
    """One that can be asked for."""
    return period_s in LIVE_PERIODS_S or (0 < period_s <= PERIOD_MAX_S and period_s % MINUTE_S == 0)


def find_metric(name: str) -> Metric:
    """The metric of that name. Raises UnknownNameError."""
    metric = METRICS.get(name)
    if metric is None:
        raise UnknownNameError("metric", name, list(METRICS))
    return metric


# -- ListMetrics -------------------------------------------------------------------------------------------------------


def list_metrics(
    store: MetricStore,
    metric_name: str | None = None,
    dimensions: Mapping[str, str | None] | None = None,
    *,
    since_s: float | None = None,
    region: str | None = None,
) -> list[dict[str, Any]]:
    """The metrics that have data, once for each set of dimensions: those of that name, with those dimensions.

    A dimension whose value is None may have any. With `since_s` only those that have data since then, with `region`
    those of load balancers there.
    """
    wanted = dimensions or {}
    return [
        {
            "Namespace": NAMESPACE,
            "MetricName": key.metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in found.items()],
        }
        for key in sorted(store.series(), key=_order)
        if region in {None, store.region_of(key)}
        if metric_name in {None, key.metric} and (since_s is None or (store.last_s(key) or 0.0) >= since_s)
        for found in _dimension_values(store, key)
        if all(name in found and value in {None, found[name]} for name, value in wanted.items())
    ]


def _order(key: Key) -> tuple[int, str, str]:
    return list(METRICS).index(key.metric), key.load_balancer, key.target_group or ""


def _dimension_values(store: MetricStore, key: Key) -> Iterator[dict[str, str]]:
    """Each of the sets of dimensions under which CloudWatch has this series."""
    values = {LOAD_BALANCER: key.load_balancer}
    if key.target_group is not None:
        values[TARGET_GROUP] = key.target_group
    zone = store.zones.get(key.load_balancer)
    if zone is not None:
        values[AVAILABILITY_ZONE] = zone
    for names in METRICS[key.metric].dimensions:
        if (TARGET_GROUP in names) == (key.target_group is not None) and all(name in values for name in names):
            yield {name: values[name] for name in names}


# -- GetMetricStatistics -----------------------------------------------------------------------------------------------


def series_of(
    store: MetricStore, metric: Metric, dimensions: Mapping[str, str], region: str | None = None
) -> Key | None:
    """The series that CloudWatch has under exactly these dimensions; None when there is none, as CloudWatch says."""
    if frozenset(dimensions) not in {frozenset(names) for names in metric.dimensions}:
        return None
    group, balancer = dimensions.get(TARGET_GROUP), dimensions.get(LOAD_BALANCER)
    for key in store.series() if balancer is None else [Key(metric.name, balancer, group)]:
        if (
            (key.metric, key.target_group) == (metric.name, group)
            and store.last_s(key) is not None
            and region in {None, store.region_of(key)}
            and dimensions.get(AVAILABILITY_ZONE) in {None, store.zones.get(key.load_balancer)}
        ):
            return key
    return None


def datapoints(store: MetricStore, query: StatisticsQuery, region: str | None = None) -> list[tuple[int, StatisticSet]]:
    """The periods that have data, oldest first, each with the second at which it begins.

    The first one is that in which `start_s` lies. Metrics that nobody knows have none, nor those of load balancers
    elsewhere, where a `region` is given.
    """
    metric = METRICS.get(query.metric_name)
    key = None if metric is None else series_of(store, metric, query.dimensions, region)
    if key is None:
        return []
    start = int(query.start_s) // query.period_s * query.period_s
    end = -int(-query.end_s // 1)
    return list(store.read(key, start, end, query.period_s))


def get_metric_statistics(store: MetricStore, query: StatisticsQuery) -> dict[str, Any]:
    """`Label` and `Datapoints`, oldest first. Raises QueryError.

    A percentile of what has no distribution is left out; only response times have one.
    """
    query.check()
    unit = METRICS[query.metric_name].unit if query.metric_name in METRICS else "None"
    return {
        "Label": query.metric_name,
        "Datapoints": [_datapoint(begins, found, query.statistics, unit) for begins, found in datapoints(store, query)],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuery:
    """One of GetMetricData's queries, a `MetricStat`. `label` is what to call the result in place of the metric."""

    id: str
    metric_name: str
    dimensions: Mapping[str, str]
    statistic: str
    period_s: int
    label: str | None = None


def get_metric_data(
    store: MetricStore, queries: Sequence[DataQuery], start_s: float, end_s: float, *, newest_first: bool = True
) -> dict[str, Any]:
    """`MetricDataResults`: the values of several series, all of the same moment. Raises QueryError."""
    ids = [query.id for query in queries]
    if len(ids) != len(set(ids)):
        raise QueryError(
            "InvalidParameterCombination", "The values for parameter Id in MetricDataQueries must be unique."
        )
    results = []
    for query in queries:
        asked = StatisticsQuery(
            metric_name=query.metric_name,
            dimensions=query.dimensions,
            statistics=(query.statistic,),
            period_s=query.period_s,
            start_s=start_s,
            end_s=end_s,
        )
        asked.check()
        values = [(begins, found.value(query.statistic)) for begins, found in datapoints(store, asked)]
        kept = [(timestamp(begins), value) for begins, value in values if value is not None]
        if newest_first:
            kept.reverse()
        results.append(
            {
                "Id": query.id,
                "Label": query.label or query.metric_name,
                "Timestamps": [begins for begins, _ in kept],
                "Values": [value for _, value in kept],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results}


def _datapoint(begins: int, found: StatisticSet, statistics: tuple[str, ...], unit: str) -> dict[str, Any]:
    made: dict[str, Any] = {"Timestamp": timestamp(begins)}
    extended = {}
    for statistic in statistics:
        value = found.value(statistic)
        if statistic in STATISTICS:
            made[statistic] = value
        elif value is not None:
            extended[statistic] = value
    made["Unit"] = unit
    if extended:
        made["ExtendedStatistics"] = extended
    return made


def timestamp(seconds: int) -> str:
    """`2026-11-28T13:40:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def has_percentiles(metric: Metric) -> bool:
    """Its values are kept with their distribution."""
    return metric.kind is Kind.TIME


# -- shorter names -----------------------------------------------------------------------------------------------------


def complete(store: MetricStore, metric: Metric, dimensions: Mapping[str, str]) -> dict[str, str]:
    """Dimensions as CloudWatch has them, from names alone: `web` for `targetgroup/web/73e2d6bc24d8a067`.

    Where there is one load balancer only, it need not be given. Raises UnknownNameError.
    """
    completed = full_names(store, dimensions)
    if LOAD_BALANCER not in completed and len(store.zones) == 1:
        with_it = {**completed, LOAD_BALANCER: next(iter(store.zones))}
        sets = {frozenset(names) for names in metric.dimensions}
        if frozenset(completed) not in sets and frozenset(with_it) in sets:
            return with_it
    return completed


def full_names(store: MetricStore, dimensions: Mapping[str, str]) -> dict[str, str]:
    """The same, without adding any. Raises UnknownNameError."""
    known = {
        LOAD_BALANCER: ("load balancer", list(store.zones)),
        TARGET_GROUP: ("target group", sorted({key.target_group for key in store.series() if key.target_group})),
    }
    completed = {}
    for name, value in dimensions.items():
        what, values = known.get(name, ("", []))
        if what and value not in values:
            by_name = {store.names.of(full): full for full in values}
            if value not in by_name:
                raise UnknownNameError(what, value, list(by_name))
            value = by_name[value]
        completed[name] = value
    return completed
