"""The built-in client: one connection per request, verified TLS, no redirects unless asked for. Over `http.client`."""

from __future__ import annotations

import asyncio
import http.client
import io
import json as json_module
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin

from simlb.errors import SimlbError
from simlb.testing.messages import Headers, Response
from simlb.testing.routing import Routes, Split, split

TIMEOUT_S = 10.0
"""Real seconds."""
_REDIRECTS_MAX = 20
_REDIRECTING = frozenset({301, 302, 303, 307, 308})


class _Sent:
    """A request as it goes on the wire."""

    def __init__(
        self,
        routes: Routes,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None,
        params: Mapping[str, Any] | None,
        body: bytes | str | None,
        json: Any,
    ) -> None:
        if body is not None and json is not None:
            raise SimlbError("E690", "A request has one body: 'body' and 'json' exclude each other.")
        self.method = method.upper()
        self.url = routes.complete(url)
        if params:
            self.url += ("&" if "?" in self.url else "?") + urlencode(params)
        self.parts: Split = split(self.url)
        self.content = body.encode() if isinstance(body, str) else body or b""
        fields = {"Host": self.parts.netloc, "User-Agent": "simlb-testing", "Accept": "*/*"}
        if json is not None:
            self.content = json_module.dumps(json).encode()
            fields["Content-Type"] = "application/json"
        given = {name.lower() for name in headers or {}}
        if "transfer-encoding" not in given and (self.content or self.method in {"POST", "PUT", "PATCH"}):
            fields["Content-Length"] = str(len(self.content))
        self.headers = {name: value for name, value in fields.items() if name.lower() not in given}
        self.headers |= dict(headers or {})
        self.headers["Connection"] = "close"

    def to_bytes(self) -> bytes:
        lines = [f"{self.method} {self.parts.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.content


class _Received:
    """Bytes that `http.client` reads as if they came from a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._content)


def _response(sent: _Sent | Bytes, content: bytes, began: float) -> Response:
    if not content:
        raise ConnectionResetError(f"{sent.method} {sent.url}: the connection was closed without an answer")
    read = http.client.HTTPResponse(_Received(content), method=sent.method)  # type: ignore[arg-type]
    read.begin()
    return Response(
        url=sent.url,
        status_code=read.status,
        reason=read.reason,
        headers=Headers(read.getheaders()),
        content=read.read(),
        elapsed_s=time.monotonic() - began,
    )


class Bytes:
    """A request that is ready to be sent, bytes and all: what a replay sends."""

    def __init__(self, method: str, url: str, content: bytes, *, address: tuple[str, int], server_name: str) -> None:
        self.method = method
        self.url = url
        self.content = content
        self.address = address
        self.server_name = server_name
        self.is_tls = url.startswith("https:")


class Client:
    """Blocking requests to one load balancer, from any thread but its own loop's."""

    def __init__(self, routes: Callable[[], Routes], refuse_blocking: Callable[[str, str], None]) -> None:
        """`routes` is asked for every request; `refuse_blocking` raises where it would wait for itself."""
        self._routes = routes
        self._refuse_blocking = refuse_blocking

    def get(self, url: str, **options: Any) -> Response:
        """GET, see `request`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """POST, see `request`."""
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        timeout: float = TIMEOUT_S,
        follow_redirects: bool = False,
    ) -> Response:
        """One request: `url` is a path on the first listener, or a whole URL with any host name.

        `timeout` is in real seconds. Raises OSErrors as they come (ConnectionRefusedError, ssl.SSLError,
        TimeoutError), and SimlbError E693 on the load balancer's own loop.
        """
        self._refuse_blocking(f"{method} {url}", "await lb.aget(...) or lb.arequest(...)")
        routes = self._routes()
        for _ in range(_REDIRECTS_MAX if follow_redirects else 1):
            sent = _Sent(routes, method, url, headers=headers, params=params, body=body, json=json)
            response = self._send(routes, sent, timeout)
            following = _redirect(response)
            if following is None:
                break
            url, params = following, None
            if response.status_code == 303:
                method, body, json = "GET", None, None
        return response

    def send(self, request: Bytes, timeout_s: float) -> Response:
        """Send a request as it is. Raises OSErrors as they come."""
        self._refuse_blocking(
            f"{request.method} {request.url}", "a thread of its own: asyncio.to_thread(lb.replay, ...)"
        )
        began = time.monotonic()
        with socket.create_connection(request.address, timeout_s) as raw:
            if not request.is_tls:
                return _response(request, _exchange(raw, request.content), began)
            tls = self._routes().tls
            with tls.wrap_socket(raw, server_hostname=request.server_name) as secured:
                return _response(request, _exchange(secured, request.content), began)

    @staticmethod
    def _send(routes: Routes, sent: _Sent, timeout: float) -> Response:
        began = time.monotonic()
        parts = sent.parts
        with socket.create_connection(routes.place(parts.host, parts.port), timeout) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if parts.scheme == "http":
                return _response(sent, _exchange(raw, sent.to_bytes()), began)
            with routes.tls.wrap_socket(raw, server_hostname=parts.host) as secured:
                return _response(sent, _exchange(secured, sent.to_bytes()), began)


def _exchange(sock: socket.socket, request: bytes) -> bytes:
    sock.sendall(request)
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def _redirect(response: Response) -> str | None:
    location = response.headers.get("location")
    if response.status_code not in _REDIRECTING or location is None:
        return None
    return urljoin(response.url, location)


async def arequest(
    routes: Routes,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    timeout: float = TIMEOUT_S,  # noqa: ASYNC109 - it is what the blocking client calls it
) -> Response:
    """One request on the running loop, like `Client.request`."""
    sent = _Sent(routes, method, url, headers=headers, params=params, body=body, json=json)
    host, port = routes.place(sent.parts.host, sent.parts.port)
    began = time.monotonic()
    async with asyncio.timeout(timeout):
        is_tls = sent.parts.scheme == "https"
        reader, writer = await asyncio.open_connection(
            host, port, ssl=routes.tls if is_tls else None, server_hostname=sent.parts.host if is_tls else None
        )
        try:
            writer.write(sent.to_bytes())
            content = await reader.read()
        finally:
            writer.transport.abort()
    return _response(sent, content, began)
