"""Why a condition does not hold, in English and Korean, with and without what is secret."""

from __future__ import annotations

import ipaddress

import pytest

from simlb.core.conditions import compile_condition
from simlb.core.model import (
    Condition,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    SourceIpCondition,
)
from simlb.explain.mismatches import mismatch_words
from simlb.explain.story import Words
from simlb.explain.veil import Veil
from simlb.wire.request import RequestHead
from tests.core.asking import request

CLIENT = "203.0.113.9"


def why_not(condition: Condition, asked: RequestHead, *, unmasked: bool = True) -> Words | None:
    mismatch = compile_condition(condition).mismatch(asked, CLIENT)
    return None if mismatch is None else mismatch_words(mismatch, Veil(unmasked=unmasked))


@pytest.mark.parametrize(
    ("condition", "asked", "said"),
    [
        (HostHeaderCondition(values=("a.test",)), request(), "host-header: 'shop.test' matches none of 'a.test'"),
        (HostHeaderCondition(values=("a.test",)), request(host=None), "host-header: the request names no host"),
        (
            PathPatternCondition(values=("/img/*", "/css/*")),
            request("GET /imgs/1?x"),
            "path-pattern: '/imgs/1' matches none of '/img/*', '/css/*'",
        ),
        (
            PathPatternCondition(values=("/img/*",)),
            request("GET /img/../%61"),
            "path-pattern: '/a' (sent as '/img/../%61') matches none of '/img/*'",
        ),
        (
            PathPatternCondition(regex_values=("^/v[0-9]",)),
            request("GET /x"),
            "path-pattern: '/x' matches none of the regular expressions '^/v[0-9]'",
        ),
        (
            HttpHeaderCondition(http_header_name="X-Env", values=("prod",)),
            request(),
            "http-header X-Env: the request has no such field",
        ),
        (
            HttpHeaderCondition(http_header_name="X-Env", values=("prod",)),
            request("GET /", "X-Env: dev"),
            "http-header X-Env: 'dev' matches none of 'prod'",
        ),
        (
            HttpHeaderCondition(http_header_name="X-Env", values=("prod",)),
            request("GET /", "X-Env: dev", "x-env: test"),
            "http-header X-Env: 'dev', 'test' match none of 'prod'",
        ),
        (
            HttpRequestMethodCondition(values=("POST", "PUT")),
            request(),
            "http-request-method: 'GET' is none of 'POST', 'PUT'",
        ),
        (
            QueryStringCondition(values=(QueryStringPair(key="v", value="1"), QueryStringPair(value="x*"))),
            request("GET /?V=2&flag"),
            "query-string: 'V=2&flag' has none of 'v=1', value 'x*'",
        ),
        (
            QueryStringCondition(values=(QueryStringPair(value="*"),)),
            request(),
            "query-string: the request has no query",
        ),
        (
            SourceIpCondition(values=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))),
            request(),
            "source-ip: 203.0.113.9 is in none of 10.0.0.0/8, ::1/128",
        ),
        (HttpRequestMethodCondition(values=("GET",)), request(), None),
    ],
)
def test_why_a_condition_does_not_hold(condition: Condition, asked: RequestHead, said: str | None) -> None:
    words = why_not(condition, asked)
    assert (None if words is None else words.en) == said


def test_explanations_are_short_and_printable() -> None:
    condition = HttpHeaderCondition(http_header_name="X-Env", values=("prod",))
    words = why_not(condition, request("GET /", "X-Env: " + "x" * 9000, "X-Env: \N{ESCAPE}[31m", *["X-Env: é"] * 100))
    assert words is not None
    for text in (words.en, words.ko):
        assert len(text) < 600
        assert text.isprintable()
        assert "..." in text


@pytest.mark.parametrize(
    ("condition", "asked", "said"),
    [
        (HostHeaderCondition(values=("a.test",)), request(host=None), "host-header: 요청에 호스트 이름이 없습니다"),
        (
            PathPatternCondition(values=("/img/*",)),
            request("GET /img/../%61"),
            "path-pattern: '/a'(보낸 그대로는 '/img/../%61') 값이 '/img/*' 중 어느 것과도 일치하지 않습니다",
        ),
        (
            PathPatternCondition(regex_values=("^/v[0-9]",)),
            request("GET /x"),
            "path-pattern: '/x' 값이 정규식 '^/v[0-9]' 중 어느 것과도 일치하지 않습니다",
        ),
        (
            HttpRequestMethodCondition(values=("POST", "PUT")),
            request(),
            "http-request-method: 'GET' 메서드는 'POST', 'PUT' 중에 없습니다",
        ),
        (
            QueryStringCondition(values=(QueryStringPair(key="v", value="1"), QueryStringPair(value="x*"))),
            request("GET /?V=2&flag"),
            "query-string: 쿼리 'V=2&flag'에 'v=1', 값 'x*' 중 어느 것도 없습니다",
        ),
        (
            SourceIpCondition(values=(ipaddress.ip_network("10.0.0.0/8"),)),
            request(),
            "source-ip: 203.0.113.9 주소는 10.0.0.0/8 중 어느 대역에도 속하지 않습니다",
        ),
    ],
)
def test_in_korean(condition: Condition, asked: RequestHead, said: str) -> None:
    words = why_not(condition, asked)
    assert words is not None
    assert words.ko == said


@pytest.mark.parametrize(
    ("name", "wanted", "field", "said"),
    [
        ("Cookie", "a=2", "Cookie: a=geheim; b=c", "'a=***; b=***' matches none of '***'"),
        ("Authorization", "Bearer x", "Authorization: Bearer geheim", "'Bearer ***' matches none of '***'"),
        ("X-Api-Key", "abc", "x-api-key: geheim", "'***' matches none of '***'"),
        ("Referer", "x", "Referer: http://a/?t=geheim", "'http://a/?t=***' matches none of 'x'"),
        ("X-Env", "prod", "X-Env: dev", "'dev' matches none of 'prod'"),
    ],
)
def test_secret_fields_are_masked(name: str, wanted: str, field: str, said: str) -> None:
    condition = HttpHeaderCondition(http_header_name=name, values=(wanted,))
    words = why_not(condition, request("GET /", field), unmasked=False)
    assert words is not None
    assert words.en == f"http-header {name}: {said}"
    assert "geheim" not in words.ko
    shown = why_not(condition, request("GET /", field))
    assert shown is not None
    assert field.partition(": ")[2] in shown.en


def test_values_of_queries_are_masked() -> None:
    condition = QueryStringCondition(values=(QueryStringPair(key="v", value="1"),))
    words = why_not(condition, request("GET /?token=geheim&flag"), unmasked=False)
    assert words is not None
    assert words.en == "query-string: 'token=***&flag' has none of 'v=1'"
    assert "geheim" not in words.ko
