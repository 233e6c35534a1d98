"""The table of faults: complete, in both languages, and true to itself."""

from __future__ import annotations

import re

import pytest

from simlb.faults.fault import FaultType
from simlb.faults.parameters import read_value
from simlb.faults.type_views import type_view
from simlb.faults.types import BY_NAME, FAULT_TYPES

LAYERS = {"gate", "client", "cert", "link", "http", "health", "target", "config"}
HANGUL = re.compile(r"[가-힣]")

each = pytest.mark.parametrize("fault_type", FAULT_TYPES, ids=lambda fault_type: fault_type.name)


def test_every_fault_of_the_study_is_there() -> None:
    assert len(BY_NAME) == len(FAULT_TYPES)
    assert set(BY_NAME) >= {
        *("gate.close", "client.slow", "client.abort", "cert.wrong_name", "cert.expired", "cert.untrusted"),
        *("target.crash", "target.hang", "target.stop", "target.restart"),
        *("config.path", "config.port", "config.matcher", "config.empty_group", "config.no_redirect"),
        "config.app_redirect",
    }


@each
def test_a_row_says_what_it_is_in_both_languages(fault_type: FaultType) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", fault_type.name)
    assert fault_type.name.partition(".")[0] in LAYERS
    for text in (fault_type.en, fault_type.consequence_en):
        assert text.endswith("."), text
        assert not HANGUL.search(text)
    for text in (fault_type.ko, fault_type.consequence_ko):
        assert HANGUL.search(text), text
        assert text.endswith("."), text
    for parameter in fault_type.parameters:
        assert not parameter.en.endswith("."), parameter.name
        assert not HANGUL.search(parameter.en)
        assert parameter.ko


@each
def test_what_a_row_shows_as_a_default_can_be_written_back(fault_type: FaultType) -> None:
    for parameter, shown in zip(fault_type.parameters, type_view(fault_type).parameters, strict=True):
        assert shown.required == (parameter.default is None and not parameter.is_optional)
        if shown.default is not None:
            assert read_value(fault_type.name, parameter, shown.default) == parameter.default
