"""The bytes of every answer that the load balancer makes itself (reference 4.2)."""

from __future__ import annotations

REASON_PHRASES = {
    100: "Continue",
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    401: "Authorization Required",
    403: "Forbidden",
    405: "Not Allowed",
    408: "Request Time-out",
    413: "Request Entity Too Large",
    414: "Request-URI Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}
# Phrases for fixed-response codes without a page of their own.
_COMMON_PHRASES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    404: "Not Found",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    423: "Locked",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
}

SERVER = b"awselb/2.0"

PLAIN_HTTP_TITLE = "400 The plain HTTP request was sent to HTTPS port"

# Four and five hundreds are padded for browsers that would replace a short page by one of their own.
_PADDING = b"<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n" * 6

# Answers after which the connection cannot be used again: the request was not read to its end, or cannot be trusted.
CLOSING_CODES = frozenset({400, 408, 413, 414, 501, 505})


def reason_phrase(status_code: int) -> str:
    """The phrase on the status line; empty for a code AWS has no page for (463, 464, 561, 562)."""
    return REASON_PHRASES.get(status_code) or _COMMON_PHRASES.get(status_code, "")


def page(status_code: int) -> bytes:
    """The HTML page of a code, without padding; empty for a code without one."""
    phrase = REASON_PHRASES.get(status_code)
    if phrase is None:
        return b""
    title = f"{status_code} {phrase}"
    return _html(title, title)


def plain_http_page() -> bytes:
    """The 400 page for plain HTTP sent to an HTTPS listener."""
    return _html(
        PLAIN_HTTP_TITLE, "400 Bad Request", "<center>The plain HTTP request was sent to HTTPS port</center>\r\n"
    )


def _html(title: str, heading: str, more: str = "") -> bytes:
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n"
        f"{more}</body>\r\n</html>\r\n"
    ).encode("ascii")


def pad(body: bytes, status_code: int, user_agent: bytes | None) -> bytes:
    """`body` with the browser padding where AWS adds it: error pages for Chrome and old Internet Explorer."""
    if body and status_code >= 400 and user_agent is not None and (b"Chrome/" in user_agent or b"MSIE " in user_agent):
        return body + _PADDING
    return body
