"""`lb.explain_target`, `explain_status`, `explain_state` and `explain_request`: what is said is what then happens."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from simlb.errors import SimlbError
from simlb.testing import ALB, FakeBackend
from simlb.testing.running import RunningLoadBalancer


def lines(story: Any, topic: str) -> list[str]:
    """The sentences and details on one topic."""
    found = []
    for step in story.steps:
        if step.topic == topic:
            found += [step.words.en, *[detail.en for detail in step.details]]
    return found


# -- dry runs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["round_robin", "least_outstanding_requests"])
def test_who_is_said_to_be_next_is_next(alb: ALB, algorithm: str) -> None:
    alb.listen(80).forward(alb.target_group("web", *[FakeBackend() for _ in range(3)], algorithm=algorithm))
    with alb.start() as lb:
        lb.wait_until_healthy()
        for _ in range(12):
            said = lb.explain_request("GET", "/").facts["target"]
            assert lb.explain_request("GET", "/").facts["target"] == said, "asking moves no turn"
            lb.get("/")
            assert lb.log[-1].target == said


def shop(alb: ALB) -> ALB:
    """Rules with everything a dry run can meet."""
    web = alb.target_group("web", FakeBackend(), FakeBackend())
    canary = alb.target_group("canary", FakeBackend(), algorithm="weighted_random")
    sticky = alb.target_group("sticky", FakeBackend(), FakeBackend(), stickiness=True)
    alb.target_group("empty")
    alb.listen(80).redirect("https")
    secure = alb.listen(443, cert="shop.test").forward(web)
    secure.rule(path="/img/*", header={"X-Canary": "1"}).forward(canary)
    secure.rule(path="/split").forward({web: 90, canary: 10})
    secure.rule(path="/old/*").rewrite(url=("^/old", "/new")).forward(web)
    secure.rule(path="/empty").forward("empty")
    secure.rule(path="/sticky").forward(sticky, sticky_s=60)
    secure.rule(path="/teapot").fixed(418, "no")
    secure.rule(source_ip="203.0.113.0/24").fixed(403)
    return alb


@pytest.fixture
def lb(new_alb: Callable[..., ALB]) -> Iterator[RunningLoadBalancer]:
    with shop(new_alb("shop", dns="shop.test", clock="manual")).start() as running:
        running.wait_until_healthy()
        yield running


CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("GET", "https://shop.test/img/1", {"headers": {"X-Canary": "1"}}, {"rule": "1", "target_group": "canary"}),
    ("GET", "https://shop.test/img/1", {}, {"rule": "default", "target_group": "web"}),
    ("GET", "https://shop.test/split", {}, {"rule": "2", "target_group": "web"}),
    ("GET", "https://shop.test/empty", {}, {"rule": "4", "status_code": 503, "target": None}),
    ("GET", "https://shop.test/teapot", {}, {"rule": "6", "status_code": 418, "action": "fixed-response"}),
    ("GET", "https://shop.test/x", {"client_ip": "203.0.113.9"}, {"rule": "7", "status_code": 403}),
    ("GET", "https://shop.test/x", {"client_ip": "2001:db8::1"}, {"rule": "default", "target_group": "web"}),
    ("GET", "http://shop.test/a?b=c", {}, {"status_code": 301, "location": "https://shop.test:443/a?b=c"}),
    ("GET", "http://shop.test:443/", {}, {"status_code": 400, "rule": None}),
    ("TRACE", "https://shop.test/", {}, {"status_code": 405, "rule": None}),
    ("GET", "https://shop.test/", {"headers": [("Content-Length", "x")]}, {"status_code": 400, "rule": None}),
    ("GET", "https://shop.test/", {"headers": {"Host": "a b"}}, {"status_code": 400, "rule": None}),
    ("GET", "https://shop.test:8444/", {}, {"listener": None, "status_code": None}),
]


@pytest.mark.parametrize(("method", "url", "given", "facts"), CASES)
def test_what_would_happen(
    lb: RunningLoadBalancer, method: str, url: str, given: dict[str, Any], facts: dict[str, Any]
) -> None:
    story = lb.explain_request(method, url, **given)
    assert {name: story.facts[name] for name in facts} == facts
    assert len(lb.log) == 0, "nothing was sent"
    assert story.text("ko") != story.text("en")
    for _ in range(2):
        assert lb.explain_request(method, url, **given).text("en") == story.text("en"), "nothing was moved"


def test_shares_of_groups_and_targets(lb: RunningLoadBalancer) -> None:
    story = lb.explain_request("GET", "https://shop.test/split")
    assert story.facts["target_groups"] == [
        {"target_group": "web", "weight": 90, "chance": 0.9},
        {"target_group": "canary", "weight": 10, "chance": 0.1},
    ]
    assert [one["chance"] for one in story.facts["candidates"]] == [1.0, 0.0]
    assert "The weights draw the target group: web 90 % (weight 90), canary 10 % (weight 10)." in lines(
        story, "target group"
    )
    assert "most likely" in story.outcome.en


def test_what_the_target_would_get_is_what_it_gets(lb: RunningLoadBalancer) -> None:
    headers = {"X-Own": "1", "User-Agent": "probe/1", "Accept": "*/*"}
    said = lb.explain_request("GET", "https://shop.test/old/a?b=%20c", headers=headers).facts["target_request"]
    lb.get("https://shop.test/old/a?b=%20c", headers=headers)
    backend = next(one for one in lb.alb.backends if one.requests)
    request = backend.requests[-1]
    assert said[0] == f"{request.method} {request.target} HTTP/1.1" == "GET /new/a?b=%20c HTTP/1.1"
    own = {"x-amzn-trace-id", "accept-encoding", "connection"}
    got = {name.lower(): value for name, value in request.headers.items() if name.lower() not in own}
    told = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in said[1:]}
    assert {name: value for name, value in told.items() if name not in own} == got


def test_a_cookie_decides(lb: RunningLoadBalancer) -> None:
    url = "https://shop.test/sticky"
    response = lb.get(url)
    served = lb.log[-1].target
    cookies = {
        line.partition("=")[0]: line.partition("=")[2].partition(";")[0]
        for line in response.headers.get_all("set-cookie")
    }
    for _ in range(2):
        story = lb.explain_request("GET", url, cookies=cookies)
        assert story.facts["target"] == served
        assert story.facts["candidates"] == [
            {"target": served, "address": story.facts["candidates"][0]["address"], "chance": 1.0}
        ]
        assert "Target stickiness: kept by its cookie." in lines(story, "stickiness")
    story = lb.explain_request("GET", url, cookies=["AWSALB=forged", "AWSALBTG=forged"])
    assert any("cannot be decoded" in line for line in lines(story, "stickiness"))


def test_certificates_and_names(lb: RunningLoadBalancer) -> None:
    fine = lb.explain_request("GET", "https://shop.test/")
    assert (fine.facts["certificate"]["covers_host"], fine.cause) == (True, None)
    other = lb.explain_request("GET", "https://other.test/")
    assert other.facts["certificate"]["covers_host"] is False
    assert other.cause is not None
    assert "No certificate of the listener covers other.test" in other.cause.en
    plain = lb.explain_request("GET", "https://shop.test:80/")
    assert "TLS handshake would fail" in plain.outcome.en


def test_a_closed_gate(new_alb: Callable[..., ALB]) -> None:
    alb = new_alb()
    alb.security_group((80, "127.0.0.0/8"))
    alb.listen(80).fixed(200)
    with alb.start() as lb:
        assert lb.explain_request("GET", "/").facts["status_code"] == 200
        story = lb.explain_request("GET", "/", client_ip="203.0.113.9")
        assert "time out connecting" in story.outcome.en
        assert "The security group does not let 203.0.113.9 in: it lets in 127.0.0.0/8." in lines(story, "connection")


@pytest.mark.parametrize(
    ("method", "url", "given"),
    [
        ("GET", "shop.test/", {}),
        ("GET", "ftp://shop.test/", {}),
        ("GET", "https://", {}),
        ("GET", "https://user:secret@shop.test/", {}),
        ("GET", "https://shop.test:99999/", {}),
        ("GET", "https://[::1/", {}),
        ("G T", "https://shop.test/", {}),
        ("GET\r\nX: 1", "https://shop.test/", {}),
        ("GET", "https://shop.test/a\r\nX: 1", {}),
        ("GET", "https://shop.test/", {"headers": {"X": "1\r\nY: 2"}}),
        ("GET", "https://shop.test/", {"cookies": ["a\nb"]}),
        ("GET", "https://shop.test/", {"client_ip": "localhost"}),
    ],
)
def test_what_no_client_can_send_is_refused(
    lb: RunningLoadBalancer, method: str, url: str, given: dict[str, Any]
) -> None:
    with pytest.raises(SimlbError) as caught:
        lb.explain_request(method, url, **given)
    assert caught.value.code == "E755"


HOSTILE = [
    "/" + "a" * 20_000,
    "/\0",
    "/%00 b",
    "/\x80\xff",
    "/한글?q=값",
    "//evil/..",
    "?x",
]


@pytest.mark.parametrize("target", HOSTILE)
def test_any_url_gets_an_answer(lb: RunningLoadBalancer, target: str) -> None:
    for headers in ((), [("X" * 70_000, "1")], [("", "x")], [("Transfer-Encoding", "x"), ("Content-Length", "1")]):
        story = lb.explain_request("GET", f"https://shop.test{target}", headers=headers)
        assert story.facts["status_code"] is not None or story.facts["target"] is not None
        story.to_json("ko")


# -- nothing changes ---------------------------------------------------------------------------------------------------

_PLAIN = (str, bytes, int, float, bool, type(None))


def state(thing: Any, seen: dict[int, int]) -> Any:
    """Everything that can be reached from here within simlb, as plain values to compare."""
    if isinstance(thing, _PLAIN):
        return thing
    if id(thing) in seen:
        return ("seen", seen[id(thing)])
    seen[id(thing)] = len(seen)
    if isinstance(thing, Mapping):
        return [(state(key, seen), state(value, seen)) for key, value in list(thing.items())]
    if isinstance(thing, list | tuple | set | frozenset):
        return [state(one, seen) for one in thing]
    kind = type(thing)
    if kind.__name__ == "Random":
        return thing.getstate()
    if not kind.__module__.startswith("simlb.") or isinstance(thing, types.FunctionType | types.MethodType):
        return kind.__name__
    names = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ())]
    members = {name: getattr(thing, name) for name in names if name != "__dict__" and hasattr(thing, name)}
    members |= getattr(thing, "__dict__", {})
    return (kind.__name__, [(name, state(value, seen)) for name, value in sorted(members.items())])


def test_nothing_of_the_node_is_changed_by_a_dry_run(lb: RunningLoadBalancer) -> None:
    """Turns, counts, random numbers, and not even what parsers, rules, gates and plans remember of requests."""
    response = lb.get("https://shop.test/sticky")
    cookie = response.headers.get_all("set-cookie")[0].partition(";")[0]
    lb.get("https://shop.test/split")
    (node,) = lb.app.nodes.values()
    lb.wait(lambda: not node.connections)

    def look() -> Any:
        lb.app.observing.recorder.flush()
        return state({"node": node, "random": lb.app._random, "ring": lb.app.observing.ring.total}, {})

    def ask() -> None:
        for method, url, given, _ in CASES:
            lb.explain_request(method, url, **given)
        lb.explain_request("GET", "https://shop.test/sticky", cookies=[cookie])
        lb.explain_request("GET", "https://unknown.test/split")

    before = lb.home.call(look)
    ask()
    assert lb.home.call(look) == before
    lb.get("https://shop.test/split")
    assert lb.home.call(look) != before, "a request that is sent leaves traces"


# -- states ------------------------------------------------------------------------------------------------------------


def test_a_target_from_well_to_out_and_back(new_alb: Callable[..., ALB]) -> None:
    alb = new_alb(clock="manual")
    status = ["200 OK"]

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status[0], [])
        return []

    down = FakeBackend(app=app)
    web = alb.target_group("web", FakeBackend(), down, path="/up", interval=30)
    alb.listen(80).forward(web)
    with alb.start() as lb:
        lb.wait_until_healthy()
        assert lb.explain_state().stories == ()
        status[0] = "404 Not Found"
        target = web[1]
        facts = lb.explain_target(target).facts
        assert (facts["state"], facts["passes"], facts["failures"]) == ("healthy", 1, 0)
        alb.clock.advance(facts["next_check_in_s"] + 0.1)
        story = lb.explain_target(target.name)
        assert (story.facts["state"], story.facts["failures"]) == ("healthy", 1)
        assert story.facts["out_in_s"] == pytest.approx(29.9, abs=0.2)
        assert story.cause is not None
        assert story.cause.en == (
            "The application answers the health check with 404, and the matcher lets only 200 pass."
        )
        alb.clock.advance(30)
        story = lb.explain_target(target)
        assert story.outcome.en.startswith(
            "unhealthy (Target.ResponseCodeMismatch: Health checks failed with these codes: [404]) for"
        )
        assert story.next_steps[0].en.startswith("Nothing answers at /up: add that path")
        assert story.facts["back_in_s"] == pytest.approx(149.9, abs=0.2)
        assert "Clients: no new request goes there; the other 1 of the group share them." in lines(
            story, "target group"
        )
        assert [one.facts["kind"] for one in lb.explain_state().stories] == ["unhealthy"]
        status[0] = "200 OK"
        alb.clock.advance(150)
        assert lb.explain_target(target).facts["state"] == "healthy"
        assert "Nothing is wrong" in lb.explain_state().outcome.en


def test_a_status_code_and_what_is_wrong(new_alb: Callable[..., ALB]) -> None:
    alb = new_alb(clock="manual")
    dead = FakeBackend()
    alb.listen(80).forward(alb.target_group("web", FakeBackend(), dead))
    with alb.start() as lb:
        lb.wait_until_healthy()
        assert lb.explain_status(502).facts["count"] == 0
        dead.crash()
        codes = [lb.get("/").status_code for _ in range(6)]
        story = lb.explain_status(502)
        assert story.facts["count"] == codes.count(502) == 3
        assert story.facts["by_status_code"] == {"200": 3, "502": 3}
        (row,) = story.facts["by"]
        assert (row["target"], row["outcome"], row["produced_by"]) == ("i-02", "refused", "load balancer")
        assert "i-02 is healthy and its checks pass: it stays in the rotation." in lines(story, "health")
        alb.clock.advance(31)
        (sentence,) = lines(lb.explain_status(502), "health")
        assert sentence.startswith(
            "i-02 counts as healthy still. It leaves the rotation 30-60 s after dying (interval 30 s × 2)."
        )
        assert [one.facts["kind"] for one in lb.explain_state().stories] == ["failing", "errors"]
        alb.clock.advance(30)
        (sentence,) = lines(lb.explain_status(502), "health")
        assert sentence.startswith("i-02 is unhealthy (Target.FailedHealthChecks) for")
        assert ": it gets no new request." in sentence


def test_targets_are_asked_for_by_name_address_and_group(new_alb: Callable[..., ALB]) -> None:
    alb = new_alb()
    shared = FakeBackend(name="both")
    web, api = alb.target_group("web", shared), alb.target_group("api", shared)
    alb.listen(80).forward(web).rule(path="/api/*").forward(api)
    with alb.start() as lb:
        assert lb.explain_target("both", "api").facts["target_group"] == "api"
        for given, code in ((("both",), "E758"), (("both", "other"), "E758"), (("nobody",), "E302")):
            with pytest.raises(SimlbError) as caught:
                lb.explain_target(*given)
            assert caught.value.code == code


def test_the_response_header_is_switched_on(new_alb: Callable[..., ALB]) -> None:
    for is_on in (True, False):
        alb = new_alb(explain_header=is_on)
        alb.listen(80).forward("web", FakeBackend())
        with alb.start() as lb:
            told = lb.get("/", headers={"X-Simlb-Explain": "1"}).headers.get("X-Simlb-Explain")
            assert (told is not None) is is_on
            assert told is None or told.startswith("rule=default action=forward group=web target=i-01 by=round_robin")
