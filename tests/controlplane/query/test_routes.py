"""The Query API over the control port's own sockets: who may ask, and how refusals look to AWS's clients."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simlb.controlplane.query.model import elbv2
from simlb.controlplane.query.protocol import QueryService
from simlb.controlplane.query.routes import query_routes
from simlb.controlplane.server import BODY_BYTES_MAX as OWN_BODY_BYTES_MAX
from simlb.controlplane.server import ControlServer
from simlb.controlplane.signed import BODY_BYTES_MAX
from tests.aws import authorization
from tests.controlplane.fakes import FakeInstance

CALL = "Action=DescribeAccountLimits&Version=2015-12-01"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
SIGNED = FORM | {"Authorization": authorization()}


@pytest.fixture
async def server() -> AsyncIterator[ControlServer]:
    service = QueryService(elbv2(), lambda operation, scope, parameters: {"Limits": []})
    server = ControlServer(FakeInstance(), "s3cret", 0, routes=query_routes(service))
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def http(server: ControlServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session


async def ask(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> tuple[int, str]:
    """The status, and the error's code or `ok`."""
    async with http.request(method, path, **options) as response:
        text = await response.text()
        assert response.content_type == "text/xml", text
        assert "Access-Control-Allow-Origin" not in response.headers
        assert f"<RequestId>{response.headers['x-amzn-RequestId']}</RequestId>" in text
        code = re.search("<Code>(.*)</Code>", text)
        return response.status, code[1] if code else "ok"


async def test_a_signed_call_needs_no_token(http: aiohttp.ClientSession) -> None:
    assert await ask(http, "POST", "/", data=CALL, headers=SIGNED) == (200, "ok")
    assert await ask(http, "GET", f"/?{CALL}", headers=SIGNED) == (200, "ok")


async def test_a_form_of_a_web_page_is_refused(http: aiohttp.ClientSession) -> None:
    """Such a POST is sent without a preflight: Origin, Sec-Fetch-Site and the missing signature each give it away."""
    for headers in (
        SIGNED | {"Origin": "https://evil.example"},
        SIGNED | {"Origin": "null"},
        SIGNED | {"Origin": "http://127.0.0.1:3000"},
        SIGNED | {"Sec-Fetch-Site": "cross-site"},
        SIGNED | {"Sec-Fetch-Site": "same-site"},
        SIGNED | {"Host": "evil.example"},
    ):
        assert await ask(http, "POST", "/", data=CALL, headers=headers) == (403, "AccessDenied"), headers
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        assert await ask(http, "POST", "/", data=CALL, headers={"Content-Type": kind}) == (
            403,
            "MissingAuthenticationToken",
        )


async def test_a_page_cannot_get_permission_to_sign(http: aiohttp.ClientSession) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with http.options("/", headers=headers) as response:
        assert response.status == 403
        assert not [name for name in response.headers if name.startswith("Access-Control")]


async def test_a_link_of_a_web_page_is_refused(http: aiohttp.ClientSession) -> None:
    async with http.get(f"/?{CALL}", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403
    assert await ask(http, "GET", f"/?{CALL}") == (403, "MissingAuthenticationToken")


async def test_the_token_is_no_signature(http: aiohttp.ClientSession) -> None:
    headers = FORM | {"Authorization": "Bearer s3cret"}
    assert await ask(http, "POST", "/", data=CALL, headers=headers) == (400, "IncompleteSignature")


async def test_a_signature_is_no_token(http: aiohttp.ClientSession) -> None:
    async with http.post("/api/v1/stop", headers=SIGNED) as response:
        assert (response.status, (await response.json())["code"]) == (401, "E607")


async def test_large_bodies_are_refused(http: aiohttp.ClientSession) -> None:
    body = io.BytesIO(f"{CALL}&Marker={'x' * BODY_BYTES_MAX}".encode())
    assert await ask(http, "POST", "/", data=body, headers=SIGNED) == (413, "RequestEntityTooLarge")


async def test_a_call_may_be_larger_than_what_simlb_s_own_operations_take(http: aiohttp.ClientSession) -> None:
    body = f"{CALL}&Marker={'x' * 2 * OWN_BODY_BYTES_MAX}"
    assert await ask(http, "POST", "/", data=body, headers=SIGNED) == (200, "ok")


async def test_errors_keep_the_connection(http: aiohttp.ClientSession) -> None:
    async with http.post("/", data="Action=None&Version=2015-12-01", headers=SIGNED) as response:
        assert response.status == 400
        assert response.headers.get("Connection") is None


async def test_bytes_in_the_url_that_are_no_text(server: ControlServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"GET /?Action=DescribeTags&Version=2015-12-01&ResourceArns.member.1=\xff\xfe HTTP/1.1\r\n"
        + f"Host: localhost:{server.port}\r\nAuthorization: {authorization()}\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert b" 400 Bad Request\r\n" in answer


async def test_there_is_no_page(http: aiohttp.ClientSession) -> None:
    async with http.get("/") as response:
        assert (response.status, (await response.json())["code"]) == (404, "E608")
