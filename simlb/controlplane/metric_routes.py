"""Metrics on the control port.

    GET /metrics                        for Prometheus, in its text format or as OpenMetrics
    GET /api/v1/metrics                 {"Metrics": [...]}: CloudWatch's ListMetrics. ?MetricName= and dimensions choose
    GET /api/v1/metrics/statistics      {"Label": ..., "Datapoints": [...]}: CloudWatch's GetMetricStatistics
        ?MetricName=TargetResponseTime&TargetGroup=web&Statistics=Average,p95&Period=60&StartTime=...&EndTime=...
    POST /api/v1/metrics/data           {"MetricDataResults": [...]}: CloudWatch's GetMetricData, in its own JSON

Dimensions are `LoadBalancer`, `TargetGroup` and `AvailabilityZone`. The name of a load balancer or a group will do in
place of the whole value, and where there is one load balancer only it goes without saying. By itself a question is
about the last hour - with a period below a minute the last five minutes -, in periods of a minute.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Protocol

import msgspec
from aiohttp import web

from simlb.controlplane.bodies import decode_body
from simlb.core.metrics import MetricStore
from simlb.core.metrics.query import (
    DIMENSIONS,
    DataQuery,
    QueryError,
    StatisticsQuery,
    UnknownNameError,
    complete,
    find_metric,
    full_names,
    get_metric_data,
    get_metric_statistics,
    has_percentiles,
    list_metrics,
)
from simlb.core.metrics.statistics import percent_of
from simlb.core.metrics.store import MINUTE_S, SECONDS_KEPT
from simlb.core.metrics.table import LOAD_BALANCER, TARGET_GROUP, Metric
from simlb.errors import SimlbError

HOUR_S = 3600
_LISTING = frozenset({"MetricName", *DIMENSIONS})
_STATISTICS = _LISTING | {"Statistics", "ExtendedStatistics", "Period", "StartTime", "EndTime"}
_SECONDS = re.compile(r"\d{1,11}(\.\d{1,9})?", re.ASCII)
_TIME_MAX_S = 4_102_444_800  # the year 2100


_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class DimensionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """One dimension."""

    name: Literal["LoadBalancer", "TargetGroup", "AvailabilityZone"]
    value: _Text


class MetricBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """A metric and its dimensions."""

    metric_name: _Text
    namespace: Literal["AWS/ApplicationELB"] = "AWS/ApplicationELB"
    dimensions: list[DimensionBody] = msgspec.field(default_factory=list)


class MetricStatBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """A statistic of a metric."""

    metric: MetricBody
    period: int
    stat: _Text


class DataQueryBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """One query. Expressions are not emulated, and so not known."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][A-Za-z0-9_]{0,254}$")]
    metric_stat: MetricStatBody
    label: _Text | None = None


class DataBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """GetMetricData's members."""

    metric_data_queries: Annotated[list[DataQueryBody], msgspec.Meta(min_length=1, max_length=500)]
    start_time: str | float
    end_time: str | float
    scan_by: Literal["TimestampDescending", "TimestampAscending"] = "TimestampDescending"


class MetricDesk(Protocol):
    """The metrics of an instance. Called on its loop."""

    def metric_store(self) -> MetricStore:
        """What is kept, with everything up to now in it."""

    def now_s(self) -> float:
        """Seconds since 1970."""

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The page for Prometheus and its content type, for a request that accepts those types."""


def metric_routes(desk: MetricDesk) -> list[web.RouteDef]:
    """The routes over a desk."""

    async def listed(request: web.Request) -> web.Response:
        return web.json_response(_list(desk, _parameters(request, _LISTING)))

    async def statistics(request: web.Request) -> web.Response:
        try:
            return web.json_response(_statistics(desk, _parameters(request, _STATISTICS)))
        except QueryError as error:
            raise _refused(error.code, error.message) from None

    async def data(request: web.Request) -> web.Response:
        body = decode_body(DataBody, await request.read())
        try:
            return web.json_response(_data(desk, body))
        except QueryError as error:
            raise _refused(error.code, error.message) from None

    async def exposition(request: web.Request) -> web.Response:
        content, content_type = desk.exposition(request.headers.get("Accept", ""))
        return web.Response(body=content, headers={"Content-Type": content_type})

    return [
        web.get("/metrics", exposition),
        web.get("/api/v1/metrics", listed),
        web.get("/api/v1/metrics/statistics", statistics),
        web.post("/api/v1/metrics/data", data),
    ]


def _list(desk: MetricDesk, parameters: Mapping[str, str]) -> dict[str, object]:
    store = desk.metric_store()
    name = parameters.get("MetricName")
    if name is not None:
        _metric(name)
    found = list_metrics(store, name, _known(lambda: full_names(store, _dimensions(parameters))))
    values = {
        dimension["Value"]
        for metric in found
        for dimension in metric["Dimensions"]
        if dimension["Name"] in {LOAD_BALANCER, TARGET_GROUP}
    }
    return {"Metrics": found, "Names": {value: store.names.of(value) for value in sorted(values)}}


def _statistics(desk: MetricDesk, parameters: Mapping[str, str]) -> dict[str, object]:
    if "MetricName" not in parameters:
        raise QueryError("MissingParameter", "The parameter MetricName is required.")
    metric = _metric(parameters["MetricName"])
    store = desk.metric_store()
    dimensions = _completed(store, metric, _dimensions(parameters))
    words = [*_words(parameters, "Statistics"), *_words(parameters, "ExtendedStatistics")]
    period_s = _period(parameters.get("Period", str(MINUTE_S)))
    now_s = desk.now_s()
    end_s = _time(parameters, "EndTime", now_s)
    last_s = HOUR_S if period_s >= MINUTE_S else SECONDS_KEPT
    query = StatisticsQuery(
        metric_name=metric.name,
        dimensions=dimensions,
        statistics=tuple(dict.fromkeys(words or metric.statistics)),
        period_s=period_s,
        start_s=_time(parameters, "StartTime", end_s - max(last_s, period_s)),
        end_s=end_s,
    )
    query.check()
    _check_spread(metric, query.statistics)
    return get_metric_statistics(store, query)


def _data(desk: MetricDesk, body: DataBody) -> dict[str, object]:
    store = desk.metric_store()
    queries = []
    for item in body.metric_data_queries:
        asked = item.metric_stat
        metric = _metric(asked.metric.metric_name)
        given: dict[str, str] = {dimension.name: dimension.value for dimension in asked.metric.dimensions}
        _check_spread(metric, [asked.stat])
        queries.append(
            DataQuery(
                id=item.id,
                metric_name=metric.name,
                dimensions=_completed(store, metric, given),
                statistic=asked.stat,
                period_s=asked.period,
                label=item.label,
            )
        )
    times = {"StartTime": str(body.start_time), "EndTime": str(body.end_time)}
    start_s, end_s = (_time(times, name, 0.0) for name in ("StartTime", "EndTime"))
    return get_metric_data(store, queries, start_s, end_s, newest_first=body.scan_by == "TimestampDescending")


def _check_spread(metric: Metric, statistics: Sequence[str]) -> None:
    spread = [word for word in statistics if percent_of(word) is not None]
    if spread and not has_percentiles(metric):
        raise QueryError(
            "InvalidParameterCombination", f"{metric.name} has no {spread[0]}: only TargetResponseTime has percentiles."
        )


def _completed(store: MetricStore, metric: Metric, given: Mapping[str, str]) -> dict[str, str]:
    """Dimensions that the metric has, in full."""
    dimensions = _known(lambda: complete(store, metric, given))
    if frozenset(dimensions) not in {frozenset(names) for names in metric.dimensions}:
        if LOAD_BALANCER not in dimensions and len(store.zones) > 1:
            names = ", ".join(map(store.names.of, store.zones))
            raise SimlbError("E765", "InvalidParameterCombination: Which LoadBalancer? There are several.", names)
        sets = " or ".join(", ".join(names) for names in metric.dimensions)
        words = ", ".join(dimensions) or "none"
        raise QueryError("InvalidParameterCombination", f"{metric.name} has the dimensions {sets}, not: {words}.")
    return dimensions


def _metric(name: str) -> Metric:
    try:
        metric = find_metric(name)
    except UnknownNameError as error:
        hint = f"did you mean {error.close}?" if error.close else "docs/metrics.md lists them all"
        raise SimlbError("E763", f"InvalidParameterValue: {error}", hint) from None
    if metric.why_not is not None:
        raise SimlbError(
            "E764",
            f"InvalidParameterValue: simlb does not have {name}: {metric.why_not}.",
            "docs/metrics.md lists what it has",
        )
    return metric


def _known(names: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return names()
    except UnknownNameError as error:
        hint = f"did you mean {error.close}?" if error.close else f"there are: {', '.join(error.known) or 'none yet'}"
        raise SimlbError("E766", f"InvalidParameterValue: {error}", hint) from None


def _dimensions(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: parameters[name] for name in DIMENSIONS if name in parameters}


def _parameters(request: web.Request, known: frozenset[str]) -> dict[str, str]:
    """The query's parameters, each once, and none that would be passed over."""
    for name in request.query:
        if name not in known:
            raise _refused(
                "InvalidParameterValue", f"The parameter {name} is not known here: {', '.join(sorted(known))} are."
            )
        if len(request.query.getall(name)) > 1:
            raise _refused("InvalidParameterCombination", f"The parameter {name} is there twice.")
        if not request.query[name]:
            raise _refused("InvalidParameterValue", f"The parameter {name} is empty.")
    return dict(request.query)


def _words(parameters: Mapping[str, str], name: str) -> list[str]:
    return [word.strip() for word in parameters.get(name, "").split(",") if word.strip()]


def _period(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise QueryError("InvalidParameterValue", f"The value {text} for parameter Period is no number of seconds.")
    return int(text)


def _time(parameters: Mapping[str, str], name: str, default_s: float) -> float:
    text = parameters.get(name)
    if text is None:
        return default_s
    seconds = -1.0
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        # A plus sign of a query is a blank.
        with contextlib.suppress(ValueError, OverflowError):  # told below
            parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
            seconds = (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds < _TIME_MAX_S:
        raise QueryError(
            "InvalidParameterValue", f"The value {text} for parameter {name} is no time such as 2026-11-28T13:40:00Z."
        )
    return seconds


def _refused(code: str, message: str) -> SimlbError:
    return SimlbError("E765" if code == "InvalidParameterCombination" else "E762", f"{code}: {message}")
