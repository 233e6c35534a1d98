"""The rows of the table: which load, at how many connections, and what simlb is to reach there."""

from __future__ import annotations

from dataclasses import dataclass

from bench import clients, routing
from bench.clients import Load
from bench.proxies import Proxy

SIMLB, CONTROL, NGINX, HAPROXY, AIOHTTP = "simlb", "control", "nginx", "haproxy", "aiohttp"
ONE_RULE, HUNDRED_RULES = "one-rule", "hundred-rules"
USUAL = (SIMLB, CONTROL, NGINX, HAPROXY)
WITH_NAIVE = (*USUAL, AIOHTTP)

RUN_S = 1
P99_GOAL = 2.2
"""How many times nginx's p99 simlb's may be, in rows that say so."""
NAIVE_GOAL = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One load. `goal` is the least capacity relative to nginx (its CPU time per request over simlb's)."""

    name: str
    title: str
    connections: int
    path: str = "/"
    tls: bool = False
    headers: tuple[str, ...] = ()
    script: str | None = None
    is_handshakes: bool = False
    proxies: tuple[str, ...] = USUAL
    goal: float | None = None
    limits_p99: bool = False
    is_minor: bool = False
    """Fewer rounds: no goal hangs on it."""

    @property
    def is_routing(self) -> bool:
        """simlb with few rules beside simlb with many: no other proxy takes part."""
        return HUNDRED_RULES in self.proxies

    def run(self, proxy: Proxy) -> Load:
        """Put the load on a proxy for one round."""
        if self.is_handshakes:
            address = f"127.0.0.1:{proxy.tls_port}"
            return clients.s_time(address, connections=self.connections, duration_s=RUN_S)
        return clients.wrk(
            proxy.url(self.path, tls=self.tls),
            connections=self.connections,
            duration_s=RUN_S,
            headers=self.headers,
            script=self.script,
        )


_TWO = ("Accept: */*",)  # wrk itself sends Host
_NEW = ("Accept: */*", "Connection: close")

ROWS = (
    Row(name="small-1", title="200 B, 2-header head, c=1", connections=1, headers=_TWO, is_minor=True),
    Row(
        name="small-64",
        title="200 B, 2-header head, c=64",
        connections=64,
        headers=_TWO,
        proxies=WITH_NAIVE,
        goal=0.5,
        limits_p99=True,
    ),
    Row(name="small-256", title="200 B, 2-header head, c=256", connections=256, headers=_TWO, is_minor=True),
    Row(name="browser-1", title="200 B, browser's head, c=1", connections=1, script="browser.lua", is_minor=True),
    Row(
        name="browser-64",
        title="200 B, browser's head, c=64",
        connections=64,
        script="browser.lua",
        proxies=WITH_NAIVE,
        goal=0.5,
        limits_p99=True,
    ),
    Row(name="browser-256", title="200 B, browser's head, c=256", connections=256, script="browser.lua", is_minor=True),
    Row(name="10k", title="10 kB, c=64", connections=64, path="/10k", headers=_TWO, is_minor=True),
    Row(name="1m-down", title="1 MB down, c=16", connections=16, path="/1m", headers=_TWO, goal=1.0),
    Row(name="1m-up", title="1 MB up, c=16", connections=16, script="upload.lua", goal=1.0),
    Row(
        name="tls",
        title="TLS 1.3 keep-alive, 200 B, c=64",
        connections=64,
        tls=True,
        headers=_TWO,
        proxies=WITH_NAIVE,
        goal=0.55,
        limits_p99=True,
    ),
    Row(
        name="handshakes",
        title="TLS 1.3 handshake each, no resumption, c=3",
        connections=3,
        tls=True,
        is_handshakes=True,
        goal=0.8,
    ),
    Row(name="connections", title="new connection each, c=64", connections=64, headers=_NEW),
    Row(
        name="rules",
        title="100 rules, 5 groups, 1,000 targets",
        connections=64,
        script=routing.SCRIPT,
        proxies=(ONE_RULE, HUNDRED_RULES),
    ),
)
