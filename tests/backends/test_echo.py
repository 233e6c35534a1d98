"""The echo target's answers."""

from __future__ import annotations

import asyncio
import hashlib
import re

import pytest

from backends import echo
from tests.backends.asgi import request

BROWSER = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")


async def test_health_answers_200_and_is_not_counted() -> None:
    before = echo.served
    answer = await request(echo.app, "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok", "target": echo.NAME})
    assert echo.served == before


async def test_the_request_comes_back() -> None:
    headers = [(b"host", b"shop.localhost"), (b"x-forwarded-for", b"127.0.0.1"), (b"x-a", b"1"), (b"x-a", b"2")]
    answer = await request(echo.app, "/a%20b?c=d&c=e", method="PUT", headers=headers, body=[b"hel", b"lo"])
    seen = answer.json()
    assert answer.status == 200
    assert answer.headers["x-target"] == seen["target"] == echo.NAME
    assert (seen["method"], seen["path"], seen["query"]) == ("PUT", "/a%20b", "c=d&c=e")
    assert seen["headers"] == [[name.decode(), value.decode()] for name, value in headers]
    assert seen["body"] == {"size": 5, "sha256": hashlib.sha256(b"hello").hexdigest(), "text": "hello"}


async def test_a_header_takes_one_line_in_a_terminal() -> None:
    answer = await request(echo.app, headers=[(b"host", b"shop.localhost"), (b"x-a", b"1")])
    assert '    ["host", "shop.localhost"],' in answer.body.decode().splitlines()
    assert (await request(echo.app)).json()["headers"] == []


async def test_only_the_beginning_of_a_large_body_is_kept() -> None:
    answer = await request(echo.app, "/upload", method="POST", body=[b"x" * 65536] * 100)
    body = answer.json()["body"]
    assert body["size"] == 6_553_600
    assert body["sha256"] == hashlib.sha256(b"x" * 6_553_600).hexdigest()
    assert body["text"] == "x" * 4096


async def test_a_client_that_leaves_during_its_body_gets_nothing() -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    await echo.app({"type": "http", "path": "/", "query_string": b"", "headers": []}, receive, send)
    assert sent == []


@pytest.mark.parametrize(
    ("query", "status", "body_length", "content_length"),
    [
        ("status=503", 503, None, True),
        ("status=204", 204, 0, False),
        ("status=304", 304, 0, False),
        ("chunked=1", 200, None, False),
        ("size=0", 200, 0, True),
        ("size=200000", 200, 200_000, True),
        ("size=200000&chunked=1", 200, 200_000, False),
        ("size=10&status=500", 500, 10, True),
    ],
)
async def test_the_query_steers_the_answer(
    query: str, status: int, body_length: int | None, content_length: bool
) -> None:
    answer = await request(echo.app, f"/?{query}")
    assert answer.status == status
    assert ("content-length" in answer.headers) == content_length
    if content_length:
        assert int(answer.headers["content-length"]) == len(answer.body)
    if body_length is not None:
        assert len(answer.body) == body_length


async def test_large_answers_come_in_blocks_of_one_buffer() -> None:
    answer = await request(echo.app, "/?size=10000000")
    assert {len(block) for block in answer.blocks} == {65536, 10_000_000 % 65536, 0}
    assert len({id(block) for block in answer.blocks if len(block) == 65536}) == 1


async def test_delay_waits_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(delay_s: float) -> None:
        waited.append(delay_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await request(echo.app, "/?delay=250")
    assert waited == [0.25]


async def test_headers_are_added() -> None:
    answer = await request(echo.app, "/?header=X-Color:blue&header=Set-Cookie:a=b;%20Path=/")
    assert answer.headers["x-color"] == "blue"
    assert answer.headers["set-cookie"] == "a=b; Path=/"


@pytest.mark.parametrize(
    "query",
    ["status=abc", "status=199", "status=600", "delay=-1", "size=1e3", "header=novalue", "header=A:b%0d%0aC:d"],
)
async def test_a_query_that_cannot_be_followed_is_400(query: str) -> None:
    answer = await request(echo.app, f"/?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.json()["error"]


async def test_a_browser_gets_a_page_that_fetches_nothing() -> None:
    headers = [BROWSER, (b"x-forwarded-proto", b"https"), (b"x-evil", b"<script>")]
    answer = await request(echo.app, "/?a=<b>", headers=headers)
    page = answer.body.decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<h1>{echo.NAME}</h1>" in page
    assert "x-forwarded-proto: https" in page
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    # A second request of the browser's would take a turn in the round robin.
    assert not re.search(r"""(?:src|href)=["'](?!data:|["'])""", page)


async def test_json_first_means_json() -> None:
    answer = await request(echo.app, headers=[(b"accept", b"application/json, text/html")])
    assert answer.headers["content-type"] == "application/json"


def test_neighbours_have_colours_of_their_own() -> None:
    hues = [echo.hue(f"i-0{number}") for number in range(1, 5)]
    assert all(min(abs(a - b), 360 - abs(a - b)) > 40 for a in hues for b in hues if a is not b)
