"""Load-balancer durations as people read them: always with what they take here when the clock is scaled."""

from __future__ import annotations


def both_times(aws_s: float, speed: float) -> str:
    """A load-balancer duration, and what it takes here when the clock is scaled: `30 s (3 s here)`."""
    return f"{aws_s:g} s" if speed == 1 else f"{aws_s:g} s ({round(aws_s / speed, 2):g} s here)"
