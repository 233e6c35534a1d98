"""The table of faults on targets, as people read it."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from simlb.faults.fault import FaultType, Parameter, Scope
from simlb.faults.target_fault import SELECTORS
from simlb.faults.target_types import TARGET_FAULT_TYPES

NAMES = [
    # name, only on targets that simlb started, what selects
    ("link.latency", False, SELECTORS),
    ("link.bandwidth", False, frozenset()),
    ("link.slice", False, frozenset()),
    ("link.reset", False, SELECTORS),
    ("link.blackhole", False, frozenset()),
    ("http.abort", False, SELECTORS),
    ("http.malformed", False, SELECTORS),
    ("http.header_too_big", False, SELECTORS),
    ("http.truncate", False, SELECTORS),
    ("health.status", False, SELECTORS - {"match"}),
    ("health.flap", False, frozenset({"pattern"})),
    ("health.slow", False, SELECTORS - {"match"}),
    ("health.shallow", False, frozenset()),
    ("target.slow", True, SELECTORS),
    ("target.capacity", True, frozenset({"match"})),
    ("target.keepalive", True, frozenset()),
]
HANGUL = re.compile("[가-힣]")


def test_which_there_are() -> None:
    assert [(row.name, row.own_only, row.selectors) for row in TARGET_FAULT_TYPES] == NAMES
    assert {row.scope for row in TARGET_FAULT_TYPES} == {Scope.TARGET}


@pytest.mark.parametrize("row", TARGET_FAULT_TYPES, ids=lambda row: row.name)
def test_each_says_what_it_does_in_both_languages(row: FaultType) -> None:
    texts = [(row.en, row.ko), (row.consequence_en, row.consequence_ko), *((p.en, p.ko) for p in row.parameters)]
    for english, korean in texts:
        assert english
        assert not HANGUL.search(english)
        assert HANGUL.search(korean)
    for sentence in chain.from_iterable(texts[:2]):
        assert sentence.endswith("."), sentence


PARAMETERS = [(row, parameter) for row in TARGET_FAULT_TYPES for parameter in row.parameters]


@pytest.mark.parametrize(("row", "parameter"), PARAMETERS, ids=lambda value: value.name)
def test_each_parameter_has_a_range_and_its_default_is_in_it(row: FaultType, parameter: Parameter) -> None:
    assert parameter.en[0].islower(), "it stands behind the name"
    assert not parameter.en.endswith(".")
    if parameter.kind in {"duration", "number", "whole", "bytes"}:
        assert parameter.minimum is not None
        assert parameter.maximum is not None
        if parameter.default is not None:
            assert isinstance(parameter.default, int | float)
            assert parameter.minimum <= parameter.default <= parameter.maximum
    if parameter.kind == "choice":
        assert parameter.default in parameter.choices
