"""DNS messages: from the bytes of a question to the bytes of its answer. dnslib knows the wire format.

Of a question only header, name, type, class and the size that the client takes (EDNS) are read: no record of a client's
message is ever parsed, so that hostile bytes find nothing to break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dnslib import (
    AAAA,
    CAA,
    CNAME,
    EDNS0,
    MX,
    NS,
    QTYPE,
    RCODE,
    RR,
    SOA,
    TXT,
    A,
    DNSHeader,
    DNSLabel,
    DNSQuestion,
    DNSRecord,
)
from dnslib.buffer import BufferError as TooShort
from dnslib.label import DNSBuffer

from simlb.core.dns.answers import Answer, Record
from simlb.core.dns.names import NAME_BYTES_MAX, from_labels, to_labels
from simlb.core.dns.values import Address, Authority, Data, Exchange, Name, Start, Texts

QUERY_BYTES_MAX = 512
"""Longer than any question is; what is longer is not looked at."""
UDP_BYTES = 512
"""What every client takes (RFC 1035)."""
UDP_BYTES_MAX = 1232
"""What we send at most, whatever a client says that it takes."""
MESSAGE_BYTES_MAX = 16_383
"""How far the pointers of names reach."""
TTL_MAX_S = 2**31 - 1

_HEADER_BYTES = 12
_IN = 1
_OPT = 41
_TRANSFERS = frozenset({251, 252})
_QUERY = 0
_BADVERS_HIGH_BITS = 1
_TYPES: Mapping[int, str] = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    255: "ANY",
    257: "CAA",
}
_OTHER = "?"
"""A type that no record here has."""

Answers = Callable[[str, str], Answer]
"""From a canonical name and a type to the answer."""
Ttl = Callable[[int], int]
"""From a TTL in load-balancer seconds to one that clients, who live in real time, are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    name: DNSLabel
    type: int
    class_: int
    udp_bytes: int | None
    """None without EDNS."""
    edns_version: int


def respond(message: bytes, answers: Answers, ttl: Ttl, *, is_udp: bool) -> bytes | None:
    """What to send back; None for what is not to be answered at all, such as answers of others."""
    if len(message) < _HEADER_BYTES or message[2] & 0x80:
        return None
    buffer = DNSBuffer(message[:QUERY_BYTES_MAX])
    asked = DNSHeader.parse(buffer)
    reply = DNSRecord(DNSHeader(id=asked.id, qr=1, aa=0, ra=0, rd=asked.rd, opcode=asked.opcode))
    if asked.opcode != _QUERY:
        return _with(reply, "NOTIMP")
    question = _question(buffer, asked, len(message))
    if question is None:
        return _with(reply, "FORMERR")
    reply.add_question(DNSQuestion(question.name, question.type, question.class_))
    if question.udp_bytes is not None:
        high_bits = _BADVERS_HIGH_BITS if question.edns_version else 0
        reply.add_ar(EDNS0(udp_len=UDP_BYTES_MAX, ext_rcode=high_bits))
        if question.edns_version:
            return bytes(reply.pack())
    if question.class_ != _IN or question.type in _TRANSFERS:
        return _with(reply, "REFUSED")
    name = from_labels(question.name.label)
    answer = answers(name, _TYPES.get(question.type, _OTHER))
    reply.header.aa = int(answer.is_authoritative)
    for record in answer.records:
        reply.add_answer(_record(record, ttl))
    for record in answer.authority:
        reply.add_auth(_record(record, ttl))
    return _fitting(_with(reply, answer.status), reply, question, is_udp=is_udp)


def _fitting(packed: bytes, reply: DNSRecord, question: _Question, *, is_udp: bool) -> bytes:
    """What is too long for UDP is asked for again over TCP."""
    most = MESSAGE_BYTES_MAX
    if is_udp:
        most = min(max(question.udp_bytes or UDP_BYTES, UDP_BYTES), UDP_BYTES_MAX)
    if len(packed) <= most:
        return packed
    reply.rr, reply.auth = [], []
    reply.header.tc = int(is_udp)
    return _with(reply, "NOERROR" if is_udp else "SERVFAIL")


def _question(buffer: DNSBuffer, asked: DNSHeader, length: int) -> _Question | None:
    """The question; None for what is none, or more than one."""
    if (asked.q, asked.a, asked.auth) != (1, 0, 0) or asked.ar > 1 or length > QUERY_BYTES_MAX:
        return None
    try:
        name = buffer.decode_name()
        type_, class_ = buffer.unpack("!HH")
        udp_bytes, version = None, 0
        if asked.ar:
            buffer.decode_name()
            kind, size, flags, _ = buffer.unpack("!HHIH")
            if kind == _OPT:
                udp_bytes, version = size, flags >> 16 & 0xFF
    except TooShort:
        return None
    is_name = sum(len(label) + 1 for label in name.label) < NAME_BYTES_MAX and all(len(one) < 64 for one in name.label)
    if not is_name:
        return None
    return _Question(name=name, type=type_, class_=class_, udp_bytes=udp_bytes, edns_version=version)


def _with(reply: DNSRecord, status: str) -> bytes:
    reply.header.rcode = getattr(RCODE, status)
    return bytes(reply.pack())


def _record(record: Record, ttl: Ttl) -> RR:
    return RR(
        _label(record.name),
        getattr(QTYPE, record.type),
        ttl=min(ttl(record.ttl_s), TTL_MAX_S),
        rdata=_rdata(record.type, record.data),
    )


def _rdata(type_: str, data: Data) -> object:
    match data:
        case Address(text):
            return A(text) if type_ == "A" else AAAA(text)
        case Name(name):
            return (CNAME if type_ == "CNAME" else NS)(_label(name))
        case Texts(strings):
            return TXT(list(strings))
        case Exchange(preference, name):
            return MX(_label(name), preference)
        case Authority(flags, tag, value):
            return CAA(flags, tag, value.decode("ascii"))
        case Start(server, mailbox, serial, refresh_s, retry_s, expire_s, minimum_s):
            return SOA(_label(server), _label(mailbox), (serial, refresh_s, retry_s, expire_s, minimum_s))


def _label(name: str) -> DNSLabel:
    # Never as text: dnslib would take a dot within a label for the end of it, and encode it as an international name.
    return DNSLabel(to_labels(name))
