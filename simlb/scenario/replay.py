"""Plays a journal again: the same records, in the same order, with the pauses that were between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from simlb.errors import SimlbError
from simlb.scenario.journal import Answered, Asked, Entry, Paused, Resumed

SPEED_MIN, SPEED_MAX = 0.5, 8.0
ANSWER_AFTER_S = 3.0
"""However long somebody thought about a question, or paused: a replay goes on after so many seconds."""


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
    still_s: float | None = None
    reasons: set[type[Entry]] = set()
    for entry in entries:
        was_still = still_s is not None
        if isinstance(entry, Asked | Paused):
            still_s = still_s if was_still else entry.real_s
            reasons.add(type(entry))
        elif isinstance(entry, Answered | Resumed):
            reasons.discard(Asked if isinstance(entry, Answered) else Paused)
            if still_s is not None and not reasons:
                skipped_s += max(0.0, entry.real_s - still_s - ANSWER_AFTER_S)
                still_s = None
        if was_still and still_s is not None:
            # What happened while the story stood still is shown at once.
            show(entry)
            continue
        wait_s = began + (entry.real_s - skipped_s) / speed - now()
        if wait_s > 0:
            sleep(wait_s)
        show(entry)
