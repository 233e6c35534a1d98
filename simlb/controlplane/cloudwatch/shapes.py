"""The part of CloudWatch's API of 2010-08-01 that is answered, and the names of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.controlplane.query.model import Model

TARGET = "GraniteServiceVersion20100801"
"""How the service calls itself in `X-Amz-Target` and in paths."""

REFUSED = (
    "AssociateDatasetKmsKey",
    "CreateResourceMetricsConfiguration",
    "DeleteAlarmMuteRule",
    "DeleteAlarms",
    "DeleteAnomalyDetector",
    "DeleteDashboards",
    "DeleteInsightRules",
    "DeleteMetricDataQueryDefinition",
    "DeleteMetricStream",
    "DeleteResourceMetricsConfiguration",
    "DescribeAlarmContributors",
    "DescribeAlarmHistory",
    "DescribeAlarms",
    "DescribeAlarmsForMetric",
    "DescribeAnomalyDetectors",
    "DescribeInsightRules",
    "DisableAlarmActions",
    "DisableInsightRules",
    "DisassociateDatasetKmsKey",
    "EnableAlarmActions",
    "EnableInsightRules",
    "GetAlarmMuteRule",
    "GetDashboard",
    "GetDataset",
    "GetInsightRuleReport",
    "GetMetricDataQueryDefinition",
    "GetMetricStream",
    "GetMetricWidgetImage",
    "GetOTelEnrichment",
    "GetResourceMetricsConfiguration",
    "ListAlarmMuteRules",
    "ListDashboards",
    "ListManagedInsightRules",
    "ListMetricDataQueryDefinitions",
    "ListMetricStreams",
    "ListTagsForResource",
    "PutAlarmMuteRule",
    "PutAnomalyDetector",
    "PutCompositeAlarm",
    "PutDashboard",
    "PutInsightRule",
    "PutLogAlarm",
    "PutManagedInsightRules",
    "PutMetricAlarm",
    "PutMetricData",
    "PutMetricDataQueryDefinition",
    "PutMetricStream",
    "SetAlarmState",
    "StartMetricStreams",
    "StartOTelEnrichment",
    "StopMetricStreams",
    "StopOTelEnrichment",
    "TagResource",
    "UntagResource",
    "UpdateOTelEnrichment",
    "UpdateResourceMetricsConfiguration",
)

EXCEPTIONS: Mapping[str, str] = {
    "AccessDenied": "AccessDeniedException",
    "InvalidAction": "UnknownOperationException",
    "InvalidNextToken": "InvalidNextToken",
    "InvalidParameterCombination": "InvalidParameterCombinationException",
    "InvalidParameterValue": "InvalidParameterValueException",
    "MissingParameter": "MissingRequiredParameterException",
    "ValidationError": "ValidationException",
}
"""What the two newer protocols call an error, by its code in the older one. Others have one name."""

_PREFIXES = ("", "Kilo", "Mega", "Giga", "Tera")
_STATISTICS = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]


def _units() -> list[str]:
    sizes = [f"{prefix}{what}" if prefix else what.capitalize() for what in ("bytes", "bits") for prefix in _PREFIXES]
    times = ["Seconds", "Microseconds", "Milliseconds"]
    return [*times, *sizes, "Percent", "Count", *(f"{size}/Second" for size in sizes), "Count/Second", "None"]


def _text(low: int | None = None, high: int | None = None, **more: Any) -> dict[str, Any]:
    bounds = {name: value for name, value in (("min", low), ("max", high)) if value is not None}
    return {"type": "string", **bounds, **more}


def _list(of: str, **more: Any) -> dict[str, Any]:
    return {"type": "list", "member": of, **more}


def _structure(required: str = "", **members: str) -> dict[str, Any]:
    return {"type": "structure", "members": members, "required": required.split()}


TABLE: Mapping[str, Any] = {
    "service": "monitoring",
    "version": "2010-08-01",
    "namespace": "http://monitoring.amazonaws.com/doc/2010-08-01/",
    "operations": {
        "GetMetricData": {"input": "GetMetricDataInput", "output": "GetMetricDataOutput", "errors": []},
        "GetMetricStatistics": {"input": "StatisticsInput", "output": "StatisticsOutput", "errors": []},
        "ListMetrics": {"input": "ListMetricsInput", "output": "ListMetricsOutput", "errors": []},
        **{name: {"input": "Nothing", "output": "Nothing", "errors": []} for name in REFUSED},
    },
    "errors": {
        "InvalidNextToken": 400,
        "InvalidParameterCombination": 400,
        "InvalidParameterValue": 400,
        "MissingParameter": 400,
        "SerializationException": 400,
    },
    "shapes": {
        "Account": _text(1, 255),
        "Datapoint": _structure(
            Timestamp="Timestamp",
            SampleCount="Double",
            Average="Double",
            Sum="Double",
            Minimum="Double",
            Maximum="Double",
            Unit="Unit",
            ExtendedStatistics="Extended",
        ),
        "Datapoints": _list("Datapoint"),
        "Dimension": _structure("Name Value", Name="DimensionName", Value="DimensionValue"),
        "DimensionFilter": _structure("Name", Name="DimensionName", Value="DimensionValue"),
        "DimensionFilters": _list("DimensionFilter", max=10),
        "DimensionName": _text(1, 255),
        "DimensionValue": _text(1, 1024),
        "Dimensions": _list("Dimension", max=30),
        "Double": {"type": "double"},
        "Expression": _text(1, 2048),
        "Extended": {"type": "map", "key": "Text", "value": "Double"},
        "ExtendedNames": _list("Text", min=1, max=10),
        "Flag": {"type": "boolean"},
        "GetMetricDataInput": _structure(
            "MetricDataQueries StartTime EndTime",
            MetricDataQueries="Queries",
            StartTime="Timestamp",
            EndTime="Timestamp",
            NextToken="Text",
            ScanBy="ScanBy",
            MaxDatapoints="Integer",
            LabelOptions="LabelOptions",
        ),
        "GetMetricDataOutput": _structure(MetricDataResults="Results", NextToken="Text"),
        "Integer": {"type": "integer"},
        "LabelOptions": _structure(Timezone="Text"),
        "ListMetricsInput": _structure(
            Namespace="Namespace",
            MetricName="MetricName",
            Dimensions="DimensionFilters",
            NextToken="Text",
            RecentlyActive="RecentlyActive",
            IncludeLinkedAccounts="Flag",
            OwningAccount="Account",
        ),
        "ListMetricsOutput": _structure(Metrics="Metrics", NextToken="Text"),
        "Metric": _structure(Namespace="Namespace", MetricName="MetricName", Dimensions="Dimensions"),
        "MetricName": _text(1, 255),
        "MetricStat": _structure("Metric Period Stat", Metric="Metric", Period="Period", Stat="Text", Unit="Unit"),
        "Metrics": _list("Metric"),
        "Namespace": _text(1, 255, pattern="[^:].*"),
        "Nothing": _structure(),
        "Period": {"type": "integer", "min": 1},
        "Queries": _list("Query"),
        "Query": _structure(
            "Id",
            Id="QueryId",
            MetricStat="MetricStat",
            Expression="Expression",
            Label="Text",
            ReturnData="Flag",
            Period="Period",
            AccountId="Account",
        ),
        "QueryId": _text(1, 255),
        "RecentlyActive": _text(enum=["PT3H"]),
        "Result": _structure(Id="QueryId", Label="Text", Timestamps="Times", Values="Numbers", StatusCode="Text"),
        "Numbers": _list("Double"),
        "Results": _list("Result"),
        "ScanBy": _text(enum=["TimestampDescending", "TimestampAscending"]),
        "StatisticNames": _list("Statistic", min=1, max=5),
        "Statistic": _text(enum=_STATISTICS),
        "StatisticsInput": _structure(
            "Namespace MetricName StartTime EndTime Period",
            Namespace="Namespace",
            MetricName="MetricName",
            Dimensions="Dimensions",
            StartTime="Timestamp",
            EndTime="Timestamp",
            Period="Period",
            Statistics="StatisticNames",
            ExtendedStatistics="ExtendedNames",
            Unit="Unit",
        ),
        "StatisticsOutput": _structure(Label="Text", Datapoints="Datapoints"),
        "Text": _text(),
        "Times": _list("Timestamp"),
        "Timestamp": {"type": "timestamp"},
        "Unit": _text(enum=_units()),
    },
}
"""Parameters of what is refused anyway are passed over."""


def cloudwatch() -> Model:
    """The model."""
    return Model.of(TABLE)
