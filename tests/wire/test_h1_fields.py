"""Header sections of requests: what a target sees, what is dropped, and a memory that changes nothing (3.4, 3.7)."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlb.wire import h1_fields
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.request import RequestFields, RequestHead
from tests.wire.corpus import HEADS, PIECES, mutated_heads, random_heads


def read(*lines: bytes) -> RequestFields:
    return FieldParser().parse(b"\r\n".join((b"Host: a.test", *lines)))


def passed(*lines: bytes) -> list[bytes]:
    found = read(*lines).lines
    assert not found or found.endswith(b"\r\n")
    return found.split(b"\r\n")[:-1]


@pytest.mark.parametrize(
    "line",
    [
        b"Accept: */*",
        b"X-Empty:",
        b"X:y",
        b"X:\t y \t",
        b"Cookie: a=b; c=d",
        b"Authorization: Basic eA==",
        b"Forwarded: for=10.0.0.1",
        b"Via: 1.1 other",
        b"User-Agent: x",
        b"snake_case: 1",
        b"x!#$%&'*+.^`|~: 1",
        b"X-Latin: caf\xe9",
        b"X-Colon: a:b:c",
        b"TransferEncoding: chunked",
        b"Sec-WebSocket-Key: k==",
        b"x-amzn-other: 1",
        b"Proxy-Authorization: x",
    ],
)
def test_passed_on_byte_for_byte(line: bytes) -> None:
    assert passed(line) == [line]
    assert read(line).findings == ()


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: close",
        b"Keep-Alive: timeout=5",
        b"Proxy-Connection: keep-alive",
        b"TE: trailers",
        b"Trailer: X",
        b"Upgrade: h2c",
        b"Expect: 100-continue",
        b"Content-Length: 5",
        b"Transfer-Encoding: chunked",
        b"X-Forwarded-For: 1.2.3.4",
        b"X-Forwarded-Proto: https",
        b"X-FORWARDED-PORT: 443",
        b"X-Amzn-Trace-Id: Root=1-2-3",
        b"X-Amzn-Tls-Version: TLSv1.3",
        b"X-Amzn-Tls-Cipher-Suite: x",
        b"X-Amzn-Oidc-Data: x",
        b"x-amzn-oidc-identity: admin",
        b"X-Amzn-Mtls-Clientcert: x",
        b"X-Amzn-Mtls-Clientcert-Subject: CN=admin",
        b"HOST: b.test",
    ],
)
def test_the_load_balancer_s_own_are_not_passed_on(line: bytes) -> None:
    assert passed(line) == []
    assert read(line).findings == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b"bad name: x", "NonCompliantHeader", id="a space in a name"),
        pytest.param(b"name : x", "NonCompliantHeader", id="a space before the colon"),
        pytest.param(b"n(me: x", "NonCompliantHeader", id="a name that is no token"),
        pytest.param("이름: x".encode(), "NonCompliantHeader", id="a name beyond ASCII"),
        pytest.param(b"X: a\x01b", "NonCompliantHeader", id="a control byte in a value"),
        pytest.param(b"X: a\x7fb", "NonCompliantHeader", id="DEL in a value"),
        pytest.param(b"Host: \x01", "BadHeader", id="a control byte in a Host"),
        pytest.param(b"X: a\0b", "BadHeader", id="NUL in a value"),
        pytest.param(b"X: a\rb", "BadHeader", id="a lone CR in a value"),
        pytest.param(b"X: a\r", "BadHeader", id="two CRs at the end"),
        pytest.param(b"X\0: a", "BadHeader", id="NUL in a name"),
        pytest.param(b"X\r: a", "BadHeader", id="a lone CR in a name"),
        pytest.param(b"a\0b", "BadHeader", id="NUL and no colon"),
        pytest.param(b": x", "EmptyHeader", id="no name"),
        pytest.param(b"no colon", "MissingHeaderColon", id="no colon"),
        pytest.param(b"Content_Length: 5", "SuspiciousHeader", id="nearly Content-Length"),
        pytest.param(b"transfer-encoding\x0b: chunked", "SuspiciousHeader", id="nearly Transfer-Encoding"),
    ],
)
def test_defective_lines_are_named_and_never_passed_on(line: bytes, reason: str) -> None:
    fields = read(b"Before: 1", line, b"After: 2")
    assert fields.findings == (reason,)
    assert fields.is_odd
    assert fields.lines == b"Before: 1\r\nAfter: 2\r\n"


@pytest.mark.parametrize(
    ("section", "lines", "reasons"),
    [
        pytest.param(b"X: a\r\n b", b"X: a b\r\n", "MultilineHeader", id="unfolded into one line"),
        pytest.param(b"X: a\r\n \t b\r\n\tc", b"X: a b c\r\n", "MultilineHeader", id="several folds"),
        pytest.param(b"X: a\r\n b\r\nY: c", b"X: a b\r\nY: c\r\n", "MultilineHeader", id="and goes on"),
        pytest.param(b"X: a\r\n b: c", b"X: a b: c\r\n", "MultilineHeader", id="a fold that looks like a field"),
        pytest.param(b"X: a\r\n b\x01: c\x01", b"", "MultilineHeader NonCompliantHeader", id="a fold with controls"),
        pytest.param(b"X: a\r\n ", b"X: a \r\n", "MultilineHeader", id="a line of white space"),
        pytest.param(b" lost\r\nX: a", b"X: a\r\n", "MultilineHeader", id="a fold with nothing before it"),
        pytest.param(b"X: a\nY: b", b"X: a\r\nY: b\r\n", "NonCrLfLineTermination", id="a bare line feed"),
        pytest.param(
            b"X: a\n b\nY: c", b"X: a b\r\nY: c\r\n", "MultilineHeader NonCrLfLineTermination", id="both at once"
        ),
        pytest.param(b"X: a\r\n b\0", b"", "MultilineHeader BadHeader", id="NUL in a fold"),
    ],
)
def test_folds_and_line_feeds(section: bytes, lines: bytes, reasons: str) -> None:
    fields = FieldParser().parse(section)
    assert fields.lines == lines
    assert " ".join(fields.findings) == reasons


def test_repeated_fields_stay_repeated_and_in_order() -> None:
    lines = [b"Accept: a", b"X: 1", b"accept: b", b"X: 2", b"X: 1"]
    assert passed(*lines) == lines


@pytest.mark.parametrize(
    ("connection", "left"),
    [
        (b"close", [b"X-One: 1", b"Cookie: c"]),
        (b"X-One", [b"Cookie: c"]),
        (b"close, x-ONE", [b"Cookie: c"]),
        (b"keep-alive,,\tX-One ,", [b"Cookie: c"]),
        (b"cookie, host, authorization", [b"X-One: 1", b"Cookie: c"]),
    ],
)
def test_fields_that_connection_names(connection: bytes, left: list[bytes]) -> None:
    assert passed(b"X-One: 1", b"Connection: " + connection, b"Cookie: c") == left


def test_connection_cannot_take_away_what_decides_framing_or_identity() -> None:
    fields = read(
        b"Connection: content-length, x-forwarded-for, host", b"Content-Length: 5", b"X-Forwarded-For: 1.1.1.1"
    )
    assert (fields.length, fields.forwarded_for, fields.host) == (5, b"1.1.1.1", b"a.test")


@pytest.mark.parametrize(
    ("lines", "closes", "keeps_alive"),
    [
        ([], False, False),
        ([b"Connection: close"], True, False),
        ([b"connection: CLOSE"], True, False),
        ([b"Connection: keep-alive"], False, True),
        ([b"Connection: keep-alive", b"Connection: close"], True, True),
    ],
)
def test_what_connection_asks_for(lines: list[bytes], closes: bool, keeps_alive: bool) -> None:
    fields = read(*lines)
    assert (fields.closes, fields.keeps_alive) == (closes, keeps_alive)


@pytest.mark.parametrize(
    ("lines", "is_websocket"),
    [
        ([b"Connection: Upgrade", b"Upgrade: websocket"], True),
        ([b"Connection: keep-alive, upgrade", b"Upgrade: WebSocket"], True),
        ([b"Upgrade: websocket"], False),
        ([b"Connection: Upgrade"], False),
        ([b"Connection: Upgrade", b"Upgrade: h2c"], False),
        ([b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 0"], True),
        ([b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 5"], False),
        ([b"Transfer-Encoding: chunked", b"Connection: Upgrade", b"Upgrade: websocket"], False),
    ],
)
def test_websocket_handshakes(lines: list[bytes], is_websocket: bool) -> None:
    assert read(*lines).is_websocket is is_websocket


def test_several_x_forwarded_for_fields_are_one_list() -> None:
    fields = read(b"X-Forwarded-For: 10.0.0.1", b"x-forwarded-for:10.0.0.2, 10.0.0.3")
    assert fields.forwarded_for == b"10.0.0.1, 10.0.0.2, 10.0.0.3"


def test_the_first_trace_id_and_the_first_user_agent_count() -> None:
    fields = read(b"X-Amzn-Trace-Id: Root=1", b"X-Amzn-Trace-Id: Root=2", b"User-Agent: one", b"User-Agent: two")
    assert (fields.trace, fields.user_agent) == (b"Root=1", b"one")


def test_names_that_drop_invalid_header_fields_drops() -> None:
    fields = read(b"Good-1: a", b"snake_case: b", b"x.y: c", b"Good-2: d", b"snake_case: b")
    assert fields.lines == b"Good-1: a\r\nsnake_case: b\r\nx.y: c\r\nGood-2: d\r\nsnake_case: b\r\n"
    assert fields.strict_lines == b"Good-1: a\r\nGood-2: d\r\n"
    assert fields.is_odd
    assert fields.findings == ()


# -- the memory --------------------------------------------------------------------------------------------------------


def seen(parsed: tuple[RequestHead, int] | None) -> object:
    """All that a head says, to compare."""
    if parsed is None:
        return None
    head, size = parsed
    own = {name: getattr(head, name) for name in RequestHead.__slots__ if name != "fields"}
    own["findings"] = tuple(own["findings"])
    return size, own, said(head.fields)


def said(fields: RequestFields) -> dict[str, object]:
    """All that a header section says, to compare."""
    names = [name for name in dir(RequestFields) if not name.startswith("_")]
    values = {name: getattr(fields, name) for name in names}
    return {name: value for name, value in values.items() if not callable(value)} | {"section": fields.section}


def test_a_defective_line_stays_defective_when_it_comes_again() -> None:
    parser = FieldParser()
    sections = [
        b"Host: a\r\nX: \x01", b"Host: a\r\nX\0: 1", b"Host: a\r\nno colon", b"Host: a\r\nContent_Length: 5",
        b"Host: a\r\nX: a\r\n b", b"Host: a\nX: a", b"Host: a\r\n: x", b"Host: a\r\n\r\nX: y",
    ]  # fmt: skip
    first = [parser.parse(section).findings for section in sections]
    assert all(first)
    for _ in range(3):
        # Behind another first line, so that lines are remembered, not whole sections.
        assert [parser.parse(b"Other: 1\r\n" + section).findings for section in sections] == first
        assert [parser.parse(section).findings for section in sections] == first


def test_what_was_parsed_before_changes_nothing() -> None:
    heads = [*HEADS, *random_heads(1500, seed=3)]
    warm = RequestParser(FieldParser())
    for raw in heads:
        warm.parse(raw)
    for raw in heads:
        fresh = seen(RequestParser(FieldParser()).parse(raw))
        assert seen(warm.parse(raw)) == fresh, raw
        assert seen(warm.parse(raw)) == fresh, raw


@pytest.mark.slow
def test_how_much_has_arrived_changes_nothing() -> None:
    """A head is incomplete until its last byte is there, and then the same whatever stands behind it."""
    parser = RequestParser(FieldParser())
    for raw in random_heads(400, seed=5):
        data = raw + b"GET /next HTTP/1.1\r\nHost: z\r\n\r\n"
        parsed = parser.parse(data)
        assert parsed is not None
        for end in range(len(data)):
            assert seen(parser.parse(data[:end])) == (None if end < parsed[1] else seen(parsed)), data[:end]


def test_requests_with_one_header_section_do_not_share_their_own_parts() -> None:
    parser = RequestParser(FieldParser())
    section = b"\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    expected = [(b"GET", 5, ("UndefinedContentLengthSemantics",)), (b"POST", 5, ())] * 2
    found = []
    for method in (b"GET", b"POST", b"GET", b"POST"):
        parsed = parser.parse(method + b" / HTTP/1.1" + section)
        assert parsed is not None
        found.append((parsed[0].method, parsed[0].length, tuple(parsed[0].findings)))
    assert found == expected


def test_the_memory_is_bounded() -> None:
    parser = FieldParser()
    for number in range(10_000):
        parser.parse(b"Host: h%d\r\nX-%d: %d\r\nn_%d: x" % (number, number, number, number))
        parser.parse(b"X: " + b"%d" % number * 400)
    assert len(parser._lines) <= h1_fields._LINES_MAX
    assert len(parser._blocks) <= h1_fields._BLOCKS_MAX
    assert len(parser._names) <= h1_fields._LINES_MAX
    assert max(map(len, parser._lines)) <= h1_fields._LINE_REMEMBERED_MAX_BYTES
    assert max(map(len, parser._blocks)) <= h1_fields._BLOCK_REMEMBERED_MAX_BYTES
    assert max(map(len, parser._names)) <= 64


@pytest.mark.parametrize(
    "line",
    [b"a_%x:", b"a", b"Connection:%x", b"X-Forwarded-For:%x", b"Host:%x", b"content-length:%x", b" %x", b"b_:"],
)
def test_no_kind_of_line_costs_the_square_of_its_number(line: bytes) -> None:
    lines = [line % number if b"%x" in line else line for number in range(20_000)]
    section = b"\r\n".join(lines)[: h1_fields.SECTION_MAX_BYTES]
    start = time.perf_counter()
    FieldParser().parse(section)
    assert time.perf_counter() - start < 1.0, "64 kB take 5-60 ms"


@pytest.mark.slow
@settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(mutated_heads() | st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join) | st.binary(max_size=80))
def test_nothing_a_client_sends_raises_and_nothing_passed_on_can_break_a_line(raw: bytes) -> None:
    parsed = RequestParser(FieldParser()).parse(raw)
    if parsed is None:
        return
    head, size = parsed
    assert 0 < size <= len(raw)
    assert raw[:size].endswith(b"\n")
    for line in head.fields.lines.split(b"\r\n")[:-1]:
        name, colon, value = line.partition(b":")
        assert name
        assert colon
        assert not set(name + value) & set(b"\r\n\0")
    if not head.refusal:
        assert not set(head.method + head.path_and_query) & set(b"\r\n\0 ")


@pytest.mark.parametrize(
    ("line", "needs_rewriting"),
    [
        (b"Accept: */*", False),
        (b"X-Forwarded-Proto: https", False),
        (b"X-Forwarded-For:", True),
        (b"x-forwarded-for: 10.0.0.1", True),
        (b"X-Amzn-Trace-Id: x", True),
        (b"Upgrade: websocket", True),
    ],
)
def test_which_fields_have_to_be_merged(line: bytes, needs_rewriting: bool) -> None:
    assert read(line).needs_rewriting is needs_rewriting


def long_sections(count: int, seed: int) -> list[bytes]:
    """Sections as browsers send them, with defects and odd fields between the lines that change in each request."""
    random = Random(seed)
    lines = [
        b"Host: shop.localhost:8080", b"Host: other.test", b"Connection: keep-alive", b"Connection: close, X-Hop",
        b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)", b"user-agent: second", b"Accept: text/html", b"X-Hop: gone",
        b"Sec-Fetch-Site: same-origin", b"Content-Length: 5", b"Content-Length: 6", b"Transfer-Encoding: chunked",
        b"X-Forwarded-For: 1.2.3.4", b"X-Amzn-Trace-Id: Root=1", b"Upgrade: websocket", b"Connection: upgrade",
        b"Expect: 100-continue", b"Keep-Alive: 5", b"x_loose: 1", b"no colon", b": empty", b"X: a\x01b", b"X: a\rb",
        b" folded", b"X: a\nY: b", b"Content_Length: 5", b"X-Padding: " + b"p" * 400,
    ]  # fmt: skip
    changing = [
        b"Cookie: a=%d", b"Referer: http://shop.localhost/%d", b"cookie: b=%d", b"referer: /%d", b"Cookie:c=%d",
        b"Cookie: bad\x01%d", b"Referer: cut\rhere%d", b"Cookie: line\nfeed%d", b"COOKIE: d=%d",
    ]  # fmt: skip
    sections = []
    for _ in range(count):
        chosen = [random.choice(lines[:8] if random.random() < 0.7 else lines) for _ in range(random.randrange(1, 9))]
        chosen += [random.choice(changing) % random.randrange(9) for _ in range(random.randrange(4))]
        random.shuffle(chosen)
        sections.append(b"\r\n".join([*chosen, lines[-1]] if random.random() < 0.9 else [lines[-1], *chosen]))
    return sections


def test_a_long_section_means_the_same_read_by_stretches_and_line_by_line() -> None:
    warm = FieldParser()
    by_stretches = 0
    for section in long_sections(3000, seed=5) * 2:
        found = warm._parse_by_stretches(section)
        if found is not None:
            by_stretches += 1
            assert said(found) == said(FieldParser()._parse_by_lines(section)), section
    assert 1000 < by_stretches < 5000, "both ways are taken"


def test_what_changes_is_not_remembered() -> None:
    parser = FieldParser()
    for number in range(20_000):
        parser.parse(
            b"Host: a\r\nX-Padding: %b\r\nCookie: n=%d\r\nReferer: /%d\r\nAccept: a" % (b"p" * 400, number, number)
        )
    assert len(parser._stretches) == 2
    assert not any(line.startswith((b"Cookie", b"Referer")) for line in parser._lines)
