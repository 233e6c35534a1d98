"""One HTTP/1.1 client connection of a load: sends a request, reads its answer, tells its owner."""

from __future__ import annotations

import asyncio
import errno
import ssl
from typing import Protocol, cast

from simlb.errors import SimlbError
from simlb.load.answer import AnswerReader
from simlb.load.destination import Order
from simlb.load.result import ErrorKind
from simlb.wire.h1_response import ResponseParser
from simlb.wire.response import ResponseHead

# X509_V_ERR_* of OpenSSL's x509_vfy.h, as its verification reports them.
_TLS_KINDS = {
    2: ErrorKind.TLS_UNTRUSTED,  # unable to get issuer certificate
    10: ErrorKind.TLS_EXPIRED,
    18: ErrorKind.TLS_UNTRUSTED,  # self-signed certificate
    19: ErrorKind.TLS_UNTRUSTED,  # self-signed certificate in chain
    20: ErrorKind.TLS_UNTRUSTED,  # unable to get local issuer certificate
    21: ErrorKind.TLS_UNTRUSTED,  # unable to verify the first certificate
    62: ErrorKind.TLS_NAME,  # host name mismatch
    64: ErrorKind.TLS_NAME,  # IP address mismatch
}
_OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM})


class Request:
    """A request under way. `due_s` is when it was meant to start, as in its row; other times are `time.monotonic`."""

    __slots__ = ("began", "connecting", "connection", "deadline", "due_s", "is_done", "is_reused", "number")

    def __init__(self, number: int, due_s: float, began: float, deadline: float) -> None:
        """`began` is what its latency counts from."""
        self.number = number
        self.due_s = due_s
        self.began = began
        self.deadline = deadline
        self.is_done = False
        self.is_reused = False
        self.connection: Connection | None = None
        self.connecting: asyncio.Task[None] | None = None


class Owner(Protocol):
    """Who sends requests over connections."""

    parser: ResponseParser

    def answered(self, request: Request, head: ResponseHead) -> None:
        """The answer is whole."""

    def failed(self, request: Request, kind: ErrorKind, *, is_untouched: bool) -> None:
        """There will be none; `is_untouched` when nothing of it has arrived."""

    def put_back(self, connection: Connection) -> None:
        """The connection can serve again."""


class Connection(asyncio.Protocol):
    """A connection that stands. `send` only while it `is_idle`."""

    __slots__ = ("_owner", "_reader", "_request", "has_served", "transport")

    transport: asyncio.Transport

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._reader = AnswerReader(owner.parser)
        self._request: Request | None = None
        self.has_served = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected, and through with TLS."""
        self.transport = cast("asyncio.Transport", transport)

    @property
    def is_usable(self) -> bool:
        """Whether another request may go over it."""
        return self._reader.is_reusable and not self.transport.is_closing()

    def send(self, request: Request, method: bytes, data: bytes) -> None:
        """Send a whole request."""
        self._request = request
        self._reader.begin(method)
        request.connection = self
        request.is_reused = self.has_served
        self.has_served = True
        self.transport.write(data)

    def abandon(self) -> None:
        """Close at once; nobody is told."""
        self._request = None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        reader = self._reader
        reader.feed(data)
        if reader.has_failed:
            self._fail(ErrorKind.MALFORMED)
        elif self._request is not None and reader.is_done:
            self._answered()

    def eof_received(self) -> bool:
        """The load balancer sends no more."""
        if self._reader.at_end():
            self._answered()
        else:
            self._fail(ErrorKind.CLOSED)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._reader.is_reusable = False
        self._fail(ErrorKind.CLOSED if exc is None or isinstance(exc, ssl.SSLError) else ErrorKind.RESET)

    def _answered(self) -> None:
        request, self._request = self._request, None
        head = self._reader.head
        assert request is not None
        assert head is not None
        # Answered before the body was read: what is left of it would be taken for the next request.
        if self.is_usable and not self.transport.get_write_buffer_size():
            self._owner.put_back(self)
        else:
            self.transport.abort()
        self._owner.answered(request, head)

    def _fail(self, kind: ErrorKind) -> None:
        request, self._request = self._request, None
        self._reader.is_reusable = False
        self.transport.abort()
        if request is not None:
            self._owner.failed(request, kind, is_untouched=not self._reader.has_begun)


def connect_error(error: OSError) -> ErrorKind:
    """What kept a connection from being made, TLS included."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _TLS_KINDS.get(error.verify_code, ErrorKind.TLS_OTHER)
    if isinstance(error, ssl.SSLError):
        return ErrorKind.TLS_OTHER
    if isinstance(error, ConnectionRefusedError):
        return ErrorKind.CONNECT_REFUSED
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return ErrorKind.RESET  # within the handshake
    if isinstance(error, TimeoutError):
        return ErrorKind.CONNECT_TIMEOUT  # the system's own
    return ErrorKind.EXHAUSTED if error.errno in _OWN_LIMITS else ErrorKind.CONNECT_REFUSED


def tls_context(order: Order) -> ssl.SSLContext | None:
    """How the connections of a load verify certificates; None for plain HTTP. Raises SimlbError E658 for a bad CA."""
    if not order.destination.is_tls:
        return None
    try:
        context = ssl.create_default_context(cadata=order.destination.ca_pem)
    except (ssl.SSLError, ValueError) as error:
        raise SimlbError(
            "E658", f"The CA to verify with holds no certificate: {error}.", "→ the CA's certificate, in PEM"
        ) from None
    if order.plan.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
