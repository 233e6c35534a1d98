"""What an instance tells of how it stands: every finding of an overview, the worst first, and the control port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simlb.app.application import App
from simlb.app.state_explaining import StateExplaining
from simlb.controlplane.server import ControlServer
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.errors import SimlbError
from tests.app.conftest import Bench
from tests.core.groups import FAIL, PASS

TARGETS = [f"{{name: i-0{number}, url: 'http://127.0.0.1:900{number}'}}" for number in (1, 2)]
TOKEN = "s3cret"
OTHER = ["{name: i-09, url: 'http://127.0.0.1:9009'}"]


def findings(app: App) -> list[tuple[str, str]]:
    """Kind and place of each."""
    found = StateExplaining(app).overview().stories
    return [
        (
            story.facts["kind"],
            str(story.facts.get("target") or story.facts.get("target_group") or story.facts.get("listener")),
        )
        for story in found
    ]


async def all_well(bench: Bench) -> App:
    app = await bench.start(web=TARGETS, api=OTHER)
    # The real first checks are refused: let them be over.
    await bench.clock.advance(0.001)
    assert not any(
        node.is_checking(one.state) for node in app.nodes.values() for one in StateExplaining(app).all_facts()
    )
    for name in ("i-01", "i-02"):
        bench.probed(name, PASS)
    bench.probed("i-09", PASS, "api")
    return app


async def test_nothing_is_wrong(bench: Bench) -> None:
    app = await all_well(bench)
    said = StateExplaining(app).overview()
    assert said.stories == ()
    assert said.outcome.en == ("Nothing is wrong: listeners 2, targets healthy 3 of 3, requests in the last minute 0.")
    assert said.outcome.ko == "이상이 없습니다. 리스너 2개, 정상 대상 3개 중 3개, 최근 1분 요청 0건."


async def test_empty_and_initial_groups(bench: Bench) -> None:
    app = await bench.start(web=TARGETS)
    assert findings(app) == [("initial", "web"), ("no_targets", "api")]
    (initial, empty) = StateExplaining(app).overview().stories
    assert initial.cause is not None
    assert initial.cause.en.startswith("No target of target group web has passed a health check yet")
    assert len(initial.steps) == 2
    assert empty.outcome.en == "Every request that is forwarded to it gets 503."
    assert StateExplaining(app).overview().outcome.en == "2 things are not as they should be."


async def test_one_that_fails_one_that_is_out_and_all_that_are(bench: Bench) -> None:
    app = await all_well(bench)
    bench.probed("i-02", FAIL)
    assert findings(app) == [("failing", "i-02")]
    bench.probed("i-02", FAIL)
    assert findings(app) == [("unhealthy", "i-02")]
    for _ in range(2):
        bench.probed("i-01", FAIL)
    assert findings(app) == [("fail_open", "web")]
    (story,) = StateExplaining(app).overview().stories
    assert story.facts["severity"] == "error", "nobody can be connected to: opening up does not help"
    assert [step.words.en.split(" ")[0] for step in story.steps] == ["i-01", "i-02"]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (404, "Nothing answers at /up: add that path to the application or correct the health check path."),
        (
            302,
            "Redirects are not followed: 302 fails unless the matcher lists it; probe a path that answers by itself.",
        ),
        (204, "204 means success, but the matcher accepts only 200 (AWS's default is exactly 200); use 200-299"),
    ],
)
async def test_fail_open_hides_a_health_check_that_asks_for_the_wrong_thing(bench: Bench, code: int, hint: str) -> None:
    """The symptom that only the states show: clients get their 200 all the while."""
    app = await all_well(bench)
    for name in ("i-01", "i-02"):
        for _ in range(2):
            bench.probed(name, ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=code))
    (story,) = StateExplaining(app).overview().stories
    assert story.facts["severity"] == "warning"
    assert story.cause is not None
    assert story.cause.en == (
        f"The application answers the health check with {code}, and the matcher lets only 200 pass."
    )
    assert story.next_steps[0].en.startswith(hint)


async def test_a_draining_target_is_worth_knowing_only(bench: Bench) -> None:
    app = await all_well(bench)
    await app.deregister_target("i-02")
    said = StateExplaining(app).overview()
    assert [(story.facts["kind"], story.facts["severity"]) for story in said.stories] == [("draining", "info")]
    assert said.outcome.en.startswith("Nothing is wrong")


async def test_a_closed_gate_is_the_worst(bench: Bench) -> None:
    app = await all_well(bench)
    bench.probed("i-02", FAIL)
    await app.faults.add("gate.close", "80")
    kinds = findings(app)
    assert kinds == [("gate_closed", "80"), ("failing", "i-02"), ("faults", "None")]
    gate = StateExplaining(app).overview().stories[0]
    assert "undo it with simlb fault rm NAME" in gate.next_steps[0].en
    assert "time out connecting" in gate.outcome.en


async def test_no_listener(bench: Bench) -> None:
    app = await all_well(bench)
    bench.path.write_text(
        "simlb: config/1\ncontrol_port: 0\nload_balancers: [{name: my-alb, listeners: []}]\ntarget_groups: []\n"
    )
    await app.reload()
    assert findings(app)[0] == ("no_listener", "None")


async def test_a_target_by_name_and_by_address(bench: Bench) -> None:
    app = await all_well(bench)
    asked = StateExplaining(app)
    assert asked.targets("i-01")[0].facts == asked.targets("127.0.0.1:9001")[0].facts
    with pytest.raises(SimlbError) as caught:
        asked.targets("i-07")
    assert caught.value.code == "E302"


async def test_a_target_of_two_groups_has_two_stories(bench: Bench) -> None:
    app = await bench.start(web=TARGETS, api=["{target: i-01}"])
    assert [story.facts["target_group"] for story in StateExplaining(app).targets("i-01")] == ["web", "api"]


# -- over the control port ---------------------------------------------------------------------------------------------


class Caller:
    """Asks the control port."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __call__(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(method, f"/api/v1/explain{path}", json=body, headers=headers) as response:
            return response.status, await response.json()


@pytest.fixture
async def ask(bench: Bench) -> AsyncIterator[Caller]:
    app = await all_well(bench)
    server = ControlServer(app, TOKEN, 0, routes=app.control_routes())
    await server.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session:
        yield Caller(session)
    await server.close()


async def test_everything_can_be_asked_for(ask: Caller) -> None:
    status, said = await ask("GET", "?lang=ko", token="")
    assert (status, said["language"], said["stories"]) == (200, "ko", [])
    status, said = await ask("GET", "/status/502?last_s=30", token="")
    assert (status, said["outcome"]) == (200, "No 502 in the last 30 s. There was no request at all.")
    status, said = await ask("GET", "/targets/127.0.0.1%3A9001", token="")
    assert (status, said["stories"][0]["facts"]["target"]) == (200, "i-01")
    status, said = await ask(
        "POST", "/request", {"url": "http://a.test/x", "headers": [["X-A", "1"]], "client_ip": "203.0.113.9"}
    )
    assert (status, said["facts"]["target_group"], said["facts"]["target"]) == (200, "web", "i-01")
    assert "X-Forwarded-For: 203.0.113.9" in said["facts"]["target_request"]


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status", "code"),
    [
        ("GET", "/status/99", None, "", 422, "E757"),
        ("GET", "/status/5xx", None, "", 422, "E757"),
        ("GET", "/status/502?last_s=0", None, "", 422, "E757"),
        ("GET", "/status/502?last_s=nan", None, "", 422, "E757"),
        ("GET", "/status/502?last_s=1e9", None, "", 422, "E757"),
        ("GET", "/status/502?lang=de", None, "", 400, "E608"),
        ("GET", "/targets/i-77", None, "", 404, "E302"),
        ("POST", "/request", {"url": "http://a.test/"}, "", 401, "E607"),
        ("POST", "/request", {"url": "a.test"}, TOKEN, 422, "E755"),
        ("POST", "/request", {"url": "http://a.test/", "load_balancer": "no"}, TOKEN, 409, "E756"),
        ("POST", "/request", {"url": "http://a.test/", "verb": "GET"}, TOKEN, 400, "E608"),
        ("POST", "/request", {}, TOKEN, 400, "E608"),
    ],
)
async def test_what_is_refused(
    ask: Caller, method: str, path: str, body: Any, token: str, status: int, code: str
) -> None:
    assert (await ask(method, path, body, token))[0] == status
    assert (await ask(method, path, body, token))[1]["code"] == code
