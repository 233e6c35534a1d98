"""The stream of events over real sockets: what viewers get, and what viewers that behave badly cannot do."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simlb.controlplane import event_client, event_routes, runfile
from simlb.controlplane.client import ControlClient
from simlb.controlplane.event_client import EventStream
from simlb.controlplane.server import ControlServer
from simlb.errors import SimlbError
from simlb.observe import event_viewers
from simlb.observe.event_hub import VIEWERS_MAX
from tests.controlplane.fakes import FakeInstance
from tests.dataplane.harness import until
from tests.observe.told import Stand, exchange

TOKEN = "s3cret"
PATH = "/api/v1/events"


class Port(Stand):
    """A hub with a control port before it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.server = ControlServer(FakeInstance(), TOKEN, 0, routes=event_routes.event_routes(self.hub))

    async def open(self) -> None:
        await self.server.start()
        runfile.write(
            self.folder,
            instance="default",
            control_host="127.0.0.1",
            control_port=self.server.port,
            token=TOKEN,
            version="0.1.0",
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}{PATH}"

    @property
    def client(self) -> ControlClient:
        return ControlClient.for_instance(self.folder, "default")

    def connect(self, query: str = "", *, buffer: int | None = None) -> socket.socket:
        """A viewer that reads nothing by itself."""
        sock = socket.socket()
        if buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        sock.connect(("127.0.0.1", self.server.port))
        sock.sendall(f"GET {PATH}{query} HTTP/1.1\r\nHost: 127.0.0.1:{self.server.port}\r\n\r\n".encode())
        return sock


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    port = Port(tmp_path)
    await port.open()
    yield port
    port.close()
    await port.server.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def read(response: aiohttp.ClientResponse, count: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    events: list[dict[str, Any]] = []
    while len(events) < count:
        line = await asyncio.wait_for(response.content.readline(), 3)
        if line.startswith(b"data: "):
            events.append(json.loads(line[6:]))
    return events


class TestStream:
    async def test_history_then_what_happens(self, port: Port, http: aiohttp.ClientSession) -> None:
        port.say("a")
        async with http.get(f"{port.url}?pulse=0") as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            assert [event["text"] for event in await read(response, 1)] == ["a"]
            port.say("b")
            port.finish(exchange())
            assert [event["id"] for event in await read(response, 2)] == [2, 3]

    async def test_it_begins_with_how_to_come_back(self, port: Port, http: aiohttp.ClientSession) -> None:
        port.say("a")
        async with http.get(f"{port.url}?history=0&pulse=0") as response:
            assert await response.content.readexactly(20) == b"retry: 1000\n\nid: 1\n\n"

    @pytest.mark.parametrize(
        ("query", "headers", "texts"),
        [
            ("?after=1", {}, ["b", "c"]),
            ("?after=0&history=1", {}, ["a", "b", "c"]),
            ("?after=0", {"Last-Event-ID": "2"}, ["c"]),
            ("?history=2", {}, ["b", "c"]),
            ("?types=notice,pulse&history=1", {}, ["c"]),
        ],
    )
    async def test_what_comes_first(
        self, port: Port, http: aiohttp.ClientSession, query: str, headers: dict[str, str], texts: list[str]
    ) -> None:
        port.say("a", "b", "c")
        async with http.get(port.url + query, headers=headers) as response:
            assert [event["text"] for event in await read(response, len(texts))] == texts
            assert (await read(response, 1))[0]["type"] == "pulse"

    @pytest.mark.parametrize(
        ("query", "headers", "code"),
        [
            ("?types=notices", {}, "E771"),
            ("?types=", {}, "E771"),
            ("?history=1001", {}, "E608"),
            ("?history=-1", {}, "E608"),
            ("?history=x", {}, "E608"),
            ("?after=-1", {}, "E608"),
            ("?pulse=yes", {}, "E608"),
            ("", {"Last-Event-ID": "x"}, "E608"),
            ("", {"Host": "evil.test"}, "E605"),
            ("", {"Origin": "http://evil.test"}, "E606"),
        ],
    )
    async def test_what_is_refused(
        self, port: Port, http: aiohttp.ClientSession, query: str, headers: dict[str, str], code: str
    ) -> None:
        async with http.get(port.url + query, headers=headers) as response:
            assert response.status in {400, 403}
            assert (await response.json())["code"] == code
        assert port.hub.viewers == 0

    async def test_too_many_viewers(self, port: Port, http: aiohttp.ClientSession) -> None:
        viewers = [port.hub.watch() for _ in range(VIEWERS_MAX)]
        async with http.get(port.url) as response:
            assert (response.status, (await response.json())["code"]) == (503, "E770")
        for viewer in viewers:
            viewer.leave()

    async def test_only_get(self, port: Port, http: aiohttp.ClientSession) -> None:
        async with http.head(port.url) as response:
            assert response.status == 405


class TestBadViewers:
    async def test_one_that_never_reads(self, port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_viewers, "DROPPED_S", 0.05)
        with port.connect("?history=0&pulse=0", buffer=4096) as sock:
            await until(lambda: port.hub.viewers == 1)
            text = "x" * 1000
            for _ in range(200):
                port.say(*[text] * 50)
                await asyncio.sleep(0)
                if port.hub.dropped:
                    break
            assert (port.hub.dropped, port.hub.viewers) == (1, 0)
            # It is cut, whatever it was still to be sent.
            await until(lambda: not _connections(port.server))
            sock.settimeout(1)
            received = b""
            try:
                while data := sock.recv(65536):
                    received += data
            except ConnectionResetError:
                pass
            assert len(received) < 1_000_000

    async def test_one_that_is_only_slow_is_told(self, port: Port) -> None:
        with port.connect("?history=0&pulse=0", buffer=4096) as sock:
            await until(lambda: port.hub.viewers == 1)
            while not port.hub.dropped:
                port.say(*["x" * 1000] * 50)
                await asyncio.sleep(0)
            sock.settimeout(3)
            received = await asyncio.to_thread(_read_all, sock)
            assert b"event: dropped\n" in received[-300:]

    async def test_one_that_vanishes(self, port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_routes, "KEEP_ALIVE_S", 0.02)
        for linger in (True, False):
            sock = port.connect("?pulse=0")
            await until(lambda: port.hub.viewers == 1)
            if linger:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            await until(lambda: port.hub.viewers == 0)
            await until(lambda: not _connections(port.server))

    async def test_half_open(self, port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_routes, "KEEP_ALIVE_S", 0.02)
        with port.connect("?pulse=0") as sock:
            await until(lambda: port.hub.viewers == 1)
            sock.shutdown(socket.SHUT_WR)
            await until(lambda: port.hub.viewers == 0)

    async def test_keep_alive(self, port: Port, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_routes, "KEEP_ALIVE_S", 0.01)
        async with http.get(f"{port.url}?pulse=0") as response:
            while await asyncio.wait_for(response.content.readline(), 3) != b": still here\n":
                pass


class TestTheEnd:
    async def test_a_stream_ends_with_the_instance(self, port: Port, http: aiohttp.ClientSession) -> None:
        async with http.get(f"{port.url}?pulse=0") as response:
            await until(lambda: port.hub.viewers == 1)
            port.close()
            assert (await read(response, 1))[0]["type"] == "ended"
            assert (await response.content.read())[-2:] in {b"", b"\n"}

    async def test_and_with_the_port(self, port: Port, http: aiohttp.ClientSession) -> None:
        async with http.get(f"{port.url}?pulse=0") as response:
            await until(lambda: port.hub.viewers == 1)
            began = time.monotonic()
            await port.server.close()
            assert time.monotonic() - began < 0.5
            assert (await read(response, 1))[0]["type"] == "ended"

    async def test_one_that_never_reads_does_not_hold_it_up(self, port: Port) -> None:
        with port.connect("?history=0&pulse=0", buffer=4096):
            await until(lambda: port.hub.viewers == 1)
            for _ in range(30):
                port.say(*["x" * 1000] * 50)
                await asyncio.sleep(0)
            assert port.hub.viewers == 1
            began = time.monotonic()
            port.close()
            await port.server.close()
            assert time.monotonic() - began < 1.5


class TestClient:
    """`EventStream`, in a thread of its own since it blocks."""

    async def test_it_iterates_until_the_instance_ends(self, port: Port) -> None:
        port.say("a", "b")
        stream = EventStream(port.client, types={"notice"}, history=1, pulses=False)
        seen: list[str] = []
        thread = threading.Thread(target=lambda: seen.extend(event.get("text", event["type"]) for event in stream))
        thread.start()
        await until(lambda: port.hub.viewers == 1)
        port.finish(exchange())
        port.say("c")
        port.close()
        await asyncio.to_thread(thread.join, 3)
        assert seen == ["b", "c", "ended"]

    async def test_it_goes_on_where_it_was(self, port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(event_client, "RETRY_S", 0.05)
        port.say("before")
        seen: list[str] = []
        stream = EventStream(port.client, pulses=False)
        thread = threading.Thread(target=lambda: seen.extend(event.get("text", event["type"]) for event in stream))
        thread.start()
        await until(lambda: port.hub.viewers == 1)
        port.say("a")
        await until(lambda: seen == ["a"])
        for connection in _connections(port.server):
            assert connection.transport is not None
            connection.transport.abort()
        port.say("meanwhile")
        await until(lambda: seen == ["a", "meanwhile"])
        port.say("b")
        port.close()
        await asyncio.to_thread(thread.join, 3)
        assert seen == ["a", "meanwhile", "b", "ended"]

    async def test_it_is_closed_while_it_waits(self, port: Port) -> None:
        stream = EventStream(port.client, pulses=False)
        seen: list[object] = []
        thread = threading.Thread(target=lambda: seen.extend(stream))
        thread.start()
        await until(lambda: port.hub.viewers == 1)
        stream.close()
        await asyncio.to_thread(thread.join, 3)
        assert (thread.is_alive(), seen) == (False, [])

    async def test_what_the_port_refuses(self, port: Port) -> None:
        def look() -> None:
            with EventStream(port.client, types={"notices"}) as stream, pytest.raises(SimlbError) as caught:
                next(iter(stream))
            assert caught.value.code == "E771"
            assert caught.value.hints == ("did you mean notice?",)

        await asyncio.to_thread(look)

    async def test_an_instance_that_lives_and_does_not_answer(
        self, port: Port, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(event_client, "RETRY_S", 0.01)
        monkeypatch.setattr(event_client, "GIVES_UP_AFTER_S", 0.05)
        client = port.client
        await port.server.close()

        def look() -> None:
            with pytest.raises(SimlbError, match="do not come any more") as caught:
                list(EventStream(client))
            assert caught.value.code == "E603"

        await asyncio.to_thread(look)

    async def test_an_instance_that_is_gone(self, port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
        client = port.client
        await port.server.close()
        monkeypatch.setattr(runfile, "is_alive", lambda *_: False)
        assert await asyncio.to_thread(lambda: list(EventStream(client))) == []


def _connections(server: ControlServer) -> list[Any]:
    """The connections that it holds."""
    runner = server._runner
    if runner is None or runner.server is None:
        return []
    return list(runner.server.connections)


def _read_all(sock: socket.socket) -> bytes:
    received = b""
    while data := sock.recv(65536):
        received += data
    return received
