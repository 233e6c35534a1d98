"""Where targets may be: loopback, and what `allow_targets` names - never the link-local range of metadata services."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from simlb.config.problems import ADDRESS, UNRESOLVED, Refused
from simlb.core.model import IPNetwork

Resolver = Callable[[str], list[str]]
"""Addresses of a host name. Raises OSError when it has none."""

_METADATA = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))


def system_resolver(name: str) -> list[str]:
    """Ask the operating system for the addresses of `name`."""
    import socket

    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


@dataclass(frozen=True, slots=True)
class Located:
    """A target's address: `ip` is what the API and logs show, `dial_host` what is connected to."""

    scheme: str
    ip: str
    dial_host: str
    port: int


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Turns target URLs into addresses, or refuses them."""

    allowed: Sequence[IPNetwork]
    resolve: Resolver

    def locate(self, url: str) -> Located:
        """The address that `http://host:port` or `https://host:port` stands for. Raises Refused (E502, E506, E401)."""
        scheme, host, port = _parts(url)
        if host == "localhost" or host.endswith(".localhost"):
            # Development servers listen on 127.0.0.1, on ::1 or on both; "localhost" lets the dialler try both.
            return Located(scheme, "127.0.0.1", "localhost", port)
        try:
            addresses = [ipaddress.ip_address(host)]
        except ValueError:
            addresses = [ipaddress.ip_address(address.partition("%")[0]) for address in self._resolved(host)]
        plain = [getattr(address, "ipv4_mapped", None) or address for address in addresses]
        # One metadata address among a name's addresses is enough to refuse the name.
        for address in plain:
            if any(address in network for network in _METADATA):
                raise Refused(f"'{url}' is at {address}: link-local addresses are never targets", code=ADDRESS)
        for address in plain:
            if address.is_loopback or any(address in network for network in self.allowed):
                return Located(scheme, str(address), str(address), port)
        if plain[0].is_unspecified:
            raise Refused(f"'{url}' has no address to connect to", f"write {scheme}://127.0.0.1:{port}", code=ADDRESS)
        raise Refused(
            f"'{url}' is at {plain[0]}, which is not on this machine",
            f"to allow it: allow_targets: [{plain[0]}/{plain[0].max_prefixlen}]",
            code=ADDRESS,
        )

    def _resolved(self, host: str) -> list[str]:
        try:
            addresses = self.resolve(host)
        except (OSError, UnicodeError):
            # UnicodeError: a name that IDNA cannot encode.
            addresses = []
        if not addresses:
            raise Refused(f"'{host}' does not resolve here", code=UNRESOLVED)
        return addresses


_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}")


_PORTS = {"http": 80, "https": 443}


def _parts(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").removesuffix(".")
    except ValueError as error:
        raise Refused(f"'{url}' is not a URL: {error}") from None
    scheme = parts.scheme
    if scheme not in _PORTS or not host:
        written_out = url if _HOST_AND_PORT.fullmatch(url) else "127.0.0.1:3000"
        raise Refused(f"'{url}' is not a URL of a target", f"write it as http://{written_out}")
    if any(char <= " " or char == "\\" for char in url) or "@" in parts.netloc:
        raise Refused(f"'{url}' must be only {scheme}://host:port")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Refused(
            f"'{url}' must end after the port: requests keep their own path",
            "for the health check's path: health_check: {path: ...}, or --health PATH",
        )
    if port == 0:
        raise Refused(f"'{url}': port 0 is not a port to connect to")
    return scheme, host, port or _PORTS[scheme]
