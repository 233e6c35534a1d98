"""Many client connections at once from one thread: opened, asked, held, closed."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterable

from tests.e2e.client import TIMEOUT_S

ASK = b"GET / HTTP/1.1\r\nHost: my-alb.localhost\r\n\r\n"
_AT_ONCE = 100


class Crowd:
    """Sockets to one address."""

    def __init__(self, address: str, port: int) -> None:
        self.sockets: list[socket.socket] = []
        self._place = (address, port)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def grow(self, count: int, *, asks: bool = False) -> None:
        """Open `count` more; with `asks` each sends a request and reads the answer, `_AT_ONCE` of them at a time."""
        while count > 0:
            few = []
            for _ in range(min(count, _AT_ONCE)):
                few.append(socket.create_connection(self._place, TIMEOUT_S))
                self.sockets.append(few[-1])
            count -= len(few)
            if asks:
                answers = self.ask(few)
                assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers), answers

    def ask(self, some: Iterable[socket.socket] | None = None) -> list[bytes]:
        """A request on each (all by default), and what came first in answer: b"" for a connection that was ended."""
        asked = list(self.sockets if some is None else some)
        for sock in asked:
            with contextlib.suppress(ConnectionError):
                sock.sendall(ASK)
        return [first_of(sock) for sock in asked]

    def ended(self) -> list[socket.socket]:
        """Those that the load balancer has closed."""
        poll = select.poll()
        by_number = {sock.fileno(): sock for sock in self.sockets}
        for number in by_number:
            poll.register(number, select.POLLIN)
        return [by_number[number] for number, _ in poll.poll(0)]

    def leave(self) -> None:
        """Close all."""
        for sock in self.sockets:
            sock.close()
        self.sockets.clear()


def first_of(sock: socket.socket) -> bytes:
    """The first bytes that come, b"" when the connection ended instead."""
    try:
        return sock.recv(4096)
    except ConnectionError:
        return b""
