"""Streams through a link: pace, bounded buffers in both directions, tunnels."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from simlb.clock import ScaledClock
from simlb.dataplane.link import Link
from tests.dataplane.behaviours import in_flight, links, meddle, settled
from tests.dataplane.harness import GET, OK, Client, Rig, TargetConnection, answer, echo, until
from tests.dataplane.test_clients import MEGABYTE
from tests.dataplane.test_tunnels import SWITCH, UPGRADE, mirror
from tests.dataplane.tls_targets import secure_target, serve_over_tls

BUFFERS_MAX = MEGABYTE
"""What a link may hold: its own 64 KiB and the last read or write, which may be some hundred KiB."""


def post(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size


class Gauge:
    """The most that any link has held on the way in and on the way out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most_in = self.most_out = 0

        def watched(weigh: Callable[[Link], None]) -> Callable[[Link], None]:
            def weighing(link: Link) -> None:
                self.most_in = max(self.most_in, link._in.size)
                self.most_out = max(self.most_out, link._waiting_out)
                weigh(link)

            return weighing

        monkeypatch.setattr(Link, "_weigh_in", watched(Link._weigh_in))
        monkeypatch.setattr(Link, "_weigh_out", watched(Link._weigh_out))


async def drawn_out(rig: Rig, task: asyncio.Task[Any], limit_s: float, step_s: float = 0.5) -> float:
    """Move time on in steps until `task` is done; how many seconds that took."""
    elapsed_s = 0.0
    while not task.done():
        assert elapsed_s < limit_s, "too late"
        await rig.clock.advance(step_s)
        elapsed_s += step_s
        await asyncio.sleep(0)
    return elapsed_s


# -- pace --------------------------------------------------------------------------------------------------------------


async def test_an_answer_takes_as_long_as_its_bytes(rig: Rig) -> None:
    body = Random(1).randbytes(2 * MEGABYTE)
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body))
    meddle(rig, wire={"bytes_per_s": MEGABYTE / 10})
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    await until(lambda: links(rig), "connected")
    reading = asyncio.create_task(client.response())
    # One long step: the clock waits whenever the link runs dry, so that the rate holds.
    await rig.clock.advance(19.5)
    assert rig.records == []
    await rig.clock.advance(1.0)
    assert (await reading).body == body
    await settled(rig)


async def test_an_upload_takes_as_long_as_its_bytes(rig: Rig) -> None:
    await rig.serve(answer(OK))
    meddle(rig, wire={"bytes_per_s": 100_000})
    client = await rig.client()
    client.send(post(1_000_000) + bytes(1_000_000))
    await in_flight(rig)
    await until(lambda: links(rig), "connected")
    elapsed_s = await drawn_out(rig, asyncio.create_task(client.response("POST")), 15)
    assert 10 <= elapsed_s <= 11.5
    assert len(rig.targets[0].requests[0].body) == 1_000_000


async def test_small_pieces_arrive_whole(rig: Rig) -> None:
    await rig.serve(echo)
    meddle(rig, wire={"slice_bytes": 3})
    body = Random(2).randbytes(20_000)
    client = await rig.client()
    for _ in range(2):
        client.send(post(len(body)) + body)
        assert (await client.response("POST")).body == body
    assert len(rig.targets[0].connections) == 1


async def test_pauses_between_pieces_add_up(rig: Rig) -> None:
    await rig.serve(answer(OK))  # 43 bytes
    meddle(rig, wire={"slice_bytes": 1000, "slice_delay_s": 7.0})
    client = await rig.client()
    client.send(GET)
    assert (await client.response()).status == 200
    # The next request comes right behind: the pause after the last piece of the one before is still on.
    client.send(GET)
    await in_flight(rig)
    await rig.clock.advance(6.9)
    assert len(rig.records) == 1
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200


async def test_bytes_that_trickle_keep_the_idle_timeout_away(rig: Rig) -> None:
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000))
    meddle(rig, wire={"bytes_per_s": 5})
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    await until(lambda: links(rig), "connected")
    reading = asyncio.create_task(client.response())
    elapsed_s = await drawn_out(rig, reading, 400, 5.0)
    assert elapsed_s > 200, "the answer alone, at five bytes a second"
    assert (await reading).body == b"x" * 1000


# -- room --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("is_secure", [False, True])
async def test_fifty_megabytes_down_a_slow_link_stay_bounded(
    rig: Rig, is_secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauge = Gauge(monkeypatch)
    piece = Random(3).randbytes(MEGABYTE)

    async def flood(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (50 * MEGABYTE))
        for _ in range(50):
            await connection.send(piece)

    if is_secure:
        await serve_over_tls(rig, await secure_target(rig, flood))
    else:
        await rig.serve(flood)
    meddle(rig, wire={"bytes_per_s": 4 * MEGABYTE})
    client = await rig.client()
    client.send(GET)
    await in_flight(rig)
    await until(lambda: links(rig), "connected")

    async def read() -> str:
        digest = hashlib.sha256()
        await client.up_to(b"\r\n\r\n")
        for _ in range(200):
            digest.update(await client.exactly(MEGABYTE // 4))
        return digest.hexdigest()

    elapsed_s = await drawn_out(rig, reading := asyncio.create_task(read()), 40)
    assert await reading == hashlib.sha256(piece * 50).hexdigest()
    assert 12 <= elapsed_s <= 14
    assert 65_536 < gauge.most_in < BUFFERS_MAX


@pytest.mark.slow
@pytest.mark.parametrize("is_secure", [False, True])
async def test_fifty_megabytes_up_a_slow_link_stay_bounded(
    rig: Rig, is_secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gauge = Gauge(monkeypatch)
    piece = Random(4).randbytes(MEGABYTE)
    digest = hashlib.sha256()

    async def sink(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        for _ in range(200):
            digest.update(await connection.reader.readexactly(MEGABYTE // 4))
        await connection.send(OK)

    if is_secure:
        await serve_over_tls(rig, await secure_target(rig, sink))
    else:
        await rig.serve(sink)
    meddle(rig, wire={"bytes_per_s": 4 * MEGABYTE})
    client = await rig.client()

    async def upload() -> int:
        client.send(post(50 * MEGABYTE))
        for _ in range(50):
            client.send(piece)
            await client.writer.drain()
        return (await client.response("POST")).status

    task = asyncio.create_task(upload())
    await in_flight(rig)
    await until(lambda: links(rig), "connected")
    await drawn_out(rig, task, 60)
    assert await task == 200
    assert digest.hexdigest() == hashlib.sha256(piece * 50).hexdigest()
    assert 65_536 < gauge.most_out < BUFFERS_MAX


async def test_a_client_that_does_not_read_pauses_its_target(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    gauge = Gauge(monkeypatch)
    sent = 0

    async def flood(connection: TargetConnection) -> None:
        nonlocal sent
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (24 * MEGABYTE))
        for _ in range(96):
            await connection.send(bytes(MEGABYTE // 4))
            sent += MEGABYTE // 4

    await rig.serve(flood)
    meddle(rig)
    client = await rig.client()
    client.send(GET)
    await until(lambda: links(rig) and links(rig)[0]._is_lower_paused, "back-pressure")
    assert sent < 20 * MEGABYTE
    assert len((await client.response()).body) == 24 * MEGABYTE
    assert gauge.most_in < BUFFERS_MAX


async def test_a_target_that_does_not_read_pauses_its_client(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    gauge = Gauge(monkeypatch)

    async def script(connection: TargetConnection) -> None:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await connection.target.let_go.wait()
        connection.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await echo(connection)

    await rig.serve(script)
    meddle(rig)
    client = await rig.client()
    body = Random(5).randbytes(16 * MEGABYTE)
    client.send(post(len(body)) + body)
    await until(lambda: links(rig) and links(rig)[0]._is_codec_blocked, "back-pressure")
    assert links(rig)[0].get_write_buffer_size() < 2 * MEGABYTE
    rig.targets[0].let_go.set()
    assert (await client.response("POST")).body == body
    assert gauge.most_out < BUFFERS_MAX


# -- tunnels -----------------------------------------------------------------------------------------------------------


async def upgraded(rig: Rig, delay_s: float = 0.0) -> Client:
    client = await rig.client()
    client.send(UPGRADE)
    await in_flight(rig)
    await until(lambda: links(rig), "connected")
    await rig.clock.advance(delay_s)
    assert (await client.response()).status == 101
    return client


@pytest.mark.parametrize("is_secure", [False, True])
async def test_a_tunnel_passes_after_its_delayed_beginning(rig: Rig, is_secure: bool) -> None:
    if is_secure:
        await serve_over_tls(rig, await secure_target(rig, mirror))
    else:
        await rig.serve(mirror)
    meddler = meddle(rig, request={"delay_s": 2.0})
    client = await upgraded(rig, 2.0)
    for data in (b"\x81\x05hello", GET, b"x" * 100_000):
        client.send(data)
        assert await client.exactly(len(data)) == data
    assert len(meddler.asked) == 1
    rig.node.release("i-01", meddler)  # the tunnel goes on as it is
    client.send(b"bye")
    assert await client.exactly(3) == b"bye"
    await client.close()
    (record,) = await rig.logged(101)
    assert record.kind == "ws"
    await until(rig.targets[0].let_go.is_set, "the target is let go")
    await settled(rig)


async def test_the_last_bytes_of_a_tunnel_pass_at_their_pace(rig: Rig) -> None:
    heard = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(SWITCH)
        assert await connection.reader.readexactly(1000) == bytes(1000)
        assert await connection.reader.read() == b""
        heard.set()

    await rig.serve(script)
    meddle(rig, wire={"bytes_per_s": 1000})
    client = await upgraded(rig, 5.0)
    client.send(bytes(1000))
    await until(lambda: links(rig)[0].get_write_buffer_size() >= 900, "on their way")
    client.half_close()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not heard.is_set()
    await rig.clock.advance(1.1)
    await until(heard.is_set, "all of it, and then the end")
    await rig.logged(101)


async def test_the_target_ends_a_tunnel(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(SWITCH, b"welcome and goodbye")
        connection.close()

    await rig.serve(script)
    meddle(rig, wire={"slice_bytes": 5})
    client = await rig.client()
    assert (await client.ask(UPGRADE)).status == 101
    assert await client.rest() == b"welcome and goodbye"
    await rig.logged(101)


# -- time that runs ----------------------------------------------------------------------------------------------------


async def test_delay_and_pace_follow_a_clock_that_runs_faster() -> None:
    clock = ScaledClock(200)
    rig = Rig(clock=clock)  # type: ignore[arg-type]
    await rig.start()
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + bytes(40_000)))
    meddle(rig, dial={"delay_s": 2.0}, request={"delay_s": 2.0}, wire={"bytes_per_s": 10_000})
    client = await rig.client()
    began = clock.now()
    assert len((await client.ask()).body) == 40_000
    assert 8 <= clock.now() - began < 40, "40 ms, and what a busy machine adds"
    await rig.close()
