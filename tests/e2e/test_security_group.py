"""Who is not let in sees a connect time-out, not a refusal (Linux)."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.e2e.client import Client
from tests.e2e.configs import web
from tests.e2e.harness import Instance, Workshop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="dropped SYNs and 127.0.0.2 need Linux")

CONNECT_S = 0.5
"""How long a client tries: an open port of this machine answers within a millisecond."""


def _with_group(inbound: str) -> str:
    return web("sample: echo").replace("    listeners:", f"    security_group: {{inbound: {inbound}}}\n    listeners:")


def _times_out(instance: Instance, port: int) -> bool:
    listener = instance.listener(port)
    try:
        socket.create_connection((listener.bind_host, listener.published_port), CONNECT_S).close()
    except TimeoutError:
        return True
    return False


def test_a_closed_port_times_out(simlb: Workshop) -> None:
    instance = simlb.serve(_with_group("[80]"))
    assert instance.client(80).get("/").status == 301
    assert instance.listener(443).gate == "closed"
    assert _times_out(instance, 443)
    assert "gate closed" in simlb.run("status").stdout

    # The lesson: let it in, and load the change.
    simlb.write(_with_group("[80, 443]"))
    assert simlb.run("reload").returncode == 0
    instance.wait_healthy()
    assert instance.client().get("/").status == 200
    # And out again: connections that exist go on, new ones time out.
    kept = instance.client(80).open_socket()
    simlb.write(_with_group("[443]"))
    assert simlb.run("reload").returncode == 0
    assert _times_out(instance, 80)
    with kept:
        kept.sendall(b"GET / HTTP/1.1\r\nHost: my-alb.localhost\r\n\r\n")
        assert kept.recv(100).startswith(b"HTTP/1.1 301 ")


def test_sources_are_told_apart(simlb: Workshop) -> None:
    instance = simlb.serve(_with_group('[80, {port: 443, source: "127.0.0.2/32"}]'), "--speed", "20")
    instance.wait_healthy()
    assert instance.listener(443).gate == "restricted"
    assert instance.client(source="127.0.0.2").get("/").status == 200
    let_in = dict(instance.client(source="127.0.0.2").get("/").json()["headers"])
    assert let_in["x-forwarded-for"] == "127.0.0.2"
    listener = instance.listener(443)
    stranger = Client(listener.bind_host, listener.published_port, "my-alb.localhost", ca=instance.ca)
    # It is let in by the system, but nobody answers; after the connect time-out (10 s, here 0.5 s) it is closed.
    with pytest.raises((OSError, EOFError)):
        stranger.get("/")
    clients = {line.split()[3].partition(":")[0] for line in instance.access_log.splitlines()}
    assert clients == {"127.0.0.2"}, "who was not let in leaves no line"
