"""Request heads: their end, the request line, framing, limits (reference 3.2, 3.3, 3.7)."""

from __future__ import annotations

import pytest

from simlb.core import desync
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import HEAD_MAX_BYTES, REQUEST_LINE_MAX_BYTES, RequestParser
from simlb.wire.request import RequestHead

SERVED = 0


def parse(raw: bytes) -> tuple[RequestHead, int] | None:
    return RequestParser(FieldParser()).parse(raw)


def head_of(raw: bytes) -> RequestHead:
    parsed = parse(raw)
    assert parsed is not None, "the head is not complete"
    return parsed[0]


def reasons(head: RequestHead) -> str:
    return " ".join(head.findings)


def test_an_everyday_request() -> None:
    head = head_of(b"GET /a?b=c HTTP/1.1\r\nHost: Example.Test:8080\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n")
    assert (head.method, head.uri, head.version, head.minor_version) == (b"GET", b"/a?b=c", b"HTTP/1.1", 1)
    assert (head.path_and_query, head.path, head.query) == (b"/a?b=c", b"/a", b"b=c")
    assert (head.named_host, head.fields.host_port, head.user_agent) == (b"example.test", 8080, b"curl/8")
    assert (head.length, head.is_chunked, head.refusal, head.is_odd, head.findings) == (-1, False, 0, False, ())
    assert head.fields.lines == b"User-Agent: curl/8\r\nAccept: */*\r\n"


@pytest.mark.parametrize(
    ("line", "status", "sent", "found"),
    [
        pytest.param(b"GET / HTTP/1.1", SERVED, b"/", "", id="the everyday form"),
        pytest.param(b"PATCH /x HTTP/1.1", SERVED, b"/x", "", id="a documented method"),
        pytest.param(b"CUSTOM-METHOD /x HTTP/1.1", SERVED, b"/x", "", id="a method of one's own"),
        pytest.param(b"get / HTTP/1.1", SERVED, b"/", "", id="methods are case-sensitive: get is one's own"),
        pytest.param(b"TRACE / HTTP/1.1", 405, None, "", id="TRACE"),
        pytest.param(b"CONNECT h:443 HTTP/1.1", 405, None, "", id="CONNECT"),
        pytest.param(b"OPTIONS * HTTP/1.1", SERVED, b"*", "", id="OPTIONS of everything"),
        pytest.param(b"GET * HTTP/1.1", 400, None, "", id="GET of everything"),
        pytest.param(b"GET http://b.test/x?y HTTP/1.1", SERVED, b"/x?y", "", id="absolute form"),
        pytest.param(b"GET HTTPS://b.test HTTP/1.1", SERVED, b"/", "", id="absolute form without a path"),
        pytest.param(b"GET http://b.test?y HTTP/1.1", SERVED, b"/?y", "", id="absolute form with a query alone"),
        pytest.param(b"GET http:///x HTTP/1.1", 400, None, "", id="absolute form without a host"),
        pytest.param(b"GET http://u@b.test/ HTTP/1.1", 400, None, "", id="absolute form with a user"),
        pytest.param(b"GET http://b.test/#x HTTP/1.1", 400, None, "", id="absolute form with a fragment"),
        pytest.param(b"GET ftp://b.test/ HTTP/1.1", 400, None, "", id="another scheme"),
        pytest.param(b"GET b.test/ HTTP/1.1", 400, None, "", id="no leading slash"),
        pytest.param(b"GET /a b HTTP/1.1", SERVED, b"/a%20b", "SpaceInUri", id="a space in the target"),
        pytest.param(b"GET  / HTTP/1.1", 400, None, "SpaceInUri", id="two spaces in front of the target"),
        pytest.param(b"GET /\xec\x95\x88 HTTP/1.1", SERVED, b"/%EC%95%88", "", id="raw UTF-8 in the target"),
        pytest.param(b"GET /\x01\x7f HTTP/1.1", SERVED, b"/%01%7F", "AmbiguousUri", id="control bytes in the target"),
        pytest.param(b"GET /\x00 HTTP/1.1", 400, None, "BadUri", id="NUL in the target"),
        pytest.param(b"GET /\r HTTP/1.1", 400, None, "BadUri", id="a lone CR in the target"),
        pytest.param(b"GET /a\tb HTTP/1.1", SERVED, b"/a%09b", "AmbiguousUri", id="a tab in the target"),
        pytest.param(b"GET HTTP/1.1", 400, None, "MissingUri", id="no target"),
        pytest.param(b"GET / HTTP/1.2", SERVED, b"/", "NonCompliantVersion", id="1.2 is treated as 1.1"),
        pytest.param(b"GET / HTTP/1.9", SERVED, b"/", "NonCompliantVersion", id="1.9 is treated as 1.1"),
        pytest.param(b"GET / HTTP/2.0", 505, None, "", id="2.0 in a 1.x request line"),
        pytest.param(b"PRI * HTTP/2.0", 505, None, "", id="the HTTP/2 preface"),
        pytest.param(b"GET / HTTP/2", 505, None, "", id="2 without a minor version"),
        pytest.param(b"GET / HTTP/0.9", 400, None, "", id="0.9"),
        pytest.param(b"GET /", 400, None, "NonCompliantVersion", id="0.9 in its own form"),
        pytest.param(b"GET", 400, None, "NonCompliantVersion", id="one word"),
        pytest.param(b"GET / HTTP/1", 400, None, "BadVersion", id="no minor version"),
        pytest.param(b"GET / HTTP/1.10", 400, None, "BadVersion", id="two digits"),
        pytest.param(b"GET / http/1.1", 400, None, "BadVersion", id="small letters"),
        pytest.param(b"GET / HTTPS/1.1", 400, None, "BadVersion", id="another protocol"),
        pytest.param(b"GET /foo bar", 400, None, "BadVersion", id="not a version"),
        pytest.param(b"GET / HTTP/1.1 ", SERVED, b"/", "NonCompliantVersion", id="a space behind the version"),
        pytest.param(b"GET / HTTP/1.1\t ", SERVED, b"/", "NonCompliantVersion", id="white space behind the version"),
        pytest.param(b"GET / \tHTTP/1.1", SERVED, b"/", "NonCompliantVersion", id="a tab in front of the version"),
        pytest.param(b"GET / ", 400, None, "NonCompliantVersion", id="a space and no version"),
        pytest.param(b"G(T / HTTP/1.1", 400, None, "BadMethod", id="a method that is no token"),
        pytest.param(b"G\xe9T / HTTP/1.1", 400, None, "BadMethod", id="a method beyond ASCII"),
        pytest.param(b" / HTTP/1.1", 400, None, "BadMethod", id="no method"),
        pytest.param(b"\x16\x03\x01\x02 a b", 400, None, "BadMethod", id="TLS on a plain port"),
        pytest.param(b"GET\t/\tHTTP/1.1", 400, None, "BadMethod", id="tabs for spaces"),
    ],
)
def test_request_lines(line: bytes, status: int, sent: bytes | None, found: str) -> None:
    head = head_of(line + b"\r\nHost: a.test\r\n\r\n")
    assert head.refusal == status
    assert found in reasons(head) if found else not head.findings
    assert head.is_odd == bool(found or status)
    if sent is not None:
        assert head.path_and_query == sent


@pytest.mark.parametrize(
    ("raw", "status", "host"),
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, None, id="1.1 without Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, None, id="an empty Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, None, id="an invalid Host"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", SERVED, None, id="1.0 without Host"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400, None, id="1.0 with an invalid Host"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", SERVED, b"a", id="1.0 with Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: A\r\nHost: b\r\n\r\n", SERVED, b"a", id="the first of two"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a b\r\nHost: b\r\n\r\n", 400, None, id="the first of two is invalid"),
        pytest.param(b"GET http://u/ HTTP/1.1\r\nHost: a\r\n\r\n", SERVED, b"u", id="the target's host overrides Host"),
        pytest.param(b"GET http://u/ HTTP/1.0\r\n\r\n", SERVED, b"u", id="1.0, the target's host alone"),
        pytest.param(b"GET http://u/ HTTP/1.1\r\n\r\n", 400, b"u", id="1.1 needs Host all the same"),
        pytest.param(b"GET http://u/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400, b"u", id="an invalid Host beside it"),
        pytest.param(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, None, id="a space before the colon is no Host"),
    ],
)
def test_hosts(raw: bytes, status: int, host: bytes | None) -> None:
    head = head_of(raw)
    assert (head.refusal, head.named_host) == (status, host)


CHUNKED, NO_BODY = "chunked", "no body"


@pytest.mark.parametrize(
    ("request_line", "fields", "outcome", "found"),
    [
        (b"POST / HTTP/1.1", b"", NO_BODY, ""),
        (b"POST / HTTP/1.1", b"Content-Length: 5", 5, ""),
        (b"POST / HTTP/1.1", b"Content-Length:5", 5, ""),
        (b"POST / HTTP/1.1", b"Content-Length: 0", 0, ""),
        (b"POST / HTTP/1.1", b"CONTENT-LENGTH: 005", 5, ""),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", CHUNKED, ""),
        (b"POST / HTTP/1.1", b"transfer-encoding: Chunked", CHUNKED, ""),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: identity", NO_BODY, ""),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: identity, chunked", CHUNKED, ""),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked;q=1", CHUNKED, ""),
        # Tolerated, and rewritten into one meaning
        (b"GET / HTTP/1.1", b"Content-Length: 0", 0, "GetHeadZeroContentLength"),
        (b"GET / HTTP/1.1", b"Content-Length: 5", 5, "UndefinedContentLengthSemantics"),
        (b"GET / HTTP/1.1", b"Transfer-Encoding: chunked", CHUNKED, "UndefinedTransferEncodingSemantics"),
        (b"POST / HTTP/1.0", b"Transfer-Encoding: chunked", CHUNKED, "UndefinedTransferEncodingSemantics"),
        (b"POST / HTTP/1.1", b"Content-Length: 5\r\nContent-Length: 5", 5, "DuplicateContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: 5\r\nTransfer-Encoding: chunked", CHUNKED, "BothTeClPresent"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked\r\nContent-Length: 5", CHUNKED, "BothTeClPresent"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: identity\r\nContent-Length: 5", 5, "BothTeClPresent"),
        (b"POST / HTTP/1.1", b"Content_Length: 5", NO_BODY, "SuspiciousHeader"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding : chunked", NO_BODY, "SuspiciousHeader"),
        (b"POST / HTTP/1.1", b"Content-Length:\r\n 5", 5, "MultilineHeader"),
        (b"POST / HTTP/1.1", b"TransferEncoding: chunked", NO_BODY, ""),
        # Refused
        (b"POST / HTTP/1.1", b"Content-Length: 5\r\nContent-Length: 6", 400, "MultipleContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: 5, 5", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: +5", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: 0x5", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: -5", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: 5 5", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length:", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Content-Length: 18446744073709551616", 400, "BadContentLength"),
        (b"GET / HTTP/1.1", b"Content-Length: x", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: xchunked", 400, "BadTransferEncoding"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked x", 400, "BadTransferEncoding"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding:", 400, "BadTransferEncoding"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked, chunked", 400, "MultipleTransferEncodingChunked"),
        (
            b"POST / HTTP/1.1",
            b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            400,
            "MultipleTransferEncodingChunked",
        ),
        (b"POST / HTTP/1.1", b"Content-Length: 5\x01", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: \x0bchunked", 400, "BadTransferEncoding"),
        (b"POST / HTTP/1.1", b"Content-Length: 5\r\nTransfer-Encoding: chunked\x01", 400, "BadTransferEncoding"),
        (b"POST / HTTP/1.1", b"Content-Length: 5\r\nTransfer_Encoding: \x01chunked", 400, "BadTransferEncoding"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked\0", 400, "BadHeader"),
        (b"TRACE / HTTP/1.1", b"Content-Length: 5\r\nContent-Length: 6", 400, "MultipleContentLength"),
        (b"POST / HTTP/1.1", b"X-Forwarded-For:" + b"," * 30 + b"\r\nContent-Length: x", 400, "BadContentLength"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked, identity", 400, ""),
        (b"POST / HTTP/1.1", b"Transfer_Encoding: chunked\r\nContent-Length: 5", 400, "SuspiciousTeClPresent"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: chunked\r\nContent-Length\t: 5", 400, "SuspiciousTeClPresent"),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: gzip", 501, ""),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked", 501, ""),
        (b"POST / HTTP/1.1", b"Transfer-Encoding: deflate\r\nContent-Length: 5", 501, "BothTeClPresent"),
    ],
)
def test_framing(request_line: bytes, fields: bytes, outcome: str | int, found: str) -> None:
    head = head_of(request_line + b"\r\nHost: a.test\r\n" + (fields + b"\r\n" if fields else b"") + b"\r\n")
    if outcome in {400, 501}:
        assert head.refusal == outcome
    else:
        assert head.refusal == 0
        assert (head.is_chunked, head.length) == (outcome == CHUNKED, outcome if isinstance(outcome, int) else -1)
    worst = desync.worst(head.findings)[1]
    assert worst == (found or None)
    assert b"ength" not in head.fields.lines, "only the load balancer says where the body ends"
    assert b"Transfer-" not in head.fields.lines


@pytest.mark.parametrize(
    ("addresses", "status"),
    [(30, SERVED), (31, 463)],
)
def test_more_than_30_addresses_in_one_field_or_several(addresses: int, status: int) -> None:
    names = [b"10.0.0.%d" % number for number in range(addresses)]
    one = b"X-Forwarded-For: " + b", ".join(names)
    several = b"\r\n".join(b"X-Forwarded-For: " + name for name in names)
    for fields in (one, several):
        assert head_of(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n\r\n").refusal == status


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "over", "status"),
    [(b"GET", 0, SERVED), (b"GET", 1, 414), (b"CUSTOM", 0, SERVED), (b"CUSTOM", 1, 414), (b"GET", 20000, 414)],
)
def test_16_kb_of_request_line(method: bytes, over: int, status: int) -> None:
    rest = len(method) + len("  HTTP/1.1")
    uri = b"/" + b"x" * (REQUEST_LINE_MAX_BYTES - rest - 1 + over)
    assert head_of(method + b" " + uri + b" HTTP/1.1\r\nHost: a\r\n\r\n").refusal == status


@pytest.mark.parametrize("name", [b"X-Long", b"Cookie", b"User-Agent", b"snake_case", b"Keep-Alive", b"X"])
@pytest.mark.parametrize(("size", "status"), [(16383, SERVED), (16384, 400), (17000, 400)])
def test_16_kb_of_one_header(name: bytes, size: int, status: int) -> None:
    line = (name + b": " + b"x" * size)[:size]
    assert head_of(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n").refusal == status


@pytest.mark.parametrize(("size", "status"), [(HEAD_MAX_BYTES, SERVED), (HEAD_MAX_BYTES + 1, 400)])
def test_64_kb_of_all_headers(size: int, status: int) -> None:
    section = b"Host: a"
    while len(section) < size - 10_010:
        section += b"\r\nX-Fill: " + b"x" * 9_990
    section += b"\r\nX: " + b"x" * (size - len(section) - 5)
    assert len(section) == size
    assert head_of(b"GET / HTTP/1.1\r\n" + section + b"\r\n\r\n").refusal == status


# -- where a head ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"BODY", id="CR LF"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", b"BODY", id="bare LF"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\n", b"BODY", id="bare LF for the empty line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\n\r\n", b"BODY", id="bare LF on the last field"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\r\n\r\n", b"BODY", id="bare LF on the request line"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\r\nX: y\r\n\r\n", b"BODY", id="bare LF on the request line only"),
        pytest.param(b"GET / HTTP/1.1\nHost: a\n\n", b"GET /evil HTTP/1.1\r\nHost: b\r\n\r\n", id="a smuggled request"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\n\n", b"GET /evil HTTP/1.1\r\nHost: b\r\n\r\n", id="half and half"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\n\r\n", b"\r\nrest", id="CR LF begins the body"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n\n", b"x\r\n\r\n", id="an empty line further on"),
        pytest.param(b"GET / HTTP/1.0\n\n", b"\r\n\r\n", id="no field at all"),
    ],
)
def test_a_head_ends_at_the_first_empty_line(raw: bytes, rest: bytes) -> None:
    for follows in (rest, b""):
        parsed = parse(raw + follows)
        assert parsed is not None
        head, size = parsed
        assert size == len(raw)
        assert (head.method, head.uri, head.refusal) == (b"GET", b"/", 0)
        assert head.fields.hosts == ((b"a",) if b"Host" in raw else ())
        is_bare = raw.count(b"\n") != raw.count(b"\r\n")
        assert ("NonCrLfLineTermination" in reasons(head)) == is_bare


def test_however_a_head_is_cut_into_reads_it_is_the_same_head() -> None:
    for raw in (
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
        b"GET /a HTTP/1.1\nHost: a\nX: y\n\n",
        b"GET /a HTTP/1.1\r\nHost: a\nX: y\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\n",
    ):
        parser = RequestParser(FieldParser())
        for searched in range(len(raw)):
            assert parser.parse(raw[:searched], max(0, searched - 1)) is None
        for searched in range(len(raw)):
            parsed = parser.parse(raw + b"\r\n\r\n\n\n", searched)
            assert parsed is not None
            assert (parsed[1], parsed[0].fields.lines, parsed[0].uri) == (len(raw), b"X: y\r\n", b"/a")


@pytest.mark.parametrize(
    "raw", [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r", b"\r\r\r", b"x" * 99]
)
def test_incomplete_heads(raw: bytes) -> None:
    assert parse(raw) is None


def test_a_lone_cr_is_no_line_end() -> None:
    head = head_of(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n")
    assert (head.refusal, reasons(head), head.is_chunked) == (400, "BadHeader", False)
