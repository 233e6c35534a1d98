"""The request of a dry run: a URL, header lines and a client's address become the bytes that the client would send."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from simlb.core.actions import DEFAULT_PORTS
from simlb.errors import SimlbError

_IPV4_CLIENT, _IPV6_CLIENT = "127.0.0.1", "::1"
_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_LINE_END = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRequest:
    """What would be sent. `host` is the URL's, without port and brackets; `port` the one that would be dialled."""

    method: str
    url: str
    scheme: str
    host: str
    port: int
    client_ip: str
    data: bytes

    @classmethod
    def of(
        cls,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]] = (),
        *,
        client_ip: str | None = None,
        cookies: Sequence[str] = (),
    ) -> DryRequest:
        """A GET or another request as a plain client sends it: Host, User-Agent, Accept, then the given lines.

        Given fields take the place of those three. `cookies` are `name=value` pairs. Whatever can be sent is taken as
        it is, also what a load balancer refuses. Without `client_ip` the client is this machine, over IPv6 where the
        URL has such an address. Raises SimlbError E755 for what no client could send.
        """
        scheme, authority, target = _parts(url)
        host, port = _place(url, scheme, authority)
        if client_ip is None:
            client_ip = _IPV6_CLIENT if ":" in host else _IPV4_CLIENT
        given = list(headers)
        if cookies:
            given.append(("Cookie", "; ".join(cookies)))
        for what in (method, target, *(text for pair in given for text in pair)):
            if _LINE_END.search(what):
                raise _refused(f"{what!r} holds a line end: it would be another line of the request")
        if not method or " " in method:
            raise _refused(f"{method!r} is no method")
        try:
            ip_address(client_ip.partition("%")[0])
        except ValueError:
            raise _refused(f"'{client_ip}' is no address of a client", "--from 203.0.113.9") from None
        names = {name.strip().lower() for name, _ in given}
        shown = f"[{host}]" if ":" in host else host
        own = (
            ("Host", shown if port == DEFAULT_PORTS[scheme] else f"{shown}:{port}"),
            ("User-Agent", "simlb-explain"),
            ("Accept", "*/*"),
        )
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in own if name.lower() not in names]
        lines += [f"{name}: {value}" for name, value in given]
        data = "".join(f"{line}\r\n" for line in (*lines, "")).encode("utf-8", "surrogateescape")
        return cls(method=method, url=url, scheme=scheme, host=host, port=port, client_ip=client_ip, data=data)

    @property
    def server_name(self) -> str | None:
        """The name in the ClientHello; clients send none for an address (RFC 6066 3)."""
        try:
            ip_address(self.host)
        except ValueError:
            return self.host
        return None


def _parts(url: str) -> tuple[str, str, str]:
    match = _URL.fullmatch(url)
    if match is None:
        raise _refused(f"'{url}' is no URL that begins with http:// or https://", "https://shop.test/img/1")
    target = match[3]
    return match[1].lower(), match[2], target if target[:1] == "/" else f"/{target}"


def _place(url: str, scheme: str, authority: str) -> tuple[str, int]:
    if "@" in authority:
        raise _refused(f"'{url}' has a user in it", "-H 'Authorization: Basic ...'")
    try:
        split = urlsplit(f"//{authority}")
        host, port = split.hostname, split.port
    except ValueError as error:
        raise _refused(f"'{url}' is no URL: {error}") from None
    if not host:
        raise _refused(f"'{url}' names no host")
    return host, DEFAULT_PORTS[scheme] if port is None else port


def _refused(what: str, *hints: str) -> SimlbError:
    return SimlbError("E755", f"This request cannot be tried: {what}.", *hints)
