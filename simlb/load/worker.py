"""Sends the requests of one plan, on an event loop that does nothing else.

An open load sends when a request is due, whether or not earlier ones are answered, and counts latencies from there: a
request that had to wait behind something slow is as late as its user would have found it.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from simlb import __version__
from simlb.load.answer import is_elb_answer, target_of
from simlb.load.connection import Connection, Request, connect_error
from simlb.load.destination import Order
from simlb.load.plan import NUMBER, LoadKind
from simlb.load.result import IS_ELB_ANSWER, IS_REUSED, ErrorKind, Row
from simlb.load.schedule import ClosedSchedule, OpenSchedule, schedule
from simlb.wire.h1_response import ResponseParser
from simlb.wire.response import ResponseHead

REPORT_S = 0.05
"""How often results are handed over, in real seconds."""
EARLY_S = 0.0005
"""How much too early a request may start: loops wake at whole milliseconds, and the rest would be busy waiting."""
LATE_S = 0.002
"""Up to here a late start is the timer's coarseness, and the latency counts from the start itself."""
BURST_S = 0.1
LAUNCHED_AT_ONCE = 64
_PAUSED_S, _READ_FIRST_S = 0.02, 0.005
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Worker:
    """Runs one order on the running loop: `start` it, give it commands, await `ended`."""

    def __init__(self, order: Order, context: ssl.SSLContext | None, report: Callable[[dict[str, Any]], None]) -> None:
        """`context` is for TLS, as `tls_context` makes it; `report` gets what is to be told."""
        plan, destination = order.plan, order.destination
        self.parser = ResponseParser()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._report = report
        self._plan = plan
        self._destination = destination
        self._speed = order.speed
        self._timeout_s = plan.timeout_s / order.speed
        self._connect_timeout_s = plan.connect_timeout_s / order.speed
        self._context = context
        self._method = plan.method.encode("ascii")
        self._target = plan.path.encode("ascii")
        self._is_numbered = NUMBER in plan.path
        self._rest = _fields(order)
        self._schedule: OpenSchedule | ClosedSchedule = schedule(plan)
        # Only what depends on answers has to be paced; the rate of an open load is known, and was allowed.
        paced = plan.kind is LoadKind.CLOSED and order.real_rate_max_per_s is not None
        self._pause_s = 1 / order.real_rate_max_per_s if paced and order.real_rate_max_per_s is not None else 0.0
        self._not_before = 0.0
        self._is_held = False
        self._loop = asyncio.get_running_loop()
        self._t0 = 0.0
        self._idle: list[Connection] = []
        self._in_flight: set[Request] = set()
        self._expiry: deque[Request] = deque()
        self._tick_timer: asyncio.Handle | None = None
        self._tick_at = 0.0
        self._rows: list[Row] = []
        self._number = 0
        self._dropped = 0
        self._held = 0
        self._retried = 0
        self._lag_s = 0.0
        self._reported: tuple[object, ...] = ()

    # -- commands ------------------------------------------------------------------------------------------------------

    def start(self, t0: float) -> None:
        """The schedule's zero is `t0`, a real time of `time.monotonic`."""
        self._t0 = t0
        if self._plan.duration_s is not None:
            end = t0 + self._plan.duration_s / self._speed
            self._loop.call_later(max(0.0, end - time.monotonic()), self._end_of_duration)
        self._arm()
        self._loop.call_later(REPORT_S, self._beat)

    def stop(self) -> None:
        """Send no more; what is under way is waited for."""
        self._schedule.end()
        self._check_end()

    def change_rate(self, rate_per_s: float) -> None:
        """Of an open load, from now on, per load-balancer second."""
        assert isinstance(self._schedule, OpenSchedule)
        self._schedule.change_rate(rate_per_s, self._lb_s(time.monotonic()))
        self._arm()

    def abandon(self) -> None:
        """Drop everything, tell nothing."""
        self._schedule.end()
        self._cancel_tick()
        for request in self._in_flight:
            self._cut(request)
        self._in_flight.clear()
        for connection in self._idle:
            connection.abandon()
        self._idle.clear()
        if not self.ended.done():
            self.ended.set_result(None)

    def _end_of_duration(self) -> None:
        # What is due but late is still sent; only where nothing is due the schedule does not end by itself.
        if self._schedule.peek() is None:
            self.stop()

    # -- when ----------------------------------------------------------------------------------------------------------

    def _lb_s(self, now: float) -> float:
        return (now - self._t0) * self._speed

    def _arm(self) -> None:
        """Wake for the next request."""
        due = self._schedule.peek()
        if due is None:
            self._cancel_tick()
            return
        at = max(self._t0 + due / self._speed, self._not_before)
        if self._tick_timer is not None:
            if self._tick_at == at:
                return
            self._tick_timer.cancel()
        self._tick_at = at
        self._tick_timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._tick)

    def _cancel_tick(self) -> None:
        if self._tick_timer is not None:
            self._tick_timer.cancel()
            self._tick_timer = None

    def _tick(self) -> None:
        """Start what is due."""
        self._tick_timer = None
        plan, coming = self._plan, self._schedule
        for _ in range(LAUNCHED_AT_ONCE):
            due = coming.peek()
            now = time.monotonic()
            if due is None or (due_at := self._t0 + due / self._speed) > now + EARLY_S:
                break
            if self._pause_s:
                if now + EARLY_S < self._not_before:
                    self._held += not self._is_held
                    self._is_held = True
                    break
                self._is_held = False
                # Up to here the rate may run ahead for a moment: answers come in bunches.
                self._not_before = max(now - BURST_S, self._not_before) + self._pause_s
            coming.take()
            number = self._number
            self._number += 1
            if len(self._in_flight) >= plan.in_flight_max:
                self._dropped += 1
                continue
            lag_s = now - due_at
            self._lag_s = max(self._lag_s, lag_s)
            began = due_at if lag_s > LATE_S else now
            self._begin(Request(number, due, began, now + self._timeout_s))
        self._arm()
        if coming.is_over:
            self._check_end()

    def _begin(self, request: Request) -> None:
        self._in_flight.add(request)
        self._expiry.append(request)
        if len(self._expiry) == 1:
            self._loop.call_later(self._timeout_s, self._expire)
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                self._send(connection, request)
                return
        request.connecting = self._loop.create_task(self._connect(request))

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _connect(self, request: Request) -> None:
        destination = self._destination
        left_s = request.deadline - time.monotonic()
        try:
            async with asyncio.timeout(min(self._connect_timeout_s, left_s)):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self),
                    destination.address,
                    destination.port,
                    ssl=self._context,
                    server_hostname=destination.server_name if self._context is not None else None,
                )
        except OSError as error:
            kind = connect_error(error)
            if kind is ErrorKind.CONNECT_TIMEOUT and left_s < self._connect_timeout_s:
                kind = ErrorKind.TIMEOUT
            self.failed(request, kind, is_untouched=True)
            return
        request.connecting = None
        self._send(connection, request)

    def _send(self, connection: Connection, request: Request) -> None:
        target = self._target
        if self._is_numbered:
            target = target.replace(b"{n}", b"%d" % request.number)
        connection.send(request, self._method, b"%b %b%b" % (self._method, target, self._rest))

    # -- what connections tell -----------------------------------------------------------------------------------------

    def put_back(self, connection: Connection) -> None:
        """Connections that were used last are used first: the others may end idle, as those of browsers do."""
        if self._plan.keep_alive:
            self._idle.append(connection)
        else:
            connection.abandon()

    def answered(self, request: Request, head: ResponseHead) -> None:
        """The answer is whole."""
        flags = (IS_REUSED if request.is_reused else 0) | (IS_ELB_ANSWER if is_elb_answer(head) else 0)
        self._finish(request, head.status_code, target_of(head), flags)

    def failed(self, request: Request, kind: ErrorKind, *, is_untouched: bool) -> None:
        """There will be no answer - unless the connection had ended idle as the request set out: then it goes again.

        So browsers do with what may be repeated (RFC 9110 9.2.2, RFC 9112 9.3.1).
        """
        if is_untouched and request.is_reused and self._plan.method in _IDEMPOTENT:
            self._retried += 1
            request.is_reused = False
            request.connection = None
            request.connecting = self._loop.create_task(self._connect(request))
            return
        self._finish(request, kind, None, IS_REUSED if request.is_reused else 0)

    def _finish(self, request: Request, outcome: int | ErrorKind, target: str | None, flags: int) -> None:
        now = time.monotonic()
        request.is_done = True
        request.connection = request.connecting = None
        self._in_flight.discard(request)
        latency_s = round((now - request.began) * self._speed, 6)
        self._rows.append((request.number, round(request.due_s, 6), latency_s, outcome, target, flags))
        coming = self._schedule
        coming.finished(self._lb_s(now))
        if self._plan.kind is LoadKind.CLOSED:
            self._arm()
        if coming.is_over:
            self._check_end()

    def _expire(self) -> None:
        """Give up what has waited for too long. All wait equally long: the oldest come first."""
        now = time.monotonic()
        expiry = self._expiry
        if expiry and not expiry[0].is_done and now - expiry[0].deadline > _PAUSED_S:
            # After a pause of the process answers that came in time lie unread, and timers run before sockets.
            self._loop.call_later(_READ_FIRST_S, self._expire_late)
            return
        self._expire_late()

    def _expire_late(self) -> None:
        now = time.monotonic()
        expiry = self._expiry
        while expiry and (expiry[0].is_done or expiry[0].deadline <= now):
            request = expiry.popleft()
            if not request.is_done:
                self._cut(request)
                self._finish(request, ErrorKind.TIMEOUT, None, IS_REUSED if request.is_reused else 0)
        if expiry:
            # Rather a millisecond late than early: loops round to whole ones.
            self._loop.call_later(max(0.001, expiry[0].deadline - now), self._expire)

    def _cut(self, request: Request) -> None:
        if request.connection is not None:
            request.connection.abandon()
        elif request.connecting is not None:
            request.connecting.cancel()

    # -- telling -------------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        if not self.ended.done():
            self._tell()
            self._loop.call_later(REPORT_S, self._beat)

    def _tell(self) -> None:
        rows, self._rows = self._rows, []
        lag_s, self._lag_s = self._lag_s, 0.0
        state = {
            "sent": self._number - self._dropped,
            "in_flight": len(self._in_flight),
            "dropped_by_cap": self._dropped,
            "held_by_cap": self._held,
            "retried": self._retried,
            "rate_per_s": self._schedule.rate_at(self._lb_s(time.monotonic())),
            "lag_s": round(lag_s, 6),
        }
        values = tuple(state.values())
        if rows or values != self._reported:
            self._reported = values
            self._report({"results": rows, **state})

    def _check_end(self) -> None:
        if self._schedule.is_over and not self._in_flight and not self.ended.done():
            self._cancel_tick()
            self._tell()
            for connection in self._idle:
                connection.abandon()
            self.ended.set_result(None)


def _fields(order: Order) -> bytes:
    """Everything of a request behind its path."""
    plan = order.plan
    own = {name.lower() for name, _ in plan.headers}
    lines = [f"Host: {order.destination.authority}"]
    if "user-agent" not in own:
        lines.append(f"User-Agent: simlb-load/{__version__}")
    if "accept" not in own:
        lines.append("Accept: */*")
    lines += [f"{name}: {value}" for name, value in plan.headers]
    if plan.body_bytes or plan.method in _WITH_BODY:
        lines.append(f"Content-Length: {plan.body_bytes}")
    if not plan.keep_alive:
        lines.append("Connection: close")
    return b" HTTP/1.1\r\n" + "\r\n".join([*lines, "", ""]).encode("latin-1") + b"x" * plan.body_bytes
