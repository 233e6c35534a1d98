"""Cookies as stickiness sees them: read from requests and responses, written as Set-Cookie lines (reference 5.5, 5.6).

Whatever a client sends is only looked at: nothing here raises, and the time it takes grows with the bytes alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

EXPIRES_S = 7 * 86400
"""Every cookie of the load balancer says that it lasts seven days, whatever duration is configured."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SET_COOKIE = re.compile(rb"^set-cookie:[ \t]*+([^=;\s]++)[ \t]*+=", re.IGNORECASE | re.MULTILINE)
_CHROMIUM = re.compile(rb"Chrom(?:e|ium)/([0-9]{1,9})")
_CHROMIUM_MIN = 80


def find_cookies(values: Sequence[bytes]) -> dict[bytes, bytes]:
    """The cookies of all Cookie header values of a request. Of several with one name the first counts."""
    found: dict[bytes, bytes] = {}
    for value in values:
        for pair in value.split(b";"):
            name, equals, content = pair.partition(b"=")
            if equals:
                found.setdefault(name.strip(b" \t"), content.strip(b" \t"))
    found.pop(b"", None)
    return found


def cookies_set_by(response_field_lines: bytes) -> frozenset[bytes]:
    """The names of the cookies that a response sets. Each field line ends in CRLF."""
    return frozenset(_SET_COOKIE.findall(response_field_lines))


def needs_same_site_none(*, has_origin: bool, user_agent: bytes | None) -> bool:
    """Whether AWSALBAPP cookies get `SameSite=None; Secure`: for CORS requests of Chromium 80 and later alone."""
    if not has_origin or user_agent is None:
        return False
    match = _CHROMIUM.search(user_agent)
    return match is not None and int(match[1]) >= _CHROMIUM_MIN


def set_cookie_line(name: bytes, value: bytes, wall: float, suffix: bytes = b"") -> bytes:
    """One complete line. `wall` is now, in seconds since 1970; `suffix` are further attributes (`; Secure`)."""
    return b"Set-Cookie: %b=%b; Expires=%b; Path=/%b\r\n" % (name, value, _expires(int(wall)), suffix)


def pair_of_lines(name: bytes, value: bytes, wall: float, *, is_https: bool) -> bytes:
    """A cookie and its twin for cross-origin requests, with the same value."""
    suffix = b"; SameSite=None; Secure" if is_https else b"; SameSite=None"
    return set_cookie_line(name, value, wall) + set_cookie_line(name + b"CORS", value, wall, suffix)


@lru_cache(maxsize=4)
def _expires(second: int) -> bytes:
    """The date seven days later as RFC 1123 writes it, whatever the process's locale is."""
    at = datetime.fromtimestamp(second + EXPIRES_S, UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year:04} {at:%H:%M:%S} GMT".encode()
