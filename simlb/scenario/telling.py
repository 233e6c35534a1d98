"""Records of a journal as sentences, in both languages: what the terminal shows and the report's story holds.

Requests, samples and the like are no story: `tell` gives None for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simlb.scenario.journal import (
    Answered,
    Asked,
    Deregistered,
    Entry,
    FaultHealed,
    FaultInstalled,
    LoadChanged,
    Narrated,
    Paused,
    Registered,
    Resumed,
    Spoken,
    StateChanged,
    SteadyStateSeen,
    StepMissed,
    TargetGroupChanged,
    Warned,
)

Kind = Literal[
    "say", "ask", "answer", "pause", "fault", "heal", "change", "state", "load", "steady", "warning", "missed"
]

SIGNS: Mapping[Kind, str] = {
    "say": "»",
    "ask": "?",
    "answer": "=",
    "pause": "‖",
    "fault": "✗",
    "heal": "✓",
    "change": "~",
    "state": "·",
    "load": "·",
    "steady": "✔",
    "warning": "!",
    "missed": "✗",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of the story."""

    kind: Kind
    words: Spoken
    is_bad: bool = False
    """Something that went wrong, or a target that does not serve."""


def tell(entry: Entry) -> Told | None:
    """What a record says; None when it is none of the story's."""
    match entry:
        case Narrated():
            return Told(kind="say", words=entry.words)
        case Asked():
            return Told(kind="ask", words=entry.question)
        case Paused():
            return _told("pause", "the story is paused", "이야기 일시정지")
        case Resumed():
            return _told("pause", "the story goes on", "이야기 계속")
        case FaultInstalled():
            given = _pairs(entry.parameters)
            where = f" · {', '.join(entry.on)}" if entry.on else ""
            return _told(
                "fault",
                f"fault {entry.id}: {entry.fault}{where}{given}",
                f"장애 {entry.id}: {entry.fault}{where}{given}",
            )
        case FaultHealed():
            return _told("heal", f"fault {entry.id} is undone", f"장애 {entry.id} 해제")
        case TargetGroupChanged():
            changed = _pairs({**entry.health_check, **entry.attributes})
            return _told("change", f"target group {entry.group}:{changed}", f"대상 그룹 {entry.group}:{changed}")
        case Registered():
            names = ", ".join(entry.targets)
            return _told("change", f"registered: {names}", f"대상 등록: {names}")
        case Deregistered():
            names = ", ".join(entry.targets)
            return _told("change", f"deregistered: {names}", f"대상 등록 취소: {names}")
        case StateChanged():
            return None if _is_no_news(entry) else _state(entry)
        case LoadChanged():
            return _load(entry)
        case SteadyStateSeen():
            return _steady(entry)
        case Warned():
            return Told(kind="warning", words=entry.words)
        case StepMissed():
            return _told(
                "missed",
                f"step {entry.step}: not within {entry.within_s:g} s: {entry.waited_for}",
                f"{entry.step}단계: {entry.within_s:g}초 안에 일어나지 않음: {entry.waited_for}",
                is_bad=True,
            )
    return None


def tell_answer(asked: Asked, answered: Answered) -> Told:
    """The answer to a question: the right one, whether it was given, and why."""
    right = asked.choices[asked.answer]
    en, ko = f"{right.en}", f"{right.ko}"
    if answered.chosen is not None:
        chosen = asked.choices[answered.chosen]
        if answered.is_right:
            en, ko = f"right: {en}", f"맞았습니다: {ko}"
        else:
            en, ko = f"{chosen.en}? No: {en}", f"{chosen.ko}? 아닙니다. 정답: {ko}"
    else:
        en, ko = f"answer: {en}", f"정답: {ko}"
    if asked.explanation is not None:
        en, ko = f"{en} – {asked.explanation.en}", f"{ko} – {asked.explanation.ko}"
    return _told("answer", en, ko, is_bad=answered.chosen is not None and not answered.is_right)


def _state(entry: StateChanged) -> Told:
    before = f"{entry.previous} → " if entry.previous and entry.previous != entry.state else ""
    because = " · ".join(part for part in (entry.reason, entry.evidence or entry.description) if part)
    text = f"{entry.group}/{entry.target}  {before}{entry.state}{f'  ({because})' if because else ''}"
    return _told("state", text, text, is_bad=entry.state == "unhealthy")


def _is_no_news(entry: StateChanged) -> bool:
    """A target that is there from the beginning, or has come new, and waits for its first probe."""
    return not entry.previous or entry.previous == entry.state == "initial"


def _load(entry: LoadChanged) -> Told:
    if not entry.is_running:
        return _told("load", f"load {entry.id} ends", f"부하 {entry.id} 끝")
    if entry.users is not None:
        return _told("load", f"load {entry.id}: {entry.users} users", f"부하 {entry.id}: 사용자 {entry.users}명")
    rate = "" if entry.rate_per_s is None else f": {entry.rate_per_s:g}/s"
    return _told("load", f"load {entry.id}{rate}", f"부하 {entry.id}{rate}")


def _steady(entry: SteadyStateSeen) -> Told:
    seen = ", ".join(entry.seen)
    if entry.is_steady:
        return _told("steady", f"steady state: {seen}", f"정상 상태: {seen}")
    return _told("steady", f"no steady state: {seen}", f"정상 상태가 되지 않음: {seen}", is_bad=True)


def _pairs(values: Mapping[str, Any]) -> str:
    return "".join(f" {name}={_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told(kind: Kind, en: str, ko: str, *, is_bad: bool = False) -> Told:
    return Told(kind=kind, words=Spoken(en=en, ko=ko), is_bad=is_bad)
