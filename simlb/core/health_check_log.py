"""The health-check-log record of one probe and its line (reference 7.3)."""

from __future__ import annotations

from simlb.core.access_log import timestamp
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.core.model import HealthCheck

INTERNAL_ERROR = "InternalError"
_REASONS = {
    ProbeOutcome.TIMED_OUT: "TimedOut",
    # Nothing answers at an address that is not there; AWS's networks drop what is sent to it, and the probe times out.
    ProbeOutcome.UNREACHABLE: "TimedOut",
    ProbeOutcome.REFUSED: "ConnectionReset",
    ProbeOutcome.RESET: "ConnectionReset",
    ProbeOutcome.CLOSED: "ConnectionReset",
    # AWS has no reason for these two (docs/parity.md).
    ProbeOutcome.MALFORMED: INTERNAL_ERROR,
    ProbeOutcome.TLS_FAILED: INTERNAL_ERROR,
}


class ProbeRecord:
    """One probe that is over. `at` is the wall-clock second at which it began.

    `result` is None when the load balancer could not look (it had no socket), `address` what was probed.
    """

    __slots__ = ("address", "at", "elb", "health_check", "result", "target_group")

    def __init__(
        self,
        *,
        elb: str,
        target_group: str,
        address: str,
        health_check: HealthCheck,
        result: ProbeResult | None,
        at: float,
    ) -> None:
        self.elb = elb
        self.target_group = target_group
        self.address = address
        self.health_check = health_check
        self.result = result
        self.at = at


def reason_code(result: ProbeResult | None, health_check: HealthCheck) -> str:
    """Why a probe failed, by AWS's word; `-` when it passed."""
    if result is None:
        return INTERNAL_ERROR
    if result.passes(health_check):
        return "-"
    if result.status_code is None:
        return _REASONS[result.outcome]
    return "TargetError" if result.status_code >= 500 else "ResponseCodeMismatch"


def format_line(record: ProbeRecord) -> str:
    """One line of 8 fields, without its line end."""
    result, health_check = record.result, record.health_check
    reason = reason_code(result, health_check)
    latency_s, status_code = (0.0, None) if result is None else (result.latency_s, result.status_code)
    return (
        f"{health_check.protocol.lower()} {timestamp(record.at)} {latency_s:.9f} {record.address} "
        f"{record.target_group} {'PASS' if reason == '-' else 'FAIL'} {status_code or '-'} {reason}"
    )
