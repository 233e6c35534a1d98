"""HTTP/1.1 to targets: one connection of a target's pool, one exchange at a time (never pipelined).

The codec between a transport and the exchange that has taken the connection. Everything a target does wrong becomes a
`TargetFailure` (reference 3.1, 4.1).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from simlb.dataplane.exchange import Exchange
from simlb.dataplane.target_failure import TargetFailure
from simlb.wire.h1_chunked import LAST_CHUNK, ChunkedDecoder, encode_chunk
from simlb.wire.h1_response import ResponseParser
from simlb.wire.response import has_body

if TYPE_CHECKING:
    from simlb.dataplane.target_pool import TargetPool

_IDLE, _HEAD, _LENGTH, _CHUNKED, _UNTIL_CLOSE, _TUNNEL = range(6)


class H1TargetConnection(asyncio.Protocol):
    """One connection to a target. Also the `TargetStream` of the exchange that uses it."""

    # With a thousand targets each of these is cold when its turn comes: what it needs lies together.
    __slots__ = (
        "_buffer",
        "_decoder",
        "_exchange",
        "_is_blocked",
        "_is_chunking",
        "_is_paused",
        "_is_reusable",
        "_is_silent",
        "_left",
        "_parser",
        "_pool",
        "_state",
        "idle_since",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, pool: TargetPool, parser: ResponseParser) -> None:
        self._pool = pool
        self._parser = parser
        self._exchange: Exchange | None = None
        self._state = _IDLE
        self._buffer = b""
        self._left = 0
        self._decoder: ChunkedDecoder | None = None
        self._is_reusable = True
        self._is_chunking = False
        self._is_paused = False
        self._is_blocked = False
        self._is_silent = False
        self.idle_since = 0.0

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that uses the connection now."""
        return self._exchange

    # -- transport events ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast("asyncio.Transport", transport)
        self._pool.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes from the target."""
        exchange = self._exchange
        state = self._state
        if state == _HEAD:
            self._read_head(data)
        elif exchange is None:
            # Nobody asked: an answer too many. Nothing on this connection can be trusted any more.
            self._drop()
        elif state == _LENGTH:
            if len(data) > self._left:
                data = data[: self._left]
                self._is_reusable = False
            self._left -= len(data)
            exchange.on_response_body(data)
            if self._left == 0 and not exchange.is_done:
                self._end(exchange)
        elif state == _CHUNKED:
            decoder = self._decoder
            assert decoder is not None
            body = decoder.feed(data)
            if body:
                exchange.on_response_body(body)
            if exchange.is_done:
                return
            if decoder.has_failed:
                self._fail(TargetFailure.MALFORMED)
            elif decoder.is_done:
                self._is_reusable = self._is_reusable and not decoder.rest
                self._end(exchange)
        else:
            exchange.on_response_body(data)

    def eof_received(self) -> bool:
        """The target will send no more."""
        exchange = self._exchange
        if exchange is not None and not exchange.is_done:
            if self._state in {_UNTIL_CLOSE, _TUNNEL}:
                self._end(exchange)
            else:
                self._fail(TargetFailure.CLOSED)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._pool.forget(self)
        exchange = self._exchange
        if exchange is None or exchange.is_done:
            return
        if self._state == _TUNNEL and exc is None:
            self._end(exchange)
        else:
            # Also a body that ends with the connection is cut short by a reset.
            self._fail(TargetFailure.CLOSED)

    def pause_writing(self) -> None:
        """The target does not read: stop taking from the client."""
        self._is_blocked = True
        if self._exchange is not None:
            self._exchange.target_blocked()

    def resume_writing(self) -> None:
        """The target reads again."""
        self._is_blocked = False
        if self._exchange is not None:
            self._exchange.target_unblocked()

    # -- responses -----------------------------------------------------------------------------------------------------

    def _read_head(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        while True:
            parsed = self._parser.parse(buffer)
            if parsed is None:
                self._buffer = buffer
                self._note_activity()
                return
            head, size = parsed
            if head is None:
                self._fail(TargetFailure.MALFORMED)
                return
            buffer = buffer[size:]
            if not head.is_informational:
                break
            # 100, 102, 103: the client has had its 100 from the load balancer, the rest is swallowed (reference 3.3).
            if not buffer:
                self._buffer = b""
                self._note_activity()
                return
        self._buffer = b""
        exchange = self._exchange
        assert exchange is not None
        if head.closes:
            self._is_reusable = False
        body, is_end = b"", False
        if head.status_code == 101:
            if not exchange.head.is_websocket or not exchange.is_request_ended:
                self._fail(TargetFailure.MALFORMED)
                return
            self._state, body = _TUNNEL, buffer
            self._is_chunking = False
        elif not has_body(exchange.head.method, head.status_code) or head.length == 0:
            is_end = True
            self._is_reusable = self._is_reusable and not buffer
        elif head.is_chunked:
            self._state = _CHUNKED
            decoder = self._decoder = ChunkedDecoder()
            body = decoder.feed(buffer) if buffer else b""
            is_end = decoder.is_done
            self._is_reusable = self._is_reusable and not decoder.rest
            if decoder.has_failed:
                self._fail(TargetFailure.MALFORMED)
                return
        elif head.length > 0:
            self._state = _LENGTH
            body = buffer[: head.length]
            self._left = head.length - len(body)
            is_end = self._left == 0
            self._is_reusable = self._is_reusable and len(buffer) <= head.length
        else:
            self._state, body = _UNTIL_CLOSE, buffer
            self._is_reusable = False
        if is_end:
            self._state = _IDLE
        exchange.on_response(head, body, is_end=is_end)

    def _note_activity(self) -> None:
        exchange = self._exchange
        assert exchange is not None
        exchange.last_activity = exchange.router.now()

    def _end(self, exchange: Exchange) -> None:
        if self._state != _TUNNEL:  # `_drop` has to know one
            self._state = _IDLE
        exchange.on_response_end()

    def _fail(self, failure: TargetFailure) -> None:
        exchange = self._exchange
        self._is_reusable = False
        if exchange is None:
            self._drop()
        else:
            exchange.on_target_failed(failure)

    # -- TargetStream: what the exchange asks for ----------------------------------------------------------------------

    def send_request(self, exchange: Exchange, field_lines: bytes, body: bytes) -> None:
        """Write the request head and the first of its body in one piece."""
        self._exchange = exchange
        self._state = _HEAD
        head = exchange.head
        uri = exchange.transformed_uri or head.path_and_query
        self._is_chunking = head.is_chunked
        if head.length < 0 and not head.is_chunked:
            self.transport.write(b"%b %b HTTP/1.1\r\n%b\r\n" % (head.method, uri, field_lines))
            return
        pieces = [head.method, b" ", uri, b" HTTP/1.1\r\n", field_lines]
        if head.is_chunked:
            pieces.append(b"Transfer-Encoding: chunked\r\n\r\n")
            if body:
                pieces.append(encode_chunk(body))
            if exchange.is_request_ended:
                pieces.append(LAST_CHUNK)
        else:
            pieces.append(b"Content-Length: %d\r\n\r\n" % head.length)
            pieces.append(body)
        self.transport.write(b"".join(pieces))

    def send_body(self, data: bytes) -> None:
        """Write request body, or tunnelled bytes."""
        self.transport.write(encode_chunk(data) if self._is_chunking else data)

    def send_end(self) -> None:
        """End the request body; in a tunnel, pass the client's end on."""
        if self._is_chunking:
            self.transport.write(LAST_CHUNK)
        elif self._state == _TUNNEL and self.transport.can_write_eof():
            self.transport.write_eof()

    def pause_reading(self) -> None:
        """Take no more of the response."""
        if not self._is_paused:
            self._is_paused = True
            if not self._is_silent and not self.transport.is_closing():
                self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take the response again."""
        if self._is_paused:
            self._is_paused = False
            if not self._is_silent and not self.transport.is_closing():
                self.transport.resume_reading()

    def silence(self, *, is_silent: bool) -> None:
        """Let nothing of what the target sends arrive while this is so (a fault)."""
        if is_silent is self._is_silent:
            return
        self._is_silent = is_silent
        if self._is_paused or self.transport.is_closing():
            return
        if is_silent:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def release(self) -> None:
        """Back to the pool, unless something about the last response forbids it."""
        assert self._exchange is not None
        self.go_idle(self._exchange.last_activity)

    def go_idle(self, now: float) -> None:
        """Nobody uses the connection since `now`: back to the pool if it may be used again."""
        self._exchange = None
        if not self._is_reusable or self._is_blocked or self.transport.is_closing():
            # Blocked: it answered without reading all of the request. The next one would not learn of the blockage.
            self._drop()
            return
        self.resume_reading()
        self._decoder = None
        self._state = _IDLE
        self._pool.put_back(self, now)

    def retire(self) -> None:
        """Serve the exchange under way, but no other."""
        self._is_reusable = False

    def abandon(self) -> None:
        """Close: what the target still sends has no addressee. A tunnel's last bytes are still delivered."""
        self._exchange = None
        self._drop()

    def _drop(self) -> None:
        was_tunnel = self._state == _TUNNEL
        self._state = _IDLE
        self._pool.forget(self)
        if was_tunnel:
            self.transport.close()
        else:
            self.transport.abort()
