"""What a journal comes to."""

from __future__ import annotations

import pytest

from simlb.scenario.journal import Outcome
from simlb.scenario.summary import Summary
from tests.scenario.journals import META, a_run


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("passed", 0), ("failed", 1), ("missed", 1), ("broken", 1), ("void", 4), ("interrupted", 130)],
)
def test_an_outcome_has_its_exit_status(outcome: Outcome, status: int) -> None:
    assert Summary.of(a_run(outcome)).exit_status == status


def test_failures_are_expectations_that_did_not_hold_and_steps_that_never_came() -> None:
    summary = Summary.of(a_run())
    assert (summary.failures, summary.items) == (2, 3)


def test_the_story_begins_at_its_mark() -> None:
    summary = Summary.of(a_run())
    assert (summary.began_s, summary.ended_s, summary.real_s) == (5.0, 60.0, 6.0)


def test_a_journal_that_breaks_off_is_an_interrupted_run() -> None:
    assert Summary.of(a_run()[:-1]).outcome == "interrupted"
    assert Summary.of([META]).began_s is None
