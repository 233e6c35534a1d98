"""The scenarios of the console: what there is to play, the run that goes on, and those that are kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from simlb.config.problems import did_you_mean
from simlb.console.scenarios.folder import KeptRun, RunFolder, is_id, scenario_of
from simlb.console.scenarios.process import ask
from simlb.console.scenarios.run import LiveRun, order_of
from simlb.controlplane.bodies import error_body
from simlb.errors import SimlbError

Json = dict[str, Any]


class ScenarioDesk:
    """Everything about scenarios on one instance. Nothing of `simlb.scenario` is imported into its process."""

    def __init__(self, folder: Path) -> None:
        """`folder` gets journals and reports; it is made when the first run begins."""
        self.folder = RunFolder(folder)
        self._shelf: list[Json] | None = None
        self._asking = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._reporting = asyncio.Lock()
        self._live: LiveRun | None = None
        self._is_closed = False

    # -- the shelf -----------------------------------------------------------------------------------------------------

    async def shelf(self) -> list[Json]:
        """All shipped scenarios, described: read once, by a process of its own. Raises SimlbError E688."""
        async with self._asking:
            if self._shelf is None:
                self._shelf = (await ask({"shelf": True}))["scenarios"]
            return self._shelf

    async def scenario(self, wanted: str) -> Json:
        """One of them. Raises SimlbError E660."""
        known = {one["id"]: one for one in await self.shelf()}
        if wanted not in known:
            what = f"There is no scenario '{wanted[:80]}'{did_you_mean(wanted[:80], known)}."
            raise SimlbError("E660", what, "simlb scenario ls")
        return known[wanted]

    # -- runs ----------------------------------------------------------------------------------------------------------

    async def runs(self) -> list[Json]:
        """All that there are, the newest first."""
        ids = await asyncio.to_thread(self.folder.ids)
        live = self._live
        if live is not None and live.id not in ids:
            ids.insert(0, live.id)  # its journal is not there yet
        return [view for run in ids if (view := await self._view(run)) is not None]

    async def view(self, run: str) -> Json:
        """How a run stands. Raises SimlbError E685."""
        view = await self._view(run) if is_id(run) else None
        if view is None:
            raise _no_run(run)
        return view

    async def start(self, scenario: str, *, speed: float | None, seed: int | None, language: str) -> Json:
        """Play one. Raises SimlbError E660, E664, E684, E686 while another one goes on, E688."""
        await self.scenario(scenario)
        async with self._starting:
            if self._is_closed:
                raise SimlbError("E688", "The process of the scenario cannot be started: this instance is stopping.")
            if self._live is not None and not self._live.is_over:
                raise SimlbError(
                    "E686",
                    f"{self._live.id} is being played: two runs at once would spoil each other's numbers.",
                    "wait for its end, or stop it",
                )
            run = await asyncio.to_thread(self.folder.new_id, scenario)
            live = LiveRun(run, scenario)
            order = order_of(
                scenario,
                speed=speed,
                seed=seed,
                language=language,
                journal=self.folder.journal(run),
                report=self.folder.report(run),
            )
            self._live = live
            try:
                await live.begin(order)
            except BaseException:
                self._live = None
                raise
            await asyncio.to_thread(self.folder.prune, (run,))
        return await self.view(run)

    def live(self, run: str) -> LiveRun | None:
        """The run while this instance remembers its process: until the next one begins."""
        return self._live if self._live is not None and self._live.id == run else None

    async def playing(self, run: str) -> LiveRun:
        """A run that commands are for. Raises SimlbError E685, and E687 where it is over."""
        live = self.live(run)
        if live is None:
            await self.view(run)
            raise SimlbError("E687", f"The run {run} is over.")
        return live

    async def report(self, run: str) -> Path:
        """The file of a run's report, made now where there is none. Raises SimlbError E668, E685, E687, E688."""
        await self.view(run)
        live = self.live(run)
        if live is not None and not live.is_over:
            raise SimlbError("E687", f"The run {run} goes on: its report comes at its end.")
        path = self.folder.report(run)
        async with self._reporting:
            if not await asyncio.to_thread(path.is_file):
                journal = self.folder.journal(run)
                await ask({"report": str(path), "journal": str(journal), "language": "en"})
        return path

    async def close(self) -> None:
        """End the run that goes on."""
        self._is_closed = True
        if self._live is not None:
            await self._live.close()

    # -- views ---------------------------------------------------------------------------------------------------------

    async def _view(self, run: str) -> Json | None:
        live = self.live(run)
        is_over = live is None or live.is_over
        kept = await asyncio.to_thread(lambda: self.folder.read(run, is_over=is_over))
        if live is None:
            return None if kept is None else _of_kept(kept)
        return _of_live(live, kept)


def _of_kept(kept: KeptRun) -> Json:
    error = None
    if kept.damage:
        error = SimlbError("E668", f"{kept.damage}.", "play it again")
    elif not kept.outcome:
        error = SimlbError("E688", "The process of the scenario ended by itself: the journal has no end.")
    return _view(
        kept.id,
        kept,
        state="ended" if kept.outcome else "lost",
        outcome=kept.outcome or None,
        error=None if error is None else error_body(error),
    )


def _of_live(live: LiveRun, kept: KeptRun | None) -> Json:
    kept = kept or KeptRun(id=live.id)
    return _view(
        live.id,
        kept,
        state="asking" if live.question is not None else "paused" if live.is_paused else live.state,
        outcome=live.outcome or None,
        error=None if live.error is None else error_body(live.error),
        question=live.question,
        is_paused=live.is_paused,
        title=live.title,
        speed=live.speed,
        seed=live.seed,
    )


def _view(run: str, kept: KeptRun, **more: Any) -> Json:
    return {
        "id": run,
        "scenario": scenario_of(run),
        "title": kept.title,
        "speed": kept.speed,
        "seed": kept.seed,
        "started": kept.started,
        "at_s": kept.at_s,
        "real_s": kept.real_s,
        "expectations": kept.judged,
        "failed": kept.failed,
        "question": None,
        "is_paused": False,
        **more,
    }


def _no_run(run: str) -> SimlbError:
    return SimlbError("E685", f"There is no run '{run[:80]}'.", "it may be older than the last that are kept")
