"""Which conditions AWS takes, and with which code and sentence it refuses the others (reference 1.3, 9.3)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.core import model
from simlb.core.validation import (
    ElbError,
    GivenCondition,
    build_condition,
    condition_errors,
    rule_condition_errors,
)

_FIELDS = "path-pattern, host-header, http-header, http-request-method, query-string, source-ip"


def host(*values: str) -> GivenCondition:
    return GivenCondition(field="host-header", values=values)


def path(*values: str) -> GivenCondition:
    return GivenCondition(field="path-pattern", values=values)


def header(name: str | None, *values: str) -> GivenCondition:
    return GivenCondition(field="http-header", http_header_name=name, values=values)


def method(*values: str) -> GivenCondition:
    return GivenCondition(field="http-request-method", values=values)


def query(*pairs: tuple[str | None, str | None]) -> GivenCondition:
    return GivenCondition(field="query-string", pairs=pairs)


def source_ip(*values: str) -> GivenCondition:
    return GivenCondition(field="source-ip", values=values)


def regex(field: str, *values: str) -> GivenCondition:
    name = "X" if field == "http-header" else None
    return GivenCondition(field=field, regex_values=values, http_header_name=name)


ACCEPTED = [
    host("example.com"),
    host("*.Example.com", "a-1.b?.c", "x.y"),
    host(".com"),
    host(f"{'a' * 124}.com"),
    path("*"),
    path("/img/*", "/a.b-c_d$~\"'@:+&?"),
    path("no-slash"),
    path("x" * 128),
    header("X-Canary", "1"),
    header("!#$%&'+-.^_`|~09azAZ", " ", "~"),
    header("h" * 40, "*Mozilla/5.0 (X11*", "x" * 128),
    method("GET", "X_CUSTOM-METHOD", "M" * 40),
    query((None, "*example*")),
    query(("version", "v1"), ("k" * 128, "v" * 128), ("a\\*", "\\?")),
    source_ip("0.0.0.0/0"),
    source_ip("10.0.0.0/8", "2001:db8::/32", "::1/128", "192.0.2.1/32", "255.255.255.254/32"),
    regex("host-header", r"^(.*)\.example\.com$"),
    regex("path-pattern", r"^\/api\/(.*)$", "a", "b" * 128),
    regex("http-header", ".+"),
]


@pytest.mark.parametrize("given", ACCEPTED)
def test_accepted(given: GivenCondition) -> None:
    assert list(condition_errors(given)) == []


_HOST_CHARACTERS = "The 'host-header' value is invalid; the allowed characters are A-Z, a-z, 0-9 and - . * ?"
_PATH_CHARACTERS = (
    "The 'path-pattern' value is invalid; the allowed characters are A-Z, a-z, 0-9 and _ - . $ / ~ \" ' @ : + & * ?"
)
_METHOD_CHARACTERS = "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore"
_NAME_CHARACTERS = (
    "The 'HttpHeaderName' value is invalid; the allowed characters are A-Z, a-z, 0-9 and ! # $ % & ' + - . ^ _ ` | ~"
)
_NOTHING = "A condition value must be specified"

REFUSED = [
    (GivenCondition(field="port", values=["80"]), f"Condition field 'port' must be one of '[{_FIELDS}]'"),
    # host-header
    (host(), _NOTHING),
    (GivenCondition(field="host-header"), _NOTHING),
    (host(""), _NOTHING),
    (host("a.com", "b.com", "c.com", "d.com"), "The 'host-header' field contains too many values; the limit is '3'"),
    (host(f"{'a' * 125}.com"), "The 'host-header' value is too long; the limit is '128'"),
    (host("exa_mple.com"), _HOST_CHARACTERS),
    (host("example.com:80"), _HOST_CHARACTERS),
    (host("상점.com"), _HOST_CHARACTERS),
    (host("localhost"), "The 'host-header' value 'localhost' is invalid; it must contain at least one '.'"),
    (host("*"), "The 'host-header' value '*' is invalid; it must contain at least one '.'"),
    (host("example.*"),
     "The 'host-header' value 'example.*' is invalid; only letters are allowed after the last '.'"),
    (host("127.0.0.1"),
     "The 'host-header' value '127.0.0.1' is invalid; only letters are allowed after the last '.'"),
    (host("example.com."),
     "The 'host-header' value 'example.com.' is invalid; only letters are allowed after the last '.'"),
    # path-pattern
    (path(), _NOTHING),
    (path("/a", "/b", "/c", "/d"), "The 'path-pattern' field contains too many values; the limit is '3'"),
    (path("/" + "x" * 128), "The 'path-pattern' value is too long; the limit is '128'"),
    (path("/a b"), _PATH_CHARACTERS),
    (path("/a%20b"), _PATH_CHARACTERS),
    (path("/상점"), _PATH_CHARACTERS),
    (path("/a#b"), _PATH_CHARACTERS),
    # http-header
    (header(None, "1"), "A 'HttpHeaderName' must be specified in 'HttpHeaderConfig'"),
    (header("", "1"), "A 'HttpHeaderName' must be specified in 'HttpHeaderConfig'"),
    (header("h" * 41, "1"), "The 'HttpHeaderName' value is too long; the limit is '40'"),
    (header("X Y", "1"), _NAME_CHARACTERS),
    (header("X-*", "1"), _NAME_CHARACTERS),
    (header("Host", "a.com"),
     "The 'HttpHeaderName' value 'Host' is invalid; use a 'host-header' condition for the host header"),
    (header("hOST", "a.com"),
     "The 'HttpHeaderName' value 'hOST' is invalid; use a 'host-header' condition for the host header"),
    (header("X"), _NOTHING),
    (header("X", "a", "b", "c", "d"), "The 'http-header' field contains too many values; the limit is '3'"),
    (header("X", "x" * 129), "The 'http-header' value is too long; the limit is '128'"),
    (header("X", "a\tb"),
     "The 'http-header' value is invalid; the allowed characters are visible ASCII characters and spaces"),
    # http-request-method
    (method(), _NOTHING),
    (method("A", "B", "C", "D"), "The 'http-request-method' field contains too many values; the limit is '3'"),
    (method("M" * 41), "The 'http-request-method' value is too long; the limit is '40'"),
    (method("get"), _METHOD_CHARACTERS),
    (method("*"), _METHOD_CHARACTERS),
    # query-string
    (query(), _NOTHING),
    (query(*[(None, "a")] * 4), "The 'query-string' field contains too many values; the limit is '3'"),
    (query(("key", None)), "A 'Value' must be specified in 'QueryStringKeyValuePair'"),
    (query(("key", "")), "A 'Value' must be specified in 'QueryStringKeyValuePair'"),
    (query(("", "a")), "The 'Key' value cannot be empty; omit it for any key"),
    (query(("k" * 129, "a")), "The 'Key' value is too long; the limit is '128'"),
    (query(("k", "v" * 129)), "The 'Value' value is too long; the limit is '128'"),
    (query(("k", "값")),
     "The 'Value' value is invalid; the allowed characters are visible ASCII characters and spaces"),
    # source-ip
    (source_ip(), "A 'source-ip' value must be specified"),
    (source_ip(*[f"10.{n}.0.0/16" for n in range(6)]),
     "The 'source-ip' field contains too many values; the limit is '5'"),
    (source_ip("10.0.0.*"), "The 'source-ip' value '10.0.0.*' must be in CIDR format, such as '192.0.2.0/24'"),
    (source_ip("10.0.0.0/33"), "The 'source-ip' value '10.0.0.0/33' must be in CIDR format, such as '192.0.2.0/24'"),
    (source_ip("127.0.0.2"), "The 'source-ip' value '127.0.0.2' must be in CIDR format, such as '127.0.0.2/32'"),
    (source_ip("10.0.0.0/255.0.0.0"),
     "The 'source-ip' value '10.0.0.0/255.0.0.0' must be in CIDR format, such as '10.0.0.0/8'"),
    (source_ip("10.0.0.1/8"), "The 'source-ip' value '10.0.0.1/8' is invalid; the network is '10.0.0.0/8'"),
    (source_ip("255.255.255.255/32"), "The 'source-ip' value '255.255.255.255/32' is not allowed"),
    # what belongs to another field
    (GivenCondition(field="query-string", values=["a"]), "The 'Values' field is not compatible with 'query-string'"),
    (GivenCondition(field="source-ip", pairs=[("a", "b")]),
     "The 'QueryStringConfig' field is not compatible with 'source-ip'"),
    (GivenCondition(field="path-pattern", values=["/"], http_header_name="X"),
     "The 'HttpHeaderConfig' field is not compatible with 'path-pattern'"),
    # regular expressions
    (regex("http-request-method", "G.*"), "The 'RegexValues' field is not compatible with 'http-request-method'"),
    (regex("query-string", "G.*"), "The 'RegexValues' field is not compatible with 'query-string'"),
    (regex("source-ip", "1.*"), "The 'RegexValues' field is not compatible with 'source-ip'"),
    (GivenCondition(field="path-pattern", values=["/a"], regex_values=["^/b"]),
     "You cannot provide both Values and 'RegexValues' for a condition of type 'path-pattern'"),
    (regex("path-pattern"), _NOTHING),
    (regex("path-pattern", ""), _NOTHING),
    (regex("path-pattern", *"abcd"), "The 'path-pattern' field contains too many values; the limit is '3'"),
    (regex("host-header", "x" * 129), "The 'host-header' value is too long; the limit is '128'"),
    (regex("path-pattern", "(a"),
     "The 'path-pattern' value '(a' is not a valid regular expression: missing ): (a"),
    (regex("path-pattern", r"^\p{L}+$"),
     r"The 'path-pattern' value '^\p{L}+$' is not a valid regular expression: "
     r"Unicode character properties (\p) are not supported"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_refused(given: GivenCondition, message: str) -> None:
    assert [(error.code, error.message) for error in condition_errors(given)] == [("ValidationError", message)]


@pytest.mark.parametrize("pattern", ["(?=a)", "(?<=a)b", r"(a)\1", "(?>a)", "a++", "(?R)"])
def test_what_aws_says_its_regular_expressions_have_not(pattern: str) -> None:
    (error,) = condition_errors(regex("path-pattern", pattern))
    assert error.message.startswith(f"The 'path-pattern' value '{pattern}' is not a valid regular expression: ")


RULES: list[tuple[list[GivenCondition], list[tuple[str, tuple[str | int, ...]]]]] = [
    ([], [("A condition must be specified", ())]),
    ([host("a.com"), path("/a"), method("GET"), source_ip("10.0.0.0/8"), header("X", "1")], []),
    ([header("X", "1"), header("X", "2"), query(("a", "b")), query(("c", "d"))], []),
    ([host("a.com"), host("b.com")], [("A rule can only have one 'host-header' condition", (1,))]),
    ([path("/a"), regex("path-pattern", "b")], [("A rule can only have one 'path-pattern' condition", (1,))]),
    ([method("A"), method("B"), method("C")], [("A rule can only have one 'http-request-method' condition", (1,))]),
    ([source_ip("10.0.0.0/8")] * 2, [("A rule can only have one 'source-ip' condition", (1,))]),
    ([path("/a", "/b", "/c"), header("X", "1", "2")], []),
    ([path("/a", "/b", "/c"), header("X", "1", "2", "3")], [("A rule can only have '5' condition values", ())]),
    ([regex("path-pattern", *"abc"), query(*[(None, "a")] * 3)], [("A rule can only have '5' condition values", ())]),
    ([path("/*?*", "*?*")], []),
    ([path("/*?*", "*?*"), host("*.com")], [("A rule can only have '6' condition wildcards", ())]),
    ([header("X", "******")], []),
    ([header("X", "*******")], [("A rule can only have '6' condition wildcards", ())]),
    ([query(("???", "***"))], []),
    ([query(("???", "****"))], [("A rule can only have '6' condition wildcards", ())]),
    ([query((None, "\\*\\*\\*\\*\\?\\?\\?"))], []),
    ([regex("path-pattern", ".*.*.*.*.*.*.*")], []),
    ([path("/a"), header("Host", "1"), query(("a", "b"), ("c", ""))], [
        ("The 'HttpHeaderName' value 'Host' is invalid; use a 'host-header' condition for the host header",
         (1, "http_header_name")),
        ("A 'Value' must be specified in 'QueryStringKeyValuePair'", (2, "values", 1, "value")),
    ]),
    ([path("/a b", "/c", ""), source_ip("1/8")], [
        (_PATH_CHARACTERS, (0, "values", 0)),
        (_NOTHING, (0, "values", 2)),
        ("The 'source-ip' value '1/8' must be in CIDR format, such as '192.0.2.0/24'", (1, "values", 0)),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("conditions", "errors"), RULES)
def test_conditions_of_one_rule(
    conditions: list[GivenCondition], errors: list[tuple[str, tuple[str | int, ...]]]
) -> None:
    found = list(rule_condition_errors(conditions))
    assert [(error.message, error.path) for error in found] == errors
    assert {error.code for error in found} <= {"ValidationError"}


BUILT = [
    (host("*.a.com"), model.HostHeaderCondition(values=("*.a.com",))),
    (regex("host-header", "a"), model.HostHeaderCondition(regex_values=("a",))),
    (path("/a", "/b"), model.PathPatternCondition(values=("/a", "/b"))),
    (regex("path-pattern", "a"), model.PathPatternCondition(regex_values=("a",))),
    (header("X", "1"), model.HttpHeaderCondition(http_header_name="X", values=("1",))),
    (regex("http-header", "a"), model.HttpHeaderCondition(http_header_name="X", regex_values=("a",))),
    (method("GET"), model.HttpRequestMethodCondition(values=("GET",))),
    (query(("a", "b"), (None, "c")), model.QueryStringCondition(
        values=(model.QueryStringPair(key="a", value="b"), model.QueryStringPair(value="c")))),
    (source_ip("10.0.0.0/8", "::/0"), model.SourceIpCondition(
        values=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::/0")))),
]  # fmt: skip


@pytest.mark.parametrize(("given", "condition"), BUILT)
def test_what_is_accepted_is_built(given: GivenCondition, condition: model.Condition) -> None:
    assert build_condition(given) == condition


_TEXTS = st.text(max_size=8) | st.text("*?.\\a/10:()[]{}+$^|", max_size=20)
_CONDITIONS = st.builds(
    GivenCondition,
    field=st.sampled_from([*_FIELDS.split(", "), "x"]),
    values=st.none() | st.lists(_TEXTS, max_size=4),
    regex_values=st.none() | st.lists(_TEXTS, max_size=2),
    http_header_name=st.none() | _TEXTS,
    pairs=st.none() | st.lists(st.tuples(st.none() | _TEXTS, st.none() | _TEXTS), max_size=3),
)


@settings(derandomize=True, max_examples=80, deadline=None, database=None)
@given(st.lists(_CONDITIONS, max_size=4))
def test_whatever_is_given_is_built_or_refused(conditions: list[GivenCondition]) -> None:
    errors = list(rule_condition_errors(conditions))
    assert all(isinstance(error, ElbError) for error in errors)
    if not errors:
        assert len([build_condition(condition) for condition in conditions]) == len(conditions)
