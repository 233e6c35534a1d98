"""Clients that keep books: every request whose head they sent whole, and what came back for it.

A request counts as sent as soon as its head is, on a connection that the load balancer has accepted; that it is
cut in the middle afterwards does not undo that.
"""

from __future__ import annotations

import http.client
import itertools
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.e2e.client import TIMEOUT_S, Client

CUT_BODY_BYTES = 65_536
PAUSE_S = 0.01
"""Between two requests of a client: many of them together are enough for what is to be shown."""


@dataclass(slots=True)
class Books:
    """What clients sent and what they got."""

    connections: int = 0
    sent: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    """By status code; also answers that broke off behind their head."""
    broken_off: int = 0
    """Of these, how many broke off."""
    cut: int = 0
    """Requests whose connection the client itself closed without waiting for the answer."""
    unanswered: int = 0
    """Requests that the load balancer closed the connection on, without a word."""

    def add(self, other: Books) -> None:
        """Take over another's."""
        self.connections += other.connections
        self.sent += other.sent
        self.answered += other.answered
        self.broken_off += other.broken_off
        self.cut += other.cut
        self.unanswered += other.unanswered


class CountingClients:
    """Threads that send until the `with` block ends; then `books` holds the sum of theirs."""

    def __init__(self, clients: Iterable[tuple[Client, str]]) -> None:
        """A thread for each client and what it does: `ask`, `upload`, or `cut`, which leaves before the answer."""
        self.books = Books()
        self._ended = threading.Event()
        self._each: list[Books] = []
        self._threads: list[threading.Thread] = []
        for client, habit in clients:
            books = Books()
            self._each.append(books)
            self._threads.append(threading.Thread(target=self._run, args=(client, habit, books), name=habit))

    def __enter__(self) -> CountingClients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        for books in self._each:
            self.books.add(books)

    @property
    def sent(self) -> int:
        """How many so far, about."""
        return sum(books.sent for books in self._each)

    def _run(self, client: Client, habit: str, books: Books) -> None:
        connection = _Connection(client, books)
        try:
            for number in itertools.count():
                if self._ended.wait(PAUSE_S):
                    return
                if habit == "upload":
                    connection.ask(b"POST", b"/upload", bytes(20_000))
                elif habit == "cut" and number % 4 in {1, 2}:
                    connection.ask_and_leave(by_reset=number % 4 == 2)
                elif habit == "cut" and number % 4 == 3:
                    connection.leave_in_body()
                else:
                    connection.ask(b"GET", b"/?%d" % number)
        finally:
            connection.close()


class _Connection:
    """A connection that is kept as long as the load balancer keeps it, and made anew then."""

    def __init__(self, client: Client, books: Books) -> None:
        self._client = client
        self._books = books
        self._socket: socket.socket | None = None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, method: bytes, path: bytes, body: bytes = b"") -> None:
        """One request and its answer."""
        sock = self._send(method, path, len(body))
        books = self._books
        response = http.client.HTTPResponse(sock, method=method.decode())
        try:
            if body:
                sock.sendall(body)
            response.begin()
        except (ConnectionError, http.client.HTTPException):
            # An upload may be answered and closed before it was sent whole; the answer is still to be had.
            response.close()
            books.unanswered += 1
            self.close()
            return
        books.answered[response.status] += 1
        try:
            response.read()
        except (ConnectionError, http.client.HTTPException):
            books.broken_off += 1
            self.close()
        else:
            if response.will_close:
                self.close()
        finally:
            response.close()

    def ask_and_leave(self, *, by_reset: bool) -> None:
        """A whole request, and no interest in its answer: the connection is closed at once, or reset."""
        while by_reset and self._socket is None:
            # One that was reset before it was accepted is nobody's.
            self.ask(b"GET", b"/")
        sock = self._send(b"GET", b"/left")
        if by_reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._books.cut += 1
        self.close()

    def leave_in_body(self) -> None:
        """Leave in the middle of an upload."""
        sock = self._send(b"POST", b"/left", CUT_BODY_BYTES)
        sock.sendall(bytes(CUT_BODY_BYTES // 4))
        self._books.cut += 1
        self.close()

    def _send(self, method: bytes, path: bytes, body_bytes: int = 0) -> socket.socket:
        """Send a head."""
        if self._socket is None:
            self._socket = self._client.open_socket()
            self._books.connections += 1
        sock = self._socket
        sock.settimeout(TIMEOUT_S)
        length = b"Content-Length: %d\r\n" % body_bytes if body_bytes else b""
        host = self._client.name.encode()
        sock.sendall(b"%b %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (method, path, host, length))
        self._books.sent += 1
        return sock
