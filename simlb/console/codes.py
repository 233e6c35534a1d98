"""Codes that a browser exchanges for the instance's token, once and soon.

A browser is opened with an address, and a process's arguments can be read by everybody on the machine: the token itself
must not stand there. Behind `#code=` stands a code that is worth nothing once the page has used it.
"""

from __future__ import annotations

import hmac

VALID_S = 300.0
"""How long a code waits for its browser, in real seconds."""
WAITING_MAX = 16


class Codes:
    """The codes of one instance that have not been used. Time and codes are arguments."""

    def __init__(self) -> None:
        self._waiting: dict[str, float] = {}

    def add(self, code: str, now: float) -> None:
        """One more. With more than WAITING_MAX that wait, the oldest is forgotten."""
        self._waiting = {one: until for one, until in self._waiting.items() if until > now}
        while len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[code] = now + VALID_S

    def use(self, code: str, now: float) -> bool:
        """Whether it is one of them and still valid; it is none of them any more. Compared in constant time."""
        found = [one for one in self._waiting if hmac.compare_digest(one.encode(), code.encode("utf-8", "replace"))]
        return any(self._waiting.pop(one) > now for one in found)
