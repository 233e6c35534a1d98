"""What exchanges count as (reference 4.3, 7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from simlb.core.metrics.store import Key
from simlb.core.model import FixedResponseAction
from simlb.core.rules import Decision
from simlb.core.target_group import RoutingMode
from simlb.observe.metrics import LABELS_MAX, OTHER, Outcome
from tests.observe.records import Records

GROUP = "targetgroup/web/73e2d6bc24d8a067"
ARN = f"arn:aws:elasticloadbalancing:us-east-1:000000000000:{GROUP}"
REACHED: dict[str, Any] = {"target_address": "10.0.0.1:80", "target_group_arn": ARN}
LB = "app/web/1"

COUNTED: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({**REACHED, "target_status_code": 200}, {"RequestCount": 1, "HTTPCode_Target_2XX_Count": 1}),
    (
        {**REACHED, "elb_status_code": 503, "target_status_code": 503},
        {"RequestCount": 1, "HTTPCode_Target_5XX_Count": 1},
    ),
    ({**REACHED, "elb_status_code": 101, "target_status_code": 101}, {"RequestCount": 1}),
    (
        {**REACHED, "elb_status_code": 502},
        {"RequestCount": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_502_Count": 1},
    ),
    (
        {**REACHED, "elb_status_code": 504},
        {"RequestCount": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_504_Count": 1},
    ),
    ({**REACHED, "elb_status_code": 460}, {"RequestCount": 1, "HTTPCode_ELB_4XX_Count": 1}),
    ({"elb_status_code": 503, "target_group_arn": ARN}, {"HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_503_Count": 1}),
    ({"elb_status_code": 400}, {"HTTPCode_ELB_4XX_Count": 1}),
    ({"elb_status_code": 301, "action": "redirect"}, {"HTTP_Redirect_Count": 1, "HTTPCode_ELB_3XX_Count": 1}),
    (
        {"elb_status_code": 507, "action": "redirect"},
        {"HTTP_Redirect_Url_Limit_Exceeded_Count": 1, "HTTPCode_ELB_5XX_Count": 1},
    ),
    ({"elb_status_code": 200, "action": "fixed-response"}, {"HTTP_Fixed_Response_Count": 1}),
    (
        {"elb_status_code": 503, "action": "fixed-response"},
        {"HTTP_Fixed_Response_Count": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_503_Count": 1},
    ),
    (
        {"elb_status_code": 400, "marks": ("DesyncMitigationMode_NonCompliant_Request_Count",)},
        {"HTTPCode_ELB_4XX_Count": 1, "DesyncMitigationMode_NonCompliant_Request_Count": 1},
    ),
    (
        {**REACHED, "target_status_code": 200, "marks": ("DroppedInvalidHeaderRequestCount",)},
        {"RequestCount": 1, "HTTPCode_Target_2XX_Count": 1, "DroppedInvalidHeaderRequestCount": 1},
    ),
    ({"elb_status_code": 400, "marks": ("ForwardedInvalidHeaderRequestCount",)}, {"HTTPCode_ELB_4XX_Count": 1}),
    (
        {"elb_status_code": 400, "received_bytes": 30, "sent_bytes": 12},
        {"HTTPCode_ELB_4XX_Count": 1, "ProcessedBytes": 42},
    ),
]


@dataclass(eq=False)
class Mode:
    """What is read of a basis."""

    mode: RoutingMode
    kept_bytes: int = 0


@pytest.mark.parametrize(("fields", "expected"), COUNTED)
async def test_an_exchange_is_counted(fields: dict[str, Any], expected: dict[str, int]) -> None:
    records = Records()
    records.record(**fields)
    records.close()
    assert dict(records.metrics.sums()) == expected


async def test_counts_are_of_load_balancer_and_group() -> None:
    records = Records()
    records.record(3, **REACHED, target_status_code=200)
    records.record(**REACHED, elb_status_code=502)
    records.record(elb_status_code=400)
    records.close()
    records.metrics.settle()
    assert records.metrics.totals == {
        Key("RequestCount", LB): 4,
        Key("RequestCount", LB, GROUP): 4,
        Key("HTTPCode_Target_2XX_Count", LB): 3,
        Key("HTTPCode_Target_2XX_Count", LB, GROUP): 3,
        Key("HTTPCode_ELB_5XX_Count", LB): 1,
        Key("HTTPCode_ELB_502_Count", LB): 1,
        Key("HTTPCode_ELB_4XX_Count", LB): 1,
        Key("ProcessedBytes", LB): 0,
    }
    assert records.metrics.requests == {
        Outcome(LB, GROUP, "10.0.0.1:80", 200, 200): 3,
        Outcome(LB, GROUP, "10.0.0.1:80", 502, 0): 1,
        Outcome(LB, "", "", 400, 0): 1,
    }


async def test_requests_that_fail_open_are_counted_of_the_group() -> None:
    records = Records()
    for mode in (RoutingMode.HEALTHY, RoutingMode.FAIL_OPEN):
        records.record(**REACHED, target_status_code=200, basis=Mode(mode))
    records.close()
    records.metrics.settle()
    assert records.metrics.sums()["UnhealthyRoutingRequestCount"] == 1
    assert Key("UnhealthyRoutingRequestCount", LB) not in records.metrics.totals


@pytest.mark.parametrize(("rules", "counted", "paid"), [(0, 0, 0), (3, 6, 0), (12, 24, 4)])
async def test_rules_that_were_tried(rules: int, counted: int, paid: int) -> None:
    records = Records()
    decision = Decision(FixedResponseAction(status_code=200), None, rules)
    records.record(2, action="fixed-response", decision=decision)
    records.close()
    assert records.metrics.sums()["RuleEvaluations"] == counted
    assert records.metrics.paid_rule_evaluations[LB] == paid


@pytest.mark.parametrize(("client", "is_counted"), [("::1", True), ("::ffff:127.0.0.1", False), ("127.0.0.1", False)])
async def test_ipv6(client: str, is_counted: bool) -> None:
    records = Records(client_ip=client)
    records.record(**REACHED, target_status_code=200, received_bytes=5)
    records.record(elb_status_code=400, received_bytes=2)
    records.close()
    sums = records.metrics.sums()
    assert (sums["IPv6RequestCount"], sums["IPv6ProcessedBytes"]) == ((2, 7) if is_counted else (0, 0))


async def test_requests_for_each_target() -> None:
    records = Records()
    records.metrics.divisors[LB, GROUP] = 4
    records.record(6, **REACHED, target_status_code=200)
    records.close()
    records.metrics.settle()
    assert records.metrics.totals[Key("RequestCountPerTarget", LB, GROUP)] == 1.5


async def test_response_times() -> None:
    records = Records()
    for milliseconds in (10, 20, 30, 1000):
        records.record(**REACHED, target_status_code=200, target_processing_time=milliseconds / 1000)
    # It failed at some time, but no response came.
    records.record(**REACHED, elb_status_code=502, target_processing_time=5.0)
    records.close()
    records.metrics.settle()
    (times,) = records.metrics.times.values()
    assert (times.samples, times.minimum, times.maximum) == (4, 0.01, 1.0)
    assert times.sum == pytest.approx(1.06)
    for key in (Key("TargetResponseTime", LB), Key("TargetResponseTime", LB, GROUP)):
        ((_, minute),) = records.metrics.store.read(key, 0, 60, 60)
        assert minute.samples == 4
        assert minute.value("p50") == pytest.approx(0.02, rel=0.05)


async def test_what_is_told_apart_is_bounded() -> None:
    records = Records()
    for number in range(LABELS_MAX + 5):
        records.record(target_address=f"10.0.0.1:{number}", target_group_arn=ARN, target_status_code=200)
    records.close()
    records.metrics.settle()
    assert len(records.metrics.requests) == LABELS_MAX + 1
    assert records.metrics.requests[Outcome(LB, GROUP, OTHER, 200, 200)] == 5
