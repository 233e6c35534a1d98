"""Where clients of a load balancer under test really connect to: any host name, a listener's port, its socket."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

from simlb.errors import SimlbError

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Entrance:
    """One listener: its port, its scheme, and where its socket is."""

    port: int
    scheme: str
    host: str
    published_port: int


class Routes:
    """Every listener, and the CA that its certificates come from."""

    def __init__(self, name: str, entrances: Callable[[], tuple[Entrance, ...]], ca_pem: bytes) -> None:
        """`entrances` is asked each time, from the thread of whoever has a request."""
        self._name = name
        self._entrances = entrances
        self._ca_pem = ca_pem

    @property
    def entrances(self) -> tuple[Entrance, ...]:
        """The listeners that there are now."""
        return self._entrances()

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """A client context that trusts the test CA, and nothing else."""
        return ssl.create_default_context(cadata=self._ca_pem.decode())

    def url(self, listener: str | int | None, path: str) -> str:
        """`http://127.0.0.1:PORT/path` of a listener: by scheme, by port, or the first. Raises SimlbError E696."""
        found = self.entrance(listener)
        return f"{found.scheme}://{found.host}:{found.published_port}{path}"

    def entrance(self, listener: str | int | None) -> Entrance:
        """A listener by scheme, by port, or the first one. Raises SimlbError E696."""
        for entrance in self.entrances:
            if listener is None or listener in {entrance.scheme, entrance.port}:
                return entrance
        wanted = "" if listener is None else f" '{listener}'" if isinstance(listener, str) else f" on port {listener}"
        raise SimlbError("E696", f"Load balancer '{self._name}' has no listener{wanted}.", self._known())

    def place(self, host: str, port: int) -> tuple[str, int]:
        """Where a connection to `host` and `port` goes. Raises ConnectionRefusedError where nothing listens."""
        for entrance in self.entrances:
            # A loopback address with the socket's own port is what `url` gives.
            if port == entrance.port or (port == entrance.published_port and is_loopback(host)):
                return entrance.host, entrance.published_port
        raise ConnectionRefusedError(
            errno.ECONNREFUSED,
            f"load balancer '{self._name}' has no listener on port {port}, and its clients connect to nothing else "
            f"({self._known()})",
        )

    def complete(self, url: str) -> str:
        """A URL as it is, a path on the first listener."""
        return url if "://" in url else self.url(None, url if url.startswith("/") else f"/{url}")

    def _known(self) -> str:
        known = ", ".join(f"{entrance.scheme} on {entrance.port}" for entrance in self.entrances)
        return f"it has: {known}" if known else "it has none: alb.listen(80)"


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a URL that a client needs."""

    scheme: str
    host: str
    port: int
    netloc: str
    target: str


def split(url: str) -> Split:
    """Take a URL apart. Raises SimlbError E690 for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SimlbError("E690", f"'{url}' is not a URL: {error}.") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise SimlbError("E690", f"'{url}' is not a URL.", "http://host/path, https://host/path, or a path")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Split(
        parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], parts.netloc.rpartition("@")[2], target
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its address, or `localhost`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
