"""The version-neutral head of a target's response, and of the answers the load balancer makes itself."""

from __future__ import annotations

from simlb.core import error_pages
from simlb.core.response_headers import ResponseHeaders

NO_LENGTH = -1


class ResponseHead:
    """What a target said before the body. Immutable once read; equal heads share one object.

    `date` and `content_type` are field lines or empty; `lines` all other fields that a client may see, in order. Each
    line ends in CRLF. `length` is the body's length or NO_LENGTH; without a length and not `is_chunked` the body ends
    with the connection. `serialised` is for codecs: their own rendering of this head, by what it depends on.
    """

    __slots__ = (
        "closes",
        "content_type",
        "date",
        "has_sized_body",
        "is_chunked",
        "length",
        "lines",
        "phrase",
        "serialised",
        "size",
        "status_code",
        "upgrade_lines",
    )

    def __init__(self, status_code: int, phrase: bytes) -> None:
        self.status_code = status_code
        self.phrase = phrase
        self.date = b""
        self.content_type = b""
        self.lines = b""
        self.upgrade_lines = b""
        self.length = NO_LENGTH
        self.is_chunked = False
        self.closes = False
        self.has_sized_body = False
        """A body of known length follows, unless the request was a HEAD."""
        self.size = 0
        self.serialised: dict[int, bytes] = {}

    def with_lines(self, lines: bytes) -> ResponseHead:
        """The same head with other field lines; this one may be shared."""
        other = ResponseHead(self.status_code, self.phrase)
        for name in self.__slots__:
            if name != "serialised":
                setattr(other, name, getattr(self, name))
        other.lines = lines
        return other

    @property
    def is_informational(self) -> bool:
        """True for 1xx other than 101: it announces a later response."""
        return 100 <= self.status_code < 200 and self.status_code != 101


def has_body(method: bytes, status_code: int) -> bool:
    """Whether a response to `method` with `status_code` can have a body (RFC 9112 6.3)."""
    return method != b"HEAD" and status_code >= 200 and status_code not in {204, 304}


class Answer:
    """An answer the load balancer makes itself: a page, a redirect or a fixed response (reference 4.2).

    `body` is what a GET gets; a HEAD gets its length only. `closes` ends the connection behind it. `lines` are further
    whole field lines. `names_server`: with a Server line, which an attribute of the listener takes off.
    """

    __slots__ = ("body", "closes", "content_type", "lines", "location", "names_server", "status_code")

    def __init__(
        self,
        status_code: int,
        *,
        body: bytes = b"",
        content_type: str = "text/html",
        location: str | None = None,
        closes: bool = False,
    ) -> None:
        self.status_code = status_code
        self.body = body
        self.content_type = content_type
        self.location = location
        self.closes = closes
        self.lines = b""
        self.names_server = True

    def put_on(self, headers: ResponseHeaders | None) -> None:
        """Take on what the listener's attributes say."""
        if headers is not None:
            self.lines += headers.lines
            self.names_server = headers.names_server


def error_answer(status_code: int, user_agent: bytes | None, *, closes: bool = False) -> Answer:
    """The page of `status_code`, padded for the browsers that get padding."""
    body = error_pages.pad(error_pages.page(status_code), status_code, user_agent)
    return Answer(status_code, body=body, closes=closes or status_code in error_pages.CLOSING_CODES)
