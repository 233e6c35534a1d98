"""Between an exchange and the wire: what an exchange asks of a client's and of a target's stream.

An exchange knows no protocol version. HTTP/1.1 is one implementation of these two; another one (a test's, later HTTP/2)
fits without a change to the exchange.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from simlb.core.access_log import ConnectionFacts
from simlb.wire.response import Answer, ResponseHead

if TYPE_CHECKING:
    from simlb.dataplane.exchange import Exchange


class ClientStream(Protocol):
    """The client's side of one exchange, as the exchange uses it."""

    facts: ConnectionFacts
    """What the log shows of this client's connection."""

    def forwarded_lines(self) -> bytes:
        """The X-Forwarded-Proto/-Port lines, preceded by X-Forwarded-For when the request brought none of its own."""

    def client_value(self) -> bytes:
        """This client as X-Forwarded-For names it."""

    def respond(self, head: ResponseHead, body: bytes, *, is_end: bool) -> None:
        """Relay a target's response head with the exchange's `set_cookie_lines`, and the body bytes at hand."""

    def answer(self, answer: Answer) -> None:
        """Send an answer of the load balancer's own, whole."""

    def send_body(self, data: bytes) -> None:
        """Relay more of the response body."""

    def send_end(self) -> None:
        """The response body is complete."""

    def cut(self) -> None:
        """The response cannot be completed: end the stream so that the client notices."""

    def pause_reading(self) -> None:
        """Take no more of the request body: the target is not keeping up."""

    def resume_reading(self) -> None:
        """Take the request body again."""

    def done(self, exchange: Exchange) -> None:
        """The exchange is over and on record; the stream may begin another."""


class TargetStream(Protocol):
    """The target's side of one exchange, as the exchange uses it."""

    def send_request(self, exchange: Exchange, field_lines: bytes, body: bytes) -> None:
        """Send the head and the body bytes at hand.

        The head is the method of `exchange.head`, its path and query or what a rule made of them
        (`exchange.transformed_uri`), and `field_lines`.
        """

    def send_body(self, data: bytes) -> None:
        """Send more of the request body."""

    def send_end(self) -> None:
        """The request body is complete."""

    def pause_reading(self) -> None:
        """Take no more of the response: the client is not keeping up."""

    def resume_reading(self) -> None:
        """Take the response again."""

    def release(self) -> None:
        """The exchange is over and request and response were complete: the connection may serve another."""

    def abandon(self) -> None:
        """The exchange is over, the connection cannot be used again."""
