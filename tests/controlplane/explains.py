"""Who tells stories, for the tests of those who ask for them."""

from __future__ import annotations

from typing import Any

from simlb.errors import SimlbError

STORY: dict[str, Any] = {
    "subject": "#7  GET http://shop.test:80/  at 2026-11-28T13:56:41.181590Z",
    "outcome": "502 Bad Gateway, from the load balancer itself: connection refused.",
    "produced_by": "load balancer",
    "steps": [
        {"topic": "connection", "text": "Client 127.0.0.1:5000 to listener HTTP:80 of web.", "details": []},
        {"topic": "rules", "text": "Rule 20 decides.", "details": ["rule 10: no", "rule 20: matches"]},
    ],
    "cause": "Nothing listens at 127.0.0.1:9003.",
    "next_steps": ["Start it.", "Look at it."],
    "facts": {"number": 7},
    "language": "en",
}


class FakeExplainDesk:
    """Knows one story, and remembers who asked how."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, bool]] = []

    def exchange(self, reference: str, language: str, *, unmasked: bool) -> dict[str, Any]:
        """The story, but for `#999`."""
        self.calls.append((reference, language, unmasked))
        if reference == "#999":
            raise SimlbError("E750", "No exchange '#999' is kept.", "→ kept are #0 to #7")
        if reference == "x":
            raise SimlbError("E751", "'x' names no exchange.")
        return STORY | {"language": language}
