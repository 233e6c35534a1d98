"""A run told again from its journal, on a clock that is moved by hand."""

from __future__ import annotations

import pytest

from simlb.errors import SimlbError
from simlb.scenario import replay
from simlb.scenario.journal import Answered, Asked, Entry, Marked, Narrated, Paused, RequestEnded, Resumed
from tests.scenario.journals import META, a_run, at, request, spoken


class Clock:
    """Sleeping moves it, nothing else does."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s


def played(entries: list[Entry], speed: float = 1.0) -> list[tuple[float, Entry]]:
    """When each record was shown, in seconds since the beginning."""
    clock = Clock()
    shown: list[tuple[float, Entry]] = []
    replay.play(
        entries,
        lambda entry: shown.append((round(clock.now_s - 100.0, 6), entry)),
        speed=speed,
        sleep=clock.sleep,
        now=clock.now,
    )
    return shown


@pytest.mark.parametrize("speed", [0.5, 1.0, 8.0])
def test_records_come_with_the_pauses_that_were_between_them(speed: float) -> None:
    entries: list[Entry] = [META, request(10.0, 200, 200), request(25.0, 200, 200)]
    assert [at for at, _ in played(entries, speed)] == [0.0, 1.0 / speed, 2.5 / speed]


def test_all_records_are_shown_in_their_order() -> None:
    assert [entry for _, entry in played(a_run())] == a_run()


def test_what_was_written_late_is_shown_at_once() -> None:
    entries: list[Entry] = [META, request(25.0, 200, 200), request(10.0, 200, 200)]
    assert [at for at, _ in played(entries)] == [0.0, 2.5, 2.5]


def test_a_pause_is_cut_too_also_where_it_lies_over_a_question() -> None:
    asked = Asked(**at(10.0), question=spoken("?"), choices=(spoken("a"), spoken("b")), answer=0)
    entries: list[Entry] = [META, asked, Paused(**at(20.0)), Answered(**at(300.0)), Resumed(**at(600.0))]
    shown = played([*entries, Marked(**at(610.0), name="on")])
    assert [round(when, 3) for when, _ in shown] == [0.0, 1.0, 1.0, 1.0, 4.0, 5.0]


def test_a_long_think_is_cut_to_three_seconds() -> None:
    entries = a_run()
    place = next(number for number, entry in enumerate(entries) if isinstance(entry, Answered))
    asked = entries[place - 1]
    entries[place:] = [
        RequestEnded(at_s=500.0, real_s=50.0, number=1, received_at_s=499.0, elb_status=200),
        Answered(at_s=1000.0, real_s=100.0, chosen=1, is_right=True),
        Narrated(at_s=1010.0, real_s=101.0, words=spoken("on")),
    ]
    shown = {type(entry).__name__: at for at, entry in played(entries)}
    assert shown["RequestEnded"] == asked.real_s
    assert shown["Answered"] == asked.real_s + 3.0
    assert shown["Narrated"] == asked.real_s + 4.0


@pytest.mark.parametrize("speed", [0.49, 8.1, 0.0])
def test_the_speed_has_bounds(speed: float) -> None:
    with pytest.raises(SimlbError) as raised:
        replay.check_speed(speed)
    assert raised.value.code == "E683"


@pytest.mark.parametrize("speed", [0.5, 1.0, 8.0])
def test_within_them_any_speed_will_do(speed: float) -> None:
    assert replay.check_speed(speed) == speed
