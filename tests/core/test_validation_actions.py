"""Which actions AWS takes, and with which code and sentence it refuses the others (reference 1.4, 9.3)."""

from __future__ import annotations

import pytest

from simlb.core.validation import (
    NotSupportedError,
    action_errors,
    association_errors,
    fixed_response_errors,
    forward_errors,
    redirect_errors,
)

_ONE = "Exactly one of the actions 'forward, redirect, fixed-response' must be specified"
_DETECTED = "1 validation error detected: Value"
Given = tuple[str, int | None]

COMBINATIONS: list[tuple[list[Given], list[tuple[str, str]]]] = [
    ([("forward", None)], []),
    ([("redirect", 1)], []),
    ([("fixed-response", 50000)], []),
    ([], [("InvalidLoadBalancerAction", _ONE)]),
    ([("forward", 1), ("redirect", 2)], [("InvalidLoadBalancerAction", _ONE)]),
    ([("forward", None), ("forward", 2)], [
        ("ValidationError", "An 'Order' must be specified for each action of several"),
        ("InvalidLoadBalancerAction", _ONE),
    ]),
    ([("forward", 1), ("redirect", 1)], [
        ("InvalidLoadBalancerAction", _ONE),
        ("ValidationError", "The 'Order' of an action must be unique"),
    ]),
    ([("forward", 1), ("redirect", 2), ("redirect", 3)], [
        ("TooManyActions", "You've reached the limit on the number of actions per rule"),
    ]),
    ([("forward", 0)], [
        ("ValidationError", f"{_DETECTED} '0' at 'actions.1.member.order' failed to satisfy constraint: "
                            "Member must have value greater than or equal to 1"),
    ]),
    ([("forward", 50001)], [
        ("ValidationError", f"{_DETECTED} '50001' at 'actions.1.member.order' failed to satisfy constraint: "
                            "Member must have value less than or equal to 50000"),
    ]),
    ([("weighted", None)], [
        ("ValidationError", f"{_DETECTED} 'weighted' at 'actions.1.member.type' failed to satisfy constraint: "
                            "Member must satisfy enum value set: [forward, redirect, fixed-response]"),
        ("InvalidLoadBalancerAction", _ONE),
    ]),
    ([("authenticate-oidc", 1), ("forward", 2)], [
        ("InvalidLoadBalancerAction", "Action type 'authenticate-oidc' is not supported by simlb yet"),
    ]),
    ([("authenticate-cognito", 2), ("forward", 1)], [
        ("InvalidLoadBalancerAction", "Action type 'authenticate-cognito' is not supported by simlb yet"),
        ("InvalidLoadBalancerAction", "The action 'forward' must have the highest 'Order'"),
    ]),
    ([("jwt-validation", None)], [
        ("InvalidLoadBalancerAction", "Action type 'jwt-validation' is not supported by simlb yet"),
        ("InvalidLoadBalancerAction", _ONE),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("actions", "errors"), COMBINATIONS)
def test_combinations(actions: list[Given], errors: list[tuple[str, str]]) -> None:
    assert [(error.code, error.message) for error in action_errors(actions)] == errors


def test_what_only_simlb_refuses_can_be_told_apart() -> None:
    (error,) = action_errors([("authenticate-oidc", 1), ("forward", 2)])
    assert isinstance(error, NotSupportedError)
    assert error.path == (0, "type")


KNOWN = {"web": None, "canary": None, "lb": "lb_cookie", "app": "app_cookie", **{f"g{n}": None for n in range(6)}}

FORWARDS: list[tuple[list[Given], list[tuple[str, str]]]] = [
    ([("web", None)], []),
    ([("web", 0)], []),
    ([("web", 90), ("canary", 10)], []),
    ([("web", 0), ("canary", 999)], []),
    ([("web", 0), ("canary", 0)], []),
    ([(f"g{n}", 1) for n in range(5)], []),
    ([("lb", None)], []),
    ([("app", 7)], []),
    ([], [("ValidationError", "A target group must be specified")]),
    ([(f"g{n}", 1) for n in range(6)], [
        ("TooManyTargetGroups", "You've reached the limit on the number of target groups per action")
    ]),
    ([("wbe", None)], [("TargetGroupNotFound", "Target group 'wbe' not found")]),
    ([("web", 1), ("web", 2)], [("ValidationError", "Target group 'web' was specified more than once")]),
    ([("web", -1)], [
        ("ValidationError", "The weight '-1' of target group 'web' must be between '0-999' inclusive")
    ]),
    ([("web", 1000), ("canary", 1)], [
        ("ValidationError", "The weight '1000' of target group 'web' must be between '0-999' inclusive")
    ]),
    ([("web", None), ("canary", 1)], [("ValidationError", "A weight must be specified for target group 'web'")]),
    ([("web", 1), ("lb", 1)], [
        ("InvalidConfigurationRequest",
         "Target group stickiness must be enabled, since target group 'lb' has stickiness enabled")
    ]),
    ([("web", 1), ("app", 1)], [
        ("InvalidConfigurationRequest",
         "Stickiness type 'app_cookie' of target group 'app' is not supported with weighted target groups")
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("target_groups", "errors"), FORWARDS)
def test_forwards(target_groups: list[Given], errors: list[tuple[str, str]]) -> None:
    assert [(error.code, error.message) for error in forward_errors(target_groups, known=KNOWN)] == errors


_LIMITS = "must be between '1-604800' inclusive"
STICKY_FORWARDS: list[tuple[list[Given], bool, int | None, list[tuple[str, str]]]] = [
    ([("web", 1), ("lb", 1)], True, 1, []),
    ([("web", None)], True, 604800, []),
    ([("web", None)], False, 3600, []),
    ([("web", 1), ("app", 1)], True, 60, [
        ("InvalidConfigurationRequest",
         "Stickiness type 'app_cookie' of target group 'app' is not supported with weighted target groups")
    ]),
    ([("web", None)], True, None, [
        ("ValidationError", "A 'DurationSeconds' must be specified if target group stickiness is enabled")
    ]),
    ([("web", None)], True, 0, [("ValidationError", f"'DurationSeconds' value '0' {_LIMITS}")]),
    ([("web", None)], True, 604801, [("ValidationError", f"'DurationSeconds' value '604801' {_LIMITS}")]),
    ([("web", None)], False, 0, [("ValidationError", f"'DurationSeconds' value '0' {_LIMITS}")]),
]  # fmt: skip


@pytest.mark.parametrize(("target_groups", "enabled", "duration_s", "errors"), STICKY_FORWARDS)
def test_forwards_with_target_group_stickiness(
    target_groups: list[Given], enabled: bool, duration_s: int | None, errors: list[tuple[str, str]]
) -> None:
    found = forward_errors(target_groups, stickiness_enabled=enabled, stickiness_duration_s=duration_s, known=KNOWN)
    assert [(error.code, error.message) for error in found] == errors


def test_a_target_group_belongs_to_one_load_balancer() -> None:
    assert list(association_errors("web", None, "a")) == []
    assert list(association_errors("web", "a", "a")) == []
    (error,) = association_errors("web", "a", "b")
    assert (error.code, error.message) == (
        "TargetGroupAssociationLimit",
        "The following target groups cannot be associated with more than one load balancer: web",
    )


LOOP = "The redirect creates a loop: you must modify at least one of protocol, host, port and path"
VISIBLE = "the allowed characters are visible ASCII characters (percent-encode the others)"
REDIRECTS: list[tuple[str, int, dict[str, str], list[tuple[str, str]]]] = [
    ("HTTP", 80, {"protocol": "HTTPS", "port": "443"}, []),
    ("HTTP", 80, {"protocol": "HTTPS"}, []),
    ("HTTPS", 443, {"port": "8443"}, []),
    ("HTTP", 80, {"host": "www.#{host}"}, []),
    ("HTTP", 80, {"path": "/#{host}/#{path}/#{port}", "query": "#{protocol}#{host}#{port}#{path}#{query}"}, []),
    ("HTTP", 80, {"path": "/", "query": ""}, []),
    ("HTTP", 80, {"port": "65535", "status_code": "HTTP_302"}, []),
    ("HTTP", 80, {"host": "h" * 128, "path": "/" + "p" * 127, "query": "q" * 128}, []),
    ("HTTP", 80, {}, [("InvalidLoadBalancerAction", LOOP)]),
    ("HTTP", 80, {"protocol": "HTTP", "port": "80", "query": "a=b"}, [("InvalidLoadBalancerAction", LOOP)]),
    ("HTTPS", 443, {"protocol": "HTTPS", "port": "443"}, [("InvalidLoadBalancerAction", LOOP)]),
    ("HTTPS", 443, {"protocol": "HTTP"}, [
        ("InvalidLoadBalancerAction", "A redirect from HTTPS to HTTP is not allowed")
    ]),
    ("HTTP", 80, {"protocol": "TCP"}, [
        ("ValidationError", f"{_DETECTED} 'TCP' at 'redirectConfig.protocol' failed to satisfy constraint: "
                            r"Member must satisfy pattern: ^(HTTPS?|#\{protocol\})$")
    ]),
    ("HTTP", 80, {"host": "a", "status_code": "HTTP_303"}, [
        ("ValidationError", f"{_DETECTED} 'HTTP_303' at 'redirectConfig.statusCode' failed to satisfy constraint: "
                            "Member must satisfy enum value set: [HTTP_301, HTTP_302]")
    ]),
    ("HTTP", 80, {"port": "0"}, [
        ("ValidationError", "The redirect port '0' must be between '1-65535' inclusive or '#{port}'")
    ]),
    ("HTTP", 80, {"port": "65536"}, [
        ("ValidationError", "The redirect port '65536' must be between '1-65535' inclusive or '#{port}'")
    ]),
    ("HTTP", 80, {"host": ""}, [("ValidationError", "The redirect host cannot be empty")]),
    ("HTTP", 80, {"host": "h" * 129}, [("ValidationError", "The redirect host is too long; the limit is '128'")]),
    ("HTTP", 80, {"host": "#{path}"}, [
        ("ValidationError", "The redirect host must not contain '#{path}'; it may contain #{host}")
    ]),
    ("HTTP", 80, {"host": "a\r\nSet-Cookie:x"}, [("ValidationError", f"The redirect host is invalid; {VISIBLE}")]),
    ("HTTP", 80, {"path": ""}, [("ValidationError", "The redirect path cannot be empty")]),
    ("HTTP", 80, {"path": "shop"}, [("ValidationError", "The redirect path 'shop' must start with '/'")]),
    ("HTTP", 80, {"path": "/" + "p" * 128}, [
        ("ValidationError", "The redirect path is too long; the limit is '128'")
    ]),
    ("HTTP", 80, {"path": "/상점"}, [("ValidationError", f"The redirect path is invalid; {VISIBLE}")]),
    ("HTTP", 80, {"path": "/#{query}"}, [
        ("ValidationError", "The redirect path must not contain '#{query}'; it may contain #{host}, #{path}, #{port}")
    ]),
    ("HTTP", 80, {"path": "/#{path"}, [
        ("ValidationError", "The redirect path must not contain '#{path'; it may contain #{host}, #{path}, #{port}")
    ]),
    ("HTTP", 80, {"port": "81", "query": "?a=b"}, [
        ("ValidationError", "The redirect query '?a=b' must not start with '?'")
    ]),
    ("HTTP", 80, {"port": "81", "query": "q" * 129}, [
        ("ValidationError", "The redirect query is too long; the limit is '128'")
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "port", "members", "errors"), REDIRECTS)
def test_redirects(protocol: str, port: int, members: dict[str, str], errors: list[tuple[str, str]]) -> None:
    redirect = {
        "protocol": "#{protocol}",
        "host": "#{host}",
        "port": "#{port}",
        "path": "/#{path}",
        "query": "#{query}",
        "status_code": "HTTP_301",
    } | members
    found = redirect_errors(**redirect, listener_protocol=protocol, listener_port=port)
    assert [(error.code, error.message) for error in found] == errors


FIXED_RESPONSES: list[tuple[str, str, str | None, list[tuple[str, str]]]] = [
    ("200", "", None, []),
    ("404", "gone", "text/plain", []),
    ("599", "x" * 1024, "application/json", []),
    ("499", "상점", "text/html", []),
    *[
        (code, "", None, [
            ("ValidationError", f"{_DETECTED} '{code}' at 'actions.1.member.fixedResponseConfig.statusCode' failed to "
                                r"satisfy constraint: Member must satisfy regular expression pattern: ^(2|4|5)\d\d$")
        ])
        for code in ("302", "100", "600", "20", "2000", "2xx", "٢٠٠", "")
    ],
    ("200", "x" * 1025, None, [("ValidationError", "The 'MessageBody' value is too long; the limit is '1024'")]),
    ("200", "", "text/xml", [
        ("InvalidLoadBalancerAction", "The ContentType must be one of:'text/html', 'application/json', "
                                      "'application/javascript', 'text/css', 'text/plain'")
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("status_code", "body", "content_type", "errors"), FIXED_RESPONSES)
def test_fixed_responses(status_code: str, body: str, content_type: str | None, errors: list[tuple[str, str]]) -> None:
    found = fixed_response_errors(status_code=status_code, message_body=body, content_type=content_type)
    assert [(error.code, error.message) for error in found] == errors
