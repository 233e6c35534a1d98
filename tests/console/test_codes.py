"""A code that `simlb console` hands to a browser is good once, and not for long."""

from __future__ import annotations

import pytest

from simlb.console.codes import VALID_S, WAITING_MAX, Codes


@pytest.mark.parametrize(
    ("given", "after_s", "is_good"),
    [
        ("a", 0.0, True),
        ("a", VALID_S - 1, True),
        ("a", VALID_S + 1, False),
        ("b", 0.0, False),
        ("", 0.0, False),
        ("ä", 0.0, False),
    ],
)
def test_a_code_is_used(given: str, after_s: float, is_good: bool) -> None:
    codes = Codes()
    codes.add("a", 1000.0)
    assert codes.use(given, 1000.0 + after_s) is is_good


def test_it_is_used_once() -> None:
    codes = Codes()
    codes.add("a", 0.0)
    codes.add("b", 0.0)
    assert [codes.use("a", 1.0), codes.use("a", 1.0), codes.use("b", 1.0)] == [True, False, True]


def test_of_many_that_wait_the_oldest_is_forgotten() -> None:
    codes = Codes()
    for number in range(WAITING_MAX + 1):
        codes.add(str(number), 0.0)
    assert not codes.use("0", 1.0)
    assert codes.use("1", 1.0)
    assert codes.use(str(WAITING_MAX), 1.0)
