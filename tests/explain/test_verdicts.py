"""What is told of the rules agrees with what was decided, whatever the request and the rules were."""

from __future__ import annotations

import ipaddress
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from simlb.core.access_log import ConnectionFacts
from simlb.core.attributes import LoadBalancerAttributes
from simlb.core.model import (
    Condition,
    FixedResponseAction,
    HostHeaderCondition,
    HttpHeaderCondition,
    HttpRequestMethodCondition,
    Listener,
    LoadBalancer,
    PathPatternCondition,
    Protocol,
    QueryStringCondition,
    QueryStringPair,
    Rule,
    SourceIpCondition,
)
from simlb.core.plan import ListenerPlan
from simlb.core.rules import RuleTable
from simlb.dataplane.exchange import Exchange
from simlb.explain.exchange_story import story_of
from simlb.explain.remembered import Remembered
from simlb.explain.veil import Veil
from simlb.observe.exchange_ring import ExchangeRing
from simlb.observe.recorder import Batch
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser

DNS_NAME = "web-1.us-east-1.elb.localhost"
FIXED = FixedResponseAction(status_code=200)
CLIENT = "203.0.113.9"

words = st.sampled_from(["a", "b", "ab", "*", "a*", "?b", "*b*", "A"])
names = st.sampled_from(["X-A", "x-b", "Cookie", "X_Loose", "User-Agent"])
conditions = st.one_of(
    st.builds(
        lambda hosts: HostHeaderCondition(values=tuple(hosts)),
        st.lists(st.sampled_from(["a.test", "*.test", "b*", "*", DNS_NAME]), min_size=1, max_size=2),
    ),
    st.builds(lambda ws: PathPatternCondition(values=tuple(f"/{w}" for w in ws)), st.lists(words, min_size=1)),
    st.builds(lambda w: PathPatternCondition(regex_values=(w,)), st.sampled_from(["^/a", "b$", "%", "[ab]{2}"])),
    st.builds(lambda name, w: HttpHeaderCondition(http_header_name=name, values=(w,)), names, words),
    st.builds(lambda m: HttpRequestMethodCondition(values=(m,)), st.sampled_from(["GET", "POST", "BREW"])),
    st.builds(lambda k, v: QueryStringCondition(values=(QueryStringPair(key=k, value=v),)), st.none() | words, words),
    st.builds(
        lambda n: SourceIpCondition(values=(ipaddress.ip_network(n),)),
        st.sampled_from(["203.0.113.0/24", "10.0.0.0/8"]),
    ),
)
rule_sets = st.lists(st.lists(conditions, min_size=1, max_size=3), max_size=6)

pieces = st.sampled_from(["a", "b", "ab", "/", "%61", "%2f", "..", " ", "é", '"', "\\", "#", "\x1b", "?", "&", "="])
paths = st.lists(pieces, max_size=6).map(lambda parts: "/" + "".join(parts))
targets = st.one_of(
    paths,
    st.builds(
        lambda host, path: f"http://{host}{path}",
        st.sampled_from(["a.test", "a.test:80", "b.test:80", "b.test:8080", "[::1]:80", DNS_NAME, f"{DNS_NAME}:80"]),
        paths | st.just(""),
    ),
    st.just("*"),
)
filler = st.sampled_from([0, 0, 1, 3]).map(lambda size: "X-Filler: " + "f" * (size * 1000))
fields = st.one_of(
    st.builds(lambda name, value: f"{name}: {value}", names, st.sampled_from(["a", "b", "ab", " B ", "a=b; b=a", "é"])),
    st.sampled_from(["Host: b.test", "Folded: a\r\n  b", "no colon", "X-A:"]),
    filler,
)


class Answered:
    """A client that takes whatever answer there is."""

    def __init__(self) -> None:
        self.facts = ConnectionFacts(
            elb="app/web/1",
            dns_name=DNS_NAME,
            scheme="http",
            listener_port=80,
            client_ip=CLIENT,
            client_port=5000,
            node_ip="127.0.0.1",
        )

    def answer(self, answer: object) -> None:
        """It is not looked at."""

    def done(self, exchange: Exchange) -> None:
        """Nothing follows."""


def plan_of(rules: list[list[Condition]], *, drops_loose_names: bool) -> ListenerPlan:
    own = [
        Rule(priority=priority, arn=f"r{priority}", conditions=tuple(found), action=FIXED)
        for priority, found in enumerate(rules, 1)
    ]
    listener = Listener(protocol=Protocol.HTTP, port=80, arn="l", binds=(), default_action=FIXED, rules=tuple(own))
    balancer = LoadBalancer(
        name="web",
        id="1",
        arn="arn",
        dns_name=DNS_NAME,
        region="us-east-1",
        listeners=(listener,),
        attributes=LoadBalancerAttributes(drop_invalid_header_fields=drops_loose_names),
    )
    return ListenerPlan(balancer, listener, {80: 8080}, RuleTable(FIXED, own))


def exchanged(raw: bytes, plan: ListenerPlan) -> Exchange | None:
    """The request as the load balancer takes and answers it."""
    parsed = RequestParser(FieldParser()).parse(raw)
    if parsed is None:
        return None
    finished: list[Exchange] = []
    router = SimpleNamespace(
        now=lambda: 0.0,
        monotonic=lambda: 0.0,
        wall=lambda: 0.0,
        random=Random(1),
        fresh_trace_id=lambda wall: b"1-0-0",
        record=finished.append,
    )
    Exchange(cast("Any", Answered()), cast("Any", router), plan, parsed[0], 0.0).start(b"", is_end=True)
    return finished[0]


def remembered(exchange: Exchange) -> Remembered:
    ring = ExchangeRing()
    ring.take(Batch(0, [exchange]))
    kept = ring.at(0)
    assert kept is not None
    return Remembered.of(kept)


@settings(derandomize=True, deadline=None, max_examples=250)
@given(
    rules=rule_sets,
    method=st.sampled_from(["GET", "POST", "BREW", "OPTIONS"]),
    target=targets,
    version=st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2"]),
    host=st.sampled_from([*["Host: a.test", "host: B.test:80", f"Host: {DNS_NAME}"] * 3, None]),
    lines=st.lists(fields, max_size=5),
    line_end=st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"]),
    drops_loose_names=st.booleans(),
)
@example(
    rules=[[HttpHeaderCondition(http_header_name="X-A", values=("a",))], [HostHeaderCondition(values=("b*",))]],
    method="GET",
    target="/",
    version="HTTP/1.1",
    host="Host: b.test",
    lines=["X-Filler: " + "f" * 3000, "X-A: b"],
    line_end="\r\n",
    drops_loose_names=False,
)
@example(
    rules=[[HostHeaderCondition(values=(DNS_NAME,))]],
    method="GET",
    target="/",
    version="HTTP/1.0",
    host=None,
    lines=["X-Filler: " + "f" * 3000],
    line_end="\r\n",
    drops_loose_names=False,
)
@example(
    rules=[[HostHeaderCondition(values=("a.test",))]],
    method="GET",
    target="http://a.test:80/",
    version="HTTP/1.0",
    host=None,
    lines=[],
    line_end="\r\n",
    drops_loose_names=False,
)
def test_the_rule_that_is_told_is_the_one_that_decided(
    rules: list[list[Condition]],
    method: str,
    target: str,
    version: str,
    host: str | None,
    lines: list[str],
    line_end: str,
    drops_loose_names: bool,
) -> None:
    if host is not None:
        lines = [*lines, host]
    raw = line_end.join([f"{method} {target} {version}", *lines, "", ""]).encode()
    exchange = exchanged(raw, plan_of(rules, drops_loose_names=drops_loose_names))
    if exchange is None:
        return
    told = remembered(exchange)
    verdicts = told.verdicts()
    story_of(told, Veil())
    if exchange.matched_rule_priority is None:
        assert verdicts is None
        return
    assert verdicts is not None, "everything is there to tell it"
    assert verdicts[-1].priority == exchange.matched_rule_priority
    if "#" in target and "://" in target:
        # The log shows a URL with a fragment as it shows a path that has one: the rules agree, their words may not.
        return
    # Not only the one that decided: the others were asked the same questions.
    asked = exchange.plan.rules.explain(exchange.head, CLIENT)
    assert [verdict.mismatch for verdict in verdicts] == [verdict.mismatch for verdict in asked]
    assert told.head is not None
    if not told.is_head_cut:
        assert (told.head.path, told.head.query, told.head.named_host) == (
            exchange.head.path,
            exchange.head.query,
            exchange.head.named_host,
        )
