"""Connections to one target: kept alive between exchanges, newest first, opened on demand (reference 3.1).

A connection whose FIN has been seen is discarded before use; nothing is ever retried on another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable, Iterator
from typing import cast

from simlb.clock import Clock
from simlb.core.metrics import GroupConnections
from simlb.core.model import Protocol
from simlb.core.target_group import TargetState
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.h1_target import H1TargetConnection
from simlb.dataplane.link import Link
from simlb.dataplane.points import Behaviour, Wire
from simlb.dataplane.target_failure import TargetFailure
from simlb.dataplane.target_tls import TargetTls, server_name
from simlb.wire.h1_response import ResponseParser

CONNECT_TIMEOUT_S = 10.0
TLS_HANDSHAKE_TIMEOUT_S = 10.0
IDLE_MAX = 1024

EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The system gave us no socket: that says nothing about a target."""
_Place = tuple[str, int, Protocol, tuple[Behaviour, ...] | None]
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM})


def failure_of(error: OSError) -> TargetFailure:
    """What a failed connect means for the exchange that waited for it."""
    if isinstance(error, TimeoutError):
        return TargetFailure.CONNECT_TIMED_OUT
    if error.errno in EXHAUSTED:
        return TargetFailure.NO_DESCRIPTOR
    return TargetFailure.UNREACHABLE if error.errno in _UNREACHABLE else TargetFailure.REFUSED


def dial_addresses(host: str) -> tuple[str, ...]:
    """The addresses to try for a target's dial host. Development servers listen on either family of `localhost`."""
    return ("127.0.0.1", "::1") if host == "localhost" else (host,)


@contextlib.contextmanager
def _within(clock: Clock, limit_s: float) -> Iterator[None]:
    """Raise TimeoutError from what is awaited inside after `limit_s` of load-balancer time."""
    task = asyncio.current_task()
    assert task is not None
    is_over = False

    def on_timeout() -> None:
        nonlocal is_over
        is_over = True
        task.cancel()

    timer = clock.call_later(limit_s, on_timeout)
    try:
        yield
    except asyncio.CancelledError:
        if not is_over:
            raise
        raise TimeoutError from None
    finally:
        timer.cancel()


class TargetPool:
    """The connections to one target."""

    __slots__ = (
        "_behaviours",
        "_clock",
        "_connecting",
        "_counts",
        "_idle",
        "_lets_dial",
        "_parser",
        "_preferred",
        "_protocol",
        "_state",
        "connections",
        "is_closed",
    )

    def __init__(
        self,
        state: TargetState,
        clock: Clock,
        parser: ResponseParser,
        lets_dial: Callable[[], bool],
        counts: GroupConnections,
    ) -> None:
        """`counts` are its group's books of connections."""
        self._state = state
        self._clock = clock
        self._parser = parser
        self._lets_dial = lets_dial
        self._counts = counts
        self._idle: list[H1TargetConnection] = []
        self._connecting: dict[Exchange, asyncio.Task[None]] = {}
        self._preferred: str | None = None
        self._protocol = Protocol.HTTP
        self._behaviours: tuple[Behaviour, ...] | None = None
        self.connections: set[H1TargetConnection] = set()
        self.is_closed = False

    @property
    def size(self) -> int:
        """Connections, those that are being made included."""
        return len(self.connections) + len(self._connecting)

    def take(self, exchange: Exchange) -> H1TargetConnection | None:
        """An idle connection, the one used last; None when one has to be made (see `Router.connect`)."""
        group = exchange.group
        assert group is not None
        if group.group.protocol is not self._protocol:
            self._protocol = group.group.protocol
            self.move()
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.transport.is_closing():
                return connection
        if not self._lets_dial():
            exchange.on_target_failed(TargetFailure.NO_DESCRIPTOR)
            return None
        self._connecting[exchange] = self._begin_connect(exchange)
        return None

    def cancel(self, exchange: Exchange) -> None:
        """Nobody waits for this exchange's connection any more."""
        task = self._connecting.pop(exchange, None)
        if task is not None:
            task.cancel()

    def _begin_connect(self, exchange: Exchange) -> asyncio.Task[None]:
        connection = H1TargetConnection(self, self._parser)
        behaviours = self._behaviours
        link = None if behaviours is None else Link(connection, behaviours, self._clock, is_probe=False)
        task = asyncio.get_running_loop().create_task(self._connect(exchange, connection, link, self._place))
        if link is not None:
            # Also when the task has never run.
            task.add_done_callback(lambda done: link.abort() if done.cancelled() else None)
        return task

    async def _connect(
        self, exchange: Exchange, connection: H1TargetConnection, link: Link | None, place: _Place
    ) -> None:
        failure: TargetFailure | None
        try:
            failure = await self._reach(connection, link, server_name(exchange.host_for_target))
        except OSError as error:
            failure = failure_of(error)
            if failure is not TargetFailure.NO_DESCRIPTOR:
                self._counts.failed += 1
        except BaseException:
            # A loop whose dialling is cancelled just as it succeeds drops the connection without telling it.
            self.forget(connection)
            raise
        finally:
            self._connecting.pop(exchange, None)
        if failure is not None:
            self.forget(connection)
            if link is not None:
                link.abort()
            exchange.on_target_failed(failure)
            return
        if place != self._place:
            connection.retire()
        if exchange.is_done:
            connection.go_idle(self._clock.now())
        else:
            exchange.on_connected(connection)

    async def _reach(self, connection: H1TargetConnection, link: Link | None, name: str | None) -> TargetFailure | None:
        """Connect, and shake hands if need be. Raises OSError when there is no connection at all."""
        codec = connection if link is None else link
        if self._protocol is Protocol.HTTP:
            await self._open(lambda: codec, link)
        else:
            layer = TargetTls(name)
            await self._open(lambda: layer, link)
            failure = await self._shake_hands(layer)
            if failure is not None:
                self._counts.tls_failed += 1
                return failure
            layer.start(codec)
        return None

    async def _open(self, factory: Callable[[], asyncio.Protocol], link: Link | None) -> None:
        """Connect to one of the target's addresses."""
        loop = asyncio.get_running_loop()
        target = self._state.target
        addresses = dial_addresses(target.dial_host)
        if self._preferred in addresses:
            addresses = (self._preferred, *(address for address in addresses if address != self._preferred))
        error: OSError | None = None
        with _within(self._clock, CONNECT_TIMEOUT_S):
            if link is not None:
                await link.dial()
            for address in addresses:
                try:
                    await loop.create_connection(factory, address, target.dial_port)
                except OSError as failed:
                    error = error or failed
                else:
                    self._preferred = address
                    self._counts.opened += 1
                    return
        assert error is not None
        raise error

    async def _shake_hands(self, layer: TargetTls) -> TargetFailure | None:
        try:
            with _within(self._clock, TLS_HANDSHAKE_TIMEOUT_S):
                reason = await layer.handshake()
        except TimeoutError:
            layer.abort()
            return TargetFailure.TLS_TIMED_OUT
        except asyncio.CancelledError:
            layer.abort()
            raise
        return None if reason is None else TargetFailure.TLS_FAILED

    @property
    def _place(self) -> _Place:
        target = self._state.target
        return target.dial_host, target.dial_port, self._protocol, self._behaviours

    def put_back(self, connection: H1TargetConnection, now: float) -> None:
        """The connection is idle since `now` and in order."""
        if self._behaviours is not None:
            # One that was made before them was retired when they came.
            cast("Link", connection.transport).request_ended()
        if self.is_closed or len(self._idle) >= IDLE_MAX:
            connection.abandon()
            return
        connection.idle_since = now
        self._idle.append(connection)

    def forget(self, connection: H1TargetConnection) -> None:
        """The connection is closed or about to be."""
        self.connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def check(self, now: float, idle_timeout_s: float) -> None:
        """Called by the sweep: close what has been idle for the load balancer's idle timeout, oldest first."""
        idle = self._idle
        while idle and now - idle[0].idle_since >= idle_timeout_s:
            idle[0].abandon()

    def close_idle(self) -> None:
        """Close idle connections now and busy ones after their exchange (the target is being deregistered)."""
        self.is_closed = True
        self.drop_idle()

    def drop_idle(self) -> None:
        """Close what nobody uses now."""
        for connection in list(self._idle):
            connection.abandon()

    def interfere(self, behaviours: tuple[Behaviour, ...] | None) -> None:
        """Let these have hold of all connections from now on. What is open serves the exchange under way, as it was."""
        if behaviours is self._behaviours:
            return
        self._behaviours = behaviours
        self.move()
        wire = Wire(is_probe=False)
        for behaviour in behaviours or ():
            behaviour.on_wire(wire)
        for connection in self.connections:
            connection.silence(is_silent=wire.is_silent)

    def move(self) -> None:
        """The target listens elsewhere or is spoken to otherwise from now on: what is open serves no more exchanges."""
        self.drop_idle()
        # One that has just been made has no exchange yet, and is not idle either: somebody waits for it.
        for connection in self.connections:
            connection.retire()

    def reopen(self) -> None:
        """The target is registered again."""
        self.is_closed = False

    def cut(self, failure: TargetFailure) -> None:
        """End everything that is still open, whatever it is doing."""
        self.is_closed = True
        for exchange in list(self._connecting):
            exchange.on_target_failed(failure)
            self.cancel(exchange)  # the node may not know this pool any more
        for connection in list(self.connections):
            if connection.exchange is not None:
                connection.exchange.on_target_failed(failure)
            else:
                connection.abandon()
