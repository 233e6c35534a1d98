"""Good rules and what they mean."""

from __future__ import annotations

import ipaddress
import textwrap
from typing import TYPE_CHECKING

import pytest

from simlb.core import ids, model
from simlb.core.model import (
    FixedResponseAction,
    ForwardAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    PathPatternCondition,
    QueryStringCondition,
    QueryStringPair,
    RedirectAction,
    SourceIpCondition,
)

if TYPE_CHECKING:
    from .conftest import Load


def rules(load: Load, *lines: str) -> tuple[model.Rule, ...]:
    """The rules of one listener beside its default action."""
    listener = f"{{protocol: HTTP, port: 80, forward: web, rules: [{', '.join(f'{{{line}}}' for line in lines)}]}}"
    text = f"simlb: config/1\nload_balancers: [{{name: my-alb, listeners: [{listener}]}}]\n"
    compiled = load(text + "target_groups: [{name: web}, {name: canary}]\n")
    return compiled.configuration.load_balancers[0].listeners[0].rules


def networks(*texts: str) -> SourceIpCondition:
    return SourceIpCondition(values=tuple(ipaddress.ip_network(text) for text in texts))


CONDITIONS: list[tuple[str, str, list[model.Condition]]] = [
    ("host: '*.example.com'",
     "conditions: [{field: host-header, values: ['*.example.com']}]",
     [HostHeaderCondition(values=("*.example.com",))]),
    ("path: [/a, /b]",
     "conditions: [{field: path-pattern, values: [/a, /b]}]",
     [PathPatternCondition(values=("/a", "/b"))]),
    ("method: [GET, HEAD]",
     "conditions: [{field: http-request-method, values: [GET, HEAD]}]",
     [HttpRequestMethodCondition(values=("GET", "HEAD"))]),
    ("source_ip: [10.0.0.0/8, '::1/128']",
     "conditions: [{field: source-ip, values: [10.0.0.0/8, '::1/128']}]",
     [networks("10.0.0.0/8", "::1/128")]),
    ("header: {X-Canary: '1', User-Agent: ['*Chrome*', '*Safari*']}",
     "conditions: [{field: http-header, http_header_name: X-Canary, values: ['1']}, "
     "{field: http-header, http_header_name: User-Agent, values: ['*Chrome*', '*Safari*']}]",
     [HttpHeaderCondition(http_header_name="X-Canary", values=("1",)),
      HttpHeaderCondition(http_header_name="User-Agent", values=("*Chrome*", "*Safari*"))]),
    ("query: {version: [a, b], lang: ko}",
     "conditions: [{field: query-string, values: [{key: version, value: a}, {key: version, value: b}]}, "
     "{field: query-string, values: [{key: lang, value: ko}]}]",
     [QueryStringCondition(values=(QueryStringPair(key="version", value="a"),
                                   QueryStringPair(key="version", value="b"))),
      QueryStringCondition(values=(QueryStringPair(key="lang", value="ko"),))]),
]  # fmt: skip


@pytest.mark.parametrize(("short", "long", "conditions"), CONDITIONS)
def test_conditions_and_their_shorthands(load: Load, short: str, long: str, conditions: list[model.Condition]) -> None:
    for members in (short, long):
        (rule,) = rules(load, f"priority: 1, {members}, forward: web")
        assert rule.conditions == tuple(conditions)


def test_conditions_without_a_shorthand(load: Load) -> None:
    (rule,) = rules(
        load,
        "priority: 1, forward: web, path: /a, conditions: [{field: host-header, regex_values: ['^a']}, "
        "{field: http-header, http_header_name: X, regex_values: [b]}, {field: query-string, values: [{value: c}]}]",
    )
    assert rule.conditions == (
        HostHeaderCondition(regex_values=("^a",)),
        HttpHeaderCondition(http_header_name="X", regex_values=("b",)),
        QueryStringCondition(values=(QueryStringPair(value="c"),)),
        PathPatternCondition(values=("/a",)),
    )


ACTIONS = [
    ("forward: web", ForwardAction.to("web")),
    ("forward: {web: 90, canary: 10}", ForwardAction(target_groups=(
        model.WeightedTargetGroup(target_group="web", weight=90),
        model.WeightedTargetGroup(target_group="canary", weight=10)))),
    ("redirect: https", RedirectAction(protocol="HTTPS", port="443")),
    ("redirect: {host: new.test, status_code: HTTP_302}", RedirectAction(host="new.test", status_code="HTTP_302")),
    ("fixed_response: {status_code: 404, message_body: gone}",
     FixedResponseAction(status_code=404, message_body="gone")),
    ("actions: [{type: forward, target_group: canary, order: 1}]", ForwardAction.to("canary")),
]  # fmt: skip


@pytest.mark.parametrize(("members", "action"), ACTIONS)
def test_actions(load: Load, members: str, action: model.Action) -> None:
    (rule,) = rules(load, f"priority: 1, path: /, {members}")
    assert rule.action == action


def test_transforms(load: Load) -> None:
    (rule,) = rules(
        load,
        "priority: 1, path: /, forward: web, transforms: ["
        "{type: url-rewrite, rewrites: [{regex: '^/api/(.*)$', replace: '/$1'}]}, "
        "{type: host-header-rewrite, rewrites: [{regex: a, replace: b}]}]",
    )
    assert rule.url_rewrite == model.Rewrite(regex="^/api/(.*)$", replace="/$1")
    assert rule.host_header_rewrite == model.Rewrite(regex="a", replace="b")


def test_rules_stand_in_the_order_of_their_priorities(load: Load) -> None:
    found = rules(
        load,
        "priority: 50000, path: /c, forward: web",
        "priority: 1, path: /a, forward: web",
        "priority: 20, path: /b, forward: web",
    )
    assert [rule.priority for rule in found] == [1, 20, 50000]
    lb_id = ids.resource_id("ap-northeast-2", "lb", "my-alb")
    assert [rule.arn for rule in found] == [
        ids.rule_arn("ap-northeast-2", "my-alb", lb_id, 80, priority) for priority in (1, 20, 50000)
    ]


def test_the_same_priority_in_two_listeners(load: Load) -> None:
    rule = "rules: [{priority: 1, path: /, forward: web}]"
    text = f"""\
        simlb: config/1
        load_balancers:
          - name: a
            listeners:
              - {{protocol: HTTP, port: 80, forward: web, {rule}}}
              - {{protocol: HTTP, port: 81, forward: web, {rule}}}
        target_groups: [{{name: web}}]
        """
    first, second = load(textwrap.dedent(text)).configuration.load_balancers[0].listeners
    assert first.rules[0].arn != second.rules[0].arn


def test_what_surprises_is_warned_of(load: Load) -> None:
    text = """\
        simlb: config/1
        load_balancers:
          - name: a
            listeners:
              - protocol: HTTP
                port: 80
                forward: web
                rules:
                  - {priority: 1, path: /a, forward: canary}
                  - {priority: 2, path: /b, redirect: https}
                  - priority: 3
                    path: /c
                    transforms: [{type: url-rewrite, rewrites: [{regex: a, replace: b}]}]
                    fixed_response: {status_code: 200}
                  - {priority: 4, path: [img/*, "*.png"], forward: {canary: 0}}
                  - priority: 5
                    conditions: [{field: path-pattern, values: [a]}, {field: http-request-method, values: [GET]}]
                    forward: web
        target_groups: [{name: web}, {name: canary}, {name: idle}]
        """
    assert load(textwrap.dedent(text)).warnings == (
        "simlb.yaml:10: the redirect leads to port 443, where 'a' has no listener",
        "simlb.yaml:13: the rule's transforms have no effect: its action does not forward the request",
        "simlb.yaml:15: all weights are 0: its requests will get 503",
        "simlb.yaml:15: path 'img/*' never matches: a path begins with '/'",
        "simlb.yaml:17: path 'a' never matches: a path begins with '/'",
        "simlb.yaml:19: no listener forwards to target group 'idle'",
    )
