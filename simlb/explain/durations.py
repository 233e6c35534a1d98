"""Durations in both languages, and in both times where the clock is scaled."""

from __future__ import annotations

from simlb.explain.story import Words


def spoken(seconds: float) -> str:
    """Seconds as people say them: `0.4`, `7.5`, `38`."""
    return f"{round(seconds, 1):g}" if seconds < 10 else f"{seconds:.0f}"


class Times:
    """Says durations. `speed` is load-balancer seconds in a real second; 0 for a clock that is moved by hand."""

    def __init__(self, speed: float) -> None:
        self.speed = speed

    @property
    def is_scaled(self) -> bool:
        """Both times are worth saying."""
        return self.speed not in {0, 1}

    def aws(self, seconds: float) -> Words:
        """A load-balancer duration: `30 s`, `30 s (3 s here)`."""
        return self._both(spoken(seconds), spoken(seconds / self.speed) if self.is_scaled else None)

    def between(self, low_s: float, high_s: float) -> Words:
        """Two load-balancer durations: `30-60 s (3-6 s here)`."""
        here = f"{spoken(low_s / self.speed)}-{spoken(high_s / self.speed)}" if self.is_scaled else None
        return self._both(f"{spoken(low_s)}-{spoken(high_s)}", here)

    def real(self, seconds: float) -> Words:
        """A real duration, such as one between two stamps of the log: `6 s`, `6 s (60 s of AWS time)`."""
        if not self.is_scaled:
            return Words(f"{spoken(seconds)} s", f"{spoken(seconds)}초")
        aws = spoken(seconds * self.speed)
        return Words(f"{spoken(seconds)} s ({aws} s of AWS time)", f"{spoken(seconds)}초(AWS 시간으로 {aws}초)")

    @staticmethod
    def _both(aws: str, here: str | None) -> Words:
        if here is None:
            return Words(f"{aws} s", f"{aws}초")
        return Words(f"{aws} s ({here} s here)", f"{aws}초(여기서는 {here}초)")
