"""Time, waiting, traffic and a fresh start over the control port's real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simlb.controlplane.server import ControlServer
from simlb.controlplane.testing_routes import ClockView, TrafficPage, routes_for_tests
from simlb.controlplane.views import InstanceView
from simlb.errors import SimlbError
from tests.controlplane.fakes import FakeInstance, instance_view

TOKEN = "s3cret"
OWNER = {"Authorization": f"Bearer {TOKEN}"}


class FakeRemote:
    """Remembers what it was asked; its time is moved by hand unless `speed` says otherwise."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.speed: float | None = None
        self.now_s = 0.0

    def view(self) -> InstanceView:
        return instance_view(uptime_s=self.now_s)

    def clock(self) -> ClockView:
        return ClockView(
            kind="manual" if self.speed is None else "scaled", speed=self.speed, now_s=self.now_s, real_s=2
        )

    async def advance(self, duration_s: float) -> None:
        if self.speed is not None:
            raise SimlbError("E615", "This instance's clock runs by itself.")
        self.now_s += duration_s

    def traffic(self, after: int, limit: int) -> TrafficPage:
        self.calls.append(f"traffic {after} {limit}")
        return TrafficPage(total=9, next=8, records=({"number": 7, "path": "/"},))

    def clear_traffic(self) -> None:
        self.calls.append("clear traffic")

    async def reset(self) -> None:
        self.calls.append("reset")


class Caller:
    """Asks the control port, as its owner unless told otherwise."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __call__(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] = OWNER
    ) -> tuple[int, Any]:
        async with self._session.request(method, f"/api/v1/{path}", json=body, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
def remote() -> FakeRemote:
    return FakeRemote()


@pytest.fixture
async def ask(remote: FakeRemote) -> AsyncIterator[Caller]:
    server = ControlServer(FakeInstance(), TOKEN, 0, routes=routes_for_tests(remote))
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield Caller(session)
    await server.close()


async def test_what_time_it_is(ask: Caller, remote: FakeRemote) -> None:
    assert await ask("GET", "clock") == (200, {"kind": "manual", "speed": None, "now_s": 0, "real_s": 2})
    remote.speed = 10
    assert (await ask("GET", "clock"))[1]["speed"] == 10


async def test_moving_time_tells_how_everything_stands_then(ask: Caller) -> None:
    status, answer = await ask("POST", "clock/advance", {"seconds": 60.5})
    assert (status, answer["now_s"]) == (200, 60.5)
    assert [target["state"] for target in answer["target_groups"][0]["targets"]] == ["healthy", "healthy", "unhealthy"]


async def test_time_that_runs_by_itself_is_not_moved(ask: Caller, remote: FakeRemote) -> None:
    remote.speed = 10
    status, answer = await ask("POST", "clock/advance", {"seconds": 60})
    assert (status, answer["code"]) == (409, "E615")


async def test_waiting_for_what_is_so_already(ask: Caller) -> None:
    status, answer = await ask("POST", "wait", {"target": "i-03", "state": "unhealthy"})
    assert (status, answer["target_groups"][0]["name"]) == (200, "web")


async def test_waiting_in_vain(ask: Caller) -> None:
    status, answer = await ask("POST", "wait", {"target_group": "web", "healthy": 3, "timeout_s": 0.01})
    assert (status, answer["code"], answer["exit_status"]) == (408, "E614", 1)
    assert answer["notes"] == ["web: i-01 healthy, i-02 healthy, i-03 unhealthy (Target.FailedHealthChecks)"]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        pytest.param("clock/advance", {}, "seconds", id="no time given"),
        pytest.param("clock/advance", {"seconds": -1}, ">= 0", id="time does not go back"),
        pytest.param("clock/advance", {"seconds": 1e9}, "<= ", id="nor to its end"),
        pytest.param("clock/advance", {"seconds": "60"}, "float", id="text is no number"),
        pytest.param("clock/advance", {"seconds": 1, "minutes": 1}, "minutes", id="nothing is passed over"),
        pytest.param("wait", {}, "no one thing", id="waiting for nothing"),
        pytest.param("wait", {"state": "healthy"}, "no one thing", id="whose state?"),
        pytest.param("wait", {"target": "i-01"}, "no one thing", id="what about it?"),
        pytest.param("wait", {"healthy": 2}, "no one thing", id="healthy where?"),
        pytest.param("wait", {"target_group": "web", "target": "i-01", "healthy": 1}, "no one thing", id="of one?"),
        pytest.param("wait", {"target": "i-01", "state": "healthy", "in_flight": 0}, "no one thing", id="two things"),
        pytest.param("wait", {"target": "i-01", "state": "dead"}, "dead", id="a state that elbv2 does not have"),
        pytest.param("wait", {"in_flight": -1}, ">= 0", id="less than none"),
        pytest.param("wait", {"in_flight": 0, "timeout_s": 601}, "<= 600", id="longer than ten minutes"),
        pytest.param("reset", {"everything": True}, "no body", id="a reset has no choices"),
    ],
)
async def test_bodies_that_say_nothing_sensible(ask: Caller, path: str, body: Any, said: str) -> None:
    status, answer = await ask("POST", path, body)
    assert (status, answer["code"]) == (400, "E608")
    assert said in answer["message"]


async def test_names_that_nothing_has(ask: Caller) -> None:
    status, answer = await ask("POST", "wait", {"target": "i-9", "state": "healthy"})
    assert (status, answer["code"]) == (404, "E302")


async def test_traffic_a_page_at_a_time(ask: Caller, remote: FakeRemote) -> None:
    status, answer = await ask("GET", "traffic?after=7&limit=1", headers={})
    assert (status, answer) == (200, {"total": 9, "next": 8, "records": [{"number": 7, "path": "/"}]})
    await ask("GET", "traffic")
    assert remote.calls == ["traffic 7 1", "traffic 0 1000"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "after=x", "after=1.5"])
async def test_pages_that_there_are_not(ask: Caller, query: str) -> None:
    status, answer = await ask("GET", f"traffic?{query}")
    assert (status, answer["code"]) == (400, "E608")


async def test_forgetting(ask: Caller, remote: FakeRemote) -> None:
    assert (await ask("DELETE", "traffic"))[0] == 200
    assert (await ask("POST", "reset"))[0] == 200
    assert remote.calls == ["clear traffic", "reset"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "clock/advance"), ("POST", "wait"), ("DELETE", "traffic"), ("POST", "reset")]
)
async def test_without_the_token_nothing_changes(ask: Caller, remote: FakeRemote, method: str, path: str) -> None:
    status, answer = await ask(method, path, {"seconds": 60}, headers={})
    assert (status, answer["code"]) == (401, "E607")
    assert remote.calls == []
    assert remote.now_s == 0
