"""WebSocket tunnels (reference 3.8)."""

from __future__ import annotations

import asyncio
import hashlib
from random import Random
from typing import cast

import pytest

from tests.dataplane.harness import GET, OK, Client, Rig, TargetConnection, reset, until
from tests.dataplane.test_clients import MEGABYTE

UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: lb.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3\r\n\r\n"
)


async def mirror(connection: TargetConnection) -> None:
    """Upgrade, then send back what comes, until the client ends."""
    await connection.request()
    await connection.send(SWITCH)
    while data := await connection.reader.read(65_536):
        await connection.send(data)
    connection.target.let_go.set()


async def tunnel(rig: Rig) -> Client:
    client = await rig.client()
    response = await client.ask(UPGRADE)
    assert response.start_line == "HTTP/1.1 101 Switching Protocols"
    assert (response["Upgrade"], response["Connection"]) == ("websocket", "Upgrade")
    assert (response["Sec-WebSocket-Accept"], response["Content-Length"]) == ("s3", None)
    return client


async def test_bytes_go_both_ways_and_are_counted(rig: Rig) -> None:
    await rig.serve(mirror)
    client = await tunnel(rig)
    request = rig.targets[0].requests[0]
    assert (request["Connection"], request["Upgrade"]) == ("Upgrade", "websocket")
    assert request["Sec-WebSocket-Key"] == "dGhlIHNhbXBsZSBub25jZQ=="
    for data in (b"\x81\x05hello", GET, b"x" * 100_000):
        client.send(data)
        assert await client.exactly(len(data)) == data
    assert not rig.records
    await client.close()
    (record,) = await rig.logged(101)
    total = 7 + len(GET) + 100_000
    assert (record.kind, record.target_status_code) == ("ws", 101)
    assert record.received_bytes == len(UPGRADE) + total
    assert record.sent_bytes > total
    (line,) = rig.lines
    assert line[0] == "ws"
    await until(rig.targets[0].let_go.is_set, "the target is let go")


async def test_a_tunnel_after_a_chunked_response_is_not_chunked(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
        await mirror(connection)

    await rig.serve(script)
    client = await rig.client()
    await client.ask()
    await client.ask(UPGRADE)
    client.send(b"ping")
    assert await client.exactly(4) == b"ping"


async def test_what_comes_behind_the_handshakes_belongs_to_the_tunnel(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(SWITCH + b"welcome")
        while data := await connection.reader.read(65_536):
            await connection.send(data)

    await rig.serve(script)
    client = await rig.client()
    early = b"early" * 40_000  # more than is held for a pipelining client
    client.send(UPGRADE + early)
    await client.response()
    assert await client.exactly(7) == b"welcome"
    assert await client.exactly(len(early)) == early
    client.send(b"late")
    assert await client.exactly(4) == b"late"


async def test_large_streams_both_ways_at_once(rig: Rig) -> None:
    await rig.serve(mirror)
    client = await tunnel(rig)
    data = Random(5).randbytes(4 * MEGABYTE)
    client.send(data)
    found = await client.exactly(len(data))
    assert hashlib.sha256(found).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("how", ["fin", "reset"])
async def test_the_target_ends_the_tunnel(rig: Rig, how: str) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(SWITCH, b"bye")
        await connection.reader.readexactly(1)
        if how == "fin":
            connection.close()
        else:
            reset(connection.writer.transport)

    await rig.serve(script)
    client = await tunnel(rig)
    client.send(b"x")
    if how == "fin":
        assert await client.rest() == b"bye"
    else:
        assert await client.exactly(3) == b"bye"
        assert await client.is_closed()
    await rig.logged(101)


async def test_the_last_words_arrive_though_the_client_is_still_talking(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(SWITCH)
        await connection.reader.readexactly(100_000)
        await connection.send(b"y" * 400_000 + b"last words")
        connection.writer.write_eof()
        await connection.hang()

    await rig.serve(script)
    client = await tunnel(rig)
    # It hears nothing while it talks: a reset now would destroy what is on its way.
    transport = cast("asyncio.ReadTransport", client.writer.transport)
    transport.pause_reading()
    for _ in range(100):
        client.send(b"x" * 10_000)
    await rig.logged(101)
    await asyncio.sleep(0.002)
    transport.resume_reading()
    assert (await client.rest()).endswith(b"last words")


async def test_a_client_that_half_closes_still_hears_the_target(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(SWITCH)
        data = await connection.reader.read()
        await connection.send(b"got %d" % len(data))

    await rig.serve(script)
    client = await tunnel(rig)
    client.send(b"x" * 1000)
    client.half_close()
    assert await client.rest() == b"got 1000"
    await rig.logged(101)


async def test_silence_ends_a_tunnel_after_the_idle_timeout(rig: Rig) -> None:
    await rig.serve(mirror, idle_timeout_s=60)
    client = await tunnel(rig)
    for _ in range(3):
        await rig.clock.advance(50)
        client.send(b"ping")
        assert await client.exactly(4) == b"ping"
    await rig.clock.advance(62)
    assert await client.is_closed()
    await rig.logged(101)
    await until(rig.targets[0].let_go.is_set, "the target is let go")


async def test_a_tunnel_outlives_unhealthiness_and_ends_with_the_deregistration_delay(rig: Rig) -> None:
    target = await rig.target(mirror)
    await rig.apply(rig.listener(), groups=(rig.group(target, delay_s=30),))
    await rig.healthy()
    client = await tunnel(rig)
    await rig.apply(groups=(rig.group(delay_s=30),))
    await rig.clock.advance(29)
    client.send(b"ping")
    assert await client.exactly(4) == b"ping"
    await rig.clock.advance(2)
    assert await client.is_closed()
    await rig.logged(101)


async def test_an_answer_other_than_101_is_a_normal_response(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await connection.send(OK)

    await rig.serve(script)
    client = await rig.client()
    for _ in range(2):
        response = await client.ask(UPGRADE)
        assert (response.status, response["Connection"], response.body) == (200, "keep-alive", b"hello")
    (record, _) = await rig.logged(200, 200)
    assert record.kind is None
    assert len(rig.targets[0].connections) == 1


async def test_101_before_the_request_is_complete_is_refused(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.send(SWITCH)
        await connection.hang()

    await rig.serve(script)
    client = await rig.client()
    head = UPGRADE.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n")
    response = await client.ask(head + b"four")
    assert (response.status, response["Connection"]) == (502, "close")


async def test_a_client_that_does_not_read_pauses_the_tunnel(rig: Rig) -> None:
    sent = 0

    async def script(connection: TargetConnection) -> None:
        nonlocal sent
        await connection.request()
        await connection.send(SWITCH)
        while sent < 64 * MEGABYTE:
            connection.writer.write(b"x" * 65_536)
            await connection.writer.drain()
            sent += 65_536

    await rig.serve(script)
    client = await rig.client()
    client.send(UPGRADE)
    before = -1
    while before != sent or not sent:
        before = sent
        await asyncio.sleep(0.01)
    assert sent < 32 * MEGABYTE
    client.reset()
    await rig.logged(101)
    await until(lambda: not rig.node.connections)
