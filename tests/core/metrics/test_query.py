"""ListMetrics and GetMetricStatistics over what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core.metrics import MetricStore, query
from simlb.core.metrics.query import QueryError, StatisticsQuery, UnknownNameError
from simlb.core.metrics.store import Key
from tests.core.metrics.test_store import LB, NOON, WEB

ZONE = "us-east-1a"


@pytest.fixture
def kept() -> MetricStore:
    kept = MetricStore()
    kept.zones[LB] = ZONE
    for group in (None, WEB):
        kept.add(Key("RequestCount", LB, group), NOON, 3)
    kept.add(Key("RequestCountPerTarget", LB, WEB), NOON, 1.5)
    kept.add(Key("RuleEvaluations", LB), NOON, 7)
    kept.add(Key("ForwardedInvalidHeaderRequestCount", LB), NOON, 0)
    return kept


def short(listed: list[dict[str, Any]]) -> list[str]:
    return [
        " ".join([item["MetricName"], *(dimension["Value"].split("/")[0] for dimension in item["Dimensions"])])
        for item in listed
    ]


def test_every_set_of_dimensions_that_has_data(kept: MetricStore) -> None:
    assert short(query.list_metrics(kept)) == [
        "RequestCount app",
        f"RequestCount {ZONE} app",
        "RequestCount targetgroup app",
        f"RequestCount targetgroup {ZONE} app",
        "RuleEvaluations app",
        f"ForwardedInvalidHeaderRequestCount {ZONE} app",
        "RequestCountPerTarget targetgroup app",
        f"RequestCountPerTarget targetgroup {ZONE} app",
        "RequestCountPerTarget targetgroup",
        f"RequestCountPerTarget targetgroup {ZONE}",
    ]
    assert query.list_metrics(kept)[0] == {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": "LoadBalancer", "Value": LB}],
    }


@pytest.mark.parametrize(
    ("name", "dimensions", "count"),
    [
        ("RequestCount", {}, 4),
        (None, {"TargetGroup": None}, 6),
        (None, {"TargetGroup": WEB, "AvailabilityZone": ZONE}, 3),
        (None, {"AvailabilityZone": "us-east-1b"}, 0),
        ("ProcessedBytes", {}, 0),
    ],
)
def test_a_choice_of_them(kept: MetricStore, name: str | None, dimensions: dict[str, str | None], count: int) -> None:
    assert len(query.list_metrics(kept, name, dimensions)) == count


def ask(kept: MetricStore, name: str = "RequestCount", **changes: Any) -> dict[str, Any]:
    """About the ten minutes from noon on."""
    question: dict[str, Any] = {
        "dimensions": {"LoadBalancer": LB},
        "statistics": ("Sum",),
        "period_s": 60,
        "start_s": NOON + 0.5,
        "end_s": NOON + 600.0,
    }
    return query.get_metric_statistics(kept, StatisticsQuery(metric_name=name, **{**question, **changes}))


def test_datapoints_have_the_shape_of_the_api(kept: MetricStore) -> None:
    kept.add(Key("RequestCount", LB), NOON + 60, 1)
    assert ask(kept, statistics=("Sum", "SampleCount", "Maximum")) == {
        "Label": "RequestCount",
        "Datapoints": [
            {"Timestamp": "2026-11-28T12:00:00Z", "Sum": 3, "SampleCount": 3, "Maximum": 1, "Unit": "Count"},
            {"Timestamp": "2026-11-28T12:01:00Z", "Sum": 1, "SampleCount": 1, "Maximum": 1, "Unit": "Count"},
        ],
    }


@pytest.mark.parametrize(
    "dimensions",
    [
        {"LoadBalancer": LB},
        {"LoadBalancer": LB, "AvailabilityZone": ZONE},
        {"LoadBalancer": LB, "TargetGroup": WEB},
        {"LoadBalancer": LB, "TargetGroup": WEB, "AvailabilityZone": ZONE},
    ],
)
def test_dimensions_that_name_a_series(kept: MetricStore, dimensions: dict[str, str]) -> None:
    assert [point["Sum"] for point in ask(kept, dimensions=dimensions)["Datapoints"]] == [3]


@pytest.mark.parametrize(
    ("name", "dimensions"),
    [
        ("RequestCount", {"TargetGroup": WEB}),
        ("RequestCount", {}),
        ("RequestCount", {"LoadBalancer": LB, "AvailabilityZone": "us-east-1b"}),
        ("RequestCount", {"LoadBalancer": "app/other/1"}),
        ("ForwardedInvalidHeaderRequestCount", {"LoadBalancer": LB}),
        ("ProcessedBytes", {"LoadBalancer": LB}),
        ("GrpcRequestCount", {"LoadBalancer": LB, "TargetGroup": WEB}),
        ("Nonsense", {"LoadBalancer": LB}),
    ],
)
def test_what_is_not_there_has_no_datapoints(kept: MetricStore, name: str, dimensions: dict[str, str]) -> None:
    assert ask(kept, name, dimensions=dimensions) == {"Label": name, "Datapoints": []}


def test_a_group_is_enough_where_aws_says_so(kept: MetricStore) -> None:
    assert ask(kept, "RequestCountPerTarget", dimensions={"TargetGroup": WEB})["Datapoints"][0]["Sum"] == 1.5


REFUSED = [
    ({"statistics": ()}, "MissingParameter", "Statistics or ExtendedStatistics is required"),
    ({"statistics": ("Median",)}, "InvalidParameterValue", "Median"),
    ({"statistics": ("p101",)}, "InvalidParameterValue", "p101"),
    ({"period_s": 61}, "InvalidParameterValue", "61"),
    ({"period_s": 0}, "InvalidParameterValue", "0"),
    ({"period_s": 86_460}, "InvalidParameterValue", "86460"),
    ({"start_s": NOON + 600.0}, "InvalidParameterValue", "StartTime must be less than the parameter EndTime"),
    (
        {"start_s": NOON - 172_800.0},
        "InvalidParameterCombination",
        "2,890 datapoints, which exceeds the limit of 1,440",
    ),
]


@pytest.mark.parametrize(("changes", "code", "words"), REFUSED)
def test_what_cloudwatch_refuses(kept: MetricStore, changes: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        ask(kept, **changes)
    assert caught.value.code == code
    assert words in caught.value.message


def test_names_are_completed(kept: MetricStore) -> None:
    requests = query.find_metric("RequestCount")
    per_target = query.find_metric("RequestCountPerTarget")
    assert query.complete(kept, requests, {}) == {"LoadBalancer": LB}
    assert query.complete(kept, requests, {"TargetGroup": "web"}) == {"LoadBalancer": LB, "TargetGroup": WEB}
    assert query.complete(kept, per_target, {"TargetGroup": "web"}) == {"TargetGroup": WEB}
    assert query.complete(kept, requests, {"LoadBalancer": "shop"}) == {"LoadBalancer": LB}
    kept.zones["app/other/1"] = ZONE
    assert query.complete(kept, requests, {}) == {}, "which one is not clear"


@pytest.mark.parametrize(
    ("dimensions", "close"), [({"LoadBalancer": "shp"}, "shop"), ({"TargetGroup": "nothing"}, None)]
)
def test_names_that_are_not_there(kept: MetricStore, dimensions: dict[str, str], close: str | None) -> None:
    with pytest.raises(UnknownNameError) as caught:
        query.complete(kept, query.find_metric("RequestCount"), dimensions)
    assert caught.value.close == close
