"""Scenarios on the control port; docs/json-api.md shows every operation with its answer.

GET  /api/v1/scenarios                  GET  /api/v1/scenarios/{id}
GET  /api/v1/runs                       POST /api/v1/runs                    {"scenario": "target-crash", "speed": 10}
GET  /api/v1/runs/{run}                 GET  /api/v1/runs/{run}/events       server-sent events
GET  /api/v1/runs/{run}/journal         GET  /api/v1/runs/{run}/report
POST /api/v1/runs/{run}/answer          {"question": 1, "choice": 0}
POST /api/v1/runs/{run}/pause           POST /api/v1/runs/{run}/resume       POST /api/v1/runs/{run}/stop
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from simlb.console.scenarios.desk import ScenarioDesk
from simlb.console.scenarios.run import LiveRun
from simlb.console.scenarios.stream import RunStream
from simlb.controlplane.bodies import decode_body, refuse_body
from simlb.controlplane.server import integer
from simlb.errors import SimlbError

OF_THE_LIST = ("id", "title", "summary", "level", "minutes", "tags", "speed", "max_speed")
"""What the list tells of a scenario."""
SPEED_MIN = 0.5
REPORT_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    # It may show what is in it, and do nothing: no script, no form, no frame, nothing of this origin.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "sandbox"
    ),
    "Referrer-Policy": "no-referrer",
}


class StartRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which scenario, and what of it is to be other than it says. `language` is the one its report shows first."""

    scenario: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    speed: Annotated[float, msgspec.Meta(ge=SPEED_MIN, le=1000)] | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)] | None = None
    language: Literal["en", "ko"] = "en"


class AnswerQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of the question, from 1, and of the choice, from 0; null: be told."""

    question: int
    choice: int | None


def scenario_routes(desk: ScenarioDesk) -> list[web.RouteDef]:
    """The routes over a desk."""
    stream = RunStream()

    async def scenarios(_: web.Request) -> web.Response:
        shelf = await desk.shelf()
        return web.json_response({"scenarios": [{name: one[name] for name in OF_THE_LIST} for one in shelf]})

    async def scenario(request: web.Request) -> web.Response:
        return web.json_response(await desk.scenario(request.match_info["id"]))

    async def runs(_: web.Request) -> web.Response:
        return web.json_response({"runs": await desk.runs()})

    async def start(request: web.Request) -> web.Response:
        wanted = decode_body(StartRun, await request.read())
        view = await desk.start(wanted.scenario, speed=wanted.speed, seed=wanted.seed, language=wanted.language)
        return web.json_response(view)

    async def run(request: web.Request) -> web.Response:
        return web.json_response(await desk.view(request.match_info["run"]))

    async def events(request: web.Request) -> web.StreamResponse:
        name = request.match_info["run"]
        await desk.view(name)
        return await stream.send(
            request,
            journal=desk.folder.journal(name),
            after=_after(request),
            live=desk.live(name),
            view=lambda: desk.view(name),
        )

    async def journal(request: web.Request) -> web.StreamResponse:
        name = request.match_info["run"]
        await desk.view(name)
        headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Disposition": f'attachment; filename="{name}.jsonl"',
        }
        return web.FileResponse(desk.folder.journal(name), headers=headers)

    async def report(request: web.Request) -> web.StreamResponse:
        path = await desk.report(request.match_info["run"])
        return web.FileResponse(path, headers=REPORT_HEADERS)

    async def answer(request: web.Request) -> web.Response:
        given = decode_body(AnswerQuestion, await request.read())
        name = request.match_info["run"]
        (await desk.playing(name)).answer(given.question, given.choice)
        return web.json_response(await desk.view(name))

    def command(carry_out: Callable[[LiveRun], None]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            refuse_body(await request.read())
            name = request.match_info["run"]
            carry_out(await desk.playing(name))
            return web.json_response(await desk.view(name))

        return handle

    return [
        web.get("/api/v1/scenarios", scenarios),
        web.get("/api/v1/scenarios/{id}", scenario),
        web.get("/api/v1/runs", runs),
        web.post("/api/v1/runs", start),
        web.get("/api/v1/runs/{run}", run),
        web.get("/api/v1/runs/{run}/events", events, allow_head=False),
        web.get("/api/v1/runs/{run}/journal", journal),
        web.get("/api/v1/runs/{run}/report", report),
        web.post("/api/v1/runs/{run}/answer", answer),
        web.post("/api/v1/runs/{run}/pause", command(lambda live: live.pause(True))),
        web.post("/api/v1/runs/{run}/resume", command(lambda live: live.pause(False))),
        web.post("/api/v1/runs/{run}/stop", command(LiveRun.stop)),
    ]


def _after(request: web.Request) -> int:
    """How many lines the viewer has: a browser that comes back says it in a header."""
    text = request.headers.get("Last-Event-ID")
    if text is None:
        number = integer(request, "after", 0)
        if number < 0:
            raise SimlbError("E608", f"after={number} is below 0.")
        return number
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise SimlbError("E608", "Last-Event-ID is no number of a line.")
    return int(text)
