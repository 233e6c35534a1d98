"""Requests of the past, for sending them again: from what the ring keeps of them to where they would go now."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from typing import TYPE_CHECKING

from simlb.controlplane.replay_views import RequestView
from simlb.core.access_log import unquoted
from simlb.core.actions import DEFAULT_PORTS
from simlb.errors import SimlbError
from simlb.explain.finding import find_exchange

if TYPE_CHECKING:
    from simlb.app.application import App
    from simlb.dataplane.listener import OpenListener

CODE = "E746"
_BODYLESS = frozenset({b"GET", b"HEAD", b"OPTIONS", b"DELETE"})
"""Methods for which a body is not to be expected where the lines that would announce it are missing."""
_LINE_END = re.compile(rb"\r?\n")


class Replaying:
    """Implements `simlb.controlplane.replay_routes.ReplayDesk` for an application."""

    def __init__(self, app: App) -> None:
        self._app = app

    def request(self, ref: str) -> RequestView:
        """What it takes to send a request again. Raises SimlbError E746 for what cannot be sent, E750, E751."""
        observing = self._app.observing
        observing.recorder.flush()
        exchange = find_exchange(observing.ring, ref)
        whole = observing.ring.at(exchange.number)
        assert whole is not None, "it was there just now"
        line, kept, head = exchange.line, exchange.kept, exchange.head
        if kept is None or head is None:
            raise SimlbError(
                CODE, f"#{exchange.number} was no request: its client sent nothing that could be read as one."
            )
        if line.kind in {"ws", "wss"}:
            raise SimlbError(
                CODE,
                f"#{exchange.number} became a WebSocket: what went through it is not kept, so it cannot be replayed.",
            )
        port = kept.plan.port if kept.plan is not None else line.listener_port or DEFAULT_PORTS[line.scheme]
        load_balancer = observing.names.of(line.elb)
        listener = self._listener(exchange.number, load_balancer, port, is_tls=line.scheme == "https")
        fields = header_lines(head.fields.section)
        body = exchange.rare.body
        length = _announced(fields)
        ca_path = self._app.ca_path
        return RequestView(
            number=exchange.number,
            log_line=whole.line,
            load_balancer=load_balancer,
            scheme=line.scheme,
            port=port,
            address=_reachable(listener.host),
            published_port=listener.published_port,
            # An HTTPS listener answers plain HTTP as well, with a 400.
            is_tls=line.tls_protocol is not None,
            server_name=None if line.server_name is None else unquoted(line.server_name).decode("latin-1"),
            method=head.method.decode("latin-1"),
            uri=head.uri.decode("latin-1"),
            version=head.version.decode("latin-1"),
            lines=tuple(line.decode("latin-1") for line in fields),
            is_head_whole=not exchange.is_head_cut,
            has_body=length != 0 or body is not None or (exchange.is_head_cut and head.method not in _BODYLESS),
            body=None if body is None else b64encode(body.data).decode(),
            body_size=body.size if body is not None else length,
            is_body_whole=length == 0 if body is None else body.is_whole and length in {None, body.size},
            keep_bodies_bytes=self._app.compiled.settings.keep_bodies_bytes,
            target=None if kept.target is None else kept.target.target.name,
            ca_path=str(ca_path) if ca_path.exists() else None,
        )

    def _listener(self, number: int, load_balancer: str, port: int, *, is_tls: bool) -> OpenListener:
        node = self._app.nodes.get(load_balancer)
        listener = None if node is None else node.listeners.get(port)
        if listener is None or listener.is_tls != is_tls:
            was = f"{'HTTPS' if is_tls else 'HTTP'}:{port} of {load_balancer}"
            raise SimlbError(CODE, f"#{number} came to {was}, and there is no such listener any more.")
        return listener


def header_lines(section: bytes) -> list[bytes]:
    """The lines of a header section."""
    return [line for line in _LINE_END.split(section) if line]


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
