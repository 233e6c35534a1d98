"""Expectations held against a story, and how the verdict reads."""

from __future__ import annotations

import pytest

from simlb.scenario.expectations import bounds, expected_words, judge, shown
from simlb.scenario.expression_tree import Expression
from simlb.scenario.expressions import Unseen
from simlb.scenario.functions import Kind
from simlb.scenario.history import History
from simlb.scenario.model import Above, Approximately, Below, Bound, Equals, Expectation, Holds, Within, Words
from tests.scenario.stories import SCOPE, crashed, meta

VALUES = (Kind.NUMBER, Kind.DURATION, Kind.RATE, Kind.FLAG, Kind.TEXT)


def said(text: str) -> Expression:
    return SCOPE.expression(text, *VALUES)[0]


def expectation(that: str, bound: Bound) -> Expectation:
    expression, kind = SCOPE.expression(that, *VALUES)
    return Expectation(
        id="it", title=Words(en="it", ko="그것"), that=expression, bound=bound, is_duration=kind is Kind.DURATION
    )


SHARE = "ratio(elb_502, from=crash, to=unhealthy)"
DETECT = "between(crash, health(web/3) == unhealthy)"


@pytest.mark.parametrize(
    ("that", "bound", "has_passed", "seen", "expected"),
    [
        (DETECT, Within(low=said("(U-1)*I"), high=said("U*I + 2s")), True, "40.0 s", "from 30.0 s to 62.0 s"),
        (DETECT, Within(low=said("40s"), high=said("40s")), True, "40.0 s", "from 40.0 s to 40.0 s"),
        (DETECT, Within(low=said("41s"), high=said("62s")), False, "40.0 s", "from 41.0 s to 62.0 s"),
        (DETECT, Within(low=said("5s"), high=said("39s")), False, "40.0 s", "from 5.0 s to 39.0 s"),
        (SHARE, Approximately(value=said("1/N"), tolerance=said("5%")), True, "0.25", "0.25 ± 0.05"),
        (SHARE, Approximately(value=said("0.31"), tolerance=said("5%")), False, "0.25", "0.31 ± 0.05"),
        ("count(elb_502)", Equals(value=said("10")), True, "10", "10"),
        ("count(elb_502)", Equals(value=said("0")), False, "10", "0"),
        ("reason(web/3, at=unhealthy)", Equals(value=said("'Target.Timeout'")), False, "Target.FailedHealthChecks",
         "Target.Timeout"),
        ("count(elb_502)", Below(limit=said("11")), True, "10", "below 11"),
        ("count(elb_502)", Below(limit=said("10")), False, "10", "below 10"),
        ("p95(users)", Above(limit=said("40ms")), True, "0.048 s", "above 0.040 s"),
        ("p95(users)", Above(limit=said("48ms")), False, "0.048 s", "above 0.048 s"),
        ("healthy(web) == N", Holds(), True, "yes", "yes"),
        ("healthy(web) == 3", Holds(), False, "no", "yes"),
        ("between(later, end)", Below(limit=said("5s")), False, "'later' never happened", "below 5.0 s"),
        ("count(2xx)", Below(limit=said("1 / count(504)")), False, "there is nothing to divide by", "?"),
    ],
)  # fmt: skip
def test_verdicts(that: str, bound: Bound, has_passed: bool, seen: str, expected: str) -> None:
    verdict = judge(expectation(that, bound), crashed())
    assert (verdict.has_passed, verdict.seen.en, verdict.expected.en) == (has_passed, seen, expected)


def test_a_verdict_in_korean() -> None:
    verdict = judge(expectation(DETECT, Within(low=said("30s"), high=said("39s"))), crashed())
    assert (verdict.seen.ko, verdict.expected.ko) == ("40.0 s", "30.0 s부터 39.0 s까지")
    verdict = judge(expectation("healthy(web) == 3", Holds()), crashed())
    assert (verdict.seen.ko, verdict.expected.ko) == ("아니요", "예")


def test_a_failed_expectation_points_at_the_journal() -> None:
    history = crashed()
    failed = judge(expectation("all(log.elb_status == 200)", Holds()), history)
    assert len(failed.lines) == 5
    assert judge(expectation("any(log.elb_status == 502)", Holds()), history).lines == ()
    assert failed.lines[0] == judge(expectation("count(502)", Equals(value=said("0"))), history).lines[0]


def test_what_is_expected_is_known_before_a_run() -> None:
    planned = History([meta()])
    within = expectation(DETECT, Within(low=said("(U-1)*I"), high=said("U*I + 2s")))
    assert expected_words(within, planned).en == "from 30.0 s to 62.0 s"
    assert bounds(within, planned) == (30, 62)
    assert bounds(expectation("healthy(web) == 4", Holds()), planned) is None
    with pytest.raises(Unseen):
        expected_words(expectation("count(2xx)", Below(limit=said("1 / count(504)"))), planned)


@pytest.mark.parametrize(
    ("value", "is_duration", "text"),
    [
        (38.54, True, "38.5 s"),
        (0.0234, True, "0.023 s"),
        (0.25149, False, "0.251"),
        (228.0, False, "228"),
        (True, False, "yes"),
        ("", False, "-"),
        ("healthy", False, "healthy"),
        (1e300, False, "1e+300"),
        (float("inf"), False, "inf"),
    ],
)
def test_values_as_people_read_them(value: float | str | bool, is_duration: bool, text: str) -> None:
    assert shown(value, is_duration=is_duration) == text
