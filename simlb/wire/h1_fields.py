"""HTTP/1.x header sections of requests: from raw lines to `RequestFields`.

Header lines repeat: a browser sends the same eleven of thirteen again and again. Each distinct line is therefore
validated once and remembered with what it means; a hit costs one dictionary look-up (1.7 times the throughput on
browser heads). The memory is bounded and emptied when full.
"""

from __future__ import annotations

import re
from typing import Any

from simlb.core.desync import Finding, Similarity, content_length, similarity
from simlb.core.forwarding import split_host
from simlb.wire import tables
from simlb.wire.request import NO_LENGTH, RequestFields

LINE_MAX_BYTES = 16 * 1024
SECTION_MAX_BYTES = 64 * 1024

# What a line means to the load balancer. Ordinary lines (no entry at all) and LOOSE_NAMEs go to the target as they are.
# Those below DROP are noted and kept.
LOOSE_NAME, USER_AGENT, EXPLAIN, DROP, HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, FORWARDED_FOR = range(9)
TRACE, UPGRADE, EXPECT, SUSPICIOUS, INVALID, NO_COLON, EMPTY, BAD, FOLDED, DIRTY = range(9, 19)

Entry = tuple[int, Any] | None
"""None for an ordinary line; else its kind and what is needed of its value."""

_ORDINARY = -1
_UNKNOWN: Any = (-2, None)
"""Stands for a line that has not been seen yet: None is the entry of an ordinary one."""
_FRAMING_KINDS = frozenset({CONTENT_LENGTH, TRANSFER_ENCODING, SUSPICIOUS})
_KINDS: dict[bytes, int] = {
    b"host": HOST,
    b"content-length": CONTENT_LENGTH,
    b"transfer-encoding": TRANSFER_ENCODING,
    b"connection": CONNECTION,
    b"user-agent": USER_AGENT,
    b"x-forwarded-for": FORWARDED_FOR,
    b"x-amzn-trace-id": TRACE,
    b"upgrade": UPGRADE,
    b"expect": EXPECT,
    b"x-simlb-explain": EXPLAIN,
    # Hop-by-hop, or written by the load balancer itself.
    b"keep-alive": DROP,
    b"proxy-connection": DROP,
    b"te": DROP,
    b"trailer": DROP,
    b"x-forwarded-proto": DROP,
    b"x-forwarded-port": DROP,
    b"x-amzn-tls-version": DROP,
    b"x-amzn-tls-cipher-suite": DROP,
}
# Claims of identity that only the load balancer may make.
_OWN_PREFIXES = (b"x-amzn-mtls-clientcert", b"x-amzn-oidc-")

_DEFECTS = {
    SUSPICIOUS: Finding.SUSPICIOUS_HEADER,
    INVALID: Finding.NON_COMPLIANT_HEADER,
    NO_COLON: Finding.MISSING_HEADER_COLON,
    EMPTY: Finding.EMPTY_HEADER,
    BAD: Finding.BAD_HEADER,
}

_LINES_MAX = 4096
_LINE_REMEMBERED_MAX_BYTES = 320
_BLOCKS_MAX = 512
_BLOCK_REMEMBERED_MAX_BYTES = 384
# Lines that differ with every user or request would only wash out the others.
_NOT_REMEMBERED = frozenset(
    {b"cookie:", b"Cookie:", b"referer", b"Referer", b"x-forwa", b"X-Forwa", b"x-amzn-", b"X-Amzn-"}
)
"""By their first seven bytes."""

_FOLD = re.compile(rb"\r?\n[ \t]+")

_CHANGING = re.compile(rb"\r\n([CRcr](?:ookie|eferer): [^\r\n]*)")
"""The lines of a browser's head that are new in each request; what stands between them repeats as a whole."""
_STRETCHES_MAX = 256
_STRETCH_REMEMBERED_MAX_BYTES = 1024
_PLAIN_KINDS = frozenset({USER_AGENT, DROP, HOST, CONTENT_LENGTH, CONNECTION, EXPECT})
"""What a stretch may hold: nothing that takes away other lines, counts as a defect, or is new each time."""


class _Stretch:
    """Header lines that have been seen together: those a target gets, and what else they mean.

    Looking them up as one costs a browser's request 2 µs less than line by line.
    """

    __slots__ = ("kept", "notes")

    def __init__(self, kept: bytes, notes: tuple[tuple[int, Any], ...]) -> None:
        self.kept = kept
        self.notes = notes


class FieldParser:
    """Parses header sections and remembers what it has seen. One per process is enough; it holds no request's state."""

    def __init__(self) -> None:
        self._lines: dict[bytes, Entry] = {}
        self._blocks: dict[bytes, RequestFields] = {}
        self._stretches: dict[bytes, _Stretch] = {}
        self._names: dict[bytes, int] = dict(_KINDS)

    def parse(self, block: bytes) -> RequestFields:
        """The meaning of a header section: its lines, without the request line and the final empty line."""
        if len(block) > _BLOCK_REMEMBERED_MAX_BYTES:
            return self._parse_by_stretches(block) or self._parse_by_lines(block)
        fields = self._blocks.get(block)
        if fields is None:
            fields = self._parse_by_lines(block)
            if len(self._blocks) >= _BLOCKS_MAX:
                self._blocks.clear()
            self._blocks[block] = fields
        return fields

    def _parse_by_stretches(self, block: bytes) -> RequestFields | None:
        """A long section with few lines that are new each time; None when it has to be read line by line."""
        if len(block) >= LINE_MAX_BYTES:
            return None
        fields = RequestFields(block)
        kept: list[bytes] = []
        is_stretch = True
        for piece in _CHANGING.split(block):
            if not is_stretch:
                if piece.translate(None, tables.VALUE):
                    return None
                kept.append(piece)
            elif piece:
                stretch = self._stretches.get(piece) or self._read_stretch(piece)
                if stretch is None:
                    return None
                if stretch.kept:
                    kept.append(stretch.kept)
                for kind, value in stretch.notes:
                    _note(fields, kind, value)
            is_stretch = not is_stretch
        if fields.nominated:
            return None
        _settle(fields, kept, [])
        return fields

    def _read_stretch(self, piece: bytes) -> _Stretch | None:
        """Lines that follow each other, when nothing in them needs a closer look; None otherwise."""
        kept: list[bytes] = []
        notes: list[tuple[int, Any]] = []
        # All but the first stretch begin with the end of the changing line before them.
        for line in piece.removeprefix(b"\r\n").split(b"\r\n"):
            entry = self._lines.get(line, _UNKNOWN)
            if entry is _UNKNOWN:
                entry = self._classify(line)
            if entry is None:
                kept.append(line)
                continue
            kind = entry[0]
            if kind not in _PLAIN_KINDS:
                return None
            if kind == USER_AGENT:
                kept.append(line)
            if kind != DROP:
                notes.append(entry)
        stretch = _Stretch(b"\r\n".join(kept), tuple(notes))
        if len(piece) <= _STRETCH_REMEMBERED_MAX_BYTES:
            if len(self._stretches) >= _STRETCHES_MAX:
                self._stretches.clear()
            self._stretches[piece] = stretch
        return stretch

    def _parse_by_lines(self, block: bytes) -> RequestFields:
        fields = RequestFields(block)
        if not self._read(fields, block.split(b"\r\n") if block else []):
            fields = self._parse_defective(block)
        return fields

    def _parse_defective(self, block: bytes) -> RequestFields:
        """A section with folded lines or bare line feeds: unfold, end lines as they should be, and say so."""
        findings = []
        unfolded = _FOLD.sub(b" ", block)
        if unfolded != block or block[:1] in {b" ", b"\t"}:
            findings.append(Finding.MULTILINE_HEADER)
        lines = unfolded.split(b"\n")
        if len(lines) > unfolded.count(b"\r\n") + 1:
            findings.append(Finding.NON_CRLF_LINE_TERMINATION)
        fields = RequestFields(unfolded)
        fields.size = len(block)
        fields.findings = tuple(findings)
        # A continuation without a line to continue has nothing to be joined to.
        clean = [line.removesuffix(b"\r") for line in lines]
        self._read(fields, [line for line in clean if line[:1] not in {b" ", b"\t"}])
        return fields

    def _read(self, fields: RequestFields, lines: list[bytes]) -> bool:
        """Fill `fields` from lines; False when they are not clean lines at all."""
        remembered = self._lines
        kept: list[bytes] = []
        keep = kept.append
        loose: list[bytes] = []
        for line in lines:
            entry = remembered.get(line, _UNKNOWN)
            if entry is _UNKNOWN:
                entry = self._classify(line)
            if entry is None:
                keep(line)
                continue
            kind, value = entry
            if kind == LOOSE_NAME:
                keep(line)
                loose.append(line)
            elif kind >= FOLDED:
                return False
            elif kind != DROP:
                if kind < DROP:
                    keep(line)
                _note(fields, kind, value)
        if fields.size >= LINE_MAX_BYTES:
            fields.line_too_long = any(len(line) >= LINE_MAX_BYTES for line in lines)
        if fields.nominated:
            kept = [line for line in kept if line.partition(b":")[0].lower() not in fields.nominated]
        _settle(fields, kept, loose)
        return True

    def _classify(self, line: bytes) -> Entry:
        entry = self._examine(line)
        if len(line) <= _LINE_REMEMBERED_MAX_BYTES and line[:7] not in _NOT_REMEMBERED:
            if len(self._lines) >= _LINES_MAX:
                self._lines.clear()
            self._lines[line] = entry
        return entry

    def _examine(self, line: bytes) -> Entry:
        """Strict validation of one line (reference 3.7)."""
        if b"\n" in line:
            return (DIRTY, None)
        name, colon, value = line.partition(b":")
        kind = self._names.get(name) if colon else None
        if kind is None:
            kind = self._kind_of(line, name, colon)
        if kind == FOLDED:
            # Whatever it holds belongs to the line before it and is judged there.
            return (FOLDED, None)
        if value.translate(None, tables.VALUE):
            # A lone CR or a NUL can end a line or a string for a careless reader; other control bytes are only untidy,
            # except in what decides framing: dropped, `Transfer-Encoding: \x0bchunked` would not be judged any more.
            if b"\r" in value or b"\0" in value or kind == HOST:
                return (BAD, None)
            if kind not in _FRAMING_KINDS:
                return (INVALID, None)
        if kind == _ORDINARY:
            return None
        value = value.strip(tables.WHITESPACE)
        if kind == HOST:
            return (HOST, (value, split_host(value)))
        if kind == CONTENT_LENGTH:
            return (CONTENT_LENGTH, (value, content_length(value)))
        if kind == CONNECTION:
            return (CONNECTION, _connection_options(value))
        if kind == SUSPICIOUS:
            return (SUSPICIOUS, (similarity(name)[0], value))
        return (kind, value)

    def _kind_of(self, line: bytes, name: bytes, colon: bytes) -> int:
        if line[:1] in {b" ", b"\t"}:
            return FOLDED
        if not colon:
            return BAD if b"\r" in line or b"\0" in line else NO_COLON if line else EMPTY
        if not name:
            return EMPTY
        lower = name.lower()
        kind = _KINDS.get(lower)
        if kind is None:
            kind = _kind_of_unknown(name, lower)
        if len(name) <= 64:
            if len(self._names) >= _LINES_MAX:
                self._names = dict(_KINDS)
            self._names[name] = kind
        return kind


def _kind_of_unknown(name: bytes, lower: bytes) -> int:
    if b"\0" in name or b"\r" in name:
        return BAD
    if similarity(name)[1] is not Similarity.DIFFERENT:
        return SUSPICIOUS
    if lower.startswith(_OWN_PREFIXES):
        return DROP
    if name.translate(None, tables.TOKEN):
        return INVALID
    return LOOSE_NAME if name.translate(None, tables.STRICT_NAME) else _ORDINARY


def _settle(fields: RequestFields, kept: list[bytes], loose: list[bytes]) -> None:
    """What all lines together mean, once each has been noted; `kept` are those for the target."""
    if fields.findings or fields.host is None or len(fields.content_lengths) + len(fields.transfer_encodings) > 1:
        fields.is_odd = True
    if fields.line_too_long or fields.size > SECTION_MAX_BYTES or fields.asks_why:
        fields.is_odd = True
    if fields.trace is not None or fields.forwarded_for is not None or fields.upgrade is not None:
        fields.needs_rewriting = True
        if fields.transfer_encodings or fields.length > 0:
            # A handshake has no body (RFC 6455 4.1). Readers disagree on whether what follows one is body or
            # already the other protocol, so that a request with both is an ordinary request with a body.
            fields.upgrade = None
    kept.append(b"")
    fields.lines = fields.strict_lines = b"\r\n".join(kept)
    if loose:
        fields.is_odd = True
        fields.loose_lines = tuple(loose)
        dropped = frozenset(loose)
        fields.strict_lines = b"\r\n".join([line for line in kept if line not in dropped])


def _note(fields: RequestFields, kind: int, value: Any) -> None:
    """Take down a line that the load balancer itself cares about."""
    if kind == HOST:
        raw, host = value
        if not fields.hosts and host is not None:
            fields.host, fields.host_port = host
        fields.hosts += (raw,)
    elif kind == USER_AGENT:
        if fields.user_agent is None:
            fields.user_agent = value
    elif kind == CONNECTION:
        closes, keeps_alive, wants_upgrade, nominated = value
        fields.closes |= closes
        fields.keeps_alive |= keeps_alive
        fields.wants_upgrade |= wants_upgrade
        if nominated:
            fields.nominated |= nominated
    elif kind == CONTENT_LENGTH:
        raw, length = value
        fields.content_lengths += (raw,)
        fields.length = NO_LENGTH if length is None else length
        if length is None:
            fields.is_odd = True
    elif kind == TRANSFER_ENCODING:
        fields.transfer_encodings += (value,)
    elif kind == FORWARDED_FOR:
        fields.forwarded_for = value if fields.forwarded_for is None else fields.forwarded_for + b", " + value
    elif kind == TRACE:
        fields.trace = value if fields.trace is None else fields.trace
    elif kind == UPGRADE:
        fields.upgrade = value
    elif kind == EXPECT:
        fields.expects_continue = value.lower() == b"100-continue"
    elif kind == EXPLAIN:
        fields.asks_why = value == b"1"
    else:
        finding = _DEFECTS[kind]
        if finding not in fields.findings:
            # Once is enough: thousands of defective lines must not cost the square of their number.
            fields.findings += (finding,)
        if kind == SUSPICIOUS:
            # It takes part in the framing checks as if it were real (reference 3.7), but no target sees it.
            name, text = value
            fields.is_suspicious = True
            if name == b"content-length":
                fields.suspicious_lengths += (text,)
            else:
                fields.suspicious_encodings += (text,)


# A Connection header may not take these away from the target or from the load balancer's own rules.
_NEVER_NOMINATED = frozenset({b"host", b"cookie", b"authorization", b"content-type", b"user-agent"})


def _connection_options(value: bytes) -> tuple[bool, bool, bool, frozenset[bytes]]:
    """What a Connection field says: close, keep-alive, upgrade, and the fields that it declares hop-by-hop."""
    tokens = {token.strip(tables.WHITESPACE) for token in value.lower().split(b",")}
    nominated = tokens - {b"", b"close", b"keep-alive", b"upgrade"} - _NEVER_NOMINATED
    return b"close" in tokens, b"keep-alive" in tokens, b"upgrade" in tokens, frozenset(nominated)
