"""Which code when the target breaks: the matrix of reference 4.1."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from simlb.dataplane.gate import ClosedPort, can_drop
from tests.dataplane.harness import GET, OK, Rig, Script, TargetConnection, answer, until

# -- before the response head ------------------------------------------------------------------------------------------


def then_close(*pieces: bytes) -> Script:
    return answer(*pieces, close=True)


def then_reset(*pieces: bytes) -> Script:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(*pieces)
        connection.reset()

    return script


def then_stall(*pieces: bytes) -> Script:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(*pieces)
        await connection.hang()

    return script


BAD_GATEWAY: list[tuple[str, Script]] = [
    ("closes without a reply", then_close()),
    ("resets without a reply", then_reset()),
    ("half a status line, then closes", then_close(b"HTTP/1.1 20")),
    ("half a head, then closes", then_close(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("half a head, then resets", then_reset(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("garbage", then_stall(b"\x15\x03\x01\x00\x02\x02\x46")),
    ("garbage by the line", then_stall(b"220 mail.test ESMTP\r\n")),
    ("a status of its own invention", then_stall(b"HTTP/1.1 99 Low\r\n\r\n")),
    ("HTTP/2 spoken unasked", then_stall(b"HTTP/2.0 200 OK\r\n\r\n")),
    ("a head of 33 kB", then_stall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: %b\r\n" % (b"a" * 1024) * 33 + b"\r\n")),
    ("a head of 33 kB without end", then_stall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: %b\r\n" % (b"a" * 1024) * 33)),
    ("a name with a blank in it", then_stall(b"HTTP/1.1 200 OK\r\nX Y: 1\r\nContent-Length: 0\r\n\r\n")),
    ("two different lengths", then_stall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
    ("a coding nobody asked for", then_stall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")),
    ("101 without an upgrade", then_stall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")),
    ("bad chunks with the head", then_stall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")),
]


@pytest.mark.parametrize("script", [row[1] for row in BAD_GATEWAY], ids=[row[0] for row in BAD_GATEWAY])
async def test_a_bad_gateway_is_answered_at_once(rig: Rig, script: Script) -> None:
    await rig.serve(script)
    client = await rig.client()
    response = await client.ask()
    assert (response.start_line, len(response.body)) == ("HTTP/1.1 502 Bad Gateway", 122)
    assert response["Connection"] == "keep-alive"
    (record,) = await rig.logged(502)
    assert record.target_address == "10.0.0.1:80"
    assert record.target_status_code == 0
    assert record.sent_bytes == 277
    # Reference 7.1: a 502 after dispatch has real request and target times, no response time.
    assert record.request_processing_time >= 0
    assert record.target_processing_time >= 0
    assert record.response_processing_time == -1
    assert len(rig.targets[0].requests) == 1, "nothing is ever retried"
    # The client's connection is as good as before.
    rig.targets[0].script = answer(OK)
    assert (await client.ask()).status == 200


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_target_that_stalls_is_waited_for_as_long_as_the_idle_timeout(rig: Rig, said: bytes) -> None:
    await rig.serve(then_stall(*([said] if said else [])), idle_timeout_s=60)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    (pool,) = rig.node._pools.values()
    await until(lambda: [c._buffer for c in pool.connections] == [said], "what the target said has arrived")
    await rig.clock.advance(58)
    assert not rig.records
    await rig.clock.advance(4)
    response = await client.response()
    assert (response.start_line, len(response.body)) == ("HTTP/1.1 504 Gateway Time-out", 132)
    (record,) = await rig.logged(504)
    assert record.request_processing_time >= 0
    assert record.target_processing_time == -1
    await until(rig.targets[0].let_go.is_set, "the target is let go")


async def test_a_target_that_dribbles_its_head_is_not_idle(rig: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        for piece in (b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 200", b" OK\r\nContent-", b"Length: 2\r\n\r\nhi"):
            await connection.send(piece)
            await go_on.wait()
            go_on.clear()

    await rig.serve(script, idle_timeout_s=60)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    (exchange,) = [c._exchange for c in rig.node.connections]  # type: ignore[attr-defined]
    for _ in range(3):
        await until(lambda: exchange.last_activity == rig.clock.now(), "a piece has arrived")
        await rig.clock.advance(40)
        go_on.set()
    assert (await client.response()).body == b"hi"
    await rig.logged(200)


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_a_closed_port_is_502_at_once(rig: Rig) -> None:
    await rig.serve(closed_port())
    response = await rig.ask()
    assert response.status == 502
    (record,) = await rig.logged(502)
    assert (record.request_processing_time, record.target_processing_time) == (-1, -1)


@pytest.fixture
async def black_hole() -> AsyncIterator[int]:
    """A port whose SYNs are dropped."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        closed = ClosedPort(sock)
        yield sock.getsockname()[1]
        closed.close()


@pytest.mark.skipif(not can_drop(), reason="a full accept queue drops SYNs on Linux only")
async def test_a_black_hole_is_504_after_ten_seconds(rig: Rig, black_hole: int) -> None:
    await rig.serve(black_hole)
    client = await rig.client()
    client.send(GET)
    await until(lambda: rig.node.groups["web"].targets["10.0.0.1", 80].outstanding)
    await rig.clock.advance(9)
    assert not rig.records
    await rig.clock.advance(1.5)
    assert (await client.response()).status == 504
    (record,) = await rig.logged(504)
    assert (record.request_processing_time, record.target_processing_time) == (-1, -1)


@pytest.mark.skipif(not can_drop(), reason="a full accept queue drops SYNs on Linux only")
async def test_a_client_that_leaves_while_its_target_is_dialled_leaves_nothing_behind(
    rig: Rig, black_hole: int
) -> None:
    await rig.serve(black_hole)
    client = await rig.client()
    client.send(GET)
    await until(lambda: rig.node.groups["web"].targets["10.0.0.1", 80].outstanding)
    await client.close()
    (record,) = await rig.logged(460)
    assert record.sent_bytes == 0


# -- within the response body ------------------------------------------------------------------------------------------

CUT_SHORT: list[tuple[str, Script, bytes]] = [
    ("a body shorter than its length", then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"), b"four"),
    ("the same, but reset", then_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), b""),
    (
        "chunks without a last one",
        then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nfour\r\n"),
        b"",
    ),
    (
        "chunks that turn to garbage",
        then_stall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nfour\r\n", b"zz\r\n"),
        b"",
    ),
]


@pytest.mark.parametrize(("script", "body"), [row[1:] for row in CUT_SHORT], ids=[row[0] for row in CUT_SHORT])
async def test_a_body_that_breaks_off_is_relayed_and_then_cut(rig: Rig, script: Script, body: bytes) -> None:
    await rig.serve(script)
    client = await rig.client()
    response = await client.ask()
    assert (response.status, response.is_complete) == (200, False)
    assert response.body == body
    (record,) = await rig.logged(200)
    assert record.target_status_code == 200


async def test_a_body_that_stalls_is_cut_after_the_idle_timeout(rig: Rig) -> None:
    await rig.serve(then_stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"), idle_timeout_s=60)
    client = await rig.client()
    client.send(GET)
    await until(lambda: rig.records or rig.targets[0].requests)
    assert (await client.up_to(b"four"))[-4:] == b"four"
    await rig.clock.advance(62)
    assert await client.is_closed()
    (record,) = await rig.logged(200)
    assert record.target_status_code == 200


async def test_a_body_that_ends_with_the_connection_is_not_made_whole_by_a_reset(rig: Rig) -> None:
    await rig.serve(then_reset(b"HTTP/1.1 200 OK\r\n\r\nfour"))
    client = await rig.client()
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    response = await client.response()
    # HTTP/1.0 knows the end of such a body by the connection's: only a reset can say that something is missing.
    assert not response.is_complete
    await rig.logged(200)


# -- pooled connections ------------------------------------------------------------------------------------------------


async def test_a_connection_is_used_again_and_not_shared(rig: Rig) -> None:
    await rig.serve(answer(OK))
    first, second = await rig.client(), await rig.client()
    for client in (first, second, first, second):
        assert (await client.ask()).body == b"hello"
    assert len(rig.targets[0].connections) == 1
    await rig.logged(200, 200, 200, 200)


TOO_MUCH: list[tuple[str, bytes, str]] = [
    ("twice the answer", OK + OK, "GET"),
    ("bytes behind the length", OK + b"x", "GET"),
    ("bytes behind the last chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", "GET"),
    ("a body for a HEAD", OK, "HEAD"),
    ("a body with a 204", b"HTTP/1.1 204 No Content\r\n\r\nhello", "GET"),
    ("a body with a 304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello", "GET"),
    ("Connection: close", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "GET"),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "GET"),
]


@pytest.mark.parametrize(("sent", "method"), [row[1:] for row in TOO_MUCH], ids=[row[0] for row in TOO_MUCH])
async def test_a_connection_that_said_too_much_or_goodbye_is_not_used_again(rig: Rig, sent: bytes, method: str) -> None:
    await rig.serve(answer(sent))
    client = await rig.client()
    request = GET.replace(b"GET", method.encode())
    for _ in range(2):
        response = await client.ask(request, method)
        assert response.is_complete
        assert b"x" not in response.body
    assert len(rig.targets[0].connections) == 2
    assert len(rig.records) == 2


async def test_bytes_behind_a_length_in_a_read_of_their_own(rig: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await connection.send(OK[:-2])
            await go_on.wait()
            await connection.send(OK[-2:] + b"x")

    await rig.serve(script)
    client = await rig.client()
    for _ in range(2):
        client.send(GET)
        await client.up_to(b"hel")
        go_on.set()
        assert await client.exactly(2) == b"lo"
        go_on.clear()
    assert len(rig.targets[0].connections) == 2
    await rig.logged(200, 200)


async def test_an_answer_too_many_reaches_nobody(rig: Rig) -> None:
    again = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await connection.send(OK)
            await again.wait()
            await connection.send(OK.replace(b"hello", b"other"))

    await rig.serve(script)
    client = await rig.client()
    assert (await client.ask()).body == b"hello"
    again.set()
    (pool,) = rig.node._pools.values()
    await until(lambda: not pool.connections, "the connection was dropped")
    assert (await client.ask()).body == b"hello"
    assert len(rig.targets[0].connections) == 2


async def test_an_idle_connection_that_its_target_has_closed_is_not_used(rig: Rig) -> None:
    await rig.serve(then_close(OK))
    client = await rig.client()
    (pool,) = rig.node._pools.values()
    for _ in range(3):
        assert (await client.ask()).status == 200
        await until(lambda: not pool.connections, "FIN seen")
    assert len(rig.targets[0].connections) == 3


async def test_a_reset_just_as_the_connection_is_used_is_502_without_retry(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(OK)
        await connection.request()
        connection.reset()

    await rig.serve(script)
    client = await rig.client()
    assert (await client.ask()).status == 200
    assert (await client.ask()).status == 502
    assert len(rig.targets[0].requests) == 2
    assert len(rig.targets[0].connections) == 1


async def test_an_idle_connection_is_closed_after_the_idle_timeout(rig: Rig) -> None:
    await rig.serve(answer(OK), idle_timeout_s=60)
    client = await rig.client()
    await client.ask()
    await rig.clock.advance(62)
    (pool,) = rig.node._pools.values()
    await until(lambda: not pool.connections)
    assert await client.is_closed()
    await rig.logged(200)


# -- unusual, but no breakage ------------------------------------------------------------------------------------------

UNUSUAL: list[tuple[str, bytes, bytes]] = [
    ("100 first", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"hello"),
    ("103 first", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + OK, b"hello"),
    ("102 and 103 first", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + OK, b"hello"),
    ("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", b"hi"),
    ("no phrase", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    ("an empty body", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ("an empty chunked body", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    (
        "chunk extensions and trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n",
        b"hi",
    ),
]


@pytest.mark.parametrize(("sent", "body"), [row[1:] for row in UNUSUAL], ids=[row[0] for row in UNUSUAL])
@pytest.mark.parametrize("is_dribbled", [False, True], ids=["at once", "byte by byte"])
async def test_unusual_responses_are_relayed(rig: Rig, sent: bytes, body: bytes, is_dribbled: bool) -> None:
    pieces = [sent[place : place + 1] for place in range(len(sent))] if is_dribbled else [sent]
    await rig.serve(answer(*pieces))
    client = await rig.client()
    for _ in range(2):
        response = await client.ask()
        assert (response.status, response.body, response["Link"]) == (200, body, None)
    assert len(rig.targets[0].connections) == 1
    await rig.logged(200, 200)


async def test_every_way_to_cut_a_response_in_two_reads(rig: Rig) -> None:
    sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n2\r\nhi\r\n3;x=y\r\nyou\r\n0\r\n\r\n"
    place = 0

    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await connection.send(sent[:place], sent[place:])

    await rig.serve(script)
    client = await rig.client()
    for place in range(1, len(sent)):
        assert (await client.ask()).body == b"hiyou", place
    assert len(rig.targets[0].connections) == 1


async def test_a_close_delimited_body_becomes_chunks(rig: Rig) -> None:
    await rig.serve(then_close(b"HTTP/1.1 200 OK\r\n\r\n", b"one", b"two"))
    client = await rig.client()
    for _ in range(2):
        response = await client.ask()
        assert (response["Transfer-Encoding"], response["Connection"]) == ("chunked", "keep-alive")
        assert response.body == b"onetwo"


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nonetwo",
    ],
    ids=["chunked", "until close"],
)
async def test_an_old_client_gets_a_body_that_ends_with_the_connection(rig: Rig, sent: bytes) -> None:
    await rig.serve(then_close(sent))
    client = await rig.client()
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _, body = (await client.rest()).partition(b"\r\n\r\n")
    assert (b"chunked" in head, b"Connection: close" in head, body) == (False, True, b"onetwo")


async def test_head_204_and_304_have_no_body_and_keep_their_length(rig: Rig) -> None:
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
    client = await rig.client()
    response = await client.ask(GET.replace(b"GET", b"HEAD"), "HEAD")
    assert (response["Content-Length"], response.body) == ("5", b"")
    rig.targets[0].script = answer(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n")
    (pool,) = rig.node._pools.values()
    pool.close_idle()
    pool.reopen()
    response = await client.ask()
    assert (response.status, response["Content-Length"], response["ETag"]) == (304, "5", "x")
    rig.targets[0].script = answer(b"HTTP/1.1 204 No Content\r\n\r\n")
    pool.close_idle()
    pool.reopen()
    response = await client.ask()
    assert (response.status, response["Content-Length"], response["Transfer-Encoding"]) == (204, None, None)
    await rig.logged(200, 304, 204)
