"""CloudWatch by boto3, over real traffic; and in the protocols of its older clients."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import boto3
import pytest
from botocore.exceptions import ClientError

from simlb.controlplane.query import cbor
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import RunningLoadBalancer
from tests.aws import REGION, authorization, elbv2

NAMESPACE = "AWS/ApplicationELB"
XML = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
REQUESTS = 5


def read_xml(answer: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(answer)  # noqa: S314 - simlb's own


class Shop:
    """A load balancer that has answered five requests, and what its metrics are filed under."""

    def __init__(self, lb: RunningLoadBalancer, aws: Any) -> None:
        self.lb = lb
        self.aws = aws
        with elbv2(lb.control_url) as api:
            (balancer,) = api.describe_load_balancers()["LoadBalancers"]
            (group,) = api.describe_target_groups()["TargetGroups"]
        self.balancer = balancer["LoadBalancerArn"].partition("loadbalancer/")[2]
        self.group = group["TargetGroupArn"].rpartition(":")[2]
        self.dimensions = [
            {"Name": "TargetGroup", "Value": self.group},
            {"Name": "LoadBalancer", "Value": self.balancer},
        ]
        self.end = datetime.now(UTC) + timedelta(minutes=1)
        self.start = self.end - timedelta(minutes=10)
        self.times = {"StartTime": self.start, "EndTime": self.end}

    def statistics(self, name: str, *statistics: str, **more: Any) -> list[dict[str, Any]]:
        """The datapoints of a metric of the group's."""
        asked = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": self.dimensions, "Period": 600, **self.times}
        if statistics:
            asked["Statistics"] = list(statistics)
        answer = self.aws.get_metric_statistics(**{**asked, **more})
        assert answer["Label"] == name
        points: list[dict[str, Any]] = answer["Datapoints"]
        return points

    def query(self, name: str, stat: str = "Sum", **more: Any) -> dict[str, Any]:
        """One of GetMetricData's."""
        metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": self.dimensions}
        return {"Id": name.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}, **more}

    def post(self, body: bytes, path: str = "/", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        """A recorded request, as a client of another age or language sends it."""
        connection = http.client.HTTPConnection(urlsplit(self.lb.control_url).netloc, timeout=5)
        try:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("POST", path, body, {"Authorization": authorization(service="monitoring"), **fields})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def running() -> Iterator[RunningLoadBalancer]:
    alb = ALB("shop", control=True)
    alb.listen(80).forward(alb.target_group("web", FakeBackend(text="ok")))
    with alb.start() as lb:
        for _ in range(REQUESTS):
            assert lb.get("/").status_code == 200
        yield lb


@pytest.fixture(scope="module", params=["json", "smithy-rpc-v2-cbor", "query"])
def shop(running: RunningLoadBalancer, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """With a client that speaks that protocol; by itself boto3 chooses one, by its version."""
    session = boto3.Session()
    loader = session._session.get_component("data_loader")
    load = loader.load_service_model

    def load_speaking(*args: Any, **more: Any) -> Any:
        model = load(*args, **more)
        if "protocols" not in model.get("metadata", {}):
            return model
        return {**model, "metadata": {**model["metadata"], "protocol": request.param, "protocols": [request.param]}}

    loader.load_service_model = load_speaking
    with elbv2(running.control_url, service="cloudwatch", session=session) as aws:
        assert aws.meta.service_model.resolved_protocol == request.param
        yield Shop(running, aws)


class TestListMetrics:
    def test_with_filters(self, shop: Shop) -> None:
        found = shop.aws.list_metrics(
            Namespace=NAMESPACE,
            MetricName="RequestCount",
            Dimensions=[{"Name": "TargetGroup"}, {"Name": "LoadBalancer", "Value": shop.balancer}],
            RecentlyActive="PT3H",
        )["Metrics"]
        zone = {"Name": "AvailabilityZone", "Value": f"{REGION}a"}
        sets = [sorted(one["Dimensions"], key=lambda item: str(item["Name"])) for one in found]
        plain = sorted(shop.dimensions, key=lambda item: item["Name"])
        assert sets == [plain, [zone, *plain]]
        assert {(one["Namespace"], one["MetricName"]) for one in found} == {(NAMESPACE, "RequestCount")}

    @pytest.mark.parametrize("given", [{"Namespace": "AWS/EC2"}, {"MetricName": "CPUUtilization"}])
    def test_nothing_of_others(self, shop: Shop, given: dict[str, str]) -> None:
        assert shop.aws.list_metrics(**given)["Metrics"] == []

    def test_everything(self, shop: Shop) -> None:
        (page,) = shop.aws.get_paginator("list_metrics").paginate()
        assert {"RequestCount", "HealthyHostCount", "TargetResponseTime"} <= {
            one["MetricName"] for one in page["Metrics"]
        }

    def test_other_regions_have_none(self, shop: Shop) -> None:
        with elbv2(shop.lb.control_url, service="cloudwatch", region="eu-west-1") as aws:
            assert aws.list_metrics()["Metrics"] == []
            query = shop.query("RequestCount")
            (result,) = aws.get_metric_data(MetricDataQueries=[query], **shop.times)["MetricDataResults"]
        assert (result["Values"], result["StatusCode"]) == ([], "Complete")


class TestGetMetricStatistics:
    def test_a_count(self, shop: Shop) -> None:
        points = shop.statistics("RequestCount", "Sum", "SampleCount", "Average")
        assert sum(point["Sum"] for point in points) == REQUESTS
        assert {point["Unit"] for point in points} == {"Count"}
        assert all(point.keys() == {"Timestamp", "Sum", "SampleCount", "Average", "Unit"} for point in points)
        assert all(point["Timestamp"].timestamp() % 600 == 0 for point in points)

    def test_percentiles(self, shop: Shop) -> None:
        points = shop.statistics("TargetResponseTime", ExtendedStatistics=["p50", "p99.9"])
        assert points
        for point in points:
            assert point["Unit"] == "Seconds"
            assert 0 < point["ExtendedStatistics"]["p50"] <= point["ExtendedStatistics"]["p99.9"] < 5

    def test_what_there_is_nothing_for(self, shop: Shop) -> None:
        assert shop.statistics("RequestCount", ExtendedStatistics=["p50"]) == [], "no distribution"
        assert shop.statistics("RequestCount", "Sum", Unit="Seconds") == []
        assert shop.statistics("RequestCount", "Sum", Dimensions=shop.dimensions[:1]) == [], "not that set"
        assert shop.statistics("CPUUtilization", "Sum", Namespace="AWS/EC2") == []
        assert shop.statistics("RequestCount", "Sum", Unit="Count") != []

    @pytest.mark.parametrize(
        ("more", "code", "message"),
        [
            ({}, "InvalidParameterCombination", "takes one of the parameters"),
            ({"Statistics": ["Sum"], "ExtendedStatistics": ["p50"]}, "InvalidParameterCombination", "not both"),
            ({"ExtendedStatistics": ["tm99"]}, "InvalidParameterValue", "tm99"),
            ({"Statistics": ["Sum"], "Period": 7}, "InvalidParameterValue", "Period"),
            ({"Statistics": ["Median"]}, "ValidationError", "enum value set"),
            ({"Statistics": ["Sum"], "Period": 60, "StartTime": 0}, "InvalidParameterCombination", "exceeds the limit"),
            ({"Statistics": ["Sum"], "StartTime": "2099-12-31"}, "InvalidParameterValue", "less than"),
        ],
    )
    def test_refusals(self, shop: Shop, more: dict[str, Any], code: str, message: str) -> None:
        with pytest.raises(ClientError) as caught:
            shop.statistics("RequestCount", **more)
        error = caught.value.response["Error"]
        assert error["Code"] == code
        assert message in error["Message"]
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    def test_errors_have_their_classes(self, shop: Shop) -> None:
        with pytest.raises(shop.aws.exceptions.InvalidParameterCombinationException):
            shop.statistics("RequestCount")


class TestGetMetricData:
    def test_values(self, shop: Shop) -> None:
        queries = [
            shop.query("RequestCount", Label="requests"),
            shop.query("TargetResponseTime", "p95"),
            shop.query("HealthyHostCount", "Maximum", ReturnData=False),
        ]
        answer = shop.aws.get_metric_data(
            MetricDataQueries=queries, LabelOptions={"Timezone": "+0900"}, ScanBy="TimestampAscending", **shop.times
        )
        requests, times = answer["MetricDataResults"]
        assert (requests["Id"], requests["Label"], requests["StatusCode"]) == ("requestcount", "requests", "Complete")
        assert sum(requests["Values"]) == REQUESTS
        assert requests["Timestamps"] == sorted(requests["Timestamps"])
        assert times["Label"] == "TargetResponseTime"
        assert all(0 < value < 5 for value in times["Values"])
        assert "NextToken" not in answer

    @pytest.mark.parametrize("scan_by", ["TimestampAscending", "TimestampDescending"])
    def test_pages(self, shop: Shop, scan_by: str) -> None:
        """One value on each; together they are what one page has."""
        queries = [
            shop.query(name) for name in ("RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_5XX_Count")
        ]
        for query in queries:
            query["MetricStat"]["Period"] = 1
        times = {"StartTime": shop.end - timedelta(minutes=5), "EndTime": shop.end}
        asked = {"MetricDataQueries": queries, "ScanBy": scan_by, **times}
        (whole,) = shop.aws.get_paginator("get_metric_data").paginate(**asked)
        pages = list(shop.aws.get_paginator("get_metric_data").paginate(**asked, MaxDatapoints=1))
        assert all(sum(len(result["Values"]) for result in page["MetricDataResults"]) <= 1 for page in pages)
        together: dict[str, list[Any]] = {}
        for page in pages:
            for result in page["MetricDataResults"]:
                found = zip(result["Timestamps"], result["Values"], strict=True)
                together.setdefault(result["Id"], []).extend(found)
        assert together == {
            result["Id"]: list(zip(result["Timestamps"], result["Values"], strict=True))
            for result in whole["MetricDataResults"]
        }

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ({"Id": "e1", "Expression": "m1 * 100"}, "Expression is not supported by simlb yet"),
            ({"Id": "e1", "Expression": "SEARCH('{AWS/ApplicationELB}', 'Sum')"}, "Expression is not supported"),
            ({"Id": "e1"}, "either MetricStat or Expression"),
            ({"Id": "E1"}, "must begin with a lower-case letter"),
            ({"Label": "${AVG}"}, "dynamic labels"),
            ({"Period": 60}, "belongs to expressions"),
        ],
    )
    def test_queries_that_are_refused(self, shop: Shop, query: dict[str, Any], message: str) -> None:
        asked = (
            query if query.keys() & {"Expression"} or query == {"Id": "e1"} else {**shop.query("RequestCount"), **query}
        )
        with pytest.raises(ClientError, match="ValidationError") as caught:
            shop.aws.get_metric_data(MetricDataQueries=[asked], **shop.times)
        assert message in caught.value.response["Error"]["Message"]

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"NextToken": "x"}, "InvalidNextToken"),
            ({"NextToken": "WzAsMCwiMDAwMDAwMDAwMDAwMDAwMCJd"}, "InvalidNextToken"),
            ({"MaxDatapoints": 0}, "ValidationError"),
            ({"LabelOptions": {"Timezone": "Seoul"}}, "ValidationError"),
            ({"MetricDataQueries": []}, "ValidationError"),
        ],
    )
    def test_parameters_that_are_refused(self, shop: Shop, more: dict[str, Any], code: str) -> None:
        with pytest.raises(ClientError) as caught:
            shop.aws.get_metric_data(**{"MetricDataQueries": [shop.query("RequestCount")], **shop.times, **more})
        assert caught.value.response["Error"]["Code"] == code

    def test_queries_are_told_apart(self, shop: Shop) -> None:
        with pytest.raises(ClientError, match="not unique"):
            shop.aws.get_metric_data(MetricDataQueries=[shop.query("RequestCount")] * 2, **shop.times)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("describe_alarms", {}),
        ("list_dashboards", {}),
        ("put_metric_data", {"Namespace": "Mine", "MetricData": [{"MetricName": "x", "Value": 1}]}),
        ("set_alarm_state", {"AlarmName": "a", "StateValue": "OK", "StateReason": "b"}),
    ],
)
def test_everything_else_is_refused(shop: Shop, operation: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="nothing was done") as caught:
        getattr(shop.aws, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"


class TestOlderClients:
    """Requests as they stand on the wire: JSON 1.0, and Query, which scripts write by hand."""

    def test_json(self, shop: Shop) -> None:
        body = {
            "Namespace": NAMESPACE,
            "MetricName": "RequestCount",
            "Dimensions": shop.dimensions,
            "StartTime": shop.start.timestamp(),
            "EndTime": int(shop.end.timestamp()),
            "Period": 600,
            "Statistics": ["Sum"],
        }
        target = "GraniteServiceVersion20100801.GetMetricStatistics"
        status, headers, answer = shop.post(
            json.dumps(body).encode(), Content_Type="application/x-amz-json-1.0", X_Amz_Target=target
        )
        assert (status, headers["Content-Type"]) == (200, "application/x-amz-json-1.0")
        points = json.loads(answer)["Datapoints"]
        assert sum(point["Sum"] for point in points) == REQUESTS
        assert all(point["Timestamp"] % 600 == 0 for point in points)

    def test_an_error_in_json(self, shop: Shop) -> None:
        target = "GraniteServiceVersion20100801.PutMetricAlarm"
        status, headers, answer = shop.post(b"{}", Content_Type="application/x-amz-json-1.0", X_Amz_Target=target)
        assert (status, headers["x-amzn-query-error"]) == (400, "UnsupportedOperation;Sender")
        assert json.loads(answer)["__type"] == "com.amazonaws.cloudwatch#UnsupportedOperation"

    def test_query(self, shop: Shop) -> None:
        form = {
            "Action": "GetMetricData",
            "Version": "2010-08-01",
            "MetricDataQueries.member.1.Id": "m1",
            "MetricDataQueries.member.1.MetricStat.Metric.Namespace": NAMESPACE,
            "MetricDataQueries.member.1.MetricStat.Metric.MetricName": "RequestCount",
            "MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name": "LoadBalancer",
            "MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value": shop.balancer,
            "MetricDataQueries.member.1.MetricStat.Period": "600",
            "MetricDataQueries.member.1.MetricStat.Stat": "Sum",
            "StartTime": shop.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "EndTime": shop.end.isoformat(),
        }
        status, headers, answer = shop.post(
            urlencode(form).encode(), Content_Type="application/x-www-form-urlencoded; charset=utf-8"
        )
        assert (status, headers["Content-Type"]) == (200, "text/xml")
        (result,) = read_xml(answer).iterfind(f".//{XML}MetricDataResults/{XML}member")
        assert result.findtext(f"{XML}Id") == "m1"
        assert sum(float(value.text or "") for value in result.iterfind(f"{XML}Values/{XML}member")) == REQUESTS
        for moment in result.iterfind(f"{XML}Timestamps/{XML}member"):
            assert datetime.fromisoformat(moment.text or "").timestamp() % 600 == 0

    def test_extended_statistics_in_query(self, shop: Shop) -> None:
        form = {
            "Action": "GetMetricStatistics",
            "Version": "2010-08-01",
            "Namespace": NAMESPACE,
            "MetricName": "TargetResponseTime",
            "StartTime": shop.start.isoformat(),
            "EndTime": shop.end.isoformat(),
            "Period": "600",
            "ExtendedStatistics.member.1": "p95",
        }
        for number, dimension in enumerate(shop.dimensions, 1):
            form |= {f"Dimensions.member.{number}.{name}": value for name, value in dimension.items()}
        _, _, answer = shop.post(urlencode(form).encode())
        points = list(read_xml(answer).iterfind(f".//{XML}Datapoints/{XML}member"))
        assert points
        for point in points:
            (entry,) = point.iterfind(f"{XML}ExtendedStatistics/{XML}entry")
            assert entry.findtext(f"{XML}key") == "p95"
            assert 0 < float(entry.findtext(f"{XML}value") or "") < 5

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({"Action": "PutMetricAlarm"}, "UnsupportedOperation"),
            ({"Action": "Nonsense"}, "InvalidAction"),
            ({"Action": "ListMetrics", "RecentlyActive": "PT1H"}, "ValidationError"),
            ({"Action": "ListMetrics", "OwningAccount": "123456789012"}, "InvalidParameterValue"),
            ({"Action": "GetMetricData", "StartTime": "yesterday", "EndTime": "2026-11-28"}, "ValidationError"),
        ],
    )
    def test_errors_in_query(self, shop: Shop, form: dict[str, str], code: str) -> None:
        status, _, answer = shop.post(urlencode({"Version": "2010-08-01", **form}).encode())
        assert status == 400
        assert read_xml(answer).findtext(f".//{XML}Code") == code


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Origin": "http://shop.test"}, 403, "AccessDenied"),
        ({"Authorization": "Bearer s3cret"}, 400, "IncompleteSignature"),
        ({"Authorization": authorization(service="logs")}, 400, "UnsupportedOperation"),
    ],
)
def test_who_is_not_let_in_can_read_why(
    running: RunningLoadBalancer, headers: dict[str, str], status: int, code: str
) -> None:
    shop = Shop(running, None)
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    found, fields, answer = shop.post(b"\xa0", path, Content_Type="application/cbor", **headers)
    told = cbor.decode(answer)
    assert (found, told["__type"], fields["smithy-protocol"]) == (status, code, "rpc-v2-cbor")
    assert told["message"]
