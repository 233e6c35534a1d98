"""A client as strict as users': TLS is verified against the local CA, names are real, nothing is retried."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

TIMEOUT_S = 20.0
PAUSE_S = 0.002
"""Between the requests of `Traffic`, so that it does not take the processor from those it watches."""
FRESH_S = 0.2
"""A connection that was idle for longer is not used again: at high speeds the idle timeout is less than a second, and a
busy machine lets a thread wait for so long.
"""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def target(self) -> str | None:
        """Which sample target answered."""
        return self.headers.get("x-target")

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Client:
    """Sends requests to one listener: to its socket, under the name of its load balancer."""

    def __init__(
        self, address: str, port: int, name: str, *, ca: Path | None = None, source: str | None = None
    ) -> None:
        """`ca` None speaks plain HTTP. `source` is the address to connect from."""
        self.address, self.port, self.name = address, port, name
        self.context = ssl.create_default_context(cafile=ca) if ca is not None else None
        self._source = (source, 0) if source is not None else None

    def get(self, path: str = "/", **headers: str) -> Response:
        """One GET over a connection of its own."""
        return self.request("GET", path, headers=headers)

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        """One request over a connection of its own."""
        connection = self.connect()
        try:
            return exchange(connection, method, path, body=body, headers=headers)
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is made with the first request and kept."""
        return _Connection(self)

    def open_socket(self) -> socket.socket:
        """A connected socket, within TLS when the listener is HTTPS."""
        plain = socket.create_connection((self.address, self.port), TIMEOUT_S, self._source)
        # As browsers and curl do: otherwise the first request waits for a delayed ACK of the handshake, 40 ms.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is None:
            return plain
        try:
            return self.context.wrap_socket(plain, server_hostname=self.name)
        except BaseException:
            plain.close()
            raise


class _Connection(http.client.HTTPConnection):
    def __init__(self, client: Client) -> None:
        super().__init__(client.name, client.port, timeout=TIMEOUT_S)
        self._client = client
        # The port that goes without saying is left out of Host, as browsers do.
        self.default_port = 443 if client.context is not None else 80

    def connect(self) -> None:
        self.sock = self._client.open_socket()


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """One request on a connection that stays."""
    connection.request(method, path, body=body, headers=headers or {})
    response = connection.getresponse()
    return Response(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one request of `Traffic` came to: a status, or the error that the client met. Times are monotonic."""

    began: float
    ended: float
    status: int | None
    target: str | None
    error: str | None = None


class Traffic:
    """A client that sends one request after the other, on one connection kept alive, until the `with` block ends."""

    def __init__(self, client: Client, path: str = "/", *, keep_alive: bool = True) -> None:
        self.outcomes: list[Outcome] = []
        self._client, self._path, self._keep_alive = client, path, keep_alive
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send, name="traffic")

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def problems(self) -> list[Outcome]:
        """Everything but 200."""
        return [outcome for outcome in self.outcomes if outcome.status != http.client.OK]

    def since(self, moment: float) -> list[Outcome]:
        """What began at `moment` or later."""
        return [outcome for outcome in self.outcomes if outcome.began >= moment]

    def _send(self) -> None:
        connection = self._client.connect()
        used_at = time.monotonic()
        try:
            while not self._ended.is_set():
                began = time.monotonic()
                if began - used_at > FRESH_S:
                    connection.close()
                try:
                    response = exchange(connection, "GET", self._path)
                except (OSError, http.client.HTTPException) as error:
                    connection.close()
                    self.outcomes.append(Outcome(began, time.monotonic(), None, None, repr(error)))
                    self._ended.wait(0.01)  # a refused connection fails at once: no busy loop
                else:
                    self.outcomes.append(Outcome(began, time.monotonic(), response.status, response.target))
                    if not self._keep_alive:
                        connection.close()
                    used_at = time.monotonic()
                    self._ended.wait(PAUSE_S)
        finally:
            connection.close()
