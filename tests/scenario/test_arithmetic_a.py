"""The numbers of shipped scenarios in AWS's own time (x1), before anything runs. A run may be 2 s off."""

from __future__ import annotations

import pytest

from simlb.scenario import shelf
from simlb.scenario.arithmetic import DryRun, dry_run
from simlb.scenario.compile import load

ROWS = [
    # The gate: curl --connect-timeout 5, two a second for ten seconds; not one line in the log.
    ("closed-gate", "tried", "20 ± 1"),
    ("closed-gate", "no-log", "0"),
    ("closed-gate", "only-timeouts", "0"),
    ("closed-gate", "http", "0"),
    ("closed-gate", "waited", "1"),
    ("closed-gate", "afterwards", "0"),
    # The typing error: out within U·I, users get 200, back after five passes: 120 to 150 s.
    ("wrong-health-path", "detect", (0, 62)),
    ("wrong-health-path", "all-out", "4"),
    ("wrong-health-path", "users", "1"),
    ("wrong-health-path", "not-sooner", "0"),
    ("wrong-health-path", "return", (118, 152)),
    ("wrong-health-path", "all-back", (118, 152)),
    # The forgotten API: 30 to 60 s, then 20/3 requests a second for each of the others, ±10 %.
    ("one-forgot-health-api", "detect", (28, 62)),
    ("one-forgot-health-api", "before", (0.23, 0.27)),
    ("one-forgot-health-api", "i-01", (6.0, 22 / 3)),
    ("one-forgot-health-api", "i-02", (6.0, 22 / 3)),
    ("one-forgot-health-api", "i-04", (6.0, 22 / 3)),
    ("one-forgot-health-api", "no-errors", "0"),
    # The empty group: 200 after the first passed check, within one interval.
    ("empty-group", "first", (0, 32)),
    ("empty-group", "initial", (0, 32)),
    ("empty-group", "lost", (72, 88)),
    ("empty-group", "served", "1"),
    # The hanging target: out after 35 to 65 s, the first 504 at 60 s, the last at 95 to 125 s.
    ("backend-hangs", "detect", (33, 67)),
    ("backend-hangs", "calm", "0"),
    ("backend-hangs", "first", (59, 63)),
    ("backend-hangs", "last", (93, 129)),
    ("backend-hangs", "aftermath", (58, 63)),
    ("backend-hangs", "lost", (2 * 35 * 0.9, 2 * 67 * 1.1)),
    ("backend-hangs", "sends", (1.8, 2.2)),
    ("backend-hangs", "waiting", (2 * 35 * 0.9, 2 * 62 * 1.1)),
    ("backend-hangs", "patience", (59, 63)),
    ("backend-hangs", "no-502", "0"),
    # All down: everything is 502 until nobody is registered any more, then everything is 503.
    ("all-down", "detect", (28, 62)),
    ("all-down", "all-out", (28, 62)),
    ("all-down", "all-fail", "1"),
    ("all-down", "fail-open", "1"),
    ("all-down", "no-503", "0"),
    ("all-down", "empty", "1"),
]


def at_aws_speed(name: str) -> DryRun:
    return dry_run(load(shelf.find(name)), 1)


@pytest.mark.parametrize(("name", "expectation", "numbers"), ROWS, ids=[f"{name}:{what}" for name, what, _ in ROWS])
def test_what_is_expected(name: str, expectation: str, numbers: tuple[float, float] | str) -> None:
    (expected,) = (each for each in at_aws_speed(name).expected if each.expectation.id == expectation)
    if isinstance(numbers, str):
        assert expected.words is not None
        assert expected.words.en == numbers
    else:
        assert expected.bounds == pytest.approx(numbers)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in ROWS}))
def test_all_have_the_health_check_that_aws_gives_by_default(name: str) -> None:
    scenario = load(shelf.find(name))
    assert [scenario.variables[letter] for letter in "IUHT"] == [30, 2, 5, 5]
    found = {each.id: (each.low, each.high) for each in at_aws_speed(name).estimates}
    assert (found["detect"], found["detect_hang"], found["back"]) == ((30, 60), (35, 65), (120, 150))


def test_a_hanging_target_by_arithmetic() -> None:
    found = {each.id: (each.low, each.high) for each in at_aws_speed("backend-hangs").estimates}
    assert (found["hang_first"], found["hang_last"], found["hang_in_flight"]) == ((60, 60), (95, 125), (70, 120))
