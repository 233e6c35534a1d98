"""What faults of clients have in common: small clients in this process, against one of the instance's own listeners.

They come through the listener's socket as others do, and stand in the access log as others do. Their number and pace
are bounded; they end with their fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from simlb.clock import Clock
from simlb.core.model import Protocol
from simlb.errors import SimlbError
from simlb.faults.fault import Order, Parameter
from simlb.faults.site import Site

CLIENTS_MAX = 50
CONNECT_TIMEOUT_S = 10.0
PAUSE_REAL_MIN_S = 0.05
"""However fast the clock is, no client begins anew more often than that, in real seconds."""

PATH = Parameter(name="path", kind="text", default="/", en="what the client asks for", ko="클라이언트가 요청하는 경로")


@dataclass(frozen=True, slots=True)
class Door:
    """One of the instance's listeners, as a client finds it."""

    host: str
    port: int
    name: str
    context: ssl.SSLContext | None

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection that ends without ceremony. Raises OSError or TimeoutError when there is none to be had."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                self.host,
                self.port,
                ssl=self.context,
                server_hostname=self.name if self.context is not None else None,
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    def head(self, method: str, path: str, *more: str) -> bytes:
        """A request's head."""
        lines = (f"{method} {path} HTTP/1.1", f"Host: {self.name}", "User-Agent: simlb-fault", *more)
        return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


class ClientFault:
    """A `Fault` that is a number of clients; `visit` is what each of them does, again and again."""

    clients = 1
    pause_s = 1.0
    """Between two visits of a client, in load-balancer seconds."""

    def __init__(self, order: Order) -> None:
        """Raises SimlbError E632 for a path that no request line can hold."""
        self.path = order.text("path")
        if not self.path.startswith("/") or not all("!" <= char <= "~" for char in self.path):
            raise SimlbError("E632", f"path is '{self.path}', which is no path.", "such as path=/")
        self._load_balancer = order.load_balancer
        self._port = int(order.place)
        self._cancel: list[Callable[[], None]] = []

    async def install(self, site: Site) -> None:
        """Let them come."""
        self._cancel = [site.spawn(self._come_again(site)) for _ in range(self.clients)]

    async def remove(self, site: Site) -> None:
        """Send them away."""
        for cancel in self._cancel:
            cancel()
        self._cancel.clear()

    async def visit(self, door: Door, clock: Clock) -> None:
        """What a client does. What it raises as OSError is the listener's way to end it."""
        raise NotImplementedError

    async def _come_again(self, site: Site) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # also a time-out, and a failed handshake
                await self.visit(self._door(site), site.clock)
            await sleep(site.clock, self.pause_s)
            await asyncio.sleep(PAUSE_REAL_MIN_S)

    def _door(self, site: Site) -> Door:
        assert self._load_balancer is not None
        balancer = next(item for item in site.configuration().load_balancers if item.name == self._load_balancer)
        listener = next(item for item in balancer.listeners if item.port == self._port)
        host, port = site.listener_address(self._load_balancer, self._port)
        name = (*balancer.names, balancer.dns_name)[0]
        return Door(host, port, name, _careless() if listener.protocol is Protocol.HTTPS else None)


async def sleep(clock: Clock, duration_s: float) -> None:
    """Wait for load-balancer seconds."""
    woken = asyncio.Event()
    timer = clock.call_later(duration_s, woken.set)
    try:
        await woken.wait()
    finally:
        timer.cancel()


def _careless() -> ssl.SSLContext:
    """It talks to our own socket: whose certificate that presents is of no interest here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
