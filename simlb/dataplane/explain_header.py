"""The response header that tells why, for clients that ask with `X-Simlb-Explain: 1`; off unless configured.

One line of `key=value` words: `rule=10 action=forward group=web target=i-02 by=round_robin candidates=3/3`. A client's
stream that adds it stands in front of the real one only for the exchanges that asked, so that all others pay nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlb.core.actions import CompiledForward
from simlb.core.desync import worst
from simlb.core.stickiness import StickinessVerdict
from simlb.core.target_group import RoutingMode
from simlb.dataplane.target_failure import NOTHING_SENT, TargetFailure
from simlb.wire.response import Answer, ResponseHead

if TYPE_CHECKING:
    from simlb.core.access_log import ConnectionFacts
    from simlb.dataplane.exchange import Exchange
    from simlb.dataplane.streams import ClientStream

NAME = b"X-Simlb-Explain"
VALUE_MAX_BYTES = 512
_UNSAFE = re.compile(r"[^A-Za-z0-9._:,/\[\]-]")
_OWN_LINE = re.compile(rb"(?im)^x-simlb-explain:[^\r\n]*\r\n")


def explanation(exchange: Exchange) -> bytes:
    """What was decided, as the value of the header: safe bytes, whole words, at most 512 bytes."""
    value = ""
    for key, text in _words(exchange):
        word = f"{key}={_UNSAFE.sub('_', text)}"
        longer = f"{value} {word}" if value else word
        if len(longer) > VALUE_MAX_BYTES:
            break
        value = longer
    return value.encode()


def _words(exchange: Exchange) -> Iterator[tuple[str, str]]:
    decision = exchange.decision
    if decision is None:
        yield "rule", "-"
    else:
        yield "rule", "default" if decision.rule is None else str(decision.priority)
    yield "action", exchange.action
    if decision is not None and isinstance(decision.action, CompiledForward):
        yield from _forward_words(exchange)
    if exchange.findings:
        desync_class, finding = worst(exchange.findings)
        yield "desync", f"{desync_class.label}:{finding}"
    yield "answered_by", "target" if exchange.target_status_code else "load_balancer"


def _forward_words(exchange: Exchange) -> Iterator[tuple[str, str]]:
    group, basis, target, routing = exchange.group, exchange.basis, exchange.target, exchange.routing
    yield "group", "-" if group is None else group.group.name
    yield "target", "-" if target is None else target.target.name
    if basis is not None:
        if target is not None:
            is_kept = routing is not None and routing.target_verdict is StickinessVerdict.KEPT
            slowly = "slow_start" if basis.is_slow_starting else str(basis.algorithm)
            yield "by", "cookie" if is_kept else slowly
        yield "candidates", f"{len(basis.candidates)}/{basis.registered}"
        if basis.mode is not RoutingMode.HEALTHY:
            yield "mode", str(basis.mode)
    if target is not None:
        yield "connection", _connection(exchange)
        yield "in_flight", str(exchange.busy_with)
    if routing is not None:
        if routing.draw is not None:
            yield "weight", f"{routing.draw.weight}/{routing.draw.total}"
        if routing.group_verdict is not StickinessVerdict.OFF:
            yield "group_cookie", routing.group_verdict.name.lower()
        if routing.target_verdict is not StickinessVerdict.OFF:
            yield "target_cookie", routing.target_verdict.name.lower()
    if exchange.transform_status is not None:
        yield "transforms", exchange.transform_status
    if exchange.failure is not None:
        yield "failure", exchange.failure.name.lower()


def _connection(exchange: Exchange) -> str:
    if not exchange.is_first_on_connection:
        return "reused"
    failure = exchange.failure
    return "none" if failure in NOTHING_SENT or failure is TargetFailure.NO_DESCRIPTOR else "new"


class ExplainingClient:
    """A client's stream (`streams.ClientStream`) whose response heads carry the explanation of their exchange."""

    __slots__ = ("_client", "_exchange", "facts")

    def __init__(self, client: ClientStream, exchange: Exchange) -> None:
        self._client = client
        self._exchange = exchange
        self.facts: ConnectionFacts = client.facts

    def _line(self) -> bytes:
        return NAME + b": " + explanation(self._exchange) + b"\r\n"

    def forwarded_lines(self) -> bytes:
        """As the client's stream."""
        return self._client.forwarded_lines()

    def client_value(self) -> bytes:
        """As the client's stream."""
        return self._client.client_value()

    def respond(self, head: ResponseHead, body: bytes, *, is_end: bool) -> None:
        """Relay the head with the explanation, which takes the place of one of the target's own making."""
        self._exchange.set_cookie_lines += self._line()
        if _OWN_LINE.search(head.lines) is not None:
            head = head.with_lines(_OWN_LINE.sub(b"", head.lines))
        self._client.respond(head, body, is_end=is_end)

    def answer(self, answer: Answer) -> None:
        """Send the answer with the explanation."""
        answer.lines += self._line()
        self._client.answer(answer)

    def send_body(self, data: bytes) -> None:
        """As the client's stream."""
        self._client.send_body(data)

    def send_end(self) -> None:
        """As the client's stream."""
        self._client.send_end()

    def cut(self) -> None:
        """As the client's stream."""
        self._client.cut()

    def pause_reading(self) -> None:
        """As the client's stream."""
        self._client.pause_reading()

    def resume_reading(self) -> None:
        """As the client's stream."""
        self._client.resume_reading()

    def done(self, exchange: Exchange) -> None:
        """As the client's stream; from here on nothing holds this one."""
        exchange.client = self._client
        self._client.done(exchange)
