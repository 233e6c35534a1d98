"""Rules on real sockets: what matches, what the target gets, what the client gets, what the log says (reference 1.3).

The vectors are those of reference section 10. More of stickiness and algorithms: `test_stickiness`, `test_algorithms`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from simlb.core.health import HealthState
from simlb.core.model import Action, Certificate, Condition, HealthCheck, HttpHeaderCondition, Protocol, RedirectAction
from tests.dataplane.harness import Message, Rig, ScriptedTarget, answer, echo, until
from tests.dataplane.routes import (
    ACTIONS,
    ERROR_REASON,
    PRIORITY,
    REDIRECT_URL,
    TRANSFORM_STATUS,
    TRANSFORMED_HOST,
    TRANSFORMED_URI,
    ask_many,
    bodies,
    fixed,
    get,
    groups_of_one,
    header,
    host_is,
    matched,
    method,
    named,
    path,
    query,
    route,
    rule,
    says,
    source,
    weighted,
)
from tests.dataplane.test_target_breaks import closed_port
from tests.dataplane.test_tls import connect, issue
from tests.dataplane.test_tunnels import SWITCH, UPGRADE
from tests.dataplane.tls_targets import secure_target

CHROME = "User-Agent: Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"

# -- which rule --------------------------------------------------------------------------------------------------------

MATCHES: list[tuple[str, Condition, bytes, bool]] = [
    ("vector 2: a subdomain", host_is("*.example.com"), get(host="test.example.com"), True),
    ("vector 2: any case, any port", host_is("*.example.com"), get(host="TEST.Example.COM:8080"), True),
    ("vector 2: not the domain itself", host_is("*.example.com"), get(host="example.com"), False),
    ("host by regex", host_is(regex=(r"^(a|b)\.example\.com$",)), get(host="B.example.com"), True),
    ("host by regex, another", host_is(regex=(r"^(a|b)\.example\.com$",)), get(host="c.example.com"), False),
    ("the URI's host", host_is("shop.test"), get("http://shop.test/x", host="other.test"), True),
    ("the URI's host, not the field's", host_is("shop.test"), get("http://other.test/x"), False),
    ("the first of several Hosts", host_is("shop.test"), get("/", "Host: other.test"), True),
    ("not the second of several Hosts", host_is("other.test"), get("/", "Host: other.test"), False),
    ("no Host", host_is("*.*"), b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
    ("vector 3: an empty rest", path("/img/*"), get("/img/"), True),
    ("vector 3: across slashes", path("/img/*"), get("/img/a/b"), True),
    ("vector 3: the slash is part of it", path("/img/*"), get("/img"), False),
    ("vector 3: case matters", path("/img/*"), get("/IMG/a"), False),
    ("the path of an absolute URI", path("/img/*"), get("http://shop.test/img/a"), True),
    ("the path ends before the query", path("/img"), get("/img?/no"), True),
    ("dot segments are collapsed", path("/admin/*"), get("/img/../admin/x"), True),
    ("encoded letters are decoded", path("/admin/*"), get("/%61dmin/x"), True),
    ("path by regex", path(regex=("^/v[0-9]+/",)), get("/v12/x"), True),
    ("path by regex, another case", path(regex=("^/v[0-9]+/",)), get("/V12/x"), False),
    ("asterisk form", path("/*"), get("*", method="OPTIONS"), False),
    ("a header", header("X-Canary", "yes"), get("/", "x-canary: YES"), True),
    ("a header by its end", header("X-Canary", "y?s*"), get("/", "X-Canary: y-s of course"), True),
    ("the second of two headers", header("X-Canary", "yes"), get("/", "X-Canary: no", "X-Canary: yes"), True),
    ("a header's parts are no values", header("X-Canary", "yes"), get("/", "X-Canary: no, yes"), False),
    ("a header by regex", header("X-Canary", regex=(".+",)), get("/", "X-Canary: x"), True),
    ("an empty header", header("X-Canary", regex=(".+",)), get("/", "X-Canary:"), False),
    ("another header", header("X-Canary", "*"), get("/", "X-Canaries: yes"), False),
    ("a method", method("GET", "PURGE"), get(method="PURGE"), True),
    ("another method", method("GET", "PURGE"), get(method="HEAD"), False),
    ("methods have a case", method("GET"), get(method="get"), False),
    ("vector 4: any case", query(("version", "v1")), get("/?VERSION=V1"), True),
    ("vector 4: within another value", query(("version", "v1")), get("/?x=version=v1"), False),
    ("vector 4: a value of any key", query((None, "*example*")), get("/?a=b&c=an-example-d"), True),
    ("vector 4: a value of no key", query((None, "*example*")), get("/?example=b"), False),
    ("a query in the raw", query(("q", "a b")), get("/?q=a%20b"), False),
    ("no query", query((None, "*")), get("/"), False),
    ("the client's network", source("10.0.0.0/8", "127.0.0.1/32"), get(), True),
    ("another network", source("127.0.0.2/32"), get("/", "X-Forwarded-For: 127.0.0.2"), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "data", "matches"), [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES]
)
async def test_conditions(rig: Rig, condition: Condition, data: bytes, matches: bool) -> None:
    await route(rig, rule(20, condition))
    client = await rig.client()
    response = await client.ask(data, data.split(b" ")[0].decode())
    assert response.status == 200
    await rig.logged(200)
    assert matched(rig) == ["20" if matches else "0"]
    if not data.startswith(b"HEAD"):
        assert response.body == (b"20" if matches else b"0")
    assert rig.lines[0][ACTIONS] == "fixed-response"


AS_SENT: list[tuple[str, str, tuple[str, ...]]] = [
    ("X-Forwarded-For", "203.0.113.*", ("X-Forwarded-For: 203.0.113.9",)),
    ("X-Forwarded-Proto", "spdy", ("X-Forwarded-Proto: spdy",)),
    ("X-Amzn-Trace-Id", "root=1-67891233-*", ("X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678",)),
    ("Cookie", "*seen=1*", ("Cookie: a=b; seen=1; c=d",)),
    ("Cookie", "second=1", ("Cookie: first=1", "Cookie: second=1")),
    ("Connection", "keep-alive, x-hop", ("Connection: keep-alive, X-Hop", "X-Hop: 1")),
    ("X-Hop", "1", ("Connection: keep-alive, X-Hop", "X-Hop: 1")),
    ("Keep-Alive", "timeout=5", ("Keep-Alive: timeout=5",)),
    ("TE", "trailers", ("TE: trailers", "Connection: TE")),
    ("User-Agent", "curl/*", ("User-Agent: curl/8.5.0",)),
    ("Content-Length", "0", ("Content-Length: 0",)),
]


@pytest.mark.parametrize(("name", "value", "fields"), AS_SENT, ids=[f"{row[0]} {row[1]}" for row in AS_SENT])
async def test_conditions_see_fields_as_the_client_sent_them(
    rig: Rig, name: str, value: str, fields: tuple[str, ...]
) -> None:
    """Also those that the load balancer rewrites or keeps for itself."""
    await groups_of_one(rig, "web")
    await route(rig, rule(1, header(name, value), action=weighted(web=1)))
    assert bodies([await rig.ask(get("/", *fields)), await rig.ask(get())]) == ["web", "0"]
    assert matched(rig) == ["1", "0"]


@pytest.mark.parametrize("drops", [False, True])
async def test_conditions_do_not_see_fields_that_are_dropped_for_their_names(rig: Rig, drops: bool) -> None:
    """Which comes first, the rules or `drop_invalid_header_fields`, is unconfirmed (reference 0, steps 5 and 6)."""
    await groups_of_one(rig, "web")
    by_name = rule(1, header("Under_Score", "yes"), action=weighted(web=1))
    await route(rig, by_name, drop_invalid_header_fields=drops)
    answered = (await rig.ask(get("/", "Under_Score: yes"))).body
    assert answered == (b"0" if drops else b"web")
    if not drops:
        assert rig.targets[0].requests[0]["Under_Score"] == "yes"


async def test_conditions_do_not_see_values_with_control_bytes(rig: Rig) -> None:
    any_value = HttpHeaderCondition(http_header_name="X-Odd", regex_values=(".",))
    await route(rig, rule(1, any_value))
    assert (await rig.ask(get("/", "X-Odd: a\x0bb"))).body == b"0"
    assert (await rig.ask(get("/", "X-Odd: a b"))).body == b"1"


async def test_the_load_balancers_own_fields_are_not_there_to_match(rig: Rig) -> None:
    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Amzn-Trace-Id", "Connection")
    await route(rig, *[rule(place, header(name, "*")) for place, name in enumerate(names, 1)])
    assert (await rig.ask(get())).body == b"0"


async def test_source_ip_is_the_connections(rig: Rig) -> None:
    await route(rig, rule(1, source("127.0.0.2/32")), rule(2, source("127.0.0.0/30", "::1/128")))
    first, second = await rig.client(), await rig.client(source="127.0.0.2")
    claim = get("/", "X-Forwarded-For: 127.0.0.2")
    assert bodies([await first.ask(claim), await second.ask(get()), await first.ask(get())]) == ["2", "1", "2"]
    assert matched(rig) == ["2", "1", "2"]


async def test_vector_1_priorities(rig: Rig) -> None:
    await groups_of_one(rig, "ten", "twenty")
    rules = (rule(20, path("*"), action=weighted(twenty=1)), rule(10, path("/a*"), action=weighted(ten=1)))
    await route(rig, *rules)
    client = await rig.client()
    assert bodies([await client.ask(get("/abc")), await client.ask(get("/b"))]) == ["ten", "twenty"]
    assert matched(rig) == ["10", "20"]


async def test_all_conditions_of_a_rule_must_hold(rig: Rig) -> None:
    conditions = (
        host_is("*.test"),
        path("/a", "/b"),
        method("GET"),
        header("X-A", "1"),
        header("X-B", "2"),
        source("127.0.0.0/8"),
    )
    await route(rig, rule(5, *conditions))
    client = await rig.client()
    asked = [
        get("/b", "X-A: 1", "X-B: 2"),
        get("/c", "X-A: 1", "X-B: 2"),
        get("/b", "X-A: 1", "X-B: 1"),
        get("/b", "X-A: 1"),
        get("/b", "X-A: 1", "X-B: 2", host="shop.example"),
        get("/b", "X-A: 1", "X-B: 2", method="POST"),
    ]
    assert bodies([await client.ask(data) for data in asked]) == ["5", "0", "0", "0", "0", "0"]


async def test_a_hundred_rules(rig: Rig) -> None:
    await route(rig, *[rule(number, path(f"/{number}/*")) for number in range(1, 101)])
    client = await rig.client()
    for number in (1, 50, 100):
        assert (await client.ask(get(f"/{number}/x"))).body == str(number).encode()
    assert (await client.ask(get("/101/x"))).body == b"0"


async def test_refused_requests_reach_no_rule(rig: Rig) -> None:
    await route(rig, rule(1))
    client = await rig.client()
    assert (await client.ask(b"GET / HTTP/1.1\r\n\r\n")).status == 400
    await rig.logged(400)
    assert (matched(rig), rig.lines[0][ACTIONS]) == (["-"], "-")


# -- redirects and fixed responses -------------------------------------------------------------------------------------

HTTPS = RedirectAction(protocol="HTTPS", port="443")
REDIRECTS: list[tuple[str, RedirectAction, bytes, int, str]] = [
    ("vector 5", HTTPS, get("/a/b?x=1", host="h.test"), 301, "https://h.test:443/a/b?x=1"),
    ("vector 6", RedirectAction(path="/new/#{path}"), get("/x/y"), 301, "http://shop.test:80/new/x/y"),
    ("302", RedirectAction(host="www.#{host}", status_code="HTTP_302"), get("/?"), 302, "http://www.shop.test:80/"),
    ("what the client wrote", HTTPS, get("/%41/../b"), 301, "https://shop.test:443/%41/../b"),
    ("the URI's host", HTTPS, get("http://uri.test/a"), 301, "https://uri.test:443/a"),
    ("a query of its own", RedirectAction(query="to=#{path}&#{query}"), get("/a?b"), 301, "http://shop.test:80/a?to=a&b"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "data", "status", "location"), [row[1:] for row in REDIRECTS], ids=[row[0] for row in REDIRECTS]
)
async def test_redirects(rig: Rig, action: RedirectAction, data: bytes, status: int, location: str) -> None:
    await route(rig, rule(7, action=action))
    response = await rig.ask(data)
    assert (response.status, response["Location"]) == (status, location)
    assert response["Content-Length"] == ("134" if status == 301 else "110")
    await rig.logged(status)
    line = rig.lines[0]
    assert (line[PRIORITY], line[ACTIONS], line[REDIRECT_URL], line[4]) == ("7", "redirect", location, "-")


@pytest.mark.parametrize(("agent", "size"), [("User-Agent: curl/8.5.0", 140), (CHROME, 542)], ids=["curl", "Chrome"])
async def test_a_location_beyond_8_kb(rig: Rig, agent: str, size: int) -> None:
    await route(rig, rule(7, action=HTTPS))
    fits, exceeds = (
        "/" + "a" * (8192 - len("https://shop.test:443/")),
        "/" + "a" * (8193 - len("https://shop.test:443/")),
    )
    client = await rig.client()
    assert (await client.ask(get(fits, agent))).status == 301
    response = await client.ask(get(exceeds, agent))
    assert (response.status, len(response.body), response["Location"]) == (507, size, None)
    assert b"507 Insufficient Storage" in response.body
    await rig.logged(301, 507)
    line = rig.lines[1]
    assert (line[PRIORITY], line[ACTIONS], line[REDIRECT_URL]) == ("7", "redirect", "-")


FIXED: list[tuple[str, Action, str, int, str, str | None]] = [
    ("text", fixed("closed", 503), "GET", 503, "closed", "text/plain; charset=utf-8"),
    ("HEAD", fixed("closed", 503), "HEAD", 503, "", "text/plain; charset=utf-8"),
    ("JSON", replace(fixed('{"a":1}'), content_type="application/json"), "PUT", 200, '{"a":1}',
     "application/json; charset=utf-8"),
    ("nothing", fixed("", 404), "GET", 404, "", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("action", "verb", "status", "body", "kind"), [row[1:] for row in FIXED], ids=[row[0] for row in FIXED]
)
async def test_fixed_responses(rig: Rig, action: Action, verb: str, status: int, body: str, kind: str | None) -> None:
    await route(rig, rule(9, action=action))
    client = await rig.client()
    response = await client.ask(get("/", CHROME, method=verb), verb)
    assert (response.status, response.body.decode(), response["Content-Type"]) == (status, body, kind)
    assert response["Connection"] == "keep-alive"
    await rig.logged(status)
    assert (rig.lines[0][PRIORITY], rig.lines[0][ACTIONS]) == ("9", "fixed-response")


async def test_a_body_is_read_past_a_rules_own_answer(rig: Rig) -> None:
    await route(rig, rule(1, path("/full"), action=fixed("full", 507)))
    client = await rig.client()
    client.send(b"POST /full HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody" + get("/next"))
    assert bodies([await client.response(), await client.response()]) == ["full", "0"]


# -- transforms --------------------------------------------------------------------------------------------------------

DP = (r"^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1")
MYWEB = (r"^mywebsite-(.+).com$", "internal.dev.$1.myweb.com")
NOTHING = "-"
DONE = "TransformSuccess"
TRANSFORMS = [
    # what is sent; host rewrite, URL rewrite; what the target gets; fields 23, 31-33
    ("a path becomes a query", get("/dp/B09"), None, DP,
     "GET /product.php?id=B09 HTTP/1.1", "shop.test", ("rewrite,forward", "-", "/product.php?id=B09", DONE)),
    ("a URL that does not match", get("/dp/a/b"), None, DP,
     "GET /dp/a/b HTTP/1.1", "shop.test", ("forward", *[NOTHING] * 3)),
    ("a host", get("/x", host="MyWebsite-shop.com"), MYWEB, None, "GET /x HTTP/1.1", "internal.dev.shop.myweb.com",
     ("rewrite,forward", "internal.dev.shop.myweb.com", "-", DONE)),
    ("both", get("/dp/1", host="mywebsite-a.com"), MYWEB, DP,
     "GET /product.php?id=1 HTTP/1.1", "internal.dev.a.myweb.com",
     ("rewrite,forward", "internal.dev.a.myweb.com", "/product.php?id=1", DONE)),
    ("the query too", get("/a?b=1&c=2"), None, (r"b=1&?", ""), "GET /a?c=2 HTTP/1.1", "shop.test",
     ("rewrite,forward", "-", "/a?c=2", DONE)),
    ("the first match only", get("/a/a"), None, ("a", "b"), "GET /b/a HTTP/1.1", "shop.test",
     ("rewrite,forward", "-", "/b/a", DONE)),
    ("to what it was", get("/same"), None, ("^/same$", "/same"), "GET /same HTTP/1.1", "shop.test",
     ("rewrite,forward", "-", "-", DONE)),
    ("a port for the target", get("/"), ("^.*$", "inside.test:8080"), None, "GET / HTTP/1.1", "inside.test:8080",
     ("rewrite,forward", "inside.test:8080", "-", DONE)),
    ("an absolute URI", get("http://uri.test/dp/7"), ("^uri", "uri2"), DP,
     "GET /product.php?id=7 HTTP/1.1", "uri2.test", ("rewrite,forward", "uri2.test", "/product.php?id=7", DONE)),
    ("a host that is not there", b"GET /dp/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ("^.*$", "x.test"), DP,
     "GET /product.php?id=1 HTTP/1.1", "web-1.us-east-1.elb.localhost",
     ("rewrite,forward", "-", "/product.php?id=1", DONE)),
]  # fmt: skip


@pytest.mark.parametrize("preserves", [False, True], ids=["own Host", "Host preserved"])
@pytest.mark.parametrize(
    ("data", "host", "url", "start_line", "target_host", "logged"),
    [row[1:] for row in TRANSFORMS],
    ids=[row[0] for row in TRANSFORMS],
)
async def test_transforms(
    rig: Rig,
    preserves: bool,
    data: bytes,
    host: tuple[str, str] | None,
    url: tuple[str, str] | None,
    start_line: str,
    target_host: str,
    logged: tuple[str, str, str, str],
) -> None:
    await groups_of_one(rig, "web")
    await route(rig, rule(3, action=weighted(web=1), host=host, url=url), preserve_host_header=preserves)
    assert (await rig.ask(data)).body == b"web"
    (request,) = rig.targets[0].requests
    if preserves and logged[1] == NOTHING and b"Host: " in data:
        target_host = data.partition(b"Host: ")[2].partition(b"\r\n")[0].decode()
    assert (request.start_line, request.all("Host")) == (start_line, [target_host])
    (line,) = rig.lines
    assert (line[ACTIONS], line[TRANSFORMED_HOST], line[TRANSFORMED_URI], line[TRANSFORM_STATUS]) == logged
    assert line[12].split(" ")[1].endswith(data.split(b" ")[1].decode()), "the request line is the client's"
    assert (line[PRIORITY], line[8], line[9], line[4]) == ("3", "200", "200", "10.0.0.1:80")


FAILURES = [
    ("a host with a blank", ("^.*$", "no host"), None, "TransformInvalidHost"),
    ("an empty host", ("^.*$", ""), None, "TransformInvalidHost"),
    ("a host with a port too high", ("$", ":70000"), None, "TransformInvalidHost"),
    ("no leading slash", None, ("^/", ""), "TransformInvalidPath"),
    ("a URL with a blank", None, ("$", "a b"), "TransformInvalidPath"),
    ("a fragment", None, ("$", "#a"), "TransformInvalidPath"),
    ("more than 16 kB", None, ("^(.*)$", "$1" * 500), "TransformBufferTooSmall"),
]


@pytest.mark.parametrize(("host", "url", "status"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
async def test_transforms_that_fail(
    rig: Rig, host: tuple[str, str] | None, url: tuple[str, str] | None, status: str
) -> None:
    await groups_of_one(rig, "web")
    await route(rig, rule(3, action=weighted(web=1), host=host, url=url))
    client = await rig.client()
    responses = [await client.ask(get("/" + "x" * 100, agent)) for agent in ("User-Agent: curl/8.5.0", CHROME)]
    assert [response.start_line for response in responses] == ["HTTP/1.1 500 Internal Server Error"] * 2
    assert [len(response.body) for response in responses] == [142, 544]
    assert rig.targets[0].requests == []
    await rig.logged(500, 500)
    line = rig.lines[0]
    assert (line[TRANSFORMED_HOST], line[TRANSFORMED_URI], line[TRANSFORM_STATUS]) == ("-", "-", status)
    assert (line[PRIORITY], line[ACTIONS], line[ERROR_REASON]) == ("3", "rewrite,forward", "-")
    assert (line[4:8], line[9]) == (["-", "-1", "-1", "-1"], "-")


@pytest.mark.parametrize(
    ("framing", "sent"),
    [("Content-Length: 11", b"hello world"), ("Transfer-Encoding: chunked", b"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("is_split", [False, True], ids=["at once", "in parts"])
async def test_transforms_leave_the_body(rig: Rig, framing: str, sent: bytes, is_split: bool) -> None:
    await rig.target(echo)
    rig.groups = {"web": rig.group(*rig.targets)}
    await route(rig, rule(3, action=weighted(web=1), host=("^shop", "inner"), url=("^/in", "/out")))
    client = await rig.client()
    for _ in range(2):  # a new connection to the target, then the same again
        data = get("/in?x", framing, method="POST") + sent
        for piece in [data[:-8], data[-8:]] if is_split else [data]:
            client.send(piece)
            await until(lambda: client.writer.transport.get_write_buffer_size() == 0)
        assert (await client.response()).body == b"hello world"
    request = rig.targets[0].requests[1]
    assert (request.start_line, request["Host"]) == ("POST /out?x HTTP/1.1", "inner.test")
    assert len(rig.targets[0].connections) == 1


async def test_transforms_of_a_websocket(rig: Rig) -> None:
    await rig.target(answer(SWITCH))
    rig.groups = {"web": rig.group(*rig.targets)}
    await route(rig, rule(3, path("/chat"), action=weighted(web=1), url=("^/chat$", "/ws")))
    client = await rig.client()
    assert (await client.ask(UPGRADE)).status == 101
    await client.close()
    await rig.logged(101)
    assert rig.targets[0].requests[0].start_line == "GET /ws HTTP/1.1"
    assert (rig.lines[0][ACTIONS], rig.lines[0][TRANSFORMED_URI]) == ("rewrite,forward", "/ws")


async def test_transforms_do_not_choose(rig: Rig) -> None:
    """The rewritten URL is matched against no rule, and another rule's transforms stay out of it."""
    await groups_of_one(rig, "first", "second")
    await route(
        rig,
        rule(1, path("/b*"), action=weighted(second=1), url=("^/b", "/c")),
        rule(2, path("/a*"), action=weighted(first=1), url=("^/a", "/b")),
    )
    assert bodies([await rig.ask(get("/a")), await rig.ask(get("/b"))]) == ["first", "second"]
    assert [target.requests[0].start_line for target in rig.targets] == ["GET /b HTTP/1.1", "GET /c HTTP/1.1"]


# -- HTTPS on both sides -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, ...]:
    return (issue(tmp_path_factory.mktemp("certificates"), 0, "lb.test"),)


async def test_rules_of_an_https_listener(rig: Rig, certificates: tuple[Certificate, ...]) -> None:
    """Its requests are https to rules; rules by Host do not look at the name in the TLS handshake."""
    target: ScriptedTarget = await secure_target(rig, says("secure"))
    rig.groups = {"secure": replace(rig.group(target, name="secure"), protocol=Protocol.HTTPS)}
    rules = (
        rule(
            1, host_is("shop.test"), path("/in*"), action=weighted(secure=1), host=("^shop", "inner"), url=("in", "out")
        ),
        rule(2, path("/old"), action=RedirectAction(path="/new")),
        rule(3, host_is("lb.test")),
    )
    await rig.apply(rig.listener(fixed("0"), port=443, protocol=Protocol.HTTPS, certificates=certificates, rules=rules))
    await rig.healthy("secure")
    client = await connect(rig)
    assert bodies([await client.ask(get("/in")), await client.ask(get())]) == ["secure", "0"]
    assert (await client.ask(get("/", host="lb.test"))).body == b"3"
    assert (await client.ask(get("/old"))).all("Location") == ["https://shop.test:443/new"]
    (request,) = target.requests
    assert (request.start_line, request["Host"]) == ("GET /out HTTP/1.1", "inner.test")
    assert request["X-Forwarded-Proto"] == "https"
    assert matched(rig) == ["1", "0", "3", "2"]
    assert [line[0] for line in rig.lines] == ["https"] * 4


# -- vectors of target groups ------------------------------------------------------------------------------------------


async def test_vector_10_all_unhealthy_is_served_by_all(rig: Rig) -> None:
    await named(rig, "a", "b", "c")
    described = rig.group(*rig.targets)
    await rig.apply(rig.listener(), groups=(described,))
    await rig.healthy()
    failing = HealthCheck(port=closed_port(), interval_s=5, unhealthy_threshold_count=2)
    await rig.apply(groups=(replace(described, health_check=failing),))
    await rig.clock.advance(15)
    states = [state.health.state for state in rig.node.groups["web"].targets.values()]
    assert states == [HealthState.UNHEALTHY] * 3
    client = await rig.client()
    assert Counter(await ask_many(client, 30, get())) == {"a": 10, "b": 10, "c": 10}


async def test_vector_10_without_targets(rig: Rig) -> None:
    await groups_of_one(rig, "web")
    await route(rig, rule(1, action=weighted(web=1), url=("^/", "x")))
    await rig.apply(groups=(rig.group(),))
    responses = [await rig.ask(get("/", agent)) for agent in ("User-Agent: curl/8.5.0", CHROME)]
    assert [(response.status, len(response.body)) for response in responses] == [(503, 162), (503, 564)]
    line = rig.lines[0]
    assert (line[4:8], line[8:10], line[ACTIONS]) == (["-", "-1", "-1", "-1"], ["503", "-"], "forward")
    assert line[16].endswith(":targetgroup/web/73e2d6bc24d8a067")
    assert line[TRANSFORM_STATUS] == "-", "there was nothing to send"


async def test_vector_13_a_cookie_leads_back(rig: Rig) -> None:
    await named(rig, "a", "b")
    await rig.apply(rig.listener(), groups=(rig.group(*rig.targets, stickiness_enabled=True),))
    await rig.healthy()
    first = await rig.ask(get())
    cors = first.all("Set-Cookie")[1].partition(";")[0]
    assert cors.startswith("AWSALBCORS=")
    assert bodies([await rig.ask(get("/", f"Cookie: {cors}")) for _ in range(4)]) == ["a"] * 4
    left = rig.describe(rig.targets[1], 2)
    await rig.apply(groups=(rig.group(left, stickiness_enabled=True),))
    assert rig.changes[-1] == ("i-01", "healthy", "draining")
    assert (await rig.ask(get("/", f"Cookie: {cors}"))).body == b"b"


async def test_vector_13_a_missing_app_cookie(rig: Rig) -> None:
    await named(rig, "a", "b")
    group = rig.group(*rig.targets, stickiness_enabled=True, stickiness_type="app_cookie", app_cookie_name="SESSION")
    await rig.apply(rig.listener(), groups=(group,))
    await rig.healthy()
    cookies = (await rig.ask(get())).all("Set-Cookie")
    assert [cookie.partition(";")[0] for cookie in cookies] == [f"AWSALBAPP-{n}=_remove_" for n in range(4)]


async def test_vector_14_slow_start_rises_to_a_half(rig: Rig) -> None:
    await named(rig, "old", "new")
    await rig.apply(rig.listener(), groups=(rig.group(rig.targets[0], slow_start_s=100),))
    await rig.healthy()
    rig.node.change_target_groups({"web": rig.group(*rig.targets, slow_start_s=100)})
    await rig.healthy()
    shares = []
    for _ in range(5):
        client = await rig.client()
        shares.append((await ask_many(client, 40, get())).count("new"))
        await rig.clock.advance(25)
    assert shares == pytest.approx([0, 5, 10, 15, 20], abs=1)


async def test_vector_15_weights(rig: Rig) -> None:
    await groups_of_one(rig, "one", "two", "never")
    await route(rig, rule(1, action=weighted(one=10, two=20, never=0)))
    client = await rig.client()
    served = Counter(await ask_many(client, 300, get()))
    assert served["never"] == 0
    assert served["one"] == pytest.approx(100, abs=30)


async def test_vector_15_an_empty_group_keeps_its_share(rig: Rig) -> None:
    await groups_of_one(rig, "full")
    rig.groups["empty"] = rig.group(name="empty")
    await route(rig, rule(1, action=weighted(full=1, empty=1)))
    client = await rig.client()
    client.send(get() * 100)
    statuses = Counter([(await client.response()).status for _ in range(100)])
    assert statuses[503] == pytest.approx(50, abs=20)
    assert statuses[200] + statuses[503] == 100


@pytest.mark.parametrize("weights", [{"one": 0}, {"one": 0, "two": 0}], ids=["one group", "two groups"])
async def test_weights_of_zero_alone(rig: Rig, weights: dict[str, int]) -> None:
    await groups_of_one(rig, "one", "two")
    await route(rig, rule(1, action=weighted(**weights)), rule(2, path("/two"), action=weighted(two=1)))
    response: Message = await rig.ask(get())
    assert (response.status, len(response.body)) == (503, 162)
    assert (rig.lines[0][16], rig.lines[0][ACTIONS], rig.lines[0][PRIORITY]) == ("-", "forward", "1")
