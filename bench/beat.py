"""A client that asks a load balancer a thousand times a second, so that a pause of its loop shows as a late answer.

`python -m bench.beat HOST PORT` goes on until its standard input ends; then it writes when each request was sent and
answered, in nanoseconds of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import array
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.proxies import ROOT

PERIOD_S = 0.001
PATH = "/beat"
"""Answered by the load balancer itself, so that it tells of nothing else."""

Beat = tuple[int, int]
"""When a request was sent and when its answer was there."""


class Beating:
    """The client, in a process of its own."""

    def __init__(self, host: str, port: int) -> None:
        command = [sys.executable, "-m", "bench.beat", host, str(port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        out = self._process.stdout
        if out is None or out.read(1) != b".":
            raise RuntimeError("the load balancer does not answer")

    def stop(self) -> list[Beat]:
        """End it; all its requests."""
        data, _ = self._process.communicate()
        times = array.array("q", data)
        return list(zip(times[::2], times[1::2], strict=True))


def longest_ms(beats: Sequence[Beat], begin: int, end: int) -> float:
    """The latest answer among requests that were under way at some time between the two; 0.0 without any."""
    return max((done - sent for sent, done in beats if done >= begin and sent <= end), default=0) / 1e6


def main(host: str, port: int) -> None:
    """Ask until told to stop."""
    stream = socket.create_connection((host, port))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    stream.sendall(request)
    stream.recv(65536)
    sys.stdout.buffer.write(b".")
    sys.stdout.buffer.flush()
    times = array.array("q")
    while True:
        sent = time.monotonic_ns()
        stream.sendall(request)
        # Answers are small: one read has them whole.
        if not stream.recv(65536):
            raise RuntimeError("the load balancer has closed the connection")
        done = time.monotonic_ns()
        times.extend((sent, done))
        left = PERIOD_S - (done - sent) / 1e9
        if select.select([sys.stdin], [], [], max(left, 0.0))[0]:
            break
    stream.close()
    sys.stdout.buffer.write(times.tobytes())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
