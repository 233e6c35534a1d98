"""Explanations over the control port: real HTTP over a desk that remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from simlb.controlplane.explain_routes import explain_routes
from simlb.controlplane.server import ControlServer
from tests.controlplane.explains import STORY, FakeExplainDesk
from tests.controlplane.fakes import FakeInstance

TOKEN = "s3cret"
EXCHANGES = "/api/v1/explain/exchanges"
Ask = Callable[..., Awaitable[tuple[int, dict[str, object]]]]


@pytest.fixture
def desk() -> FakeExplainDesk:
    return FakeExplainDesk()


@pytest.fixture
async def ask(desk: FakeExplainDesk) -> AsyncIterator[Ask]:
    server = ControlServer(FakeInstance(), TOKEN, 0, routes=explain_routes(desk))
    await server.start()
    async with aiohttp.ClientSession() as session:

        async def ask(
            method: str, path: str, body: bytes | None = None, token: str | None = None
        ) -> tuple[int, dict[str, object]]:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            url = f"http://127.0.0.1:{server.port}{EXCHANGES}{path}"
            async with session.request(method, url, data=body, headers=headers) as response:
                return response.status, await response.json()

        yield ask
    await server.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "call"),
    [
        ("GET", "/last", None, ("last", "en", False)),
        ("GET", "/last?lang=ko", None, ("last", "ko", False)),
        ("GET", "/12", None, ("12", "en", False)),
        ("GET", "/%2312", None, ("#12", "en", False)),
        ("GET", "/Root=1-67e5c9a1-0", None, ("Root=1-67e5c9a1-0", "en", False)),
        ("POST", "/last?lang=ko", b'{"unmasked": true}', ("last", "ko", True)),
        ("POST", "/last", b"{}", ("last", "en", False)),
    ],
)
async def test_a_story_is_asked_for(
    ask: Ask, desk: FakeExplainDesk, method: str, path: str, body: bytes | None, call: tuple[str, str, bool]
) -> None:
    status, story = await ask(method, path, body, TOKEN if method == "POST" else None)
    assert (status, story) == (200, STORY | {"language": call[1]})
    assert desk.calls == [call]


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status", "code"),
    [
        ("POST", "/last", b'{"unmasked": true}', None, 401, "E607"),
        ("POST", "/last", b'{"unmasked": true}', "guessed", 401, "E607"),
        ("POST", "/last", b'{"unmask": true}', TOKEN, 400, "E608"),
        ("POST", "/last", b"", TOKEN, 400, "E608"),
        ("GET", "/last?lang=de", None, None, 400, "E608"),
        ("GET", "/%23999", None, None, 404, "E750"),
        ("GET", "/x", None, None, 422, "E751"),
    ],
)
async def test_what_is_refused(
    ask: Ask, method: str, path: str, body: bytes | None, token: str | None, status: int, code: str
) -> None:
    answered, error = await ask(method, path, body, token)
    assert (answered, error["code"]) == (status, code)
