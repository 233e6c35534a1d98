"""Pages of scenarios put keys of sentences together: whatever a journal and the control port can say has its words."""

from __future__ import annotations

from typing import get_args

from simlb.console.words import words
from simlb.scenario.journal import Outcome
from simlb.scenario.model import Level

STATES = ("starting", "telling", "asking", "paused", "ending", "ended", "lost")
MARKS = ("fault", "heal", "change", "register", "deregister", "state", "warning", "missed")


def test_everything_has_its_words() -> None:
    wanted = {
        *(f"scenarios.outcome.{outcome}" for outcome in get_args(Outcome)),
        *(f"scenarios.level.{level}" for level in get_args(Level)),
        *(f"scenarios.state.{state}" for state in STATES),
        *(f"scenarios.mark.{kind}" for kind in MARKS),
        *(f"scenarios.failures.{who}" for who in ("elb", "target", "client")),
        *(f"scenarios.verdicts.{state}" for state in ("open", "passed", "failed")),
    }
    assert wanted - set(words()) == set()
