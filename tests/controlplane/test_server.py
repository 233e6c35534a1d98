"""The control port over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simlb.controlplane.server import BODY_BYTES_MAX, ControlServer
from simlb.controlplane.views import InstanceView
from simlb.errors import BindError
from tests.controlplane.fakes import FakeInstance, instance_view

TOKEN = "s3cret"
OWNER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def instance() -> FakeInstance:
    return FakeInstance()


@pytest.fixture
async def server(instance: FakeInstance) -> AsyncIterator[ControlServer]:
    server = ControlServer(instance, TOKEN, 0)
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def http(server: ControlServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session


async def ask(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    async with http.request(method, path, **options) as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response.headers
        return response.status, await response.json()


async def test_status_answers_the_view(http: aiohttp.ClientSession) -> None:
    status, data = await ask(http, "GET", "/api/v1/status")
    assert status == 200
    assert InstanceView.from_json(data) == instance_view()


async def test_health_answers(http: aiohttp.ClientSession) -> None:
    assert await ask(http, "GET", "/health") == (200, {"status": "ok"})


async def test_logs_are_paged(http: aiohttp.ClientSession, instance: FakeInstance) -> None:
    instance.lines = [f"line {n}" for n in range(5)]
    assert await ask(http, "GET", "/api/v1/logs?after=1&limit=2") == (
        200,
        {"next": 3, "lines": ["line 1", "line 2"], "dropped": 0},
    )
    assert (await ask(http, "GET", "/api/v1/logs?after=-2"))[1]["lines"] == ["line 3", "line 4"]
    for kind, lines in (
        ("access", ["line 4"]),
        ("connection", ["connection line 4"]),
        ("health_check", ["health_check line 4"]),
    ):
        assert (await ask(http, "GET", f"/api/v1/logs?kind={kind}&after=-1"))[1]["lines"] == lines


@pytest.mark.parametrize(
    "query", ["after=x", "after=--1", "kind=", "kind=ACCESS", "limit=0", "limit=1001", "after=" + "9" * 400, "after=٣"]
)
async def test_a_wrong_number_or_kind_is_refused(http: aiohttp.ClientSession, query: str) -> None:
    status, data = await ask(http, "GET", f"/api/v1/logs?{query}")
    assert (status, data["code"]) == (400, "E608")


@pytest.mark.parametrize(
    ("method", "path", "body", "call"),
    [
        ("POST", "/api/v1/targets/i-03/kill", None, "kill i-03"),
        ("POST", "/api/v1/targets/i-03/restart", None, "restart i-03"),
        ("POST", "/api/v1/targets/i-03/deregister", None, "deregister i-03 None"),
        ("DELETE", "/api/v1/target-groups/web/targets/i-03", None, "deregister i-03 web"),
        ("POST", "/api/v1/target-groups/web/targets", {"url": "http://[::1]:1"}, "register web http://[::1]:1 None"),
        ("POST", "/api/v1/target-groups/web/targets", {"url": "h:1", "name": "new"}, "register web h:1 new"),
        ("POST", "/api/v1/reload", None, "reload"),
        ("POST", "/api/v1/stop", None, "stop"),
    ],
)
async def test_what_changes_something_needs_the_token(
    http: aiohttp.ClientSession, instance: FakeInstance, method: str, path: str, body: Any, call: str
) -> None:
    status, data = await ask(http, method, path, json=body)
    assert (status, data["code"], instance.calls) == (401, "E607", [])
    status, data = await ask(http, method, path, json=body, headers=OWNER)
    assert (status, instance.calls) == (200, [call])
    assert data["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b"url=http://127.0.0.1:1", "malformed"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "missing required field `url`"),
        (b'{"url": 9003}', "Expected `str`, got `int` - at `$.url`"),
        (b'{"url": ""}', "length >= 1 - at `$.url`"),
        (b'{"url": "http://127.0.0.1:1", "port": 1}', "unknown field `port`"),
        (b'{"url": "http://127.0.0.1:1", "name": 3}', "at `$.name`"),
        (b'{"url": "' + b"x" * 2049 + b'"}', "length <= 2048 - at `$.url`"),
        (b'{"url": "\xff"}', "codec can't decode"),
        (b"[" * 60_000, "array"),
    ],
)
async def test_a_body_is_read_strictly(
    http: aiohttp.ClientSession, instance: FakeInstance, body: bytes, words: str
) -> None:
    status, data = await ask(http, "POST", "/api/v1/target-groups/web/targets", data=body, headers=OWNER)
    assert (status, data["code"], instance.calls) == (400, "E608", [])
    assert words in data["message"]
    assert data["hints"] == ["→ JSON with: url, name"]


async def test_a_body_where_none_belongs_is_not_passed_over(
    http: aiohttp.ClientSession, instance: FakeInstance
) -> None:
    path = "/api/v1/targets/i-03/deregister"
    status, data = await ask(http, "POST", path, json={"group": "web"}, headers=OWNER)
    assert (status, data["code"], instance.calls) == (400, "E608", [])


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/target-groups/wbe/targets"), ("DELETE", "/api/v1/target-groups/web/targets/i-09")],
)
async def test_unknown_names_are_not_found(http: aiohttp.ClientSession, method: str, path: str) -> None:
    body = {"url": "http://127.0.0.1:1"} if method == "POST" else None
    status, data = await ask(http, method, path, json=body, headers=OWNER)
    assert (status, data["code"]) == (404, "E304" if method == "POST" else "E302")
    assert data["hints"][0].startswith("did you mean ")


@pytest.mark.parametrize(("name", "status", "code"), [("i-09", 404, "E302"), ("i-02", 409, "E303")])
async def test_errors_carry_code_and_hints(http: aiohttp.ClientSession, name: str, status: int, code: str) -> None:
    seen, data = await ask(http, "POST", f"/api/v1/targets/{name}/kill", headers=OWNER)
    assert (seen, data["code"]) == (status, code)
    assert isinstance(data["hints"], list)


async def test_a_bad_file_is_an_unprocessable_request(http: aiohttp.ClientSession, instance: FakeInstance) -> None:
    instance.bad_file = True
    status, data = await ask(http, "POST", "/api/v1/reload", headers=OWNER)
    assert (status, data["code"]) == (422, "E501")
    assert data["message"].startswith("simlb.yaml:14: unknown key")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/api/v1/stop", 405)])
async def test_unknown_paths_and_methods_are_json_too(
    http: aiohttp.ClientSession, method: str, path: str, status: int
) -> None:
    seen, data = await ask(http, method, path)
    assert (seen, data["code"]) == (status, "E608")


async def test_a_foreign_host_is_refused(http: aiohttp.ClientSession) -> None:
    status, data = await ask(http, "GET", "/api/v1/status", headers={"Host": "evil.example"})
    assert (status, data["code"]) == (403, "E605")


async def test_a_foreign_page_is_refused_even_with_the_token(
    http: aiohttp.ClientSession, instance: FakeInstance
) -> None:
    headers = OWNER | {"Origin": "https://evil.example"}
    status, data = await ask(http, "POST", "/api/v1/stop", headers=headers)
    assert (status, data["code"], instance.calls) == (403, "E606", [])


async def test_a_preflight_gets_no_permission(http: aiohttp.ClientSession) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    status, _ = await ask(http, "OPTIONS", "/api/v1/stop", headers=headers)
    assert status == 403


async def test_a_large_body_is_refused(http: aiohttp.ClientSession, instance: FakeInstance) -> None:
    status, data = await ask(http, "POST", "/api/v1/reload", headers=OWNER, data=b"x" * (BODY_BYTES_MAX + 1))
    assert (status, data["code"], instance.calls) == (413, "E612", [])


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00", b"GARBAGE\xff\r\n\r\n", b"GET /?a=\xff HTTP/1.1\r\nHost: a\r\n\r\n"]
)
async def test_bytes_that_are_no_http_are_answered_and_not_told(
    server: ControlServer, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b" 400 " in answer.partition(b"\r\n")[0] or not answer
    assert caplog.records == []


async def test_it_listens_on_loopback_only(server: ControlServer) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", server.port))  # free: the server took 127.0.0.1 alone


async def test_a_taken_port_moves_to_the_next_free_one(instance: FakeInstance) -> None:
    first = ControlServer(instance, TOKEN, 0)
    await first.start()
    second = ControlServer(instance, TOKEN, first.port)
    await second.start()
    try:
        assert first.port < second.port <= first.port + 20
    finally:
        await first.close()
        await second.close()


async def test_without_a_free_port_it_says_so(instance: FakeInstance) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("simlb.controlplane.server.PORTS_TRIED", 1)
            server = ControlServer(instance, TOKEN, taken.getsockname()[1])
            with pytest.raises(BindError) as caught:
                await server.start()
    assert (caught.value.code, caught.value.exit_status) == ("E611", 3)


async def test_close_ends_idle_connections_and_may_be_repeated(server: ControlServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET /health HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
    await reader.readuntil(b'"ok"}')
    await server.close()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await server.close()
