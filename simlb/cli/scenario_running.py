"""`simlb scenario run` and `replay`: a story on the terminal, its files, and an exit status that says how it went."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlb.cli.keyboard import terminal_descriptor
from simlb.cli.keys import Keys
from simlb.cli.scenarios import language_of
from simlb.cli.terminal import Style, line_width
from simlb.errors import EXIT_FINE

if TYPE_CHECKING:
    from simlb.scenario.journal import Asked, Entry, Spoken
    from simlb.scenario.runner import Run, RunResult
    from simlb.scenario.terminal import Narration

FOLDER = Path("runs")


def run(arguments: Namespace) -> int:
    """Run a scenario and tell what happens; the exit status of its outcome."""
    from simlb.scenario import compile as compiling
    from simlb.scenario import junit, report, shelf
    from simlb.scenario.runner import Run, Silent

    scenario = compiling.load(shelf.find(arguments.scenario))
    language = language_of(arguments)
    files = _Files(arguments, scenario.id)
    narration = None if arguments.json else _narration(arguments)
    observer = Silent() if narration is None else Audience(narration, asks=not arguments.no_questions)
    prepared = Run(
        scenario,
        speed=arguments.speed,
        seed=arguments.seed,
        observer=observer,
        journal_path=files.journal,
        allow_run=arguments.allow_run,
    )
    try:
        with asyncio.Runner() as runner:
            result = runner.run(_perform(prepared))
    finally:
        if narration is not None:
            narration.close()
    if files.report is not None:
        report.write(files.report, result.entries, language)
    if files.junit is not None:
        junit.write(files.junit, result.entries)
    if narration is None:
        print(json.dumps(_json(result, files), ensure_ascii=False, indent=2))
    else:
        narration.conclude(result.entries, files.written())
    if result.error is not None:
        print(result.error.render(), file=sys.stderr)
    return result.exit_status


def replay(arguments: Namespace) -> int:
    """Tell a run again; with `--report`, write its report again instead."""
    from simlb.scenario import journal, replay, report

    # All of it first: a journal that breaks off in a wrong way is told before anything is shown.
    entries = tuple(journal.read(Path(arguments.journal)))
    speed = replay.check_speed(1.0 if arguments.speed is None else arguments.speed)
    language = language_of(arguments)
    if arguments.report is not None:
        report.write(Path(arguments.report), entries, language)
        print(arguments.report)
        return EXIT_FINE
    narration = _narration(arguments)
    try:
        replay.play(entries, narration.wrote, speed=speed)
    finally:
        narration.close()
    narration.conclude(entries)
    return EXIT_FINE


class Audience:
    """Who watches a run at a terminal, and answers its questions with single keys where there are keys."""

    def __init__(self, narration: Narration, *, asks: bool, descriptor: int | None = None) -> None:
        self._narration = narration
        self._asks = asks and sys.stdout.isatty()
        self._descriptor = terminal_descriptor() if descriptor is None else descriptor
        self._answer: asyncio.Future[int | None] | None = None
        self._choices = 0

    def wrote(self, entry: Entry) -> None:
        """The journal has one more record."""
        self._narration.wrote(entry)

    async def ask(self, asked: Asked) -> int | None:
        """Wait for a key: a choice's number, or Enter or a blank to be told. None at once where nobody can answer."""
        if not self._asks:
            return None
        loop = asyncio.get_running_loop()
        keys = Keys(self._press, self._descriptor)
        self._answer = loop.create_future()
        self._choices = len(asked.choices)
        if not keys.start(loop):
            return None
        try:
            self._narration.invite(self._choices)
            return await self._answer
        finally:
            keys.stop()
            self._answer = None

    def _press(self, key: str) -> None:
        if self._answer is None or self._answer.done():
            return
        if key in "\r\n ":
            self._answer.set_result(None)
        elif key in "123456789" and int(key) <= self._choices:
            self._answer.set_result(int(key) - 1)


class _Files:
    """What a run leaves in the current folder: where, and under which name it is told."""

    def __init__(self, arguments: Namespace, scenario: str) -> None:
        stem = _free_stem(scenario)
        wants_report = not arguments.no_report
        self.report = _chosen(arguments.report, FOLDER / f"{stem}.html" if wants_report else None)
        # Where there is a report there is a journal beside it: the report speaks of its lines.
        beside = FOLDER / f"{stem}.jsonl" if wants_report else None
        self.journal = _chosen(arguments.journal, beside)
        self.junit = _chosen(arguments.junit, None)

    def written(self) -> Iterator[tuple[Spoken, str]]:
        from simlb.scenario.journal import Spoken

        for words, path in (
            (Spoken(en="report", ko="보고서"), self.report),
            (Spoken(en="journal", ko="저널"), self.journal),
            (Spoken(en="JUnit", ko="JUnit"), self.junit),
        ):
            if path is not None:
                yield words, str(path)


def _chosen(given: str | None, otherwise: Path | None) -> Path | None:
    return otherwise if given is None else Path(given)


def _free_stem(scenario: str) -> str:
    """`target-crash-104207`; with a number behind it where that second has seen a run already."""
    stem = f"{scenario}-{datetime.now().astimezone():%H%M%S}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(name for name in names if not any((FOLDER / f"{name}.{end}").exists() for end in ("html", "jsonl")))


def _narration(arguments: Namespace) -> Narration:
    from simlb.scenario.terminal import Narration

    style = Style.of(sys.stdout)
    # Whoever wants no colours may still have a line that changes in place; a console of Windows needs to be told first.
    is_live = style.color or (
        sys.platform != "win32" and sys.stdout.isatty() and os.environ.get("TERM") not in {None, "dumb"}
    )
    return Narration(sys.stdout, style, language_of(arguments), is_live=is_live, width=line_width(sys.stdout))


async def _perform(prepared: Run) -> RunResult:
    with _signals(prepared.interrupt):
        return await prepared.perform()


@contextlib.contextmanager
def _signals(interrupt: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and the end of the terminal interrupt the run, which then undoes everything."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        previous = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(interrupt))
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _json(result: RunResult, files: _Files) -> dict[str, Any]:
    summary = result.summary
    return {
        "scenario": summary.meta.scenario,
        "outcome": summary.outcome,
        "why": summary.why,
        "speed": summary.meta.speed,
        "seed": summary.meta.seed,
        "real_s": round(summary.real_s, 3),
        "virtual_s": round(summary.ended_s, 3),
        "steady_state": None if summary.steady is None else summary.steady.is_steady,
        "expectations": [
            {
                "id": judged.id,
                "has_passed": judged.has_passed,
                "seen": judged.seen.en,
                "expected": judged.expected.en,
                "journal_lines": list(judged.lines),
            }
            for judged in summary.judged
        ],
        "missed": [
            {"step": missed.step, "waited_for": missed.waited_for, "within_s": missed.within_s}
            for missed in summary.missed
        ],
        "warnings": [warned.words.en for warned in summary.warnings],
        "report": None if files.report is None else str(files.report),
        "journal": None if files.journal is None else str(files.journal),
        "junit": None if files.junit is None else str(files.junit),
    }
