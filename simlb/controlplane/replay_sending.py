"""Sending a request to a listener, and reading what comes back: one connection, nothing but the standard library."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass

from simlb.controlplane.replay_views import RequestView
from simlb.errors import SimlbError

CODE = "E747"
_PIECE_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client saw. `status` is None when the connection ended without an answer, and `error` says how.

    `client` is this client as the access log names it, `seconds` the time until the whole answer was here.
    """

    status: int | None
    error: str | None
    client: str
    seconds: float


def send(view: RequestView, data: bytes, *, timeout_s: float, verifies: bool) -> Answer:
    """Send `data` to the listener. Raises SimlbError E747 when no connection to it comes about."""
    place = f"{view.address}:{view.published_port}"
    began = time.monotonic()
    try:
        sock: socket.socket = socket.create_connection((view.address, view.published_port), timeout_s)
    except OSError as error:
        raise SimlbError(
            CODE,
            f"No connection to {place}: {error.strerror or error}.",
            "how the listener stands: simlb status",
        ) from None
    try:
        sock.settimeout(timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = "{}:{}".format(*sock.getsockname()[:2])
        if view.is_tls:
            sock = _secured(sock, view, place, verifies=verifies)
        status, error_words = _exchange(sock, data, view.method, began + timeout_s)
    finally:
        sock.close()
    return Answer(status, error_words, client, time.monotonic() - began)


def _secured(sock: socket.socket, view: RequestView, place: str, *, verifies: bool) -> socket.socket:
    context = ssl.create_default_context()
    if view.ca_path is not None:
        context.load_verify_locations(view.ca_path)
    # A client that asked for no name did not verify any.
    context.check_hostname = verifies and view.server_name is not None
    context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    try:
        return context.wrap_socket(sock, server_hostname=view.server_name)
    except (OSError, ValueError) as error:
        words = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error
        raise SimlbError(
            CODE,
            f"TLS with {place} failed: {words}.",
            "the certificate is not the local CA's, or for another name? Do not verify it: --insecure",
        ) from None


def _exchange(sock: socket.socket, data: bytes, method: str, until: float) -> tuple[int | None, str | None]:
    try:
        sock.sendall(data)
    except TimeoutError:
        return None, "the request could not be sent in time"
    except OSError:
        # Refused before it was whole: the answer may be here all the same.
        pass
    response = http.client.HTTPResponse(sock, method=method)
    status: int | None = None
    try:
        response.begin()
        status = response.status
        while response.read1(_PIECE_BYTES):
            if time.monotonic() > until:
                return status, "the answer did not end in time"
        if response.length:
            return status, "the answer was cut"
    except TimeoutError:
        return status, "no answer in time" if status is None else "the answer did not end in time"
    except (OSError, http.client.HTTPException):
        return status, "closed without an answer" if status is None else "the answer was cut"
    finally:
        response.close()
    return status, None
