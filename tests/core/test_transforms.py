"""Rewriting Host and URL on the way to the target (reference 1.3.1)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core.model import FixedResponseAction, Rewrite, Rule
from simlb.core.regexes import RegexSyntaxError
from simlb.core.transforms import CompiledTransforms, Transformed, TransformStatus

TOO_SMALL, BAD_HOST, BAD_PATH = (
    TransformStatus.BUFFER_TOO_SMALL,
    TransformStatus.INVALID_HOST,
    TransformStatus.INVALID_PATH,
)


def transforms(*, host: tuple[str, str] | None = None, url: tuple[str, str] | None = None) -> CompiledTransforms | None:
    rewrites = [None if pair is None else Rewrite(regex=pair[0], replace=pair[1]) for pair in (host, url)]
    action = FixedResponseAction(status_code=200)
    return CompiledTransforms.of(
        Rule(
            priority=1,
            arn="arn",
            conditions=(),
            action=action,
            host_header_rewrite=rewrites[0],
            url_rewrite=rewrites[1],
        )
    )


def rewritten(url: str, regex: str, replace: str) -> Transformed:
    compiled = transforms(url=(regex, replace))
    assert compiled is not None
    return compiled.apply(b"shop.test", url.encode("latin-1"))


def rehosted(host: str | None, regex: str, replace: str) -> Transformed:
    compiled = transforms(host=(regex, replace))
    assert compiled is not None
    return compiled.apply(None if host is None else host.encode("latin-1"), b"/")


def test_a_rule_without_transforms_has_none() -> None:
    assert transforms() is None


@pytest.mark.parametrize(
    ("url", "regex", "replace", "sent"),
    [
        pytest.param("/dp/B0A1", "^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1", "/product.php?id=B0A1", id="AWS"),
        pytest.param("/dp/B0A1/", "^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1", "/product.php?id=B0A1", id="slash"),
        pytest.param("/api/v1/x?q=1", "^/api", "", "/v1/x?q=1", id="a prefix is taken away, the query stays"),
        pytest.param("/x?id=7", r"\?id=(\d+)", "/$1", "/x/7", id="path and query are one text"),
        pytest.param("/a/a", "/a", "/b", "/b/a", id="only the first match"),
        pytest.param("/xay", "a", "A", "/xAy", id="what is around the match stays"),
        pytest.param("/abc", "(b)(c)", "$2$1", "/acb", id="groups in any order"),
        pytest.param("/abc", "(b)", "$1$1$1", "/abbbc", id="a group more than once"),
        pytest.param("/abc", "(b)", "${1}0", "/ab0c", id="braces part a group from digits"),
        pytest.param("/abc", "(b)", "<$1>", "/a<b>c", id="what matched"),
        pytest.param("/abc", "b", "$", "/a$c", id="a dollar alone is a dollar"),
        pytest.param("/abc", "(b)", "$$1", "/a$bc", id="a dollar before a group too"),
        pytest.param("/abc", "b", "$x${y}", "/a$x${y}c", id="names are no groups"),
        pytest.param("/abc", "b(x)?", "[$1]", "/a[]c", id="a group without part in the match is empty"),
        pytest.param("/abcdefghijk", "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "$10$1", "/jak", id="ten groups"),
        pytest.param("/a", "^", "/new", "/new/a", id="an empty match"),
        pytest.param("/a%20b", "(.*)", "$1", None, id="a match that changes nothing"),
        pytest.param("/A", "(?i)/a", "/b", "/b", id="any case where the expression says so"),
        pytest.param("/a", r"/a", r"/\1", "/\\1", id="a backslash is a backslash"),
        pytest.param("*", r"\*", "/all", "/all", id="OPTIONS *"),
    ],
)
def test_url(url: str, regex: str, replace: str, sent: str | None) -> None:
    expected = None if sent is None else sent.encode()
    assert rewritten(url, regex, replace) == (None, expected, TransformStatus.SUCCESS)


@pytest.mark.parametrize(("url", "regex"), [("/a", "b"), ("/A", "a"), ("/a?b", "^/a$"), ("/shop.test", "http")])
def test_what_does_not_match_stays_and_is_no_failure(url: str, regex: str) -> None:
    assert rewritten(url, regex, "/never") == (None, None, None)


@pytest.mark.parametrize(
    ("url", "regex", "replace", "status"),
    [
        ("/a", "/a", "", BAD_PATH),
        ("/a", "^/", "", BAD_PATH),
        ("/a", "^.*$", "b", BAD_PATH),
        ("/a", "^/", "http://other.test/", BAD_PATH),
        ("/a", "a", "a b", BAD_PATH),
        ("/a", "a", "a#b", BAD_PATH),
        ("/a#b", "a", "c", BAD_PATH),
        ("/a", "a", "a\r\nX: y", BAD_PATH),
        ("/a", "a", "a\0", BAD_PATH),
        ("/a", "a", "\t", BAD_PATH),
        ("/a", "a", "\x7f", BAD_PATH),
        ("/a\xe9", "a", "b", BAD_PATH),
        ("/a", "a$", "a\n", BAD_PATH),
        ("/" + "a" * 10_000, "(a+)", "$1$1", TOO_SMALL),
        ("/" + "a" * 16_000, "(a+)", "$1" * 500, TOO_SMALL),
    ],
)
def test_url_that_cannot_be_sent(url: str, regex: str, replace: str, status: TransformStatus) -> None:
    assert rewritten(url, regex, replace) == (None, None, status)


def test_16_kb_and_one_byte_more() -> None:
    fits = rewritten("/b" + "a" * (16 * 1024 - 3), "b", "bb")
    assert fits.status is TransformStatus.SUCCESS
    assert fits.path_and_query is not None
    assert len(fits.path_and_query) == 16 * 1024
    assert rewritten("/b" + "a" * (16 * 1024 - 2), "b", "bb").status is TOO_SMALL


@pytest.mark.parametrize(
    ("host", "regex", "replace", "sent"),
    [
        pytest.param(
            "mywebsite-a.com", "^mywebsite-(.+).com$", "internal.dev.$1.myweb.com", "internal.dev.a.myweb.com", id="AWS"
        ),
        pytest.param("shop.test", "^SHOP", "api", "api.test", id="any case"),
        pytest.param("shop.test", "$", ":8080", "shop.test:8080", id="a port"),
        pytest.param("shop.test", "^.*$", "[::1]", "[::1]", id="an address"),
        pytest.param("shop.test", "(shop)", "$1", None, id="a match that changes nothing"),
    ],
)
def test_host(host: str, regex: str, replace: str, sent: str | None) -> None:
    expected = None if sent is None else sent.encode()
    assert rehosted(host, regex, replace) == (expected, None, TransformStatus.SUCCESS)


@pytest.mark.parametrize("host", ["other.test", None])
def test_host_that_does_not_match(host: str | None) -> None:
    assert rehosted(host, "^shop", "api") == (None, None, None)


@pytest.mark.parametrize(
    ("replace", "status"),
    [
        ("", BAD_HOST),
        ("a b", BAD_HOST),
        ("a\r\nX: y", BAD_HOST),
        ("a\n", BAD_HOST),
        ("a/b", BAD_HOST),
        ("user@a", BAD_HOST),
        ("a#b", BAD_HOST),
        ("a:70000", BAD_HOST),
        ("a:b", BAD_HOST),
        ("::1", BAD_HOST),
        ("$1" * 500, TOO_SMALL),
    ],
)
def test_host_that_cannot_be_sent(replace: str, status: TransformStatus) -> None:
    assert rehosted("a" * 100, "^(.*)$", replace) == (None, None, status)


def test_both_succeed_or_both_fail() -> None:
    both = transforms(host=("^shop", "api"), url=("^/a", "/b"))
    assert both is not None
    assert both.apply(b"shop.test", b"/a") == (b"api.test", b"/b", TransformStatus.SUCCESS)
    assert both.apply(b"shop.test", b"/x") == (b"api.test", None, TransformStatus.SUCCESS)
    assert both.apply(None, b"/a") == (None, b"/b", TransformStatus.SUCCESS)
    assert both.apply(b"x.test", b"/x") == (None, None, None)
    bad_url = transforms(host=("^shop", "api"), url=("^/a", "b"))
    assert bad_url is not None
    assert bad_url.apply(b"shop.test", b"/a") == (None, None, BAD_PATH)


@pytest.mark.parametrize(
    ("regex", "replace", "said"),
    [
        ("a", "$1", "refers to '$1', but the 'Regex' value has no capture groups"),
        ("(a)", "$2", "refers to '$2', but the 'Regex' value has only '$1'"),
        ("(a)(b)", "$10", "refers to '$10', but the 'Regex' value has '$1' to '$2'"),
        ("(a)", "${2}", "refers to '${2}'"),
        ("(a)", "$0", "refers to '$0'"),
        ("(?:a)", "$1", "refers to '$1'"),
        ("(a", "b", "missing"),
        ("a(?=b)", "b", "invalid perl operator"),
        ("a", "é", "may hold ASCII characters only"),
        ("a" * 1025, "b", "it is too long; the limit is '1024'"),
        ("a", "b" * 1025, "is too long; the limit is '1024'"),
    ],
)
def test_what_is_refused_when_it_is_compiled(regex: str, replace: str, said: str) -> None:
    with pytest.raises(RegexSyntaxError, match=re.escape(said)):
        transforms(url=(regex, replace))


def test_1024_characters_are_accepted() -> None:
    assert transforms(url=("a" * 1024, "b" * 1024)) is not None


pieces = st.sampled_from(["$1", "$2", "${1}", "/", "a", " ", "#", "\r\n", "?", "%", ":", "@", "\t", "$"])


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    st.lists(pieces, max_size=6).map("".join),
    st.binary(max_size=12),
    st.binary(max_size=12),
    st.sampled_from(["(.)(.?)", "^(.*)(.*)$", "(/)(a*)", "^()()"]),
)
def test_nothing_that_ends_a_line_or_splits_one_gets_out(replace: str, host: bytes, rest: bytes, regex: str) -> None:
    compiled = transforms(host=(regex, replace), url=(regex, replace))
    assert compiled is not None
    result = compiled.apply(host, b"/" + rest)
    for text in (result.host, result.path_and_query):
        assert text is None or all(0x21 <= byte < 0x7F and byte != ord("#") for byte in text)
    assert result.path_and_query is None or result.path_and_query.startswith(b"/")
    if result.status is not TransformStatus.SUCCESS:
        assert (result.host, result.path_and_query) == (None, None)
