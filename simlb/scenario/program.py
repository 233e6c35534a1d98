"""Scenarios in a process of their own: an order and commands on standard input, news on standard output, lines of JSON.

The first line is the order, one of

    {"shelf": true}                                           all shipped scenarios, described: {"scenarios": [...]}
    {"report": "X.html", "journal": "X.jsonl", "language": "en"}        write a report: {"written": "X.html"}
    {"run": "target-crash", "speed": 10, "seed": 7, "journal": "X.jsonl", "report": "X.html", "language": "en"}

A run says first that it begins (`{"state": "starting", "title": ..., "speed": 10, "seed": 7}`), then what becomes of it
(`{"state": "telling"}`, `{"asked": 1, "choices": 3}`, `{"answered": 1}`, `{"paused": true}`), and at its end
`{"ended": {"outcome": "passed"}}`. Its records are in the journal's file as soon as they are. Meanwhile it takes
`{"answer": 1, "choice": 0}` (null: be told), `{"pause": true}`, `{"pause": false}` and `{"stop": true}`. Whatever
cannot be done is `{"refused": {"code": ..., "message": ..., "hints": [...]}}`, alone or in place of the end.

Only shipped scenarios, by their ids; what would run commands is refused. It ends when standard input does: a run is
interrupted then, and undone in order. Nobody who thinks for `PATIENCE_S` real seconds is waited for any longer.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from simlb.errors import EXIT_FINE, SimlbError
from simlb.scenario.journal import Asked, Entry, Marked
from simlb.scenario.runner import Run, RunResult
from simlb.scenario.summary import END, START

PATIENCE_S = 300.0
"""Load and load balancer go on while somebody thinks: a journal of that length is still a small one."""
UNDONE_WITHIN_S = 20.0
"""How long a run that nobody owns any more may take to undo itself, in real seconds."""

Json = dict[str, Any]


def main() -> int:
    """Carry out one order; the exit status."""
    lines = _lines()
    order = next(lines, None)
    if order is None:
        return EXIT_FINE  # whoever wanted something is gone already
    try:
        if "shelf" in order:
            _write({"scenarios": _shelf()})
        elif "report" in order and "run" not in order:
            _report(Path(order["journal"]), Path(order["report"]), order["language"])
            _write({"written": order["report"]})
        else:
            return _run(order, lines)
    except SimlbError as error:
        _write({"refused": _refusal(error)})
        return error.exit_status
    return EXIT_FINE


def _shelf() -> list[Json]:
    from simlb.scenario import compile as compiling
    from simlb.scenario import shelf
    from simlb.scenario.description import describe

    return [describe(compiling.load(path)) for path in shelf.shipped()]


def _report(journal_path: Path, report_path: Path, language: Any) -> None:
    from simlb.scenario import journal, report

    report.write(report_path, tuple(journal.read(journal_path)), language)


# -- a run -------------------------------------------------------------------------------------------------------------


class Player:
    """One run and whoever commands it: the run's observer."""

    def __init__(self, say: Callable[[Json], None]) -> None:
        self.run: Run | None = None
        self._say = say
        self._asked = 0
        self._answer: asyncio.Future[int | None] | None = None
        self._choices = 0
        self._pause_over: asyncio.TimerHandle | None = None

    def wrote(self, entry: Entry) -> None:
        """The journal has one more record."""
        if isinstance(entry, Marked) and entry.name in (START, END):
            self._say({"state": "telling" if entry.name == START else "ending"})

    async def ask(self, asked: Asked) -> int | None:
        """Wait for an answer, but not for ever."""
        self._asked += 1
        self._choices = len(asked.choices)
        self._answer = asyncio.get_running_loop().create_future()
        self._say({"asked": self._asked, "choices": self._choices})
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._answer
        except TimeoutError:
            return None
        finally:
            self._answer = None
            self._say({"answered": self._asked})

    def obey(self, command: Json) -> None:
        """A command. One that comes too late is harmless: two people may press the same button."""
        assert self.run is not None
        if "answer" in command:
            choice = command["choice"]
            is_open = self._answer is not None and not self._answer.done() and command["answer"] == self._asked
            if is_open and (choice is None or 0 <= choice < self._choices):
                assert self._answer is not None
                self._answer.set_result(choice)
        elif "pause" in command:
            self._pause(command["pause"])
        else:
            assert "stop" in command, command
            self.run.interrupt()

    def _pause(self, is_paused: bool) -> None:
        assert self.run is not None
        if self._pause_over is not None:
            self._pause_over.cancel()
            self._pause_over = None
        if is_paused:
            self.run.pause()
            self._pause_over = asyncio.get_running_loop().call_later(PATIENCE_S, self._pause, False)
        else:
            self.run.resume()
        self._say({"paused": is_paused})


def _run(order: Json, lines: Iterator[Json]) -> int:
    from simlb.dataplane.descriptors import raise_limit
    from simlb.scenario import compile as compiling
    from simlb.scenario import report, shelf

    known = {path.stem: path for path in shelf.shipped()}
    # By its id only: `shelf.find` would take a path as well.
    scenario = compiling.load(known[order["run"]] if order["run"] in known else shelf.find(Path(order["run"]).stem))
    player = Player(_write)
    player.run = Run(
        scenario,
        speed=order.get("speed"),
        seed=order.get("seed"),
        observer=player,
        journal_path=Path(order["journal"]),
    )
    meta = player.run.meta
    _write(
        {
            "state": "starting",
            "title": {"en": meta.title.en, "ko": meta.title.ko},
            "speed": meta.speed,
            "seed": meta.seed,
        }
    )
    raise_limit()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        result = runner.run(_perform(player, player.run, lines))
    report.write(Path(order["report"]), result.entries, order["language"])
    ended: Json = {"outcome": result.outcome}
    if result.error is not None:
        ended["error"] = _refusal(result.error)
    _write({"ended": ended})
    return result.exit_status


async def _perform(player: Player, run: Run, lines: Iterator[Json]) -> RunResult:
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        # Ctrl-C is for simlb itself, which ends its runs.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        loop.add_signal_handler(signal.SIGTERM, run.interrupt)
    threading.Thread(target=_read_all, args=(lines, loop, player.obey, run.interrupt), daemon=True).start()
    return await run.perform()


def _read_all(
    lines: Iterator[Json],
    loop: asyncio.AbstractEventLoop,
    obey: Callable[[Json], None],
    interrupt: Callable[[], None],
) -> None:
    try:
        for command in lines:
            loop.call_soon_threadsafe(obey, command)
        # Whoever gave the order is gone.
        loop.call_soon_threadsafe(interrupt)
    except RuntimeError:
        return  # the loop is closed: the end came first
    threading.Event().wait(UNDONE_WITHIN_S)
    os._exit(1)  # the run hangs; what it has started sees its end, and ends as well


# -- lines -------------------------------------------------------------------------------------------------------------


def _lines() -> Iterator[Json]:
    """What comes on standard input. Not by `sys.stdin`: its lock would hold up the end, as a thread waits in it."""
    rest = b""
    while data := os.read(0, 65_536):
        *whole, rest = (rest + data).split(b"\n")
        yield from map(json.loads, whole)


def _write(said: Json) -> None:
    """One line. Where nobody reads any more, standard input has ended too, and that ends the run."""
    data = memoryview(json.dumps(said, ensure_ascii=False).encode() + b"\n")
    try:
        while len(data):
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        return


def _refusal(error: SimlbError) -> Json:
    return {"code": error.code, "message": error.what, "hints": list(error.hints)}


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
