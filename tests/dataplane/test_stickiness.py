"""Sticky clients on real sockets: Set-Cookie lines byte for byte, and where cookies lead (reference 5.5, 5.6)."""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import replace
from email.utils import formatdate
from random import Random
from typing import Any

import pytest

from simlb.core.health import HealthState, Reason
from simlb.core.model import Certificate, HealthCheck, Protocol, RedirectAction, Target, TargetGroup
from simlb.core.target_group import TargetState
from tests.dataplane.harness import Message, Rig, Script, ScriptedTarget, TargetConnection, answer, until
from tests.dataplane.routes import (
    ERROR_REASON,
    ask_many,
    get,
    groups_of_one,
    matched,
    named,
    path,
    reply,
    route,
    rule,
    says,
    weighted,
)
from tests.dataplane.test_target_breaks import closed_port
from tests.dataplane.test_tls import connect, issue
from tests.dataplane.test_tunnels import SWITCH, UPGRADE

WEEK_S = 7 * 86400
APP = {"stickiness_type": "app_cookie", "app_cookie_name": "SESSION"}
CHROMIUM = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Safari/537.36"
)


def sticky(rig: Rig, *targets: ScriptedTarget | int | Target, **settings: Any) -> TargetGroup:
    return rig.group(*targets, stickiness_enabled=True, **settings)


async def serve(rig: Rig, *scripts: Script, **settings: Any) -> None:
    """A sticky group of these targets behind HTTP:80. The node's wall clock stands."""
    rig.node.wall = lambda: 1_709_032_913.25
    for script in scripts:
        await rig.target(script)
    await rig.apply(rig.listener(), groups=(sticky(rig, *rig.targets, **settings),))
    await rig.healthy()


async def serve_names(rig: Rig, *names: str, **settings: Any) -> None:
    await serve(rig, *map(says, names), **settings)


EXPIRES = formatdate(1_709_032_913 + WEEK_S, usegmt=True)
assert EXPIRES == "Tue, 05 Mar 2024 11:21:53 GMT"


def shape(cookie: str) -> str:
    """A Set-Cookie line whose value is replaced by how many base64 characters it has."""
    return re.sub(r"=[A-Za-z0-9+/]{100,}(?=;)", lambda match: f"=<{len(match[0]) - 1}>", cookie)


def values(response: Message) -> dict[str, str]:
    """The cookies that a response sets."""
    return dict(cookie.partition(";")[0].split("=", 1) for cookie in response.all("Set-Cookie"))


def cookie_of(response: Message, *names: str) -> str:
    """The Cookie field of a client that keeps what a response set, or only the cookies named."""
    found = values(response)
    return "Cookie: " + "; ".join(f"{name}={found[name]}" for name in names or found)


async def served_by(rig: Rig, *fields: str, count: int = 4, target: str = "/") -> str:
    """Who answers so many requests, each on a connection of its own: `aaaa`."""
    return "".join([(await rig.ask(get(target, *fields))).body.decode() for _ in range(count)])


def state(rig: Rig, number: int = 1) -> TargetState:
    return rig.node.groups["web"].targets[f"10.0.0.{number}", 80]


# -- the lines ---------------------------------------------------------------------------------------------------------

TARGET_LINES = ["Set-Cookie: own=1; HttpOnly", "X-Target: a", "Set-Cookie: own2=2"]
PAIR = [
    f"Set-Cookie: AWSALB=<124>; Expires={EXPIRES}; Path=/",
    f"Set-Cookie: AWSALBCORS=<124>; Expires={EXPIRES}; Path=/; SameSite=None",
]
GROUP_PAIR = [
    f"Set-Cookie: AWSALBTG=<172>; Expires={EXPIRES}; Path=/",
    f"Set-Cookie: AWSALBTGCORS=<172>; Expires={EXPIRES}; Path=/; SameSite=None",
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, ...]:
    return (issue(tmp_path_factory.mktemp("certificates"), 0, "lb.test"),)


@pytest.mark.parametrize("is_https", [False, True], ids=["HTTP", "HTTPS"])
@pytest.mark.parametrize(
    ("sticky_s", "is_sticky", "added"),
    [(None, True, PAIR), (60, False, GROUP_PAIR), (60, True, GROUP_PAIR + PAIR)],
    ids=["target", "group", "both"],
)
async def test_the_lines_of_a_response(
    rig: Rig,
    certificates: tuple[Certificate, ...],
    is_https: bool,
    sticky_s: int | None,
    is_sticky: bool,
    added: list[str],
) -> None:
    """Before the target's own lines; `Secure` on the twins alone, and on HTTPS alone."""
    rig.node.wall = lambda: 1_709_032_913.25
    target = await rig.target(says("a", *TARGET_LINES))
    listener = (
        rig.listener(weighted(web=1, sticky_s=sticky_s), port=443, protocol=Protocol.HTTPS, certificates=certificates)
        if is_https
        else rig.listener(weighted(web=1, sticky_s=sticky_s))
    )
    await rig.apply(listener, groups=(rig.group(target, stickiness_enabled=is_sticky),))
    await rig.healthy()
    client = await connect(rig) if is_https else await rig.client()
    for fields in ([], ["Cookie: SESSION=1"]):
        response = await client.ask(get("/", *fields))
        lines = [shape(line) for line in response.lines]
        secure = [line + "; Secure" if is_https and "CORS" in line else line for line in added]
        assert lines[:3] == [
            f"Date: {formatdate(1_709_032_913, usegmt=True)}",
            "Content-Length: 1",
            "Connection: keep-alive",
        ]
        assert lines[3:] == secure + TARGET_LINES
        found = values(response)
        assert found.get("AWSALB") == found.get("AWSALBCORS")
        assert found.get("AWSALBTG") == found.get("AWSALBTGCORS")
    await rig.logged(200, 200)
    assert rig.records[0].sent_bytes == rig.records[1].sent_bytes == len(response.head) + 1


RESPONSES = [
    ("chunked", "GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", b"a"),
    ("until the end", "GET", b"HTTP/1.0 200 OK\r\n\r\na", b"a"),
    ("HEAD", "HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b""),
    ("304", "GET", b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n', b""),
    ("204", "DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ("103 first", "GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + reply("a"), b"a"),
    ("the target's 503", "GET", reply("a", status="503 Busy"), b"a"),
    ("with a date", "GET", reply("a", "Date: Tue, 05 Mar 2024 11:21:53 GMT"), b"a"),
]


@pytest.mark.parametrize(("verb", "data", "body"), [row[1:] for row in RESPONSES], ids=[row[0] for row in RESPONSES])
async def test_every_response_of_a_target_has_them(rig: Rig, verb: str, data: bytes, body: bytes) -> None:
    await serve(rig, answer(data, close=b"HTTP/1.0" in data))
    client = await rig.client()
    for _ in range(2):
        response = await client.ask(get("/", method=verb), verb)
        assert [shape(f"Set-Cookie: {cookie}") for cookie in response.all("Set-Cookie")] == PAIR
        assert response.body == body
        assert response.head.count(b"\r\n\r\n") == 1


async def test_a_websocket_has_them_and_keeps_to_its_target(rig: Rig) -> None:
    async def upgrade(connection: TargetConnection) -> None:
        while request := await connection.request():
            await connection.send(SWITCH if request["Upgrade"] else reply("target"))

    await serve(rig, upgrade, upgrade)
    client = await rig.client()
    response = await client.ask(UPGRADE)
    assert response.status == 101
    assert [shape(f"Set-Cookie: {cookie}") for cookie in response.all("Set-Cookie")] == PAIR
    again = await rig.client()
    with_cookie = UPGRADE.replace(b"\r\n\r\n", f"\r\n{cookie_of(response)}\r\n\r\n".encode())
    assert (await again.ask(with_cookie)).status == 101
    assert [len(target.requests) for target in rig.targets] == [2, 0]
    assert await served_by(rig, cookie_of(response)) == "target" * 4
    assert [len(target.requests) for target in rig.targets] == [6, 0]


async def close_at_once(connection: TargetConnection) -> None:
    await connection.request()
    connection.close()


async def hang(connection: TargetConnection) -> None:
    await connection.request()
    await connection.hang()


async def test_answers_of_the_load_balancer_have_none(rig: Rig) -> None:
    """502, 503, 504, 500 of a transform, redirects and fixed responses."""
    scripts = {"cut": close_at_once, "silent": hang, "web": says("a")}
    for name, script in scripts.items():
        target = await rig.target(script)
        rig.groups[name] = sticky(rig, target, name=name)
    rig.groups["empty"] = sticky(rig, name="empty")
    await route(
        rig,
        *[rule(n, path(f"/{name}"), action=weighted(sticky_s=9, **{name: 1})) for n, name in enumerate(rig.groups, 1)],
        rule(5, path("/broken"), action=weighted(sticky_s=9, web=1), url=("^/", "")),
        rule(6, path("/moved"), action=RedirectAction(path="/web")),
    )
    cookies = cookie_of(await rig.ask(get("/web")))
    for place, status in {"cut": 502, "empty": 503, "broken": 500, "moved": 301, "fixed": 200}.items():
        response = await rig.ask(get(f"/{place}", cookies))
        assert (response.status, response["Set-Cookie"]) == (status, None)
    client = await rig.client()
    client.send(get("/silent"))
    await rig.at_target(target=1)
    await rig.clock.advance(61)
    response = await client.response()
    assert (response.status, response["Set-Cookie"]) == (504, None)


# -- targets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), ("AWSALB",), ("AWSALBCORS",)], ids=["both", "AWSALB", "AWSALBCORS"])
async def test_a_client_stays_with_its_target(rig: Rig, names: tuple[str, ...]) -> None:
    await serve_names(rig, "a", "b", "c")
    for name in "abc":
        response = await rig.ask(get())
        assert response.body.decode() == name
        assert await served_by(rig, cookie_of(response, *names)) == name * 4
    client = await rig.client()
    assert await ask_many(client, 3, get()) == ["a", "b", "c"], "others go on in turn"


async def test_awsalbcors_wins(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    a, b = values(await rig.ask(get())), values(await rig.ask(get()))
    assert await served_by(rig, f"Cookie: AWSALB={a['AWSALB']}; AWSALBCORS={b['AWSALBCORS']}") == "bbbb"
    assert await served_by(rig, f"Cookie: AWSALBCORS={a['AWSALBCORS']}", f"Cookie: AWSALB={b['AWSALB']}") == "aaaa"


async def test_the_target_gets_the_cookies_as_they_are(rig: Rig) -> None:
    await serve_names(rig, "a")
    field = cookie_of(await rig.ask(get())) + "; mine=1"
    await rig.ask(get("/", field))
    assert f"Cookie: {rig.targets[0].requests[1]['Cookie']}" == field


async def test_an_unhealthy_target_loses_its_clients_for_good(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    cookies = cookie_of(await rig.ask(get()))
    check = HealthCheck(interval_s=5, unhealthy_threshold_count=2)  # to where requests go, and there nobody listens
    group = sticky(rig, closed_port(), rig.targets[1])
    await rig.apply(groups=(replace(group, health_check=check),))
    assert (await rig.ask(get("/", cookies))).status == 502, "not known to be ill yet"
    await rig.clock.advance(11)
    assert state(rig).health.state is HealthState.UNHEALTHY
    response = await rig.ask(get("/", cookies))
    assert response.body == b"b"
    renewed = cookie_of(response)
    check = HealthCheck(interval_s=5, healthy_threshold_count=2, port=rig.health_port)
    await rig.apply(groups=(replace(sticky(rig, *rig.targets), health_check=check),))
    await rig.clock.advance(30)
    assert state(rig).health.state is HealthState.HEALTHY
    assert await served_by(rig, renewed) == "bbbb"
    assert await served_by(rig, cookies) == "aaaa", "the old cookie still leads there"


async def test_all_unhealthy_keep_their_clients(rig: Rig) -> None:
    """The group fails open (reference 11, point 26)."""
    await serve_names(rig, "a", "b")
    first, second = await rig.ask(get()), await rig.ask(get())
    check = HealthCheck(port=closed_port(), interval_s=5)
    await rig.apply(groups=(replace(sticky(rig, *rig.targets), health_check=check),))
    await rig.clock.advance(11)
    assert state(rig, 1).health.state is state(rig, 2).health.state is HealthState.UNHEALTHY
    assert await served_by(rig, cookie_of(first)) + await served_by(rig, cookie_of(second)) == "aaaabbbb"


async def test_a_draining_target_loses_its_clients_and_has_them_again(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    cookies = cookie_of(await rig.ask(get()))
    left = rig.describe(rig.targets[1], 2)
    rig.node.change_target_groups({"web": sticky(rig, left)})
    assert state(rig).health.state is HealthState.DRAINING
    response = await rig.ask(get("/", cookies))
    assert response.body == b"b"
    assert await served_by(rig, cookie_of(response)) == "bbbb"
    rig.node.change_target_groups({"web": sticky(rig, *rig.targets)})
    await rig.healthy()
    assert await served_by(rig, cookies) == "aaaa", "registered again while it drained"
    rig.node.change_target_groups({"web": sticky(rig, left)})
    await rig.clock.advance(301)
    assert len(rig.node.groups["web"].targets) == 1
    assert await served_by(rig, cookies, count=1) == "b"
    rig.node.change_target_groups({"web": sticky(rig, *rig.targets)})
    await rig.healthy()
    assert await served_by(rig, cookies) == "aaaa", "registered again after it was gone"


async def test_a_target_that_is_not_probed_yet_gets_nobody(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    cookies = cookie_of(await rig.ask(get()))
    left = rig.describe(rig.targets[1], 2)
    rig.node.change_target_groups({"web": sticky(rig, left)})
    never = replace(sticky(rig, *rig.targets), health_check=HealthCheck(port=closed_port()))
    rig.node.change_target_groups({"web": never})
    assert state(rig).health.reason in {Reason.REGISTRATION_IN_PROGRESS, Reason.INITIAL_HEALTH_CHECKING}
    assert await served_by(rig, cookies) == "bbbb"


# -- bad cookies -------------------------------------------------------------------------------------------------------


def flipped(value: str) -> str:
    raw = bytearray(base64.b64decode(value))
    raw[40] ^= 1
    return base64.b64encode(raw).decode()


BAD = {
    "altered": flipped,
    "truncated": lambda value: value[:-4],
    "padded": lambda value: value + "====",
    "URL-encoded": lambda value: value.replace("+", "%2B").replace("/", "%2F") + "%3D",
    "quoted": lambda value: f'"{value}"',
    "another alphabet": lambda value: value.translate(str.maketrans("+/", "-_"))[:-1] + "-",
    "empty": lambda value: "",
    "random": lambda value: base64.b64encode(Random(3).randbytes(93)).decode(),
    "not ASCII": lambda value: "é" * 62,
    "huge": lambda value: "A" * 8000,
    "many": lambda value: "; ".join(["x"] + [f"AWSALB={value[:-4]}{n:04}" for n in range(50)]),
}


@pytest.mark.parametrize("name", ["AWSALB", "AWSALBCORS"])
@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
async def test_a_bad_cookie_is_no_cookie(rig: Rig, name: str, spoil: Any) -> None:
    await serve_names(rig, "a", "b")
    bad = spoil(values(await rig.ask(get()))[name])
    client = await rig.client()
    data = get("/", f"Cookie: {name}={bad}")
    responses = [await client.ask(data) for _ in range(4)]
    assert "".join(response.body.decode() for response in responses) == "baba"
    assert all([shape(f"Set-Cookie: {c}") for c in response.all("Set-Cookie")] == PAIR for response in responses)
    await rig.logged(*[200] * 5)
    assert {line[ERROR_REASON] for line in rig.lines} == {"-"}


async def test_cookies_of_another_group_or_load_balancer_lead_nowhere(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    foreign = Rig()
    await foreign.start()
    try:
        await serve_names(foreign, "x")
        stranger = cookie_of(await foreign.ask(get()))
    finally:
        await foreign.close()
    for target in rig.targets[:1]:
        rig.groups["other"] = sticky(rig, target, name="other")
    await route(rig, rule(1, path("/other"), action=weighted(other=1)), action=weighted(web=1))
    other = cookie_of(await rig.ask(get("/other")))
    assert await served_by(rig, stranger) == await served_by(rig, other) == "abab"


# -- time --------------------------------------------------------------------------------------------------------------


async def test_cookies_expire_after_the_configured_duration(rig: Rig) -> None:
    await serve_names(rig, "a", "b", lb_cookie_duration_s=40)
    cookies = cookie_of(await rig.ask(get()))
    await rig.clock.advance(39)
    assert await served_by(rig, cookies) == "aaaa"
    await rig.clock.advance(1)
    assert await served_by(rig, cookies) == "baba"


async def test_every_response_renews_the_cookie(rig: Rig) -> None:
    await serve_names(rig, "a", "b", lb_cookie_duration_s=40)
    response = await rig.ask(get())
    for _ in range(4):
        await rig.clock.advance(30)
        response = await rig.ask(get("/", cookie_of(response)))
        assert response.body == b"a"


async def test_a_shorter_duration_counts_at_once(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    cookies = cookie_of(await rig.ask(get()))
    await rig.clock.advance(100)
    rig.node.change_target_groups({"web": sticky(rig, *rig.targets, lb_cookie_duration_s=100)})
    assert await served_by(rig, cookies, count=2) == "ba"
    rig.node.change_target_groups({"web": sticky(rig, *rig.targets, lb_cookie_duration_s=101)})
    assert await served_by(rig, cookies, count=2) == "aa"


async def test_stickiness_outlives_a_reload_and_ends_when_it_is_switched_off(rig: Rig) -> None:
    await serve_names(rig, "a", "b")
    cookies = cookie_of(await rig.ask(get()))
    await rig.apply(rig.listener(), rig.listener(port=81), groups=(sticky(rig, *rig.targets),), idle_timeout_s=30)
    assert await served_by(rig, cookies) == "aaaa"
    await rig.apply(groups=(rig.group(*rig.targets),))
    response = await rig.ask(get("/", cookies))
    assert response["Set-Cookie"] is None
    assert await served_by(rig, cookies, count=2) in {"ab", "ba"}
    await rig.apply(groups=(sticky(rig, *rig.targets),))
    assert await served_by(rig, cookies) == "aaaa"


# -- application cookies -----------------------------------------------------------------------------------------------

REMOVED = [f"Set-Cookie: AWSALBAPP-{number}=_remove_; Expires={EXPIRES}; Path=/" for number in range(4)]
APP_LINE = f"Set-Cookie: AWSALBAPP-0=<124>; Expires={EXPIRES}; Path=/"


def application(name: str) -> Script:
    """Begins a session at `/login`, and otherwise sets nothing."""

    async def script(connection: TargetConnection) -> None:
        while request := await connection.request():
            login = ["Set-Cookie: SESSION=s1; HttpOnly"] if "/login" in request.start_line else []
            await connection.send(reply(name, *login))

    return script


def app_lines(response: Message) -> list[str]:
    return [shape(line) for line in response.lines if "AWSALB" in line]


async def test_a_session_begins_with_the_applications_cookie_and_is_kept(rig: Rig) -> None:
    await serve(rig, application("a"), application("b"), **APP)
    before = await rig.ask(get())
    assert app_lines(before) == REMOVED
    login = await rig.ask(get("/login", cookie_of(before)))
    assert (login.body, app_lines(login)) == (b"b", [APP_LINE])
    assert "Set-Cookie: SESSION=s1; HttpOnly" in login.lines
    for _ in range(3):
        again = await rig.ask(get("/", cookie_of(login)))
        assert (again.body, app_lines(again)) == (b"b", [APP_LINE])
    renewed = f"{cookie_of(again)}; SESSION=anything"
    assert await served_by(rig, renewed) == "bbbb"


@pytest.mark.parametrize("missing", ["SESSION", "AWSALBAPP-0"])
async def test_both_cookies_are_needed(rig: Rig, missing: str) -> None:
    await serve(rig, application("a"), application("b"), **APP)
    login = await rig.ask(get("/login"))
    (left,) = set(values(login)) - {missing}
    responses = [await rig.ask(get("/", cookie_of(login, left))) for _ in range(4)]
    assert "".join(response.body.decode() for response in responses) == "baba"
    assert [app_lines(response) for response in responses] == [REMOVED] * 4


async def test_an_application_that_moves_takes_its_session_along(rig: Rig) -> None:
    await serve(rig, application("a"), application("b"), **APP)
    login = await rig.ask(get("/login"))
    left = rig.describe(rig.targets[1], 2)
    rig.node.change_target_groups({"web": sticky(rig, left, **APP)})
    moved = await rig.ask(get("/", cookie_of(login)))
    assert (moved.body, app_lines(moved)) == (b"b", REMOVED), "the new target knows no such session"
    again = await rig.ask(get("/login", cookie_of(login)))
    rig.node.change_target_groups({"web": sticky(rig, *rig.targets, **APP)})
    await rig.healthy()
    assert await served_by(rig, cookie_of(again)) == "bbbb"


@pytest.mark.parametrize(
    ("fields", "suffix"),
    [
        (("Origin: http://a.test", CHROMIUM), "; SameSite=None; Secure"),
        ((CHROMIUM,), ""),
        (("Origin: http://a.test", CHROMIUM.replace("80", "79")), ""),
        (("Origin: http://a.test", "User-Agent: Safari/605.1"), ""),
        (("Origin: http://a.test",), ""),
    ],
    ids=["CORS, Chromium 80", "no CORS", "Chromium 79", "Safari", "no User-Agent"],
)
async def test_same_site_none_for_cors_from_chromium(rig: Rig, fields: tuple[str, ...], suffix: str) -> None:
    await serve(rig, application("a"), **APP)
    login = await rig.ask(get("/login", *fields))
    assert app_lines(login) == [APP_LINE + suffix]


async def test_app_sessions_expire(rig: Rig) -> None:
    await serve(rig, application("a"), application("b"), app_cookie_duration_s=40, **APP)
    login = cookie_of(await rig.ask(get("/login")))
    await rig.clock.advance(39)
    assert await served_by(rig, login, count=2) == "aa"
    await rig.clock.advance(1)
    assert await served_by(rig, login, count=2) == "ba"


# -- groups ------------------------------------------------------------------------------------------------------------


def sticky_rule(**weights: int) -> Any:
    return rule(1, path("/shop*"), action=weighted(sticky_s=100, **weights))


async def test_a_client_stays_with_its_group(rig: Rig) -> None:
    await groups_of_one(rig, "a", "b")
    await route(rig, sticky_rule(a=1, b=1))
    firsts = {response.body: response for response in [await rig.ask(get("/shop")) for _ in range(12)]}
    assert set(firsts) == {b"a", b"b"}
    for name, response in firsts.items():
        for kept in ((), ("AWSALBTG",), ("AWSALBTGCORS",)):
            assert await served_by(rig, cookie_of(response, *kept), target="/shop/2") == name.decode() * 4
    assert set(matched(rig)) == {"1"}


async def test_a_group_keeps_its_clients_when_its_weight_falls_to_zero(rig: Rig) -> None:
    await groups_of_one(rig, "a", "b")
    await route(rig, sticky_rule(a=1, b=0))
    cookies = cookie_of(await rig.ask(get("/shop")))
    await route(rig, sticky_rule(a=0, b=1))
    assert await served_by(rig, cookies, target="/shop") == "aaaa"
    assert await served_by(rig, target="/shop") == "bbbb"
    await rig.clock.advance(100)
    assert await served_by(rig, cookies, target="/shop") == "bbbb"
    await route(rig, sticky_rule(b=1), rule(2, path("/a"), action=weighted(a=1)))
    fresh = await rig.ask(get("/shop", cookies))
    assert fresh.body == b"b", "the group is not among the rule's any more"
    assert {line[ERROR_REASON] for line in rig.lines} == {"-"}


async def test_every_response_renews_the_group_cookie(rig: Rig) -> None:
    await groups_of_one(rig, "a", "b")
    await route(rig, sticky_rule(a=1, b=0))
    first = await rig.ask(get("/shop"))
    await route(rig, sticky_rule(a=0, b=1))
    await rig.clock.advance(60)
    renewed = await rig.ask(get("/shop", cookie_of(first)))
    await rig.clock.advance(60)
    assert await served_by(rig, cookie_of(renewed), target="/shop") == "aaaa"
    assert await served_by(rig, cookie_of(first), target="/shop") == "bbbb"


async def test_a_cookie_counts_in_every_rule_that_names_the_group(rig: Rig) -> None:
    await groups_of_one(rig, "a", "b", "c")
    other = rule(2, path("/other"), action=weighted(sticky_s=100, a=1, c=99))
    without = rule(3, path("/without"), action=weighted(a=0, c=1))
    await route(rig, sticky_rule(a=1, b=0), other, without)
    cookies = cookie_of(await rig.ask(get("/shop")))
    assert await served_by(rig, cookies, target="/other") == "aaaa"
    assert await served_by(rig, cookies, target="/without") == "cccc"


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", ["AWSALBTG", "AWSALBTGCORS"])
async def test_a_bad_group_cookie_is_told_in_the_log(rig: Rig, name: str, spoil: Any) -> None:
    """The client only gets a fresh choice (reference 11, point 24)."""
    await groups_of_one(rig, "a", "b")
    await route(rig, sticky_rule(a=1, b=0))
    bad = spoil(values(await rig.ask(get("/shop")))[name])
    response = await rig.ask(get("/shop", f"Cookie: {name}={bad}"))
    assert response.body == b"a"
    assert [shape(f"Set-Cookie: {cookie}")[:21] for cookie in response.all("Set-Cookie")] == [
        "Set-Cookie: AWSALBTG=",
        "Set-Cookie: AWSALBTGC",
    ]
    await rig.logged(200, 200)
    assert [line[ERROR_REASON] for line in rig.lines] == ["-", "AWSALBTGCookieInvalid"]


async def test_a_client_stays_with_its_target_in_its_group(rig: Rig) -> None:
    await named(rig, "a", "b", "c", "d")
    groups = {"ab": rig.targets[:2], "cd": rig.targets[2:]}
    rig.groups = {name: sticky(rig, *targets, name=name) for name, targets in groups.items()}
    await route(rig, sticky_rule(ab=1, cd=1))
    seen: Counter[bytes] = Counter()
    for _ in range(16):
        response = await rig.ask(get("/shop"))
        assert [cookie.partition("=")[0] for cookie in response.all("Set-Cookie")] == [
            "AWSALBTG", "AWSALBTGCORS", "AWSALB", "AWSALBCORS"
        ]  # fmt: skip
        seen[response.body] += 1
        assert await served_by(rig, cookie_of(response), count=2, target="/shop") == response.body.decode() * 2
    assert set(seen) == {b"a", b"b", b"c", b"d"}


async def test_an_empty_group_keeps_its_clients_too(rig: Rig) -> None:
    await groups_of_one(rig, "a", "b")
    await route(rig, sticky_rule(a=1, b=0))
    cookies = cookie_of(await rig.ask(get("/shop")))
    await rig.apply(groups=(rig.group(name="a"), rig.groups["b"]))
    assert (await rig.ask(get("/shop", cookies))).status == 503
    await until(lambda: len(rig.records) == 2)
    assert rig.lines[1][16].endswith(":targetgroup/a/73e2d6bc24d8a067")
