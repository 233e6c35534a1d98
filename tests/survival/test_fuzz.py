"""Whatever a client sends, in whatever pieces: a live node neither crashes nor hangs, and nobody gets another's bytes.

Each example is a client of its own on real sockets, while an innocent one talks on a kept connection. The target reads
strictly, with h11 and with llhttp (in aiohttp's parser): what reaches it is one request for both, or it is noted.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
from collections.abc import Callable, Iterator

import h11
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError, InvalidURLError
from aiohttp.http_parser import HttpRequestParser
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from simlb.core.health import HealthState
from tests.dataplane.conftest import pytest_asyncio_loop_factories
from tests.dataplane.harness import GET, Client, Rig, TargetConnection, read_message, until
from tests.wire.corpus import mutated_heads

EXAMPLES = 350
PATIENCE_S = 0.03
"""A client that is waited for (half a head, a body that is missing) says after so long that nothing more will come."""
DEADLINE_S = 5.0
LLHTTP_METHODS = {b"GET", b"POST", b"PUT", b"OPTIONS", b"HEAD", b"DELETE", b"PATCH"}


class StrictTarget:
    """Reads with two parsers, answers with who asked (the load balancer's word for it) and a number, and notes."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.offences: list[str] = []
        self.strangers: set[bytes] = set()
        """Ports of the clients that send strange things."""
        self.strange = self.read_by_both = 0

    async def script(self, connection: TargetConnection) -> None:
        reading = h11.Connection(h11.SERVER, max_incomplete_event_size=200_000)
        llhttp: HttpRequestParser | None = None
        read_by_llhttp = 0
        head: h11.Request | None = None
        body = hashlib.sha256()
        while data := await connection.reader.read(1 << 16):
            try:
                reading.receive_data(data)
                if head is None:
                    # The load balancer never pipelines: what comes now is the beginning of a request.
                    llhttp, read_by_llhttp = new_llhttp(data), 0
                if llhttp is not None:
                    try:
                        read_by_llhttp += len(llhttp.feed_data(data)[0])
                    except InvalidURLError:
                        llhttp = None  # read by llhttp, refused by aiohttp
                while (event := reading.next_event()) is not h11.NEED_DATA:
                    if isinstance(event, h11.Request):
                        head, body = event, hashlib.sha256()
                    elif isinstance(event, h11.Data):
                        body.update(event.data)
                    elif isinstance(event, h11.EndOfMessage):
                        assert head is not None
                        if llhttp is not None:
                            assert read_by_llhttp == 1, f"{read_by_llhttp} requests for llhttp, one for h11"
                        is_over = reading.their_state is not h11.DONE
                        await self._answer(connection, head, body.hexdigest(), closes=is_over)
                        self.read_by_both += self.is_strange(head) and llhttp is not None
                        head = None
                        reading.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                        reading.send(h11.EndOfMessage())
                        if is_over or reading.our_state is h11.MUST_CLOSE:
                            return
                        assert reading.trailing_data == (b"", False), "bytes behind the request"
                        reading.start_next_cycle()
                    else:
                        return
            except (h11.RemoteProtocolError, HttpProcessingError, AssertionError) as error:
                self.offences.append(f"{error!r}: {data!r}")
                return

    def is_strange(self, head: h11.Request) -> bool:
        return asked_by(head) in self.strangers

    async def _answer(self, connection: TargetConnection, head: h11.Request, digest: str, *, closes: bool) -> None:
        self.strange += self.is_strange(head)
        who = asked_by(head)
        number = next(self.numbers)
        await connection.send(
            b"HTTP/1.1 200 OK\r\nX-Who: %b\r\nX-Number: %d\r\nX-Digest: %b\r\n%bContent-Length: 0\r\n\r\n"
            % (who, number, digest.encode(), b"Connection: close\r\n" if closes else b"")
        )


def asked_by(head: h11.Request) -> bytes:
    """The client's port as the load balancer wrote it behind whatever the client itself had claimed."""
    values = [value for name, value in head.headers if name == b"x-forwarded-for"]
    return values[-1].rpartition(b":")[2]


def new_llhttp(data: bytes) -> HttpRequestParser | None:
    """A parser, unless aiohttp's has no word for the method, or stops at an upgrade, though it is one request."""
    if data.partition(b" ")[0] not in LLHTTP_METHODS or b"\r\nupgrade:" in data.lower():
        return None
    loop = asyncio.get_running_loop()
    return HttpRequestParser(BaseProtocol(loop), loop, 1 << 20, max_line_size=1 << 17, max_field_size=1 << 17)


@st.composite
def talks(draw: st.DrawFn) -> list[bytes]:
    """One to three mutated requests with something like bodies, cut into pieces that are sent one by one."""
    data = b""
    for _ in range(draw(st.integers(1, 3))):
        data += draw(mutated_heads())
        data += draw(
            st.sampled_from([b"", b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"5\r\nhell", b"0\r\n\r\n", b"zz"])
        )
        data += draw(st.binary(max_size=4)) if draw(st.booleans()) else b""
    cuts = sorted({draw(st.integers(0, len(data))) for _ in range(draw(st.integers(0, 4)))})
    edges = [0, *cuts, len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if end > start]


class Stage:
    """A node, its strict target and the innocent client, alive over all examples of a test."""

    async def start(self) -> None:
        self.rig = Rig()
        await self.rig.start()
        self.target = StrictTarget()
        await self.rig.serve(self.target.script, xff_client_port=True, desync_mitigation_mode="defensive")
        self.innocent = await self.rig.client()
        self.numbers: dict[str, str] = {}

    async def act(self, pieces: list[bytes]) -> None:
        """One example."""
        client = await self.rig.client()
        self.target.strangers = {str(client.port).encode()}
        try:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.gather(self._talk(client, pieces), self._stay_innocent(), self._stay_innocent_anew())
        finally:
            self.rig.clients.remove(client)
            await client.close()
        assert not self.target.offences, self.target.offences
        assert not self.rig.errors, self.rig.errors

    async def _talk(self, client: Client, pieces: list[bytes]) -> None:
        reading = asyncio.ensure_future(self._read(client))
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                client.send(piece)
                await client.writer.drain()
                await asyncio.sleep(0)
            # On a connection that is still of use this is the last request.
            client.send(b"\r\nGET /last HTTP/1.1\r\nHost: lb.test\r\nConnection: close\r\n\r\n")
            await asyncio.wait([reading], timeout=PATIENCE_S)
            if not reading.done() and not client.writer.transport.is_closing():
                client.half_close()
        await reading

    async def _read(self, client: Client) -> None:
        """Everything up to the end of the connection."""
        port = str(client.port)
        try:
            while (message := await read_message(client.reader, method="GET")) is not None:
                if not message.head.startswith(b"HTTP/1.1 "):
                    # The body of an answer to HEAD, or a tunnel: nothing here says how long it is.
                    return
                self._check(message["X-Who"], message["X-Number"], port)
        except ConnectionError:
            return

    def _check(self, who: str | None, number: str | None, port: str) -> None:
        if number is None:
            return  # the load balancer's own
        assert who == port, f"{port} got the answer to {who}"
        assert number not in self.numbers, f"answer {number} went to {self.numbers[number]} and to {port}"
        self.numbers[number] = port

    async def _stay_innocent(self) -> None:
        for _ in range(3):
            message = await self.innocent.ask()
            assert message.status == 200
            self._check(message["X-Who"], message["X-Number"], str(self.innocent.port))

    async def _stay_innocent_anew(self) -> None:
        client = await self.rig.client()
        try:
            message = await client.ask(GET)
            assert message.status == 200
            self._check(message["X-Who"], message["X-Number"], str(client.port))
        finally:
            self.rig.clients.remove(client)
            await client.close()

    async def end(self) -> None:
        """Nobody is left in the middle of something, whatever has happened."""
        await self.rig.clock.advance(200)  # every timeout there is
        await until(lambda: len(self.rig.node.connections) == 0, "all connections have ended")
        assert all(state.health.state is HealthState.HEALTHY for state in self.rig.node.groups["web"].targets.values())
        await self.rig.close()


@pytest.fixture(params=pytest_asyncio_loop_factories().items(), ids=lambda item: item[0])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    factory: Callable[[], asyncio.AbstractEventLoop] = request.param[1]
    with asyncio.Runner(loop_factory=factory) as made:
        yield made


def test_nothing_a_client_sends_does_harm(runner: asyncio.Runner) -> None:
    stage = Stage()
    runner.run(stage.start())

    # Not shrunk: what fails by its timing would be tried for minutes.
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(talks())
    def examples(pieces: list[bytes]) -> None:
        runner.run(stage.act(pieces))

    examples()
    target = stage.target
    print(f"\n{target.strange} strange requests were forwarded, {target.read_by_both} of them read by both parsers")
    assert target.strange > EXAMPLES / 4
    assert target.read_by_both > EXAMPLES / 8
    runner.run(stage.end())
