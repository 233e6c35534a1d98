"""What the console sends itself: a request once more, and one past the load balancer."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.console.conftest import Desk

ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)
    await writer.drain()
    writer.close()


async def test_a_target_is_visited_past_the_load_balancer(desk: Desk) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await desk.app.register_target("web", f"127.0.0.1:{port}", "i-07")
    status, _, body = await desk.ask("POST", "/api/v1/targets/i-07/visit", token=True)
    found = json.loads(body)
    assert (status, found["url"], found["status"], found["error"]) == (200, f"http://127.0.0.1:{port}/", 204, None)
    server.close()
    await server.wait_closed()
    _, _, body = await desk.ask("POST", "/api/v1/targets/i-07/visit", token=True)
    found = json.loads(body)
    assert (found["status"], found["error"]) == (None, "connection refused")


@pytest.mark.parametrize(("path", "token", "status"), [("i-99", True, 404), ("i-99", False, 401)])
async def test_only_targets_are_visited_and_not_by_everybody(desk: Desk, path: str, token: bool, status: int) -> None:
    assert (await desk.ask("POST", f"/api/v1/targets/{path}/visit", token=token))[0] == status


async def test_a_request_is_sent_again(desk: Desk) -> None:
    listener = desk.app.view().load_balancers[0].listeners[0]
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.published_port)
    writer.write(b"GET /once HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n")
    assert b" 503 " in await reader.readline()
    await reader.read()
    writer.close()
    status, _, body = await desk.ask("POST", "/api/v1/exchanges/last/replay", token=True)
    found = json.loads(body)
    assert (status, found["status"], found["error"]) == (200, 503, None)
    _, _, body = await desk.ask("GET", f"/api/v1/explain/exchanges/{found['number']}")
    assert "GET http://shop.test" in json.loads(body)["subject"]
    assert found["number"] == 1


async def test_nothing_is_sent_again_that_is_not_there(desk: Desk) -> None:
    assert (await desk.ask("POST", "/api/v1/exchanges/12/replay", token=True))[0] == 404
    assert (await desk.ask("POST", "/api/v1/exchanges/12/replay"))[0] == 401
