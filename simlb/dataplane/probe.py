"""One health-check probe: a new connection, over TLS if need be, one GET, one status line (reference 2.2)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

from simlb.clock import Clock, Timer
from simlb.core.health import SPEAKS_TLS, ProbeOutcome, ProbeResult
from simlb.core.model import TRAFFIC_PORT, HealthCheck, Protocol, Target
from simlb.dataplane.link import Link
from simlb.dataplane.points import Behaviour
from simlb.dataplane.target_failure import TargetFailure
from simlb.dataplane.target_pool import dial_addresses, failure_of
from simlb.dataplane.target_tls import TargetTls, TlsBrokenError

HEAD_MAX_BYTES = 32 * 1024
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9][0-9])(?:[ \r\n]|$)")
_DEFAULT_PORTS = frozenset({80, 443})
_TLS_ALERT = b"\x15\x03"


def probe_port(health_check: HealthCheck, target: Target) -> int:
    """The port a probe dials: the target's own, or the health check's when that is another one."""
    is_own = health_check.port in {TRAFFIC_PORT, target.port}
    return target.dial_port if is_own else int(health_check.port)


def probe_address(health_check: HealthCheck, target: Target) -> str:
    """`ip:port` of what a probe asks, as AWS would name it."""
    port = target.port if health_check.port == TRAFFIC_PORT else int(health_check.port)
    return f"{_bracketed(target.ip)}:{port}"


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip


def probe_request(health_check: HealthCheck, target: Target) -> bytes:
    """The request as AWS sends it; the port is left out of Host when it is 80 or 443."""
    port = target.port if health_check.port == TRAFFIC_PORT else int(health_check.port)
    name = _bracketed(target.ip)
    host = name if port in _DEFAULT_PORTS else f"{name}:{port}"
    return (
        f"GET {health_check.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n"
    ).encode("latin-1")


PROCESS_START_MAX_S = 10.0
_LISTENING_PAUSE_S = 0.03


async def wait_until_listening(
    target: Target, has_ended: Callable[[], bool], within_real_s: float = PROCESS_START_MAX_S
) -> None:
    """Return once something accepts connections at `target`, or its process `has_ended`, or after that time.

    A process that has just been started needs a moment; probing it before it listens would count failures that say
    nothing about it.
    """
    loop = asyncio.get_running_loop()
    deadline = time.monotonic() + within_real_s
    while time.monotonic() < deadline and not has_ended():
        for address in dial_addresses(target.dial_host):
            try:
                transport, _ = await loop.create_connection(asyncio.Protocol, address, target.dial_port)
            except OSError:
                continue
            transport.abort()
            return
        await asyncio.sleep(_LISTENING_PAUSE_S)


class Probe(asyncio.Protocol):
    """Runs once and reports once: what it saw, or None when this side had no socket to look with."""

    def __init__(
        self,
        health_check: HealthCheck,
        target: Target,
        clock: Clock,
        on_result: Callable[[ProbeResult | None], None],
        behaviours: tuple[Behaviour, ...] | None = None,
    ) -> None:
        self._health_check = health_check
        self._target = target
        self._clock = clock
        self._on_result: Callable[[ProbeResult | None], None] | None = on_result
        """Let go of with the result: it knows this probe, and what is no cycle waits for no garbage collection."""
        self._link = None if behaviours is None else Link(self, behaviours, clock, is_probe=True)
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: Timer | None = None
        self._began_at = 0.0
        self._is_done = False

    def start(self) -> None:
        """Dial. The timeout runs from here, over connecting, the TLS handshake and answering together."""
        self._began_at = time.monotonic()
        self._clock.work_began()
        self._timer = self._clock.call_later(self._health_check.timeout_s, self._on_timeout)
        self._task = asyncio.get_running_loop().create_task(self._dial())

    def cancel(self) -> None:
        """Nobody wants the result any more."""
        self._is_done = True
        self._on_result = None
        self._close()

    async def _dial(self) -> None:
        if self._link is not None:
            try:
                await self._link.dial()
            except OSError:
                self._report(ProbeOutcome.REFUSED)
                return
        await self._connect(self._link or self)

    async def _connect(self, codec: asyncio.Protocol) -> None:
        loop = asyncio.get_running_loop()
        port = probe_port(self._health_check, self._target)
        failure: ProbeOutcome | None = ProbeOutcome.REFUSED
        layer = TargetTls(None) if self._health_check.protocol is Protocol.HTTPS else None
        for address in dial_addresses(self._target.dial_host):
            try:
                await loop.create_connection(lambda: layer or codec, address, port)
            except OSError as error:
                kind = failure_of(error)
                if kind is TargetFailure.UNREACHABLE:
                    failure = ProbeOutcome.UNREACHABLE
                elif kind is TargetFailure.CONNECT_TIMED_OUT:
                    failure = ProbeOutcome.TIMED_OUT
                elif kind is TargetFailure.NO_DESCRIPTOR:
                    failure = None
            else:
                if layer is not None:
                    await self._shake_hands(layer, codec)
                return
        self._report(failure)

    async def _shake_hands(self, layer: TargetTls, codec: asyncio.Protocol) -> None:
        self._transport = layer
        reason = await layer.handshake()
        if reason is not None:
            self._report(ProbeOutcome.TLS_FAILED, detail=reason)
        elif not self._is_done:
            layer.start(codec)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: ask."""
        self._transport = cast("asyncio.Transport", transport)
        if self._is_done:
            self._transport.abort()
        else:
            self._transport.write(probe_request(self._health_check, self._target))

    def data_received(self, data: bytes) -> None:
        """Read until the status line; the body is nobody's business. Interim responses are passed over."""
        if self._is_done:
            return
        self._buffer += data
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                is_http = self._buffer.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(self._buffer[:7])
                if not is_http or len(self._buffer) > HEAD_MAX_BYTES:
                    self._report_malformed()
                return
            match = _STATUS.match(self._buffer[: end + 1])
            if match is None:
                self._report_malformed()
                return
            code = int(match[1])
            if code >= 200:
                self._report(ProbeOutcome.ANSWERED, code)
                return
            head_end = self._buffer.find(b"\r\n\r\n")
            if head_end < 0:
                if len(self._buffer) > HEAD_MAX_BYTES:
                    self._report_malformed()
                return
            self._buffer = self._buffer[head_end + 4 :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed before the status line."""
        if isinstance(exc, TlsBrokenError):
            # So a target's demand for a client certificate looks under TLS 1.3: this side's handshake is done by then.
            self._report(ProbeOutcome.CLOSED, detail=str(exc))
        else:
            self._report(ProbeOutcome.CLOSED if exc is None else ProbeOutcome.RESET)

    def _on_timeout(self) -> None:
        self._report(ProbeOutcome.TIMED_OUT)

    def _report_malformed(self) -> None:
        self._report(ProbeOutcome.MALFORMED, detail=SPEAKS_TLS if self._buffer.startswith(_TLS_ALERT) else None)

    def _report(
        self, outcome: ProbeOutcome | None, status_code: int | None = None, *, detail: str | None = None
    ) -> None:
        if self._is_done:
            return
        self._is_done = True
        latency_s = time.monotonic() - self._began_at
        self._close()
        result = None
        if outcome is not None:
            result = ProbeResult(outcome=outcome, status_code=status_code, latency_s=latency_s, detail=detail)
        on_result, self._on_result = self._on_result, None
        assert on_result is not None
        on_result(result)

    def _close(self) -> None:
        if self._link is not None:
            # First, since it may have lent the clock the work that ends below.
            self._link.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._clock.work_ended()
        if self._transport is not None:
            self._transport.abort()
        elif self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
