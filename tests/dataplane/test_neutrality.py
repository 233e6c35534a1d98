"""An exchange knows no protocol version: it runs between streams that never saw HTTP/1.1."""

from __future__ import annotations

from random import Random

from simlb.clock import ManualClock
from simlb.core.access_log import ConnectionFacts
from simlb.core.model import FixedResponseAction, ForwardAction, Listener, LoadBalancer, Protocol, Target, TargetGroup
from simlb.core.plan import ListenerPlan
from simlb.core.rules import RuleTable
from simlb.core.stickiness import GroupCookies
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.streams import ClientStream, TargetStream
from simlb.dataplane.target_failure import TargetFailure
from simlb.wire.request import RequestFields, RequestHead
from simlb.wire.response import Answer, ResponseHead


class Letters:
    """A client whose protocol is a list of words."""

    def __init__(self, facts: ConnectionFacts) -> None:
        self.facts = facts
        self.said: list[str] = []

    def forwarded_lines(self) -> bytes:
        return b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n"

    def client_value(self) -> bytes:
        return b"192.0.2.7"

    def respond(self, head: ResponseHead, body: bytes, *, is_end: bool) -> None:
        self.said.append(f"{head.status_code} {body.decode()}{' end' if is_end else ''}")

    def answer(self, answer: Answer) -> None:
        self.said.append(f"own {answer.status_code}")

    def send_body(self, data: bytes) -> None:
        self.said.append(data.decode())

    def send_end(self) -> None:
        self.said.append("end")

    def cut(self) -> None:
        self.said.append("cut")

    def pause_reading(self) -> None:
        self.said.append("pause")

    def resume_reading(self) -> None:
        self.said.append("resume")

    def done(self, exchange: Exchange) -> None:
        self.said.append("done")


class Pigeon:
    """A target's stream that only notes what it is given."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.head = b""

    def send_request(self, exchange: Exchange, field_lines: bytes, body: bytes) -> None:
        self.head = field_lines
        self.got.append(f"{exchange.head.method.decode()} {exchange.head.path_and_query.decode()} {body.decode()}")

    def send_body(self, data: bytes) -> None:
        self.got.append(data.decode())

    def send_end(self) -> None:
        self.got.append("end")

    def pause_reading(self) -> None:
        self.got.append("pause")

    def resume_reading(self) -> None:
        self.got.append("resume")

    def release(self) -> None:
        self.got.append("release")

    def abandon(self) -> None:
        self.got.append("abandon")


class Loft:
    """The router of these exchanges: one target group, one pigeon, found at once or later."""

    def __init__(self, *, is_at_hand: bool = True) -> None:
        target = Target(id="10.0.0.1", port=80, dial_host="192.0.2.1", dial_port=1, name="i-01")
        group = TargetGroup(name="web", arn="arn", targets=(target,), fail_open_while_initial=True)
        self.state = TargetGroupState(group, 0.0, cookie_key=bytes(32))
        self.clock = ManualClock()
        self.now = self.monotonic = self.wall = self.clock.now
        self.pigeon = Pigeon()
        self.is_at_hand = is_at_hand
        self.random = Random(0)
        self.body_kept_max_bytes = 0
        self.explains = False
        self.records: list[Exchange] = []
        self.cancelled: list[Exchange] = []

    @property
    def group_cookies(self) -> GroupCookies:
        raise AssertionError("no rule here is sticky")

    def group(self, name: str) -> TargetGroupState | None:
        return self.state if name == "web" else None

    def connect(self, exchange: Exchange, target: TargetState) -> TargetStream | None:
        return self.pigeon if self.is_at_hand else None

    def cancel_connect(self, exchange: Exchange) -> None:
        self.cancelled.append(exchange)

    def fresh_trace_id(self, wall_s: float) -> bytes:
        return b"1-00000000-%024x" % Random(0).getrandbits(96)

    def record(self, exchange: Exchange) -> None:
        self.records.append(exchange)


def begin(loft: Loft, action: ForwardAction | FixedResponseAction | None = None) -> tuple[Exchange, Letters]:
    listener = Listener(
        protocol=Protocol.HTTP,
        port=80,
        arn="arn",
        binds=(),
        default_action=action or ForwardAction.to("web"),
    )
    balancer = LoadBalancer(name="web", id="1", arn="arn", dns_name="n", region="r", listeners=(listener,))
    plan = ListenerPlan(balancer, listener, {80: 80}, RuleTable(listener.default_action))
    facts = ConnectionFacts(
        elb="app/web/1",
        dns_name="n",
        scheme="http",
        listener_port=80,
        client_ip="192.0.2.7",
        client_port=7,
        node_ip="-",
    )
    client = Letters(facts)
    stream: ClientStream = client
    fields = RequestFields()
    fields.host = b"lb.test"
    fields.lines = b"X-A: 1\r\n"
    return Exchange(stream, loft, plan, RequestHead(b"PUT", b"/x?y", b"HTTP/7", 1, fields), 0.0), client


def response(status_code: int = 200) -> ResponseHead:
    return ResponseHead(status_code, b"OK")


def test_there_and_back() -> None:
    loft = Loft()
    exchange, client = begin(loft)
    exchange.start(b"one", is_end=False)
    exchange.body(b"two")
    exchange.body_end()
    exchange.on_response(response(), b"a", is_end=False)
    exchange.on_response_body(b"b")
    exchange.on_response_end()
    assert loft.pigeon.got == ["PUT /x?y one", "two", "end", "release"]
    assert loft.pigeon.head.split(b"\r\n")[0] == b"X-Forwarded-For: 192.0.2.7"
    assert b"Host: lb.test\r\n" in loft.pigeon.head
    assert client.said == ["200 a", "b", "end", "done"]
    assert loft.records == [exchange]
    (state,) = loft.state.targets.values()
    assert (state.outstanding, state.requests) == (0, 1)


def test_a_connection_that_has_to_be_made() -> None:
    loft = Loft(is_at_hand=False)
    exchange, client = begin(loft)
    exchange.start(b"one", is_end=False)
    assert client.said == ["pause"]
    exchange.body(b"two")
    exchange.on_connected(loft.pigeon)
    assert client.said == ["pause", "resume"]
    exchange.body_end()
    exchange.on_response(response(), b"", is_end=True)
    assert loft.pigeon.got == ["PUT /x?y onetwo", "end", "release"]
    assert client.said[2:] == ["200  end", "done"]


def test_back_pressure_crosses_over() -> None:
    loft = Loft()
    exchange, client = begin(loft)
    exchange.start(b"", is_end=False)
    exchange.target_blocked()
    exchange.target_unblocked()
    exchange.body_end()
    exchange.on_response(response(), b"", is_end=False)
    exchange.client_blocked()
    exchange.client_unblocked()
    exchange.on_response_end()
    assert client.said == ["pause", "resume", "200 ", "end", "done"]
    assert loft.pigeon.got == ["PUT /x?y ", "end", "pause", "resume", "release"]


def test_failures() -> None:
    for has_head, said in ((False, ["own 502", "done"]), (True, ["200 ", "cut", "done"])):
        loft = Loft()
        exchange, client = begin(loft)
        exchange.start(b"", is_end=True)
        if has_head:
            exchange.on_response(response(), b"", is_end=False)
        exchange.on_target_failed(TargetFailure.CLOSED)
        exchange.on_target_failed(TargetFailure.CLOSED)
        exchange.client_gone()
        assert client.said == said
        assert loft.pigeon.got[1:] == ["abandon"]
        assert loft.records == [exchange]


def test_a_client_that_leaves_while_the_connection_is_made() -> None:
    loft = Loft(is_at_hand=False)
    exchange, client = begin(loft)
    exchange.start(b"", is_end=True)
    exchange.client_gone()
    assert (client.said, loft.cancelled, exchange.elb_status_code) == (["done"], [exchange], 460)


def test_an_early_end_of_the_response_does_not_reuse_the_connection() -> None:
    loft = Loft()
    exchange, _ = begin(loft)
    exchange.start(b"a", is_end=False)
    exchange.on_response(response(413), b"", is_end=True)
    assert loft.pigeon.got[1:] == ["abandon"]


def test_an_answer_of_its_own_and_a_group_that_is_gone() -> None:
    loft = Loft()
    exchange, client = begin(loft, FixedResponseAction(status_code=200))
    exchange.start(b"", is_end=True)
    assert client.said == ["own 200", "done"]
    exchange, client = begin(loft, ForwardAction.to("gone"))
    exchange.start(b"", is_end=True)
    assert client.said == ["own 503", "done"]
    assert loft.pigeon.got == []
