"""Which rule decides, and what is said of the others (reference 1.3; 10, vectors 1 and 6)."""

from __future__ import annotations

import ipaddress

import pytest

from simlb.core.actions import CompiledForward, CompiledRedirect
from simlb.core.conditions import Mismatch, MismatchKind
from simlb.core.model import (
    Condition,
    ForwardAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    RedirectAction,
    Rewrite,
    Rule,
    SourceIpCondition,
)
from simlb.core.regexes import RegexSyntaxError
from simlb.core.rules import Decision, RuleTable
from simlb.wire.request import RequestHead
from tests.core.asking import request

CLIENT = "203.0.113.9"
DEFAULT = ForwardAction.to("default")


def rule(priority: int, *conditions: Condition) -> Rule:
    return Rule(priority=priority, arn=f"r{priority}", conditions=conditions, action=ForwardAction.to(f"g{priority}"))


def path(*values: str) -> PathPatternCondition:
    return PathPatternCondition(values=values)


def host(*values: str) -> HostHeaderCondition:
    return HostHeaderCondition(values=values)


def decide(rules: list[Rule], asked: RequestHead, client_ip: str = CLIENT) -> Decision:
    """By the index; the naive way has to agree."""
    table = RuleTable(DEFAULT, rules)
    decision = table.evaluate(asked, client_ip)
    assert table.explain(asked, client_ip)[-1].priority == decision.priority
    return decision


@pytest.mark.parametrize(("target", "priority"), [("/abc", 10), ("/a", 10), ("/b", 20), ("/", 20)])
def test_the_lowest_priority_that_matches(target: str, priority: int) -> None:
    decision = decide([rule(20, path("*")), rule(10, path("/a*"))], request(f"GET {target}"))
    assert decision.priority == priority
    assert isinstance(decision.action, CompiledForward)
    assert decision.action.only == f"g{priority}"
    assert decision.rule is not None
    assert decision.rule.arn == f"r{priority}"


def test_the_default_rule_gets_what_is_left() -> None:
    decision = decide([rule(10, path("/a*"))], request("GET /b"))
    assert (decision.priority, decision.rule, decision.transforms) == (0, None, None)
    assert isinstance(decision.action, CompiledForward)
    assert decision.action.only == "default"


ALL_KINDS = rule(
    5,
    host("*.shop.test"),
    path("/a*", "*.css"),
    HttpRequestMethodCondition(values=("GET", "HEAD")),
    HttpHeaderCondition(http_header_name="X-Env", values=("prod",)),
    HttpHeaderCondition(http_header_name="X-Team", values=("red",)),
    QueryStringCondition(values=(QueryStringPair(key="v", value="1"),)),
    QueryStringCondition(values=(QueryStringPair(value="x*"),)),
    SourceIpCondition(values=(ipaddress.ip_network("203.0.113.0/24"),)),
)


@pytest.mark.parametrize(
    ("line", "named", "fields", "client_ip", "priority"),
    [
        pytest.param("GET /a?v=1&x", "a.shop.test", ["X-Env: prod", "X-Team: red"], CLIENT, 5, id="all hold"),
        pytest.param(
            "HEAD /x.css?xy&V=1", "a.SHOP.test", ["x-env: PROD", "x-team: Red"], CLIENT, 5, id="others of each"
        ),
        pytest.param("GET /a?v=1&x", "shop.test", ["X-Env: prod", "X-Team: red"], CLIENT, 0, id="all but the host"),
        pytest.param("GET /b?v=1&x", "a.shop.test", ["X-Env: prod", "X-Team: red"], CLIENT, 0, id="all but the path"),
        pytest.param("PUT /a?v=1&x", "a.shop.test", ["X-Env: prod", "X-Team: red"], CLIENT, 0, id="all but the method"),
        pytest.param("GET /a?v=1&x", "a.shop.test", ["X-Env: prod"], CLIENT, 0, id="all but a header"),
        pytest.param("GET /a?v=1&x", "a.shop.test", ["X-Env: dev", "X-Team: red"], CLIENT, 0, id="all but another"),
        pytest.param("GET /a?v=1", "a.shop.test", ["X-Env: prod", "X-Team: red"], CLIENT, 0, id="all but a query"),
        pytest.param("GET /a?v=2&x", "a.shop.test", ["X-Env: prod", "X-Team: red"], CLIENT, 0, id="all but the other"),
        pytest.param("GET /a?v=1&x", "a.shop.test", ["X-Env: prod", "X-Team: red"], "::1", 0, id="all but the address"),
    ],
)
def test_all_conditions_of_a_rule_have_to_hold(
    line: str, named: str, fields: list[str], client_ip: str, priority: int
) -> None:
    assert decide([ALL_KINDS], request(line, *fields, host=named), client_ip).priority == priority


def test_a_rule_that_almost_matches_does_not_hide_the_next_one() -> None:
    rules = [
        rule(1, path("/a/*/c")),
        rule(2, path("/a/*"), QueryStringCondition(values=(QueryStringPair(key="v*", value="1"),))),
        rule(3, path("/a/*"), HttpHeaderCondition(http_header_name="X-Env", values=("prod",))),
        rule(4, PathPatternCondition(regex_values=("^/a/x$",))),
        rule(5, path("/a/*"), host("other.test")),
        rule(6, path("/a/*")),
    ]
    assert decide(rules, request("GET /a/b")).priority == 6


def test_many_rules_of_one_kind() -> None:
    rules = [rule(n, path(f"/svc{n}/*", f"/v{n}"), host(f"*{n % 10}.test")) for n in range(1, 101)]
    for n in (1, 7, 50, 100):
        assert decide(rules, request(f"GET /svc{n}/x", host=f"a{n % 10}.test")).priority == n
        assert decide(rules, request(f"GET /v{n}", host=f"a{n % 10}.test")).priority == n
        assert decide(rules, request(f"GET /v{n}", host=f"a{(n + 1) % 10}.test")).priority == 0
    assert decide(rules, request("GET /svc1", host="a1.test")).priority == 0


def test_a_rule_without_conditions_matches_everything() -> None:
    assert decide([rule(3)], request(host=None)).priority == 3


def test_the_transforms_of_the_rule_come_along() -> None:
    rewriting = Rule(
        priority=1,
        arn="r",
        conditions=(path("/a"),),
        action=DEFAULT,
        url_rewrite=Rewrite(regex="^/a", replace="/b"),
    )
    decision = decide([rewriting], request("GET /a"))
    assert decision.transforms is not None
    assert decision.transforms.apply(b"shop.test", b"/a").path_and_query == b"/b"
    assert decide([rewriting], request("GET /b")).transforms is None
    assert decide([rule(1)], request()).transforms is None


def test_a_redirect_of_a_rule() -> None:
    moved = Rule(priority=1, arn="r", conditions=(path("/x*"),), action=RedirectAction(path="/new/#{path}"))
    assert isinstance(decide([moved], request("GET /x/y")).action, CompiledRedirect)


def test_what_cannot_be_compiled_is_refused_with_the_table() -> None:
    with pytest.raises(RegexSyntaxError):
        RuleTable(DEFAULT, [rule(1, PathPatternCondition(regex_values=("(",)))])


def test_the_explanation_says_why_each_rule_did_not_match_and_stops_at_the_one_that_did() -> None:
    rules = [
        rule(30, path("/i*")),
        rule(10, host("a.test"), path("/img/*")),
        rule(20, path("/img/*")),
        rule(40, path("/never-asked")),
    ]
    verdicts = RuleTable(DEFAULT, rules).explain(request("GET /imgs/1", host="a.test"), CLIENT)
    no_image = Mismatch("path-pattern", MismatchKind.NO_WILDCARD, (b"/imgs/1",), ("/img/*",))
    assert [(verdict.priority, verdict.is_match, verdict.mismatch) for verdict in verdicts] == [
        (10, False, no_image),
        (20, False, no_image),
        (30, True, None),
    ]
    assert verdicts[-1].rule is rules[0]


def test_the_explanation_ends_with_the_default_rule_when_no_other_matches() -> None:
    verdicts = RuleTable(DEFAULT, [rule(10, host("a.test"), path("/img/*"))]).explain(request("GET /"), CLIENT)
    assert [(verdict.priority, verdict.is_match, verdict.mismatch) for verdict in verdicts] == [
        (10, False, Mismatch("host-header", MismatchKind.NO_WILDCARD, (b"shop.test",), ("a.test",))),
        (0, True, None),
    ]
    assert RuleTable(DEFAULT).explain(request(), CLIENT)[-1].rule is None
