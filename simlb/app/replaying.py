"""Requests of the past, for sending them again: from what the ring keeps of them to where they would go now."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from typing import TYPE_CHECKING

from simlb.app.exchange_refs import find_exchange
from simlb.controlplane.replay_views import RequestView
from simlb.core.access_log import unquoted
from simlb.core.actions import DEFAULT_PORTS
from simlb.core.forwarding import split_host
from simlb.dataplane.exchange import Kept
from simlb.errors import SimlbError
from simlb.observe.log_fields import request_words, split

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.listener import OpenListener

CODE = "E746"
_BODYLESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
"""Methods for which a body is not to be expected where the lines that would announce it are missing."""
_LINE_END = re.compile(rb"\r?\n")
_URL = re.compile(rb"(https?)://(\[[^\]]*\]|[^:/?#]*):([0-9]{1,5})(.*)", re.DOTALL)


class Replaying:
    """Implements `simlb.controlplane.replay_routes.ReplayDesk` for an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    def request(self, ref: str) -> RequestView:
        """What it takes to send a request again. Raises SimlbError E743 for none, E746 for what cannot be sent."""
        observing = self._app.observing
        observing.recorder.flush()
        exchange = find_exchange(observing.ring, ref)
        words = split(exchange.line)
        method, url, version = request_words(words[12])
        if exchange.kept is None or method == "-":
            raise SimlbError(
                CODE, f"#{exchange.number} was no request: its client sent nothing that could be read as one."
            )
        if words[0] in {"ws", "wss"}:
            raise SimlbError(
                CODE,
                f"#{exchange.number} became a WebSocket: what went through it is not kept, so it cannot be replayed.",
            )
        kept = Kept(*exchange.kept)
        load_balancer = words[2].split("/")[1]
        rare = kept.rare
        is_head_whole = rare is None or rare.values is None
        fields = header_fields(kept.section)
        if not is_head_whole:
            # The last of them was cut somewhere.
            fields.pop()
        uri, port = _target_of(unquoted(url), fields, self._dns_name(load_balancer))
        if kept.plan is not None:
            port = kept.plan.port
        listener = self._listener(exchange.number, load_balancer, port, is_tls=words[0] != "http")
        body = None if rare is None else rare.body
        length = _announced(fields)
        ca_path = self._app.ca_path
        return RequestView(
            number=exchange.number,
            log_line=exchange.line,
            load_balancer=load_balancer,
            scheme="https" if listener.is_tls else "http",
            port=port,
            address=_reachable(listener.host),
            published_port=listener.published_port,
            # An HTTPS listener answers plain HTTP as well, with a 400.
            is_tls=words[15] != "-",
            server_name=None if words[18] == "-" else unquoted(words[18]).decode("latin-1"),
            method=unquoted(method).decode("latin-1"),
            uri=uri.decode("latin-1"),
            version=unquoted(version).decode("latin-1"),
            lines=tuple(line.decode("latin-1") for line in fields),
            is_head_whole=is_head_whole,
            has_body=length != 0 or body is not None or (not is_head_whole and method not in _BODYLESS),
            body=None if body is None else b64encode(body.data).decode(),
            body_size=body.size if body is not None else length,
            is_body_whole=length == 0 if body is None else body.is_whole and length in {None, body.size},
            keep_bodies_bytes=self._app.compiled.settings.keep_bodies_bytes,
            target=None if kept.target is None else kept.target.target.name,
            ca_path=str(ca_path) if ca_path.exists() else None,
        )

    def _dns_name(self, load_balancer: str) -> bytes:
        known = (one.dns_name for one in self._app.configuration.load_balancers if one.name == load_balancer)
        return next(known, "").encode()

    def _listener(self, number: int, load_balancer: str, port: int, *, is_tls: bool) -> OpenListener:
        node = self._app.nodes.get(load_balancer)
        listener = None if node is None else node.listeners.get(port)
        if listener is None or listener.is_tls != is_tls:
            was = f"{'HTTPS' if is_tls else 'HTTP'}:{port} of {load_balancer}"
            raise SimlbError(CODE, f"#{number} came to {was}, and there is no such listener any more.")
        return listener


def header_fields(section: bytes) -> list[bytes]:
    """The lines of a header section."""
    return [line for line in _LINE_END.split(section) if line]


def _target_of(url: bytes, lines: list[bytes], dns_name: bytes) -> tuple[bytes, int]:
    """What the request line asked for, and the listener's port, from the log's URL.

    The log writes the same for `/x` and for `http://shop.test:80/x` with that Host: then it is taken for `/x`, which
    means the same (RFC 9112 3.2.2). Without a valid Host the log has the load balancer's own name.
    """
    match = _URL.fullmatch(url)
    if match is None:
        return url, DEFAULT_PORTS["https" if url[:6] == b"https:" else "http"]
    named = {dns_name}
    for name, value in map(_field, lines):
        if name == b"host" and (host := split_host(value)) is not None:
            named.add(host[0])
    return (match[4] if match[2].lower() in named else url), int(match[3])


def _field(line: bytes) -> tuple[bytes, bytes]:
    """Name in lower case, and value."""
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _announced(lines: list[bytes]) -> int | None:
    """The length of the body that a head announces; None for one that ends by itself."""
    length = 0
    for name, value in map(_field, lines):
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and value.isdigit():
            length = int(value[:18])
    return length


def _reachable(host: str) -> str:
    """An address to connect to: listening everywhere includes loopback."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"
    return str(address)
