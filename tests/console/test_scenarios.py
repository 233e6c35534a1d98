"""Scenarios on the control port: the shelf, a run's life and its ends, its stream, what is kept of it.

Runs are processes of a program that stands for the real one; tests/e2e/console plays a real scenario.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simlb.console.console import Console
from simlb.console.scenarios import process
from simlb.console.scenarios.desk import ScenarioDesk
from simlb.console.scenarios.folder import KEPT_MAX, RunFolder, is_id
from simlb.console.scenarios.stream import Tail
from tests.console.conftest import Desk

pytestmark = pytest.mark.slow

FAKE = Path(__file__).with_name("fake_scenario.py")
DEADLINE_S = 20.0


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROGRAM", ("-I", "-S", str(FAKE)))
    monkeypatch.setattr(process, "END_S", 0.5)


class Stage:
    """Asks for scenarios, and waits for what becomes of runs."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        assert isinstance(desk.app.extension, Console)
        self.scenarios: ScenarioDesk = desk.app.extension.scenarios
        self.folder = Path(desk.app.options.state_dir) / "runs" / "default"

    async def get(self, path: str) -> Any:
        status, _, body = await self.desk.ask("GET", f"/api/v1/{path}")
        assert status == 200, body
        return json.loads(body)

    async def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        status, _, answer = await self.desk.ask("POST", f"/api/v1/{path}", token=True, body=body)
        return status, json.loads(answer)

    async def play(self, scenario: str, **more: Any) -> str:
        status, view = await self.post("runs", {"scenario": scenario, **more})
        assert status == 200, view
        return str(view["id"])

    async def until(self, run: str, *states: str) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE_S):
            while (view := await self.get(f"runs/{run}"))["state"] not in states:
                live = self.scenarios.live(run)
                assert live is not None
                await live.changed(0.2)
        found: dict[str, Any] = view
        return found

    async def events(self, run: str, **headers: str) -> list[tuple[str, str, str]]:
        """All that its stream tells until it ends: id, event, data."""
        _, _, body = await self.desk.ask("GET", f"/api/v1/runs/{run}/events", headers=headers)
        found = []
        for block in body.decode().split("\n\n"):
            fields: dict[str, list[str]] = {}
            for line in block.split("\n"):
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            if "event" in fields:
                found.append((fields.get("id", [""])[0], fields["event"][0], "\n".join(fields["data"])))
        return found


@pytest.fixture
async def stage(desk: Desk) -> Stage:
    return Stage(desk)


def records(events: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [json.loads(line) for _, name, data in events if name == "records" for line in data.split("\n")]


async def test_the_shelf_lists_what_there_is_to_play(stage: Stage) -> None:
    listed = (await stage.get("scenarios"))["scenarios"]
    assert [one["id"] for one in listed][:2] == ["steady", "torn"]
    assert (await stage.get("scenarios/steady"))["max_speed"] == 20
    status, _, body = await stage.desk.ask("GET", "/api/v1/scenarios/stead")
    assert (status, json.loads(body)["code"]) == (404, "E660")
    assert "steady" in json.loads(body)["message"]


async def test_a_run_is_asked_answered_and_judged(stage: Stage) -> None:
    run = await stage.play("steady", speed=20, seed=3, language="ko")
    assert is_id(run)
    view = await stage.until(run, "asking")
    assert (view["question"], view["title"]["ko"], view["speed"]) == (1, "이야기", 10.0)
    watched = asyncio.gather(stage.events(run), stage.events(run))
    assert (await stage.post(f"runs/{run}/pause"))[0] == 200
    async with asyncio.timeout(DEADLINE_S):
        while not (await stage.get(f"runs/{run}"))["is_paused"]:
            await asyncio.sleep(0.01)
    assert (await stage.get(f"runs/{run}"))["state"] == "asking", "the question is what it waits for"
    assert (await stage.post(f"runs/{run}/resume"))[0] == 200
    assert (await stage.post(f"runs/{run}/answer", {"question": 1, "choice": 1}))[0] == 200
    view = await stage.until(run, "ended")
    assert (view["outcome"], view["expectations"], view["failed"], view["error"]) == ("passed", 2, 1, None)
    one, other = await watched
    assert records(one) == records(other)
    assert [record["type"] for record in records(one)] == ["meta", "mark", "ask", "answer", *["expectation"] * 2, "end"]
    assert one[-1][1] == "end"
    assert json.loads(one[-1][2])["outcome"] == "passed"
    assert {"run"} <= {name for _, name, _ in one}
    assert (await stage.get("runs"))["runs"][0]["id"] == run


async def test_a_stream_goes_on_where_a_viewer_was(stage: Stage) -> None:
    run = await stage.play("full")
    await stage.until(run, "ended")
    whole = await stage.events(run)
    assert [number for number, name, _ in whole if name == "records"] == ["3"]
    later = await stage.events(run, **{"Last-Event-ID": "2"})
    assert [record["type"] for record in records(later)] == ["end"]
    assert records(await stage.events(run, **{"Last-Event-ID": "3"})) == []
    for wrong in ("-1", "x", "9" * 30):
        status, _, _ = await stage.desk.ask("GET", f"/api/v1/runs/{run}/events", headers={"Last-Event-ID": wrong})
        assert status == 400
    assert (await stage.desk.ask("GET", f"/api/v1/runs/{run}/events?after=-1"))[0] == 400


async def test_what_made_a_run_fail_is_told_with_its_code(stage: Stage) -> None:
    run = await stage.play("full")
    view = await stage.until(run, "ended")
    assert (view["outcome"], view["error"]["code"]) == ("broken", "E713")


async def test_a_killed_run_is_told_and_its_torn_journal_shown_as_far_as_it_goes(stage: Stage) -> None:
    run = await stage.play("torn")
    view = await stage.until(run, "lost")
    assert view["error"]["code"] == "E688"
    assert "SIGKILL" in view["error"]["message"]
    told = await stage.events(run)
    assert [record["type"] for record in records(told)] == ["meta", "mark"]
    # To whoever comes later its file alone tells: as after a new start of simlb.
    stage.scenarios._live = None
    view = await stage.get(f"runs/{run}")
    assert (view["state"], view["error"]["code"]) == ("lost", "E668")
    assert json.loads((await stage.events(run))[-1][2])["error"]["code"] == "E668"


async def test_a_run_of_the_past_without_an_end_is_lost(stage: Stage) -> None:
    run = await stage.play("full")
    await stage.until(run, "ended")
    other = run[:-4] + ("0000" if not run.endswith("0000") else "1111")
    lines = (stage.folder / f"{run}.jsonl").read_text().splitlines(keepends=True)
    (stage.folder / f"{other}.jsonl").write_text("".join(lines[:-1]))
    view = await stage.get(f"runs/{other}")
    assert (view["state"], view["outcome"], view["error"]["code"]) == ("lost", None, "E688")


async def test_only_one_run_at_a_time(stage: Stage) -> None:
    run = await stage.play("steady")
    status, error = await stage.post("runs", {"scenario": "steady"})
    assert (status, error["code"]) == (409, "E686")
    assert run in error["message"]
    assert (await stage.post(f"runs/{run}/stop"))[0] == 200
    assert (await stage.until(run, "ended"))["outcome"] == "interrupted"
    await stage.post(f"runs/{await stage.play('steady')}/stop")


async def test_a_run_that_is_refused_leaves_nothing(stage: Stage) -> None:
    status, error = await stage.post("runs", {"scenario": "refused", "speed": 900})
    assert (status, error["code"], error["hints"]) == (422, "E664", ["slower"])
    assert (await stage.get("runs"))["runs"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scenario": "../secret"}, 404, "E660"),
        ({"scenario": "/etc/passwd"}, 404, "E660"),
        ({"scenario": "./crash.yaml"}, 404, "E660"),
        ({"scenario": ""}, 400, "E608"),
        ({"scenario": "steady", "speed": 0}, 400, "E608"),
        ({"scenario": "steady", "seed": -1}, 400, "E608"),
        ({"scenario": "steady", "language": "xx"}, 400, "E608"),
        ({"scenario": "steady", "allow_run": True}, 400, "E608"),
        ({}, 400, "E608"),
    ],
)
async def test_what_cannot_be_played_is_refused(stage: Stage, body: Any, status: int, code: str) -> None:
    answered, error = await stage.post("runs", body)
    assert (answered, error["code"]) == (status, code)


@pytest.mark.parametrize("run", ["none", "%2e%2e%2fdefault", "steady-20261128-164843-c821", "a" * 300])
async def test_a_run_that_is_not_there(stage: Stage, run: str) -> None:
    for path in ("", "/events", "/journal", "/report"):
        status, _, body = await stage.desk.ask("GET", f"/api/v1/runs/{run}{path}")
        assert status == 404, body
    assert (await stage.post(f"runs/{run}/stop"))[0] == 404


async def test_commands_at_the_wrong_time_are_refused(stage: Stage) -> None:
    run = await stage.play("steady")
    await stage.until(run, "asking")
    for body, status, code in (
        ({"question": 2, "choice": 0}, 409, "E687"),
        ({"question": 1, "choice": 2}, 400, "E608"),
        ({"question": 1, "choice": -1}, 400, "E608"),
        ({"question": 1}, 400, "E608"),
    ):
        answered, error = await stage.post(f"runs/{run}/answer", body)
        assert (answered, error["code"]) == (status, code)
    assert (await stage.post(f"runs/{run}/answer", {"question": 1, "choice": None}))[0] == 200
    await stage.until(run, "ended")
    for command in ("pause", "resume", "stop"):
        status, error = await stage.post(f"runs/{run}/{command}")
        assert (status, error["code"]) == (409, "E687")


@pytest.mark.parametrize("path", ["runs", "runs/x/answer", "runs/x/pause", "runs/x/resume", "runs/x/stop"])
async def test_what_starts_or_stops_needs_the_token(stage: Stage, path: str) -> None:
    status, _, body = await stage.desk.ask("POST", f"/api/v1/{path}", body={"scenario": "steady"})
    assert (status, json.loads(body)["code"]) == (401, "E607")


async def test_journal_and_report_of_a_run(stage: Stage) -> None:
    run = await stage.play("steady")
    await stage.until(run, "asking")
    status, _, body = await stage.desk.ask("GET", f"/api/v1/runs/{run}/report")
    assert (status, json.loads(body)["code"]) == (409, "E687")
    await stage.post(f"runs/{run}/answer", {"question": 1, "choice": 0})
    await stage.until(run, "ended")
    status, headers, body = await stage.desk.ask("GET", f"/api/v1/runs/{run}/report")
    assert (status, body) == (200, b"<!doctype html><title>report</title>")
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert policy.endswith("sandbox"), "no script runs, whatever the file holds"
    status, headers, body = await stage.desk.ask("GET", f"/api/v1/runs/{run}/journal")
    assert status == 200
    assert headers["content-disposition"] == f'attachment; filename="{run}.jsonl"'
    assert body == (stage.folder / f"{run}.jsonl").read_bytes()
    (stage.folder / f"{run}.html").unlink()
    _, _, body = await stage.desk.ask("GET", f"/api/v1/runs/{run}/report")
    assert b"made later" in body


@pytest.mark.parametrize("scenario", ["steady", "stuck"])
async def test_the_end_of_an_instance_ends_its_run(stage: Stage, scenario: str) -> None:
    run = await stage.play(scenario)
    live = stage.scenarios.live(run)
    assert live is not None
    pid = live.pid
    assert pid is not None
    watched = asyncio.create_task(stage.events(run))
    await stage.scenarios.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (await watched)[-1][1] == "end"
    status, error = await stage.post("runs", {"scenario": "steady"})
    assert (status, error["code"]) == (409, "E688")


async def test_a_run_killed_from_outside_leaves_no_process(stage: Stage) -> None:
    run = await stage.play("stuck")
    live = stage.scenarios.live(run)
    assert live is not None
    assert live.pid is not None
    os.kill(live.pid, signal.SIGKILL)
    assert (await stage.until(run, "lost"))["error"]["code"] == "E688"
    with pytest.raises(ProcessLookupError):
        os.kill(live.pid, 0)
    assert (await stage.post("runs", {"scenario": "full"}))[0] == 200


async def test_a_process_that_does_not_speak_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from simlb.console.scenarios import run as running

    monkeypatch.setattr(running, "BEGIN_S", 0.1)
    status, error = await stage.post("runs", {"scenario": "silent"})
    assert (status, error["code"]) == (409, "E688")
    assert (await stage.get("runs"))["runs"] == []


async def test_a_program_that_cannot_be_started(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROGRAM", ("-c", "import sys; sys.exit('no module named scenario')"))
    status, _, body = await stage.desk.ask("GET", "/api/v1/scenarios")
    assert (status, json.loads(body)["code"]) == (409, "E688")
    assert "no module named scenario" in json.loads(body)["message"]


async def test_so_many_viewers_and_no_more(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from simlb.console.scenarios import stream

    monkeypatch.setattr(stream, "VIEWERS_MAX", 1)
    run = await stage.play("steady")
    await stage.until(run, "asking")
    async with aiohttp.ClientSession() as session:
        url = f"http://{stage.desk.app.control}/api/v1/runs/{run}/events"
        async with session.get(url) as watching:
            await watching.content.readline()
            status, _, body = await stage.desk.ask("GET", f"/api/v1/runs/{run}/events")
            assert (status, json.loads(body)["code"]) == (503, "E770")
    await stage.post(f"runs/{run}/stop")
    await stage.until(run, "ended")


# -- files -------------------------------------------------------------------------------------------------------------


def test_old_runs_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for number in range(KEPT_MAX + 5):
        path = tmp_path / f"story-20261128-1648{number:02}-c821.jsonl"
        path.write_text("{}\n")
        path.with_suffix(".html").write_text("")
        os.utime(path, (number, number))
    others = [tmp_path / "target-crash-104207.jsonl", tmp_path / "notes.txt"]
    for path in others:
        path.write_text("mine")
    spared = "story-20261128-164800-c821"
    folder.prune([spared])
    left = folder.ids()
    assert len(left) == KEPT_MAX + 1
    assert left[0] == f"story-20261128-1648{KEPT_MAX + 4:02}-c821"
    assert spared in left
    assert len(list(tmp_path.glob("*.html"))) == KEPT_MAX + 1
    assert all(path.read_text() == "mine" for path in others)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"nonsense\n", b"[1]\n", b'{"type":"mark","at_s":1}\n', b'{"type":"me']
)
def test_a_file_that_is_no_journal_is_damaged(tmp_path: Path, content: bytes) -> None:
    run = "story-20261128-164843-c821"
    (tmp_path / f"{run}.jsonl").write_bytes(content)
    kept = RunFolder(tmp_path).read(run, is_over=True)
    assert kept is not None
    assert "meta record" in kept.damage


def test_a_tail_gives_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    tail = Tail(path, after=1)
    assert tail.read() == []
    with path.open("wb", buffering=0) as file:
        file.write(b"one\ntwo\nthr")
        assert (tail.read(), tail.line, tail.is_torn) == ([b"two"], 2, True)
        file.write(b"ee\n")
        assert (tail.read(), tail.line, tail.is_torn) == ([b"three"], 3, False)
    assert tail.read() == []
    tail.close()
