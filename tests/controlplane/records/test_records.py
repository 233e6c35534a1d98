"""Whatever API calls can make is written down and read back the same, and stays readable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from simlb.controlplane.records import KINDS, RecordError, Row, State, difference
from simlb.controlplane.records.state import Key
from simlb.core.model import Target
from simlb.core.registrations import Registration, Registrations
from tests.controlplane.records.states import FULL, GROUP, LB, REGION, STATES

SAMPLE = Path(__file__).with_name("state-1.json")
"""As version 1 writes it. It is never rewritten: a later form gets a sample of its own beside it."""


def through_json(state: State) -> list[Row]:
    return [replace(row, body=json.loads(json.dumps(row.body))) for row in state.rows(REGION)]


@settings(max_examples=60, deadline=None)
@given(STATES)
def test_any_state_comes_back_as_it_was(state: State) -> None:
    back = State.of(through_json(state), REGION)
    assert back == state
    assert list(back.changes.load_balancers) == list(state.changes.load_balancers)
    assert [row.body for row in back.rows(REGION)] == [row.body for row in state.rows(REGION)]


@settings(max_examples=60, deadline=None)
@given(STATES, STATES)
def test_a_difference_makes_one_state_of_another(before: State, after: State) -> None:
    """Carried out as a store does: what is removed goes, what is known changes in its place, the rest is appended."""
    wanted = after.items()
    leaving, coming = after.since(before)
    held: dict[Key, Any] = {key: value for key, value in before.items().items() if key not in leaving}
    held |= {key: wanted[key] for key in coming}
    assert held == wanted
    for kind in {kind for kind, _ in wanted}:
        assert [key for key in held if key[0] == kind] == [key for key in wanted if key[0] == kind]


def test_what_did_not_change_is_not_written_again() -> None:
    assert FULL.since(FULL) == ([], [])
    assert difference(FULL.items(), FULL.items()) == ([], [])
    tagged = replace(FULL, changes=replace(FULL.changes, tags={LB: {"team": "b"}}))
    assert tagged.since(FULL) == ([], [("tags", LB)])
    without = replace(FULL, changes=replace(FULL.changes, target_groups={}, changed=frozenset()))
    assert without.since(FULL) == ([("target-group", GROUP), ("changed", GROUP)], [])


@pytest.mark.parametrize(
    ("before", "after", "leaving", "coming"),
    [
        ("abcd", "abcde", "", "e"),
        ("abcd", "ad", "bc", ""),
        ("abcd", "bcd", "a", ""),
        ("abcd", "acb", "db", "b"),
        ("abcd", "axcd", "bcd", "xcd"),
        ("abcd", "aBcd", "", "B"),
        ("abcd", "", "abcd", ""),
        ("", "ab", "", "ab"),
    ],
)
def test_of_registrations_only_what_differs_is_written(before: str, after: str, leaving: str, coming: str) -> None:
    """`B` is another target under the key of `b`."""
    made = {letter: _registration(letter) for letter in "abcdexB"}
    states = [State(registrations=Registrations(added=tuple(made[each] for each in side))) for side in (before, after)]
    expected = [[f"web/127.0.0.1/{ord(letter.lower())}" for letter in side] for side in (leaving, coming)]
    assert [[key for _, key in side] for side in states[1].since(states[0])] == expected


def _registration(letter: str) -> Registration:
    port = ord(letter.lower())
    target = Target(id="127.0.0.1", port=port, dial_host="127.0.0.1", dial_port=port, name=letter)
    return Registration("web", target)


def test_what_moves_is_appended_again_with_all_behind_it() -> None:
    before = {("tags", name): object() for name in "abc"}
    after = {key: before[key] for key in (("tags", "a"), ("tags", "c"), ("tags", "b"))}
    assert difference(before, after) == ([("tags", "b")], [("tags", "b")])


def test_the_sample_stays_loadable() -> None:
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    rows = [Row(**record, region=REGION) for record in document["records"]]
    assert State.of(rows, REGION) == FULL
    assert {row.kind for row in rows} >= KINDS.keys()


def test_records_are_short_and_in_elbv2s_words() -> None:
    (row,) = (row for row in FULL.rows(REGION) if row.kind == "target-group")
    assert row.body["health_check"]["matcher"] == "200,301-302"
    assert row.body["attributes"] == {"deregistration_delay.timeout_seconds": "0"}
    plain = State(changes=replace(State().changes, target_groups={"a": replace(FULL.changes.target_groups[GROUP])}))
    assert set(plain.rows(REGION)[0].body) == {
        "name",
        "arn",
        "target_type",
        "protocol",
        "port",
        "health_check",
        "attributes",
        "retry_on_connect_failure",
        "fail_open_while_initial",
    }


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("surprise", {}, "there is no kind of record 'surprise'"),
        ("removed", {"a": 1}, "removed.key: it has no members"),
        ("tags", {"a": 1}, "tags.key.a: 1 is not a text"),
        ("tags", {"a": "\ud800"}, "tags.key.a: '\\ud800' is half of a character"),
        ("tags", [], "tags.key: [] is not an object"),
        ("target-group", {"name": "web"}, "target-group.key: the member 'arn' is missing"),
        ("target-group", {"name": "web", "arn": "", "x": 1}, "target-group.key: there is no member 'x'"),
        ("target-group", {"name": "web", "arn": "", "port": True}, "target-group.key.port: True is not a whole number"),
        ("target-group", {"name": "web", "arn": "", "target_type": "lambda"}, "'lambda' is none of instance, ip"),
        ("target-group", {"name": "a", "arn": "", "health_check": {"port": "x"}}, "neither a port nor traffic-port"),
        ("target-group", {"name": "a", "arn": "", "health_check": {"matcher": "600"}}, "health_check.matcher: '600'"),
        ("target-group", {"name": "a", "arn": "", "attributes": {"stickiness.enabled": "maybe"}}, "must be one of"),
        ("target-group", {"name": "a", "arn": "", "retry_on_connect_failure": 1}, "1 is not true or false"),
        ("facts", {"created_at": "now"}, "facts.key.created_at: 'now' is not a number"),
        ("facts", {"created_at": 1, "ip_address_type": "dualstack"}, "there is no member 'ip_address_type'"),
        ("security-group", {"id": "", "name": "", "description": "", "rules": [{"source": "1"}]}, "rules.0"),
    ],
)  # fmt: skip
def test_what_is_no_record(kind: str, body: Any, words: str) -> None:
    with pytest.raises(RecordError) as caught:
        State.of([Row(kind, "key", body)], REGION)
    assert words in str(caught.value)


def test_an_address_type_that_is_not_there() -> None:
    (row,) = (row for row in through_json(FULL) if row.kind == "load-balancer")
    row.body["ip_address_type"] = "dualstack-without-public-ipv4"
    with pytest.raises(RecordError, match="is none of ipv4, dualstack"):
        State.of([row], REGION)


def test_an_action_of_a_kind_that_is_not_there() -> None:
    (row,) = (row for row in through_json(FULL) if row.kind == "load-balancer")
    row.body["listeners"][0]["rules"][1]["action"]["type"] = "authenticate-oidc"
    with pytest.raises(RecordError, match=r"listeners\.0\.rules\.1\.action\.type: 'authenticate-oidc' is none of"):
        State.of([row], REGION)
