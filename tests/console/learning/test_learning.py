"""The course's operations on the control port, and what is watched for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simlb.app.application import App
from simlb.console import Console
from simlb.console.learning import course
from simlb.console.learning.learning import Lesson
from simlb.controlplane.query.credentials import Scope, header_of
from simlb.controlplane.server import ControlServer
from simlb.core.connection_log import UNMAPPED
from tests.app.conftest import Bench
from tests.console.conftest import Desk

LEARN = "/api/v1/learn"


async def get(desk: Desk, path: str = LEARN) -> Any:
    status, _, body = await desk.ask("GET", path)
    assert status == 200, body
    return json.loads(body)


async def post(desk: Desk, path: str, body: Any = None) -> Any:
    status, _, answer = await desk.ask("POST", path, token=True, body=body)
    assert status == 200, answer
    return json.loads(answer)


async def call(desk: Desk, body: str, service: str = "sts", version: str = "2011-06-15") -> int:
    """A call of AWS's API."""
    headers = {"Authorization": header_of(Scope("ap-northeast-2", service, in_header=True))}
    query = f"/?{body}&Version={version}"
    status, _, _ = await desk.ask("GET", query, headers=headers)
    return status


def ticked(view: Any, number: int = 0, what: str = "ticks") -> set[str]:
    return set(view["steps"][number][what])


async def until(ask: Callable[[], bool]) -> None:
    for _ in range(500):
        if ask():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come")


async def test_the_content(desk: Desk) -> None:
    content = await get(desk, "/console/course.json")
    assert len(content["steps"]) == 16


async def test_nobody_is_watched_who_does_not_learn(desk: Desk) -> None:
    assert await call(desk, "Action=GetCallerIdentity") == 200
    view = await get(desk)
    assert (view["begun_at"], view["observations_done"]) == (None, 0)
    assert desk.app.observing.probes.on_record is None
    assert desk.app.names.on_answered is None


async def test_a_call_from_anywhere_ticks_once_somebody_has_begun(desk: Desk) -> None:
    events: list[object] = []
    desk.app.observing.events.listen(events.append)
    view = await post(desk, f"{LEARN}/begin", {"step": 0})
    assert view["begun_at"] is not None
    assert view["steps"][0]["begun_at"] is not None
    assert await call(desk, "Action=GetCallerIdentity") == 200
    view = await get(desk)
    assert ticked(view) == {"identity"}
    assert view["steps"][0]["done_at"] == view["steps"][0]["ticks"]["identity"]
    assert view["observations_done"] == 1
    told = [type(event).__name__ for event in events]
    assert told == ["ApiCalled", "CourseTicked"]


async def test_an_error_ticks_what_waits_for_it(desk: Desk) -> None:
    await post(desk, f"{LEARN}/begin")
    query = "Action=DescribeLoadBalancers&Names.member.1=other"
    assert await call(desk, query, "elasticloadbalancing", "2015-12-01") == 400
    assert ticked(await get(desk), 3) == {"name_is_free"}


async def test_a_reset_forgets(desk: Desk) -> None:
    await post(desk, f"{LEARN}/begin")
    await call(desk, "Action=GetCallerIdentity")
    view = await post(desk, f"{LEARN}/reset", {})
    assert (view["begun_at"], view["observations_done"]) == (None, 0)
    await call(desk, "Action=GetCallerIdentity")
    assert (await get(desk))["observations_done"] == 0


@pytest.mark.parametrize("path", ["begin", "reset", "request"])
async def test_changes_need_the_token(desk: Desk, path: str) -> None:
    status, _, _ = await desk.ask("POST", f"{LEARN}/{path}")
    assert status == 401


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("begin", {"step": 16}, "E608"),
        ("begin", {"steps": 1}, "E608"),
        ("reset", {"step": 1}, "E608"),
        ("request", {"url": ""}, "E608"),
        ("request", {"url": "http://a.test/", "count": 21}, "E608"),
        ("request", {"url": "ftp://a.test/"}, "E843"),
        ("request", {"url": "http:///"}, "E843"),
        ("request", {"url": "http://a.test/ HTTP/1.1\r\nX: y"}, "E843"),
        ("request", {"url": "http://[::1/"}, "E843"),
        ("request", {"url": "http://a.test:99999/"}, "E843"),
        ("request", {"url": "http://10.0.0.1/"}, "E843"),
        ("request", {"url": "http://169.254.169.254/latest/"}, "E843"),
        ("request", {"url": "http://a..test/"}, "E843"),
    ],
)
async def test_what_is_not_understood_is_refused(desk: Desk, path: str, body: Any, code: str) -> None:
    status, _, answer = await desk.ask("POST", f"{LEARN}/{path}", token=True, body=body)
    assert (status, json.loads(answer)["code"]) == (400 if code == "E608" else 422, code)


async def test_the_client_asks_what_there_is(desk: Desk) -> None:
    """A listener by the name of its load balancer; a name that is none; a port with nobody behind it."""
    await post(desk, f"{LEARN}/begin")
    name = desk.app.configuration.load_balancers[0].dns_name
    asked = {"url": f"http://{name}/a?b=<script>", "count": 2}
    answer = await post(desk, f"{LEARN}/request", asked)
    assert answer["url"] == asked["url"]
    assert [(one["outcome"], one["status_code"]) for one in answer["answers"]] == [("answered", 503)] * 2
    assert answer["answers"][0]["headers"]["Server"] == "awselb/2.0"
    for url, outcome in (
        ("http://nothing.simlb.test/", "not_found"),
        (f"https://{name}/", "refused"),
        ("http://127.0.0.1:1/", "refused"),
    ):
        (one,) = (await post(desk, f"{LEARN}/request", {"url": url}))["answers"]
        assert one["outcome"] == outcome
        assert one["detail"]
    view = await get(desk)
    assert ticked(view, 10) == {"name"}
    assert ticked(view, 10, "mistakes") == {"too_early"}
    assert ticked(view, 7, "mistakes") == {"empty"}, "nobody is registered in that group: 503"


async def test_a_handshake_that_fails_is_seen(desk: Desk) -> None:
    await post(desk, f"{LEARN}/begin")
    on_record = desk.app.observing.connections.on_record
    assert on_record is not None

    class Facts:
        listener_port = 443

    class Record:
        verify_status = UNMAPPED
        facts = Facts

    on_record(Record)  # type: ignore[arg-type]
    assert ticked(await get(desk), 13, "mistakes") == {"wrong_name"}


class Days:
    """An instance made for the course, whose progress is kept: started, and ended, at will."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder)
        self.file = folder / "learn" / "default.json"
        self._open: tuple[App, ControlServer, aiohttp.ClientSession] | None = None

    async def begin(self) -> Desk:
        app = await self.bench.start()
        object.__setattr__(app.options, "keeps_state", True)
        console = Console(app, Lesson(file=self.file.with_name("starter.py"), course=course.read()))
        app.extension = console
        server = ControlServer(app, app.token, 0, routes=app.control_routes())
        await server.start()
        app.control = f"127.0.0.1:{server.port}"
        await console.start()
        session = aiohttp.ClientSession()
        self._open = app, server, session
        return Desk(app, session)

    async def end(self) -> None:
        if self._open is not None:
            app, server, session = self._open
            self._open = None
            await session.close()
            await app.close(grace_s=0)
            await server.close()


@pytest.fixture
async def days(tmp_path: Path) -> AsyncIterator[Days]:
    days = Days(tmp_path)
    yield days
    await days.end()


async def test_a_lesson_begins_with_its_instance_and_goes_on_the_next_day(days: Days) -> None:
    desk = await days.begin()
    assert await call(desk, "Action=GetCallerIdentity") == 200
    first = await get(desk)
    assert (ticked(first), first["file"]) == ({"identity"}, str(days.file.with_name("starter.py")))
    # At once, and not only at the end: the process may be killed.
    await until(lambda: days.file.exists() and b"identity" in days.file.read_bytes())
    await days.end()
    second = await get(await days.begin())
    assert second["begun_at"] == first["begun_at"]
    assert second["steps"] == first["steps"]


async def test_a_broken_file_is_told_and_set_aside(days: Days) -> None:
    await days.begin()
    await days.end()
    days.file.write_bytes(b"broken")
    desk = await days.begin()
    assert (await get(desk))["observations_done"] == 0
    (notice,) = (text for text in days.bench.audience.notices if "cannot be read" in text)
    assert str(days.file) in notice
    assert days.file.with_name("default.json.unreadable-1").read_bytes() == b"broken"


async def test_progress_that_cannot_be_kept_is_told_once_and_counts_all_the_same(days: Days) -> None:
    desk = await days.begin()
    await until(days.file.exists)
    days.file.unlink()
    days.file.parent.rmdir()
    days.file.parent.write_text("in the way")

    def told() -> list[str]:
        return [text for text in days.bench.audience.notices if "cannot be kept" in text]

    await call(desk, "Action=GetCallerIdentity")
    await until(lambda: bool(told()))
    await post(desk, f"{LEARN}/begin", {"step": 1})
    await days.end()  # which tries once more
    assert len(told()) == 1
