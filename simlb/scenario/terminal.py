"""A run as people follow it on a terminal: the story with its times, a line of progress, and what came of it.

Everything shown comes from the journal's records as they are written, so that a run and its replay look the same.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol, TextIO

from simlb.controlplane.words import printable
from simlb.scenario.journal import (
    Answered,
    Asked,
    Ended,
    Entry,
    Judged,
    Marked,
    Meta,
    Outcome,
    RequestEnded,
    Spoken,
    StateChanged,
)
from simlb.scenario.model import Language
from simlb.scenario.page import in_language
from simlb.scenario.summary import START, Summary
from simlb.scenario.telling import SIGNS, Kind, Told, tell, tell_answer

_PROGRESS_EVERY_S = 0.2
"""Real seconds between two looks of the line of progress."""
_RATE_OVER_S = 5.0
"""Load-balancer seconds over which its rates are counted."""
_CLEAR_LINE = "\r\x1b[K"
_SERVER_ERROR = 500

_VERDICTS: dict[Outcome, Spoken] = {
    "void": Spoken(
        en="The run is void: there was no steady state to begin with.", ko="무효: 정상 상태에서 시작하지 못했습니다."
    ),
    "interrupted": Spoken(en="Interrupted: everything is undone.", ko="중단됨: 모두 되돌렸습니다."),
    "broken": Spoken(en="The run could not go on.", ko="실행을 계속할 수 없었습니다."),
}


class Paint(Protocol):
    """How a terminal marks text; `simlb.cli.terminal.Style` is one."""

    color: bool

    def red(self, text: str) -> str:
        """A failure, or danger."""

    def green(self, text: str) -> str:
        """All is well."""

    def yellow(self, text: str) -> str:
        """Worth a look."""

    def dim(self, text: str) -> str:
        """Of less weight."""

    def bold(self, text: str) -> str:
        """Of more weight."""


class Narration:
    """Shows records as they come. Where it `is_live`, the last line tells how things stand, and changes in place."""

    def __init__(self, out: TextIO, paint: Paint, language: Language, *, is_live: bool, width: int | None) -> None:
        self._out = out
        self._paint = paint
        self._language = language
        self._is_live = is_live
        self._width = width or 80
        self._speed = 1.0
        self._began_s: float | None = None
        self._asked: Asked | None = None
        self._states: dict[tuple[str, str], str] = {}
        self._recent: deque[tuple[float, int]] = deque()
        self._shown_real_s = -_PROGRESS_EVERY_S
        self._has_progress = False

    # -- records -------------------------------------------------------------------------------------------------------

    def wrote(self, entry: Entry) -> None:
        """The journal has one more record."""
        if isinstance(entry, Meta):
            self._begin(entry)
        elif isinstance(entry, RequestEnded):
            self._recent.append((entry.at_s, entry.elb_status))
        elif isinstance(entry, StateChanged):
            self._states[entry.group, entry.target] = entry.state
        elif isinstance(entry, Marked) and entry.name == START:
            self._began_s = entry.at_s
        elif isinstance(entry, Asked):
            self._asked = entry
        told = tell_answer(self._asked, entry) if isinstance(entry, Answered) and self._asked else tell(entry)
        if told is not None:
            self._story(entry, told)
        if isinstance(entry, Asked):
            for number, choice in enumerate(entry.choices, 1):
                self.say(f"{' ' * self._margin}  {number}  {self._of(choice)}")
        if self._is_live and not isinstance(entry, Ended | Judged):
            self._progress(entry)

    def invite(self, choices: int) -> None:
        """Say how a question is answered."""
        words = Spoken(en=f"press 1-{choices}, or Enter to be told", ko=f"1-{choices} 키로 답하세요 (Enter: 정답 보기)")
        self.say(self._paint.yellow(f"{' ' * self._margin}  {self._of(words)}"))

    def say(self, line: str = "") -> None:
        """A line of its own."""
        self._clear()
        print(line, file=self._out, flush=True)

    def close(self) -> None:
        """Leave the terminal with a whole line."""
        self._clear()

    def conclude(self, entries: Sequence[Entry], files: Iterable[tuple[Spoken, str]] = ()) -> None:
        """The table of what was expected and seen, and the last line. `files` are what was written, and where."""
        summary = Summary.of(entries)
        self.say()
        for line in outcome_table(summary, self._paint, self._language):
            self.say(line)
        if summary.outcome in _VERDICTS:
            text = self._of(_VERDICTS[summary.outcome])
            self.say(self._paint.yellow(f" {text}{f' {summary.why}' if summary.why else ''}"))
        parts = [total(summary, self._language), *(f"{self._of(what)}: {path}" for what, path in files)]
        self.say(f" {' · '.join(parts)}")

    # -- lines ---------------------------------------------------------------------------------------------------------

    @property
    def _margin(self) -> int:
        """How wide times are."""
        return 11 if self._speed == 1 else 20

    def _begin(self, meta: Meta) -> None:
        self._speed = meta.speed
        speed = f"×{meta.speed:g}, seed {meta.seed}"
        self.say(f"{self._paint.bold(self._of(meta.title))}   {self._paint.dim(f'{meta.scenario}  {speed}')}")
        if meta.speed != 1:
            words = Spoken(
                en="times are the load balancer's (in brackets: real seconds)",
                ko="시각은 로드 밸런서 시간 (괄호 안은 실제 초)",
            )
            self.say(self._paint.dim(self._of(words)))

    def _story(self, entry: Entry, told: Told) -> None:
        sign = self._signed(told)
        text = self._of(told.words)
        if told.kind in ("say", "ask"):
            text = self._paint.bold(text)
        elif told.is_bad:
            text = self._paint.red(text)
        elif told.kind in ("state", "load"):
            text = self._paint.dim(text)
        self.say(f"{self._paint.dim(self._times(entry))} {sign} {text}")

    def _signed(self, told: Told) -> str:
        sign = SIGNS[told.kind]
        if told.is_bad:
            return self._paint.red("✗")
        colors: dict[Kind, str] = {"fault": "red", "heal": "green", "steady": "green", "warning": "yellow"}
        match colors.get(told.kind):
            case "red":
                return self._paint.red(sign)
            case "green":
                return self._paint.green(sign)
            case "yellow":
                return self._paint.yellow(sign)
        return sign

    def _times(self, entry: Entry) -> str:
        """Since the story began; before that, none."""
        if self._began_s is None:
            return " " * self._margin
        at = f"{entry.at_s - self._began_s:8.1f} s"
        return f"{at} " if self._speed == 1 else f"{at} ({entry.real_s:5.1f} s)"

    def _progress(self, entry: Entry) -> None:
        if entry.real_s - self._shown_real_s < _PROGRESS_EVERY_S:
            return
        self._shown_real_s = entry.real_s
        while self._recent and self._recent[0][0] < entry.at_s - _RATE_OVER_S:
            self._recent.popleft()
        rate = len(self._recent) / _RATE_OVER_S
        failed = sum(status >= _SERVER_ERROR for _, status in self._recent)
        share = failed / len(self._recent) * 100 if self._recent else 0.0
        present = [state for state in self._states.values() if state != "unused"]
        healthy = sum(state == "healthy" for state in present)
        counts = Spoken(
            en=f"healthy {healthy}/{len(present)}   {rate:4.1f} req/s   5xx {share:.0f} %",
            ko=f"정상 {healthy}/{len(present)}   초당 {rate:4.1f}건   5xx {share:.0f} %",
        )
        text = f"{self._times(entry)} … {self._of(counts)}"
        line = clipped(text, self._width - 1)
        self._out.write(_CLEAR_LINE + (self._paint.red(line) if failed else self._paint.dim(line)))
        self._out.flush()
        self._has_progress = True

    def _clear(self) -> None:
        if self._has_progress:
            self._out.write(_CLEAR_LINE)
            self._has_progress = False

    def _of(self, words: Spoken) -> str:
        return printable(in_language(words, self._language))


def outcome_table(summary: Summary, paint: Paint, language: Language) -> list[str]:
    """A line for the steady state, each step that was missed, and each expectation."""
    rows: list[tuple[bool, str, str, str, str]] = []
    if summary.steady is not None:
        name = in_language(Spoken(en="steady state", ko="정상 상태"), language)
        rows.append((summary.steady.is_steady, name, ", ".join(summary.steady.seen), "", ""))
    never = in_language(Spoken(en="did not happen", ko="일어나지 않음"), language)
    rows += [
        (
            False,
            in_language(Spoken(en=f"step {missed.step}", ko=f"{missed.step}단계"), language),
            never,
            f"{missed.waited_for} ({missed.within_s:g} s)",
            "",
        )
        for missed in summary.missed
    ]
    for judged in summary.judged:
        where = ""
        if judged.lines:
            numbers = ", ".join(map(str, judged.lines))
            where = in_language(Spoken(en=f"journal line {numbers}", ko=f"저널 {numbers}번째 줄"), language)
        title = in_language(judged.title, language)
        seen, expected = in_language(judged.seen, language), in_language(judged.expected, language)
        if not judged.has_passed:
            expected = in_language(Spoken(en=f"expected {expected}", ko=f"예상 {expected}"), language)
        rows.append((judged.has_passed, title, seen, expected, where))
    return _aligned(rows, paint)


def _aligned(rows: Sequence[tuple[bool, str, str, str, str]], paint: Paint) -> list[str]:
    cells = [tuple(map(printable, row[1:])) for row in rows]
    widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
    return [
        f" {paint.green('✔') if row[0] else paint.red('✗')} {'  '.join(map(padded, texts, widths))}".rstrip()
        for row, texts in zip(rows, cells, strict=True)
    ]


def total(summary: Summary, language: Language) -> str:
    """`1 of 5 failed · 11.4 s real (213 s virtual)`."""
    if language == "ko":
        return (
            f"{summary.items}개 중 {summary.failures}개 실패 · "
            f"실제 {summary.real_s:.1f}초 (가상 {summary.ended_s:.0f}초)"
        )
    return (
        f"{summary.failures} of {summary.items} failed · {summary.real_s:.1f} s real ({summary.ended_s:.0f} s virtual)"
    )


# -- text on a terminal ------------------------------------------------------------------------------------------------


def columns_of(text: str) -> int:
    """How many columns a text takes: Korean takes two a character."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def padded(text: str, width: int) -> str:
    """Filled up with blanks on the right."""
    return text + " " * (width - columns_of(text))


def clipped(text: str, width: int) -> str:
    """Cut so that it takes at most so many columns."""
    while columns_of(text) > width:
        text = text[:-1]
    return text
