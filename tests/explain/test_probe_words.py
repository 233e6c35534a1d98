"""What probes saw, and the hints, in both languages."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from simlb.core.health import Hint, ProbeOutcome, ProbeResult, TargetHealth
from simlb.core.model import HealthCheck
from simlb.explain import probe_words as words
from simlb.explain.probe_words import hint_words, probe_words

HANGUL = re.compile("[가-힣]")


@pytest.mark.parametrize("outcome", list(ProbeOutcome))
def test_every_outcome_has_korean_words(outcome: ProbeOutcome) -> None:
    said = probe_words(ProbeResult(outcome=outcome))
    assert said.en == str(outcome)
    assert HANGUL.search(said.ko)


@pytest.mark.parametrize("hint", list(Hint))
def test_every_hint_has_korean_words_with_the_same_values(hint: Hint) -> None:
    korean = words._HINTS[hint]
    assert HANGUL.search(korean)
    fields = {name for _, name, _, _ in Formatter().parse(str(hint)) if name}
    assert {name for _, name, _, _ in Formatter().parse(korean) if name} == fields


def test_a_code_that_missed() -> None:
    health, check = TargetHealth(), HealthCheck(path="/helth")
    for _ in range(2):
        health.on_probe(ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=404, latency_s=0.002), check)
    assert probe_words(ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=404, latency_s=0.002)).ko == (
        "2 ms 만에 404"
    )
    hint = hint_words(health, check, 1)
    assert hint is not None
    assert hint.en == ("Nothing answers at /helth: add that path to the application or correct the health check path.")
    assert hint.ko == (
        "/helth 경로에 응답하는 것이 없습니다. 애플리케이션에 그 경로를 추가하거나 상태 검사 경로를 고치세요."
    )


def test_no_hint_where_there_is_none() -> None:
    assert hint_words(TargetHealth(), HealthCheck(), 10) is None
