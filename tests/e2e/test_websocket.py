"""WebSockets and streams through the load balancer, with a real client library."""

from __future__ import annotations

import socket
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.e2e.client import TIMEOUT_S
from tests.e2e.configs import web
from tests.e2e.harness import Instance, Workshop, wait_until


def _open(instance: Instance, path: str = "/ws") -> ClientConnection:
    client = instance.client()
    plain = socket.create_connection((client.address, client.port), TIMEOUT_S)
    return connect(f"wss://my-alb.localhost:{client.port}{path}", sock=plain, ssl=client.context, proxy=None)


def test_a_websocket_passes_through(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    with _open(instance) as websocket:
        websocket.send("안녕하세요")
        assert websocket.recv(timeout=10) == "안녕하세요"
        websocket.send(b"\x00" * 500_000)
        assert websocket.recv(timeout=10) == b"\x00" * 500_000
        assert websocket.ping().wait(10)
        # A reload and other requests leave it alone.
        assert simlb.run("reload").returncode == 0
        assert instance.client().get("/health").status == 200
        websocket.send("still here")
        assert websocket.recv(timeout=10) == "still here"
        assert instance.target("i-01").in_flight == 1
    line = wait_until(
        lambda: [line for line in instance.access_log.splitlines() if line.startswith("wss ")], "its line in the log"
    )[0]
    assert " 101 101 " in line


def test_a_refused_websocket(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    with pytest.raises(InvalidStatus, match="403"):
        _open(instance, "/elsewhere")


def test_events_arrive_as_they_are_sent(simlb: Workshop) -> None:
    instance = simlb.serve(web("sample: stream"))
    instance.wait_healthy()
    connection = instance.client().connect()
    began = time.monotonic()
    connection.request("GET", "/sse?count=5&interval=150")
    response = connection.getresponse()
    arrivals = []
    while line := response.readline():
        if line.startswith(b"data:"):
            arrivals.append(time.monotonic() - began)
    connection.close()
    assert len(arrivals) == 5
    assert arrivals[0] < arrivals[-1] - 0.4, "not all at the end"
