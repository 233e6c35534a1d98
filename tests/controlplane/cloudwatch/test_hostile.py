"""Requests to CloudWatch that make no sense: each gets 4xx, in the protocol that it came in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from simlb.controlplane.cloudwatch.operations import DATAPOINTS_MAX, METRICS_A_PAGE, OPERATIONS
from simlb.controlplane.cloudwatch.service import JSON, PATH, CloudWatchService
from simlb.controlplane.query import cbor
from simlb.controlplane.query.protocol import CBOR, QueryReply, QueryRequest
from simlb.core.metrics import MetricStore
from simlb.core.metrics.store import Key
from tests.aws import REGION, authorization

NOON = 1_795_867_200
SEED = 20100801
BODIES = 500
STRANGE: list[Any] = [
    None, True, -1, 0, 1.5, 2**63, 1e308, "", "\0", "]]>&", "가", "x" * 3000, [], [[]], {}, {"a": 1}, [None], ["Sum"],
    "p101", "NaN", "${AVG}", [{}], [{"Name": "LoadBalancer"}], {"Metric": {}}, 60, NOON, "2026-11-28T12:00:00Z",
]  # fmt: skip


class Kept:
    """An instance's metrics."""

    def __init__(self) -> None:
        self.store = MetricStore()

    def metric_store(self) -> MetricStore:
        return self.store

    def now_s(self) -> float:
        return NOON


def in_cbor(operation: str, body: bytes) -> QueryRequest:
    return QueryRequest(path=f"{PATH}{operation}", body=body, content_type=CBOR, authorization=SIGNED)


def in_json(operation: str, body: bytes) -> QueryRequest:
    target = f"GraniteServiceVersion20100801.{operation}"
    return QueryRequest(target=target, body=body, content_type=JSON, authorization=SIGNED)


def in_query(operation: str, body: bytes) -> QueryRequest:
    return QueryRequest(query=f"Action={operation}&Version=2010-08-01", body=body, authorization=SIGNED)


SIGNED = authorization(service="monitoring")
WAYS: dict[str, tuple[Callable[[str, bytes], QueryRequest], Callable[[Any], bytes]]] = {
    "cbor": (in_cbor, cbor.encode),
    "json": (in_json, lambda value: json.dumps(value).encode()),
}


def code_of(reply: QueryReply) -> str:
    """The error's code in the Query protocol, from a whole error of the reply's own protocol."""
    if reply.content_type == "text/xml":
        return ElementTree.fromstring(reply.body).findtext("{*}Error/{*}Code") or ""  # noqa: S314 - our own
    told = cbor.decode(reply.body) if reply.content_type == CBOR else json.loads(reply.body)
    assert told["message"]
    assert told["__type"].startswith("com.amazonaws.cloudwatch#")
    assert (reply.content_type == CBOR) == (reply.headers.get("smithy-protocol") == "rpc-v2-cbor")
    code, _, kind = reply.headers["x-amzn-query-error"].partition(";")
    assert kind == "Sender"
    return code


def good(operation: str, rng: random.Random) -> dict[str, Any]:
    """Parameters that are good but for what is done to them afterwards."""
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Dimensions": []}
    times = {"StartTime": NOON - 600, "EndTime": NOON}
    if operation == "ListMetrics":
        return {"NextToken": rng.choice(("e30=", "WzFd", "=")), **metric}
    if operation == "GetMetricStatistics":
        return {**metric, **times, "Period": 60, "Statistics": ["Sum"]}
    return {**times, "MetricDataQueries": [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}]}


def spoilt(value: Any, rng: random.Random) -> Any:
    """With something in it in place of something else; times of no moment, numbers of another size."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        return {**value, key: spoilt(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        return [spoilt(value[0], rng)]
    return rng.choice(STRANGE)


@pytest.mark.parametrize("way", WAYS)
async def test_five_hundred_bodies_that_make_no_sense(way: str) -> None:
    """Some are refused for a value; some are no CBOR and no JSON at all; some say nothing that is wrong."""
    service, rng = CloudWatchService(Kept()), random.Random(SEED)
    make, write = WAYS[way]
    refused = 0
    for _ in range(BODIES * 2):
        operation = rng.choice(list(OPERATIONS))
        body = bytearray(write(spoilt(good(operation, rng), rng)))
        if rng.random() < 0.5:
            for _ in range(rng.randint(1, 5)):
                body[rng.randrange(len(body))] = rng.randrange(256)
        reply = await service.answer(make(operation, bytes(body)))
        if reply.status == 200:
            continue
        assert 400 <= reply.status < 500, bytes(body)
        assert code_of(reply), bytes(body)
        refused += 1
    assert refused > BODIES


async def test_forms_that_make_no_sense() -> None:
    service, rng = CloudWatchService(Kept()), random.Random(SEED)
    names = [
        "StartTime",
        "EndTime",
        "Period",
        "Statistics.member.1",
        "MetricDataQueries.member.1.Id",
        "Dimensions",
        "%",
    ]
    for _ in range(BODIES):
        given = "&".join(
            f"{rng.choice(names)}{rng.choice(('', '.x', '.1'))}={rng.choice(('', '%00', '1', '%FF', 'a'))}"
            for _ in range(3)
        )
        reply = await service.answer(in_query(rng.choice(("GetMetricData", "GetMetricStatistics")), given.encode()))
        assert 400 <= reply.status < 500, given
        assert code_of(reply), given


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("GetMetricData", {}, "ValidationError"),
        ("GetMetricData", [], "SerializationException"),
        ("GetMetricData", {"MetricDataQueries": {}}, "SerializationException"),
        ("ListMetrics", {"MetricName": 7}, "SerializationException"),
        ("ListMetrics", {"MetricName": ""}, "ValidationError"),
        ("ListMetrics", {"IncludeLinkedAccounts": "yes"}, "SerializationException"),
        ("ListMetrics", {"Dimensions": [{"Name": "LoadBalancer"}] * 2}, "InvalidParameterValue"),
        ("ListMetrics", {"Dimensions": [{"Name": f"d{n}"} for n in range(11)]}, "ValidationError"),
        ("DescribeAlarms", {}, "UnsupportedOperation"),
        ("Nonsense", {}, "InvalidAction"),
    ],
)
async def test_codes(way: str, operation: str, body: Any, code: str) -> None:
    make, write = WAYS[way]
    reply = await CloudWatchService(Kept()).answer(make(operation, write(body)))
    assert (reply.status, code_of(reply)) == (400, code)


@pytest.mark.parametrize("seconds", [-1, 2**63, 1e308, 4_102_444_800])
async def test_times_that_are_none(seconds: float) -> None:
    for make, write in WAYS.values():
        body = {**good("GetMetricStatistics", random.Random(0)), "StartTime": seconds}
        reply = await CloudWatchService(Kept()).answer(make("GetMetricStatistics", write(body)))
        assert code_of(reply) == "ValidationError"


async def test_numbers_of_thousands_of_digits() -> None:
    for digits in (b"9" * 400, b"9" * 5000, b"1e400", b"NaN"):
        body = b'{"StartTime": ' + digits + b"}"
        reply = await CloudWatchService(Kept()).answer(in_json("GetMetricStatistics", body))
        assert code_of(reply) in {"SerializationException", "ValidationError"}


async def test_more_values_than_a_call_can_mean() -> None:
    body = b'{"MetricDataQueries": [' + b",".join([b"{}"] * 300_000) + b"]}"
    assert code_of(await CloudWatchService(Kept()).answer(in_json("GetMetricData", body))) == "SerializationException"


@pytest.mark.parametrize("way", WAYS)
async def test_a_call_is_signed_in_a_header(way: str) -> None:
    make, write = WAYS[way]
    signed = make("ListMetrics", write({}))
    query = f"X-Amz-Credential=k/20261128/{REGION}/monitoring/aws4_request"
    request = QueryRequest(
        path=signed.path, target=signed.target, body=signed.body, content_type=signed.content_type, query=query
    )
    reply = await CloudWatchService(Kept()).answer(request)
    assert (reply.status, code_of(reply)) == (403, "AccessDenied")


async def test_an_empty_body_has_no_parameters() -> None:
    for make, _ in WAYS.values():
        assert (await CloudWatchService(Kept()).answer(make("ListMetrics", b""))).status == 200


async def test_metrics_come_in_pages() -> None:
    kept = Kept()
    for number in range(300):
        kept.store.zones[f"app/lb{number}/0"] = f"{REGION}a"
        kept.store.add(Key("RequestCount", f"app/lb{number}/0"), NOON - 60, 1)
    service, found, token, pages = CloudWatchService(kept), [], None, 0
    while token is not None or not pages:
        body = cbor.encode({"MetricName": "RequestCount", **({"NextToken": token} if token else {})})
        answer = cbor.decode((await service.answer(in_cbor("ListMetrics", body))).body)
        assert len(answer["Metrics"]) <= METRICS_A_PAGE
        found += [json.dumps(metric) for metric in answer["Metrics"]]
        token = answer.get("NextToken")
        pages += 1
        # Whose call it is stands in the token.
        other = cbor.encode({"NextToken": token or "x"})
        assert code_of(await service.answer(in_cbor("ListMetrics", other))) == "InvalidNextToken"
    assert (pages, len(found), len(set(found))) == (2, 600, 600)


async def test_metrics_of_another_regions_load_balancers_are_not_there() -> None:
    kept = Kept()
    for region in (REGION, "us-east-1"):
        kept.store.zones[f"app/{region}/0"] = f"{region}a"
        kept.store.add(Key("RequestCount", f"app/{region}/0"), NOON - 60, 1)
    answer = json.loads((await CloudWatchService(kept).answer(in_json("ListMetrics", b"{}"))).body)
    assert {each["Value"] for metric in answer["Metrics"] for each in metric["Dimensions"]} == {
        f"app/{REGION}/0",
        f"{REGION}a",
    }
    for name, count in ((REGION, 1), ("us-east-1", 0)):
        body = {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": "RequestCount",
            "Dimensions": [{"Name": "LoadBalancer", "Value": f"app/{name}/0"}],
            "StartTime": NOON - 600,
            "EndTime": NOON,
            "Period": 60,
            "Statistics": ["Sum"],
        }
        reply = await CloudWatchService(kept).answer(in_json("GetMetricStatistics", json.dumps(body).encode()))
        assert len(json.loads(reply.body)["Datapoints"]) == count


async def test_only_what_is_recent() -> None:
    kept = Kept()
    for name, ago_s in (("old", 3 * 3600 + 1), ("new", 3 * 3600)):
        kept.store.zones[f"app/{name}/0"] = f"{REGION}a"
        kept.store.add(Key("RequestCount", f"app/{name}/0"), NOON - ago_s, 1)
    body = json.dumps({"RecentlyActive": "PT3H"}).encode()
    answer = json.loads((await CloudWatchService(kept).answer(in_json("ListMetrics", body))).body)
    found = {each["Value"] for metric in answer["Metrics"] for each in metric["Dimensions"]}
    assert found == {"app/new/0", f"{REGION}a"}


async def test_a_day_by_minute_is_one_page_and_more_than_get_metric_statistics_would_give() -> None:
    kept = Kept()
    kept.store.zones["app/lb/0"] = f"{REGION}a"
    for minute in range(1440):
        kept.store.add(Key("RequestCount", "app/lb/0"), NOON - 60 * (1439 - minute), 1)
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": "RequestCount",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/lb/0"}],
    }
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": f"m{number}", "MetricStat": stat} for number in range(71)]
    body = {"MetricDataQueries": queries, "StartTime": NOON - 14 * 86_400, "EndTime": NOON + 60}
    reply = await CloudWatchService(kept).answer(in_json("GetMetricData", json.dumps(body).encode()))
    answer = json.loads(reply.body)
    assert sum(len(result["Values"]) for result in answer["MetricDataResults"]) == DATAPOINTS_MAX
    assert len(answer["MetricDataResults"]) == DATAPOINTS_MAX // 1440
    assert "NextToken" in answer
