"""Which cause is told for which failure, and that the load balancer is not taken for the target."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from simlb.core.model import (
    FixedResponseAction,
    ForwardAction,
    HealthCheck,
    RedirectAction,
    Rewrite,
    Rule,
    WeightedTargetGroup,
)
from simlb.dataplane.exchange import Kept, Rare
from simlb.dataplane.target_failure import TargetFailure
from simlb.explain.causes import CAUSES, Outcome, cause_of, outcomes_of
from simlb.explain.exchange_story import story_of
from simlb.explain.failures import failure_words
from simlb.explain.remembered import Remembered
from simlb.explain.veil import Veil
from tests.dataplane.harness import GET, OK, TargetConnection, answer, until
from tests.dataplane.routes import get, says
from tests.explain.conftest import TellingRig
from tests.explain.test_log_line import line_of

Play = Callable[[TellingRig], Awaitable[None]]


# -- the table of causes -----------------------------------------------------------------------------------------------


def test_every_outcome_has_its_cause() -> None:
    assert set(CAUSES) == set(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_cause_is_whole_in_both_languages(outcome: Outcome) -> None:
    entry = cause_of(outcome)
    assert entry.next_steps, "there is always something to do"
    for words in (entry.cause, *entry.next_steps):
        assert re.search("[가-힣]", words.ko)
        assert not re.search("[가-힣]", words.en)
        for text in (words.en, words.ko):
            assert text.endswith((".", "?", ")"))
            assert not re.search(r"(?<!#)[{}]", text.replace("#{query}", ""))


def test_names_are_filled_in() -> None:
    assert cause_of(Outcome.CLOSED, target="i-03").cause.en.startswith("i-03 closed the connection")
    assert cause_of(Outcome.CLOSED).cause.en.startswith("The target closed the connection")


def test_what_may_lie_behind_a_status() -> None:
    assert Outcome.REFUSED in outcomes_of(502)
    assert set(outcomes_of(503)) == {
        Outcome.NO_TARGETS,
        Outcome.GROUP_UNUSED,
        Outcome.ALL_INITIAL,
        Outcome.WEIGHTS_ZERO,
        Outcome.GROUP_GONE,
        Outcome.NO_DESCRIPTOR,
    }
    assert outcomes_of(418) == ()


@pytest.mark.parametrize("failure", TargetFailure)
def test_every_way_to_fail_has_words_and_an_outcome(failure: TargetFailure) -> None:
    line = line_of(GET, elb_status_code=failure.status_code, sent_bytes=99, matched_rule_priority=0, action="forward")
    kept = Kept(b"", None, None, None, 0, False, Rare(failure))
    story = story_of(Remembered(number=7, line=line, kept=kept), Veil())
    outcome = Outcome(story.facts["outcome"])
    assert CAUSES[outcome].status_code == failure.status_code
    assert failure_words(failure).en in story.outcome.en
    assert failure_words(failure).ko in story.outcome.ko


# -- exchanges ---------------------------------------------------------------------------------------------------------


def sends(raw: bytes, method: str = "GET") -> Play:
    async def play(rig: TellingRig) -> None:
        await rig.serve(answer(OK))
        await (await rig.client()).ask(raw, method)

    return play


def leaves(raw: bytes) -> Play:
    async def play(rig: TellingRig) -> None:
        await rig.serve(hang)
        client = await rig.client()
        client.send(raw)
        await rig.accepted()
        if raw == GET:
            await rig.at_target()
        else:
            await asyncio.sleep(0.01)
        client.half_close()
        await until(lambda: rig.records, "recorded")

    return play


async def hang(connection: TargetConnection) -> None:
    await connection.request()
    await connection.hang()


def served_by(script: Any) -> Play:
    async def play(rig: TellingRig) -> None:
        await rig.serve(script)
        await rig.ask()

    return play


async def close_at_once(connection: TargetConnection) -> None:
    await connection.request()
    connection.close()


async def once_then_close(connection: TargetConnection) -> None:
    await connection.request()
    await connection.send(OK)
    await connection.request()
    connection.close()


async def cut_short(connection: TargetConnection) -> None:
    await connection.request()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
    connection.close()


async def refused(rig: TellingRig) -> None:
    gone = await rig.target()
    port = gone.port
    await gone.close()
    await rig.serve(port)
    await rig.ask()


async def reused(rig: TellingRig) -> None:
    await rig.serve(once_then_close)
    client = await rig.client()
    await client.ask()
    await client.ask()


async def idle(rig: TellingRig) -> None:
    await rig.serve(hang)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    await rig.clock.advance(62)
    await client.response()


async def slow_client(rig: TellingRig) -> None:
    await rig.serve(hang)
    client = await rig.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1")
    await rig.accepted()
    await until(lambda: rig.targets[0].connections, "at the target")
    await rig.clock.advance(62)
    await client.response()


async def cut(rig: TellingRig) -> None:
    await rig.serve(cut_short)
    client = await rig.client()
    client.send(GET)
    await client.rest()


async def deregistered(rig: TellingRig) -> None:
    target = await rig.target(hang)
    await rig.apply(rig.listener(), groups=(rig.group(target, delay_s=5),))
    await rig.healthy()
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    await rig.apply(groups=(rig.group(delay_s=5),))
    await rig.clock.advance(6)
    await client.response()


async def no_targets(rig: TellingRig) -> None:
    await rig.apply(rig.listener(), groups=(rig.group(),))
    await rig.ask()


async def initial(rig: TellingRig) -> None:
    target = await rig.target(hang)
    check = HealthCheck(port=target.port)
    await rig.apply(rig.listener(), groups=(replace(rig.group(target), health_check=check),))
    await rig.ask()


async def weights_zero(rig: TellingRig) -> None:
    action = ForwardAction(target_groups=(WeightedTargetGroup(target_group="web", weight=0),))
    await rig.apply(rig.listener(action), groups=(rig.group(),))
    await rig.ask()


async def transform(rig: TellingRig) -> None:
    broken = Rule(
        priority=1,
        arn="r",
        conditions=(),
        action=ForwardAction.to("web"),
        url_rewrite=Rewrite(regex="^/", replace="no slash"),
    )
    target = await rig.target(answer(OK))
    await rig.apply(rig.listener(rules=(broken,)), groups=(rig.group(target),))
    await rig.healthy()
    await rig.ask()


async def to_itself(rig: TellingRig) -> None:
    await rig.apply(rig.listener(RedirectAction(host="lb.test")))
    await rig.ask()


async def long_location(rig: TellingRig) -> None:
    await rig.apply(rig.listener(RedirectAction(path="/#{path}/#{path}")))
    await rig.ask(get("/" + "x" * 5000))


async def fixed(rig: TellingRig) -> None:
    await rig.apply(rig.listener(FixedResponseAction(status_code=403)))
    await rig.ask()


async def loop(rig: TellingRig) -> None:
    await rig.serve(says("", "Location: https://lb.test/", status="301 Moved Permanently"))
    client = await rig.client()
    for _ in range(3):
        await client.ask()


async def strictest(rig: TellingRig) -> None:
    await rig.serve(answer(OK), desync_mitigation_mode="strictest")
    await rig.ask(get("/a b"))


@pytest.mark.parametrize(
    ("outcome", "status", "maker", "play"),
    [
        (Outcome.REFUSED, 502, "load balancer", refused),
        (Outcome.CLOSED, 502, "load balancer", served_by(close_at_once)),
        (Outcome.KEEP_ALIVE_ENDED, 502, "load balancer", reused),
        (Outcome.MALFORMED_RESPONSE, 502, "load balancer", served_by(answer(b"hello there\r\n\r\n", close=True))),
        (Outcome.DEREGISTERED, 502, "load balancer", deregistered),
        (Outcome.IDLE, 504, "load balancer", idle),
        (Outcome.NO_TARGETS, 503, "load balancer", no_targets),
        (Outcome.WEIGHTS_ZERO, 503, "load balancer", weights_zero),
        (Outcome.TRANSFORM_FAILED, 500, "load balancer", transform),
        (Outcome.LOCATION_TOO_LONG, 507, "load balancer", long_location),
        (Outcome.REDIRECT_TO_ITSELF, 301, "load balancer", to_itself),
        (Outcome.RULE_SAID_ERROR, 403, "load balancer", fixed),
        (Outcome.REQUEST_TIMED_OUT, 408, "load balancer", slow_client),
        (Outcome.RESPONSE_CUT, 200, "target", cut),
        (Outcome.TARGET_SAID_5XX, 502, "target", served_by(says("mine", status="502 Bad Gateway"))),
        (Outcome.TARGET_SAID_4XX, 404, "target", served_by(says("", status="404 Not Found"))),
        (Outcome.TARGET_REDIRECTS_AGAIN, 301, "target", loop),
        (None, 301, "target", served_by(says("", "Location: /x", status="301 Moved Permanently"))),
        (None, 200, "target", sends(GET)),
        (Outcome.CLIENT_CLOSED, 460, "nobody", leaves(GET)),
        (
            Outcome.CLIENT_GONE_IN_REQUEST,
            400,
            "nobody",
            leaves(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1"),
        ),
        (Outcome.NOT_HTTP, 400, "nobody", leaves(b"\x16\x03\x01\x02\x00")),
        (Outcome.MALFORMED_REQUEST, 400, "load balancer", sends(b"\x01\x02garbage\r\n\r\n")),
        (Outcome.NO_HOST, 400, "load balancer", sends(b"GET / HTTP/1.1\r\n\r\n")),
        (Outcome.HEAD_TOO_LARGE, 400, "load balancer", sends(get("/", f"Cookie: a={'x' * 16400}"))),
        (Outcome.HEAD_TOO_LARGE, 400, "load balancer", sends(get("/", *[f"X-{n}: {'x' * 9000}" for n in range(8)]))),
        (
            Outcome.DESYNC,
            400,
            "load balancer",
            sends(get("/", "Content-Length: 1", "Content-Length: 2")),
        ),
        (Outcome.DESYNC, 400, "load balancer", strictest),
        (Outcome.ALL_INITIAL, 503, "load balancer", initial),
        (
            Outcome.BAD_BODY,
            400,
            "load balancer",
            sends(get("/", "Transfer-Encoding: chunked", method="POST") + b"zz\r\n"),
        ),
        (Outcome.METHOD_REFUSED, 405, "load balancer", sends(get("/", method="TRACE"))),
        (Outcome.URI_TOO_LONG, 414, "load balancer", sends(get("/" + "x" * 17000))),
        (
            Outcome.TOO_MANY_ADDRESSES,
            463,
            "load balancer",
            sends(get("/", "X-Forwarded-For: " + ", ".join(["1.1.1.1"] * 31))),
        ),
        (
            Outcome.ENCODING_UNKNOWN,
            501,
            "load balancer",
            sends(get("/", "Transfer-Encoding: gzip, chunked", method="POST") + b"0\r\n\r\n"),
        ),
        (Outcome.VERSION_UNKNOWN, 505, "load balancer", sends(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n")),
    ],
)
async def test_outcomes(rig: TellingRig, outcome: Outcome | None, status: int, maker: str, play: Play) -> None:
    await play(rig)
    await until(lambda: rig.records, "recorded")
    story = rig.story()
    assert (story.facts["elb_status_code"], story.facts["outcome"], story.produced_by) == (status, outcome, maker)
    assert (story.cause is None) is (outcome is None)
    assert bool(story.next_steps) is (outcome is not None)
    for words in (story.subject, story.outcome, *(step.words for step in story.steps)):
        for text in (words.en, words.ko):
            assert text.isprintable()
