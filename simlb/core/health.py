"""The health of one target: counters, state, reason - decided from probe results (reference 2.3).

The prober reports what it saw as a `ProbeResult`; this machine says what that means. It knows no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simlb.core.model import HealthCheck, Protocol


class HealthState(StrEnum):
    """`TargetHealth.State`."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"
    UNUSED = "unused"


class Reason(StrEnum):
    """`TargetHealth.Reason`."""

    REGISTRATION_IN_PROGRESS = "Elb.RegistrationInProgress"
    INITIAL_HEALTH_CHECKING = "Elb.InitialHealthChecking"
    RESPONSE_CODE_MISMATCH = "Target.ResponseCodeMismatch"
    TIMEOUT = "Target.Timeout"
    FAILED_HEALTH_CHECKS = "Target.FailedHealthChecks"
    NOT_IN_USE = "Target.NotInUse"
    DEREGISTRATION_IN_PROGRESS = "Target.DeregistrationInProgress"
    INVALID_STATE = "Target.InvalidState"


DESCRIPTIONS = {
    Reason.REGISTRATION_IN_PROGRESS: "Target registration is in progress",
    Reason.INITIAL_HEALTH_CHECKING: "Initial health checks in progress",
    Reason.TIMEOUT: "Request timed out",
    Reason.FAILED_HEALTH_CHECKS: "Health checks failed",
    Reason.NOT_IN_USE: "Target group is not configured to receive traffic from the load balancer",
    Reason.DEREGISTRATION_IN_PROGRESS: "Target deregistration is in progress",
    Reason.INVALID_STATE: "Target is in the stopped state",
}


class ProbeOutcome(StrEnum):
    """What one probe met."""

    ANSWERED = "answered"
    TIMED_OUT = "timed out"
    REFUSED = "connection refused"
    RESET = "connection reset"
    CLOSED = "connection closed without an answer"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed answer"
    TLS_FAILED = "TLS handshake failed"


SPEAKS_NO_TLS = "the target does not speak TLS"
SPEAKS_TLS = "the target speaks TLS"
"""Details of a probe that met the other protocol than its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One probe: its outcome, the status code when there was an answer, and how long it took in real seconds.

    `detail` says more about a failure, for people: what OpenSSL found, for example.
    """

    outcome: ProbeOutcome
    status_code: int | None = None
    latency_s: float = 0.0
    detail: str | None = None

    def passes(self, health_check: HealthCheck) -> bool:
        """True when the target answered in time with a code the matcher accepts."""
        return self.status_code is not None and health_check.matcher.matches(self.status_code)

    @property
    def words(self) -> str:
        """What the probe saw, for people: `200 in 2 ms`, `connection refused`, `TLS handshake failed: ...`."""
        if self.status_code is None:
            return str(self.outcome) if self.detail is None else f"{self.outcome}: {self.detail}"
        return f"{self.status_code} in {self.latency_s * 1000:.0f} ms"


class TargetHealth:
    """State, reason and consecutive counters of one target.

    `on_probe` and the other events return True when the state or the reason changed.
    """

    __slots__ = ("description", "failures", "last_probe", "passes", "reason", "state")

    def __init__(self) -> None:
        self.state = HealthState.INITIAL
        self.reason: Reason | None = Reason.REGISTRATION_IN_PROGRESS
        self.description: str | None = DESCRIPTIONS[Reason.REGISTRATION_IN_PROGRESS]
        self.passes = 0
        self.failures = 0
        self.last_probe: ProbeResult | None = None

    def on_probe_started(self) -> bool:
        """The first probe is on its way: registration is over, initial checking has begun."""
        if self.reason is Reason.REGISTRATION_IN_PROGRESS:
            return self._enter(HealthState.INITIAL, Reason.INITIAL_HEALTH_CHECKING)
        return False

    def on_probe(self, result: ProbeResult, health_check: HealthCheck) -> bool:
        """Count a probe. One pass makes an initial target healthy; otherwise the thresholds decide."""
        self.last_probe = result
        if self.state in {HealthState.DRAINING, HealthState.UNUSED}:
            return False
        if result.passes(health_check):
            self.passes += 1
            self.failures = 0
            enough = 1 if self.state is HealthState.INITIAL else health_check.healthy_threshold_count
            if self.state is not HealthState.HEALTHY and self.passes >= enough:
                return self._enter(HealthState.HEALTHY, None)
            return False
        self.failures += 1
        self.passes = 0
        if self.state is HealthState.UNHEALTHY or self.failures >= health_check.unhealthy_threshold_count:
            # An unhealthy target whose way of failing changes shows the newest reason.
            return self._fail(result)
        return False

    def on_deregistered(self) -> bool:
        """The target was removed: no new requests, shown as draining until the delay is over."""
        return self._enter(HealthState.DRAINING, Reason.DEREGISTRATION_IN_PROGRESS)

    def on_group_unused(self) -> bool:
        """No listener uses the group any more."""
        return self._enter(HealthState.UNUSED, Reason.NOT_IN_USE)

    def on_instance_stopped(self) -> bool:
        """The target is an instance that has been stopped: it stays registered, and nobody asks how it is."""
        self.passes = self.failures = 0
        self.last_probe = None
        return self._enter(HealthState.UNUSED, Reason.INVALID_STATE)

    def on_registered(self) -> bool:
        """The target is (again) registered in a group in use: everything starts anew."""
        self.passes = self.failures = 0
        self.last_probe = None
        return self._enter(HealthState.INITIAL, Reason.REGISTRATION_IN_PROGRESS)

    def _fail(self, result: ProbeResult) -> bool:
        if result.status_code is not None:
            codes = f"Health checks failed with these codes: [{result.status_code}]"
            return self._enter(HealthState.UNHEALTHY, Reason.RESPONSE_CODE_MISMATCH, codes)
        timed_out = result.outcome is ProbeOutcome.TIMED_OUT
        return self._enter(HealthState.UNHEALTHY, Reason.TIMEOUT if timed_out else Reason.FAILED_HEALTH_CHECKS)

    def _enter(self, state: HealthState, reason: Reason | None, description: str | None = None) -> bool:
        if description is None and reason is not None:
            description = DESCRIPTIONS[reason]
        changed = (self.state, self.reason, self.description) != (state, reason, description)
        self.state, self.reason, self.description = state, reason, description
        return changed


def hint(health: TargetHealth, health_check: HealthCheck, *, speed: float = 1) -> str | None:
    """What AWS does not say: why an answer that looks like a success is none, and what `speed` has to do with it."""
    probe = health.last_probe
    if speed > 1 and probe is not None:
        here_ms = health_check.timeout_s / speed * 1000
        timeout = f"at speed {speed:g} the timeout of {health_check.timeout_s:g} s is {here_ms:.0f} ms here"
        if health.reason is Reason.TIMEOUT:
            return f"{timeout}: if the target is only slow, lower the speed"
        if probe.status_code is not None and probe.latency_s * 1000 > here_ms / 2:
            return f"it took {probe.latency_s * 1000:.0f} ms to answer, and {timeout}: lower the speed"
    if probe is None:
        return None
    other = _other_protocol(probe, health_check)
    if other is not None:
        return other
    if probe.status_code is None or health.reason is not Reason.RESPONSE_CODE_MISMATCH:
        return None
    code = probe.status_code
    if 200 <= code <= 299 and not health_check.matcher.matches(code):
        return (
            f"{code} means success, but the matcher accepts only {health_check.matcher.http_code}"
            " (AWS's default is exactly 200); use 200-299 to accept it"
        )
    if 300 <= code <= 399:
        return (
            f"redirects are not followed: {code} fails unless the matcher lists it; probe a path that answers by itself"
        )
    if code == 404:
        return (
            f"nothing answers at {health_check.path}: add that path to the application or correct the health check path"
        )
    return None


def _other_protocol(probe: ProbeResult, health_check: HealthCheck) -> str | None:
    """What to do when the health check and the port it asks seem to speak different protocols."""
    if probe.detail == SPEAKS_NO_TLS:
        return "the health check speaks HTTPS and something else answers: health_check: {protocol: HTTP}"
    if health_check.protocol is not Protocol.HTTP:
        return None
    if probe.detail == SPEAKS_TLS:
        return "the health check speaks HTTP to a TLS port: health_check: {protocol: HTTPS}"
    if probe.outcome is ProbeOutcome.CLOSED or (probe.status_code == 400 and not probe.passes(health_check)):
        return "TLS ports treat plain HTTP like this; if this is one: health_check: {protocol: HTTPS}"
    return None


def last_check_words(health: TargetHealth, health_check: HealthCheck) -> str:
    """The last probe and where its counting stands: `200 in 2 ms (pass 14)`, `refused (fail 5, needs 5 passes)`."""
    probe = health.last_probe
    if probe is None:
        return "none yet"
    if health.passes:
        if health.state is HealthState.UNHEALTHY:
            return f"{probe.words} (pass {health.passes} of {health_check.healthy_threshold_count})"
        return f"{probe.words} (pass {health.passes})"
    if health.state is HealthState.UNHEALTHY:
        return f"{probe.words} (fail {health.failures}, needs {health_check.healthy_threshold_count} passes)"
    return f"{probe.words} (fail {health.failures} of {health_check.unhealthy_threshold_count})"
