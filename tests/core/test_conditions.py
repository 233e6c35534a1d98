"""When each kind of condition holds, and what is said when it does not (reference 1.3; 10, vectors 2-4)."""

from __future__ import annotations

import ipaddress

import pytest

from simlb.core.conditions import Mismatch, MismatchKind, compile_condition
from simlb.core.model import (
    Condition,
    FixedResponseAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    Rule,
    SourceIpCondition,
)
from simlb.core.regexes import RegexSyntaxError
from simlb.core.rules import RuleTable
from simlb.wire.request import RequestHead
from tests.core.asking import request

CLIENT = "203.0.113.9"


def holds(condition: Condition, asked: RequestHead, client_ip: str = CLIENT) -> bool:
    """All ways of asking have to agree: the condition itself, its explanation, and the index of a rule table."""
    compiled = compile_condition(condition)
    verdict = compiled.matches(asked, client_ip)
    assert (compiled.mismatch(asked, client_ip) is None) is verdict
    action = FixedResponseAction(status_code=200)
    table = RuleTable(action, [Rule(priority=1, arn="r", conditions=(condition,), action=action)])
    assert table.evaluate(asked, client_ip).priority == (1 if verdict else 0)
    return verdict


@pytest.mark.parametrize(
    ("pattern", "host", "is_match"),
    [
        ("*.example.com", "test.example.com", True),
        ("*.example.com", "TEST.Example.COM:8080", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.EXAMPLE.com", "test.example.com", True),
        ("shop.test", "shop.test:80", True),
        ("shop.test", "shop.test.", False),
        ("shop.test", "xshop.test", False),
        ("shop-?.test", "shop-1.test", True),
        ("shop-?.test", "shop-12.test", False),
        ("shop-*.test", "shop-.test", True),
    ],
)
def test_host_header(pattern: str, host: str, is_match: bool) -> None:
    assert holds(HostHeaderCondition(values=(pattern,)), request(host=host)) is is_match


def test_one_of_several_hosts() -> None:
    condition = HostHeaderCondition(values=("a.test", "b.test"))
    assert [host for host in ("a.test", "b.test", "c.test") if holds(condition, request(host=host))] == [
        "a.test",
        "b.test",
    ]


def test_a_request_that_names_no_host_never_matches() -> None:
    assert not holds(HostHeaderCondition(values=("*.*",)), request(host=None))
    assert not holds(HostHeaderCondition(regex_values=(".*",)), request(host=None))


def test_the_host_of_an_absolute_target_counts() -> None:
    assert holds(HostHeaderCondition(values=("a.test",)), request("GET http://a.test/x", host="b.test"))


@pytest.mark.parametrize(
    ("regex", "host", "is_match"),
    [
        (r"^(.*)\.example\.com$", "A.Example.com", True),
        (r"^(.*)\.EXAMPLE\.com$", "a.example.com", True),
        (r"^(.*)\.example\.com$", "example.com", False),
        (r"shop", "my-shop.test", True),
        (r"^shop$", "shop.test", False),
        (r":8080", "shop.test:8080", False),
    ],
)
def test_host_header_by_regular_expression(regex: str, host: str, is_match: bool) -> None:
    assert holds(HostHeaderCondition(regex_values=(regex,)), request(host=host)) is is_match


@pytest.mark.parametrize(
    ("pattern", "target", "is_match"),
    [
        ("/img/*", "/img/", True),
        ("/img/*", "/img/a/b", True),
        ("/img/*", "/img", False),
        ("/img/*", "/IMG/a", False),
        ("/img", "/img?x=1", True),
        ("/img", "/img?", True),
        ("*", "/", True),
        ("/a*x=1", "/a?x=1", False),
        ("/img/*", "/%69mg/a", True),
        ("/img/*", "/x/../img/a", True),
        ("/img/*", "/img/../admin", False),
        ("/img/*", "/img/%2e%2e/admin", False),
        ("/admin", "/img/..%2fadmin", False),
        ("/a b", "/a%20b", False),
        ("/package.Service/Method", "/package.Service/Method", True),
        ("/package.Service", "/package.Service/Method", False),
        ("/.well-known/*", "/.well-known/acme", True),
        ("*.css", "/a/b.css?v=1", True),
    ],
)
def test_path_pattern(pattern: str, target: str, is_match: bool) -> None:
    assert holds(PathPatternCondition(values=(pattern,)), request(f"GET {target}")) is is_match


@pytest.mark.parametrize(
    ("regex", "target", "is_match"),
    [
        (r"^\/api\/(.*)$", "/api/v1?x", True),
        (r"^\/api\/(.*)$", "/API/v1", False),
        (r"v\d", "/api/v1", True),
        (r"x", "/a?x", False),
        (r"^/b$", "/a/../b", True),
    ],
)
def test_path_pattern_by_regular_expression(regex: str, target: str, is_match: bool) -> None:
    assert holds(PathPatternCondition(regex_values=(regex,)), request(f"GET {target}")) is is_match


@pytest.mark.parametrize(
    ("name", "value", "fields", "is_match"),
    [
        ("X-Env", "prod", ["X-Env: prod"], True),
        ("X-Env", "prod", ["x-env:  PROD \t"], True),
        ("x-env", "PROD", ["X-Env: prod"], True),
        ("X-Env", "prod", ["X-Env: production"], False),
        ("X-Env", "prod*", ["X-Env: production"], True),
        ("X-Env", "prod", ["X-Env: dev", "X-Env: prod"], True),
        ("X-Env", "prod", ["X-Env: dev, prod"], False),
        ("X-Env", "prod", ["X-Environment: prod"], False),
        ("X-Env", "*", ["X-Env:"], True),
        ("X-Env", "*", [], False),
        ("User-Agent", "*Chrome*", ["User-Agent: Mozilla/5.0 chrome/1"], True),
    ],
)
def test_http_header(name: str, value: str, fields: list[str], is_match: bool) -> None:
    condition = HttpHeaderCondition(http_header_name=name, values=(value,))
    assert holds(condition, request("GET /", *fields)) is is_match


@pytest.mark.parametrize(
    ("regex", "fields", "is_match"),
    [
        (".+", ["User-Agent: x"], True),
        (".+", ["User-Agent:"], False),
        (".*", [], False),
        ("^CURL", ["User-Agent: curl/8"], True),
        ("^b$", ["User-Agent: a", "User-Agent: b"], True),
    ],
)
def test_http_header_by_regular_expression(regex: str, fields: list[str], is_match: bool) -> None:
    condition = HttpHeaderCondition(http_header_name="User-Agent", regex_values=(regex,))
    assert holds(condition, request("GET /", *fields)) is is_match


@pytest.mark.parametrize(
    ("method", "is_match"),
    [("GET", True), ("CUSTOM-METHOD", True), ("get", False), ("POST", False), ("HEAD", False), ("GETS", False)],
)
def test_http_request_method(method: str, is_match: bool) -> None:
    condition = HttpRequestMethodCondition(values=("GET", "CUSTOM-METHOD"))
    assert holds(condition, request(f"{method} /")) is is_match


def test_a_star_is_no_wildcard_in_a_method() -> None:
    assert not holds(HttpRequestMethodCondition(values=("*",)), request())


@pytest.mark.parametrize(
    ("key", "value", "query", "is_match"),
    [
        ("version", "v1", "?VERSION=V1", True),
        ("version", "v1", "?a=b&version=v1", True),
        ("version", "v1", "?x=version=v1", False),
        ("version", "v1", "?version=v1x", False),
        ("version", "v1", "", False),
        ("version", "v1", "?version%3Dv1", False),
        ("v", "a b", "?v=a%20b", False),
        ("v", "a%20b", "?v=a%20b", True),
        ("v", "a=b", "?v=a=b", True),
        ("v", "1", "?v=1#f", True),
        ("v", "1#f", "?v=1#f", False),
        ("v", "1", "?v=1;w=2", False),
        ("v", "1", "?a?v=1", False),
        ("v*", "*1", "?version=21", True),
        ("v", "*", "?v=", True),
        ("v", "*", "?v", True),
        ("v", "?*", "?v", False),
        ("v", "*", "?w", False),
        ("v", r"\*", "?v=*", True),
        ("v", r"\*", "?v=x", False),
        ("v", r"what\?", "?v=what?", True),
        (r"\*", "1", "?*=1", True),
        (None, "*example*", "?a=an-example-b", True),
        (None, "*example*", "?a=1&b=example", True),
        (None, "*example*", "?example=1", False),
        (None, "*example*", "?example", True),
        (None, "flag", "?a=1&FLAG", True),
        (None, "flag", "?flag=", False),
        (None, "*", "", False),
        (None, "*", "?", False),
        (None, "*", "?&&", False),
        (None, "*", "?a=", True),
        (None, "*", "?a", True),
        (None, "x", "?a=x", True),
        (None, "x", "?x=a", False),
        ("x", "", "?X", True),
        ("x", "", "?x=", True),
        ("x", "", "?x=1", False),
    ],
)
def test_query_string(key: str | None, value: str, query: str, is_match: bool) -> None:
    condition = QueryStringCondition(values=(QueryStringPair(key=key, value=value),))
    assert holds(condition, request(f"GET /{query}")) is is_match


def test_one_of_several_pairs() -> None:
    condition = QueryStringCondition(values=(QueryStringPair(key="a", value="1"), QueryStringPair(value="x*")))
    assert [q for q in ("a=1", "b=xy", "b=1", "a=2&b=3") if holds(condition, request(f"GET /?{q}"))] == ["a=1", "b=xy"]


@pytest.mark.parametrize(
    ("networks", "client_ip", "is_match"),
    [
        (["203.0.113.0/24"], "203.0.113.255", True),
        (["203.0.113.0/24"], "203.0.114.0", False),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
        (["10.0.0.0/8", "2001:db8::/32"], "10.9.9.9", True),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db9::1", False),
        (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
        (["10.0.0.0/8"], "::ffff:11.1.2.3", False),
        (["::/0"], "::ffff:10.1.2.3", False),
        (["::/0"], "10.1.2.3", False),
        (["0.0.0.0/0"], "::1", False),
        (["127.0.0.1/32"], "127.0.0.1", True),
        (["fe80::/10"], "fe80::1%eth0", True),
    ],
)
def test_source_ip(networks: list[str], client_ip: str, is_match: bool) -> None:
    condition = SourceIpCondition(values=tuple(map(ipaddress.ip_network, networks)))
    assert holds(condition, request(), client_ip) is is_match


def test_x_forwarded_for_is_no_source_ip() -> None:
    condition = SourceIpCondition(values=(ipaddress.ip_network("10.0.0.0/8"),))
    assert not holds(condition, request("GET /", "X-Forwarded-For: 10.0.0.1"), "192.0.2.1")


def test_a_mismatch_names_what_was_compared_with_what() -> None:
    condition = PathPatternCondition(values=("/img/*",))
    compiled = compile_condition(condition)
    assert compiled.mismatch(request("GET /a/../x?y"), CLIENT) == Mismatch(
        "path-pattern", MismatchKind.NO_WILDCARD, (b"/x",), ("/img/*",), b"/a/../x"
    )
    assert compiled.mismatch(request("GET /img/1"), CLIENT) is None


@pytest.mark.parametrize(
    "condition",
    [
        HostHeaderCondition(regex_values=("(",)),
        PathPatternCondition(regex_values=("(?=a)",)),
        HttpHeaderCondition(http_header_name="X-Env", regex_values=(r"\p{L}",)),
    ],
)
def test_a_regular_expression_that_is_not_accepted(condition: Condition) -> None:
    with pytest.raises(RegexSyntaxError):
        compile_condition(condition)
