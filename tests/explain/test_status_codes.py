"""Counting a status code among the kept exchanges, by the stamps of their lines; `now` is 1000."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.explain.durations import Times
from simlb.explain.status_codes import StatusSpan, count_statuses, find_status
from simlb.explain.status_story import status_story
from simlb.explain.story import Story
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.recorder import Batch

NOW = 1000.0
ARN = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/web/1234567890123456"
DEAD: dict[str, Any] = {
    "elb_status_code": 502,
    "target_address": "10.0.0.3:80",
    "target_group_arn": ARN,
    "action": "forward",
    "sent_bytes": 272,
}


FACTS = ConnectionFacts(
    elb="app/web/1",
    dns_name="web.test",
    scheme="http",
    listener_port=80,
    client_ip="127.0.0.1",
    client_port=1,
    node_ip="127.0.0.1",
)


def ring(*events: tuple[float, dict[str, Any]], kept: int = 10_000) -> ExchangeRing:
    """Exchanges that ended at these times; 200 unless their fields say otherwise."""
    made = ExchangeRing(kept)
    for number, (at, fields) in enumerate(events):
        record = ExchangeRecord(FACTS, None, at)
        for name, value in ({"elb_status_code": 200, "ended_at": at, "sent_bytes": 200} | fields).items():
            setattr(record, name, value)
        made.take(Batch(number, [record]))
    return made


def found(events: list[tuple[float, dict[str, Any]]], code: int = 502, span_s: float = 60.0) -> StatusSpan:
    return find_status(ring(*events), code, span_s, NOW)


def told(events: list[tuple[float, dict[str, Any]]], code: int = 502, speed: float = 1) -> Story:
    return status_story(found(events, code), [], Times(speed))


def test_counts_within_the_span_only() -> None:
    span = found([(900.0, DEAD), (939.9, DEAD), (940.1, DEAD), (950.0, {}), (999.0, DEAD)])
    assert (span.count, span.others.total(), span.others[200]) == (2, 3, 1)
    assert span.last_at == 999.0
    assert span.since_last == 0


def test_the_beginning_may_lie_before_the_span() -> None:
    """What goes on without a pause as long as the span is one and the same trouble."""
    events = [(700.0, DEAD), (900.0, DEAD), (930.0, DEAD), (950.0, DEAD)]
    assert found(events).began_at == 900.0
    assert found(events).count == 1


def test_how_many_came_since() -> None:
    span = found([(980.0, DEAD), (981.0, {}), (982.0, {}), (983.0, {"elb_status_code": 301})])
    assert span.since_last == 3


def test_what_is_alike_is_counted_together() -> None:
    other = DEAD | {"target_address": "10.0.0.4:80"}
    own = DEAD | {"target_status_code": 502}
    span = found([(990.0, DEAD), (991.0, other), (992.0, DEAD), (993.0, own), (994.0, DEAD)])
    assert [(alike.count, alike.produced_by) for alike in span.alike] == [
        (3, "load balancer"),
        (1, "target"),
        (1, "load balancer"),
    ]
    assert (span.alike[0].first_at, span.alike[0].last_at) == (990.0, 994.0)


def test_how_far_back_the_kept_ones_reach() -> None:
    made = ring(*[(970.0 + place / 10, {}) for place in range(300)], kept=64)
    span = find_status(made, 502, 60.0, NOW)
    assert span.reaches_back_s is not None
    assert span.reaches_back_s < 30
    assert found([(990.0, DEAD)]).reaches_back_s is None, "nothing has been forgotten"


def test_all_status_codes_of_late() -> None:
    made = ring((900.0, DEAD), (950.0, {}), (960.0, DEAD), (970.0, {}))
    assert dict(count_statuses(made, 60.0, NOW)) == {200: 2, 502: 1}


OUTCOMES = [
    ([(990.0, DEAD)] * 3, '3 × 502 in the last 60 s, all produced by the load balancer (target code "-").'),
    (
        [(990.0, DEAD | {"target_status_code": 502})],
        "1 × 502 in the last 60 s, produced by the target: the load balancer passed them on.",
    ),
    (
        [(990.0, DEAD), (991.0, DEAD | {"target_status_code": 502})],
        "2 × 502 in the last 60 s, 1 produced by the load balancer, 1 by targets.",
    ),
    ([], "No 502 in the last 60 s. There was no request at all."),
    ([(990.0, {})], "No 502 in the last 60 s. There was one request: 1 × 200."),
    (
        [(500.0, DEAD), (990.0, {}), (991.0, {})],
        "No 502 in the last 60 s. There were 2 requests: 2 × 200. The last one was 500 s ago.",
    ),
    (
        [(990.0, {"elb_status_code": 502, "action": "fixed-response", "matched_rule_priority": 10})],
        "1 × 502 in the last 60 s, all fixed responses of rules: no target was asked.",
    ),
    (
        [(990.0, DEAD | {"sent_bytes": 0})],
        "1 × 502 in the last 60 s, and nobody got them: the clients had gone.",
    ),
]


@pytest.mark.parametrize(("events", "outcome"), OUTCOMES)
def test_the_first_sentence(events: list[tuple[float, dict[str, Any]]], outcome: str) -> None:
    assert told(events).outcome.en == outcome


COURSES = [
    ([(978.0, DEAD), (999.5, DEAD)], "It began 22 s ago and goes on: the last one was 0.5 s ago."),
    (
        [(960.0, DEAD), (980.0, DEAD), (981.0, {})],
        "It began 40 s ago; the last one was 20 s ago, and the one request since did not get this code.",
    ),
    (
        [(960.0, DEAD), (980.0, DEAD)],
        "It began 40 s ago; the last one was 20 s ago, and there was no request since: nobody knows whether it is "
        "over.",
    ),
]


@pytest.mark.parametrize(("events", "words"), COURSES)
def test_since_when_and_whether_it_goes_on(events: list[tuple[float, dict[str, Any]]], words: str) -> None:
    assert words in [step.words.en for step in told(events).steps]


def test_both_times() -> None:
    assert told([(978.0, DEAD), (999.5, DEAD)], speed=10).steps[1].words.en == (
        "It began 22 s (220 s of AWS time) ago and goes on: the last one was 0.5 s (5 s of AWS time) ago."
    )


def test_a_target_that_is_gone() -> None:
    assert "10.0.0.3:80 is no longer registered." in [step.words.en for step in told([(990.0, DEAD)]).steps]


def test_for_programs() -> None:
    facts = told([(978.0, DEAD), (999.5, DEAD)]).facts
    assert (facts["count"], facts["goes_on"], facts["began_ago_s"], facts["last_ago_s"]) == (2, True, 22, 0.5)
    assert [(one["count"], one["target_address"], one["target_group"]) for one in facts["by"]] == [
        (2, "10.0.0.3:80", "web")
    ]


def test_very_many_kinds_are_told_in_short() -> None:
    events = [(990.0, DEAD | {"target_address": f"10.0.0.{number}:80"}) for number in range(50)]
    story = told(events)
    assert len(story.steps) == 20 + 1 + 1 + 8
    assert story.steps[20].words.en == "... and 30 more, of 30 kinds"
    assert len(story.facts["by"]) == 50
