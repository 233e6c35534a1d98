"""HTTP/1.x from clients: reads requests off a connection, one exchange after the other, and writes their responses.

This is the codec between a transport (TCP or `tls.TlsLayer`) and an `Exchange`. It holds no timers: the node's sweep
calls `check` (reference 3.1-3.3).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import TYPE_CHECKING, cast

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.dataplane.exchange import Exchange
from simlb.wire import h1_response
from simlb.wire.h1_chunked import LAST_CHUNK, ChunkedDecoder, encode_chunk
from simlb.wire.h1_request import BUFFER_MAX_BYTES, REQUEST_LINE_MAX_BYTES
from simlb.wire.request import RequestHead
from simlb.wire.response import Answer, ResponseHead, error_answer, has_body

if TYPE_CHECKING:
    from simlb.core.plan import ListenerPlan
    from simlb.dataplane.listener import OpenListener

PIPELINED_MAX_BYTES = 64 * 1024
LINGER_S = 5.0
"""How long, in load-balancer seconds, a client that is still sending gets to read the answer it was given."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # struct linger: on, for no time


class H1ClientConnection(asyncio.Protocol):
    """One client connection. Also the `ClientStream` of the exchange that runs on it."""

    # Ten thousand of these may be open: without a dictionary each takes 100 bytes less.
    __slots__ = (
        "_body_left",
        "_buffer",
        "_client_value",
        "_closes_after",
        "_decoder",
        "_exchange",
        "_forwarded_lines",
        "_has_eof",
        "_is_blocked",
        "_is_chunking",
        "_is_lingering",
        "_is_paused",
        "_is_plain_on_tls",
        "_is_reading_heads",
        "_is_until_close",
        "_keep_alive_s",
        "_linger_until",
        "_listener",
        "_node",
        "_plan",
        "_searched",
        "_unsent",
        "facts",
        "is_last_write",
        "last_activity",
        "opened_at",
        "transport",
    )

    transport: asyncio.Transport
    facts: ConnectionFacts

    def __init__(self, listener: OpenListener, *, is_plain_on_tls: bool = False) -> None:
        self._listener = listener
        self._node = listener.node
        self._is_plain_on_tls = is_plain_on_tls
        self._plan: ListenerPlan = listener.plan
        self._exchange: Exchange | None = None
        self._buffer = b""
        self._searched = 0
        self._body_left = 0
        self._decoder: ChunkedDecoder | None = None
        self._is_reading_heads = False
        self._is_lingering = False
        self._linger_until = 0.0
        self._has_eof = False
        self._closes_after = False
        self._is_chunking = False
        self._is_until_close = False
        self.is_last_write = False
        """The connection is closed right after the next write: TLS says its goodbye in the same piece."""
        self._is_paused = False
        self._is_blocked = False
        self._unsent = 0
        self._forwarded_lines = b""
        self._client_value = b""
        self.last_activity = 0.0
        self.opened_at = 0.0
        self._keep_alive_s = 0.0

    # -- transport events ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open and, on an HTTPS listener, its handshake done."""
        self.transport = cast("asyncio.Transport", transport)
        plan = self._plan
        self.facts = self._listener.facts_for(transport)
        if self._node.on_connection is not None:
            self._listener.tell_connected(transport, self.facts, is_plain_on_tls=self._is_plain_on_tls)
        self.opened_at = self.last_activity = self._node.now()
        # Frozen at connect time (reference 3.1).
        self._keep_alive_s = plan.attributes.client_keep_alive_s
        self._adopt(plan)
        self._node.connections.add(self)

    def _adopt(self, plan: ListenerPlan) -> None:
        self._plan = plan
        self._client_value = plan.client_value(self.facts.client_ip, self.facts.client_port)
        self._forwarded_lines = b"X-Forwarded-For: " + self._client_value + b"\r\n" + plan.proto_port_lines

    def data_received(self, data: bytes) -> None:
        """Bytes from the client: a head, body, the next request, or nothing anybody wants any more."""
        self.last_activity = self._node.now()
        exchange = self._exchange
        if exchange is None:
            if self._is_lingering:
                return
            self._buffer = self._buffer + data if self._buffer else data
            self._read_heads()
        elif exchange.is_tunnel:
            exchange.received_bytes += len(data)
            exchange.body(data)
        elif self._body_left or self._decoder is not None:
            self._read_body(exchange, data)
        else:
            # Pipelined: it waits for its turn. Past a bound the client waits as well.
            self._buffer += data
            if len(self._buffer) > PIPELINED_MAX_BYTES:
                self.pause_reading()

    def eof_received(self) -> bool:
        """The client will send no more. Before the response head that is a 460; after it, delivery is finished."""
        self._has_eof = True
        exchange = self._exchange
        if exchange is None:
            return False
        if exchange.is_tunnel:
            exchange.body_end()
            return True
        if exchange.has_response_head and exchange.is_request_ended:
            return True
        exchange.client_gone()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        self._node.forget_connection(self)
        self._is_lingering = True
        exchange = self._exchange
        if exchange is not None:
            exchange.client_gone()
        elif self._buffer and exc is None and not self._closes_after:
            self._record_unread(400, sent_bytes=0)
        self._buffer = b""

    def pause_writing(self) -> None:
        """The client does not read: stop taking from the target, and begin nothing new."""
        self._is_blocked = True
        if self._exchange is not None:
            self._exchange.client_blocked()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._is_blocked = False
        if self._exchange is not None:
            self._exchange.client_unblocked()
        elif not self._is_lingering:
            self.resume_reading()
            if self._buffer:
                self._read_heads()

    # -- requests ------------------------------------------------------------------------------------------------------

    def _read_heads(self) -> None:
        """Begin exchanges as long as whole heads are there and nothing is under way."""
        if self._is_reading_heads:
            return
        self._is_reading_heads = True
        parser = self._node.request_parser
        while self._buffer and self._exchange is None and not self._is_lingering:
            if self._is_blocked:
                # Requests without end from a client that never reads would fill the memory with their responses.
                if len(self._buffer) > PIPELINED_MAX_BYTES:
                    self.pause_reading()
                break
            buffer = self._buffer
            if buffer[0] in b"\r\n":
                # Empty lines before a request line are skipped (RFC 9112 2.2).
                self._buffer = buffer.lstrip(b"\r\n")
                continue
            parsed = parser.parse(buffer, self._searched)
            if parsed is None:
                self._searched = len(buffer)
                if self._searched > BUFFER_MAX_BYTES:
                    line_end = buffer.find(b"\n")
                    self._refuse(414 if not 0 <= line_end <= REQUEST_LINE_MAX_BYTES else 400)
                elif self._searched > REQUEST_LINE_MAX_BYTES and b"\n" not in buffer:
                    self._refuse(414)
                break
            self._searched = 0
            head, size = parsed
            self._buffer = buffer[size:]
            self._begin(head, size)
        self._is_reading_heads = False

    def _begin(self, head: RequestHead, size: int) -> None:
        plan = self._listener.plan
        if plan is not self._plan:
            self._adopt(plan)
        exchange = self._exchange = Exchange(self, self._node, plan, head, self.last_activity)
        exchange.received_bytes = size
        rest = self._buffer
        body = b""
        is_end = True
        if head.length > 0:
            body = rest[: head.length]
            self._body_left = head.length - len(body)
            self._buffer = rest[len(body) :]
            exchange.received_bytes += len(body)
            is_end = self._body_left == 0
        elif head.is_chunked:
            decoder = self._decoder = ChunkedDecoder()
            self._buffer = b""
            body = decoder.feed(rest) if rest else b""
            exchange.received_bytes += len(rest) - len(decoder.rest)
            is_end = decoder.is_done
            if decoder.has_failed:
                head.refusal = head.refusal or 400
                head.is_odd = True
            if is_end:
                self._buffer, self._decoder = decoder.rest, None
        if self._is_plain_on_tls:
            exchange.matched_rule_priority = None
            exchange.answer_plain_http()
            return
        if not is_end and not head.refusal and head.fields.expects_continue and head.minor_version and not body:
            self.transport.write(_CONTINUE)
        exchange.start(body, is_end=is_end)

    def _read_body(self, exchange: Exchange, data: bytes) -> None:
        decoder = self._decoder
        if decoder is None:
            if len(data) > self._body_left:
                self._buffer = data[self._body_left :]
                data = data[: self._body_left]
            self._body_left -= len(data)
            exchange.received_bytes += len(data)
            exchange.body(data)
            if self._body_left == 0 and not exchange.is_done:
                exchange.body_end()
            return
        body = decoder.feed(data)
        exchange.received_bytes += len(data) - len(decoder.rest)
        if decoder.has_failed:
            self._decoder = None
            exchange.on_bad_body()
            return
        if decoder.is_done:
            self._buffer, self._decoder = decoder.rest, None
        if body:
            exchange.body(body)
        if decoder.is_done and not exchange.is_done:
            exchange.body_end()

    # -- ClientStream: what the exchange asks for ----------------------------------------------------------------------

    def forwarded_lines(self) -> bytes:
        """X-Forwarded-For, -Proto and -Port for a request that brought none."""
        return self._forwarded_lines

    def client_value(self) -> bytes:
        """This client as X-Forwarded-For names it."""
        return self._client_value

    def respond(self, head: ResponseHead, body: bytes, *, is_end: bool) -> None:
        """Relay a response: head and what there is of the body in one write."""
        exchange = self._exchange
        assert exchange is not None
        request = exchange.head
        # Closes as well when the request is not complete: if the response ends first, the rest of it is nobody's, and
        # a client that was not told would lose the next request to the closed connection.
        closes = self._must_close(exchange) or not exchange.is_request_ended
        self._is_chunking = False
        if head.status_code == 101:
            framing, connection = h1_response.UNTIL_CLOSE, h1_response.UPGRADE
            # What came behind the upgrade request is the tunnel's first data.
            tunnelled, self._buffer = self._buffer, b""
        else:
            tunnelled = b""
            framing = h1_response.LENGTH
            if head.has_sized_body:
                pass  # nearly every response; to HEAD as well it says the length that GET would have got
            elif has_body(request.method, head.status_code):
                if head.length < 0:
                    self._is_chunking = request.minor_version > 0
                    framing = h1_response.CHUNKED if self._is_chunking else h1_response.UNTIL_CLOSE
                    closes = closes or not self._is_chunking
            elif head.status_code == 204:
                framing = h1_response.UNTIL_CLOSE
            elif head.is_chunked and request.minor_version > 0:
                framing = h1_response.CHUNKED
            connection = h1_response.CLOSE if closes else h1_response.KEEP_ALIVE
        self._closes_after = closes
        self._is_until_close = framing == h1_response.UNTIL_CLOSE
        rendered = h1_response.relay_head(head, framing, connection, self._node.date_line, exchange.set_cookie_lines)
        if self._is_chunking:
            if body:
                body = encode_chunk(body)
            if is_end:
                body += LAST_CHUNK
        data = rendered + body if body else rendered
        exchange.sent_bytes += len(data)
        self.is_last_write = closes and is_end
        self.transport.write(data)
        if tunnelled:
            exchange.received_bytes += len(tunnelled)
            exchange.body(tunnelled)
        if exchange.is_tunnel and not exchange.is_target_blocked:
            self.resume_reading()

    def answer(self, answer: Answer) -> None:
        """Write an answer of the load balancer's own."""
        exchange = self._exchange
        assert exchange is not None
        self._closes_after = answer.closes or not exchange.is_request_ended or self._must_close(exchange)
        data = h1_response.answer_bytes(
            answer,
            is_head_request=exchange.head.method == b"HEAD",
            closes=self._closes_after,
            now_date=self._node.date_line(),
        )
        exchange.sent_bytes += len(data)
        self.is_last_write = self._closes_after
        self.transport.write(data)

    def send_body(self, data: bytes) -> None:
        """Relay response body."""
        if self._is_chunking:
            data = encode_chunk(data)
        exchange = self._exchange
        assert exchange is not None
        exchange.sent_bytes += len(data)
        self.transport.write(data)

    def send_end(self) -> None:
        """End the response body."""
        if self._is_chunking:
            exchange = self._exchange
            assert exchange is not None
            exchange.sent_bytes += len(LAST_CHUNK)
            self.transport.write(LAST_CHUNK)

    def cut(self) -> None:
        """Close without completing, so that the client notices: the length falls short or the last chunk is missing."""
        self._closes_after = True
        self._is_lingering = True
        self._linger_until = self._node.now() + LINGER_S
        if self._is_until_close:
            # A body that ends with the connection would look complete after an orderly close: reset it.
            sock = self.transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()
        else:
            self.transport.close()

    def pause_reading(self) -> None:
        """Take no more of the request body."""
        if not self._is_lingering and not self._is_paused and not self.transport.is_closing():
            self._is_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take the request body again."""
        if self._is_paused and not self.transport.is_closing():
            self._is_paused = False
            self.transport.resume_reading()

    def done(self, exchange: Exchange) -> None:
        """The exchange is on record: close, or go on with what is already here."""
        self._exchange = None
        # Otherwise a response that took longer than the idle timeout would count as idleness.
        self.last_activity = exchange.last_activity
        transport = self.transport
        if self._is_lingering or transport.is_closing():
            return
        if self._has_eof:
            transport.close()
        elif exchange.is_tunnel or not exchange.is_request_ended:
            self._linger()
        elif self._closes_after:
            # Behind a refused head more may follow (a body nobody could frame).
            if self._buffer or exchange.head.is_odd:
                self._linger()
            else:
                transport.close()
        else:
            self.resume_reading()
            if self._buffer and not self._is_reading_heads:
                self._read_heads()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _must_close(self, exchange: Exchange) -> bool:
        fields = exchange.head.fields
        return (
            fields.closes
            or exchange.closes_client
            or self._listener.is_stopping
            or (exchange.head.minor_version == 0 and not fields.keeps_alive)
            or exchange.last_activity - self.opened_at >= self._keep_alive_s
        )

    def _linger(self) -> None:
        """Send everything, then FIN, but go on reading (and dropping) for a while.

        Closing at once with unread bytes in the socket would reset the connection and destroy the answer on its way.
        """
        self._is_lingering = True
        self._buffer = b""
        self._decoder = None
        self._body_left = 0
        self._linger_until = self._node.now() + LINGER_S
        self.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _refuse(self, status_code: int) -> None:
        """Answer bytes that are no request, and close."""
        answer = error_answer(status_code, None, closes=True)
        answer.put_on(self._plan.response_headers)
        data = h1_response.answer_bytes(answer, is_head_request=False, closes=True, now_date=self._node.date_line())
        self.transport.write(data)
        self._record_unread(status_code, sent_bytes=len(data))
        self._linger()

    def _record_unread(self, status_code: int, *, sent_bytes: int) -> None:
        record = ExchangeRecord(self.facts, None, self._node.wall())
        record.elb_status_code = status_code
        record.sent_bytes = sent_bytes
        self._node.record(record)

    def check(self, now: float) -> None:
        """Called by the sweep: end what has been idle for too long."""
        exchange = self._exchange
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            # The client is reading, if slowly: what it takes from our buffer causes no event of its own.
            self._unsent = unsent
            self.last_activity = now
            if exchange is not None:
                exchange.last_activity = now
        if exchange is not None:
            exchange.check_idle(now)
        elif self._is_lingering:
            if now >= self._linger_until:
                self.transport.abort()
        elif now - self.last_activity >= self._plan.attributes.idle_timeout_s:
            if self._buffer and not self._is_blocked:
                self._refuse(408)
            elif self.transport.is_closing():
                # It was closed a sweep ago and still has not taken what was left to send.
                self.transport.abort()
            else:
                self.transport.close()

    def stop(self) -> None:
        """The load balancer stops: close when idle; otherwise the response under way says `Connection: close`."""
        if self._exchange is None and not self._is_lingering:
            self._buffer = b""  # half a head that we cut off ourselves is nobody's bad request
            self.transport.close()

    def abort(self) -> None:
        """End at once."""
        self.transport.abort()
