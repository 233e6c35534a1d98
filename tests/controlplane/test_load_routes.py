"""Loads over the control port: real HTTP over a desk that remembers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from simlb.controlplane.load_routes import load_routes
from simlb.controlplane.load_views import LoadView
from simlb.controlplane.server import ControlServer
from tests.controlplane.fakes import FakeInstance
from tests.controlplane.loads import FakeDesk, load_view

TOKEN = "s3cret"


class Port:
    """A control port with loads."""

    def __init__(self, desk: FakeDesk, server: ControlServer, session: aiohttp.ClientSession) -> None:
        self.desk = desk
        self._server = server
        self._session = session

    async def ask(self, method: str, path: str, body: bytes | None = None, token: str = TOKEN) -> tuple[int, object]:
        url = f"http://127.0.0.1:{self._server.port}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.request(method, url, data=body, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    desk = FakeDesk()
    server = ControlServer(FakeInstance(), TOKEN, 0, routes=load_routes(desk))
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Port(desk, server, session)
    await server.close()


async def test_loads_are_listed(port: Port) -> None:
    port.desk.loads = [load_view(), load_view(id="load-2", state="ended")]
    status, answer = await port.ask("GET", "/api/v1/load")
    assert status == 200
    assert answer == {"loads": [view.to_json() for view in port.desk.loads]}


async def test_a_load_is_started_with_the_members_of_a_plan(port: Port) -> None:
    status, answer = await port.ask("POST", "/api/v1/load", b'{"rate_per_s": 5, "headers": {"X": "1"}}')
    assert (status, answer) == (200, load_view().to_json())
    assert port.desk.calls == [{"rate_per_s": 5, "headers": {"X": "1"}}]


async def test_a_load_is_stopped(port: Port) -> None:
    status, answer = await port.ask("DELETE", "/api/v1/load/load-1")
    assert (status, answer) == (200, load_view(state="stopping").to_json())
    assert port.desk.calls == ["stop load-1"]


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status", "code"),
    [
        ("POST", "/api/v1/load", b"{}", "guessed", 401, "E607"),
        ("DELETE", "/api/v1/load/load-1", None, "guessed", 401, "E607"),
        ("POST", "/api/v1/load", b"[1]", TOKEN, 400, "E608"),
        ("POST", "/api/v1/load", b"", TOKEN, 400, "E608"),
        ("POST", "/api/v1/load", b'{"rate_per_s": 5', TOKEN, 400, "E608"),
        ("POST", "/api/v1/load", b'{"kind": "burst"}', TOKEN, 422, "E651"),
        ("DELETE", "/api/v1/load/load-1", b"now", TOKEN, 400, "E608"),
        ("DELETE", "/api/v1/load/load-9", None, TOKEN, 404, "E655"),
    ],
)
async def test_refusals(
    port: Port, method: str, path: str, body: bytes | None, token: str, status: int, code: str
) -> None:
    answered, said = await port.ask(method, path, body, token)
    assert isinstance(said, dict)
    assert (answered, said["code"]) == (status, code)


def test_a_view_and_back() -> None:
    view = load_view(errors={"timeout": 3})
    assert LoadView.from_json(json.loads(json.dumps(view.to_json()))) == view
    assert LoadView.from_json({**view.to_json(), "newer": 1}) == view
    with pytest.raises(KeyError):
        LoadView.from_json({})
