"""The pictures of a report, each with its legend in both languages: made from a journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from simlb.scenario import charts, measures
from simlb.scenario.charts import Axis, Mark, Series
from simlb.scenario.journal import ClientEnded, Entry, Spoken
from simlb.scenario.measures import HTTP_ERROR, Stretches

STATE_COLORS: Mapping[str, str] = {
    "healthy": "good",
    "unhealthy": "alarm",
    "initial": "wait",
    "draining": "calm",
    "unused": "none",
}
_TARGET_COLORS = ("calm", "good", "odd", "alarm", "fine", "wait", "alarm2", "alarm3")
_SUCCESS = ("good", "fine", "calm")
_REDIRECT = ("calm", "fine", "wait")
_OWN_ERROR = ("alarm", "alarm2", "alarm3")
_OTHER_ERROR = ("odd", "wait", "alarm3")
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """One colour and what it stands for."""

    color: str
    words: Spoken
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An SVG element, what it shows, and its legend."""

    title: Spoken
    svg: str
    legend: tuple[Legend, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What part of a journal is drawn, and the moment that is called 0."""

    from_s: float
    to_s: float
    origin_s: float


def draw(entries: Sequence[Entry], span: Span, marks: Sequence[Mark]) -> list[Picture]:
    """Every picture for which there is something to show."""
    origin_s = span.origin_s
    axis = Axis(from_s=span.from_s - origin_s, to_s=span.to_s - origin_s, marks=marks, title="s")
    stretches = Stretches(span.from_s, span.to_s)
    drawn = (
        _producers(entries, stretches, axis, origin_s),
        _clients(entries, stretches, axis, origin_s),
        _latencies(entries, stretches, axis, origin_s),
        _states(entries, axis, span),
        _in_flight(entries, stretches, axis, origin_s),
    )
    return [picture for picture in drawn if picture is not None]


def _producers(entries: Sequence[Entry], stretches: Stretches, axis: Axis, origin_s: float) -> Picture | None:
    rates = measures.by_producer(entries, stretches, origin_s)
    if not rates:
        return None

    def wanted(who: tuple[int, bool]) -> tuple[str, ...]:
        status, from_target = who
        if status < HTTP_ERROR:
            return _SUCCESS if status < 300 else _REDIRECT
        return _OTHER_ERROR if from_target else _OWN_ERROR

    colors = _colored(rates, wanted)
    series = [Series(name=str(who), color=colors[who], points=points) for who, points in rates.items()]
    legend = [Legend(color=colors[who], words=_producer(*who)) for who in rates]
    title = Spoken(en="Log lines per second, by who produced the answer", ko="초당 로그 줄 수: 응답을 누가 만들었나")
    return Picture(title=title, svg=charts.areas("producers", axis, series, unit="1/s"), legend=tuple(legend))


def _clients(entries: Sequence[Entry], stretches: Stretches, axis: Axis, origin_s: float) -> Picture | None:
    """Only where clients saw what no log line tells."""
    if not any(isinstance(entry, ClientEnded) and entry.error is not None for entry in entries):
        return None
    rates = measures.by_client(entries, stretches, origin_s)

    def wanted(outcome: str) -> tuple[str, ...]:
        if not outcome.isdigit():
            return _OTHER_ERROR
        return _SUCCESS if int(outcome) < HTTP_ERROR else _OWN_ERROR

    colors = _colored(rates, wanted)
    series = [Series(name=outcome, color=colors[outcome], points=points) for outcome, points in rates.items()]
    legend = [Legend(color=colors[outcome], words=Spoken(en=outcome, ko=outcome)) for outcome in rates]
    title = Spoken(en="What clients saw, per second", ko="클라이언트가 본 결과, 초당")
    return Picture(title=title, svg=charts.areas("clients", axis, series, unit="1/s"), legend=tuple(legend))


def _latencies(entries: Sequence[Entry], stretches: Stretches, axis: Axis, origin_s: float) -> Picture | None:
    lines = measures.latencies(entries, stretches, origin_s)
    if not lines:
        return None
    colors = dict(zip(lines, ("calm", "odd"), strict=True))
    series = [
        Series(name=f"p{percent:g}", color=colors[percent], points=points, is_dashed=percent > 50)
        for percent, points in lines.items()
    ]
    legend = [
        Legend(color=one.color, words=Spoken(en=one.name, ko=one.name), is_dashed=one.is_dashed) for one in series
    ]
    title = Spoken(
        en="Latency in milliseconds (load-balancer time), by when the request began",
        ko="지연 시간(밀리초, 로드 밸런서 시간), 요청이 시작된 때 기준",
    )
    return Picture(title=title, svg=charts.lines("latency", axis, series, unit="ms"), legend=tuple(legend))


def _states(entries: Sequence[Entry], axis: Axis, span: Span) -> Picture | None:
    rows = measures.states(entries, span.origin_s, span.from_s, span.to_s)
    if not rows:
        return None
    found = {kind for row in rows for _, _, kind in row.stretches}
    colors = {state: color for state, color in STATE_COLORS.items() if state in found}
    # A state that AWS has and this table has not would be drawn in grey rather than left out.
    colors |= dict.fromkeys(sorted(found - set(colors)), "none")
    legend = [Legend(color=color, words=Spoken(en=state, ko=state)) for state, color in colors.items()]
    title = Spoken(en="States of the targets", ko="대상의 상태")
    return Picture(title=title, svg=charts.bands("states", axis, rows, colors), legend=tuple(legend))


def _in_flight(entries: Sequence[Entry], stretches: Stretches, axis: Axis, origin_s: float) -> Picture | None:
    lines = measures.in_flight(entries, stretches, origin_s)
    if not lines:
        return None
    series = [
        Series(name=target, color=_TARGET_COLORS[number % len(_TARGET_COLORS)], points=points)
        for number, (target, points) in enumerate(lines.items())
    ]
    legend = [Legend(color=one.color, words=Spoken(en=one.name, ko=one.name)) for one in series]
    title = Spoken(en="Requests that each target is answering", ko="대상마다 처리 중인 요청")
    return Picture(title=title, svg=charts.lines("in-flight", axis, series, unit="n"), legend=tuple(legend))


def _producer(status: int, from_target: bool) -> Spoken:
    if from_target:
        return Spoken(en=f"{status} by target", ko=f"{status} 대상이 만듦")
    return Spoken(en=f"{status} by load balancer", ko=f"{status} 로드 밸런서가 만듦")


def _colored(keys: Iterable[_Key], wanted: Callable[[_Key], tuple[str, ...]]) -> dict[_Key, str]:
    """For each the first colour of those that suit it which is not taken yet; else the last."""
    colors: dict[_Key, str] = {}
    for key in keys:
        suiting = wanted(key)
        colors[key] = next((color for color in suiting if color not in colors.values()), suiting[-1])
    return colors
