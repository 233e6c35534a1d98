"""What all open pages ask for is put together once a second at most."""

from __future__ import annotations

import json

from simlb.console.live import HELD_S, Live
from tests.console.conftest import Desk


async def test_problems_and_loads(desk: Desk) -> None:
    status, headers, body = await desk.ask("GET", "/api/v1/console/live?lang=ko")
    assert (status, headers["content-type"]) == (200, "application/json")
    found = json.loads(body)
    assert found["loads"] == []
    _, _, explained = await desk.ask("GET", "/api/v1/explain?lang=ko")
    assert [one["subject"] for one in found["problems"]] == [one["subject"] for one in json.loads(explained)["stories"]]
    assert found["problems"], "its groups have no targets"
    assert (await desk.ask("GET", "/api/v1/console/live?lang=fr"))[0] == 400


async def test_an_answer_is_good_for_a_second(desk: Desk) -> None:
    now = 100.0
    live = Live(desk.app, monotonic=lambda: now)
    first = live.body("en")
    await desk.app.register_target("web", "127.0.0.1:9", "i-07")
    assert live.body("en") is first
    assert live.body("ko") != first
    now += HELD_S
    assert live.body("en") != first
