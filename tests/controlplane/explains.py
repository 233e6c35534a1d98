"""Who tells stories, for the tests of those who ask for them."""

from __future__ import annotations

from typing import Any

from simlb.controlplane.explain_state_routes import RequestBody
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


def finding(severity: str, subject: str, cause: str | None = "It is so.") -> dict[str, Any]:
    """One of an overview."""
    facts = {"severity": severity, "kind": "unhealthy"}
    return STORY | {"subject": subject, "outcome": "It is out.", "cause": cause, "facts": facts}


STATUS: dict[str, Any] = STORY | {
    "outcome": '41 × 502 in the last 60 s, all produced by the load balancer (target code "-").',
    "steps": [
        {
            "topic": "target",
            "text": "41  i-03  connection refused",
            "details": ["→ Nothing listens at 127.0.0.1:9003."],
        },
        {"topic": "health", "text": "i-03 counts as healthy still.", "details": []},
    ],
    "next_steps": ["Start it again: simlb target restart i-03"],
    "facts": {"count": 41},
}


class FakeStateDesk:
    """Knows how nothing stands, and remembers who asked for what."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.findings: list[dict[str, Any]] = []

    def overview(self, language: str) -> dict[str, Any]:
        """What was put into `findings`."""
        self.calls.append(("overview", language))
        return {"outcome": "So it stands.", "stories": self.findings, "language": language}

    def status(self, status_code: int, last_s: float, language: str) -> dict[str, Any]:
        """Always the same."""
        self.calls.append(("status", status_code, last_s, language))
        return STATUS | {"language": language}

    def targets(self, name: str, language: str) -> dict[str, Any]:
        """The story, twice."""
        self.calls.append(("target", name, language))
        return {"stories": [STORY | {"language": language}] * 2}

    def request(self, wanted: RequestBody, language: str) -> dict[str, Any]:
        """The story."""
        self.calls.append(("request", wanted, language))
        return STORY | {"language": language}
