"""When a target can be out and back: 30 s, 2 failures, 5 passes unless said otherwise; the next check in 12 s."""

from __future__ import annotations

import pytest

from simlb.core.health import ProbeOutcome, ProbeResult, TargetHealth
from simlb.core.model import HealthCheck
from simlb.explain.durations import Times, spoken
from simlb.explain.forecast import Forecast, detection_s, forecast

CHECK = HealthCheck()
PROBES = {
    "P": ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200),
    "F": ProbeResult(outcome=ProbeOutcome.REFUSED),
    "T": ProbeResult(outcome=ProbeOutcome.TIMED_OUT),
}


def health(probes: str, check: HealthCheck = CHECK) -> TargetHealth:
    made = TargetHealth()
    for letter in probes:
        made.on_probe(PROBES[letter], check)
    return made


CASES = [
    # probes so far, next check, out if all fail, back if all pass, checks that takes
    ("", 12, 42, 12, 2),  # initial: one pass is enough
    ("F", 12, 12, 12, 1),
    ("P", 12, 42, None, 2),
    ("PF", 12, 12, None, 1),
    ("PFP", 12, 42, None, 2),
    ("PT", 12, 17, None, 1),  # a check that times out has its result after the timeout of 5 s
    ("FF", 12, None, 132, 5),  # 12 + 4 x 30
    ("FFPP", 12, None, 72, 3),
    ("FFPPPP", 12, None, 12, 1),
    ("FFPPF", 12, None, 132, 5),
]


@pytest.mark.parametrize(("probes", "next_", "out", "back", "checks"), CASES)
def test_what_the_next_checks_can_bring(
    probes: str, next_: float, out: float | None, back: float | None, checks: int
) -> None:
    found = forecast(health(probes), CHECK, 112.0, 100.0)
    assert (found.next_in_s, found.out_in_s, found.back_in_s, found.checks) == (next_, out, back, checks)


def test_nothing_can_be_said_of_who_is_not_checked() -> None:
    draining = health("P")
    draining.on_deregistered()
    unused = health("P")
    unused.on_group_unused()
    assert forecast(draining, CHECK, 112.0, 100.0) == forecast(unused, CHECK, 112.0, 100.0) == Forecast()
    assert forecast(health("P"), CHECK, None, 100.0) == Forecast()


def test_a_check_that_is_due_goes_out_now() -> None:
    assert forecast(health("P"), CHECK, 99.0, 100.0).next_in_s == 0


@pytest.mark.parametrize(
    ("check", "hangs", "range_"),
    [
        (CHECK, False, (30, 60)),
        (CHECK, True, (35, 65)),
        (HealthCheck(interval_s=15, unhealthy_threshold_count=3), False, (30, 45)),
        (HealthCheck(interval_s=5, timeout_s=2, unhealthy_threshold_count=2), True, (7, 12)),
    ],
)
def test_how_long_a_death_goes_unnoticed(check: HealthCheck, hangs: bool, range_: tuple[float, float]) -> None:
    assert detection_s(check, hangs=hangs) == range_


@pytest.mark.parametrize(
    ("speed", "aws", "real"),
    [
        (1, "30 s", "6 s"),
        (0, "30 s", "6 s"),  # a clock that is moved by hand
        (10, "30 s (3 s here)", "6 s (60 s of AWS time)"),
        (20, "30 s (1.5 s here)", "6 s (120 s of AWS time)"),
    ],
)
def test_both_times(speed: float, aws: str, real: str) -> None:
    times = Times(speed)
    assert (times.aws(30).en, times.real(6).en) == (aws, real)


def test_both_times_in_korean() -> None:
    assert Times(10).aws(30).ko == "30초(여기서는 3초)"
    assert Times(10).between(30, 60).ko == "30-60초(여기서는 3-6초)"
    assert Times(1).between(30, 60).en == "30-60 s"


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0"), (0.44, "0.4"), (7, "7"), (9.96, "10"), (38.4, "38")])
def test_seconds_as_people_say_them(seconds: float, text: str) -> None:
    assert spoken(seconds) == text
