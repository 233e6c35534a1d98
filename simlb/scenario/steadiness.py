"""Looks for a steady state: conditions that hold for a while without a break."""

from __future__ import annotations


class Steadiness:
    """Fed with whether the conditions hold now; says when that has lasted long enough, or will not any more."""

    def __init__(self, for_s: float, within_s: float, now: float) -> None:
        """Times are load-balancer seconds; it begins `now`."""
        self._for_s = for_s
        self._until = now + within_s
        self._since: float | None = None

    def look(self, holds: bool, now: float) -> bool | None:
        """True: steady. False: not within the time. None: too early to say."""
        if not holds:
            self._since = None
        elif self._since is None:
            self._since = now
        if self._since is not None and now - self._since >= self._for_s:
            return True
        return False if now >= self._until else None
