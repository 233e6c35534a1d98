"""`Matcher.HttpCode`, as AWS writes it (reference 2.1)."""

from __future__ import annotations

import pytest

from simlb.core.matcher import Matcher


@pytest.mark.parametrize(
    ("http_code", "passing", "failing"),
    [
        ("200", [200], [199, 201, 204, 301, 404, 500]),
        ("200,202", [200, 202], [201, 203]),
        ("200-299", [200, 204, 299], [199, 300]),
        ("200-204,301,400-499", [200, 204, 301, 400, 499], [205, 300, 302, 399, 500]),
        ("200, 202", [200, 202], [201]),
        ("499", [499], [498, 500]),
    ],
)
def test_which_codes_pass(http_code: str, passing: list[int], failing: list[int]) -> None:
    matcher = Matcher.parse(http_code)
    assert matcher.http_code == http_code
    assert [code for code in passing if not matcher.matches(code)] == []
    assert [code for code in failing if matcher.matches(code)] == []


@pytest.mark.parametrize(
    "http_code",
    ["", "20", "2000", "199", "500", "200-500", "299-200", "200-", "-200", "200,", "abc", "2xx", "200;201", "２００"],
)
def test_what_is_no_matcher(http_code: str) -> None:
    with pytest.raises(ValueError, match=r"is neither a code|is outside 200-499"):
        Matcher.parse(http_code)
