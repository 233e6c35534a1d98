"""Every decision returns its reason: what one request met, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simlb.core.attributes import TargetGroupAttributes
from simlb.core.model import (
    Action,
    FixedResponseAction,
    ForwardAction,
    HttpHeaderCondition,
    PathPatternCondition,
    RedirectAction,
    Rewrite,
    Rule,
    WeightedTargetGroup,
)
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.reasons import reasons
from tests.dataplane.harness import OK, Rig, answer

CANARY = HttpHeaderCondition(http_header_name="X-Canary", values=("1",))


def rule(priority: int, condition: PathPatternCondition | HttpHeaderCondition, action: Action, **more: Rewrite) -> Rule:
    return Rule(priority=priority, arn=f"rule/{priority}", conditions=(condition,), action=action, **more)


def path(*values: str) -> PathPatternCondition:
    return PathPatternCondition(values=values)


WEIGHTED = ForwardAction(
    target_groups=(
        WeightedTargetGroup(target_group="web", weight=1),
        WeightedTargetGroup(target_group="none", weight=0),
    ),
    stickiness_duration_s=60,
)
NOTHING = ForwardAction(target_groups=(WeightedTargetGroup(target_group="web", weight=0),))
RULES = (
    rule(10, path("/img/*", "*.css"), FixedResponseAction(status_code=404)),
    rule(20, CANARY, WEIGHTED),
    rule(30, path("/old"), RedirectAction(path="/new")),
    rule(
        40,
        path("/v1/*"),
        ForwardAction.to("web"),
        host_header_rewrite=Rewrite(regex="^.*$", replace="inner.test"),
        url_rewrite=Rewrite(regex="^/v1", replace="/v2"),
    ),
    rule(50, path("/empty"), ForwardAction.to("none")),
    rule(60, path("/nobody"), NOTHING),
)
NO_IMAGE = "rule 10: path-pattern: '{}' matches none of '/img/*', '*.css'"
NO_CANARY = "rule 20: http-header X-Canary: the request has no such field"


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        ("GET /a.css", ["rule 10: matches", "fixed response 404"]),
        (
            "GET /x\r\nX-Canary: 1",
            [
                NO_IMAGE.format("/x"),
                "rule 20: matches",
                "target group's cookie: no stickiness cookie",
                "drawn by weight: 0 of 0-0: web (1)",
                "target group web: 1 of 1 registered targets are healthy",
                "target i-01 (10.0.0.1:80), 0 in flight there: by least_outstanding_requests",
            ],
        ),
        (
            "GET /v1/a",
            [
                NO_IMAGE.format("/v1/a"),
                NO_CANARY,
                "rule 30: path-pattern: '/v1/a' matches none of '/old'",
                "rule 40: matches",
                "target group web: 1 of 1 registered targets are healthy",
                "target i-01 (10.0.0.1:80), 0 in flight there: by least_outstanding_requests",
                "transforms: TransformSuccess, host inner.test, URL /v2/a",
            ],
        ),
        ("GET /old", ["rule 30: matches", "redirect to http://lb.test:80/new"]),
        ("GET /empty", ["rule 50: matches", "target group none: no target is registered: 503"]),
        ("GET /nobody", ["drawn by weight: all weights are 0", "no target group gets the request: 503"]),
        ("GET /", ["default rule: matches", "fixed response 200"]),
        ("TRACE /", ["not given to the rules: 405"]),
    ],
)
async def test_reasons(rig: Rig, request_head: str, expected: list[str]) -> None:
    target = await rig.target(answer(OK))
    web = replace(rig.group(target), attributes=TargetGroupAttributes(algorithm="least_outstanding_requests"))
    listener = replace(rig.listener(FixedResponseAction(status_code=200)), rules=RULES)
    await rig.apply(listener, groups=(web, rig.group(name="none")))
    await rig.healthy()
    method, _, rest = request_head.partition(" ")
    line, _, fields = rest.partition("\r\n")
    head = f"{method} {line} HTTP/1.1\r\nHost: lb.test\r\n{fields and fields + chr(13) + chr(10)}\r\n"
    client = await rig.client()
    await client.ask(head.encode())
    exchange = rig.records[-1]
    assert isinstance(exchange, Exchange)
    said = list(reasons(exchange))
    assert said[-len(expected) :] == expected
