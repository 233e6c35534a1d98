"""Which request gets which answer: `backend.on("/orders", method="POST").respond(201)`, sequences, the check.

Decides only: what a request looks like comes in, an answer comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simlb.core.wildcards import Wildcard
from simlb.testing.answers import Answer, answer, answers
from simlb.testing.messages import Request


class Sequence:
    """Answers one after the other; the last one stays."""

    def __init__(self, *given: Answer) -> None:
        self._left = list(given)

    def next(self) -> Answer:
        """The next answer."""
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]

    def add(self, following: Answer) -> None:
        """One more at the end."""
        self._left.append(following)


class Expectation:
    """Requests that look like this, and their answers. Without `respond` it is 200 with nothing."""

    def __init__(
        self,
        path: str,
        *,
        method: str | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | str | None,
        is_once: bool = False,
        is_ordered: bool = False,
    ) -> None:
        self._path = path
        self._pattern = Wildcard(path)
        self._method = method.upper() if method is not None else None
        self._query = dict(query or {})
        self._headers = dict(headers or {})
        self._body = body.encode() if isinstance(body, str) else body
        self.is_once = is_once
        self.is_ordered = is_ordered
        self.requests: list[Request] = []
        """Those that matched."""
        self._answers: Sequence | None = None

    def respond(
        self,
        status: int = 200,
        text: str | None = None,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        latency: str | float = 0.0,
        hang: bool = False,
    ) -> Expectation:
        """Answer like this; called again, the next matching request is answered by that: the last one stays."""
        made = answer(status=status, text=text, json=json, body=body, headers=headers, latency=latency, hang=hang)
        if self._answers is None:
            self._answers = Sequence(made)
        else:
            self._answers.add(made)
        return self

    def respond_each(self, *given: object) -> Expectation:
        """Answer by these in turn: `respond_each(502, 502, "fine")`. The last one stays."""
        for item in given:
            made = answers(item)
            if self._answers is None:
                self._answers = Sequence(made)
            else:
                self._answers.add(made)
        return self

    @property
    def is_spent(self) -> bool:
        """One that was for a single request has had it."""
        return (self.is_once or self.is_ordered) and bool(self.requests)

    def matches(self, request: Request) -> bool:
        """Whether the request is one of these."""
        return (
            (self._method is None or self._method == request.method)
            and self._pattern.matches(request.path.encode("latin-1", "replace"))
            and all(request.query.get(key) == value for key, value in self._query.items())
            and all(request.headers.get(name) == value for name, value in self._headers.items())
            and (self._body is None or self._body == request.body)
        )

    def take(self, request: Request) -> Answer:
        """The answer to a request that matches."""
        self.requests.append(request)
        return self._answers.next() if self._answers is not None else Answer()

    @property
    def words(self) -> str:
        """How messages call it: `POST /orders`."""
        more = "".join(f" {key}={value!r}" for key, value in (*self._query.items(), *self._headers.items()))
        return f"{self._method or 'any'} {self._path}{more}"


class Book:
    """All expectations of one backend, and what did not go by them."""

    def __init__(self) -> None:
        self._expected: list[Expectation] = []
        self.complaints: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._expected)

    def add(self, expectation: Expectation) -> Expectation:
        """One more. Of those that match, single ones go before lasting ones, and earlier before later."""
        self._expected.append(expectation)
        return expectation

    def find(self, request: Request) -> Answer | None:
        """The answer to a request, or None where nothing expects it."""
        ordered = [entry for entry in self._expected if entry.is_ordered and not entry.is_spent]
        if ordered and ordered[0].matches(request):
            return ordered[0].take(request)
        for entry in sorted(self._expected, key=lambda entry: not entry.is_once):
            if not entry.is_ordered and not entry.is_spent and entry.matches(request):
                return entry.take(request)
        words = f"{request.method} {request.target}"
        if any(entry.matches(request) for entry in ordered):
            self.complaints.append(f"{words} came before {ordered[0].words}")
        return None

    def missing(self) -> list[str]:
        """Single and ordered expectations that no request has met."""
        return [
            f"{entry.words} never came"
            for entry in self._expected
            if (entry.is_once or entry.is_ordered) and not entry.requests
        ]
