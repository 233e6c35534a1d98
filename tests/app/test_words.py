"""Rules as people read them."""

from __future__ import annotations

import ipaddress

import pytest

from simlb.app.words import action_words, condition_words, duration_words, transform_words
from simlb.core.model import (
    Action,
    Condition,
    FixedResponseAction,
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
    WeightedTargetGroup,
)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (PathPatternCondition(values=("/img/*",)), "path /img/*"),
        (PathPatternCondition(values=("/img/*", "/css/*")), "path /img/*, /css/*"),
        (PathPatternCondition(regex_values=(r"^\/api\/(.*)$",)), r"path regex ^\/api\/(.*)$"),
        (HostHeaderCondition(values=("*.shop.test",)), "host *.shop.test"),
        (HostHeaderCondition(regex_values=(r"^a\.", r"^b\.")), r"host regex ^a\., regex ^b\."),
        (HttpHeaderCondition(http_header_name="X-Canary", values=("1",)), "header X-Canary: 1"),
        (HttpHeaderCondition(http_header_name="User-Agent", regex_values=(".+",)), "header User-Agent: regex .+"),
        (HttpRequestMethodCondition(values=("GET", "HEAD")), "method GET, HEAD"),
        (QueryStringCondition(values=(QueryStringPair(key="v", value="2"),)), "query v=2"),
        (
            QueryStringCondition(values=(QueryStringPair(value="beta"), QueryStringPair(key="v", value="3*"))),
            "query beta (any key), v=3*",
        ),
        (
            SourceIpCondition(values=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))),
            "source 10.0.0.0/8, ::1/128",
        ),
    ],
)
def test_a_condition_is_its_field_and_its_values(condition: Condition, words: str) -> None:
    assert condition_words(condition) == words


def weighted(*weights: int, stickiness_duration_s: int | None = None) -> ForwardAction:
    groups = [
        WeightedTargetGroup(target_group=name, weight=weight)
        for name, weight in zip(("web", "canary", "old"), weights, strict=False)
    ]
    return ForwardAction(target_groups=tuple(groups), stickiness_duration_s=stickiness_duration_s)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (ForwardAction.to("web"), "forward web"),
        (weighted(90, 10), "forward web 90 %, canary 10 %"),
        (weighted(9, 1, stickiness_duration_s=3600), "forward web 90 %, canary 10 % (sticky 1 h)"),
        (weighted(1, 1, 1), "forward web 33.3 %, canary 33.3 %, old 33.3 %"),
        (weighted(999, 1), "forward web 99.9 %, canary 0.1 %"),
        (weighted(100, 0), "forward web 100 %, canary 0 %"),
        (weighted(0, 0), "forward web 0 %, canary 0 %"),
        (weighted(5, stickiness_duration_s=90), "forward web (sticky 90 s)"),
        (RedirectAction(protocol="HTTPS", port="443"), "redirect HTTPS:443 (301)"),
        (
            RedirectAction(host="www.shop.test", query="", status_code="HTTP_302"),
            "redirect #{protocol}://www.shop.test:#{port}/#{path} (302)",
        ),
        (RedirectAction(path="/new"), "redirect #{protocol}://#{host}:#{port}/new?#{query} (301)"),
        (FixedResponseAction(status_code=404), "fixed-response 404"),
    ],
)
def test_an_action_is_what_becomes_of_the_request(action: Action, words: str) -> None:
    assert action_words(action) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 s"), (90, "90 s"), (60, "1 min"), (3600, "1 h"), (5400, "90 min"), (86400, "1 d"), (604800, "7 d")],
)
def test_a_duration_has_the_largest_unit_that_fits(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words


def test_transforms_are_told_by_their_type() -> None:
    rule = Rule(
        priority=1,
        arn="",
        conditions=(),
        action=ForwardAction.to("web"),
        host_header_rewrite=Rewrite(regex=r"^mywebsite-(.+).com$", replace="internal.dev.$1.myweb.com"),
        url_rewrite=Rewrite(regex="^/old", replace=""),
    )
    assert list(transform_words(rule)) == [
        "host-header-rewrite ^mywebsite-(.+).com$ → internal.dev.$1.myweb.com",
        "url-rewrite ^/old → (nothing)",
    ]
