"""What faults can do to a request on its way to a target, over plain connections and over TLS."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simlb.dataplane.points import DialOutcome
from tests.dataplane.behaviours import in_flight, links, meddle, settled
from tests.dataplane.harness import GET, OK, Client, Rig, Script, TargetConnection, answer, echo, until
from tests.dataplane.tls_targets import secure_target, serve_over_tls

FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull"
POST = b"POST /orders HTTP/1.1\r\nHost: lb.test\r\nContent-Length: 10\r\n\r\n"


@pytest.fixture(params=["plain", "tls"])
async def serve(rig: Rig, request: pytest.FixtureRequest) -> Any:
    """Serve one target, plainly or over TLS."""

    async def serve(script: Script | None = None, **attributes: Any) -> None:
        if request.param == "tls":
            await serve_over_tls(rig, await secure_target(rig, script), **attributes)
        else:
            await rig.serve(script or answer(OK), **attributes)

    return serve


async def sent(rig: Rig, data: bytes = GET) -> Client:
    """A client whose request is on its way to a target."""
    client = await rig.client()
    client.send(data)
    await in_flight(rig)
    return client


def reused(rig: Rig) -> list[bool]:
    return [not record.is_first_on_connection for record in rig.records]


# -- nothing in between ------------------------------------------------------------------------------------------------


async def test_a_behaviour_that_does_nothing_changes_nothing(rig: Rig, serve: Any) -> None:
    await serve(echo)
    meddler = meddle(rig)
    client = await rig.client()
    for body in (b"", b"hello", b"x" * 300_000):
        client.send(b"POST /a/b?x=1 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert (await client.response("POST")).body == body
    assert len(rig.targets[0].connections) == 1
    assert [(asked.method, asked.path) for asked in meddler.asked] == [("POST", "/a/b")] * 3
    assert meddler.asked[0].header("x-forwarded-port") == "80"
    assert [dial.is_probe for dial in meddler.dials] == [False]
    await settled(rig)


async def test_a_chunked_upload_passes(rig: Rig, serve: Any) -> None:
    await serve(echo)
    meddle(rig)
    client = await sent(rig, b"POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    client.send(b"6\r\n world\r\n0\r\n\r\n")
    assert (await client.response("POST")).body == b"hello world"


# -- connecting --------------------------------------------------------------------------------------------------------


async def test_connecting_may_take_its_time(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, dial={"delay_s": 3.0})
    client = await sent(rig)
    await rig.clock.advance(2.9)
    assert rig.targets[0].requests == []
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200
    await settled(rig)


async def test_a_refused_connection_is_502_at_once(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, dial={"outcome": DialOutcome.REFUSED})
    assert (await rig.ask()).status == 502
    (line,) = rig.lines
    assert line[4:10] == ["10.0.0.1:80", "-1", "-1", "-1", "502", "-"]
    assert reused(rig) == [False]
    await settled(rig)


async def test_a_delayed_refusal_is_502_after_the_delay(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, dial={"outcome": DialOutcome.REFUSED, "delay_s": 3.0})
    client = await sent(rig)
    await rig.clock.advance(3)
    assert (await client.response()).status == 502
    await settled(rig)


async def test_a_black_hole_is_504_after_ten_seconds(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, dial={"outcome": DialOutcome.BLACKHOLE})
    client = await sent(rig)
    await rig.clock.advance(9.9)
    assert rig.records == []
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 504
    assert rig.lines[0][5:10] == ["-1", "-1", "-1", "504", "-"]
    await settled(rig)


async def test_a_client_that_leaves_a_black_hole_leaves_nothing_behind(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, dial={"outcome": DialOutcome.BLACKHOLE})
    client = await sent(rig)
    await client.close()
    await rig.logged(460)
    await settled(rig)


# -- a request that waits ----------------------------------------------------------------------------------------------


async def test_a_request_is_delayed_and_so_is_its_answer(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"delay_s": 2.0})
    client = await sent(rig)
    await rig.clock.advance(1.9)
    assert rig.targets[0].requests == []
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200
    await settled(rig)


async def test_advance_waits_for_the_answer_before_it_goes_on(rig: Rig, serve: Any) -> None:
    """Otherwise the idle timeout would be there first."""
    await serve()
    meddle(rig, request={"delay_s": 59.0}, dial={"delay_s": 9.0})
    client = await sent(rig)
    await rig.clock.advance(3600)
    assert (await client.response()).status == 200


async def test_a_delay_beyond_the_idle_timeout_is_504(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"delay_s": 61.0})
    client = await sent(rig)
    await rig.clock.advance(61)
    assert (await client.response()).status == 504
    assert rig.targets[0].requests == []
    await settled(rig)


async def test_a_body_waits_with_its_head_and_the_client_is_paused(rig: Rig, serve: Any) -> None:
    await serve(echo)
    meddle(rig, request={"delay_s": 2.0})
    body = bytes(range(256)) * 40_000
    client = await sent(rig, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await until(lambda: links(rig) and links(rig)[0].get_write_buffer_size() > 65_536, "the queue is full")
    for _ in range(50):
        await asyncio.sleep(0)
    assert links(rig)[0].get_write_buffer_size() < 1 << 20
    await rig.clock.advance(2)
    assert (await client.response("POST")).body == body


async def test_a_client_that_leaves_meanwhile_is_460(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"delay_s": 2.0})
    client = await sent(rig)
    await client.close()
    await rig.logged(460)
    await rig.clock.advance(5)
    assert rig.targets[0].requests == []
    await settled(rig)


async def test_a_target_that_dies_meanwhile_is_502_at_once(rig: Rig, serve: Any) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.target.let_go.wait()
        connection.reset()

    await serve(script)
    meddle(rig, request={"delay_s": 2.0})
    client = await sent(rig)
    await until(lambda: links(rig), "connected")
    (link,) = links(rig)
    rig.targets[0].let_go.set()
    await until(link.is_closing, "it has died")
    assert (await client.response()).status == 502


class Queue:
    """A `Turn` that a test opens."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.left = 0

    def enter(self, start: Any) -> None:
        self.waiting.append(start)

    def leave(self) -> None:
        self.left += 1


async def test_a_turn_is_waited_for_before_the_delay(rig: Rig, serve: Any) -> None:
    await serve()
    queue = Queue()
    meddle(rig, request={"turn": queue, "delay_s": 2.0})
    client = await sent(rig)
    await until(lambda: queue.waiting, "in the queue")
    await rig.clock.advance(10)
    queue.waiting[0]()
    await rig.clock.advance(1.9)
    assert rig.targets[0].requests == []
    assert queue.left == 0
    await rig.clock.advance(0.1)
    assert (await client.response()).status == 200
    assert queue.left == 1


async def test_who_does_not_wait_any_more_leaves_the_queue(rig: Rig, serve: Any) -> None:
    await serve()
    queue = Queue()
    meddle(rig, request={"turn": queue})
    client = await sent(rig)
    await until(lambda: queue.waiting, "in the queue")
    await client.close()
    await rig.logged(460)
    assert queue.left == 1
    queue.waiting[0]()  # too late to do harm
    assert rig.targets[0].requests == []


# -- other answers -----------------------------------------------------------------------------------------------------


async def test_a_well_formed_answer_keeps_the_connection(rig: Rig, serve: Any) -> None:
    await serve()
    meddler = meddle(rig, request={"answer": FULL})
    client = await rig.client()
    assert [(await client.ask()).body for _ in range(3)] == [b"full"] * 3
    rig.node.release("i-01", meddler)
    assert (await client.ask()).body == b"hello"
    assert reused(rig) == [False, True, True, False]
    assert len(rig.targets[0].requests) == 1
    assert [line[8:10] for line in rig.lines] == [["503", "503"]] * 3 + [["200", "200"]]


async def test_the_real_target_serves_on_the_same_connection_in_between(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"answer": FULL}, only=lambda asked: asked.path == "/full")
    client = await rig.client()
    paths = ["/full", "/", "/full", "/full", "/"]
    bodies = [(await client.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())).body for path in paths]
    assert bodies == [b"full", b"hello", b"full", b"full", b"hello"]
    assert len(rig.targets[0].connections) == 1


UNUSABLE: list[tuple[str, bytes, bool, int]] = [
    ("no HTTP", b"HELLO\r\n\r\n", False, 502),
    ("too much", FULL + b"and more", False, 503),
    ("says close", b"HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False, 503),
    ("ends behind it", FULL, True, 503),
    ("ends within it", FULL[:-1], True, 503),
    ("ends before it", b"", True, 502),
    ("ends in the head", FULL[:30], True, 502),
    ("ends with the connection", b"HTTP/1.1 503 No\r\n\r\nfull", True, 503),
]


@pytest.mark.parametrize(("raw", "closes", "status"), [row[1:] for row in UNUSABLE], ids=[row[0] for row in UNUSABLE])
async def test_after_some_answers_the_connection_is_not_used_again(
    rig: Rig, serve: Any, raw: bytes, closes: bool, status: int
) -> None:
    await serve()
    meddler = meddle(rig, request={"answer": raw, "closes": closes})
    for _ in range(2):
        response = await rig.ask()
        assert response.status == status
    assert reused(rig) == [False, False]
    assert len(meddler.dials) == 2


async def test_an_answer_that_never_ends_is_504(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"answer": FULL[:30]})
    client = await sent(rig)
    await rig.clock.advance(60)
    assert (await client.response()).status == 504


async def test_an_answer_waits_for_the_end_of_the_request(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"answer": FULL})
    client = await sent(rig, POST + b"12345")
    assert rig.records == []
    client.send(b"67890")
    assert (await client.response("POST")).status == 503
    client.send(b"POST / HTTP/1.1\r\nHost: lb.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    await in_flight(rig)
    client.send(b"0\r\n\r\n")
    assert (await client.response("POST")).status == 503
    assert reused(rig) == [False, True]


async def test_an_answer_comes_at_its_pace(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"answer": FULL}, wire={"bytes_per_s": len(FULL) / 2})
    client = await sent(rig)
    await rig.clock.advance(1.9)
    assert rig.records == []
    await rig.clock.advance(0.2)
    assert (await client.response()).status == 503


async def test_an_answer_at_once_waits_for_nothing(rig: Rig, serve: Any) -> None:
    await serve()
    answered = {"answer": FULL, "is_at_once": True}
    meddle(rig, request={**answered, "turn": Queue(), "delay_s": 9.0, "hangs": True, "resets": True})
    assert (await rig.ask()).status == 503


async def test_an_answer_of_a_target_that_has_died_meanwhile_is_still_given(rig: Rig, serve: Any) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.target.let_go.wait()
        connection.close()

    await serve(script)
    meddle(rig, request={"answer": FULL, "delay_s": 2.0})
    client = await sent(rig)
    await until(lambda: links(rig), "connected")
    (link,) = links(rig)
    rig.targets[0].let_go.set()
    await until(link.is_closing, "it has died")
    await rig.clock.advance(2)
    assert (await client.response()).status == 503
    await until(lambda: not links(rig), "the connection is not kept")


# -- no answer ---------------------------------------------------------------------------------------------------------


async def test_a_reset_is_502_at_once_and_the_target_sees_it(rig: Rig, serve: Any) -> None:
    seen = []

    async def script(connection: TargetConnection) -> None:
        try:
            seen.append(await connection.request())
        finally:
            connection.target.let_go.set()

    await serve(script)
    meddle(rig, request={"resets": True})
    assert (await rig.ask()).status == 502
    (line,) = rig.lines
    assert line[8:10] == ["502", "-"]
    assert float(line[6]) >= 0  # it was sent, and failed at a point in time
    await until(rig.targets[0].let_go.is_set, "the target has lost it")
    assert seen in ([], [None])


async def test_a_request_without_an_answer_is_504_after_the_idle_timeout(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"hangs": True})
    client = await sent(rig)
    await rig.at_target()
    await rig.clock.advance(59)
    assert rig.records == []
    await rig.clock.advance(1)
    assert (await client.response()).status == 504
    assert rig.lines[0][8:10] == ["504", "-"]
    await settled(rig)


async def test_a_connection_that_is_silent_from_the_start_is_504_after_the_idle_timeout(rig: Rig, serve: Any) -> None:
    await serve(answer(OK, close=True))
    meddle(rig, wire={"is_silent": True})
    client = await sent(rig)
    await rig.at_target()
    await rig.clock.advance(60)
    assert (await client.response()).status == 504
    await settled(rig)


async def test_a_target_that_ends_changes_nothing_about_a_missing_answer(rig: Rig, serve: Any) -> None:
    await serve(answer(OK, close=True))
    meddle(rig, request={"hangs": True})
    client = await sent(rig)
    await rig.at_target()
    await rig.clock.advance(30)
    assert rig.records == []
    await client.close()
    await rig.logged(460)


# -- cut answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_reset", [False, True])
@pytest.mark.parametrize(("after", "body"), [(0, b""), (3, b"hel")])
async def test_a_cut_answer_keeps_its_status_and_loses_its_rest(
    rig: Rig, serve: Any, after: int, body: bytes, by_reset: bool
) -> None:
    await serve()
    meddle(rig, request={"cut_after_bytes": after, "cut_by_reset": by_reset})
    for _ in range(2):
        response = await rig.ask()
        assert (response.status, response.body, response.is_complete) == (200, body, False)
    await rig.logged(200, 200)
    assert [line[8:10] for line in rig.lines] == [["200", "200"]] * 2
    assert reused(rig) == [False, False]


async def test_a_shorter_answer_passes_and_keeps_the_connection(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"cut_after_bytes": 5})
    client = await rig.client()
    assert [(await client.ask()).body for _ in range(2)] == [b"hello"] * 2
    assert reused(rig) == [False, True]


async def test_a_cut_cannot_be_told_from_the_end_of_a_body_without_length(rig: Rig, serve: Any) -> None:
    await serve(answer(b"HTTP/1.1 200 OK\r\n\r\nhello", close=True))
    meddle(rig, request={"cut_after_bytes": 2})
    response = await rig.ask()
    assert (response.body, response.is_complete) == (b"he", True)


async def test_a_reset_can(rig: Rig, serve: Any) -> None:
    await serve(answer(b"HTTP/1.1 200 OK\r\n\r\nhello", close=True))
    meddle(rig, request={"cut_after_bytes": 2, "cut_by_reset": True})
    response = await rig.ask()
    assert (response.status, response.is_complete) == (200, False)


# -- kept connections --------------------------------------------------------------------------------------------------


async def test_only_a_connection_that_was_idle_too_long_is_reset(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, wire={"idle_reset_s": 5.0})
    client = await rig.client()
    statuses = []
    for pause_s in (0, 4.9, 4.9, 5.0, 30, 4.9):
        await rig.clock.advance(pause_s)
        statuses.append((await client.ask()).status)
    assert statuses == [200, 200, 200, 502, 200, 200]
    assert reused(rig) == [False, True, True, True, False, True]
    assert len(rig.targets[0].requests) == 5


async def test_an_idle_connection_that_its_target_ends_is_not_used(rig: Rig, serve: Any) -> None:
    await serve(answer(OK, close=True))
    meddle(rig)
    for _ in range(3):
        assert (await rig.ask()).status == 200
        await until(lambda: not links(rig), "forgotten")
    assert reused(rig) == [False] * 3


async def test_idle_connections_end_with_the_idle_timeout(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig)
    await rig.ask()
    assert len(links(rig)) == 1
    await rig.clock.advance(61)
    await until(lambda: not links(rig), "closed")


# -- several behaviours ------------------------------------------------------------------------------------------------


async def test_what_several_add_is_what_happens(rig: Rig, serve: Any) -> None:
    await serve()
    meddle(rig, request={"delay_s": 2.0})
    meddle(rig, request={"answer": FULL})
    meddle(rig, wire={"bytes_per_s": len(FULL)})
    client = await sent(rig)
    await rig.clock.advance(2.9)
    assert rig.records == []
    await rig.clock.advance(0.2)
    assert (await client.response()).status == 503


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"answer": FULL, "resets": True, "hangs": True, "cut_after_bytes": 0}, 503),
        ({"resets": True, "hangs": True, "cut_after_bytes": 0}, 502),
        ({"hangs": True, "cut_after_bytes": 0}, 504),
        ({"cut_after_bytes": 0}, 200),
    ],
)
async def test_the_first_of_what_is_set_happens(rig: Rig, serve: Any, request_: dict[str, Any], status: int) -> None:
    await serve()
    meddle(rig, request=request_)
    client = await sent(rig) if status == 504 else await rig.client()
    if status == 504:
        await rig.clock.advance(60)
        assert (await client.response()).status == 504
    else:
        assert (await client.ask()).status == status
