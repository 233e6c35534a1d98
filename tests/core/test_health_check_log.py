"""The health-check-log line and its reasons (reference 7.3)."""

from __future__ import annotations

import pytest

from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.health_check_log import ProbeRecord, format_line, reason_code
from simlb.core.matcher import Matcher
from simlb.core.model import HealthCheck, Protocol


def answered(code: int, latency_s: float = 0.0) -> ProbeResult:
    return ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=code, latency_s=latency_s)


SAMPLES = [
    (
        answered(200, 0.019584011),
        "172.31.20.97:80",
        1761914699.875678,
        "http 2025-10-31T12:44:59.875678Z 0.019584011 172.31.20.97:80 HCLogsTestIPs PASS 200 -",
    ),
    (
        answered(502, 1.121980746),
        "172.31.31.9:80",
        1761914697.875678,
        "http 2025-10-31T12:44:57.875678Z 1.121980746 172.31.31.9:80 HCLogsTestIPs FAIL 502 TargetError",
    ),
    (
        None,
        "[fd00::1]:443",
        1761914697.0,
        "http 2025-10-31T12:44:57.000000Z 0.000000000 [fd00::1]:443 HCLogsTestIPs FAIL - InternalError",
    ),
]


@pytest.mark.parametrize(("result", "address", "at", "line"), SAMPLES)
def test_the_samples_of_the_user_guide(result: ProbeResult | None, address: str, at: float, line: str) -> None:
    record = ProbeRecord(
        elb="app/web/1", target_group="HCLogsTestIPs", address=address, health_check=HealthCheck(), result=result, at=at
    )
    assert format_line(record) == line
    record.health_check = HealthCheck(protocol=Protocol.HTTPS)
    assert format_line(record) == line.replace("http", "https", 1)


REASONS = [
    (answered(200), "200", "-"),
    (answered(204), "200", "ResponseCodeMismatch"),
    (answered(404), "200-299", "ResponseCodeMismatch"),
    (answered(404), "200,404", "-"),
    (answered(500), "200", "TargetError"),
    (answered(599), "200", "TargetError"),
    (ProbeResult(outcome=ProbeOutcome.TIMED_OUT), "200", "TimedOut"),
    (ProbeResult(outcome=ProbeOutcome.UNREACHABLE), "200", "TimedOut"),
    (ProbeResult(outcome=ProbeOutcome.REFUSED), "200", "ConnectionReset"),
    (ProbeResult(outcome=ProbeOutcome.RESET), "200", "ConnectionReset"),
    (ProbeResult(outcome=ProbeOutcome.CLOSED), "200", "ConnectionReset"),
    (ProbeResult(outcome=ProbeOutcome.MALFORMED), "200", "InternalError"),
    (ProbeResult(outcome=ProbeOutcome.TLS_FAILED), "200", "InternalError"),
    (None, "200", "InternalError"),
]


@pytest.mark.parametrize(("result", "matcher", "reason"), REASONS)
def test_reasons(result: ProbeResult | None, matcher: str, reason: str) -> None:
    assert reason_code(result, HealthCheck(matcher=Matcher.parse(matcher))) == reason


def test_every_outcome_has_a_reason() -> None:
    seen = {result.outcome for result, _, _ in REASONS if result is not None}
    assert seen == set(ProbeOutcome)
