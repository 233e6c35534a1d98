"""Cookies read and written as stickiness needs them (reference 5.5, 5.6)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.stickiness_cookies import (
    cookies_set_by,
    find_cookies,
    needs_same_site_none,
    pair_of_lines,
    set_cookie_line,
)

CHROME = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%b Safari/537.36"
FIREFOX = b"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
TUE = 1709032913 - 7 * 86400  # a week before Tue, 27 Feb 2024 11:21:53 GMT


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param([], {}, id="no Cookie header"),
        pytest.param([b"a=1"], {b"a": b"1"}, id="one"),
        pytest.param([b"a=1; b=2;c=3"], {b"a": b"1", b"b": b"2", b"c": b"3"}, id="several"),
        pytest.param([b"a=1", b"b=2"], {b"a": b"1", b"b": b"2"}, id="several headers"),
        pytest.param([b"a=1; a=2", b"a=3"], {b"a": b"1"}, id="the first of a name"),
        pytest.param([b"a=x=y=="], {b"a": b"x=y=="}, id="equals signs belong to the value"),
        pytest.param([b" a\t = 1 "], {b"a": b"1"}, id="blanks around"),
        pytest.param([b"a=; ;;b"], {b"a": b""}, id="empty pairs and words without a value"),
        pytest.param([b"=1; a=2"], {b"a": b"2"}, id="no name"),
        pytest.param([b'a="1"'], {b"a": b'"1"'}, id="quotes belong to the value"),
        pytest.param([b"A=1; a=2"], {b"A": b"1", b"a": b"2"}, id="names are case-sensitive"),
        pytest.param([b"\xff=\x00"], {b"\xff": b"\x00"}, id="any bytes"),
    ],
)
def test_cookies_of_a_request(values: list[bytes], found: dict[bytes, bytes]) -> None:
    assert find_cookies(values) == found


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_cookie_header_can_upset_it(values: list[bytes]) -> None:
    for name, value in find_cookies(values).items():
        assert name
        assert b";" not in name + value


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        pytest.param(b"", [], id="no field at all"),
        pytest.param(b"Server: x\r\nSet-Cookie: sid=1; Path=/\r\n", [b"sid"], id="one"),
        pytest.param(b"Set-Cookie: a=1\r\nX: y\r\nset-cookie:b=\r\n", [b"a", b"b"], id="several, any case"),
        pytest.param(b"Set-Cookie: sid=; Max-Age=0\r\n", [b"sid"], id="taken away by its application: still set"),
        pytest.param(b"Set-Cookie:\t sid = 1\r\n", [b"sid"], id="blanks"),
        pytest.param(b"Set-Cookie: novalue\r\nA: b=c\r\n", [], id="without an equals sign"),
        pytest.param(b"X-Set-Cookie: a=1\r\nSet-Cookie2: b=1\r\n", [], id="other fields"),
        pytest.param(b"X: Set-Cookie: a=1\r\n", [], id="inside another field"),
        pytest.param(b"Set-Cookie: ; a=1\r\n", [], id="nameless"),
    ],
)
def test_cookies_of_a_response(lines: bytes, names: list[bytes]) -> None:
    assert cookies_set_by(lines) == frozenset(names)


def test_reading_a_response_takes_no_longer_than_its_bytes() -> None:
    assert cookies_set_by(b"Set-Cookie: " + b"a" * 300_000 + b"\r\n") == frozenset()
    assert cookies_set_by((b"Set-Cookie:" + b" \t" * 20_000 + b"\r\n") * 5) == frozenset()


@pytest.mark.parametrize(
    ("has_origin", "user_agent", "needed"),
    [
        (True, CHROME % b"80.0.3987.87", True),
        (True, CHROME % b"79.0.3945.88", False),
        (True, CHROME % b"131.0.0.0", True),
        (True, b"Chromium/99", True),
        (True, b"HeadlessChrome/120.0.0.0", True),
        (True, FIREFOX, False),
        (True, None, False),
        (True, b"Chrome/", False),
        (True, b"Chrome/" + b"9" * 5000, True),
        (False, CHROME % b"131.0.0.0", False),
    ],
)
def test_who_gets_same_site_none_on_application_cookies(
    has_origin: bool, user_agent: bytes | None, needed: bool
) -> None:
    assert needs_same_site_none(has_origin=has_origin, user_agent=user_agent) is needed


@pytest.mark.parametrize(
    ("is_https", "suffix"), [(True, b"; SameSite=None; Secure"), (False, b"; SameSite=None")], ids=["https", "http"]
)
def test_a_cookie_and_its_twin(is_https: bool, suffix: bytes) -> None:
    assert pair_of_lines(b"AWSALB", b"v+/", TUE, is_https=is_https) == (
        b"Set-Cookie: AWSALB=v+/; Expires=Tue, 27 Feb 2024 11:21:53 GMT; Path=/\r\n"
        b"Set-Cookie: AWSALBCORS=v+/; Expires=Tue, 27 Feb 2024 11:21:53 GMT; Path=/" + suffix + b"\r\n"
    )


@pytest.mark.parametrize(
    ("wall", "expires"),
    [
        (0.0, b"Thu, 08 Jan 1970 00:00:00 GMT"),
        (0.999, b"Thu, 08 Jan 1970 00:00:00 GMT"),
        (1735689599.0, b"Tue, 07 Jan 2025 23:59:59 GMT"),
        (1708560000.0, b"Thu, 29 Feb 2024 00:00:00 GMT"),
    ],
)
def test_expires_is_a_week_from_now(wall: float, expires: bytes) -> None:
    assert set_cookie_line(b"A", b"1", wall) == b"Set-Cookie: A=1; Expires=" + expires + b"; Path=/\r\n"
