"""A `requests.Session` for the load balancer under test. Imported where requests is installed."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from simlb.testing.routing import Routes
from simlb.testing.sessions import RefuseBlocking

_DEFAULT_PORTS = {"http": 80, "https": 443}


def new_session(routes: Routes, ca_path: str, refuse_blocking: RefuseBlocking) -> requests.Session:
    """Every host name leads to the load balancer; `ca_path` is the CA that it trusts."""
    session = _Session()
    adapter = _adapter(routes, refuse_blocking)
    for scheme in _DEFAULT_PORTS:
        session.mount(f"{scheme}://", adapter)
    session.verify = ca_path
    session.trust_env = False
    return session


class _Session(requests.Session):
    """Follows redirects as browsers do: `:443` in an https Location, which AWS writes, is not part of the URL."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        location = super().get_redirect_target(resp)
        if location is None:
            return None
        parts = urlsplit(location)
        if parts.port is not None and parts.port == _DEFAULT_PORTS.get(parts.scheme):
            parts = parts._replace(netloc=parts.netloc.rpartition(":")[0])
        return urlunsplit(parts)


def _adapter(routes: Routes, refuse_blocking: RefuseBlocking) -> HTTPAdapter:
    def connect(host: str, port: int | None, timeout: Any) -> socket.socket:
        refuse_blocking("A request of this session", "lb.aget(), lb.httpx_async_client() or lb.aiohttp_session()")
        sock = urllib3.util.connection.create_connection(routes.place(host, port or 80), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _coded(self, lambda: connect(self.host, self.port, self.timeout))

    class Secured(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _coded(self, lambda: connect(self.host, self.port or 443, self.timeout))

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecuredPool(HTTPSConnectionPool):
        ConnectionCls = Secured

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecuredPool}

    return Adapter()


def _coded(connection: HTTPConnection, connect: Any) -> socket.socket:
    """urllib3's own exceptions, which requests turns into its own."""
    try:
        sock: socket.socket = connect()
    except TimeoutError as error:
        raise urllib3.exceptions.ConnectTimeoutError(connection, str(error)) from error
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(connection, str(error)) from error
    return sock
