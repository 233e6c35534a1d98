"""ListMetrics, GetMetricStatistics and GetMetricData, with parameters that have been read, whatever the protocol.

What CloudWatch would find nothing for - another namespace or region, a name that nothing has - is empty here as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Protocol

from simlb.controlplane.cloudwatch import tokens
from simlb.controlplane.query.errors import QueryError
from simlb.core.ids import ACCOUNT
from simlb.core.metrics import MetricStore
from simlb.core.metrics.query import QueryError as RefusedError
from simlb.core.metrics.query import StatisticsQuery, datapoints, list_metrics
from simlb.core.metrics.statistics import STATISTICS, StatisticSet
from simlb.core.metrics.table import METRICS, NAMESPACE

Values = Mapping[str, Any]

METRICS_A_PAGE = 500
QUERIES_MAX = 500
DATAPOINTS_MAX = 100_800
"""Of one page of GetMetricData."""
RECENT_S = 3 * 3600

_QUERY_ID = re.compile(r"[a-z][A-Za-z0-9_]*", re.ASCII)
_TIME_ZONE = re.compile(r"[+-]\d{4}", re.ASCII)


class Metrics(Protocol):
    """The metrics of an instance. Called on its loop."""

    def metric_store(self) -> MetricStore:
        """What is kept, with everything up to now in it."""

    def now_s(self) -> float:
        """Seconds since 1970."""


# -- ListMetrics -------------------------------------------------------------------------------------------------------


def list_some(metrics: Metrics, region: str, given: Values) -> Values:
    """ListMetrics."""
    _check_account(given.get("OwningAccount"))
    filters = _dimensions(given.get("Dimensions", ()))
    token = given.get("NextToken")
    place = tokens.read(token, given) if token is not None else [0]
    store = metrics.metric_store()
    found: list[dict[str, Any]] = []
    if given.get("Namespace", NAMESPACE) == NAMESPACE:
        since_s = metrics.now_s() - RECENT_S if "RecentlyActive" in given else None
        found = list_metrics(store, given.get("MetricName"), filters, since_s=since_s, region=region)
    begin = max(0, place[0])
    answer: dict[str, Any] = {"Metrics": found[begin : begin + METRICS_A_PAGE]}
    if len(found) > begin + METRICS_A_PAGE:
        answer["NextToken"] = tokens.make([begin + METRICS_A_PAGE], given)
    return answer


# -- GetMetricStatistics -----------------------------------------------------------------------------------------------


def get_statistics(metrics: Metrics, region: str, given: Values) -> Values:
    """GetMetricStatistics."""
    plain, extended = given.get("Statistics", ()), given.get("ExtendedStatistics", ())
    if bool(plain) == bool(extended):
        what = "not both of" if plain else "one of"
        raise QueryError(
            "InvalidParameterCombination",
            f"GetMetricStatistics takes {what} the parameters Statistics and ExtendedStatistics.",
        )
    for word in extended:
        if word in STATISTICS:
            raise QueryError(
                "InvalidParameterValue", f"The value {word} for parameter ExtendedStatistics belongs to Statistics."
            )
    words = tuple(dict.fromkeys((*plain, *extended)))
    points = _found(metrics, region, given, _query(given, given, words))
    made = []
    for begins, found in points:
        values = {word: found.value(word) for word in words}
        point: dict[str, Any] = {"Timestamp": _time(begins)}
        spread = {word: value for word, value in values.items() if word in extended and value is not None}
        point |= {word: value for word, value in values.items() if word not in extended}
        point["Unit"] = METRICS[given["MetricName"]].unit
        if extended and not spread:
            continue  # of what has no distribution there are no percentiles
        if spread:
            point["ExtendedStatistics"] = spread
        made.append(point)
    return {"Label": given["MetricName"], "Datapoints": made}


# -- GetMetricData -----------------------------------------------------------------------------------------------------


def get_data(metrics: Metrics, region: str, given: Values) -> Values:
    """GetMetricData: so many values as a page may have, query after query."""
    queries = given["MetricDataQueries"]
    _check_queries(queries)
    _check_label_options(given.get("LabelOptions", {}))
    left = given.get("MaxDatapoints", DATAPOINTS_MAX)
    if not 1 <= left <= DATAPOINTS_MAX:
        raise _refused(f"The parameter MaxDatapoints must be between 1 and {DATAPOINTS_MAX}.")
    is_newest_first = given.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    wanted = [
        (item, item["MetricStat"], _query(item["MetricStat"]["Metric"], given, (item["MetricStat"]["Stat"],), item))
        for item in queries
    ]
    token = given.get("NextToken")
    first, last_s = tokens.read(token, given, 2) if token is not None else (0, -1)
    results: list[Values] = []
    for index, (item, stat, query) in enumerate(wanted):
        if index < first or not item.get("ReturnData", True):
            continue
        points = _values(_found(metrics, region, {**stat["Metric"], "Unit": stat.get("Unit")}, query), query)
        if is_newest_first:
            points.reverse()
        if index == first and last_s >= 0:
            points = [point for point in points if (point[0] < last_s) == is_newest_first and point[0] != last_s]
        page, rest = points[:left], points[left:]
        left -= len(page)
        if page or not rest:
            results.append(_result(item, page, is_complete=not rest))
        if rest:
            shown_s = page[-1][0] if page else last_s if index == first else -1
            return {"MetricDataResults": results, "NextToken": tokens.make([index, shown_s], given)}
    return {"MetricDataResults": results}


def _result(item: Values, page: Sequence[tuple[int, float]], *, is_complete: bool) -> Values:
    return {
        "Id": item["Id"],
        "Label": item.get("Label") or item["MetricStat"]["Metric"]["MetricName"],
        "Timestamps": [_time(begins) for begins, _ in page],
        "Values": [value for _, value in page],
        "StatusCode": "Complete" if is_complete else "PartialData",
    }


def _values(points: Sequence[tuple[int, StatisticSet]], query: StatisticsQuery) -> list[tuple[int, float]]:
    values = ((begins, found.value(query.statistics[0])) for begins, found in points)
    return [(begins, value) for begins, value in values if value is not None]


def _check_queries(queries: Sequence[Values]) -> None:
    """What CloudWatch checks of the queries themselves, and what of them simlb does not have."""
    if not 1 <= len(queries) <= QUERIES_MAX:
        raise _refused(f"The collection MetricDataQueries must have between 1 and {QUERIES_MAX} members.")
    ids = sorted(item["Id"] for item in queries)
    for one, other in pairwise(ids):
        if one == other:
            raise _refused(f"The values for parameter Id in MetricDataQueries are not unique: {one}.")
    for item in queries:
        name = item["Id"]
        if _QUERY_ID.fullmatch(name) is None:
            raise _refused(f"The value {name} for parameter Id must begin with a lower-case letter.")
        if ("MetricStat" in item) == ("Expression" in item):
            raise _refused(f"The query {name} must have either MetricStat or Expression.")
        if "Expression" in item:
            raise _refused(
                f"The query {name}: Expression is not supported by simlb yet: neither metric math nor SEARCH nor "
                "SELECT. Ask for the metrics by MetricStat, and calculate with their values."
            )
        if "Period" in item:
            raise _refused(
                f"The query {name}: Period beside MetricStat belongs to expressions; MetricStat has its own."
            )
        metric = item["MetricStat"]["Metric"]
        if missing := [member for member in ("Namespace", "MetricName") if member not in metric]:
            raise _refused(f"The query {name}: its Metric must have a {missing[0]}.")
        if "${" in item.get("Label", ""):
            raise _refused(f"The query {name}: dynamic labels such as ${{AVG}} are not supported by simlb yet.")
        _check_account(item.get("AccountId"))


def _check_label_options(options: Values) -> None:
    zone = options.get("Timezone")
    # It is for dynamic labels only, and those are refused.
    if zone is not None and _TIME_ZONE.fullmatch(zone) is None:
        raise _refused(f"The value {zone} for parameter LabelOptions.Timezone is none such as +0900.")


# -- all ---------------------------------------------------------------------------------------------------------------


def _query(metric: Values, times: Values, statistics: tuple[str, ...], item: Values | None = None) -> StatisticsQuery:
    """The question, checked. That of GetMetricData may be for more than an answer of GetMetricStatistics may hold."""
    dimensions = _dimensions(metric.get("Dimensions", ()))
    query = StatisticsQuery(
        metric_name=metric["MetricName"],
        dimensions={name: value for name, value in dimensions.items() if value is not None},
        statistics=statistics,
        period_s=(item["MetricStat"] if item is not None else times)["Period"],
        start_s=times["StartTime"].timestamp(),
        end_s=times["EndTime"].timestamp(),
    )
    try:
        query.check(is_bounded=item is None)
    except RefusedError as error:
        raise QueryError(error.code, error.message) from None
    return query


def _found(metrics: Metrics, region: str, metric: Values, query: StatisticsQuery) -> Sequence[tuple[int, StatisticSet]]:
    """The periods that have data, oldest first: none in another region, namespace or unit."""
    known = METRICS.get(query.metric_name)
    unit = metric.get("Unit")
    if known is None or metric["Namespace"] != NAMESPACE or unit not in {None, known.unit}:
        return []
    return datapoints(metrics.metric_store(), query, region)


def _dimensions(given: Sequence[Values]) -> dict[str, str | None]:
    found = {item["Name"]: item.get("Value") for item in given}
    if len(found) < len(given):
        raise QueryError("InvalidParameterValue", "The parameter Dimensions names a dimension twice.")
    return found


def _check_account(account: str | None) -> None:
    if account not in {None, ACCOUNT}:
        raise QueryError("InvalidParameterValue", f"There is one account here, {ACCOUNT}: the metrics are its own.")


def _refused(message: str) -> QueryError:
    return QueryError("ValidationError", message)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


OPERATIONS: Mapping[str, Callable[[Metrics, str, Values], Values]] = {
    "GetMetricData": get_data,
    "GetMetricStatistics": get_statistics,
    "ListMetrics": list_some,
}
