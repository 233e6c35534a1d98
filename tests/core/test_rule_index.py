"""The index and the naive way agree on every set of rules and every request; what it remembers is bounded."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.conditions import HostHeader, HttpHeader
from simlb.core.model import (
    ForwardAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    Rule,
    SourceIpCondition,
)
from simlb.core.rule_index import SUBJECT_REMEMBERED_MAX_BYTES, SUBJECTS_REMEMBERED_MAX, MaskMemo
from simlb.core.rules import RuleTable
from tests.core.asking import Asked

# Few letters, so that patterns and requests often meet.
patterns = st.text("ab/*?", max_size=5)
path_patterns = patterns.map(lambda text: "/" + text) | st.text("ab*.", max_size=4).map(lambda text: "*" + text)
regexes = st.sampled_from(["^/a", "b$", "a.*b", ".", "^$"])
keys = st.none() | st.text("ab*=", max_size=2)


def some(values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(values, min_size=1, max_size=3).map(tuple)


conditions = st.one_of(
    st.builds(HostHeaderCondition, values=some(patterns)),
    st.builds(HostHeaderCondition, regex_values=some(regexes)),
    st.builds(PathPatternCondition, values=some(path_patterns)),
    st.builds(PathPatternCondition, values=some(path_patterns)),
    st.builds(PathPatternCondition, regex_values=some(regexes)),
    st.builds(HttpHeaderCondition, http_header_name=st.sampled_from(["X", "y"]), values=some(patterns)),
    st.builds(HttpRequestMethodCondition, values=some(st.sampled_from(["GET", "PUT"]))),
    st.builds(
        QueryStringCondition,
        values=st.lists(
            st.builds(QueryStringPair, key=keys, value=st.text("ab*=\\", max_size=3)), min_size=1, max_size=2
        ).map(tuple),
    ),
    st.builds(
        SourceIpCondition,
        values=st.sampled_from([(ipaddress.ip_network(text),) for text in ("10.0.0.0/8", "::/1", "0.0.0.0/0")]),
    ),
)
rule_sets = st.lists(st.lists(conditions, max_size=3), max_size=12)
requests = st.builds(
    Asked,
    method=st.sampled_from([b"GET", b"PUT", b"get"]),
    named_host=st.none() | st.text("ab/", max_size=4).map(str.encode),
    path=st.text("ab/.\n\xff", max_size=6).map(lambda text: b"/" + text.encode("latin-1")),
    query=st.text("abB=&#", max_size=8).map(str.encode),
    fields=st.lists(
        st.tuples(st.sampled_from([b"x", b"X", b"Y"]), st.text("aB/", max_size=3).map(str.encode)), max_size=3
    ).map(tuple),
)
addresses = st.sampled_from(["10.0.0.1", "11.0.0.1", "::1", "::ffff:10.0.0.1"])


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=400)
@given(rule_sets, st.lists(st.tuples(requests, addresses), min_size=1, max_size=6))
def test_agrees_with_the_naive_way(rules: list[list], asked: list[tuple[Asked, str]]) -> None:  # type: ignore[type-arg]
    table = RuleTable(
        ForwardAction.to("default"),
        [
            Rule(priority=place, arn="", conditions=tuple(own), action=ForwardAction.to("g"))
            for place, own in enumerate(rules, 1)
        ],
    )
    for request, client_ip in asked:
        assert table.evaluate(request, client_ip).priority == table.explain(request, client_ip)[-1].priority


def hosts_ending_in_seven() -> MaskMemo[bytes | None]:
    """Rule 0 has no condition on hosts, rule 1 has."""
    return MaskMemo([[], [HostHeader(HostHeaderCondition(values=("*7",)))]])


def test_subjects_are_remembered_in_bounded_number() -> None:
    memo = hosts_ending_in_seven()
    for number in range(3 * SUBJECTS_REMEMBERED_MAX):
        assert memo[b"h%d" % number] == (0b11 if number % 10 == 7 else 0b01)
        assert b"h%d" % number in memo
        assert len(memo) <= SUBJECTS_REMEMBERED_MAX
    assert memo[None] == 0b01


def test_long_subjects_are_judged_but_not_remembered() -> None:
    memo = hosts_ending_in_seven()
    longest = b"7" * SUBJECT_REMEMBERED_MAX_BYTES
    assert memo[longest] == memo[longest + b"7"] == 0b11
    assert list(memo) == [longest]


def test_many_short_values_are_long_too() -> None:
    condition = HttpHeader(HttpHeaderCondition(http_header_name="X", values=("7",)))
    memo = MaskMemo([[condition]])
    assert memo[(b"",) * 300] == 0
    assert memo[(b"", b"7")] == 1
    assert list(memo) == [(b"", b"7")]


@settings(max_examples=60, deadline=None)
@given(rule_sets, rule_sets, requests, addresses)
def test_a_table_made_like_another_decides_as_one_made_anew(
    before: list[list[Any]], added: list[list[Any]], request: Asked, client_ip: str
) -> None:
    """Rules come in front, go, and change their priorities; what has been compiled of them is used again."""
    default = ForwardAction.to("default")

    def rule(priority: int, conditions: list[Any]) -> Rule:
        return Rule(priority=priority, arn=f"{priority}", conditions=tuple(conditions), action=ForwardAction.to("web"))

    old = [rule(100 + number, each) for number, each in enumerate(before)]
    table = RuleTable(default, old)
    moved = [replace(each, priority=each.priority + 100) for each in old[::2]]
    rules = [*moved, *old[1::2], *(rule(number + 1, each) for number, each in enumerate(added))]
    again, fresh = RuleTable(default, rules, like=table), RuleTable(default, rules)
    found, wanted = again.evaluate(request, client_ip), fresh.evaluate(request, client_ip)
    assert (found.rule, found.priority, found.evaluations) == (wanted.rule, wanted.priority, wanted.evaluations)
    assert again.explain(request, client_ip) == fresh.explain(request, client_ip)
