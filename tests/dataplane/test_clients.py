"""What clients do: pipelining, expectations, timeouts, leaving, not reading (reference 3.1-3.3, 3.7, 4.1)."""

from __future__ import annotations

import asyncio
import hashlib
from random import Random

import pytest

from tests.dataplane.harness import GET, OK, Client, Message, Rig, TargetConnection, answer, echo, until

MEGABYTE = 1 << 20


def post(body: bytes, *fields: str, path: str = "/") -> bytes:
    extra = "".join(f"{line}\r\n" for line in fields)
    return f"POST {path} HTTP/1.1\r\nHost: lb.test\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


def chunked(*chunks: bytes) -> bytes:
    head = b"POST / HTTP/1.1\r\nHost: lb.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


# -- one after the other -----------------------------------------------------------------------------------------------


async def test_a_hundred_pipelined_requests_are_answered_in_order(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        while (request := await connection.request()) is not None:
            path = request.start_line.split(" ")[1].encode()
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))

    await rig.serve(script)
    client = await rig.client()
    client.send(b"".join(GET.replace(b"/ ", b"/%d " % n) for n in range(100)))
    for n in range(100):
        assert (await client.response()).body == b"/%d" % n
    assert len(rig.targets[0].connections) == 1
    await rig.logged(*[200] * 100)


async def test_pipelined_requests_with_bodies_do_not_run_into_each_other(rig: Rig) -> None:
    await rig.serve(echo)
    client = await rig.client()
    bodies = [b"x" * n for n in (0, 1, 7, 300)]
    client.send(b"".join(post(body) + chunked(body, b"-", body) if body else post(body) for body in bodies))
    for body in bodies:
        assert (await client.response()).body == body
        if body:
            assert (await client.response()).body == body + b"-" + body


async def test_pipelined_fixed_responses(rig: Rig) -> None:
    await rig.fixed()
    client = await rig.client()
    client.send(b"\r\n\r\n".join([GET] * 100))  # empty lines between requests are skipped
    for _ in range(100):
        assert (await client.response()).body == b"fixed"
    await rig.logged(*[200] * 100)


@pytest.mark.parametrize(
    "request_bytes", [post(b"hello", "X-A: 1"), chunked(b"he", b"l", b"lo")], ids=["length", "chunks"]
)
async def test_every_way_to_cut_a_request_in_two_reads(rig: Rig, request_bytes: bytes) -> None:
    await rig.serve(echo)
    client = await rig.client()
    for place in range(1, len(request_bytes)):
        client.send(request_bytes[:place])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (await client.ask(request_bytes[place:])).body == b"hello", place


async def test_a_client_that_sends_byte_by_byte(rig: Rig) -> None:
    await rig.serve(echo)
    client = await rig.client()
    for byte in post(b"hello") + chunked(b"hel", b"lo"):
        client.send(bytes((byte,)))
        await asyncio.sleep(0)
    assert (await client.response()).body == b"hello"
    assert (await client.response()).body == b"hello"


# -- bodies ------------------------------------------------------------------------------------------------------------


async def test_large_bodies_both_ways_at_once(rig: Rig) -> None:
    """The target sends back what arrives as it arrives; so does the load balancer."""

    async def stream_back(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        connection.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 * MEGABYTE))
        left = 4 * MEGABYTE
        while left:
            data = await connection.reader.read(100_000)
            left -= len(data)
            connection.writer.write(data)
            await connection.writer.drain()

    await rig.serve(stream_back)
    client = await rig.client()
    body = Random(1).randbytes(4 * MEGABYTE)
    client.send(post(body))
    response = await client.response()
    assert hashlib.sha256(response.body).digest() == hashlib.sha256(body).digest()
    (record,) = await rig.logged(200)
    assert record.received_bytes == len(post(body))
    assert record.sent_bytes == len(response.head) + len(body)


async def test_random_chunk_sizes_keep_every_byte(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        while (request := await connection.request()) is not None:
            body = request.body
            await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while body:
                size = random.choice((1, 2, 100, 5000, 70_000))
                piece, body = body[:size], body[size:]
                await connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            await connection.send(b"0\r\n\r\n")

    random = Random(2)
    await rig.serve(script)
    client = await rig.client()
    chunks = [random.randbytes(random.choice((1, 3, 1000, 65_536, 100_000))) for _ in range(30)]
    response = await client.ask(chunked(*chunks))
    assert hashlib.sha256(response.body).digest() == hashlib.sha256(b"".join(chunks)).digest()
    assert rig.targets[0].requests[0]["Transfer-Encoding"] == "chunked"


async def test_expect_100_continue_is_answered_by_the_load_balancer(rig: Rig) -> None:
    await rig.serve(echo)
    client = await rig.client()
    head, body = post(b"hello", "Expect: 100-continue")[:-5], b"hello"
    client.send(head)
    assert (await client.response()).start_line == "HTTP/1.1 100 Continue"
    assert (await client.ask(body)).body == b"hello"
    assert rig.targets[0].requests[0]["Expect"] is None
    # A body that comes along needs no invitation, and HTTP/1.0 knows none.
    assert (await client.ask(head + body)).status == 200
    assert (await client.ask(head.replace(b"HTTP/1.1", b"HTTP/1.0") + body)).status == 200


async def test_an_early_answer_is_delivered_though_the_client_goes_on_sending(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        connection.close()

    await rig.serve(script)
    client = await rig.client()
    client.send(b"POST / HTTP/1.1\r\nHost: lb.test\r\nContent-Length: 9000000\r\n\r\n")
    await rig.at_target()
    for _ in range(20):
        client.send(b"x" * 100_000)
        await asyncio.sleep(0)
    response = await client.response()
    assert (response.status, response["Connection"], response.body) == (413, "close", b"big")
    assert await client.rest() == b""
    await rig.logged(413)


async def test_an_answer_that_may_end_before_its_request_says_that_the_connection_closes(rig: Rig) -> None:
    """A client that was promised a kept connection would lose its next request."""
    head_is_there = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        await head_is_there.wait()
        await connection.send(b"early")
        await connection.hang()

    await rig.serve(script)
    client = await rig.client()
    client.send(b"POST / HTTP/1.1\r\nHost: lb.test\r\nContent-Length: 20000\r\n\r\nbegun")
    head = await client.up_to(b"\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in head
    head_is_there.set()
    assert await client.rest() == b"early"


async def test_a_lingering_client_is_cut_in_the_end(rig: Rig) -> None:
    await rig.serve(answer(OK), idle_timeout_s=60)
    client = await rig.client()
    response = await client.ask(b"POST / HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert (response.status, response["Connection"]) == (400, "close")
    assert rig.node.connections
    await rig.clock.advance(7)
    await until(lambda: not rig.node.connections)


@pytest.mark.parametrize("sent", [b"zz\r\n", b"5\r\nhello5\r\n", b"-1\r\n", b"5\nhello\n0\n\n"])
async def test_broken_chunks_are_400_and_close(rig: Rig, sent: bytes) -> None:
    await rig.serve(echo)
    client = await rig.client()
    client.send(chunked(b"hello")[:-5])
    await asyncio.sleep(0.001)
    response = await client.ask(sent)
    assert (response.status, response["Connection"]) == (400, "close")
    assert await client.rest() == b""
    await rig.logged(400)


# -- leaving -----------------------------------------------------------------------------------------------------------


async def waiting_client(rig: Rig) -> Client:
    """A client whose request a target has and does not answer."""

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    await rig.serve(script)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    return client


@pytest.mark.parametrize("how", ["fin", "half", "reset"])
async def test_a_client_that_leaves_before_the_answer_is_460(rig: Rig, how: str) -> None:
    client = await waiting_client(rig)
    if how == "fin":
        await client.close()
    elif how == "half":
        client.half_close()
    else:
        client.reset()
    (record,) = await rig.logged(460)
    (line,) = rig.lines
    assert line[4:12] == ["10.0.0.1:80", "-1", "-1", "-1", "460", "-", str(len(GET)), "0"]
    assert record.action == "forward"
    await until(rig.targets[0].let_go.is_set, "the target is let go")  # the target request is abandoned


@pytest.mark.parametrize("how", ["fin", "reset"])
async def test_a_client_that_leaves_inside_its_own_body_is_400(rig: Rig, how: str) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.hang()

    await rig.serve(script)
    client = await rig.client()
    client.send(post(b"hello")[:-2])
    await rig.at_target()
    if how == "fin":
        await client.close()
    else:
        client.reset()
    (record,) = await rig.logged(400)
    assert (record.sent_bytes, record.target_status_code) == (0, 0)
    await until(rig.targets[0].let_go.is_set, "the target is let go")


async def test_a_client_that_stops_sending_after_the_head_gets_the_whole_answer(rig: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        await go_on.wait()
        await connection.send(b"llo")

    await rig.serve(script)
    client = await rig.client()
    client.send(GET)
    await client.up_to(b"\r\n\r\nhe")
    client.half_close()
    await asyncio.sleep(0.002)
    go_on.set()
    assert await client.rest() == b"llo"
    await rig.logged(200)


async def test_a_client_that_leaves_within_the_response(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe")
        await connection.hang()

    await rig.serve(script)
    client = await rig.client()
    client.send(GET)
    await client.up_to(b"\r\n\r\nhe")
    client.reset()
    (record,) = await rig.logged(200)
    assert record.target_status_code == 200
    await until(rig.targets[0].let_go.is_set, "the target is let go")


# -- time --------------------------------------------------------------------------------------------------------------


async def test_half_a_head_is_408_after_the_idle_timeout(rig: Rig) -> None:
    await rig.fixed(idle_timeout_s=60)
    client = await rig.client()
    client.send(GET[:10])
    await until(lambda: [c for c in rig.node.connections if getattr(c, "_buffer", b"")])
    await rig.clock.advance(62)
    response = await client.response()
    assert (response.start_line, len(response.body)) == ("HTTP/1.1 408 Request Time-out", 132)
    assert response["Connection"] == "close"
    assert await client.rest() == b""
    await rig.logged(408)
    (line,) = rig.lines
    assert line[12] == "- http://web-1.us-east-1.elb.localhost:80- -"


@pytest.mark.parametrize("is_fresh", [True, False])
async def test_an_idle_connection_is_closed_silently(rig: Rig, is_fresh: bool) -> None:
    await rig.fixed(idle_timeout_s=60)
    client = await rig.client()
    await rig.accepted()
    if not is_fresh:
        await client.ask()
    await rig.clock.advance(62)
    assert await client.rest() == b""
    await rig.logged(*[] if is_fresh else [200])


async def test_a_body_that_stops_coming_is_408(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request(raw=True)
        await connection.hang()

    await rig.serve(script, idle_timeout_s=60)
    client = await rig.client()
    client.send(post(b"hello")[:-2])
    await rig.at_target()
    await rig.clock.advance(62)
    response = await client.response()
    assert (response.status, response["Connection"]) == (408, "close")
    await rig.logged(408)


async def test_the_keep_alive_limit_counts_from_the_connection_and_is_frozen(rig: Rig) -> None:
    await rig.fixed(client_keep_alive_s=120, idle_timeout_s=100)
    client = await rig.client()
    assert (await client.ask())["Connection"] == "keep-alive"
    await rig.apply(client_keep_alive_s=3600, idle_timeout_s=100)
    await rig.clock.advance(70)
    assert (await client.ask())["Connection"] == "keep-alive"
    await rig.clock.advance(51)
    assert (await client.ask())["Connection"] == "close"
    assert await client.rest() == b""


async def test_a_response_that_takes_longer_than_the_idle_timeout_is_not_idleness(rig: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
            for _ in range(4):
                await go_on.wait()
                go_on.clear()
                await connection.send(b"x")

    await rig.serve(script, idle_timeout_s=60)
    client = await rig.client()
    client.send(GET)
    await client.up_to(b"\r\n\r\n")
    for _ in range(4):
        await rig.clock.advance(40)
        go_on.set()
        assert await client.exactly(1) == b"x"
    await rig.logged(200)
    await rig.clock.advance(30)
    go_on.set()
    client.send(GET)
    await client.up_to(b"\r\n\r\n")


CLOSING: list[tuple[str, bytes, str]] = [
    ("HTTP/1.1", GET, "keep-alive"),
    ("HTTP/1.1, close", GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), "close"),
    ("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", "close"),
    ("HTTP/1.0, keep-alive", b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "keep-alive"),
]


@pytest.mark.parametrize(("request_bytes", "said"), [row[1:] for row in CLOSING], ids=[row[0] for row in CLOSING])
@pytest.mark.parametrize("is_forwarded", [False, True])
async def test_who_keeps_the_connection(rig: Rig, request_bytes: bytes, said: str, is_forwarded: bool) -> None:
    await (rig.serve(answer(OK)) if is_forwarded else rig.fixed())
    client = await rig.client()
    assert (await client.ask(request_bytes))["Connection"] == said
    if said == "close":
        assert await client.rest() == b""
    else:
        assert (await client.ask()).status == 200


# -- heads that are refused --------------------------------------------------------------------------------------------

LONG = b"a" * 17_000
REFUSED: list[tuple[str, bytes, int, str]] = [
    ("a URI of 17 kB", b"GET /" + LONG + b" HTTP/1.1\r\nHost: l\r\n\r\n", 414, "close"),
    ("a URI of 17 kB and counting", b"GET /" + LONG, 414, "close"),
    ("a header of 17 kB", b"GET / HTTP/1.1\r\nHost: l\r\nX-A: " + LONG + b"\r\n\r\n", 400, "close"),
    ("81 kB of headers and counting", b"GET / HTTP/1.1\r\n" + b"X-A: aaaa\r\n" * 7600, 400, "close"),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400, "close"),
    ("TRACE", b"TRACE / HTTP/1.1\r\nHost: l\r\n\r\n", 405, "keep-alive"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "close"),
    ("gzip, and its bytes", b"POST / HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: gzip\r\n\r\n\x1f\x8b", 501, "close"),
    ("31 addresses", GET[:-2] + b"X-Forwarded-For: " + b",".join([b"10.0.0.1"] * 31) + b"\r\n\r\n", 463, "keep-alive"),
    ("two lengths", b"POST / HTTP/1.1\r\nHost: l\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "close"),
    (
        "TRACE with two lengths",
        b"TRACE / HTTP/1.1\r\nHost: l\r\nContent-Length: 0\r\nContent-Length: 2\r\n\r\n",
        400,
        "close",
    ),
    (
        "TRACE with one length twice",
        b"TRACE / HTTP/1.1\r\nHost: l\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        405,
        "close",
    ),
]


@pytest.mark.parametrize(("sent", "status", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_heads_that_are_refused(rig: Rig, sent: bytes, status: int, said: str) -> None:
    await rig.serve(answer(OK))
    client = await rig.client()
    response = await client.ask(sent)
    assert (response.status, response["Connection"], response.is_complete) == (status, said, True)
    if said == "close":
        assert await client.rest() == b""
    else:
        assert (await client.ask()).status == 200
    assert rig.records[0].elb_status_code == status
    assert len(rig.targets[0].requests) == (said != "close")


AMBIGUOUS = GET[:-2] + b": nameless\r\n\r\n"
ACCEPTABLE = GET[:-2] + b"X Y: 1\r\n\r\n"
DESYNC: list[tuple[str, bytes, int, str]] = [
    ("monitor", GET, 200, "keep-alive"),
    ("monitor", ACCEPTABLE, 200, "keep-alive"),
    ("monitor", AMBIGUOUS, 200, "keep-alive"),
    ("defensive", ACCEPTABLE, 200, "keep-alive"),
    ("defensive", AMBIGUOUS, 200, "close"),
    ("strictest", GET, 200, "keep-alive"),
    ("strictest", ACCEPTABLE, 400, "close"),
    ("strictest", AMBIGUOUS, 400, "close"),
]


@pytest.mark.parametrize(("mode", "sent", "status", "said"), DESYNC)
async def test_desync_modes(rig: Rig, mode: str, sent: bytes, status: int, said: str) -> None:
    await rig.serve(answer(OK), desync_mitigation_mode=mode)
    client = await rig.client()
    response = await client.ask(sent)
    assert (response.status, response["Connection"]) == (status, said)
    (pool,) = rig.node._pools.values()
    if said == "close":
        assert await client.rest() == b""
        await until(lambda: not pool.connections, "both sides are closed")
    else:
        assert len(pool.connections) == 1
    (line,) = rig.lines
    expected = "-" if sent is GET else "Acceptable" if sent is ACCEPTABLE else "Ambiguous"
    assert line[27] == expected
    await rig.logged(status)


# -- not reading -------------------------------------------------------------------------------------------------------


class Flood:
    """A target that sends as much as it gets rid of, and counts it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.sent = 0

    async def __call__(self, connection: TargetConnection) -> None:
        while await connection.request() is not None:
            connection.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % self.total)
            for _ in range(self.total // 65_536):
                connection.writer.write(b"x" * 65_536)
                await connection.writer.drain()
                self.sent += 65_536


async def until_steady(rig: Rig, flood: Flood) -> None:
    """Wait until the target cannot get rid of more."""
    sent = -1
    while sent != flood.sent:
        sent = flood.sent
        for _ in range(30):
            await asyncio.sleep(0.0005)


async def test_a_client_that_does_not_read_pauses_its_target_and_is_cut(rig: Rig) -> None:
    flood = Flood(64 * MEGABYTE)
    await rig.serve(flood, idle_timeout_s=60)
    client = await rig.client()
    client.reader._limit = 1000  # type: ignore[attr-defined]
    client.send(GET)
    await until(lambda: flood.sent)
    await until_steady(rig, flood)
    assert flood.sent < 32 * MEGABYTE
    (connection,) = rig.node.connections
    assert connection.transport.get_write_buffer_size() < MEGABYTE  # type: ignore[attr-defined]
    await rig.clock.advance(70)
    (record,) = await rig.logged(200)
    await until(lambda: not rig.node.connections)
    assert record.sent_bytes < 32 * MEGABYTE


async def test_a_client_that_reads_in_the_end_gets_everything(rig: Rig) -> None:
    flood = Flood(16 * MEGABYTE)
    await rig.serve(flood)
    client = await rig.client()
    client.send(GET)
    await until(lambda: flood.sent)
    await until_steady(rig, flood)
    assert len((await client.response()).body) == 16 * MEGABYTE


async def test_a_client_that_pipelines_and_never_reads_costs_bounded_memory(rig: Rig) -> None:
    flood = Flood(2 * MEGABYTE)
    await rig.serve(flood, idle_timeout_s=60)
    client = await rig.client()
    client.send(GET * 40)
    await until(lambda: flood.sent)
    await until_steady(rig, flood)
    assert flood.sent < 40 * MEGABYTE
    (connection,) = rig.node.connections
    assert connection.transport.get_write_buffer_size() < MEGABYTE  # type: ignore[attr-defined]
    # It is served on once it reads.
    for _ in range(40):
        assert len((await client.response()).body) == 2 * MEGABYTE
    await rig.logged(*[200] * 40)


async def test_a_flood_of_requests_for_fixed_responses_is_bounded_too(rig: Rig) -> None:
    await rig.fixed("x" * 1000, idle_timeout_s=60)
    client = await rig.client()
    client.send(GET * 30_000)
    sent = -1
    while sent != len(rig.records):
        sent = len(rig.records)
        await asyncio.sleep(0.01)
    assert len(rig.records) < 29_000
    (connection,) = rig.node.connections
    assert connection.transport.get_write_buffer_size() < MEGABYTE  # type: ignore[attr-defined]
    assert len(connection._buffer) < MEGABYTE  # type: ignore[attr-defined]
    await rig.clock.advance(70)
    await until(lambda: not rig.node.connections)


async def test_a_target_that_does_not_read_pauses_its_client(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await connection.target.let_go.wait()

    await rig.serve(script, idle_timeout_s=60)
    client = await rig.client()
    client.send(post(b"x" * (32 * MEGABYTE)))
    transport = client.writer.transport
    size = -1
    while size != transport.get_write_buffer_size():
        size = transport.get_write_buffer_size()
        await asyncio.sleep(0.02)
    assert size > 8 * MEGABYTE, "the client is held back"
    await rig.clock.advance(70)
    response = await client.response()
    assert (response.status, response["Connection"]) == (504, "close")
    rig.targets[0].let_go.set()


def test_messages_are_read_as_they_are() -> None:
    message = Message(b"GET / HTTP/1.1\r\nA: 1\r\na: 2\r\n\r\n")
    assert message.all("A") == ["1", "2"]
