"""The version-neutral head of a request: what a client codec hands to an exchange.

`RequestFields` describes a header section and may be shared by requests that carry the same bytes; `RequestHead` adds
what is each request's own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from simlb.core.desync import Finding
from simlb.wire import tables

NO_LENGTH = -1


@functools.lru_cache(256)
def _field_pattern(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?im)^" + re.escape(name) + rb":([^\r\n]*)")


class RequestFields:
    """What a header section says. Immutable once read: equal sections share one object.

    `lines` are the fields a target may see, `Name: value` each ended by CRLF, in the order received. Fields that the
    load balancer owns, hop-by-hop fields and defective ones are not among them; `strict_lines` also leaves out the
    names that `routing.http.drop_invalid_header_fields.enabled` drops.

    Defaults on the class spare each new section from setting two dozen attributes.
    """

    lines = b""
    strict_lines = b""
    loose_lines: tuple[bytes, ...] = ()
    hosts: tuple[bytes, ...] = ()
    host: bytes | None = None
    """The first Host, lower case and without port; None when it is missing or invalid."""
    host_port: int | None = None
    user_agent: bytes | None = None
    forwarded_for: bytes | None = None
    trace: bytes | None = None
    transfer_encodings: tuple[bytes, ...] = ()
    content_lengths: tuple[bytes, ...] = ()
    length = NO_LENGTH
    """The Content-Length; trustworthy only when `is_odd` is False."""
    is_suspicious = False
    suspicious_encodings: tuple[bytes, ...] = ()
    suspicious_lengths: tuple[bytes, ...] = ()
    closes = False
    keeps_alive = False
    wants_upgrade = False
    upgrade: bytes | None = None
    nominated: frozenset[bytes] = frozenset()
    """Further fields that the Connection header declares hop-by-hop."""
    expects_continue = False
    asks_why = False
    """`X-Simlb-Explain: 1`: the client wants to be told why it got this response, where that is switched on."""
    findings: tuple[Finding, ...] = ()
    line_too_long = False
    is_odd = False
    """True when the section needs a closer look: defects, doubtful framing, no valid Host, untidy names, a question."""
    needs_rewriting = False
    """True when the client sent a trace id, X-Forwarded-For or an upgrade, which the load balancer has to merge."""
    size = 0
    """Bytes of the section as received."""
    _values: dict[bytes, tuple[bytes, ...]] | None = None

    def values_of(self, name: bytes) -> tuple[bytes, ...]:
        """The values of every field `name` (lower case), in the order received. Sought once, then remembered.

        Those with control bytes never reach a target, and no rule either.
        """
        found = self._values.get(name) if self._values is not None else None
        if found is None:
            if self._values is None:
                self._values = {}
            pattern = _field_pattern(name)
            values = [value.strip(tables.WHITESPACE) for value in pattern.findall(self.section)]
            found = tuple([value for value in values if not value.translate(None, tables.VALUE)])
            self._values[name] = found
        return found

    def __init__(self, section: bytes = b"") -> None:
        """`section` is what was received, with folded lines unfolded."""
        self.section = section
        self.size = len(section)

    @property
    def is_websocket(self) -> bool:
        """True for the handshake of RFC 6455, section 4.1."""
        return self.wants_upgrade and self.upgrade is not None and self.upgrade.lower() == b"websocket"


class RequestHead:
    """One request as its client sent it.

    `uri` is the request target verbatim (what the access log shows); `path_and_query` what a target gets: origin form
    with nothing in it that two readers could read differently. `authority` is the host and port of an absolute-form
    target. `length` is the body's length, or NO_LENGTH; `is_chunked` says that the body ends by itself.
    """

    __slots__ = (
        "authority",
        "drops_loose_names",
        "fields",
        "findings",
        "is_chunked",
        "is_odd",
        "length",
        "method",
        "minor_version",
        "path_and_query",
        "refusal",
        "uri",
        "version",
    )

    def __init__(self, method: bytes, uri: bytes, version: bytes, minor_version: int, fields: RequestFields) -> None:
        self.method = method
        self.uri = uri
        self.path_and_query = uri
        self.version = version
        self.minor_version = minor_version
        self.fields = fields
        self.authority: tuple[bytes, int | None] | None = None
        self.drops_loose_names = False
        """No rule sees fields whose names hold more than letters, digits and hyphens."""
        self.findings: Sequence[Finding] = ()
        self.length = fields.length
        self.is_chunked = False
        self.refusal = 0
        """The status code for a head that cannot be served whatever the configuration says; 0 for all others."""
        self.is_odd = False
        """True when an exchange has to look at findings, refusal, untidy names or a question before it goes on."""

    @property
    def path(self) -> bytes:
        """The path without its query."""
        return self.path_and_query.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The query without its question mark."""
        return self.path_and_query.partition(b"?")[2]

    @property
    def named_host(self) -> bytes | None:
        """The host this request is for, without port: the target URI's, else the Host field's."""
        return self.fields.host if self.authority is None else self.authority[0]

    def header_values(self, name: bytes) -> tuple[bytes, ...]:
        """The values of every field `name` (lower case) that counts, in order, without surrounding white space."""
        if self.drops_loose_names and name.translate(None, tables.STRICT_NAME):
            return ()
        return self.fields.values_of(name)

    @property
    def is_websocket(self) -> bool:
        """True for the opening handshake of a WebSocket (RFC 6455 4.1)."""
        return self.fields.is_websocket and self.method == b"GET"

    @property
    def user_agent(self) -> bytes | None:
        """The User-Agent field."""
        return self.fields.user_agent
