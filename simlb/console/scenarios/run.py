"""One run as it goes on: its process, what that has said, and who waits for news of it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from simlb.console.scenarios.process import Program, ended_by_itself
from simlb.errors import SimlbError

BEGIN_S = 30.0
"""Real seconds in which its process must be there; it takes about one."""

Json = dict[str, Any]


class LiveRun:
    """A run of a shipped scenario. Every method belongs to the instance's loop."""

    def __init__(self, run: str, scenario: str) -> None:
        self.id = run
        self.scenario = scenario
        self.state = "starting"
        """`starting`, `telling`, `ending`, `ended`, or `lost`: its process ended by itself."""
        self.question: int | None = None
        """Which of the story's questions waits for an answer, from 1."""
        self.choices = 0
        self.is_paused = False
        self.outcome = ""
        self.error: SimlbError | None = None
        self.title: Json = {"en": scenario, "ko": scenario}
        self.speed = 1.0
        self.seed = 0
        self._program = Program()
        self._following: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether its process is gone."""
        return self.state in ("ended", "lost")

    @property
    def pid(self) -> int | None:
        """Of its process."""
        return self._program.pid

    async def begin(self, order: Json) -> None:
        """Back as soon as the scenario was understood. Raises SimlbError, leaving nothing behind."""
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            await self._program.start(order)
            self._following = asyncio.get_running_loop().create_task(self._follow(begun))
            async with asyncio.timeout(BEGIN_S):
                await asyncio.wait([begun, self._following], return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            await self.close()
            raise SimlbError("E688", f"The process of the scenario was not there within {BEGIN_S:g} s.") from None
        except BaseException:
            await self.close()
            raise
        if not begun.done():
            begun.cancel()
            await self.close()
            assert self.error is not None, "it ended before it began"
            raise self.error

    def answer(self, question: int, choice: int | None) -> None:
        """Answer a question; None: be told. Raises SimlbError E687 where it is not open, E608 for no such choice."""
        if self.is_over or self.question != question:
            raise SimlbError("E687", f"Question {question} of {self.id} does not wait for an answer.")
        if choice is not None and not 0 <= choice < self.choices:
            raise SimlbError("E608", f"choice={choice} is outside 0-{self.choices - 1}.")
        self._program.say({"answer": question, "choice": choice})

    def pause(self, is_paused: bool) -> None:
        """Hold the story up, or let it go on. Raises SimlbError E687 when the run is over."""
        self._check_runs()
        self._program.say({"pause": is_paused})

    def stop(self) -> None:
        """End it early, in order. Raises SimlbError E687 when it is over."""
        self._check_runs()
        self._program.say({"stop": True})

    async def close(self) -> None:
        """End it now; back when it is gone."""
        await self._program.end()
        if self._following is not None:
            await self._following

    async def changed(self, patience_s: float) -> None:
        """Wait for the next news of it, at most so many real seconds."""
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await asyncio.shield(self._news)

    # -- its process ---------------------------------------------------------------------------------------------------

    async def _follow(self, begun: asyncio.Future[None]) -> None:
        """Take what it says until it is gone."""
        try:
            async for said in self._program.news():
                self._take(said)
                if not begun.done():
                    begun.set_result(None)
        except SimlbError as refused:
            self.error = refused
        how = await self._program.wait()
        self.question = None
        self.is_paused = False
        if not self.outcome and self.error is None:
            self.error = ended_by_itself(how)
            self.state = "lost"
        else:
            self.state = "ended"
        self._tell()

    def _take(self, said: Json) -> None:
        if "state" in said:
            self.state = said["state"]
            self.title = said.get("title", self.title)
            self.speed = said.get("speed", self.speed)
            self.seed = said.get("seed", self.seed)
        elif "asked" in said:
            self.question, self.choices = said["asked"], said["choices"]
        elif "answered" in said:
            self.question = None
        elif "paused" in said:
            self.is_paused = said["paused"]
        else:
            ended = said["ended"]
            self.outcome = ended["outcome"]
            if (error := ended.get("error")) is not None:
                self.error = SimlbError(error["code"], error["message"], *error["hints"])
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def _check_runs(self) -> None:
        if self.is_over:
            raise SimlbError("E687", f"The run {self.id} is over.")


def order_of(
    scenario: str, *, speed: float | None, seed: int | None, language: str, journal: Path, report: Path
) -> Json:
    """What its process is told. None: as the scenario has it."""
    order: Json = {"run": scenario, "journal": str(journal), "report": str(report), "language": language}
    if speed is not None:
        order["speed"] = speed
    if seed is not None:
        order["seed"] = seed
    return order
