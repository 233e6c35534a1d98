"""Plays a journal again: the same records, in the same order, with the pauses that were between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from simlb.errors import SimlbError
from simlb.scenario.journal import Answered, Asked, Entry

SPEED_MIN, SPEED_MAX = 0.5, 8.0
ANSWER_AFTER_S = 3.0
"""However long somebody thought about a question: a replay goes on after so many seconds."""


def check_speed(speed: float) -> float:
    """How many times as fast as it was. Raises SimlbError E683 outside 0.5 to 8."""
    if not SPEED_MIN <= speed <= SPEED_MAX:
        raise SimlbError("E683", f"A replay's speed is {SPEED_MIN:g} to {SPEED_MAX:g} times that of the run.")
    return speed


def play(
    entries: Sequence[Entry],
    show: Callable[[Entry], None],
    *,
    speed: float = 1.0,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Show each record when its time has come, `speed` times as fast as it was.

    Records stand in the order of writing; `real_s` of one that was written late lies before its predecessor's, and it
    is shown at once.
    """
    began = now()
    skipped_s = 0.0
    asked_s: float | None = None
    for entry in entries:
        if isinstance(entry, Asked):
            asked_s = entry.real_s
        elif isinstance(entry, Answered) and asked_s is not None:
            skipped_s += max(0.0, entry.real_s - asked_s - ANSWER_AFTER_S)
            asked_s = None
        elif asked_s is not None:
            # What happened while somebody thought is shown at once.
            show(entry)
            continue
        wait_s = began + (entry.real_s - skipped_s) / speed - now()
        if wait_s > 0:
            sleep(wait_s)
        show(entry)
