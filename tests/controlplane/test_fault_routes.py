"""Faults over the control port: what comes in, what goes out, what is refused with which status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simlb.controlplane.fault_routes import fault_routes
from simlb.controlplane.fault_views import FaultView
from simlb.controlplane.server import ControlServer
from simlb.faults.desk import BookDesk
from tests.controlplane.fakes import FakeInstance
from tests.controlplane.test_server import OWNER, TOKEN, ask
from tests.faults.fake_site import FakeSite, book


@pytest.fixture
async def site() -> FakeSite:
    return FakeSite()


@pytest.fixture
async def http(site: FakeSite) -> AsyncIterator[aiohttp.ClientSession]:
    faults, _ = book(site)
    server = ControlServer(FakeInstance(), TOKEN, 0, routes=fault_routes(BookDesk(faults, site)))
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield session
    await server.close()


async def add(http: aiohttp.ClientSession, **body: Any) -> tuple[int, dict[str, Any]]:
    return await ask(http, "POST", "/api/v1/faults", json=body, headers=OWNER)


async def test_a_fault_with_everything(http: aiohttp.ClientSession, site: FakeSite) -> None:
    wanted = {
        "type": "http.abort",
        "on": ["web"],
        "parameters": {"status": 503},
        "match": {"method": "GET", "path": "/api/*", "headers": {"X-A": "b"}},
        "percent": "50%",
        "count": 2,
        "every": 3,
        "pattern": "FFS",
        "for": "20s",
        "name": "boom",
        "seed": 7,
    }
    status, data = await add(http, **wanted)
    assert status == 200
    assert FaultView.from_json(data) == FaultView(
        name="boom",
        type="http.abort",
        on="web",
        acts_on=("i-01", "i-02", "i-03"),
        parameters={"status": "503"},
        selection="50 % of GET /api/* X-A: b, 1 in 3, pattern FFS, 2 times",
        words="http.abort status=503, 50 % of GET /api/* X-A: b, 1 in 3, pattern FFS, 2 times",
        state="installed",
        since_s=0,
        for_s=20,
        left_s=20,
        matched=0,
        struck=0,
        undo="simlb fault rm boom",
        speed=1.0,
    )
    await site.clock.advance(5)
    assert (await ask(http, "GET", "/api/v1/faults"))[1]["faults"][0]["left_s"] == 15
    status, removed = await ask(http, "DELETE", "/api/v1/faults/boom", headers=OWNER)
    assert (status, removed["name"]) == (200, "boom")
    assert await ask(http, "GET", "/api/v1/faults") == (200, {"faults": []})


async def test_little_has_to_be_said(http: aiohttp.ClientSession) -> None:
    status, data = await add(http, type="target.crash", on="web/3")
    assert (status, data["name"], data["on"], data["left_s"]) == (200, "crash-1", "web/3 (i-03)", None)
    await add(http, type="gate.close")
    status, cleared = await ask(http, "DELETE", "/api/v1/faults", headers=OWNER)
    assert (status, [fault["name"] for fault in cleared["faults"]]) == (200, ["close-1", "crash-1"])


async def test_types(http: aiohttp.ClientSession) -> None:
    status, data = await ask(http, "GET", "/api/v1/fault-types")
    assert status == 200
    crash = next(view for view in data["fault_types"] if view["name"] == "target.crash")
    assert (crash["scope"], crash["own_only"], crash["parameters"]) == ("target", True, [])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "nothing"}, 404, "E630"),
        ({"type": "target.stop", "on": "i-01", "parameters": {"dran": True}}, 422, "E631"),
        ({"type": "target.stop", "on": "i-01", "parameters": {"drain": "perhaps"}}, 422, "E632"),
        ({"type": "target.crash", "on": "i-01", "for": 20}, 422, "E632"),
        ({"type": "target.crash", "on": "i-01", "for": "0"}, 422, "E637"),
        ({"type": "target.crash", "on": "i-99"}, 404, "E634"),
        ({"type": "target.crash"}, 422, "E635"),
        ({"type": "target.crash", "on": "i-01", "percent": 50}, 422, "E637"),
        ({"type": "target.crash", "on": "i-01", "name": "a b"}, 409, "E639"),
        ({"on": "i-01"}, 400, "E608"),
        ({"type": "target.crash", "on": "i-01", "forr": "20s"}, 400, "E608"),
        ({"type": "target.crash", "on": ["i-01", 3]}, 400, "E608"),
        ({"type": "target.crash", "on": "i-01", "parameters": {"a": None}}, 400, "E608"),
        ({"type": "http.abort", "on": "i-01", "match": {"pth": "/"}}, 400, "E608"),
    ],
)
async def test_what_is_refused(
    http: aiohttp.ClientSession, site: FakeSite, body: dict[str, Any], status: int, code: str
) -> None:
    answered, data = await add(http, **body)
    assert (answered, data["code"]) == (status, code)
    assert site.untouched()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v1/faults"), ("DELETE", "/api/v1/faults"), ("DELETE", "/api/v1/faults/x")]
)
async def test_changing_needs_the_token(http: aiohttp.ClientSession, method: str, path: str) -> None:
    assert (await ask(http, method, path))[1]["code"] == "E607"


async def test_removing_what_is_not_there(http: aiohttp.ClientSession) -> None:
    status, data = await ask(http, "DELETE", "/api/v1/faults/x", headers=OWNER)
    assert (status, data["code"]) == (404, "E638")
