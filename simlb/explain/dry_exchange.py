"""An exchange with nothing behind it: the real decisions over a real listener's plan, and not one byte sent.

It runs `dataplane.exchange` itself, between a client, a target and a router that only take notes. Target groups are
shadows of the live ones: they say who would be chosen, and no turn is moved, no count kept, nothing drawn.
"""

from __future__ import annotations

import time
from asyncio import Transport
from collections.abc import Callable
from random import Random
from typing import cast

from simlb.core.access_log import ConnectionFacts
from simlb.core.actions import CompiledForward
from simlb.core.plan import ListenerPlan
from simlb.core.stickiness import GroupCookies
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.h1_target import H1TargetConnection
from simlb.dataplane.listener import OpenListener
from simlb.dataplane.node import LoadBalancerNode
from simlb.dataplane.streams import TargetStream
from simlb.dataplane.target_pool import TargetPool
from simlb.explain.dry_request import DryRequest
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.h1_response import ResponseParser
from simlb.wire.request import RequestHead
from simlb.wire.response import Answer, ResponseHead

CLIENT_PORT = 50000
_TRACE_ID = b"1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx"
"""Second and random digits are each request's own."""


def parse(request: DryRequest) -> RequestHead:
    """The head as the load balancer's parser reads it; a parser of its own, so that the real one remembers nothing."""
    parsed = RequestParser(FieldParser()).parse(request.data)
    assert parsed is not None, "the head has an end"
    return parsed[0]


class DryRun:
    """One request through one listener; `draw` decides which target group the weights give it to.

    `exchange` holds what was decided, `sent` the head that a target would get, `answer` the load balancer's own.
    """

    def __init__(
        self, node: LoadBalancerNode, listener: OpenListener, request: DryRequest, *, draw: str | None = None
    ) -> None:
        """`draw` is a group whose weight is above 0; None takes the first number of all."""
        self.node = node
        self.sent = b""
        self.answer: Answer | None = None
        head = parse(request)
        plan = listener.plan.apart()
        facts = _facts(listener, request)
        client = _Client(facts, plan, self)
        router = _Router(node, self)
        self.exchange = Exchange(client, router, plan, head, node.now())
        if listener.is_tls and request.scheme == "http":
            self.exchange.answer_plain_http()
            return
        if draw is not None:
            action = plan.rules.evaluate(head, request.client_ip).action
            assert isinstance(action, CompiledForward)
            router.random = _Drawn(action.draw_of(draw).number)
        self.exchange.start(b"", is_end=not head.is_chunked and head.length <= 0)


class _Drawn(Random):
    """Random numbers that are all the same one."""

    def __new__(cls, number: int) -> _Drawn:
        return super().__new__(cls)

    def __init__(self, number: int) -> None:
        super().__init__(0)
        self._number = number

    def randrange(self, *_: int) -> int:  # type: ignore[override]
        return self._number


class ShadowGroup(TargetGroupState):
    """A target group as it stands, which only says whom it would choose."""

    __slots__ = ()

    def __init__(self, real: TargetGroupState) -> None:
        for name in TargetGroupState.__slots__:
            setattr(self, name, getattr(real, name))

    def choose(self, now: float, random: Random) -> TargetState | None:
        """The likeliest candidate, the first of them: whose turn it is."""
        chances = self.chances(now)
        return max(chances, key=lambda chance: chance[1])[0] if chances else None

    def begin(self, target: TargetState) -> None:
        """Nothing begins."""

    def end(self, target: TargetState, *, failed: bool) -> None:
        """Nothing has begun."""


class _Router:
    """What an exchange needs of its node, without the node's hands."""

    def __init__(self, node: LoadBalancerNode, run: DryRun) -> None:
        self._node = node
        self._run = run
        self.now: Callable[[], float] = node.now
        self.monotonic: Callable[[], float] = time.monotonic
        self.wall: Callable[[], float] = time.time
        self.random: Random = _Drawn(0)
        self.body_kept_max_bytes = 0
        self.explains = node.explains

    @property
    def group_cookies(self) -> GroupCookies:
        return self._node.group_cookies

    def group(self, name: str) -> TargetGroupState | None:
        live = self._node.groups.get(name)
        return None if live is None else ShadowGroup(live)

    def connect(self, exchange: Exchange, target: TargetState) -> TargetStream | None:
        connection = H1TargetConnection(cast("TargetPool", None), ResponseParser())
        connection.transport = cast("Transport", _Notes(self._run))
        return connection

    def cancel_connect(self, exchange: Exchange) -> None:
        """Nothing is being connected."""

    def fresh_trace_id(self, wall_s: float) -> bytes:
        return _TRACE_ID

    def record(self, exchange: Exchange) -> None:
        """It never was."""


class _Notes:
    """The transport to a target, which takes notes."""

    def __init__(self, run: DryRun) -> None:
        self._run = run

    def write(self, data: bytes) -> None:
        self._run.sent += data


class _Client:
    """The client's stream, which takes notes."""

    def __init__(self, facts: ConnectionFacts, plan: ListenerPlan, run: DryRun) -> None:
        self.facts = facts
        self._plan = plan
        self._run = run

    def forwarded_lines(self) -> bytes:
        return b"X-Forwarded-For: " + self.client_value() + b"\r\n" + self._plan.proto_port_lines

    def client_value(self) -> bytes:
        return self._plan.client_value(self.facts.client_ip, self.facts.client_port)

    def answer(self, answer: Answer) -> None:
        self._run.answer = answer

    def respond(self, head: ResponseHead, body: bytes, *, is_end: bool) -> None:
        """Nobody answers."""

    def send_body(self, data: bytes) -> None:
        """Nobody answers."""

    def send_end(self) -> None:
        """Nobody answers."""

    def cut(self) -> None:
        """Nothing is open."""

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self) -> None:
        """Nothing is read."""

    def done(self, exchange: Exchange) -> None:
        """Nothing follows."""


def _facts(listener: OpenListener, request: DryRequest) -> ConnectionFacts:
    plan = listener.plan
    facts = ConnectionFacts(
        elb=plan.elb,
        dns_name=plan.load_balancer.dns_name,
        scheme=plan.scheme,
        listener_port=plan.port,
        client_ip=request.client_ip,
        client_port=CLIENT_PORT,
        node_ip=listener.host,
    )
    if listener.is_tls and request.scheme == "https":
        # What client and load balancer would agree on; nothing is negotiated here.
        facts.tls_protocol, facts.tls_cipher = "TLSv1.3", "TLS_AES_128_GCM_SHA256"
        facts.server_name = request.server_name
    return facts
