"""Whatever is written, it is understood or refused, with a clear error; and what is understood has a value."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.config.problems import Refused
from simlb.scenario.expression_tree import Expression
from simlb.scenario.expressions import Evaluator, Unseen
from simlb.scenario.functions import FUNCTIONS, Kind
from tests.scenario.stories import SCOPE, crashed

VALUES = (Kind.NUMBER, Kind.DURATION, Kind.RATE, Kind.FLAG, Kind.TEXT)
HISTORY = crashed()

OPERANDS = "web web/3 i-03 crash crash.healed later start end unhealthy healthy I U R N users requests elb_502 502 2xx"
FIELDS = "log.elb_status log.target_status log.reused '-' 30s 0 1 25% 999999999999"
SIGNS = "( ) ( ) , = == != < >= => and or not + - * / from= to= at= target= port="
WORDS = st.sampled_from([*FUNCTIONS, *OPERANDS.split(), *FIELDS.split(), *SIGNS.split()])


def understood(text: str) -> tuple[Expression, Kind] | Refused:
    try:
        return SCOPE.expression(text, *VALUES)
    except Refused as refused:
        return refused


def check(text: str) -> None:
    found = understood(text)
    if isinstance(found, Refused):
        assert found.code in {"E661", "E662"}
        assert len(found.what) < 400
        return
    expression, kind = found
    try:
        value = Evaluator(HISTORY).value(expression)
    except Unseen:
        return
    assert isinstance(value, str | bool | float | int)
    assert isinstance(value, str) is (kind is Kind.TEXT)
    assert isinstance(value, str) or not math.isnan(value)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    check(text)


@settings(derandomize=True, max_examples=250, deadline=None)
@given(st.lists(WORDS, max_size=24))
def test_any_words(words: list[str]) -> None:
    check(" ".join(words))


NUMBERS = st.sampled_from(
    ["1", "U", "N", "count(elb_502)", "0", "999999999999", "healthy(web)", "ratio(2xx, from=crash)"]
)
SUMS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        inner.map(lambda one: f"-{one}"),
    ),
    max_leaves=8,
)
CONDITIONS = st.recursive(
    st.tuples(SUMS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), SUMS).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=4,
)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(CONDITIONS)
def test_any_condition(text: str) -> None:
    check(text)
