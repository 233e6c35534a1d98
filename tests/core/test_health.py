"""The health of one target, as playbooks (reference 2.3).

`P` is a probe that passes, `T` one that times out, `F` a refused connection, `5` the answer 503. Below each stands the
state after it: `i` initial, `H` healthy, `U` unhealthy.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simlb.core.health import (
    SPEAKS_NO_TLS,
    SPEAKS_TLS,
    HealthState,
    ProbeOutcome,
    ProbeResult,
    Reason,
    TargetHealth,
    hint,
    last_check_words,
)
from simlb.core.matcher import Matcher
from simlb.core.model import HealthCheck, Protocol

DEFAULTS = HealthCheck()
PROBES = {
    "P": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200, latency_s=0.002),
    "5": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=503),
    "T": ProbeResult(outcome=ProbeOutcome.TIMED_OUT),
    "F": ProbeResult(outcome=ProbeOutcome.REFUSED),
    "R": ProbeResult(outcome=ProbeOutcome.RESET),
    "C": ProbeResult(outcome=ProbeOutcome.CLOSED),
    "M": ProbeResult(outcome=ProbeOutcome.MALFORMED),
}
LETTERS = {HealthState.INITIAL: "i", HealthState.HEALTHY: "H", HealthState.UNHEALTHY: "U"}


def play(probes: str, health_check: HealthCheck = DEFAULTS) -> str:
    health = TargetHealth()
    states = ""
    for letter in probes:
        health.on_probe_started()
        health.on_probe(PROBES[letter], health_check)
        states += LETTERS[health.state]
    return states


@pytest.mark.parametrize(
    ("probes", "states"),
    [
        pytest.param("P", "H", id="one pass makes an initial target healthy"),
        pytest.param("PTTPPPPP", "HHUUUUUH", id="two failures out, five passes back"),
        pytest.param("TT", "iU", id="an initial target needs two failures as well"),
        pytest.param("TP", "iH", id="one failure and one pass: healthy"),
        pytest.param("TPTPTP", "iHHHHH", id="failures that alternate with passes never add up"),
        pytest.param("PTPTPT", "HHHHHH", id="single failures of a healthy target are forgiven"),
        pytest.param("TTPPPPTPPPPP", "iUUUUUUUUUUH", id="a failure starts the count of passes anew"),
        pytest.param("PT5", "HHU", id="failures of any kind count together"),
        pytest.param("PFF", "HHU", id="refused connections count"),
    ],
)
def test_playbook_with_the_defaults_5_and_2(probes: str, states: str) -> None:
    assert play(probes) == states


@pytest.mark.parametrize(
    ("healthy", "unhealthy", "probes", "states"),
    [
        (2, 2, "TTPP", "iUUH"),
        (2, 3, "PTTPTTTPP", "HHHHHHUUH"),
        (3, 10, "P" + "T" * 10 + "PPP", "H" + "H" * 9 + "U" + "UUH"),
        (10, 2, "TT" + "P" * 10, "iU" + "U" * 9 + "H"),
    ],
)
def test_playbook_with_other_thresholds(healthy: int, unhealthy: int, probes: str, states: str) -> None:
    check = HealthCheck(healthy_threshold_count=healthy, unhealthy_threshold_count=unhealthy)
    assert play(probes, check) == states


def test_registration_then_initial_checking() -> None:
    health = TargetHealth()
    assert (health.state, health.reason, health.description) == (
        "initial",
        "Elb.RegistrationInProgress",
        "Target registration is in progress",
    )
    assert health.on_probe_started()
    assert (health.state, health.reason, health.description) == (
        "initial",
        "Elb.InitialHealthChecking",
        "Initial health checks in progress",
    )
    assert not health.on_probe_started(), "the second probe changes nothing"


def test_a_healthy_target_has_neither_reason_nor_description() -> None:
    health = TargetHealth()
    assert health.on_probe(PROBES["P"], DEFAULTS)
    assert (health.state, health.reason, health.description) == ("healthy", None, None)
    assert not health.on_probe(PROBES["P"], DEFAULTS), "a second pass changes nothing"


@pytest.mark.parametrize(
    ("letter", "reason", "description"),
    [
        ("5", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]"),
        ("T", "Target.Timeout", "Request timed out"),
        ("F", "Target.FailedHealthChecks", "Health checks failed"),
        ("R", "Target.FailedHealthChecks", "Health checks failed"),
        ("C", "Target.FailedHealthChecks", "Health checks failed"),
        ("M", "Target.FailedHealthChecks", "Health checks failed"),
    ],
)
def test_why_a_target_is_unhealthy(letter: str, reason: str, description: str) -> None:
    health = TargetHealth()
    for _ in range(2):
        health.on_probe(PROBES[letter], DEFAULTS)
    assert (health.state, health.reason, health.description) == ("unhealthy", reason, description)


def test_the_newest_way_of_failing_is_shown() -> None:
    health = TargetHealth()
    changes = [health.on_probe(PROBES[letter], DEFAULTS) for letter in "TTT5"]
    assert changes == [False, True, False, True]
    assert health.reason is Reason.RESPONSE_CODE_MISMATCH


def test_deregistered_targets_drain_whatever_a_late_probe_says() -> None:
    health = TargetHealth()
    health.on_probe(PROBES["P"], DEFAULTS)
    assert health.on_deregistered()
    assert not health.on_probe(PROBES["T"], DEFAULTS)
    assert (health.state, health.reason, health.description) == (
        "draining",
        "Target.DeregistrationInProgress",
        "Target deregistration is in progress",
    )


def test_targets_of_a_group_that_nothing_uses() -> None:
    health = TargetHealth()
    assert health.on_group_unused()
    assert not health.on_group_unused()
    assert not health.on_probe(PROBES["P"], DEFAULTS)
    assert (health.state, health.reason, health.description) == (
        "unused",
        "Target.NotInUse",
        "Target group is not configured to receive traffic from the load balancer",
    )


def test_registering_again_starts_from_the_beginning() -> None:
    health = TargetHealth()
    for _ in range(2):
        health.on_probe(PROBES["T"], DEFAULTS)
    assert health.on_registered()
    assert (health.state, health.failures, health.last_probe) == ("initial", 0, None)
    health.on_probe(PROBES["T"], DEFAULTS)
    assert health.state == "initial", "the old failures are forgotten"


@pytest.mark.parametrize(
    ("matcher", "code", "words"),
    [
        ("200", 204, "204 means success, but the matcher accepts only 200"),
        ("200,202", 201, "201 means success, but the matcher accepts only 200,202"),
        ("200", 301, "redirects are not followed: 301 fails"),
        ("200-299", 302, "redirects are not followed: 302 fails"),
        ("200", 404, "nothing answers at /health"),
        ("200", 503, None),
        ("200", 500, None),
    ],
)
def test_hints(matcher: str, code: int, words: str | None) -> None:
    check = HealthCheck(path="/health", matcher=Matcher.parse(matcher))
    health = TargetHealth()
    for _ in range(2):
        health.on_probe(ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=code), check)
    found = hint(health, check)
    assert found is None if words is None else found is not None and found.startswith(words)


def test_no_hint_without_a_code_that_missed() -> None:
    health = TargetHealth()
    assert hint(health, DEFAULTS) is None
    health.on_probe(PROBES["P"], DEFAULTS)
    assert hint(health, DEFAULTS) is None


OTHER_PROTOCOL = [
    ("HTTPS", ProbeOutcome.TLS_FAILED, None, SPEAKS_NO_TLS, "HTTP}"),
    ("HTTPS", ProbeOutcome.TLS_FAILED, None, "tlsv1 alert protocol version", None),
    ("HTTPS", ProbeOutcome.CLOSED, None, None, None),
    ("HTTPS", ProbeOutcome.ANSWERED, 400, None, None),
    ("HTTP", ProbeOutcome.MALFORMED, None, SPEAKS_TLS, "HTTPS}"),
    ("HTTP", ProbeOutcome.MALFORMED, None, None, None),
    ("HTTP", ProbeOutcome.CLOSED, None, None, "HTTPS}"),
    ("HTTP", ProbeOutcome.ANSWERED, 400, None, "HTTPS}"),
    ("HTTP", ProbeOutcome.RESET, None, None, None),
]


@pytest.mark.parametrize(("protocol", "outcome", "code", "detail", "end"), OTHER_PROTOCOL)
def test_hints_at_the_other_protocol(
    protocol: str, outcome: ProbeOutcome, code: int | None, detail: str | None, end: str | None
) -> None:
    check = HealthCheck(protocol=Protocol(protocol))
    health = TargetHealth()
    health.on_probe(ProbeResult(outcome=outcome, status_code=code, detail=detail), check)
    found = hint(health, check)
    assert found is None if end is None else found is not None and found.endswith(end)


def test_a_detail_is_told() -> None:
    result = ProbeResult(outcome=ProbeOutcome.TLS_FAILED, detail=SPEAKS_NO_TLS)
    assert result.words == "TLS handshake failed: the target does not speak TLS"
    health = TargetHealth()
    health.on_probe(result, DEFAULTS)
    health.on_probe(result, DEFAULTS)
    assert (health.state, health.reason) == (HealthState.UNHEALTHY, Reason.FAILED_HEALTH_CHECKS)


@pytest.mark.parametrize(
    ("probes", "words"),
    [
        ("", "none yet"),
        ("PPP", "200 in 2 ms (pass 3)"),
        ("PF", "connection refused (fail 1 of 2)"),
        ("PFF", "connection refused (fail 2, needs 5 passes)"),
        ("PTTPP", "200 in 2 ms (pass 2 of 5)"),
        ("TTT", "timed out (fail 3, needs 5 passes)"),
    ],
)
def test_the_last_check_in_words(probes: str, words: str) -> None:
    health = TargetHealth()
    for letter in probes:
        health.on_probe(PROBES[letter], DEFAULTS)
    assert last_check_words(health, DEFAULTS) == words


class HealthMachine(RuleBasedStateMachine):
    """The machine against a model that looks at the whole history instead of counting."""

    def __init__(self) -> None:
        super().__init__()
        self.check = HealthCheck(healthy_threshold_count=3, unhealthy_threshold_count=2)
        self.health = TargetHealth()
        self.history = ""
        self.expected = "i"

    @rule(letter=st.sampled_from("PPT5F"))
    def probe(self, letter: str) -> None:
        before = (self.health.state, self.health.reason, self.health.description)
        changed = self.health.on_probe(PROBES[letter], self.check)
        assert changed == (before != (self.health.state, self.health.reason, self.health.description))
        self.history += "P" if letter == "P" else "x"
        if self.history.endswith("xx"):
            self.expected = "U"
        elif (self.expected == "i" and letter == "P") or (self.expected == "U" and self.history.endswith("PPP")):
            self.expected = "H"

    @rule()
    def register_again(self) -> None:
        self.health.on_registered()
        self.history, self.expected = "", "i"

    @invariant()
    def agrees(self) -> None:
        assert LETTERS[self.health.state] == self.expected
        assert (self.health.reason is None) == (self.health.state is HealthState.HEALTHY)
        assert self.health.passes == 0 or self.health.failures == 0


TestHealthMachine = pytest.mark.slow(HealthMachine.TestCase)
TestHealthMachine.settings = settings(max_examples=60, stateful_step_count=25, derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("speed", "latency_ms", "outcome", "words"),
    [
        (50, 20, ProbeOutcome.ANSWERED, None),
        (50, 80, ProbeOutcome.ANSWERED, "it took 80 ms to answer, and at speed 50 the timeout of 5 s is 100 ms here"),
        (50, 100, ProbeOutcome.TIMED_OUT, "at speed 50 the timeout of 5 s is 100 ms here"),
        (1, 4900, ProbeOutcome.ANSWERED, None),
        (1, 5000, ProbeOutcome.TIMED_OUT, None),
    ],
)
def test_a_timeout_that_the_speed_makes_tight(
    speed: float, latency_ms: int, outcome: ProbeOutcome, words: str | None
) -> None:
    health = TargetHealth()
    code = 200 if outcome is ProbeOutcome.ANSWERED else None
    for _ in range(2):
        health.on_probe(ProbeResult(outcome=outcome, status_code=code, latency_s=latency_ms / 1000), DEFAULTS)
    found = hint(health, DEFAULTS, speed=speed)
    assert found is None if words is None else words in (found or "")
