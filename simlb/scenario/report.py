"""A run as one HTML file, made from its journal alone: expected and seen, story, pictures, surroundings."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from simlb import __version__
from simlb.errors import SimlbError
from simlb.scenario import pictures
from simlb.scenario.charts import Mark
from simlb.scenario.journal import Answered, Asked, Entry, Outcome, Spoken
from simlb.scenario.model import Language
from simlb.scenario.page import Html, both, element, escaped, page, section, spoken, table
from simlb.scenario.pictures import Picture, Span
from simlb.scenario.summary import Summary
from simlb.scenario.telling import SIGNS, Kind, Told, tell, tell_answer

OUTCOMES: dict[Outcome, Spoken] = {
    "passed": Spoken(en="as expected", ko="예상대로"),
    "failed": Spoken(en="not as expected", ko="예상과 다름"),
    "missed": Spoken(en="something did not happen in time", ko="제때 일어나지 않은 일이 있음"),
    "void": Spoken(en="void: no steady state to begin with", ko="무효: 정상 상태에서 시작하지 못함"),
    "interrupted": Spoken(en="interrupted", ko="중단됨"),
    "broken": Spoken(en="could not be carried out", ko="실행하지 못함"),
}
_MARKED: frozenset[Kind] = frozenset({"say", "fault", "heal", "change", "missed"})
"""Of the story, what is also marked in the pictures: what was done, not what came of it."""
_CLOSE = 0.02
"""Of the width of a picture: nearer to each other two numbers cannot be read."""


def write(path: Path, entries: Sequence[Entry], language: Language) -> None:
    """Write the report of a journal. Raises SimlbError E681 when the file cannot be written."""
    text = render(entries, language)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SimlbError("E681", f"The report {path} cannot be written: {error.strerror}.") from error


def render(entries: Sequence[Entry], language: Language) -> str:
    """The page. `language` is the one that it shows first; it holds both."""
    summary = Summary.of(entries)
    origin_s = summary.began_s or 0.0
    lines = list(_story(entries))
    marks = _numbered(lines)
    span = Span(from_s=0.0, to_s=summary.ended_s, origin_s=origin_s)
    drawn = pictures.draw(entries, span, _marks(marks, span))
    parts = (
        _head(summary),
        _expectations(summary),
        _questions(entries),
        section("What happened", "일어난 일", _story_table(marks, summary)),
        section("Pictures", "그래프", "\n".join(map(_figure, drawn))) if drawn else Html(""),
        _surroundings(summary),
    )
    return page(summary.meta.title, "\n".join(parts), language)


# -- parts -------------------------------------------------------------------------------------------------------------


def _head(summary: Summary) -> Html:
    meta = summary.meta
    is_good = summary.outcome == "passed"
    badge = element(
        "span", f"{'✔' if is_good else '✗'} {spoken(OUTCOMES[summary.outcome])}", kind=f"badge {_quality(summary)}"
    )
    virtual_s = summary.ended_s
    times = both(
        f"{summary.failures} of {summary.items} failed · {summary.real_s:.1f} s real ({virtual_s:.0f} s virtual, "
        f"×{meta.speed:g})",
        f"{summary.items}개 중 {summary.failures}개 실패 · 실제 {summary.real_s:.1f}초 (가상 {virtual_s:.0f}초, "
        f"×{meta.speed:g})",
    )
    why = element("p", escaped(summary.why), kind="bad") if summary.why else ""
    return Html(f"<h1>{spoken(meta.title)}</h1>\n<p>{badge} {times}</p>\n{why}")


def _quality(summary: Summary) -> str:
    if summary.outcome == "passed":
        return "good"
    return "odd" if summary.outcome in ("void", "interrupted") else "bad"


def _expectations(summary: Summary) -> Html:
    rows: list[tuple[Html, ...]] = []
    if summary.steady is not None:
        rows.append(
            (
                _tick(summary.steady.is_steady),
                both("steady state", "정상 상태"),
                escaped(", ".join(summary.steady.seen)),
                both("holds before the story begins", "이야기 시작 전에 성립"),
                Html(""),
            )
        )
    rows += [
        (
            _tick(False),
            both(f"step {missed.step}", f"{missed.step}단계"),
            both("did not happen", "일어나지 않음"),
            both(
                f"{missed.waited_for} within {missed.within_s:g} s", f"{missed.within_s:g}초 안에 {missed.waited_for}"
            ),
            Html(""),
        )
        for missed in summary.missed
    ]
    rows += [
        (
            _tick(judged.has_passed),
            Html(f'{spoken(judged.title)} <span class="weak">{escaped(judged.id)}</span>'),
            spoken(judged.seen),
            spoken(judged.expected),
            escaped(", ".join(map(str, judged.lines))),
        )
        for judged in summary.judged
    ]
    if not rows:
        return Html("")
    head = (
        Html(""),
        both("what", "무엇을"),
        both("seen", "본 것"),
        both("expected", "예상"),
        both("journal lines", "저널 줄"),
    )
    return section("Expected and seen", "예상과 결과", table(head, rows))


def _tick(is_good: bool) -> Html:
    if is_good:
        return Html(f'<span class="tick good">✔ {both("yes", "예")}</span>')
    return Html(f'<span class="tick bad">✗ {both("no", "아니요")}</span>')


def _questions(entries: Sequence[Entry]) -> Html:
    asked: Asked | None = None
    written: list[str] = []
    for entry in entries:
        if isinstance(entry, Asked):
            asked = entry
        elif isinstance(entry, Answered) and asked is not None:
            written.append(_question(asked, entry))
    return section("Questions", "질문", "\n".join(written)) if written else Html("")


def _question(asked: Asked, answered: Answered) -> str:
    choices = []
    for number, choice in enumerate(asked.choices):
        notes = ""
        if number == asked.answer:
            notes += f' <span class="good">✔ {both("right", "정답")}</span>'
        if number == answered.chosen:
            notes += f' <span class="weak">{both("chosen", "선택")}</span>'
        choices.append(element("li", f"{spoken(choice)}{notes}"))
    explanation = element("p", spoken(asked.explanation)) if asked.explanation is not None else ""
    question = element("p", spoken(asked.question), kind="say")
    return f"{question}{element('ol', ''.join(choices), kind='choices')}{explanation}"


def _story(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Told]]:
    asked: Asked | None = None
    for entry in entries:
        if isinstance(entry, Asked):
            asked = entry
        told = tell_answer(asked, entry) if isinstance(entry, Answered) and asked is not None else tell(entry)
        if told is not None:
            yield entry, told


def _numbered(lines: Sequence[tuple[Entry, Told]]) -> list[tuple[str, Entry, Told]]:
    """Numbers for what is marked in the pictures; what was done at one and the same moment shares its number."""
    numbered: list[tuple[str, Entry, Told]] = []
    number = 0
    last_s: float | None = None
    for entry, told in lines:
        label = ""
        if told.kind in _MARKED and (last_s is None or entry.at_s - last_s >= 1.0):
            number += 1
            label = str(number)
            last_s = entry.at_s
        numbered.append((label, entry, told))
    return numbered


def _marks(lines: Sequence[tuple[str, Entry, Told]], span: Span) -> list[Mark]:
    """Upright lines for what has a number. Numbers that would lie on each other stand together at the first: `4·5`."""
    marks: list[Mark] = []
    labelled = 0
    for number, entry, _ in lines:
        if not number:
            continue
        at_s = entry.at_s - span.origin_s
        if marks and at_s - marks[labelled].at_s < (span.to_s - span.from_s) * _CLOSE:
            first = marks[labelled]
            marks[labelled] = Mark(at_s=first.at_s, label=f"{first.label}·{number}")
            marks.append(Mark(at_s=at_s, label=""))
        else:
            labelled = len(marks)
            marks.append(Mark(at_s=at_s, label=number))
    return marks


def _story_table(lines: Sequence[tuple[str, Entry, Told]], summary: Summary) -> Html:
    origin_s = summary.began_s or 0.0
    is_scaled = summary.meta.speed != 1
    head = [
        Html(""),
        both("time", "시각"),
        *([both("real", "실제")] if is_scaled else []),
        Html(""),
        both("what", "무엇이"),
    ]
    rows = []
    for number, entry, told in lines:
        real = [escaped(f"{entry.real_s:.1f} s")] if is_scaled else []
        kind = "say" if told.kind in ("say", "ask") else ""
        if told.is_bad:
            kind = f"{kind} bad".strip()
        text = element("span", spoken(told.words), kind=kind)
        at = escaped(f"{round(entry.at_s - origin_s, 1) + 0.0:.1f} s")
        rows.append((escaped(number), at, *real, escaped(SIGNS[told.kind]), text))
    return table(head, rows, numbers=frozenset({0, 1, 2} if is_scaled else {0, 1}))


def _figure(picture: Picture) -> Html:
    legend = "".join(
        f'<li><i class="dashed" style="color:var(--c-{one.color})"></i>{spoken(one.words)}</li>'
        if one.is_dashed
        else f'<li><i style="background:var(--c-{one.color})"></i>{spoken(one.words)}</li>'
        for one in picture.legend
    )
    caption = element("figcaption", spoken(picture.title))
    return Html(f'<figure>{caption}\n{picture.svg}\n<ul class="legend">{legend}</ul></figure>')


def _surroundings(summary: Summary) -> Html:
    meta = summary.meta
    numbers = ", ".join(f"{name} = {value:g}" for name, value in meta.variables.items())
    rows = [
        (both("scenario", "시나리오"), escaped(meta.scenario)),
        (both("started", "시작"), escaped(meta.started)),
        (both("speed, seed", "속도, 시드"), escaped(f"×{meta.speed:g}, {meta.seed}")),
        (both("numbers", "수치"), escaped(numbers)),
        (both("run by", "실행"), escaped(f"simlb {meta.simlb}")),
        (both("report by", "보고서"), escaped(f"simlb {__version__}, Python {_python()}, {platform.system()}")),
        (
            both("again", "다시 실행"),
            element("code", escaped(f"simlb scenario run {meta.scenario} --speed {meta.speed:g} --seed {meta.seed}")),
        ),
    ]
    text = Html(
        f"<details><summary>{both('The scenario as it was read', '읽은 그대로의 시나리오')}</summary>"
        f"{element('pre', escaped(meta.text))}</details>"
    )
    warnings = "".join(element("p", f"! {spoken(warned.words)}", kind="odd") for warned in summary.warnings)
    return section("Surroundings", "환경", f"{warnings}{table((Html(''), Html('')), rows)}\n{text}")


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))
