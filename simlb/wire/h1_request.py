"""HTTP/1.x request heads: finding their end, the request line, and what the framing fields mean together.

Whatever a head looks like, the outcome is one `RequestHead`: servable, or with a `refusal` status (reference 3.2, 3.3,
3.7). Nothing is ever raised for what a client sent.
"""

from __future__ import annotations

import re

from simlb.core import desync
from simlb.core.desync import DesyncClass, Finding
from simlb.core.forwarding import has_too_many_addresses, split_host
from simlb.wire import tables
from simlb.wire.h1_fields import SECTION_MAX_BYTES, FieldParser
from simlb.wire.request import NO_LENGTH, RequestFields, RequestHead

REQUEST_LINE_MAX_BYTES = 16 * 1024
HEAD_MAX_BYTES = SECTION_MAX_BYTES
# A request line of its own limit may precede a header section of its own limit.
BUFFER_MAX_BYTES = REQUEST_LINE_MAX_BYTES + HEAD_MAX_BYTES

_COMMON_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"})
_REFUSED_METHODS = frozenset({b"TRACE", b"CONNECT"})
_KEEPING_REFUSALS = frozenset({405, 463})
"""Refusals after which a connection may go on."""
_BODYLESS_METHODS = frozenset({b"GET", b"HEAD"})
_VERSIONS = {b"HTTP/1.1": 1, b"HTTP/1.0": 0}
_VERSION = re.compile(rb"HTTP/([0-9])(?:\.([0-9]))?")
_ABSOLUTE_FORM = re.compile(rb"(?i:https?)://([^/?#]*)([^#]*)")
_LINE_FEED_END = re.compile(rb"\n\r?\n")


class RequestParser:
    """Finds and reads request heads in a stream of bytes."""

    def __init__(self, fields: FieldParser) -> None:
        self._fields = fields

    def parse(self, buffer: bytes, searched: int = 0) -> tuple[RequestHead, int] | None:
        """The first head in `buffer` and how many bytes it takes, or None while its end has not arrived.

        `searched` bytes are known to hold no end. Empty lines before a request line are the caller's to skip.
        """
        end = buffer.find(b"\r\n\r\n", max(0, searched - 3))
        if end < 0:
            return self._parse_by_line_feeds(buffer, searched)
        line_end = buffer.find(b"\r\n", 0, end)
        if line_end < 0:
            line_end = end
        line = buffer[:line_end]
        block = buffer[line_end + 2 : end]
        head = self.head(line, block)
        if head.is_odd and (b"\n" in line or _LINE_FEED_END.search(buffer, 0, end + 2) is not None):
            # A bare line feed had ended the request line or the head before the CRLF CRLF found first. Lines with bare
            # line feeds are never remembered as ordinary, so that only odd heads need this look.
            return self._parse_by_line_feeds(buffer)
        return head, end + 4

    def _parse_by_line_feeds(self, buffer: bytes, searched: int = 0) -> tuple[RequestHead, int] | None:
        match = _LINE_FEED_END.search(buffer, max(0, searched - 2))
        if match is None:
            return None
        line, _, block = buffer[: match.start()].partition(b"\n")
        head = self.head(line.removesuffix(b"\r"), block.removesuffix(b"\r"))
        if Finding.NON_CRLF_LINE_TERMINATION not in head.findings:
            head.findings = (*head.findings, Finding.NON_CRLF_LINE_TERMINATION)
            head.is_odd = True
        return head, match.end()

    def head(self, line: bytes, block: bytes) -> RequestHead:
        """The head whose request line and header section, without their line ends, are these."""
        fields = self._fields.parse(block)
        parts = line.split(b" ")
        if len(parts) == 3:
            method, uri, version = parts
            minor_version = _VERSIONS.get(version)
            if (
                minor_version is not None
                and method in _COMMON_METHODS
                and uri[:1] == b"/"
                and not uri.translate(None, tables.URI)
                and len(line) <= REQUEST_LINE_MAX_BYTES
            ):
                head = RequestHead(method, uri, version, minor_version, fields)
                if (
                    fields.is_odd
                    or fields.transfer_encodings
                    or (fields.length >= 0 and method in _BODYLESS_METHODS)
                    or (fields.forwarded_for is not None and has_too_many_addresses(fields.forwarded_for))
                ):
                    _interpret(head, [])
                return head
        return _unusual_head(line, fields)


def _unusual_head(line: bytes, fields: RequestFields) -> RequestHead:
    """A head whose request line is not of the everyday form."""
    findings: list[Finding] = []
    method, _, rest = line.partition(b" ")
    trimmed = rest.rstrip(tables.WHITESPACE)
    if trimmed != rest:
        # White space behind the version, which must not pass for part of the target.
        findings.append(Finding.NON_COMPLIANT_VERSION)
        rest = trimmed
    uri, space, version = rest.rpartition(b" ")
    refusal = 0
    if not space:
        # Two words at most. HTTP/0.9 and requests without a target cannot be passed on in one clear form.
        missing_uri = _VERSION.fullmatch(rest) is not None
        uri, version = (b"", rest) if missing_uri else (rest, b"")
        if missing_uri:
            findings.append(Finding.MISSING_URI)
        elif not findings:
            findings.append(Finding.NON_COMPLIANT_VERSION)
        refusal = 400
    minor_version = 1
    stripped = version.strip(tables.WHITESPACE)
    match = _VERSION.fullmatch(stripped)
    if match is None:
        if version:
            findings.append(Finding.BAD_VERSION)
    elif match[1] != b"1":
        refusal = 505 if match[1] > b"1" else 400
    elif match[2] is None:
        findings.append(Finding.BAD_VERSION)
    else:
        minor_version = 0 if match[2] == b"0" else 1
        if match[2] > b"1" or stripped != version:
            findings.append(Finding.NON_COMPLIANT_VERSION)
    if not method or method.translate(None, tables.TOKEN):
        findings.append(Finding.BAD_METHOD)
    head = RequestHead(method, uri, version, minor_version, fields)
    head.refusal = refusal
    if method in _REFUSED_METHODS and not refusal:
        head.refusal = 405
    if len(uri) + len(method) + len(version) + 2 > REQUEST_LINE_MAX_BYTES and not head.refusal:
        head.refusal = 414
    _read_uri(head, findings)
    _interpret(head, findings)
    return head


def _read_uri(head: RequestHead, findings: list[Finding]) -> None:
    """Set `path_and_query` and `authority` from the request target (RFC 9112 3.2)."""
    uri = head.uri
    if b"\0" in uri or b"\r" in uri or b"\n" in uri:
        findings.append(Finding.BAD_URI)
        return
    if uri.translate(None, tables.URI):
        without_high = uri.translate(None, bytes(range(0x80, 0x100)))
        if b" " in uri:
            findings.append(Finding.SPACE_IN_URI)
        if without_high.replace(b" ", b"").translate(None, tables.URI):
            findings.append(Finding.AMBIGUOUS_URI)
        # Percent-encoded, every target reads one and the same path (docs/parity.md).
        uri = b"".join(bytes((byte,)) if byte in tables.URI else b"%%%02X" % byte for byte in uri)
    absolute = _ABSOLUTE_FORM.fullmatch(uri)
    if absolute is not None:
        authority = split_host(absolute[1])
        if authority is None:
            head.refusal = head.refusal or 400
            return
        head.authority = authority
        uri = absolute[2] if absolute[2][:1] == b"/" else b"/" + absolute[2]
    elif uri[:1] != b"/" and not (uri == b"*" and head.method == b"OPTIONS"):
        head.refusal = head.refusal or 400
    head.path_and_query = uri


def _interpret(head: RequestHead, findings: list[Finding]) -> None:
    """What the fields mean together: body framing, findings, and a refusal where no target may see the request."""
    fields = head.fields
    findings = [*findings, *fields.findings]
    encodings = fields.transfer_encodings
    found = desync.framing(
        head.method,
        head.minor_version,
        encodings + fields.suspicious_encodings,
        fields.content_lengths + fields.suspicious_lengths,
        is_suspicious=fields.is_suspicious,
    )
    findings += found
    head.findings = tuple(findings)
    head.is_odd = bool(findings or fields.loose_lines or fields.asks_why)
    codings = desync.transfer_codings(b",".join(encodings)) if encodings else []
    _set_framing(head, codings)
    is_severe = desync.worst(findings)[0] is DesyncClass.SEVERE
    if not head.refusal:
        head.refusal = _refusal(head, codings) or (400 if is_severe else 0)
    if head.refusal:
        head.is_odd = True
        if is_severe and head.refusal in _KEEPING_REFUSALS:
            # Nobody can say where this request ends: its connection must not go on.
            head.refusal = 400


def _set_framing(head: RequestHead, codings: list[bytes]) -> None:
    head.is_chunked = codings[-1:] == [b"chunked"]
    lengths = head.fields.content_lengths
    if head.is_chunked or not lengths:
        # Transfer-Encoding overrides Content-Length (RFC 9112 6.3).
        head.length = NO_LENGTH
    else:
        length = desync.content_length(lengths[0])
        head.length = NO_LENGTH if length is None else length


def _refusal(head: RequestHead, codings: list[bytes]) -> int:
    """The first of reference section 0, step 3 and 4, that applies in every mode; 0 when none does."""
    fields = head.fields
    if fields.size > HEAD_MAX_BYTES or fields.line_too_long:
        return 400
    if (fields.hosts or head.minor_version == 1) and fields.host is None:
        # Also beside an absolute-form target (RFC 9112 3.2).
        return 400
    if any(coding not in {b"chunked", b"identity"} for coding in codings):
        bad = Finding.BAD_TRANSFER_ENCODING in head.findings
        return 400 if bad else 501
    if b"chunked" in codings[:-1]:
        return 400
    if fields.forwarded_for is not None and has_too_many_addresses(fields.forwarded_for):
        return 463
    return 0
