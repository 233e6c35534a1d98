"""Actions of listeners that are refused: AWS's sentence and code, and the line that each is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simlb.config import InvalidConfigError

if TYPE_CHECKING:
    from .conftest import Load, Refused

GROUPS = "target_groups: [{name: web}, {name: canary}]\n"


def listeners(*lines: str) -> str:
    """A document whose listeners start in line 5."""
    entries = "".join(f"      - {{{line}}}\n" for line in lines)
    return f"simlb: config/1\nload_balancers:\n  - name: my-alb\n    listeners:\n{entries}{GROUPS}"


def http(members: str) -> str:
    return listeners(f"protocol: HTTP, port: 80, {members}")


def action(members: str, protocol: str = "HTTP", port: int = 80) -> str:
    return listeners(f"protocol: {protocol}, port: {port}, default_actions: [{{{members}}}]")


def redirect(members: str, protocol: str = "HTTP", port: int = 80) -> str:
    return action(f"type: redirect, status_code: HTTP_302, {members}", protocol, port)


LOOP = (
    "E502 simlb.yaml:5: The redirect creates a loop: you must modify at least one of protocol, host, port and path"
    " (InvalidLoadBalancerAction)"
)
ONE = (
    "E502 simlb.yaml:5: Exactly one of the actions 'forward, redirect, fixed-response' must be specified"
    " (InvalidLoadBalancerAction)"
)

SHAPES = [
    (listeners("protocol: HTTP, port: 80"),
     "E501 simlb.yaml:5: the listener needs one of 'default_actions', 'forward', 'redirect', 'fixed_response'"),
    (http("forward: web, redirect: https"),
     "E501 simlb.yaml:5: 'forward', 'redirect' exclude each other: a listener has one action"),
    (http("forward: [web]"), "E501 simlb.yaml:5: 'forward' must be text or a mapping (key: value), not a list"),
    (http("forward: {}"), "E502 simlb.yaml:5: 'forward' needs at least one entry"),
    (http("forward: {web: much}"), "E501 simlb.yaml:5: 'web' must be a whole number, not 'much'"),
    (http("redirect: http"), "E502 simlb.yaml:5: 'redirect' must be 'https' or a mapping (key: value), not 'http'"
                             " (did you mean 'https'?)"),
    (http("redirect: {protocol: HTTPS}"), "E501 simlb.yaml:5: 'status_code' is missing in redirect"),
    (http("fixed_response: {status_code: 200, content_type: text/xml}"),
     "E502 simlb.yaml:5: 'content_type' must be one of 'application/javascript', 'application/json', 'text/css',"
     " 'text/html', 'text/plain', not 'text/xml' (did you mean 'text/html'?)"),
    (http("transforms: [], forward: web"), "E501 simlb.yaml:5: unknown key 'transforms' in listeners[0]"),
    (http("conditions: [], forward: web"), "E501 simlb.yaml:5: unknown key 'conditions' in listeners[0]"),
    (action("type: foward, target_group: web"),
     "E502 simlb.yaml:5: 'type' must be one of 'forward', 'redirect', 'fixed-response', not 'foward'"
     " (did you mean 'forward'?)"),
    (action("target_group: web"),
     "E501 simlb.yaml:5: 'type' is missing in default_actions[0]: 'forward', 'redirect', 'fixed-response'"),
    (action("type: redirect, protocol: HTTPS"), "E501 simlb.yaml:5: 'status_code' is missing in default_actions[0]"),
    (redirect("port: 0"), "E502 simlb.yaml:5: 'port' must be a whole number from 1 to 65535 or text, not 0"),
    (action("type: forward, target_group: web, target_groups: [{target_group: web}]"),
     "E501 simlb.yaml:5: 'target_group' and 'target_groups' exclude each other: give one of them"),
    (action("type: forward, target_groups: [{target_group: web, wieght: 1}]"),
     "E501 simlb.yaml:5: unknown key 'wieght' in target_groups[0] (did you mean 'weight'?)"),
    (action("type: forward, target_group: web, target_group_stickiness_config: {duration_seconds: 1}"),
     "E501 simlb.yaml:5: 'enabled' is missing in target_group_stickiness_config"),
    (action("type: authenticate-oidc, x: 1"),
     "E505 simlb.yaml:5: action type 'authenticate-oidc' is not supported yet"),
    (action("type: authenticate-cognito"),
     "E505 simlb.yaml:5: action type 'authenticate-cognito' is not supported yet"),
    (action("type: jwt-validation"), "E505 simlb.yaml:5: action type 'jwt-validation' is not supported yet"),
    (action("type: forward, forward_config: {}"), "E505 simlb.yaml:5: 'forward_config' is not supported yet"),
    (action("type: forward, target_groups: [{target_group: web, target_group_arn: x}]"),
     "E505 simlb.yaml:5: 'target_group_arn' is not supported yet"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), SHAPES)
def test_shapes(refused: Refused, text: str, problem: str) -> None:
    assert refused(text) == [problem]


ACTIONS = [
    (http("default_actions: []"), ONE),
    (action("type: forward, target_group: web, order: 1}, {type: forward, target_group: web, order: 2"), ONE),
    (action("type: forward, target_group: web, order: 0"),
     "E502 simlb.yaml:5: 1 validation error detected: Value '0' at 'actions.1.member.order' failed to satisfy"
     " constraint: Member must have value greater than or equal to 1 (ValidationError)"),
    (http("forward: wbe"), "E503 simlb.yaml:5: Target group 'wbe' not found (TargetGroupNotFound)"),
    (action("type: forward"), "E502 simlb.yaml:5: A target group must be specified (ValidationError)"),
    (http("forward: {web: 1000}"),
     "E502 simlb.yaml:5: The weight '1000' of target group 'web' must be between '0-999' inclusive (ValidationError)"),
    (action("type: forward, target_groups: [{target_group: web, weight: 1}, {target_group: canary}]"),
     "E502 simlb.yaml:5: A weight must be specified for target group 'canary' (ValidationError)"),
    (action("type: forward, target_group: web, target_group_stickiness_config: {enabled: true}"),
     "E502 simlb.yaml:5: A 'DurationSeconds' must be specified if target group stickiness is enabled"
     " (ValidationError)"),
    (listeners("protocol: HTTPS, port: 443, redirect: https"), LOOP),
    (redirect("protocol: '#{protocol}'"), LOOP),
    (redirect("protocol: HTTP, port: 80"), LOOP),
    (http("redirect: {status_code: HTTP_301}"), LOOP),
    (redirect("protocol: HTTP", protocol="HTTPS", port=443),
     "E502 simlb.yaml:5: A redirect from HTTPS to HTTP is not allowed (InvalidLoadBalancerAction)"),
    (redirect("port: https"),
     "E502 simlb.yaml:5: The redirect port 'https' must be between '1-65535' inclusive or '#{port}'"
     " (ValidationError)"),
    (redirect("path: shop"), "E502 simlb.yaml:5: The redirect path 'shop' must start with '/' (ValidationError)"),
    (redirect(f"path: /{'x' * 128}"),
     "E502 simlb.yaml:5: The redirect path is too long; the limit is '128' (ValidationError)"),
    (redirect("path: '/#{query}'"),
     "E502 simlb.yaml:5: The redirect path must not contain '#{query}'; it may contain #{host}, #{path}, #{port}"
     " (ValidationError)"),
    (redirect('host: "a\\r\\nSet-Cookie:x"'),
     "E502 simlb.yaml:5: The redirect host is invalid; the allowed characters are visible ASCII characters"
     " (percent-encode the others) (ValidationError)"),
    (redirect("host: ''"), "E502 simlb.yaml:5: The redirect host cannot be empty (ValidationError)"),
    (redirect("query: '?a=b', port: 81"),
     "E502 simlb.yaml:5: The redirect query '?a=b' must not start with '?' (ValidationError)"),
    (http("fixed_response: {status_code: 302}"),
     "E502 simlb.yaml:5: 1 validation error detected: Value '302' at 'actions.1.member.fixedResponseConfig.statusCode'"
     r" failed to satisfy constraint: Member must satisfy regular expression pattern: ^(2|4|5)\d\d$ (ValidationError)"),
    (http(f"fixed_response: {{status_code: 200, message_body: {'x' * 1025}}}"),
     "E502 simlb.yaml:5: The 'MessageBody' value is too long; the limit is '1024' (ValidationError)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), ACTIONS)
def test_what_aws_refuses(refused: Refused, text: str, problem: str) -> None:
    assert refused(text) == [problem]


def test_each_problem_of_a_forward_has_its_line(refused: Refused) -> None:
    text = """\
simlb: config/1
load_balancers:
  - name: my-alb
    listeners:
      - protocol: HTTP
        port: 80
        default_actions:
          - type: forward
            target_groups:
              - target_group: web
                weight: -1
              - target_group: canry
                weight: 1
            target_group_stickiness_config:
              enabled: true
              duration_seconds: 0
      - protocol: HTTP
        port: 81
        forward:
          web: 1
          canary: 1000
target_groups: [{name: web}, {name: canary}]
"""
    assert refused(text) == [
        "E502 simlb.yaml:11: The weight '-1' of target group 'web' must be between '0-999' inclusive (ValidationError)",
        "E503 simlb.yaml:12: Target group 'canry' not found (TargetGroupNotFound)",
        "E502 simlb.yaml:16: 'DurationSeconds' value '0' must be between '1-604800' inclusive (ValidationError)",
        "E502 simlb.yaml:21: The weight '1000' of target group 'canary' must be between '0-999' inclusive"
        " (ValidationError)",
    ]


def test_a_target_group_belongs_to_one_load_balancer(refused: Refused) -> None:
    text = (
        "simlb: config/1\nload_balancers:\n"
        "  - {name: a, listeners: [{protocol: HTTP, port: 80, forward: web}]}\n"
        "  - {name: b, listeners: [{protocol: HTTP, port: 80, forward: {canary: 1, web: 1}}]}\n"
        "  - {name: c, listeners: [{protocol: HTTP, port: 80, forward: other, rules: [\n"
        "      {priority: 1, path: /, forward: web}]}]}\n"
        "target_groups: [{name: web}, {name: canary}, {name: other}]\n"
    )
    what = (
        "The following target groups cannot be associated with more than one load balancer: web"
        " (TargetGroupAssociationLimit)"
    )
    assert refused(text) == [f"E502 simlb.yaml:4: {what}", f"E502 simlb.yaml:6: {what}"]


def many(count: int, text: str) -> str:
    return ", ".join(text.format(n=n, port=n + 1) for n in range(count))


def rules(count: int) -> str:
    return f"rules: [{many(count, '{{priority: {port}, path: /, forward: web}}')}]"


QUOTAS = [
    (f"simlb: config/1\nload_balancers: [{many(51, '{{name: a{n}}}')}]\n",
     "E502 simlb.yaml:2: You've reached the limit on the number of load balancers per region (TooManyLoadBalancers)"),
    (f"simlb: config/1\ntarget_groups: [{many(3001, '{{name: g{n}}}')}]\nload_balancers: [{{name: a}}]\n",
     "E502 simlb.yaml:2: You've reached the limit on the number of target groups per region (TooManyTargetGroups)"),
    (listeners(*(f"protocol: HTTP, port: {port}, forward: web" for port in range(1, 52))),
     "E502 simlb.yaml:5: You've reached the limit on the number of listeners per load balancer (TooManyListeners)"),
    (listeners(f"protocol: HTTP, port: 80, forward: web, {rules(60)}",
               f"protocol: HTTP, port: 81, forward: web, {rules(41)}"),
     "E502 simlb.yaml:5: You've reached the limit on the number of rules per load balancer (TooManyRules)"),
    (listeners(f"protocol: HTTPS, port: 443, forward: web, certificates: [{many(27, 'a{n}.test')}]"),
     "E502 simlb.yaml:5: You've reached the limit on the number of certificates per load balancer"
     " (TooManyCertificates)"),
    (http(f"forward: {{{many(6, 'g{n}: 1')}}}").replace(GROUPS, f"target_groups: [{many(6, '{{name: g{n}}}')}]\n"),
     "E502 simlb.yaml:5: You've reached the limit on the number of target groups per action (TooManyTargetGroups)"),
    (http(f"forward: g100, rules: [{many(100, '{{priority: {port}, path: /, forward: g{n}}}')}]")
     .replace(GROUPS, f"target_groups: [{many(101, '{{name: g{n}}}')}]\n"),
     "E502 simlb.yaml:5: You've reached the limit on the number of unique target groups per load balancer"
     " (TooManyUniqueTargetGroupsPerLoadBalancer)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), QUOTAS)
def test_one_more_than_a_quota(refused: Refused, text: str, problem: str) -> None:
    assert refused(text) == [problem]


def test_too_many_targets(refused: Refused) -> None:
    def urls(count: int, second: int) -> str:
        return many(count, f"{{{{url: 'http://127.0.{second}.1:{{port}}'}}}}")

    groups = f"target_groups:\n  - name: web\n    targets: [{urls(1001, 1)}]\n  - {{name: canary}}\n"
    per_group = "You've reached the limit on the number of targets per target group (TooManyTargets)"
    per_balancer = "You've reached the limit on the number of targets per load balancer (TooManyTargets)"
    assert refused(http("forward: canary").replace(GROUPS, groups)) == [f"E502 simlb.yaml:8: {per_group}"]
    groups = (
        f"target_groups:\n  - name: web\n    targets: [{urls(600, 1)}]\n"
        f"  - name: canary\n    targets: [{urls(401, 2)}]\n"
    )
    assert refused(http("forward: {web: 1, canary: 1}").replace(GROUPS, groups)) == [
        f"E502 simlb.yaml:5: {per_balancer}"
    ]


def test_as_much_as_the_quotas_allow(load: Load) -> None:
    names = many(26, "a{n}.test")
    text = listeners(
        f"protocol: HTTP, port: 80, forward: web, {rules(50)}",
        f"protocol: HTTPS, port: 443, forward: web, certificates: [{names}], {rules(50)}",
        "protocol: HTTPS, port: 444, forward: web",
    )
    (balancer,) = load(text).configuration.load_balancers
    assert [len(listener.rules) for listener in balancer.listeners] == [50, 50, 0]


def test_a_quota_says_how_many_there_are(load: Load) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(http(f"forward: web, {rules(101)}"))
    assert caught.value.hints == ("the limit is 100; here are 101",)
