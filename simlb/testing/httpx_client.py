"""Transports for httpx. Imported where httpx is installed.

Connections are kept by origin, which is the socket's address here: so each host has a transport of its own, or one
host's TLS session would be used for another's requests.
"""

from __future__ import annotations

import httpx

from simlb.testing.routing import Routes
from simlb.testing.sessions import RefuseBlocking

_Origin = tuple[str, str, int]
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _origin(request: httpx.Request) -> _Origin:
    url = request.url
    return url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme, 0)


def _routed(routes: Routes, request: httpx.Request) -> httpx.Request:
    """The same request to where the listener really is; its Host field stays, and the TLS server name is the host."""
    _, host, port = _origin(request)
    try:
        address, published = routes.place(host, port)
    except ConnectionRefusedError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address, port=published),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


class BlockingTransport(httpx.BaseTransport):
    """For `httpx.Client`."""

    def __init__(self, routes: Routes, refuse_blocking: RefuseBlocking) -> None:
        self._routes = routes
        self._refuse_blocking = refuse_blocking
        self._by_origin: dict[_Origin, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on."""
        self._refuse_blocking("A request of this client", "lb.httpx_async_client()")
        routed = _routed(self._routes, request)
        origin = _origin(request)
        if origin not in self._by_origin:
            self._by_origin[origin] = httpx.HTTPTransport(verify=self._routes.tls, trust_env=False)
        return self._by_origin[origin].handle_request(routed)

    def close(self) -> None:
        """Close what is kept."""
        for transport in self._by_origin.values():
            transport.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._by_origin: dict[_Origin, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on."""
        routed = _routed(self._routes, request)
        origin = _origin(request)
        if origin not in self._by_origin:
            self._by_origin[origin] = httpx.AsyncHTTPTransport(verify=self._routes.tls, trust_env=False)
        return await self._by_origin[origin].handle_async_request(routed)

    async def aclose(self) -> None:
        """Close what is kept."""
        for transport in self._by_origin.values():
            await transport.aclose()
