"""TLS to targets over memory buffers, between a TCP transport and the codec of a connection or of a probe.

It is the protocol of the real transport and the transport of the codec. The event loops' own client TLS is not used:
it cannot pass a client's end on through a tunnel, its handshake timeout is in real time, the two loops differ in what
they make of a target that closes without a goodbye, and asyncio's costs 256 kB for each connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import ssl
from typing import Any, cast

from simlb.core.health import SPEAKS_NO_TLS

READ_BYTES = 64 * 1024
_HANDSHAKE, _OPEN, _CLOSED = range(3)
_ENDED = "the target ended the connection"
_RECORD_TYPES = b"\x15\x16"
"""What a TLS server's first byte can be: an alert or a handshake message."""

# ELBSecurityPolicy-TLS13-1-0-2021-06 (reference 6.2, 6.4). Security level 0 lets TLS 1.0 and 1.1 and old keys through,
# for connections to targets only: nothing of a target is verified anyway.
_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES128-SHA256:AES128-SHA:AES256-GCM-SHA384:AES256-SHA256:AES256-SHA:@SECLEVEL=0"
)


@functools.cache
def client_context() -> ssl.SSLContext:
    """The context of all connections to targets, made once since that is slow: TLS 1.0 to 1.3, nothing verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # TLS 1.0: the ssl module keeps SSL 3.0 off
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


_SERVER_NAME = re.compile(rb"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_LAST_LABEL_IS_NUMBER = re.compile(rb"(?:.*\.)?[0-9]+\Z")


def server_name(host: bytes) -> str | None:
    """The SNI for a request's host: the name without a final dot; None for an address or what is no name."""
    name = host.removesuffix(b".")
    if not _SERVER_NAME.fullmatch(name) or _LAST_LABEL_IS_NUMBER.match(name):
        return None
    return name.decode("ascii").lower()


class TlsBrokenError(ConnectionAbortedError):
    """The session broke after the handshake; its text says how. It reaches a codec as `connection_lost`'s argument."""


class TargetTls(asyncio.Transport, asyncio.Protocol):
    """One TLS connection to a target: await `handshake`, then `start` the codec or `abort`."""

    _raw: asyncio.Transport
    _protocol: asyncio.Protocol | None = None
    _error: TlsBrokenError | None = None

    def __init__(self, name: str | None) -> None:
        """`name` is the server name to send, None for none."""
        super().__init__()
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = client_context().wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._shaken: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._state = _HANDSHAKE
        self._has_heard = False
        self._is_paused = False
        self._is_at_end = False
        self._has_sent_close = False

    # -- handshake -----------------------------------------------------------------------------------------------------

    async def handshake(self) -> str | None:
        """Wait for its end: None when the session stands, else in words why it does not."""
        reason = await self._shaken
        return _ENDED if reason is None and self.is_closing() else reason

    def start(self, protocol: asyncio.Protocol) -> None:
        """Connect the codec to the session that stands."""
        self._protocol = protocol
        protocol.connection_made(self)
        # Not from within the caller: it may have something to send before anything is delivered.
        asyncio.get_running_loop().call_soon(self._deliver)

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()  # the alert that tells the target why
            self._fail(_words(error))
        else:
            self._flush()
            self._state = _OPEN
            self._settle(None)

    def _fail(self, reason: str) -> None:
        self._state = _CLOSED
        self._settle(reason)
        self._raw.close()

    def _settle(self, reason: str | None) -> None:
        if not self._shaken.done():
            self._shaken.set_result(reason)

    # -- protocol of the TCP transport ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is connected; this side speaks first."""
        self._raw = cast("asyncio.Transport", transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        """Ciphertext."""
        if self._state == _OPEN:
            self._incoming.write(data)
            self._deliver()
        elif self._state == _HANDSHAKE:
            if not self._has_heard and data[0] not in _RECORD_TYPES:
                self._fail(SPEAKS_NO_TLS)
                return
            self._has_heard = True
            self._incoming.write(data)
            self._shake_hands()

    def eof_received(self) -> bool:
        """The target's TCP end, with or without a TLS goodbye before it. Both mean that it sends no more."""
        if self._state == _HANDSHAKE:
            self._fail(_ENDED)
        elif self._state == _OPEN:
            self._is_at_end = True
            self._deliver()
        return self._state == _OPEN  # while something that came before is still to be delivered

    def connection_lost(self, exc: Exception | None) -> None:
        """TCP is gone."""
        self._state = _CLOSED
        self._settle(_ENDED)
        if self._protocol is not None:
            self._protocol.connection_lost(exc or self._error)

    def pause_writing(self) -> None:
        """TCP's buffer is full."""
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """TCP's buffer has drained."""
        if self._protocol is not None:
            self._protocol.resume_writing()

    # -- data ----------------------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        tls, incoming, protocol = self._tls, self._incoming, self._protocol
        if protocol is None:
            return
        while self._state == _OPEN and not self._is_paused and (incoming.pending or tls.pending()):
            try:
                data = tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                data = b""  # so it says it once this side has said goodbye
            except ssl.SSLError as error:
                self._lose(error)
                return
            if not data:
                self._is_at_end = True
                break
            protocol.data_received(data)
        self._flush()
        if self._is_at_end and self._state == _OPEN and not self._is_paused:
            protocol.eof_received()
            self.close()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._raw.write(self._outgoing.read())

    def _lose(self, error: ssl.SSLError) -> None:
        self._error = TlsBrokenError(_words(error))
        self.abort()

    # -- transport of the codec ----------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send."""
        if self._state != _OPEN or self._has_sent_close:
            return
        view = memoryview(data)
        try:
            while len(view):
                view = view[self._tls.write(view) :]
        except ssl.SSLError as error:
            self._lose(error)
            return
        self._flush()

    def close(self) -> None:
        """Say goodbye and close once everything is sent."""
        self.write_eof()
        self._state = _CLOSED
        self._raw.close()

    def abort(self) -> None:
        """Close at once, without a goodbye."""
        self._state = _CLOSED
        self._raw.abort()

    def write_eof(self) -> None:
        """Say goodbye; what still arrives is delivered."""
        if self._state != _OPEN or self._has_sent_close:
            return
        self._has_sent_close = True
        # OpenSSL looks for the target's own goodbye at once and takes offence at anything else that lies there.
        held = self._incoming.read()
        # Raises as long as the target's goodbye has not come (usual), or when the session is broken (none to say).
        with contextlib.suppress(OSError):
            self._tls.unwrap()
        self._incoming.write(held)
        self._flush()

    def can_write_eof(self) -> bool:
        """TLS can end one direction."""
        return True

    def is_closing(self) -> bool:
        """True once closed from either side."""
        return self._state == _CLOSED or self._raw.is_closing()

    def pause_reading(self) -> None:
        """Deliver no more for now."""
        self._is_paused = True
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Deliver again, beginning with what lies there."""
        self._is_paused = False
        self._raw.resume_reading()
        # Not from within the caller: it may be in the middle of handling earlier data.
        asyncio.get_running_loop().call_soon(self._deliver)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The TCP transport's, and `ssl_object`."""
        return self._tls if name == "ssl_object" else self._raw.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        """Bytes on their way out."""
        return self._raw.get_write_buffer_size()


def _words(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
