"""Metrics over the control port: real HTTP over numbers that a test has put there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simlb.controlplane.metric_routes import metric_routes
from simlb.controlplane.server import ControlServer
from simlb.core.metrics import MetricStore, StatisticSet
from simlb.core.metrics.store import Key
from tests.controlplane.fakes import FakeInstance
from tests.core.metrics.test_store import LB, NOON, WEB

STATISTICS = "/api/v1/metrics/statistics"


class Desk:
    """A minute and a half after noon."""

    def __init__(self) -> None:
        self.store = MetricStore()
        self.store.zones[LB] = "us-east-1a"
        self.store.add(Key("RequestCount", LB), NOON, 2)
        self.store.add(Key("RequestCount", LB, WEB), NOON + 89, 4)
        counts = [0] * 218
        counts[48] = 1
        self.store.add_set(Key("TargetResponseTime", LB, WEB), NOON, StatisticSet(1, 0.001, 0.001, 0.001, counts))

    def metric_store(self) -> MetricStore:
        return self.store

    def now_s(self) -> float:
        return NOON + 90.0

    def exposition(self, accept: str) -> tuple[bytes, str]:
        return f"# for {accept}\n".encode(), "text/plain; version=0.0.4; charset=utf-8"


class Port:
    """A control port with metrics, asked without a token."""

    def __init__(self, desk: Desk, port: int, session: aiohttp.ClientSession) -> None:
        self.desk = desk
        self.url = f"http://127.0.0.1:{port}"
        self.session = session

    async def ask(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.session.get(self.url + path, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    desk = Desk()
    server = ControlServer(FakeInstance(), "s3cret", 0, routes=metric_routes(desk))
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Port(desk, server.port, session)
    await server.close()


async def test_prometheus_needs_no_token_and_says_what_it_understands(port: Port) -> None:
    async with port.session.get(port.url + "/metrics", headers={"Accept": "application/openmetrics-text"}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert await response.text() == "# for application/openmetrics-text\n"
    for foreign in ({"Host": "evil.test"}, {"Origin": "http://evil.test"}):
        status, answer = await port.ask("/metrics", **foreign)
        assert (status, answer["code"]) in {(403, "E605"), (403, "E606")}


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 6), ("?MetricName=RequestCount", 4), ("?TargetGroup=web", 4), (f"?LoadBalancer={LB}", 6)],
)
async def test_metrics_are_listed(port: Port, query: str, count: int) -> None:
    status, answer = await port.ask(f"/api/v1/metrics{query}")
    assert status == 200
    assert len(answer["Metrics"]) == count
    assert answer["Metrics"][0]["Namespace"] == "AWS/ApplicationELB"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("MetricName=RequestCount", [("12:00:00", {"Sum": 2})]),
        ("MetricName=RequestCount&TargetGroup=web", [("12:01:00", {"Sum": 4})]),
        ("MetricName=RequestCount&TargetGroup=web&Period=1", [("12:01:29", {"Sum": 4})]),
        ("MetricName=RequestCount&Statistics=Sum,Average", [("12:00:00", {"Sum": 2, "Average": 1})]),
        ("MetricName=RequestCount&StartTime=2026-11-28T12:01:00Z", []),
        ("MetricName=RequestCount&StartTime=2026-11-28T21:00:00%2B09:00", [("12:00:00", {"Sum": 2})]),
        ("MetricName=RequestCount&StartTime=2026-11-28T21:00:00+09:00", [("12:00:00", {"Sum": 2})]),
        (f"MetricName=RequestCount&StartTime={NOON}&EndTime={NOON + 30}", [("12:00:00", {"Sum": 2})]),
        (
            "MetricName=TargetResponseTime&TargetGroup=web&Statistics=Maximum&ExtendedStatistics=p95",
            [("12:00:00", {"Maximum": 0.001, "ExtendedStatistics": {"p95": 0.001}})],
        ),
    ],
)
async def test_statistics(port: Port, query: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    status, answer = await port.ask(f"{STATISTICS}?{query}")
    assert status == 200
    name = query.partition("=")[2].partition("&")[0]
    unit = "Seconds" if name == "TargetResponseTime" else "Count"
    points = [{"Timestamp": f"2026-11-28T{clock}Z", "Unit": unit, **values} for clock, values in expected]
    assert answer == {"Label": name, "Datapoints": points}


REFUSED = [
    ("", 400, "E762", "MissingParameter: The parameter MetricName is required."),
    ("?MetricName=RequestCuont", 404, "E763", "There is no metric 'RequestCuont'"),
    ("?MetricName=GrpcRequestCount", 404, "E764", "simlb does not have GrpcRequestCount: gRPC is not served"),
    ("?MetricName=RequestCount&TargetGroup=api", 404, "E766", "There is no target group 'api'"),
    ("?MetricName=RequestCount&AvailabilityZone=a", 200, None, ""),
    ("?MetricName=RuleEvaluations&TargetGroup=web", 400, "E765", "has the dimensions LoadBalancer, not: TargetGroup"),
    ("?MetricName=RequestCount&Statistics=p95", 400, "E765", "only TargetResponseTime has percentiles"),
    ("?MetricName=RequestCount&Statistics=Median", 400, "E762", "InvalidParameterValue: The value Median"),
    ("?MetricName=RequestCount&Period=7", 400, "E762", "The value 7 for parameter Period"),
    ("?MetricName=RequestCount&Period=-60", 400, "E762", "no number of seconds"),
    ("?MetricName=RequestCount&Period=٦٠", 400, "E762", "no number of seconds"),
    ("?MetricName=RequestCount&StartTime=noon", 400, "E762", "The value noon for parameter StartTime"),
    ("?MetricName=RequestCount&StartTime=0001-01-01T00:00:00%2B23:59", 400, "E762", "StartTime"),
    ("?MetricName=RequestCount&StartTime=99999999999", 400, "E762", "StartTime"),
    ("?MetricName=RequestCount&EndTime=2026-11-28T11:00:00Z&StartTime=2026-11-28T12:00:00Z", 400, "E762", "less than"),
    ("?MetricName=RequestCount&StartTime=2026-11-01", 400, "E765", "exceeds the limit of 1,440"),
    ("?MetricName=RequestCount&Metric=x", 400, "E762", "The parameter Metric is not known here"),
    ("?MetricName=RequestCount&MetricName=RequestCount", 400, "E765", "there twice"),
    ("?MetricName=", 400, "E762", "The parameter MetricName is empty"),
]


@pytest.mark.parametrize(("query", "status", "code", "words"), REFUSED)
async def test_questions_that_are_refused(port: Port, query: str, status: int, code: str | None, words: str) -> None:
    answered, answer = await port.ask(STATISTICS + query)
    assert (answered, answer.get("code")) == (status, code)
    assert words in answer.get("message", "")


def query(metric: str, stat: str = "Sum", **changes: Any) -> dict[str, Any]:
    dimensions = [{"Name": "TargetGroup", "Value": "web"}]
    return {
        "Id": "q",
        "MetricStat": {"Metric": {"MetricName": metric, "Dimensions": dimensions}, "Period": 60, "Stat": stat},
    } | changes


async def ask_data(port: Port, *queries: dict[str, Any], **members: Any) -> tuple[int, Any]:
    body = {"MetricDataQueries": list(queries), "StartTime": NOON, "EndTime": "2026-11-28T12:10:00Z", **members}
    headers = {"Authorization": "Bearer s3cret"}
    async with port.session.post(f"{port.url}/api/v1/metrics/data", json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_which_load_balancer_has_to_be_said_where_there_are_several(port: Port) -> None:
    port.desk.store.zones["app/api/1"] = "us-east-1a"
    status, answer = await port.ask(f"{STATISTICS}?MetricName=RequestCount")
    assert (status, answer["code"], answer["hints"]) == (400, "E765", ["shop, api"])
    status, answer = await port.ask(f"{STATISTICS}?MetricName=RequestCount&LoadBalancer=shop")
    assert (status, answer["Datapoints"][0]["Sum"]) == (200, 2)


async def test_several_series_at_once(port: Port) -> None:
    queries = [query("RequestCount"), query("TargetResponseTime", "p95", Id="slow", Label="p95 of web")]
    status, answer = await ask_data(port, *queries)
    assert (status, answer) == (
        200,
        {
            "MetricDataResults": [
                {
                    "Id": "q",
                    "Label": "RequestCount",
                    "Timestamps": ["2026-11-28T12:01:00Z"],
                    "Values": [4],
                    "StatusCode": "Complete",
                },
                {
                    "Id": "slow",
                    "Label": "p95 of web",
                    "Timestamps": ["2026-11-28T12:00:00Z"],
                    "Values": [0.001],
                    "StatusCode": "Complete",
                },
            ]
        },
    )


@pytest.mark.parametrize(
    ("queries", "members", "status", "code", "words"),
    [
        ([query("RequestCount"), query("RequestCount")], {}, 400, "E765", "Id in MetricDataQueries must be unique"),
        ([query("RequestCount", "p95")], {}, 400, "E765", "only TargetResponseTime has percentiles"),
        ([query("RuleEvaluations")], {}, 400, "E765", "has the dimensions LoadBalancer"),
        ([query("LambdaUserError")], {}, 404, "E764", "no Lambda targets"),
        ([query("RequestCount")], {"EndTime": NOON}, 400, "E762", "StartTime must be less"),
        ([query("RequestCount")], {"EndTime": -1}, 400, "E762", "EndTime"),
        ([query("RequestCount", Id="1")], {}, 400, "E608", "regex"),
        ([query("RequestCount", Expression="m1/2")], {}, 400, "E608", "Expression"),
        ([], {}, 400, "E608", "length >= 1"),
        ([query("RequestCount")], {"ScanBy": "Random"}, 400, "E608", "ScanBy"),
    ],
)
async def test_data_that_is_refused(
    port: Port, queries: list[dict[str, Any]], members: dict[str, Any], status: int, code: str, words: str
) -> None:
    answered, answer = await ask_data(port, *queries, **members)
    assert (answered, answer["code"]) == (status, code)
    assert words in answer["message"]


async def test_the_order_of_data(port: Port) -> None:
    port.desk.store.add(Key("RequestCount", LB, WEB), NOON + 120, 1)
    for scan, values in (("TimestampDescending", [1, 4]), ("TimestampAscending", [4, 1])):
        _, answer = await ask_data(port, query("RequestCount"), ScanBy=scan)
        assert answer["MetricDataResults"][0]["Values"] == values
