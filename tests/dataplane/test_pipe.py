"""One direction of a link: order, pace, room."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlb.clock import ManualClock
from simlb.dataplane.pipe import Pipe
from simlb.dataplane.points import Wire


class Line:
    """A pipe, what has come out of it, and when."""

    def __init__(
        self, *, rate: float | None = None, slice_bytes: int | None = None, slice_delay_s: float = 0.0
    ) -> None:
        self.clock = ManualClock()
        self.out: list[bytes] = []
        self.times: list[float] = []
        self.pipe = Pipe(self.clock, self._deliver, lambda: None)
        self.pipe.pace(Wire(is_probe=False, bytes_per_s=rate, slice_bytes=slice_bytes, slice_delay_s=slice_delay_s))

    def _deliver(self, data: bytes) -> None:
        self.out.append(data)
        self.times.append(round(self.clock.now(), 6))

    def note(self, data: bytes) -> None:
        """An end that leaves a mark."""
        self.pipe.finish(lambda: self._deliver(data))

    def advance(self, duration_s: float) -> None:
        asyncio.run(self.clock.advance(duration_s))


PACES = [
    # rate in bytes a second, slice, pause; bytes fed at 0 -> when the first piece and the last one are through
    (None, None, 0.0, 1000, 0.0, 0.0),
    (1000, None, 0.0, 1000, 0.05, 1.0),
    (100, None, 0.0, 50, 0.05, 0.5),
    (1, None, 0.0, 3, 1.0, 3.0),
    (0.5, None, 0.0, 2, 2.0, 4.0),
    (None, 100, 0.0, 1000, 0.0, 0.0),
    (None, 100, 0.5, 1000, 0.0, 4.5),
    (None, 300, 0.5, 1000, 0.0, 1.5),
    (100, 50, 0.1, 100, 0.05, 2.9),
]


@pytest.mark.parametrize(("rate", "slice_bytes", "pause_s", "size", "first_s", "last_s"), PACES)
def test_when_bytes_are_through(
    rate: float | None, slice_bytes: int | None, pause_s: float, size: int, first_s: float, last_s: float
) -> None:
    line = Line(rate=rate, slice_bytes=slice_bytes, slice_delay_s=pause_s)
    line.pipe.feed(bytes(size))
    line.advance(10)
    assert (line.times[0], line.times[-1]) == (first_s, last_s)
    assert b"".join(line.out) == bytes(size)
    assert line.pipe.size == 0


def test_a_slice_is_never_larger_than_asked_for() -> None:
    line = Line(slice_bytes=7)
    line.pipe.feed(bytes(20))
    line.pipe.feed(bytes(1))
    assert [len(piece) for piece in line.out] == [7, 7, 6, 1]


def test_an_idle_line_owes_nothing() -> None:
    line = Line(rate=1000)
    line.pipe.feed(bytes(50))
    line.advance(100)
    line.pipe.feed(bytes(100))
    line.advance(1)
    assert line.times == [0.05, 100.05, 100.1]


def test_late_timers_do_not_slow_it_down() -> None:
    line = Line(rate=1000)
    line.pipe.feed(bytes(1000))
    line.clock._now = 0.7  # the whole process stood still
    line.advance(0.301)
    assert line.times == [0.7] * 14 + [0.75, 0.8, 0.85, 0.9, 0.95, 1.0]


def test_what_is_held_waits_and_takes_its_time_afterwards() -> None:
    line = Line(rate=1000)
    line.pipe.hold()
    line.pipe.feed(bytes(50))
    line.advance(5)
    assert line.out == []
    line.pipe.go()
    line.advance(1)
    assert line.times == [5.05]


def test_ends_come_behind_the_bytes_in_their_order() -> None:
    line = Line(rate=1000)
    line.pipe.feed(b"a" * 50)
    line.note(b"first")
    line.note(b"second")
    assert line.pipe.has_end
    line.advance(1)
    assert line.out == [b"a" * 50, b"first", b"second"]
    assert not line.pipe.has_end


def test_an_end_is_held_like_bytes() -> None:
    line = Line()
    line.pipe.hold()
    line.note(b"end")
    assert line.out == []
    line.pipe.go()
    assert line.out == [b"end"]


def test_dropped_bytes_leave_the_end_and_cleared_ones_do_not() -> None:
    line = Line()
    line.pipe.hold()
    line.pipe.feed(b"lost")
    line.note(b"end")
    line.pipe.drop()
    line.pipe.feed(b"instead")
    line.pipe.go()
    assert line.out == [b"instead", b"end"]
    line.pipe.hold()
    line.pipe.feed(b"lost")
    line.note(b"end")
    line.pipe.clear()
    line.pipe.go()
    assert line.out == [b"instead", b"end"]


def test_whoever_gets_a_piece_may_stop_the_rest() -> None:
    line = Line(slice_bytes=2)

    def deliver(data: bytes) -> None:
        line.out.append(data)
        line.pipe.hold()

    line.pipe = Pipe(line.clock, deliver, lambda: None)
    line.pipe.pace(Wire(is_probe=False, slice_bytes=2))
    line.pipe.feed(b"abcd")
    assert (line.out, line.pipe.size) == ([b"ab"], 2)
    line.pipe.go()
    assert (line.out, line.pipe.size) == ([b"ab", b"cd"], 0)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(
    pieces=st.lists(st.binary(max_size=40), max_size=8),
    rate=st.none() | st.floats(1, 1000),
    slice_bytes=st.none() | st.integers(1, 30),
    pause_s=st.floats(0, 0.2),
    holds=st.lists(st.booleans(), max_size=8),
)
def test_whatever_the_pace_the_bytes_are_the_same(
    pieces: list[bytes], rate: float | None, slice_bytes: int | None, pause_s: float, holds: list[bool]
) -> None:
    line = Line(rate=rate, slice_bytes=slice_bytes, slice_delay_s=pause_s)
    for place, piece in enumerate(pieces):
        line.pipe.feed(piece)
        if place < len(holds):
            line.pipe.hold() if holds[place] else line.pipe.go()
    line.note(b"|")
    line.pipe.go()
    line.advance(1000)
    assert b"".join(line.out) == b"".join(pieces) + b"|"
    assert all(slice_bytes is None or len(piece) <= slice_bytes for piece in line.out)
