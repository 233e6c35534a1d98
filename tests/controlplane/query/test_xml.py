"""Answers: botocore reads from them what was put in."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta, timezone

import pytest

from simlb.controlplane.query.model import elbv2
from simlb.controlplane.query.xml import error_response, escape, response
from tests.controlplane.query.botocore_model import parsed
from tests.controlplane.query.values import Values

MODEL = elbv2()


@pytest.mark.parametrize("operation", MODEL.operations)
def test_botocore_reads_back_what_was_written(operation: str) -> None:
    values = Values(operation, is_input=False)
    for number in range(12):
        result = values.structure(MODEL.operations[operation].output)
        body = response(MODEL, MODEL.operations[operation], result, f"id-{number}")
        read = parsed(operation, 200, body)
        assert read.pop("ResponseMetadata")["RequestId"] == f"id-{number}"
        assert read == result


def test_the_bytes_of_an_answer() -> None:
    operation = MODEL.operations["DescribeAccountLimits"]
    limits = [{"Name": "target-groups", "Max": "3000"}]
    assert response(MODEL, operation, {"Limits": limits, "NextMarker": None}, "r-1").decode() == (
        '<DescribeAccountLimitsResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">'
        "<DescribeAccountLimitsResult><Limits><member><Name>target-groups</Name><Max>3000</Max></member></Limits>"
        "</DescribeAccountLimitsResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>"
        "</DescribeAccountLimitsResponse>"
    )


def test_the_bytes_of_an_error() -> None:
    assert error_response(MODEL.namespace, 400, "RuleNotFound", "One <or> more", "r-1").decode() == (
        '<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type>'
        "<Code>RuleNotFound</Code><Message>One &lt;or&gt; more</Message></Error><RequestId>r-1</RequestId>"
        "</ErrorResponse>"
    )
    assert b"<Type>Receiver</Type>" in error_response(MODEL.namespace, 500, "HealthUnavailable", "", "r-1")


def test_times_are_in_utc_with_milliseconds() -> None:
    time = datetime(2017, 8, 26, 6, 26, 12, 920999, tzinfo=timezone(timedelta(hours=9)))
    body = response(MODEL, MODEL.operations["DescribeLoadBalancers"], {"LoadBalancers": [{"CreatedTime": time}]}, "r-1")
    assert b"<CreatedTime>2017-08-25T21:26:12.920Z</CreatedTime>" in body
    (balancer,) = parsed("DescribeLoadBalancers", 200, body)["LoadBalancers"]
    assert balancer["CreatedTime"] == datetime(2017, 8, 25, 21, 26, 12, 920000, tzinfo=UTC)


@pytest.mark.parametrize(
    "code", [*range(0x100), 0x2028, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x1F600]
)
def test_any_character_makes_well_formed_xml(code: int) -> None:
    """Those that XML cannot hold come out as U+FFFD, all others as they are."""
    read = ET.fromstring(f"<a>{escape(f'x{chr(code)}y')}</a>".encode()).text  # noqa: S314 - our own
    assert read in {f"x{chr(code)}y", "x\N{REPLACEMENT CHARACTER}y"}
    is_writable = code in {9, 10, 13} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
    assert (read == f"x{chr(code)}y") is is_writable


def test_a_member_that_the_shape_does_not_have_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="DescribeRulesOutput has no"):
        response(MODEL, MODEL.operations["DescribeRules"], {"Ruels": []}, "r-1")
