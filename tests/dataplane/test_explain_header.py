"""`X-Simlb-Explain: 1` gets one header back that says why; nothing where it is off, and nothing is paid for it."""

from __future__ import annotations

import dis
import re
from dataclasses import replace
from typing import Any

import pytest

from simlb.core.model import ForwardAction, RedirectAction, Rule
from simlb.dataplane import exchange as exchange_module
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.explain_header import ExplainingClient
from simlb.dataplane.h1_client import H1ClientConnection
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from tests.dataplane.harness import OK, Message, Rig, answer
from tests.dataplane.routes import fixed, get, header, path, reply, rule, says, weighted

ASK = "X-Simlb-Explain: 1"
SAFE = re.compile(r"[a-z_]+=[A-Za-z0-9._:,/\[\]-]+( [a-z_]+=[A-Za-z0-9._:,/\[\]-]+)*")


def told(message: Message) -> dict[str, str]:
    """The words of the header, which has to be there once."""
    (value,) = message.all("X-Simlb-Explain")
    assert len(value) <= 512
    assert SAFE.fullmatch(value)
    return dict(word.split("=", 1) for word in value.split(" "))


def is_silent(message: Message) -> bool:
    return message.all("X-Simlb-Explain") == []


RULES = (
    rule(10, path("/fixed"), action=fixed("no", 404)),
    rule(20, path("/old"), action=RedirectAction(path="/new")),
    rule(30, path("/empty"), action=ForwardAction.to("none")),
    rule(40, path("/dead"), action=ForwardAction.to("dead")),
    rule(50, path("/split"), action=weighted(web=3, none=0, sticky_s=60)),
    rule(60, path("/v1/*"), action=ForwardAction.to("web"), url=("^/v1", "/v2")),
    rule(70, header("X-Simlb-Explain", "1"), path("/seen"), action=fixed("seen")),
)


async def serve(rig: Rig, *, explain: bool = True, rules: tuple[Rule, ...] = RULES, **attributes: Any) -> None:
    web = await rig.target(answer(OK))
    gone = await rig.target(answer(OK))
    await gone.close()
    groups = (rig.group(web, **attributes), rig.group(name="none"), rig.group(gone, name="dead"))
    rig.node.explains = explain
    await rig.apply(rig.listener(ForwardAction.to("web"), rules=rules), groups=groups)
    await rig.healthy()
    await rig.healthy("dead")


FORWARDED = {"action": "forward", "group": "web", "target": "i-01", "by": "round_robin", "candidates": "1/1"}
NEW = {"connection": "new", "in_flight": "0"}
OF_TARGET = {"answered_by": "target"}
OF_LB = {"answered_by": "load_balancer"}
NOWHERE = {"action": "forward", "group": "none", "target": "-", "candidates": "0/0", "mode": "no_targets"}
CASES = [
    ("/", 200, {"rule": "default", **FORWARDED, **NEW, **OF_TARGET}),
    ("/fixed", 404, {"rule": "10", "action": "fixed-response", **OF_LB}),
    ("/old", 301, {"rule": "20", "action": "redirect", **OF_LB}),
    ("/empty", 503, {"rule": "30", **NOWHERE, **OF_LB}),
    (
        "/dead",
        502,
        {
            "rule": "40",
            **FORWARDED,
            "group": "dead",
            "connection": "none",
            "in_flight": "0",
            "failure": "refused",
            **OF_LB,
        },
    ),
    ("/split", 200, {"rule": "50", **FORWARDED, **NEW, "weight": "3/3", "group_cookie": "absent", **OF_TARGET}),
    (
        "/v1/x",
        200,
        {
            "rule": "60",
            **FORWARDED,
            "action": "rewrite,forward",
            **NEW,
            "transforms": "TransformSuccess",
            **OF_TARGET,
        },
    ),
    ("/seen", 200, {"rule": "70", "action": "fixed-response", **OF_LB}),
]


@pytest.mark.parametrize(("target", "status", "words"), CASES, ids=[case[0] for case in CASES])
async def test_what_is_told(rig: Rig, target: str, status: int, words: dict[str, str]) -> None:
    await serve(rig)
    client = await rig.client()
    message = await client.ask(get(target, ASK))
    assert (message.status, told(message)) == (status, words)
    assert is_silent(await client.ask(get(target))), "the next request on the connection has not asked"


async def test_a_connection_is_used_again(rig: Rig) -> None:
    await serve(rig)
    client = await rig.client()
    said = [told(await client.ask(get("/", ASK)))["connection"] for _ in range(3)]
    assert said == ["new", "reused", "reused"]


async def test_stickiness_and_algorithm(rig: Rig) -> None:
    await serve(rig, stickiness_enabled=True, algorithm="least_outstanding_requests")
    client = await rig.client()
    first = await client.ask(get("/", ASK))
    assert (told(first)["by"], told(first)["target_cookie"]) == ("least_outstanding_requests", "absent")
    cookie = first.all("Set-Cookie")[0].partition(";")[0]
    again = told(await client.ask(get("/", ASK, f"Cookie: {cookie}")))
    assert (again["by"], again["target_cookie"]) == ("cookie", "kept")


REFUSED = [
    (b"TRACE / HTTP/1.1\r\nHost: a.test\r\nX-Simlb-Explain: 1\r\n\r\n", 405, {}),
    (
        b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Simlb-Explain: 1\r\nContent-Length: x\r\n\r\n",
        400,
        {"desync": "Severe:BadContentLength"},
    ),
    (b"GET / HTTP/1.1\r\nX-Simlb-Explain: 1\r\n\r\n", 400, {}),
]


@pytest.mark.parametrize(("data", "status", "more"), REFUSED)
async def test_error_pages_tell_too(rig: Rig, data: bytes, status: int, more: dict[str, str]) -> None:
    await serve(rig)
    message = await rig.ask(data)
    assert (message.status, told(message)) == (status, {"rule": "-", "action": "-", **more, **OF_LB})


async def test_a_defect_that_is_forwarded(rig: Rig) -> None:
    await serve(rig)
    message = await rig.ask(get("/", ASK, "X-Bad\x01: 1"))
    assert told(message)["desync"] == "Acceptable:NonCompliantHeader"


async def test_the_target_gets_the_field_as_it_came(rig: Rig) -> None:
    await serve(rig)
    for line in (ASK, "x-simlb-explain: 1", "X-Simlb-Explain: please"):
        await rig.ask(get("/", line))
        assert line in rig.targets[0].requests[-1].lines


async def test_a_targets_own_header_of_that_name_gives_way(rig: Rig) -> None:
    await serve(rig)
    rig.targets[0].script = answer(reply("x", "X-Simlb-Explain: forged", "X-After: 1"))
    message = await rig.ask(get("/", ASK))
    assert told(message)["rule"] == "default"
    assert message["X-After"] == "1"
    unasked = await rig.ask(get("/"))
    assert unasked["X-Simlb-Explain"] == "forged", "what nobody asked for is an ordinary field"


async def test_names_stay_safe_and_the_header_short(rig: Rig) -> None:
    target = await rig.target(says("x"))
    described = replace(rig.describe(target), name='한글 "x"\r\nSet-Cookie: a=b' + "y" * 600)
    rig.node.explains = True
    await rig.apply(rig.listener(), groups=(rig.group(described),))
    await rig.healthy()
    message = await rig.ask(get("/", ASK))
    assert told(message) == {"rule": "default", "action": "forward", "group": "web"}
    described = replace(described, name='한글 "x"\r\nSet-Cookie: a=b')
    await rig.apply(groups=(rig.group(described),))
    assert told(await rig.ask(get("/", ASK)))["target"] == "____x___Set-Cookie:_a_b"


@pytest.mark.parametrize("line", ["X-Simlb-Explain: 0", "X-Simlb-Explain: yes", "X-Simlb-Explain:", "X-Explain: 1"])
async def test_who_asks_otherwise_is_not_answered(rig: Rig, line: str) -> None:
    await serve(rig)
    assert is_silent(await rig.ask(get("/", line)))


# -- off ---------------------------------------------------------------------------------------------------------------


async def test_it_is_off_by_default(rig: Rig) -> None:
    await serve(rig, explain=False)
    assert rig.new_node().explains is False
    for target, *_ in CASES:
        assert is_silent(await rig.ask(get(target, ASK)))


def loads(function: Any) -> set[str]:
    return {str(instruction.argval) for instruction in dis.get_instructions(function) if "LOAD" in instruction.opname}


def test_a_request_that_does_not_ask_pays_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only odd heads are looked at closer, and only a head that asks is odd for this; nothing later tests for it."""
    parser = RequestParser(FieldParser())
    for lines, is_odd in (((), False), ((ASK,), True), (("X-Simlb-Explain: 0",), False)):
        parsed = parser.parse(get("/", *lines))
        assert parsed is not None
        assert parsed[0].is_odd is is_odd
    hot = [
        Exchange.start,
        Exchange.on_response,
        Exchange._forward,
        Exchange._dispatch,
        Exchange._field_lines,
        Exchange._answer,
        Exchange._finish,
        H1ClientConnection.respond,
        H1ClientConnection.answer,
        H1ClientConnection._begin,
    ]
    for function in hot:
        assert loads(function) & {"asks_why", "explains", "ExplainingClient", "explanation"} == set()
    instructions = list(dis.get_instructions(Exchange.start))
    jump = next(place for place, one in enumerate(instructions) if one.argval == "is_odd") + 1
    heeds = next(place for place, one in enumerate(instructions) if one.argval == "_heed_question")
    evaluates = next(place for place, one in enumerate(instructions) if one.argval == "evaluate")
    assert "POP_JUMP" in instructions[jump].opname
    assert jump < heeds < evaluates
    assert instructions[jump].argval > instructions[heeds].offset, "an ordinary head jumps over it"


async def test_no_stream_stands_in_front_of_the_client_unless_it_asks(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Exchange] = []

    class Counted(ExplainingClient):
        def __init__(self, client: Any, exchange: Exchange) -> None:
            made.append(exchange)
            super().__init__(client, exchange)

    monkeypatch.setattr(exchange_module, "ExplainingClient", Counted)
    await serve(rig)
    for _ in range(3):
        await rig.ask(get("/"))
    assert made == []
    await rig.ask(get("/", ASK))
    assert len(made) == 1
    assert isinstance(made[0].client, H1ClientConnection), "it lets go of the exchange at its end"
