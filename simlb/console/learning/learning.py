"""The course on one instance: its content, what has been seen of it, and what the page asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from aiohttp import web

from simlb.console.learning import course, progress, summary
from simlb.console.learning.client import Client
from simlb.console.learning.course import Course
from simlb.console.learning.progress import Progress
from simlb.console.learning.views import RequestAnswer, RequestOrder
from simlb.console.learning.watching import Watching
from simlb.controlplane.bodies import decode_body
from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.app.application import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What `simlb learn` has prepared: the course begins with the instance. `file` is the learner's program."""

    file: Path
    course: Course


class BeginOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the learner is."""

    step: Annotated[int, msgspec.Meta(ge=0, le=course.LAST_STEP)] | None = None


class NothingMore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body without members, or none."""


class Learning:
    """Part of the console. Nothing is read or watched until somebody learns."""

    def __init__(self, app: App, lesson: Lesson | None) -> None:
        self._app = app
        self._lesson = lesson
        self._course = None if lesson is None else lesson.course
        self._content: bytes | None = None
        self._watching: Watching | None = None
        self._client = Client(app)
        self._opening = asyncio.Lock()
        options = app.options
        self._path = progress.progress_path(options.state_dir, options.kept_name) if options.keeps_state else None

    def routes(self) -> Sequence[web.RouteDef]:
        """What the page asks for."""
        return [
            web.get("/console/course.json", self._answer_content),
            web.get("/api/v1/learn", self._answer_view),
            web.post("/api/v1/learn/begin", self._begin),
            web.post("/api/v1/learn/reset", self._reset),
            web.post("/api/v1/learn/request", self._request),
        ]

    async def start(self) -> None:
        """The instance serves: go on with a course that has been begun, or begin the one that it was made for."""
        if self._lesson is not None or (self._path is not None and await asyncio.to_thread(self._path.exists)):
            await self._watch()

    async def close(self) -> None:
        """Watch no more. Harmless when repeated."""
        if self._watching is not None:
            await self._watching.close()
            self._watching = None

    async def _read_course(self) -> Course:
        # By whoever looks first, and not by every instance's start.
        if self._course is None:
            self._course = await asyncio.to_thread(course.read)
        return self._course

    async def _watch(self) -> Watching:
        async with self._opening:
            if self._watching is None:
                present = await self._kept()
                if present.begun_at is None:
                    present = Progress()
                watching = Watching(self._app, await self._read_course(), present, self._path)
                if present.begun_at is None:
                    present.begun_at = watching.now()
                watching.start()
                watching.save()
                self._watching = watching
            return self._watching

    async def _kept(self) -> Progress:
        if self._path is None:
            return Progress()
        try:
            return await asyncio.to_thread(progress.read, self._path) or Progress()
        except SimlbError as error:
            self._app.narrator.failed(error)
            return Progress()

    # -- routes --------------------------------------------------------------------------------------------------------

    async def _answer_content(self, _: web.Request) -> web.Response:
        if self._content is None:
            self._content = course.as_json(await self._read_course())
        return web.Response(body=self._content, content_type="application/json")

    async def _answer_view(self, _: web.Request) -> web.Response:
        return await self._view()

    async def _begin(self, request: web.Request) -> web.Response:
        order = decode_body(BeginOrder, await request.read() or b"{}")
        watching = await self._watch()
        if order.step is not None:
            watching.begin_step(order.step)
        return await self._view()

    async def _reset(self, request: web.Request) -> web.Response:
        decode_body(NothingMore, await request.read() or b"{}")
        async with self._opening:
            if self._watching is not None:
                await self._watching.close()
                self._watching = None
            if self._path is not None:
                await asyncio.to_thread(progress.remove, self._path)
        if self._lesson is not None:
            await self._watch()
        return await self._view()

    async def _request(self, request: web.Request) -> web.Response:
        order = decode_body(RequestOrder, await request.read())
        answers = []
        for _ in range(order.count):
            answer, tried = await self._client.ask(order.url)
            answers.append(answer)
            if self._watching is not None:
                self._watching.take(tried)
        return _json(RequestAnswer(url=order.url, answers=answers))

    async def _view(self) -> web.Response:
        watching = self._watching
        if watching is not None:
            watching.count_balancers()
        present = watching.progress if watching is not None else Progress()
        file = None if self._lesson is None else self._lesson.file
        return _json(summary.view(self._app, await self._read_course(), present, file))


def _json(value: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
