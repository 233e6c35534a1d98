"""Sessions of well-known HTTP libraries, whose every host name leads to the load balancer under test.

They trust the test CA alone, keep Host and TLS server name as in the URL, and take no proxy from the environment. The
libraries are imported when a session is asked for.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from simlb.errors import SimlbError

if TYPE_CHECKING:
    import aiohttp
    import httpx
    import requests

    from simlb.testing.routing import Routes

RefuseBlocking = Callable[[str, str], None]


def _import(name: str, method: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise SimlbError(
            "E695",
            f"lb.{method}() gives a session of {name}, which is not installed.",
            f"pip install {name}",
            "without it: lb.get(), lb.post(), lb.request(); in async code: lb.aget(), lb.arequest()",
        ) from None


def requests_session(routes: Routes, ca_path: str, refuse_blocking: RefuseBlocking) -> requests.Session:
    """A `requests.Session`. Raises SimlbError E695 when requests is not installed."""
    requests = _import("requests", "session")
    from simlb.testing.requests_session import new_session

    assert requests is not None
    return new_session(routes, ca_path, refuse_blocking)


def httpx_client(routes: Routes, refuse_blocking: RefuseBlocking, **options: Any) -> httpx.Client:
    """An `httpx.Client`. Raises SimlbError E695 when httpx is not installed."""
    _import("httpx", "httpx_client")
    import httpx

    from simlb.testing.httpx_client import BlockingTransport

    return httpx.Client(transport=BlockingTransport(routes, refuse_blocking), trust_env=False, **options)


def httpx_async_client(routes: Routes, **options: Any) -> httpx.AsyncClient:
    """An `httpx.AsyncClient`. Raises SimlbError E695 when httpx is not installed."""
    _import("httpx", "httpx_async_client")
    import httpx

    from simlb.testing.httpx_client import AsyncTransport

    return httpx.AsyncClient(transport=AsyncTransport(routes), trust_env=False, **options)


def aiohttp_session(routes: Routes, **options: Any) -> aiohttp.ClientSession:
    """An `aiohttp.ClientSession`, on the running loop. Raises SimlbError E695 when aiohttp is not installed."""
    _import("aiohttp", "aiohttp_session")
    import aiohttp
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        """Every name leads to the listener of the port."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            address, published = routes.place(host, port)
            return [ResolveResult(hostname=host, host=address, port=published, family=socket.AF_INET, proto=0, flags=0)]

        async def close(self) -> None:
            """Nothing is kept."""

    # No cache of answers: it goes by host alone, and two ports of one host are two places.
    connector = aiohttp.TCPConnector(resolver=Resolver(), ssl=routes.tls, use_dns_cache=False)
    return aiohttp.ClientSession(connector=connector, trust_env=False, **options)
