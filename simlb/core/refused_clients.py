"""The clients of late whose certificates were refused: so many, and not more, are remembered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

REMEMBERED_MAX = 256


class RefusedClient(NamedTuple):
    """A handshake that ended over the client's certificate. `at` is the wall-clock second; `subject` None without one.

    `verify_status` is the connection log's.
    """

    at: float
    listener_port: int
    verify_status: str
    subject: str | None


class RefusedClients:
    """Of one node; the oldest are forgotten."""

    def __init__(self) -> None:
        self._kept: deque[RefusedClient] = deque(maxlen=REMEMBERED_MAX)

    def add(self, client: RefusedClient) -> None:
        """One more."""
        self._kept.append(client)

    def since(self, at: float, listener_port: int) -> Iterator[RefusedClient]:
        """Those of a listener, from that second on."""
        return (one for one in self._kept if one.at >= at and one.listener_port == listener_port)
