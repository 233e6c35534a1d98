"""HTTP messages as tests read them: requests that a backend has seen, responses that a client has got."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


class Headers(Mapping[str, str]):
    """Header fields by their names in any case; a repeated field's values are joined by `, `."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self.items_as_sent = tuple(items)
        """Every field as it was on the wire, in order."""

    def get_all(self, name: str) -> list[str]:
        """Every value of a field."""
        wanted = name.lower()
        return [value for key, value in self.items_as_sent if key.lower() == wanted]

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_all(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key.lower() for key, _ in self.items_as_sent))

    def __len__(self) -> int:
        return len({key.lower() for key, _ in self.items_as_sent})

    def __repr__(self) -> str:
        return f"Headers({list(self.items_as_sent)!r})"


@dataclass(slots=True, kw_only=True)
class Request:
    """A request as it arrived at a backend. `body` grows while it arrives."""

    method: str
    target: str
    """As in the request line: path and query."""
    headers: Headers
    client: tuple[str, int]
    """The load balancer's end of the connection."""
    connection: int
    """Number of the connection it came on, from 1: the same number says that the connection was kept."""
    body: bytearray = field(default_factory=bytearray)

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]

    @property
    def query_string(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, str]:
        """The query's keys with their values, the last one where a key is repeated."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer that the built-in client got. `elapsed_s` is in real seconds."""

    url: str
    status_code: int
    reason: str
    headers: Headers
    content: bytes
    elapsed_s: float = 0.0

    @property
    def ok(self) -> bool:
        """A status code below 400."""
        return self.status_code < 400

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.content)

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {self.url}>"
