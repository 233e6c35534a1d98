"""TLS over memory buffers, between a TCP transport and a client codec.

It is the protocol of the real transport and the transport of the codec. Compared with the event loops' own TLS it costs
about a quarter less CPU for small responses, a fraction of the memory for idle connections (16 kB against 275 kB on
asyncio), and it reads the ClientHello before choosing a certificate. The handshake itself is OpenSSL's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from typing import TYPE_CHECKING, Any, cast

from simlb.core.connection_log import SUCCESS, UNMAPPED
from simlb.core.ssl_policies import SslPolicy
from simlb.dataplane.h1_client import H1ClientConnection
from simlb.errors import SimlbError
from simlb.wire.client_hello import NotTls, read_client_hello
from simlb.wire.server_hello import negotiated_group

if TYPE_CHECKING:
    from simlb.core.connection_log import ClientCertificate
    from simlb.dataplane.listener import OpenListener
    from simlb.dataplane.mutual_tls import MutualConnection

READ_BYTES = 64 * 1024
_HELLO, _HANDSHAKE, _OPEN, _CLOSED = range(4)


class TlsLayer(asyncio.Transport, asyncio.Protocol):
    """One TLS connection from a client."""

    __slots__ = (
        "_accepted_at",
        "_began_at",
        "_has_sent_close",
        "_held_bytes",
        "_hello",
        "_incoming",
        "_is_paused",
        "_listener",
        "_node",
        "_outgoing",
        "_protocol",
        "_raw",
        "_state",
        "_tls",
        "certificate_arn",
        "handshake_s",
        "key_exchange",
        "mutual",
        "server_name",
        "version",
    )

    _raw: asyncio.Transport
    _tls: ssl.SSLObject | MutualConnection
    _protocol: H1ClientConnection

    def __init__(self, listener: OpenListener) -> None:
        super().__init__()
        self._listener = listener
        self._node = listener.node
        self._state = _HELLO
        self._hello = b""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._is_paused = False
        self._has_sent_close = False
        self._held_bytes = 0
        self._began_at = 0.0
        self._accepted_at = 0.0
        self.handshake_s = 0.0
        """From the accepted connection to the end of the handshake, in real seconds."""
        self.key_exchange: str | None = None
        """The negotiated group, looked for only where a connection log shows it."""
        self.version = "-"
        """The negotiated protocol version, `TLSv1.3`."""
        self.server_name: str | None = None
        self.certificate_arn: str | None = None
        self.mutual: MutualConnection | None = None
        """The session, on a listener that asks for its clients' certificates."""

    # -- protocol of the TCP transport ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is connected; the client speaks first."""
        self._raw = cast("asyncio.Transport", transport)
        self._began_at = self._node.now()
        self._accepted_at = self._node.monotonic()
        self._node.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Ciphertext, or the hello."""
        state = self._state
        if state == _OPEN:
            self._incoming.write(data)
            self._deliver()
        elif state == _HANDSHAKE:
            self._incoming.write(data)
            self._shake_hands()
        elif state == _HELLO:
            self._hello += data
            self._read_hello()

    def eof_received(self) -> bool:
        """The client's TCP end, with or without a TLS goodbye before it."""
        if self._state == _OPEN:
            return bool(self._protocol.eof_received())
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """TCP is gone."""
        self._node.forget_connection(self)
        was_open = self._state == _OPEN or self._has_sent_close
        if self._state == _HANDSHAKE:
            self._fail("the client ended the connection during the handshake")
        self._state = _CLOSED
        if was_open:
            self._protocol.connection_lost(exc)
            # Without the circle of layer and codec both go at once, not when the cycle collector comes by.
            del self._protocol

    def pause_writing(self) -> None:
        """TCP's buffer is full."""
        if self._state == _OPEN:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """TCP's buffer has drained."""
        if self._state == _OPEN:
            self._protocol.resume_writing()

    # -- handshake -----------------------------------------------------------------------------------------------------

    def _read_hello(self) -> None:
        try:
            hello = read_client_hello(self._hello)
        except NotTls:
            self._hand_over_plain()
            return
        if hello is None:
            return
        context, certificate, is_named = self._listener.context_for(hello.server_name)
        # The log names the server only when the name chose the certificate (reference 6.1).
        self.server_name = hello.server_name if is_named else None
        self.certificate_arn = certificate.arn
        self._tls = tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if not isinstance(tls, ssl.SSLObject):
            self.mutual = tls
        self._state = _HANDSHAKE
        self._incoming.write(self._hello)
        self._hello = b""
        self._shake_hands()

    def _hand_over_plain(self) -> None:
        """Not TLS: an HTTP client on the wrong port is told so, anything else is let go."""
        data, self._hello = self._hello, b""
        self._state = _CLOSED
        self._node.forget_connection(self)
        if not data[:1].isalpha():
            self._fail("the client sent something that is not TLS")
            self._raw.abort()
            return
        protocol = H1ClientConnection(self._listener, is_plain_on_tls=True)
        self._raw.set_protocol(protocol)
        protocol.connection_made(self._raw)
        protocol.data_received(data)

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._send_flight()
            return
        except ssl.SSLError as error:
            self._flush()  # the alert that tells the client why
            self._state = _CLOSED
            self._fail(error.reason or str(error))
            self._raw.close()
            return
        self.handshake_s = self._node.monotonic() - self._accepted_at
        self.version = self._tls.version() or "-"
        if self.version == "TLSv1.3":
            # All that is left to send is a session ticket. It goes out with the first response: that is a system call
            # less, and nobody needs it earlier.
            self._held_bytes = self._outgoing.pending
        else:
            self._flush()
        self._state = _OPEN
        if self._tls.session_reused:
            self.certificate_arn = "session-reused"
        # From here on the codec is the one that the sweep asks.
        self._node.forget_connection(self)
        protocol = self._protocol = self._new_codec()
        protocol.connection_made(self)
        if self._incoming.pending or self.mutual is not None:  # which has taken in what came with the handshake
            self._deliver()

    def _new_codec(self) -> H1ClientConnection:
        return H1ClientConnection(self._listener)

    def _send_flight(self) -> None:
        flight = self._outgoing.read()
        if flight:
            if self.key_exchange is None and self._listener.plan.attributes.connection_logs is not None:
                self.key_exchange = negotiated_group(flight)
            self._raw.write(flight)

    def _fail(self, reason: str) -> None:
        """There will be no TLS session."""
        self._node.on_handshake_failed(reason)
        self._listener.tell_handshake_failed(self._raw, self)

    # -- data ----------------------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        tls, incoming = self._tls, self._incoming
        while not self._is_paused and self._state == _OPEN:
            try:
                data = tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                self._flush()
                self._node.on_tls_failed(error.reason or str(error))
                self._raw.abort()
                return
            if not data:
                # close_notify: the client will send no more.
                if not self._protocol.eof_received():
                    self.close()
                return
            self._protocol.data_received(data)
            if not incoming.pending and not tls.pending():
                break
        if self._outgoing.pending > self._held_bytes:
            self._flush()

    def _flush(self) -> None:
        self._held_bytes = 0
        if self._outgoing.pending:
            self._raw.write(self._outgoing.read())

    # -- transport of the codec ----------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self._state != _OPEN:
            return
        tls = self._tls
        try:
            sent = tls.write(data)
            if sent < len(data):
                view = memoryview(data)
                while sent < len(view):
                    sent += tls.write(view[sent:])
        except ssl.SSLError as error:
            self._node.on_tls_failed(error.reason or str(error))
            self._raw.abort()
            return
        if self._protocol.is_last_write:
            return  # `close` or `write_eof` follows at once and sends it all
        self._held_bytes = 0
        self._raw.write(self._outgoing.read())

    def close(self) -> None:
        """Say goodbye and close once everything is sent."""
        self._say_goodbye()
        self._raw.close()

    def abort(self) -> None:
        """Close at once, without a goodbye."""
        self._raw.abort()

    def write_eof(self) -> None:
        """Say goodbye; what still arrives is dropped unread."""
        self._say_goodbye()
        if not self._raw.is_closing():
            self._raw.write_eof()

    def can_write_eof(self) -> bool:
        """TCP can."""
        return True

    def _say_goodbye(self) -> None:
        if self._state != _OPEN:
            return
        self._has_sent_close = True
        self._state = _CLOSED
        # Raises as long as the client's own goodbye has not come (usual), or when the session is broken (none to say).
        with contextlib.suppress(ssl.SSLError, OSError):
            self._tls.unwrap()
        self._flush()

    def is_closing(self) -> bool:
        """True once closed from either side."""
        return self._raw.is_closing()

    def pause_reading(self) -> None:
        """Deliver no more for now."""
        self._is_paused = True
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Deliver again, beginning with what has been decrypted meanwhile."""
        if not self._is_paused:
            return
        self._is_paused = False
        if not self._raw.is_closing():
            self._raw.resume_reading()
        if self._state == _OPEN and self._incoming.pending + self._tls.pending():
            # Not from within the caller: it may be in the middle of handling earlier data.
            asyncio.get_running_loop().call_soon(self._deliver_later)

    def _deliver_later(self) -> None:
        if self._state == _OPEN:
            self._deliver()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The TCP transport's, and `tls` for this layer itself."""
        return self if name == "tls" else self._raw.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Bytes on their way out."""
        return self._raw.get_write_buffer_size()

    @property
    def verify_status(self) -> str:
        """How the handshake ended, as the connection log has it."""
        if self.mutual is not None:
            return self.mutual.verify_status
        return SUCCESS if self._state == _OPEN else UNMAPPED

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """The client's own certificate, taken or refused, as far as it is known."""
        if self.mutual is None:
            return None
        return self.mutual.refused if self.mutual.client is None else self.mutual.client.certificate

    @property
    def cipher(self) -> str:
        """The negotiated cipher suite, OpenSSL's name."""
        cipher = self._tls.cipher()
        return cipher[0] if cipher else "-"

    # -- the node's sweep, during the handshake ------------------------------------------------------------------------

    def check(self, now: float) -> None:
        """End a handshake that takes longer than the idle timeout."""
        if now - self._began_at >= self._listener.plan.attributes.idle_timeout_s:
            self._raw.abort()

    def stop(self) -> None:
        """The load balancer stops: nothing has been promised yet."""
        self._raw.abort()


def server_context(certificate_path: str, key_path: str, policy: SslPolicy) -> ssl.SSLContext:
    """A server context for one certificate: exactly the policy's TLS versions and ciphers (reference 6.2).

    Raises ssl.SSLError or OSError for files that cannot be used, SimlbError E805 when this machine's OpenSSL cannot do
    what the policy says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _apply_policy(context, policy)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 1  # OpenSSL's two cost 16 µs more a handshake; a client resumes with one as well
    context.load_cert_chain(certificate_path, key_path)
    return context


_VERSIONS = {
    "TLSv1": (ssl.TLSVersion.TLSv1, ssl.HAS_TLSv1),
    "TLSv1.1": (ssl.TLSVersion.TLSv1_1, ssl.HAS_TLSv1_1),
    "TLSv1.2": (ssl.TLSVersion.TLSv1_2, ssl.HAS_TLSv1_2),
    "TLSv1.3": (ssl.TLSVersion.TLSv1_3, ssl.HAS_TLSv1_3),
}
_OLD = {"TLSv1", "TLSv1.1"}


def _apply_policy(context: ssl.SSLContext, policy: SslPolicy) -> None:
    missing = [version for version in policy.protocols if not _VERSIONS[version][1]]
    older = [cipher for cipher in policy.ciphers if not cipher.startswith("TLS_")]
    if older and not missing:
        # TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL 3 does at level 0 only; the ciphers stay the policy's.
        level = ["@SECLEVEL=0"] if _OLD & set(policy.protocols) else []
        try:
            context.set_ciphers(":".join((*older, *level)))
        except ssl.SSLError:
            missing = older
        else:
            offered = {cipher["name"] for cipher in context.get_ciphers()}
            missing = [cipher for cipher in policy.ciphers if cipher not in offered]
    if missing:
        raise SimlbError(
            "E805",
            f"Security policy {policy.name} cannot be served here: {ssl.OPENSSL_VERSION} has no {missing[0]}.",
            "a policy with newer versions and ciphers: ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        )
    with warnings.catch_warnings():
        # That TLS 1.0 and 1.1 are out of date is what a policy that has them is there to show.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[policy.protocols[-1]][0]
        context.maximum_version = _VERSIONS[policy.protocols[0]][0]
