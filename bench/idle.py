"""Memory: a proxy at rest, and what a thousand idle keep-alive connections add to it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import clients, system
from bench.proxies import Proxy, Setting

CONNECTIONS = 1000
SETTLED_S = 1.5
"""The sweep and the log's flush have passed by then."""

_REQUEST = b"GET / HTTP/1.1\r\nHost: shop.localhost\r\nAccept: */*\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Proportional set sizes: in kB, and in kB for each connection. `served_kb` is after 10,000 requests and more."""

    fresh_kb: int
    served_kb: int
    plain_kb: float
    tls_kb: float


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _open(port: int, context: ssl.SSLContext | None) -> socket.socket:
    """A connection that has had one response and is now idle."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=10)
    if context is not None:
        stream = context.wrap_socket(stream, server_hostname="shop.localhost")
    stream.sendall(_REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < 200:
        data = stream.recv(4096)
        if not data:
            raise RuntimeError("the proxy closed a connection that should have stayed")
        answer += data
    return stream


def _per_connection_kb(proxy: Proxy, *, tls: bool) -> float:
    time.sleep(SETTLED_S)
    before = system.pss_kb(proxy.pid)
    context = _context() if tls else None
    port = proxy.tls_port if tls else proxy.port
    streams = [_open(port, context) for _ in range(CONNECTIONS)]
    try:
        time.sleep(SETTLED_S)
        return (system.pss_kb(proxy.pid) - before) / CONNECTIONS
    finally:
        for stream in streams:
            stream.close()


def measure(start: Callable[[Setting], Proxy], setting: Setting) -> Memory:
    """Two fresh processes, one for each kind of connection. Traffic comes first, so that what is kept of it is full."""
    kinds: dict[bool, float] = {}
    fresh = served = 0
    for tls in (False, True):
        proxy = start(setting)
        try:
            if not tls:
                time.sleep(SETTLED_S)
                fresh = system.pss_kb(proxy.pid)
            done = 0
            while done < 12_000:
                done += clients.wrk(proxy.url("/", tls=tls), connections=4, duration_s=1).requests
            if not tls:
                time.sleep(SETTLED_S)
                served = system.pss_kb(proxy.pid)
            kinds[tls] = _per_connection_kb(proxy, tls=tls)
        finally:
            proxy.stop()
    return Memory(fresh_kb=fresh, served_kb=served, plain_kb=kinds[False], tls_kb=kinds[True])
