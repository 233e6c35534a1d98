"""The Live page puts keys of sentences together: whatever the core can say has its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simlb.console.words import words
from simlb.core.health import HealthState, ProbeOutcome
from simlb.dataplane.target_failure import TargetFailure

LIVE = Path(__file__).parents[2] / "simlb" / "console" / "static" / "js" / "live"
HOW = {"refused", "silent", "unreachable", "closes", "malformed", "tls", "other", "killed"}


def _keys() -> set[str]:
    return {
        *(f"live.state.{state}" for state in HealthState),
        *(f"live.check.{outcome.replace(' ', '_')}" for outcome in ProbeOutcome),
        *(f"live.failure.{failure.value[0].replace(' ', '_')}" for failure in TargetFailure),
        *(f"live.mode.{mode}" for mode in ("fail_open", "initial", "no_targets", "unused")),
        *(f"live.gate.{gate}" for gate in ("open", "closed", "restricted")),
        *(f"live.listener.gate_{gate}" for gate in ("open", "closed", "restricted")),
        *(f"live.outcome.{who}_{hundreds}xx" for who in ("target", "elb") for hundreds in (2, 3, 4, 5)),
        *(f"live.say.breaks_{how}" for how in HOW),
        *(f"live.say.out_{how}" for how in {*HOW, "status", "returning"}),
    }


@pytest.mark.parametrize("key", sorted(_keys()))
def test_there_are_words_for(key: str) -> None:
    assert key in words()


def test_every_sentence_of_the_narration_is_there() -> None:
    script = (LIVE / "narration.js").read_text(encoding="utf-8")
    said = set(re.findall(r"say\(\s*'\w+',\s*'(\w+)'", script))
    assert len(said) > 12
    assert {f"live.say.{key}" for key in said} - set(words()) == set()
    assert {"leaving", "leaving_now", "back", "back_blamed", "idle", "well"} <= {
        key.removeprefix("live.next.") for key in words() if key.startswith("live.next.")
    }


def test_what_a_check_can_meet_is_known_to_the_narration() -> None:
    script = (LIVE / "facts.js").read_text(encoding="utf-8")
    known = re.findall(r"^\s+(?:'([^']+)'|(\w+)): '(\w+)',$", script, re.MULTILINE)
    starts = [quoted or bare for quoted, bare, how in known if how in HOW]
    for outcome in ProbeOutcome:
        if outcome is not ProbeOutcome.ANSWERED:
            assert any(outcome.startswith(start) for start in starts), outcome
