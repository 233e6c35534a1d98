"""Clients of every temper on one event loop, and a ledger of what each of their requests has to leave in the log.

A request is named by a token in its path. What is certain: a request that got a response head has one line, with that
status; so has one that was sent whole and then broken off with a FIN. A reset may destroy what was sent before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import re
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.dataplane.harness import Message, read_message, reset

DEADLINE_S = 30.0
"""Nothing may take longer. The load balancer's longest timeout is three seconds at the speed of the test."""
_URL = re.compile(r'"[A-Z]+ https?://[^ /]+/([a-z]+-\d+) ')


@dataclass
class Ledger:
    """What was asked, what was answered, and what of it must be in the log."""

    asked: set[str] = field(default_factory=set)
    answered: dict[str, int] = field(default_factory=dict)
    """Statuses by token, from the response heads that clients saw."""
    broken_off: set[str] = field(default_factory=set)
    """Sent whole, ended in order before an answer: surely one line each."""
    nameless: int = 0
    """Ended in order within the head, or answered 408 there: surely a line each, without a token."""
    nameless_perhaps: int = 0
    tally: Counter[str] = field(default_factory=Counter)

    def check(self, lines: list[str]) -> None:
        """Compare with the whole access log."""
        statuses: dict[str, int] = {}
        unnamed = 0
        for line in lines:
            found = _URL.search(line)
            if found is None:
                unnamed += 1
                assert '"- http' in line, line
                continue
            token = found[1]
            assert token in self.asked, f"nobody asked: {line}"
            assert token not in statuses, f"recorded twice: {line}"
            statuses[token] = int(line.split(" ")[8])
        wrong = {token: (status, statuses.get(token)) for token, status in self.answered.items()}
        wrong = {token: both for token, both in wrong.items() if both[0] != both[1]}
        assert not wrong, f"answered as first, recorded as second: {wrong}"
        missing = self.broken_off - statuses.keys()
        assert not missing, f"broken off, and not recorded: {missing}"
        assert self.nameless <= unnamed <= self.nameless + self.nameless_perhaps, (unnamed, self)


class Clients:
    """Runs the clients against one instance's listeners."""

    def __init__(self, seed: int, ledger: Ledger, ports: Sequence[int], trust: ssl.SSLContext) -> None:
        """`ports` are those of the listeners that forward, that answer by themselves, and that speak TLS."""
        self._random = Random(seed)
        self._ledger = ledger
        self._plain, self._fixed, self._tls = ports
        self._trust = trust
        self._numbers = itertools.count(1)
        self._is_over = False

    async def run(self, seconds: float) -> None:
        """All of them, for so long; raises what any of them found wrong."""
        kinds = [self.keep, self.keep, self.come_and_go, self.slow, self.leave, self.leave, self.pipeline, self.upload]
        self._is_over = False
        asyncio.get_running_loop().call_later(seconds, self._end)
        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                for is_tls in (False, True):
                    group.create_task(self._repeat(kind, is_tls))
            group.create_task(self._repeat(self.stray, False))

    def _end(self) -> None:
        self._is_over = True

    async def _repeat(self, kind: Callable[[bool], Awaitable[None]], is_tls: bool) -> None:
        while not self._is_over:
            async with asyncio.timeout(DEADLINE_S):
                # A connection may end under anybody here; what must not happen is told by the ledger and asserts.
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    await kind(is_tls)
                self._ledger.tally[kind.__name__] += 1
            await asyncio.sleep(self._random.random() * 0.02)

    # -- parts ---------------------------------------------------------------------------------------------------------

    async def _open(self, is_tls: bool, port: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if is_tls:
            return await asyncio.open_connection(
                "127.0.0.1", self._tls, ssl=self._trust, server_hostname="my-alb.localhost", limit=1 << 20
            )
        return await asyncio.open_connection("127.0.0.1", port or self._plain, limit=1 << 20)

    def _token(self, kind: str) -> str:
        token = f"{kind}-{next(self._numbers)}"
        self._ledger.asked.add(token)
        return token

    async def _answer(self, token: str, reader: asyncio.StreamReader, body: bytes | None = b"") -> Message | None:
        """The response to a request, checked to be this request's own; None when the connection ended before it."""
        message = await read_message(reader, method="GET")
        if message is None or not message.head.endswith(b"\r\n\r\n"):
            return None
        self._ledger.answered[token] = message.status
        if message.status == 200:
            assert message["X-Token"] == token, (token, message)
            line = token.encode() + b"\n"
            assert (line * (len(message.body) // len(line) + 1)).startswith(message.body), (token, message)
            if body is not None and message["X-Got"] is not None:
                assert message["X-Got"] == hashlib.sha256(body).hexdigest(), token
        else:
            assert message["Server"] == "awselb/2.0", (token, message)
        return message if message.is_complete and message["Connection"] != "close" else None

    # -- clients -------------------------------------------------------------------------------------------------------

    async def keep(self, is_tls: bool) -> None:
        """Many requests on one connection."""
        reader, writer = await self._open(is_tls)
        try:
            for _ in range(self._random.randrange(1, 60)):
                token = self._token("keep")
                writer.write(_get(token))
                if await self._answer(token, reader) is None:
                    return
                await asyncio.sleep(self._random.random() * 0.01)
        finally:
            await _close(writer)

    async def come_and_go(self, is_tls: bool) -> None:
        """One request on a connection of its own."""
        reader, writer = await self._open(is_tls)
        try:
            token = self._token("come")
            writer.write(_get(token, b"Connection: close\r\n"))
            await self._answer(token, reader)
        finally:
            await _close(writer)

    async def slow(self, is_tls: bool) -> None:
        """Sends and reads in small pieces; now and then too slowly."""
        reader, writer = await self._open(is_tls)
        try:
            token = self._token("slow")
            data = _get(token)
            if self._random.random() < 0.05:
                writer.write(data[:20])
                message = await read_message(reader, method="GET")
                assert message is not None
                assert message.status == 408
                self._ledger.nameless += 1
                return
            for place in range(0, len(data), 3):
                writer.write(data[place : place + 3])
                await asyncio.sleep(0.002)
            await asyncio.sleep(0.05)
            await self._answer(token, reader)
        finally:
            await _close(writer)

    async def leave(self, is_tls: bool) -> None:
        """Breaks off at some stage, in order or with a reset."""
        ledger = self._ledger
        stage = self._random.randrange(6)
        in_order = self._random.random() < 0.5
        if stage == 0 and is_tls:
            # Within the hello, or within plain HTTP on the TLS port.
            _, writer = await asyncio.open_connection("127.0.0.1", self._tls)
            writer.write(b"\x16\x03\x01\x02\x00\x01\x00"[: self._random.randrange(8)])
            await self._go(writer, in_order)
            return
        reader, writer = await self._open(is_tls)
        if stage == 0:
            await self._go(writer, in_order)
            return
        token = self._token("leave")
        data = _get(token)
        if stage == 1:
            if in_order:
                ledger.nameless += 1
            else:
                ledger.nameless_perhaps += 1
            writer.write(data[: self._random.randrange(1, len(data) - 1)])
        elif stage == 2:
            writer.write(data)
            if in_order:
                ledger.broken_off.add(token)
        elif stage == 3:
            writer.write(_post(token, b"x" * 50_000)[: self._random.randrange(200, 40_000)])
            if in_order:
                ledger.broken_off.add(token)
        else:
            writer.write(data)
            head = await reader.read(self._random.choice((1, 20, 100_000)))
            if head:
                ledger.broken_off.add(token)
        await self._go(writer, in_order)

    async def _go(self, writer: asyncio.StreamWriter, in_order: bool) -> None:
        if in_order:
            await writer.drain()
            await _close(writer)
        else:
            reset(writer.transport)

    async def pipeline(self, is_tls: bool) -> None:
        """Several requests at once; the answers come in their order."""
        reader, writer = await self._open(is_tls)
        try:
            tokens = [self._token("pipe") for _ in range(self._random.randrange(2, 12))]
            writer.write(b"".join(_get(token) for token in tokens))
            for token in tokens:
                if await self._answer(token, reader) is None:
                    return
        finally:
            await _close(writer)

    async def upload(self, is_tls: bool) -> None:
        """A body in either framing; what the target got is what was sent."""
        reader, writer = await self._open(is_tls)
        sending: asyncio.Task[None] | None = None
        try:
            token = self._token("send")
            body = self._random.randbytes(self._random.choice((0, 1, 1000, 70_000, 300_000)))
            writer.write(_post(token, body, is_chunked=self._random.random() < 0.5))
            sending = asyncio.create_task(_drain(writer))
            await self._answer(token, reader, body)
        finally:
            if sending is not None:
                sending.cancel()
            await _close(writer)

    async def stray(self, is_tls: bool) -> None:
        """What the load balancer answers by itself: refusals, redirects, fixed responses."""
        reader, writer = await self._open(is_tls, self._fixed)
        try:
            token = self._token("stray")
            field, status = self._random.choice(
                ((b"", 200), (b"", 200), (b"Content-Length: 1, 2\r\n", 400), (b"Transfer-Encoding: gzip\r\n", 400))
            )
            writer.write(_get(token, field))
            message = await read_message(reader, method="GET")
            assert message is not None
            assert message.status == status or field, message
            self._ledger.answered[token] = message.status
        finally:
            await _close(writer)


def _get(token: str, fields: bytes = b"") -> bytes:
    return b"GET /%b HTTP/1.1\r\nHost: my-alb.localhost\r\n%b\r\n" % (token.encode(), fields)


def _post(token: str, body: bytes, *, is_chunked: bool = False) -> bytes:
    start = b"POST /%b HTTP/1.1\r\nHost: my-alb.localhost\r\n" % token.encode()
    if not is_chunked:
        return b"%bContent-Length: %d\r\n\r\n%b" % (start, len(body), body)
    pieces = [body[place : place + 30_000] for place in range(0, len(body), 30_000)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return start + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


async def _drain(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
        async with asyncio.timeout(1):
            await writer.wait_closed()
    writer.transport.abort()
