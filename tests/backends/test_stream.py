"""The streaming target's answers."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from backends import stream
from tests.backends.asgi import request


async def test_health() -> None:
    assert (await request(stream.app, "/health")).status == 200


async def test_events_are_numbered() -> None:
    answer = await request(stream.app, "/sse?count=2&interval=1", then_disconnect=False)
    assert answer.headers["content-type"] == "text/event-stream"
    assert "content-length" not in answer.headers
    assert answer.blocks == [f"id: {n}\ndata: {stream.NAME} {n}\n\n".encode() for n in (1, 2)] + [b""]


async def test_endless_events_end_when_the_client_leaves() -> None:
    answer = await request(stream.app, "/sse?interval=600000")
    assert len(answer.blocks) == 2


async def test_chunks() -> None:
    answer = await request(stream.app, "/chunks?count=3&interval=0", then_disconnect=False)
    assert answer.body.decode() == "".join(f"{stream.NAME} {n}\n" for n in (1, 2, 3))


async def test_large_has_its_length_and_one_buffer() -> None:
    answer = await request(stream.app, "/large?bytes=1000000")
    assert answer.headers["content-length"] == "1000000"
    assert len(answer.body) == 1_000_000
    assert len({id(block) for block in answer.blocks if len(block) == 65536}) == 1


async def test_an_upload_is_counted_and_hashed() -> None:
    answer = await request(stream.app, "/upload", method="POST", body=[b"ab", b"c"])
    assert answer.json() == {"target": stream.NAME, "size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}


@pytest.mark.parametrize("target", ["/large?bytes=-1", "/sse?count=x", "/chunks?interval="])
async def test_a_wrong_number_is_400(target: str) -> None:
    assert (await request(stream.app, target)).status == 400


async def test_other_paths_are_404_and_the_page_fetches_nothing_from_elsewhere() -> None:
    assert (await request(stream.app, "/nothing")).status == 404
    page = (await request(stream.app, "/")).body
    assert stream.NAME.encode() in page
    assert b"http://" not in page
    assert b"https://" not in page


async def websocket(path: str, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    coming = [{"type": "websocket.connect"}, *messages, {"type": "websocket.disconnect", "code": 1000}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await stream.app({"type": "websocket", "path": path}, receive, send)
    return sent


async def test_a_websocket_sends_everything_back() -> None:
    sent = await websocket(
        "/ws", {"type": "websocket.receive", "text": "안녕"}, {"type": "websocket.receive", "bytes": b"\x00\xff"}
    )
    assert sent == [
        {"type": "websocket.accept"},
        {"type": "websocket.send", "text": "안녕"},
        {"type": "websocket.send", "bytes": b"\x00\xff"},
    ]


async def test_a_websocket_elsewhere_is_refused() -> None:
    assert await websocket("/other") == [{"type": "websocket.close"}]
