"""What is told of an exchange, step by step."""

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
from simlb.explain.story import Topic
from tests.dataplane.harness import GET, OK, TargetConnection, answer, until
from tests.dataplane.routes import get
from tests.explain.conftest import TellingRig

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
NO_CANARY = "rule 20: http-header X-Canary: the request has no such field"
HEALTHY = "Target group web: 1 of 1 registered target is healthy."
CHOSEN = (
    "Target i-01 (10.0.0.1:80), least outstanding requests: the one with the fewest in flight. "
    "Nothing was in flight there."
)


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (
            "GET /a.css",
            {
                "rules": ["Rule 10 decides: it is the first.", "rule 10: matches"],
                "action": ["Fixed response 404: the load balancer answers itself."],
                "response": ["The load balancer answered 404 Not Found."],
                "times": ["Never sent to a target."],
            },
        ),
        (
            "GET /x\r\nX-Canary: 1",
            {
                "rules": [
                    "Rule 20 decides: the rule before it does not match.",
                    "rule 10: path-pattern: '/x' matches none of '/img/*', '*.css'",
                    "rule 20: matches",
                ],
                "action": ["Forward to web (weight 1), none (weight 0); clients stay with their group for 60 s."],
                "target group": [
                    "Drawn by weight: 0 of 0-0 falls to web (weight 1 of 1, 100 %).",
                    HEALTHY,
                    "candidates: i-01",
                ],
                "stickiness": ["Target group stickiness (AWSALBTG): the request has no stickiness cookie."],
                "target": [CHOSEN],
                "forward": ["Sent over a new connection to the target."],
            },
        ),
        (
            "GET /v1/a",
            {
                "rules": [
                    "Rule 40 decides: the 3 rules before it do not match.",
                    "rule 10: path-pattern: '/v1/a' matches none of '/img/*', '*.css'",
                    NO_CANARY,
                    "rule 30: path-pattern: '/v1/a' matches none of '/old'",
                    "rule 40: matches",
                ],
                "transforms": ["The target gets Host inner.test, URL /v2/a."],
            },
        ),
        (
            "GET /old?a=b",
            {"action": ["Redirect (301) to #{protocol}://#{host}:#{port}/new?#{query}.", "Location: {new}?a=***"]},
        ),
        (
            "GET /empty",
            {"action": ["Forward to none."], "target group": ["Target group none: no target is registered."]},
        ),
        ("GET /nobody", {"target group": ["All weights are 0: no target group gets the request."]}),
        (
            "GET /",
            {
                "rules": ["The default rule decides: the 6 rules before it do not match."],
                "action": ["Fixed response 200"],
            },
        ),
        ("TRACE /", {"rules": ["No rule was asked."], "action": []}),
        (
            "GET /x?\r\nContent-Length: 0",
            {
                "head": [
                    "GET /x? HTTP/1.1, host lb.test, 32 bytes of header.",
                    "Desync class Acceptable (GetHeadZeroContentLength); in defensive mode it is let through.",
                ]
            },
        ),
    ],
)
async def test_steps(rig: TellingRig, request_head: str, expected: dict[str, list[str]]) -> None:
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
    new = "http://lb.test:80/new"
    for topic, said in expected.items():
        told = rig.said(topic)
        assert len(told) >= len(said)
        for words, start in zip(told, said, strict=False):
            assert words.startswith(start.format(new=new) if "{new}" in start else start), told
    topics = [step.topic for step in rig.story().steps]
    assert topics[0] is Topic.CONNECTION
    assert topics[-1] is Topic.TIMES


async def test_what_is_told_of_a_connection(rig: TellingRig) -> None:
    await rig.serve(answer(OK))
    client = await rig.client()
    for _ in range(2):
        await client.ask()
    start = f"Client 127.0.0.1:{client.port} to listener HTTP:80 of web."
    assert rig.said("connection", "#0") == [f"{start} The first request on this connection."]
    assert rig.said("connection", "#1") == [f"{start} Request 2 on this connection."]
    assert rig.said("forward", "#1") == ["Sent over a connection to the target that had served before."]
    other = await rig.client()
    await other.ask()
    assert rig.said("connection")[0].endswith("The first request on this connection.")


async def test_stickiness_of_targets(rig: TellingRig) -> None:
    targets = await rig.target(answer(OK)), await rig.target(answer(OK))
    await rig.apply(rig.listener(), groups=(rig.group(*targets, stickiness_enabled=True),))
    await rig.healthy()
    client = await rig.client()
    response = await client.ask()
    assert rig.said("stickiness") == ["Target stickiness: the request has no stickiness cookie."]
    cookie = response.all("Set-Cookie")[0].partition(";")[0]
    await client.ask(get("/", f"Cookie: {cookie}"))
    assert rig.said("stickiness") == ["Target stickiness: kept by its cookie."]
    assert "as its cookie says" in rig.said("target")[0]
    await client.ask(get("/", "Cookie: AWSALB=nonsense"))
    assert rig.said("stickiness")[0].startswith("Target stickiness: the stickiness cookie cannot be decoded")


async def test_another_target_that_was_tried(rig: TellingRig) -> None:
    good = await rig.target(answer(OK))
    gone = await rig.target()
    port = gone.port
    await gone.close()
    group = replace(rig.group(port, good), retry_on_connect_failure=True)
    await rig.apply(rig.listener(), groups=(group,))
    await rig.healthy()
    assert (await rig.ask()).status == 200
    told = rig.said("target")
    assert told[0].startswith("Target i-02")
    assert told[1:] == ["tried before, no connection: i-01 (10.0.0.1:80)"]


async def test_fail_open_and_what_is_in_flight(rig: TellingRig) -> None:
    async def hang(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    target = await rig.target(hang)
    group = rig.group(target, minimum_healthy_targets_count=2)
    await rig.apply(rig.listener(), groups=(group,))
    await rig.healthy()
    first, second = await rig.client(), await rig.client()
    first.send(GET)
    await rig.at_target(1)
    second.send(GET)
    await rig.at_target(2)
    second.reset()
    await rig.logged(460)
    assert rig.said("target group")[0] == (
        "Target group web: too few targets are healthy, so requests go to its only registered target, "
        "healthy or not (fail open)."
    )
    assert rig.said("target")[0].endswith("1 request was in flight there.")
    first.reset()
    await rig.logged(460, 460)


async def test_a_story_in_korean_and_as_text(rig: TellingRig) -> None:
    await rig.serve(answer(OK))
    await rig.ask()
    story = rig.story()
    english, korean = story.text(), story.text("ko", 80)
    assert english.splitlines()[1] == "200 OK, from the target i-01."
    assert korean.splitlines()[1] == "200 OK: 대상 i-01의 응답."
    assert "기본 규칙이 적용됩니다" in korean
    assert story.to_json("ko")["steps"][0]["text"].startswith("클라이언트 127.0.0.1:")
    assert story.facts["target"] == "i-01"


SECRETS = (
    "Cookie: sid=geheim1; theme=dark",
    "Authorization: Bearer geheim2",
    "X-Api-Key: geheim3",
    "Referer: http://a.test/?t=geheim4",
)


async def test_secrets_are_masked_unless_their_owner_asks(rig: TellingRig) -> None:
    rules = [
        rule(10, HttpHeaderCondition(http_header_name="Cookie", values=("x",)), NOTHING),
        rule(20, HttpHeaderCondition(http_header_name="Authorization", values=("x",)), NOTHING),
        rule(30, HttpHeaderCondition(http_header_name="X-Api-Key", values=("geheim9",)), NOTHING),
        rule(40, HttpHeaderCondition(http_header_name="Referer", values=("x",)), NOTHING),
        rule(
            50,
            path("/*"),
            ForwardAction.to("web"),
            url_rewrite=Rewrite(regex=r"^/a\?", replace="/b?geheim=geheim8&"),
        ),
    ]
    target = await rig.target(answer(OK))
    await rig.apply(replace(rig.listener(), rules=tuple(rules)), groups=(rig.group(target),))
    await rig.healthy()
    await (await rig.client()).ask(get("/a?token=geheim5&x=geheim6 geheim7", *SECRETS))
    story = rig.story()
    assert story.facts["elb_status_code"] == 200
    for language in ("en", "ko"):
        told = str(story.to_json(language))
        assert "geheim" not in told.replace("geheim=", "")
    assert ["Cookie", "sid=***; theme=***"] in story.facts["headers"]
    shown = str(rig.story(unmasked=True).to_json())
    assert all(f"geheim{number}" in shown for number in range(1, 10))
    assert rig.story(unmasked=True).facts["is_unmasked"] is True


async def test_a_head_of_16_kb_is_told_with_the_verdicts_of_then(rig: TellingRig) -> None:
    rules = (
        rule(10, HttpHeaderCondition(http_header_name="X-Late", values=("b",)), FixedResponseAction(status_code=200)),
        rule(20, HttpHeaderCondition(http_header_name="X-Late", values=("a",)), FixedResponseAction(status_code=201)),
    )
    await rig.apply(replace(rig.listener(FixedResponseAction(status_code=404)), rules=rules))
    raw = f"GET / HTTP/1.1\r\nCookie: a={'x' * 15000}\r\nX-Late: a\r\nHost: late.test\r\n\r\n"
    assert (await rig.ask(raw.encode())).status == 201
    assert rig.said("rules") == [
        "Rule 20 decides: the rule before it does not match.",
        "rule 10: http-header X-Late: 'a' matches none of 'b'",
        "rule 20: matches",
    ]
    assert rig.said("head") == [f"GET / HTTP/1.1, host late.test, {len(raw) - 20} bytes of header."]
    assert rig.story().facts["is_head_cut"] is True


async def test_a_websocket(rig: TellingRig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        connection.close()

    await rig.serve(script)
    client = await rig.client()
    client.send(
        get("/", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: eA==", "Sec-WebSocket-Version: 13")
    )
    await client.response()
    await until(lambda: rig.records, "recorded")
    assert rig.said("response")[0].startswith("The target switched to WebSocket (101).")
