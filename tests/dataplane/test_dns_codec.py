"""DNS messages: dnslib's client side reads what ours writes, and no bytes break it."""

from __future__ import annotations

import random

import pytest
from dnslib import CLASS, EDNS0, OPCODE, QTYPE, RCODE, DNSHeader, DNSQuestion, DNSRecord

from simlb.core.dns.answers import NameServer
from simlb.dataplane.dns_codec import respond
from tests.core.dns.zones import record_set, zone

SHOP = zone(
    "shop.test",
    record_set("www.shop.test", "A", "192.0.2.1", "192.0.2.2"),
    record_set("www.shop.test", "AAAA", "2001:db8::1"),
    record_set("shop.test", "MX", "10 mail.shop.test"),
    record_set("shop.test", "CAA", '0 issue "amazon.com"'),
    record_set("shop.test", "TXT", '"a b" "c"', r'"\303\251"'),
    record_set("a\\056b.shop.test", "CNAME", "x\\056y.example.com"),
    record_set("long.shop.test", "TXT", *(f'"{number:0200}"' for number in range(20))),
    record_set("huge.shop.test", "TXT", *(f'"{number:0250}"' for number in range(100))),
)
SERVER = NameServer({"Z1": SHOP}, lambda _: None, "127.0.0.1")


def ask(message: bytes, *, is_udp: bool = True, speed: int = 1) -> DNSRecord | None:
    reply = respond(message, SERVER.answer, lambda ttl_s: max(1, ttl_s // speed), is_udp=is_udp)
    return DNSRecord.parse(reply) if reply is not None else None


def question(name: str, type_: str = "A", **edns: int) -> bytes:
    record = DNSRecord.question(name, type_)
    if edns:
        record.add_ar(EDNS0(**edns))
    return bytes(record.pack())


@pytest.mark.parametrize(
    ("name", "type_", "values"),
    [
        ("www.shop.test", "A", ["192.0.2.1", "192.0.2.2"]),
        ("www.shop.test", "AAAA", ["2001:db8::1"]),
        ("shop.test", "MX", ["10 mail.shop.test."]),
        ("shop.test", "CAA", ['0 issue "amazon.com"']),
        ("shop.test", "TXT", ['"a b","c"', '"é"']),
        ("shop.test", "SOA", [f"{SHOP.name_servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"]),
        ("shop.test", "NS", list(SHOP.name_servers)),
    ],
)
def test_every_type_goes_over_the_wire(name: str, type_: str, values: list[str]) -> None:
    reply = ask(question(name, type_))
    assert reply is not None
    assert (reply.header.aa, reply.header.ra, reply.header.rcode) == (1, 0, RCODE.NOERROR)
    assert [(str(each.rname), QTYPE[each.rtype], str(each.rdata)) for each in reply.rr] == [
        (f"{name}.", type_, value) for value in values
    ]


def test_the_question_comes_back_as_it_was_asked() -> None:
    record = DNSRecord(DNSHeader(id=4711, rd=1), q=DNSQuestion("wWw.ShOp.TeSt", QTYPE.A))
    reply = ask(record.pack())
    assert reply is not None
    assert (reply.header.id, reply.header.rd) == (4711, 1)
    assert str(reply.q.qname) == "wWw.ShOp.TeSt."
    assert len(reply.rr) == 2


def test_a_dot_within_a_label_is_no_end_of_it() -> None:
    record = DNSRecord(q=DNSQuestion([b"a.b", b"shop", b"test"], QTYPE.CNAME))
    reply = ask(record.pack())
    assert reply is not None
    assert reply.rr[0].rdata.label.label == (b"x.y", b"example", b"com")


def test_ttls_follow_the_speed() -> None:
    fast, faster = (ask(question("www.shop.test"), speed=speed) for speed in (10, 1000))
    assert fast is not None
    assert faster is not None
    assert (fast.rr[0].ttl, faster.rr[0].ttl) == (30, 1)


@pytest.mark.parametrize(
    ("edns", "is_udp", "is_cut"),
    [({}, True, True), ({"udp_len": 4096}, True, True), ({}, False, False), ({"udp_len": 512}, False, False)],
)
def test_what_is_too_long_for_udp_is_cut_and_whole_over_tcp(edns: dict[str, int], is_udp: bool, is_cut: bool) -> None:
    reply = ask(question("long.shop.test", "TXT", **edns), is_udp=is_udp)
    assert reply is not None
    assert (reply.header.tc, len(reply.rr)) == ((1, 0) if is_cut else (0, 20))
    assert any(each.rtype == QTYPE.OPT for each in reply.ar) is bool(edns)


def test_edns_lets_longer_answers_through() -> None:
    plain, extended = question("shop.test", "ANY"), question("shop.test", "ANY", udp_len=1232)
    replies = [ask(plain), ask(extended)]
    assert [reply.header.tc for reply in replies if reply is not None] == [0, 0]


def test_a_message_that_pointers_cannot_span_is_a_failure() -> None:
    reply = ask(question("huge.shop.test", "TXT"), is_udp=False)
    assert reply is not None
    assert (reply.header.rcode, reply.header.tc, reply.rr) == (RCODE.SERVFAIL, 0, [])


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (DNSRecord(DNSHeader(opcode=OPCODE.UPDATE), q=DNSQuestion("shop.test")).pack(), "NOTIMP"),
        (DNSRecord(q=DNSQuestion("shop.test", QTYPE.AXFR)).pack(), "REFUSED"),
        (DNSRecord(q=DNSQuestion("shop.test", QTYPE.A, CLASS.CH)).pack(), "REFUSED"),
        (DNSRecord(q=DNSQuestion("example.com")).pack(), "REFUSED"),
        (DNSRecord(q=DNSQuestion("no.shop.test")).pack(), "NXDOMAIN"),
        (DNSRecord(DNSHeader()).pack(), "FORMERR"),
        (DNSRecord(questions=[DNSQuestion("shop.test"), DNSQuestion("a.test")]).pack(), "FORMERR"),
        (question("www.shop.test")[:-1], "FORMERR"),
        (question("www.shop.test")[:12] + b"\xc0\x0c\x00\x01\x00\x01", "FORMERR"),  # a name that points at itself
        (question("www.shop.test")[:12] + b"\x3fab", "FORMERR"),
        (question("www.shop.test") + bytes(500), "FORMERR"),
    ],
    ids=range(11),  # messages have random numbers in them, and every worker has to find the same tests
)
def test_refused(message: bytes, status: str) -> None:
    reply = ask(message)
    assert reply is not None
    assert RCODE[reply.header.rcode] == status
    assert reply.rr == []


def test_an_unknown_version_of_edns() -> None:
    reply = ask(question("www.shop.test", version=1, udp_len=1232))
    assert reply is not None
    assert reply.rr == []
    assert reply.ar[0].ttl >> 24 == 1  # BADVERS is 16


@pytest.mark.parametrize("message", [b"", b"\0" * 11, DNSRecord.question("shop.test").reply().pack()], ids=range(3))
def test_not_answered_at_all(message: bytes) -> None:
    assert ask(message) is None


def test_a_thousand_random_datagrams_do_no_harm() -> None:
    draw = random.Random(53)
    sound = question("www.shop.test", "A", udp_len=1232)
    answered = 0
    for number in range(1000):
        if number % 2:
            message = bytearray(sound)
            for _ in range(draw.randrange(1, 6)):
                message[draw.randrange(len(message))] = draw.randrange(256)
            message = message[: draw.randrange(len(message) + 1)] if number % 4 == 1 else message
        else:
            message = bytearray(draw.randbytes(draw.randrange(600)))
        reply = respond(bytes(message), SERVER.answer, lambda ttl_s: ttl_s, is_udp=True)
        answered += reply is not None
        assert reply is None or len(reply) <= 1232
    assert answered > 300
