"""What exchanges count as."""

from __future__ import annotations

from typing import Any

import pytest

from tests.observe.records import Records

REACHED = {"target_address": "10.0.0.1:80"}
COUNTED: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({**REACHED, "target_status_code": 200}, {"RequestCount": 1, "HTTPCode_Target_2XX_Count": 1}),
    (
        {**REACHED, "elb_status_code": 503, "target_status_code": 503},
        {"RequestCount": 1, "HTTPCode_Target_5XX_Count": 1},
    ),
    (
        {**REACHED, "elb_status_code": 502},
        {"RequestCount": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_502_Count": 1},
    ),
    (
        {**REACHED, "elb_status_code": 504},
        {"RequestCount": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_504_Count": 1},
    ),
    ({**REACHED, "elb_status_code": 460}, {"RequestCount": 1, "HTTPCode_ELB_4XX_Count": 1}),
    ({"elb_status_code": 503}, {"HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_503_Count": 1}),
    ({"elb_status_code": 400}, {"HTTPCode_ELB_4XX_Count": 1}),
    ({"elb_status_code": 301, "action": "redirect"}, {"HTTP_Redirect_Count": 1, "HTTPCode_ELB_3XX_Count": 1}),
    ({"elb_status_code": 200, "action": "fixed-response"}, {"HTTP_Fixed_Response_Count": 1}),
]


@pytest.mark.parametrize(("fields", "expected"), COUNTED)
async def test_counters(fields: dict[str, Any], expected: dict[str, int]) -> None:
    records = Records()
    records.record(**fields)
    records.close()
    assert dict(records.counters.sums) == expected
