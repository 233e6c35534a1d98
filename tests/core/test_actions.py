"""Weighted forwards, redirects and fixed responses (reference 1.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest

from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect, GroupDraw, RedirectContext
from simlb.core.model import FixedResponseAction, ForwardAction, RedirectAction, WeightedTargetGroup
from simlb.core.rules import DEFAULT_RULE_PRIORITY, RuleTable
from simlb.wire.request import RequestFields, RequestHead

TO_HTTPS = {"protocol": "HTTPS", "port": "443"}
AWS_PORTS: Mapping[int, int] = {}


def location(
    action: Mapping[str, str],
    *,
    url: str = "/a/b?x=1",
    host: str = "h",
    host_port: int | None = None,
    protocol: str = "http",
    port: int = 80,
    published: Mapping[int, int] = AWS_PORTS,
) -> str | None:
    path, _, query = url.partition("?")
    context = RedirectContext(protocol=protocol, host=host, port=port, path=path, query=query, host_port=host_port)
    return CompiledRedirect(RedirectAction(**action)).location(context, published)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "url", "expected"),
    [
        (TO_HTTPS, "/a/b?x=1", "https://h:443/a/b?x=1"),
        (TO_HTTPS, "/a/b", "https://h:443/a/b"),
        (TO_HTTPS, "/a/b?", "https://h:443/a/b"),
        (TO_HTTPS, "/", "https://h:443/"),
        (TO_HTTPS, "/a%20b?q=%2F&q=ä", "https://h:443/a%20b?q=%2F&q=ä"),
        ({"protocol": "HTTPS"}, "/", "https://h:80/"),
        ({"path": "/new/#{path}"}, "/x/y", "http://h:80/new/x/y"),
        ({"path": "/fixed"}, "/x?k=v", "http://h:80/fixed?k=v"),
        ({"path": "/fixed", "query": ""}, "/x?k=v", "http://h:80/fixed"),
        ({"query": "from=#{path}&#{query}"}, "/x/y?k=v", "http://h:80/x/y?from=x/y&k=v"),
        ({"host": "www.#{host}"}, "/", "http://www.h:80/"),
        ({"host": "example.com", "port": "8443"}, "/", "http://example.com:8443/"),
        ({"path": "/#{host}/#{port}/#{path}"}, "/p", "http://h:80/h/80/p"),
        (
            {"path": "/x", "query": "#{protocol}-#{host}-#{port}-#{path}-#{query}"},
            "/p?q",
            "http://h:80/x?http-h-80-p-q",
        ),
        ({"path": "/#{path}/#{path}"}, "/p", "http://h:80/p/p"),
        ({"path": "/#{nothing}"}, "/p", "http://h:80/#{nothing}"),
        ({"path": "/x"}, "/#{host}", "http://h:80/x"),
        ({"host": "x"}, "/#{host}?#{port}", "http://x:80/#{host}?#{port}"),
    ],
)
def test_where_a_redirect_leads(action: Mapping[str, str], url: str, expected: str) -> None:
    assert location(action, url=url) == expected


def test_an_https_listener_keeps_its_own_protocol_and_port() -> None:
    assert location({"path": "/new"}, protocol="https", port=8443, url="/") == "https://h:8443/new"


def test_an_ipv6_host_keeps_its_brackets() -> None:
    assert location(TO_HTTPS, host="[::1]", url="/") == "https://[::1]:443/"


PUBLISHED = {80: 8080, 443: 8443}


@pytest.mark.parametrize(
    ("host_port", "port", "action", "expected"),
    [
        pytest.param(
            8080, 80, TO_HTTPS, "https://h:8443/", id="came through the published port: to the published port"
        ),
        pytest.param(None, 80, TO_HTTPS, "https://h:443/", id="no port in Host: AWS's bytes"),
        pytest.param(80, 80, TO_HTTPS, "https://h:443/", id="the listener's own port in Host: AWS's bytes"),
        pytest.param(9999, 80, TO_HTTPS, "https://h:443/", id="some other port in Host: AWS's bytes"),
        pytest.param(8080, 80, {"path": "/new"}, "http://h:8080/new", id="same listener: its own published port"),
        pytest.param(8080, 80, {"port": "5000"}, "http://h:5000/", id="a port without a listener stays"),
        pytest.param(8080, 80, {**TO_HTTPS, "host": "shop.test"}, "https://shop.test:443/", id="another host"),
        pytest.param(5000, 5000, {"port": "443"}, "http://h:8443/", id="a listener published where it listens"),
    ],
)
def test_published_ports(host_port: int | None, port: int, action: Mapping[str, str], expected: str) -> None:
    assert location(action, url="/", host_port=host_port, port=port, published=PUBLISHED) == expected


def test_only_one_of_two_ports_could_be_opened_where_it_belongs() -> None:
    published = {80: 80, 443: 8443}
    assert location(TO_HTTPS, url="/", host_port=None, port=80, published=published) == "https://h:8443/"
    assert location(TO_HTTPS, url="/", host_port=80, port=80, published=published) == "https://h:8443/"


def test_8_kb_of_location_and_one_byte_more() -> None:
    fits = "/" + "x" * (8 * 1024 - len("https://h:443/"))
    exact = location(TO_HTTPS, url=fits)
    assert exact is not None
    assert len(exact) == 8192
    assert location(TO_HTTPS, url=fits + "x") is None, "507"


@pytest.mark.parametrize(("written", "sent"), [("HTTP_301", 301), ("HTTP_302", 302)])
def test_redirect_status(written: str, sent: int) -> None:
    assert CompiledRedirect(RedirectAction(status_code=written)).status_code == sent  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        (None, "text/plain; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        ("application/json", "application/json; charset=utf-8"),
    ],
)
def test_fixed_response(content_type: str | None, sent: str) -> None:
    action = FixedResponseAction(status_code=503, message_body="점검 중", content_type=content_type)
    compiled = CompiledFixedResponse(action)
    assert (compiled.status_code, compiled.content_type, compiled.body) == (503, sent, "점검 중".encode())


def test_the_default_rule_answers_everything_and_is_logged_as_priority_0() -> None:
    request = RequestHead(b"GET", b"/", b"HTTP/1.1", 1, RequestFields())
    decision = RuleTable(ForwardAction.to("web")).evaluate(request, "127.0.0.1")
    assert isinstance(decision.action, CompiledForward)
    assert (decision.action.only, decision.priority) == ("web", DEFAULT_RULE_PRIORITY)
    assert DEFAULT_RULE_PRIORITY == 0
    assert isinstance(RuleTable(RedirectAction()).evaluate(request, "127.0.0.1").action, CompiledRedirect)
    assert isinstance(
        RuleTable(FixedResponseAction(status_code=200)).evaluate(request, "127.0.0.1").action, CompiledFixedResponse
    )


def forward(*weights: int, stickiness_duration_s: int | None = None) -> CompiledForward:
    groups = tuple(WeightedTargetGroup(target_group="abcde"[place], weight=w) for place, w in enumerate(weights))
    return CompiledForward(ForwardAction(target_groups=groups, stickiness_duration_s=stickiness_duration_s))


def shares(compiled: CompiledForward, draws: int = 6000) -> dict[str | None, float]:
    random = Random(1)
    drawn = Counter(compiled.draw(random).target_group for _ in range(draws))
    return {group: count / draws for group, count in drawn.items()}


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((10, 20), {"a": 1 / 3, "b": 2 / 3}),
        ((1,), {"a": 1}),
        ((0, 7), {"b": 1}),
        ((7, 0), {"a": 1}),
        ((1, 0, 1), {"a": 0.5, "c": 0.5}),
        ((999, 999, 999, 999, 999), dict.fromkeys("abcde", 0.2)),
        ((0,), {None: 1}),
        ((0, 0), {None: 1}),
    ],
)
def test_shares_follow_the_weights(weights: tuple[int, ...], expected: Mapping[str | None, float]) -> None:
    assert shares(forward(*weights)) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("weights", "only"), [((1,), "a"), ((999,), "a"), ((0,), None), ((1, 0), None), ((1, 1), None)]
)
def test_a_single_group_needs_no_draw(weights: tuple[int, ...], only: str | None) -> None:
    assert forward(*weights).only == only


def test_each_number_belongs_to_one_group() -> None:
    class Numbers(Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            assert start == 6
            return next(numbers)

    numbers = iter(range(6))
    compiled = forward(1, 0, 3, 2)
    assert "".join(compiled.draw(Numbers()).target_group or "-" for _ in range(6)) == "acccdd"


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (GroupDraw("web", 90, 7, 100), "7 of 0-99: web (90)"),
        (forward(0, 0).draw(Random(1)), "all weights are 0"),
    ],
)
def test_the_words_for_a_draw(draw: GroupDraw, said: str) -> None:
    assert str(draw) == said


def test_a_forward_keeps_its_groups_and_its_stickiness() -> None:
    compiled = forward(1, 0, stickiness_duration_s=60)
    assert (compiled.target_groups, compiled.stickiness_duration_s) == (("a", "b"), 60)
    assert forward(1).stickiness_duration_s is None
