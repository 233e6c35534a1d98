"""The beginnings of request bodies, kept where the configuration asks for it."""

from __future__ import annotations

import asyncio

import pytest

from simlb.dataplane.exchange import Kept
from simlb.dataplane.kept_body import KeptBody
from tests.dataplane.harness import OK, Rig, TargetConnection, answer, until


def kept(rig: Rig) -> list[KeptBody | None]:
    """What the ring has of each exchange's body."""
    rig.recorder.flush()
    found = []
    for exchange in reversed([*rig.ring.newest_first()]):
        assert exchange.kept is not None
        rare = Kept(*exchange.kept).rare
        found.append(None if rare is None else rare.body)
    return found


def post(body: bytes, framing: str = "") -> bytes:
    framing = framing or f"Content-Length: {len(body)}"
    return f"POST / HTTP/1.1\r\nHost: lb.test\r\n{framing}\r\n\r\n".encode() + body


CHUNKED = "Transfer-Encoding: chunked"
BODIES = [
    (post(b"hello"), KeptBody(b"hello", 5, is_whole=True)),
    (post(b"0123456789"), KeptBody(b"01234567", 10, is_whole=False)),
    (post(b"5\r\nhello\r\n3\r\n me\r\n0\r\n\r\n", CHUNKED), KeptBody(b"hello me", 8, is_whole=True)),
    (post(b"5\r\nhello\r\n6\r\n thing\r\n0\r\n\r\n", CHUNKED), KeptBody(b"hello th", 11, is_whole=False)),
    (post(b""), None),
    (b"GET / HTTP/1.1\r\nHost: lb.test\r\n\r\n", None),
]


@pytest.mark.parametrize(("request_bytes", "body"), BODIES)
async def test_the_first_bytes_without_their_framing(rig: Rig, request_bytes: bytes, body: KeptBody | None) -> None:
    await rig.serve(answer(OK))
    rig.node.body_kept_max_bytes = 8
    await rig.ask(request_bytes, "POST")
    await rig.logged(200)
    assert kept(rig) == [body]


async def test_a_body_that_comes_in_pieces(rig: Rig) -> None:
    await rig.serve(answer(OK))
    rig.node.body_kept_max_bytes = 8
    client = await rig.client()
    client.send(post(b"he", "Content-Length: 8"))
    await until(lambda: rig.node.sockets_in_use() > 1)
    client.send(b"llo me")
    await client.response("POST")
    await rig.logged(200)
    assert kept(rig) == [KeptBody(b"hello me", 8, is_whole=True)]


async def test_a_body_that_was_never_finished(rig: Rig) -> None:
    await rig.serve(answer(OK))
    rig.node.body_kept_max_bytes = 100
    client = await rig.client()
    client.send(post(b"5\r\nhello\r\nzz\r\n", CHUNKED))
    assert (await client.response("POST")).status == 400
    await rig.logged(400)
    assert kept(rig) == [KeptBody(b"hello", 5, is_whole=False)]


async def test_of_a_tunnel_nothing_is_kept(rig: Rig) -> None:
    async def upgrade(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert await connection.reader.readexactly(6) == b"secret"

    await rig.serve(upgrade)
    rig.node.body_kept_max_bytes = 100
    client = await rig.client()
    client.send(
        b"GET / HTTP/1.1\r\nHost: lb.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await client.up_to(b"\r\n\r\n")
    client.send(b"secret")
    async with asyncio.timeout(3):
        await client.reader.read()
    await rig.logged(101)
    assert kept(rig) == [None]


async def test_without_being_asked_nothing_is_kept_and_nothing_is_made_for_it(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await rig.ask(post(b"hello"), "POST")
    (record,) = await rig.logged(200)
    assert kept(rig) == [None]
    assert "_body" not in record.__dict__
