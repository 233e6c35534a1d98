"""The form of a path that rules look at (reference 11, point 15)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.paths import normalise_path


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        pytest.param("/img/a.b", "/img/a.b", id="nothing to do"),
        pytest.param("/%61%62c", "/abc", id="unreserved characters are decoded"),
        pytest.param("/%2D%2e%5F%7E%30%5a", "/-._~0Z", id="all kinds of them, in either case of the digits"),
        pytest.param("/a%2Fb%2fc", "/a%2Fb%2fc", id="a slash stays encoded, digits in their own case"),
        pytest.param("/%20%25%3F%23%C3%A9", "/%20%25%3F%23%C3%A9", id="so does all else"),
        pytest.param("/%2561", "/%2561", id="decoded once, not twice"),
        pytest.param("/%", "/%", id="no digits"),
        pytest.param("/%6", "/%6", id="one digit"),
        pytest.param("/%zz", "/%zz", id="no hexadecimal digits"),
        pytest.param("/a/./b", "/a/b", id="one dot"),
        pytest.param("/a/../b", "/b", id="two dots"),
        pytest.param("/a/b/c/./../../g", "/a/g", id="the example of RFC 3986"),
        pytest.param("/../../a", "/a", id="not above the root"),
        pytest.param("/a/..", "/", id="two dots at the end"),
        pytest.param("/a/b/..", "/a/", id="two dots at the end leave a slash"),
        pytest.param("/a/.", "/a/", id="one dot at the end"),
        pytest.param("/.", "/", id="only a dot"),
        pytest.param("/a/%2e%2E/b", "/b", id="encoded dots"),
        pytest.param("/a/.%2e/b", "/b", id="half encoded dots"),
        pytest.param("/a/%2e%2e%2fb", "/a/..%2fb", id="an encoded slash ends no segment"),
        pytest.param("/a//b", "/a//b", id="empty segments stay"),
        pytest.param("/a//../b", "/a/b", id="two dots take an empty segment away"),
        pytest.param("/.a/..b/c../...", "/.a/..b/c../...", id="dots within names"),
        pytest.param("/.well-known/x", "/.well-known/x", id="a name that begins with a dot"),
        pytest.param("/A/B", "/A/B", id="case stays"),
        pytest.param("*", "*", id="the server as a whole"),
        pytest.param("", "", id="empty"),
        pytest.param("a/../b", "a/../b", id="no path of a request"),
    ],
)
def test_normalised(sent: str, seen: str) -> None:
    assert normalise_path(sent.encode()) == seen.encode()


segments = st.sampled_from(["a", "b", "", ".", "..", "%2e", "%2E.", "%61", "%2f", "...", ".x"])


@settings(derandomize=True, deadline=None)
@given(st.lists(segments, max_size=12))
def test_what_is_normalised_stays_and_has_no_way_up(parts: list[str]) -> None:
    path = normalise_path(("/" + "/".join(parts)).encode())
    assert path.startswith(b"/")
    assert not {b".", b".."} & set(path.split(b"/"))
    assert normalise_path(path) == path


def test_a_long_way_up() -> None:
    assert normalise_path(b"/a" * 4000 + b"/.." * 4000 + b"/b") == b"/b"
