"""What a worker sends, and what it reports of servers that behave well, badly and slowly."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.load.scripted import ANSWER, Run, Server, Visit, answer_all, order, run


async def test_requests_are_numbered_and_start_when_they_are_due() -> None:
    heads: list[bytes] = []

    async def script(visit: Visit) -> None:
        while head := await visit.head():
            heads.append(head)
            visit.send(ANSWER)

    async with Server(script) as server:
        done = await run(order(server.port, rate_per_s=200, requests=5, path="/items/{n}?p={n}"))
    assert sorted(head.split(b" ")[1] for head in heads) == [b"/items/%d?p=%d" % (n, n) for n in range(5)]
    assert b"\r\nHost: my-alb.localhost:%d\r\n" % server.port in heads[0]
    assert done.outcomes == ["200"] * 5
    assert [result.target for result in done.results] == ["i-01"] * 5
    assert [result.started_at_s for result in done.results] == [0, 0.005, 0.01, 0.015, 0.02]
    assert (done.last["sent"], done.last["in_flight"], done.last["dropped_by_cap"]) == (5, 0, 0)


async def test_connections_serve_again() -> None:
    async with Server(answer_all) as server:
        done = await run(order(server.port, kind="closed", users=1, requests=4))
        assert server.visits == 1
    assert [result.is_reused for result in done.results] == [False, True, True, True]


async def test_a_body_own_headers_and_a_connection_for_each_request() -> None:
    seen: list[bytes] = []

    async def script(visit: Visit) -> None:
        seen.append(await visit.head() + await visit.reader.readexactly(3))
        visit.send(ANSWER)
        await visit.wait_gone()

    headers = {"X-Canary": "1", "user-agent": "mine"}
    async with Server(script) as server:
        wanted = order(
            server.port, rate_per_s=100, requests=2, method="POST", headers=headers, body_bytes=3, keep_alive=False
        )
        done = await run(wanted)
        assert server.visits == 2
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST / HTTP/1.1"
    assert head.split(b"\r\n")[2:] == [
        b"Accept: */*", b"X-Canary: 1", b"user-agent: mine", b"Content-Length: 3", b"Connection: close"
    ]  # fmt: skip
    assert body == b"xxx"
    assert [result.is_reused for result in done.results] == [False, False]


# -- what can go wrong -------------------------------------------------------------------------------------------------


async def _refuse_http(visit: Visit) -> None:
    await visit.head()
    visit.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    await visit.wait_gone()


async def _reset(visit: Visit) -> None:
    await visit.head()
    visit.reset()


async def _close(visit: Visit) -> None:
    await visit.head()


async def _close_within_body(visit: Visit) -> None:
    await visit.head()
    visit.send(ANSWER[:-1])
    await visit.writer.drain()
    visit.writer.close()
    await asyncio.sleep(0.01)


async def _hang(visit: Visit) -> None:
    await visit.wait_gone()


async def _hang_within_body(visit: Visit) -> None:
    await visit.head()
    visit.send(ANSWER[:-1])
    await visit.wait_gone()


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (answer_all, "200"),
        (_refuse_http, "malformed"),
        (_reset, "reset"),
        (_close, "closed"),
        (_close_within_body, "closed"),
        (_hang, "timeout"),
        (_hang_within_body, "timeout"),
    ],
)
async def test_kinds_of_outcomes(script: object, kind: str) -> None:
    async with Server(script) as server:  # type: ignore[arg-type]
        done = await run(order(server.port, requests=1, timeout_s=0.05))
    assert done.outcomes == [kind]
    if kind == "timeout":
        assert 0.05 <= done.results[0].latency_s < 0.2


async def test_nobody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        done = await run(order(sock.getsockname()[1], requests=1))
    assert done.outcomes == ["connect_refused"]


@pytest.fixture
def full_queue() -> Iterator[int]:
    """The port of a listener whose queue is full: like a closed gate, it drops what asks for a connection (Linux)."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(sock.getsockname())
            waiting.append(client)
        yield sock.getsockname()[1]
        for client in waiting:
            client.close()


@pytest.mark.skipif(not hasattr(socket, "SO_BINDTODEVICE"), reason="other systems refuse instead of dropping")
@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        ({"connect_timeout_s": 0.05}, "connect_timeout"),
        ({"connect_timeout_s": 0.5, "timeout_s": 0.05}, "timeout"),
    ],
)
async def test_no_answer_to_the_first_packet(full_queue: int, limits: dict[str, Any], kind: str) -> None:
    done = await run(order(full_queue, requests=1, **limits))
    assert done.outcomes == [kind]
    assert 0.04 <= done.results[0].latency_s < 0.3


async def test_timeouts_are_load_balancer_time() -> None:
    async with Server(_hang) as server:
        began = time.monotonic()
        done = await run(order(server.port, requests=1, timeout_s=60, speed=1000))
        assert time.monotonic() - began < 0.2
    assert done.outcomes == ["timeout"]
    assert 60 <= done.results[0].latency_s < 120


async def test_after_an_error_the_next_request_has_a_connection_of_its_own() -> None:
    async def script(visit: Visit) -> None:
        if visit.number == 0:
            await _refuse_http(visit)
        else:
            await answer_all(visit)

    async with Server(script) as server:
        done = await run(order(server.port, requests=3, rate_per_s=50))
    assert done.outcomes == ["malformed", "200", "200"]


# -- connections that end idle -----------------------------------------------------------------------------------------


async def test_a_connection_that_ended_idle_is_not_used_again() -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        visit.send(ANSWER)

    async with Server(script) as server:
        done = await run(order(server.port, requests=3, rate_per_s=30))
    assert done.outcomes == ["200"] * 3
    assert [result.is_reused for result in done.results] == [False] * 3
    assert done.last["retried"] == 0


@pytest.mark.parametrize(
    ("method", "outcomes", "retried"),
    [("GET", ["200", "200"], 1), ("DELETE", ["200", "200"], 1), ("POST", ["200", "reset"], 0)],
)
async def test_what_may_be_repeated_is_when_its_connection_ended_meanwhile(
    method: str, outcomes: list[str], retried: int
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        visit.send(ANSWER)
        if visit.number == 0:
            await visit.head()
            visit.reset()
        else:
            await visit.wait_gone()

    async with Server(script) as server:
        done = await run(order(server.port, requests=2, rate_per_s=50, method=method))
    assert done.outcomes == outcomes
    assert done.last["retried"] == retried
    assert [result.is_reused for result in done.results] == [False, not retried]


# -- time --------------------------------------------------------------------------------------------------------------


async def test_what_waits_behind_a_stall_is_late() -> None:
    """A second's stall at 100 a second delays about 100 requests, on average by half a second (all at tenfold speed).

    A client that waits for each answer would have seen a single slow request: coordinated omission.
    """
    speed = 10.0
    stalled_from: list[float] = []

    async def script(visit: Visit) -> None:
        while await visit.head():
            now = time.monotonic()
            if not stalled_from:
                stalled_from.append(now + 0.05)
            left_s = stalled_from[0] + 0.1 - now
            if 0 < left_s <= 0.1:
                await asyncio.sleep(left_s)
            visit.send(ANSWER)

    async with Server(script) as server:
        done = await run(order(server.port, rate_per_s=100, duration_s=2, speed=speed))
    assert done.outcomes == ["200"] * 200
    late = [result.latency_s for result in done.results if result.latency_s > 0.1]
    # Those due in its last tenth are not late enough to be told apart; a busy machine makes further ones late.
    assert len(late) >= 80
    assert sum(late) / len(late) >= 0.35
    assert max(late) >= 0.9


async def test_a_generator_that_is_late_itself_says_so_and_counts_it() -> None:
    async with Server(answer_all) as server:
        running = Run(order(server.port, rate_per_s=100, requests=12))
        await asyncio.sleep(0.02)
        time.sleep(0.06)  # the loop stands still
        done = await running.end()
    assert done.outcomes == ["200"] * 12
    assert max(report["lag_s"] for report in done.reports) >= 0.03
    assert max(result.latency_s for result in done.results) >= 0.03


async def test_rates_are_load_balancer_time_and_can_be_changed() -> None:
    async with Server(answer_all) as server:
        running = Run(order(server.port, rate_per_s=1, speed=100))
        await asyncio.sleep(0.035)
        running.worker.change_rate(0)
        await asyncio.sleep(0.03)
        running.worker.change_rate(4)
        await asyncio.sleep(0.05)
        running.worker.stop()
        done = await running.end()
    starts = [result.started_at_s for result in done.results]
    assert starts[:3] == [0, 1, 2]
    silence = max(after - before for before, after in pairwise(starts))
    assert silence > 2.5
    assert starts[-1] - starts[-2] == pytest.approx(0.25)
    assert {report["rate_per_s"] for report in done.reports[:-1]} <= {0, 1, 4}


async def test_a_silent_load_ends_with_its_duration() -> None:
    async with Server(answer_all) as server:
        running = Run(order(server.port, rate_per_s=1, duration_s=8, speed=100))
        running.worker.change_rate(0)
        done = await running.end()
    assert len(done.outcomes) <= 1


# -- caps --------------------------------------------------------------------------------------------------------------


async def test_more_than_the_cap_is_not_in_flight_and_what_is_not_sent_is_counted() -> None:
    async with Server(_hang) as server:
        done = await run(order(server.port, rate_per_s=200, requests=10, in_flight_max=3, timeout_s=0.1))
    assert done.outcomes == ["timeout"] * 3
    assert [result.number for result in done.results] == [0, 1, 2]
    assert (done.last["sent"], done.last["dropped_by_cap"]) == (3, 7)
    assert max(report["in_flight"] for report in done.reports) == 3


async def test_users_of_a_closed_load_wait_for_the_rate() -> None:
    async with Server(answer_all) as server:
        wanted = order(server.port, kind="closed", users=2, requests=30, real_rate_max_per_s=100)
        began = time.monotonic()
        done = await run(wanted)
        # A tenth of a second's worth may come at once.
        assert time.monotonic() - began >= 0.15
    assert Counter(done.outcomes) == {"200": 30}
    assert done.last["held_by_cap"] > 0


# -- closed loads and ends ---------------------------------------------------------------------------------------------


async def test_a_user_asks_again_after_the_answer_and_a_thought() -> None:
    async def script(visit: Visit) -> None:
        while await visit.head():
            await asyncio.sleep(0.01)
            visit.send(ANSWER)

    async with Server(script) as server:
        done = await run(order(server.port, kind="closed", users=2, think_s=0.02, duration_s=0.14))
        assert server.visits <= 2
    # Each of them takes 30 ms a time, and a loaded machine more.
    assert 4 <= len(done.outcomes) <= 10
    assert set(done.outcomes) == {"200"}


async def test_stop_waits_for_what_is_in_flight() -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await asyncio.sleep(0.05)
        visit.send(ANSWER)
        await visit.wait_gone()

    async with Server(script) as server:
        running = Run(order(server.port, rate_per_s=1))
        await asyncio.sleep(0.01)
        running.worker.stop()
        assert not running.worker.ended.done()
        done = await running.end()
    assert done.outcomes == ["200"]


async def test_abandon_does_not_wait() -> None:
    async with Server(_hang) as server:
        running = Run(order(server.port, rate_per_s=100))
        await asyncio.sleep(0.03)
        running.worker.abandon()
        assert running.worker.ended.done()
        assert running.outcomes == []
