"""Rules that are refused: AWS's sentence and code, and the line that each is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Refused


def rules(*lines: str) -> str:
    """A document whose rules start in line 8, one a line."""
    entries = "".join(f"          - {{{line}}}\n" for line in lines)
    return (
        "simlb: config/1\nload_balancers:\n  - name: my-alb\n    listeners:\n"
        f"      - protocol: HTTP\n        port: 80\n        rules:\n{entries}"
        "        forward: web\ntarget_groups: [{name: web}, {name: canary}]\n"
    )


def rule(members: str) -> str:
    return rules(f"priority: 10, {members}")


def condition(members: str) -> str:
    return rule(f"conditions: [{{{members}}}], forward: web")


SHAPES = [
    (rules("path: /, forward: web"), "E501 simlb.yaml:8: 'priority' is missing in rules[0]"),
    (rules("priority: ten, path: /, forward: web"), "E501 simlb.yaml:8: 'priority' must be a whole number, not 'ten'"),
    (rule("pth: /, forward: web"), "E501 simlb.yaml:8: unknown key 'pth' in rules[0] (did you mean 'path'?)"),
    (rule("path: /"), "E501 simlb.yaml:8: the rule needs one of 'actions', 'forward', 'redirect', 'fixed_response'"),
    (rule("path: /, forward: web, actions: []"),
     "E501 simlb.yaml:8: 'actions', 'forward' exclude each other: a rule has one action"),
    (rule("path: 5, forward: web"), "E501 simlb.yaml:8: 'path' must be text or a list, not 5"),
    (rule("header: X, forward: web"), "E501 simlb.yaml:8: 'header' must be a mapping (key: value), not 'X'"),
    (rule("header: {X: 1}, forward: web"), "E501 simlb.yaml:8: 'X' must be text or a list, not 1"),
    (rule("header: {}, forward: web"), "E502 simlb.yaml:8: 'header' needs at least one entry"),
    (rule("query: {}, forward: web"), "E502 simlb.yaml:8: 'query' needs at least one entry"),
    (condition("values: [/]"),
     "E501 simlb.yaml:8: 'field' is missing in conditions[0]: 'host-header', 'path-pattern', 'http-header',"
     " 'http-request-method', 'query-string', 'source-ip'"),
    (condition("field: path, values: [/]"),
     "E502 simlb.yaml:8: 'field' must be one of 'host-header', 'path-pattern', 'http-header', 'http-request-method',"
     " 'query-string', 'source-ip', not 'path'"),
    (condition("field: path-patern, values: [/]"),
     "E502 simlb.yaml:8: 'field' must be one of 'host-header', 'path-pattern', 'http-header', 'http-request-method',"
     " 'query-string', 'source-ip', not 'path-patern' (did you mean 'path-pattern'?)"),
    (condition("field: path-pattern, value: [/]"),
     "E501 simlb.yaml:8: unknown key 'value' in conditions[0] (did you mean 'values'?)"),
    (condition("field: http-header, values: [a]"), "E501 simlb.yaml:8: 'http_header_name' is missing in conditions[0]"),
    (condition("field: source-ip, regex_values: [a], values: [10.0.0.0/8]"),
     "E501 simlb.yaml:8: unknown key 'regex_values' in conditions[0] (did you mean 'values'?)"),
    (condition("field: query-string, values: [{key: a}]"), "E501 simlb.yaml:8: 'value' is missing in values[0]"),
    (rule("path: /, forward: web, transforms: [{type: url-rewrites, rewrites: []}]"),
     "E502 simlb.yaml:8: 'type' must be one of 'host-header-rewrite', 'url-rewrite', not 'url-rewrites'"
     " (did you mean 'url-rewrite'?)"),
    (rule("path: /, forward: web, transforms: [{type: url-rewrite, rewrites: [{regex: a}]}]"),
     "E501 simlb.yaml:8: 'replace' is missing in rewrites[0]"),
    (rule("path: /, actions: [{type: jwt-validation}]"),
     "E505 simlb.yaml:8: action type 'jwt-validation' is not supported yet"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), SHAPES)
def test_shapes(refused: Refused, text: str, problem: str) -> None:
    assert refused(text) == [problem]


INVALID = [
    (rules("priority: 0, path: /, forward: web"),
     "1 validation error detected: Value '0' at 'priority' failed to satisfy constraint: Member must have value"
     " greater than or equal to 1"),
    (rules("priority: 50001, path: /, forward: web"),
     "1 validation error detected: Value '50001' at 'priority' failed to satisfy constraint: Member must have value"
     " less than or equal to 50000"),
    (rule("forward: web"), "A condition must be specified"),
    (rule("conditions: [], forward: web"), "A condition must be specified"),
    (rule("path: [], forward: web"), "A condition value must be specified"),
    (condition("field: path-pattern"), "A condition value must be specified"),
    (condition("field: path-pattern, values: []"), "A condition value must be specified"),
    (condition("field: source-ip, values: []"), "A 'source-ip' value must be specified"),
    (condition("field: query-string, values: []"), "A condition value must be specified"),
    (rule(f"path: /{'x' * 128}, forward: web"), "The 'path-pattern' value is too long; the limit is '128'"),
    (condition(f"field: path-pattern, values: [/{'x' * 128}]"),
     "The 'path-pattern' value is too long; the limit is '128'"),
    (condition("field: path-pattern, values: [/a], regex_values: [/b]"),
     "You cannot provide both Values and 'RegexValues' for a condition of type 'path-pattern'"),
    (condition("field: host-header, regex_values: ['(']"),
     "The 'host-header' value '(' is not a valid regular expression: missing ): ("),
    (rule("path: [/a, /b, /c, /d], forward: web"),
     "The 'path-pattern' field contains too many values; the limit is '3'"),
    (rule("host: localhost, forward: web"),
     "The 'host-header' value 'localhost' is invalid; it must contain at least one '.'"),
    (rule("method: get, forward: web"),
     "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore"),
    (rule("source_ip: 127.0.0.2, forward: web"),
     "The 'source-ip' value '127.0.0.2' must be in CIDR format, such as '127.0.0.2/32'"),
    (rule("header: {Host: a.com}, forward: web"),
     "The 'HttpHeaderName' value 'Host' is invalid; use a 'host-header' condition for the host header"),
    (rule("query: {a: ''}, forward: web"), "A 'Value' must be specified in 'QueryStringKeyValuePair'"),
    (rule("path: /, conditions: [{field: path-pattern, values: [/]}], forward: web"),
     "A rule can only have one 'path-pattern' condition"),
    (rule("path: [/a, /b, /c], header: {A: [x, y, z]}, forward: web"), "A rule can only have '5' condition values"),
    (rule("path: '****', host: '***.a', forward: web"), "A rule can only have '6' condition wildcards"),
    (rule("path: /, forward: {web: 1000}"),
     "The weight '1000' of target group 'web' must be between '0-999' inclusive"),
    (rule("path: /, forward: web, transforms: [{type: url-rewrite, rewrites: []}]"),
     "A 'url-rewrite' transform must have exactly one rewrite"),
    (rule("path: /, forward: web, transforms: [{type: url-rewrite, rewrites: [{regex: a, replace: $1}]}]"),
     "The 'Replace' value refers to '$1', but the 'Regex' value has no capture groups"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), INVALID)
def test_what_aws_refuses(refused: Refused, text: str, message: str) -> None:
    assert refused(text) == [f"E502 simlb.yaml:8: {message} (ValidationError)"]


def test_priorities_are_unique_in_a_listener(refused: Refused) -> None:
    text = rules("priority: 1, path: /a, forward: web", "priority: 1, path: /b, forward: web")
    assert refused(text) == ["E502 simlb.yaml:9: The specified priority is in use. (PriorityInUse)"]


def test_other_codes_in_rules(refused: Refused) -> None:
    assert refused(rule("path: /, forward: wbe")) == [
        "E503 simlb.yaml:8: Target group 'wbe' not found (TargetGroupNotFound)"
    ]
    assert refused(rule("path: /, redirect: {status_code: HTTP_301}")) == [
        "E502 simlb.yaml:8: The redirect creates a loop: you must modify at least one of protocol, host, port and path"
        " (InvalidLoadBalancerAction)"
    ]
    assert refused(rule("path: /, actions: []")) == [
        "E502 simlb.yaml:8: Exactly one of the actions 'forward, redirect, fixed-response' must be specified"
        " (InvalidLoadBalancerAction)"
    ]


def test_all_problems_of_a_rule_are_told_at_once_each_at_its_line(refused: Refused) -> None:
    text = """\
simlb: config/1
load_balancers:
  - name: my-alb
    listeners:
      - protocol: HTTP
        port: 80
        forward: web
        rules:
          - priority: 0
            path:
              - /a
              - /b c
            header:
              X-A: "1"
              X B: "2"
            query:
              a:
                - "1"
                - ""
            conditions:
              - field: http-header
                http_header_name: Host
                values:
                  - a
              - field: query-string
                values:
                  - key: k
                    value: 값
            transforms:
              - type: url-rewrite
                rewrites:
                  - regex: (
                    replace: a
            actions:
              - type: fixed-response
                status_code: 302
target_groups: [{name: web}]
"""
    starts = [
        "E502 simlb.yaml:9: 1 validation error detected: Value '0' a",
        "E502 simlb.yaml:9: A rule can only have '5' condition value",
        "E502 simlb.yaml:12: The 'path-pattern' value is invalid; the",
        "E502 simlb.yaml:15: The 'HttpHeaderName' value is invalid; t",
        "E502 simlb.yaml:19: A 'Value' must be specified in 'QueryStr",
        "E502 simlb.yaml:22: The 'HttpHeaderName' value 'Host' is inv",
        "E502 simlb.yaml:28: The 'Value' value is invalid; the allowe",
        "E502 simlb.yaml:32: The 'Regex' value '(' is not a valid reg",
        "E502 simlb.yaml:36: 1 validation error detected: Value '302'",
    ]
    for problem, start in zip(refused(text), starts, strict=True):
        assert problem.startswith(start)
