"""Response heads: what a target may send, what a client gets, and the load balancer's own answers (3.3, 4.2)."""

from __future__ import annotations

from functools import partial

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlb.core import error_pages, response_headers
from simlb.core.attributes import ListenerAttributes
from simlb.wire import h1_response
from simlb.wire.h1_chunked import LAST_CHUNK, encode_chunk
from simlb.wire.h1_response import (
    CHUNKED,
    CLOSE,
    HEAD_MAX_BYTES,
    KEEP_ALIVE,
    LENGTH,
    UNTIL_CLOSE,
    UPGRADE,
    ResponseParser,
)
from simlb.wire.response import Answer, ResponseHead, error_answer, has_body

DATE = b"Date: Tue, 07 Mar 2023 10:00:00 GMT\r\n"
CHROME = b"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
BAD = (None, 0)
"""Not a response: 502."""


def parse(raw: bytes) -> tuple[ResponseHead | None, int] | None:
    return ResponseParser().parse(raw)


def head_of(raw: bytes) -> ResponseHead:
    parsed = parse(raw)
    assert parsed is not None, "incomplete"
    head, size = parsed
    assert head is not None, "refused"
    assert size == len(raw)
    return head


def test_an_everyday_response() -> None:
    head = head_of(
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: now\r\nContent-Type: text/plain\r\n"
        b"Content-Length: 5\r\nX: y\r\n\r\n"
    )
    assert (head.status_code, head.phrase, head.length, head.is_chunked, head.closes) == (200, b"OK", 5, False, False)
    assert (head.date, head.content_type) == (b"Date: now\r\n", b"Content-Type: text/plain\r\n")
    assert head.lines == b"Server: nginx\r\nX: y\r\n"


@pytest.mark.parametrize(
    ("line", "status", "phrase"),
    [
        (b"HTTP/1.1 200 OK", 200, b"OK"),
        (b"HTTP/1.1 200 ", 200, b""),
        (b"HTTP/1.1 200", 200, b""),
        (b"HTTP/1.0 404 Not Found Here", 404, b"Not Found Here"),
        (b"HTTP/1.1 503 \xec\x95\x88", 503, b"\xec\x95\x88"),
        (b"HTTP/1.1 999 x", 999, b"x"),
        (b"HTTP/1.2 200 OK", 200, b"OK"),
    ],
)
def test_good_status_lines(line: bytes, status: int, phrase: bytes) -> None:
    head = head_of(line + b"\r\n\r\n")
    assert (head.status_code, head.phrase) == (status, phrase)


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/2.0 200 OK", b"HTTP/1 200 OK", b"http/1.1 200 OK", b"HTTP/1.1  200 OK", b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1 abc OK", b"HTTP/1.1 200OK",
        b"HTTP/1.1\t200 OK", b" HTTP/1.1 200 OK", b"200 OK",
        b"HTTP/1.1 200 O\0K", b"HTTP/1.1 200 O\x1bK", b"HTTP/1.1 200 O\rK", b"garbage", b"GET / HTTP/1.1", b"",
        b"SSH-2.0-OpenSSH_9.6", b"\x15\x03\x01\x00\x02\x02\x46",
    ],
)  # fmt: skip
def test_bad_status_lines(line: bytes) -> None:
    assert parse(line + b"\r\nContent-Length: 0\r\n\r\n") == BAD


@pytest.mark.parametrize(
    "line",
    [
        b"no colon",
        b": empty",
        b"bad name: x",
        b"name : x",
        b"n(me: x",
        b"X: a\0b",
        b"X: a\x01b",
        b"X: a\rb",
        b" folded: x",
        b"\tfolded",
        b"X\xe9: y",
        b"Content-Length: x",
        b"Content-Length: -1",
        b"Content-Length: 5, 5",
        b"Content-Length:",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: xchunked",
    ],
)
def test_bad_fields(line: bytes) -> None:
    parser = ResponseParser()
    for _ in range(2):
        assert parser.parse(b"HTTP/1.1 200 OK\r\nX-Ok: 1\r\n" + line + b"\r\n\r\n") == BAD


@pytest.mark.parametrize(
    ("status_line", "fields", "length", "is_chunked", "closes"),
    [
        (b"HTTP/1.1 200 OK", b"", -1, False, False),
        (b"HTTP/1.1 200 OK", b"Content-Length: 5", 5, False, False),
        (b"HTTP/1.1 200 OK", b"content-length:0", 0, False, False),
        (b"HTTP/1.1 200 OK", b"Content-Length: 5\r\nContent-Length: 05", 5, False, False),
        (b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", -1, True, False),
        (b"HTTP/1.1 200 OK", b"transfer-encoding: Chunked", -1, True, False),
        (b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked\r\nContent-Length: 5", -1, True, True),
        (b"HTTP/1.1 200 OK", b"Connection: close", -1, False, True),
        (b"HTTP/1.1 200 OK", b"Connection: Keep-Alive, Close", -1, False, True),
        (b"HTTP/1.0 200 OK", b"", -1, False, True),
        (b"HTTP/1.0 200 OK", b"Connection: keep-alive", -1, False, False),
        (b"HTTP/1.0 200 OK", b"Connection: keep-alive\r\nConnection: close", -1, False, True),
        (b"HTTP/1.1 304 Not Modified", b"Content-Length: 5", 5, False, False),
    ],
)
def test_framing(status_line: bytes, fields: bytes, length: int, is_chunked: bool, closes: bool) -> None:
    head = head_of(status_line + b"\r\n" + (fields + b"\r\n" if fields else b"") + b"\r\n")
    assert (head.length, head.is_chunked, head.closes) == (length, is_chunked, closes)
    assert head.lines == b"", "nothing of this reaches the client as the target wrote it"


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        (b"Keep-Alive: timeout=5", b""),
        (b"Trailer: X", b""),
        (b"Upgrade: h2c", b""),
        (b"Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2", b"X-End: 2\r\n"),
        (b"Connection: set-cookie, location\r\nSet-Cookie: a=b\r\nLocation: /", b"Set-Cookie: a=b\r\nLocation: /\r\n"),
        (b"Set-Cookie: a\r\nset-cookie: b", b"Set-Cookie: a\r\nset-cookie: b\r\n"),
        (b"Server: mine\r\nX-Latin: \xe9", b"Server: mine\r\nX-Latin: \xe9\r\n"),
        (b"Date: 1\r\nDate: 2\r\nContent-Type: a\r\nContent-Type: b", b"Date: 2\r\nContent-Type: b\r\n"),
    ],
)
def test_which_fields_a_client_sees(fields: bytes, lines: bytes) -> None:
    assert head_of(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n").lines == lines


# -- where a head ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", b"body", id="CR LF"),
        pytest.param(b"HTTP/1.1 200 OK\nX: y\n\n", b"body", id="bare LF"),
        pytest.param(b"HTTP/1.1 200 OK\nX: y\r\n\r\n", b"body", id="bare LF on the status line"),
        pytest.param(b"HTTP/1.1 200 OK\nX: y\n\n", b"a\r\n\r\nb", id="an empty line in the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\n\r\n", b"\r\nbody", id="a body that begins with an empty line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", b"\r\n\r\n", id="a body of empty lines"),
        pytest.param(b"HTTP/1.1 200 OK\n\n", b"", id="no field"),
    ],
)
def test_a_head_ends_at_the_first_empty_line(raw: bytes, body: bytes) -> None:
    parser = ResponseParser()
    for behind in (body, b"", body):
        parsed = parser.parse(raw + behind)
        assert parsed is not None
        head, size = parsed
        assert head is not None
        assert (size, head.lines) == (len(raw), b"X: y\r\n" if b"X" in raw else b"")
    for cut in range(len(raw)):
        assert parser.parse(raw[:cut]) is None


@pytest.mark.parametrize("start", [b"x", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/2.0 200", b"\0", b"HTTX", b"\r\n"])
def test_garbage_is_told_at_its_first_bytes(start: bytes) -> None:
    assert parse(start) == BAD


def with_size(size: int, fill: bytes = b"X: ") -> bytes:
    start = b"HTTP/1.1 200 OK\r\n"
    return start + fill + b"x" * (size - len(start) - len(fill) - 4) + b"\r\n\r\n"


def test_32_kb_of_head_and_one_byte_more() -> None:
    assert len(with_size(HEAD_MAX_BYTES)) == 32 * 1024
    assert head_of(with_size(HEAD_MAX_BYTES)).size == HEAD_MAX_BYTES
    assert parse(with_size(HEAD_MAX_BYTES + 1)) == BAD


def test_a_head_without_an_end_is_not_collected_for_ever() -> None:
    assert parse(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 30_000) is None
    assert parse(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 33_000) == BAD


@pytest.mark.parametrize(
    ("status", "is_informational"), [(100, True), (102, True), (103, True), (101, False), (200, False)]
)
def test_informational(status: int, is_informational: bool) -> None:
    assert head_of(b"HTTP/1.1 %d x\r\n\r\n" % status).is_informational is is_informational


def test_a_switch_of_protocols_keeps_its_upgrade_line() -> None:
    head = head_of(
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
    )
    rendered = h1_response.relay_head(head, UNTIL_CLOSE, UPGRADE, lambda: DATE)
    assert rendered == (
        b"HTTP/1.1 101 Switching\r\n"
        + DATE
        + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        (b"GET", 200, True),
        (b"HEAD", 200, False),
        (b"GET", 204, False),
        (b"GET", 304, False),
        (b"GET", 404, True),
        (b"POST", 101, False),
    ],
)
def test_which_responses_have_a_body(method: bytes, status: int, expected: bool) -> None:
    assert has_body(method, status) is expected


# -- relaying ----------------------------------------------------------------------------------------------------------

TARGET = (
    b"HTTP/1.1 200 Fine\r\nServer: mine\r\nX-First: 1\r\nContent-Length: 5\r\nDate: then\r\nConnection: close\r\n"
    b"Set-Cookie: a=b\r\nContent-Type: text/plain\r\n\r\n"
)


@pytest.mark.parametrize(
    ("framing", "connection", "framing_line", "connection_line"),
    [
        (LENGTH, KEEP_ALIVE, b"Content-Length: 5\r\n", b"Connection: keep-alive\r\n"),
        (LENGTH, CLOSE, b"Content-Length: 5\r\n", b"Connection: close\r\n"),
        (CHUNKED, KEEP_ALIVE, b"Transfer-Encoding: chunked\r\n", b"Connection: keep-alive\r\n"),
        (UNTIL_CLOSE, CLOSE, b"", b"Connection: close\r\n"),
    ],
)
def test_relay_order(framing: int, connection: int, framing_line: bytes, connection_line: bytes) -> None:
    """Date, Content-Type, framing, Connection; then the target's other fields in its order."""
    head = head_of(TARGET)
    expected = (
        b"HTTP/1.1 200 Fine\r\nDate: then\r\nContent-Type: text/plain\r\n"
        + framing_line
        + connection_line
        + b"Server: mine\r\nX-First: 1\r\nSet-Cookie: a=b\r\n\r\n"
    )
    for _ in range(2):
        assert h1_response.relay_head(head, framing, connection, lambda: DATE) == expected


def test_a_date_is_added_where_the_target_sent_none_and_stays_current() -> None:
    head = head_of(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
    for now in (b"Date: one\r\n", b"Date: two\r\n"):
        rendered = h1_response.relay_head(head, LENGTH, KEEP_ALIVE, partial(bytes, now))
        assert rendered == b"HTTP/1.1 200 OK\r\n" + now + b"Connection: keep-alive\r\nX: y\r\n\r\n"


def test_no_server_is_added_for_a_target_without_one() -> None:
    head = head_of(b"HTTP/1.1 200 OK\r\n\r\n")
    assert b"Server" not in h1_response.relay_head(head, LENGTH, KEEP_ALIVE, lambda: DATE)


# -- the load balancer's own answers -----------------------------------------------------------------------------------


def written(answer: Answer, *, is_head: bool = False, closes: bool = False) -> bytes:
    return h1_response.answer_bytes(answer, is_head_request=is_head, closes=closes, now_date=DATE)


@pytest.mark.parametrize(
    ("answer", "is_head", "closes", "size"),
    [
        pytest.param(error_answer(502, b"curl/8"), False, False, 277, id="502 keep-alive"),
        pytest.param(error_answer(502, b"curl/8"), False, True, 272, id="502 close"),
        pytest.param(error_answer(502, CHROME), False, False, 679, id="502 keep-alive to Chrome"),
        pytest.param(error_answer(502, b"curl/8"), True, False, 155, id="502 to HEAD"),
        pytest.param(error_answer(503, b"curl/8"), False, False, 337, id="503 keep-alive"),
        pytest.param(error_answer(400, None), False, True, 272, id="400 close, no request"),
        pytest.param(
            Answer(400, body=error_pages.pad(error_pages.plain_http_page(), 400, CHROME), closes=True),
            False,
            True,
            772,
            id="400 plain HTTP on an HTTPS port, Chrome",
        ),
        pytest.param(error_answer(504, b"curl/8"), False, False, 292, id="504 keep-alive"),
        pytest.param(error_answer(403, b"curl/8"), False, False, 271, id="403 keep-alive"),
    ],
)
def test_the_check_table(answer: Answer, is_head: bool, closes: bool, size: int) -> None:
    assert len(written(answer, is_head=is_head, closes=closes)) == size


def test_the_header_block_in_its_order() -> None:
    assert written(error_answer(503, None)) == (
        b"HTTP/1.1 503 Service Temporarily Unavailable\r\nServer: awselb/2.0\r\n"
        + DATE
        + b"Content-Type: text/html\r\n"
        b"Content-Length: 162\r\nConnection: keep-alive\r\n\r\n" + error_pages.page(503)
    )


def test_a_redirect() -> None:
    answer = error_answer(301, CHROME)
    answer.location = "https://h:443/a/b?x=1"
    data = written(answer)
    assert data == (
        b"HTTP/1.1 301 Moved Permanently\r\nServer: awselb/2.0\r\n" + DATE + b"Content-Type: text/html\r\n"
        b"Content-Length: 134\r\nConnection: keep-alive\r\nLocation: https://h:443/a/b?x=1\r\n\r\n"
        + error_pages.page(301)
    )


@pytest.mark.parametrize("status", [463, 464, 561, 562])
def test_codes_without_a_page(status: int) -> None:
    expected = (
        b"HTTP/1.1 %d \r\nServer: awselb/2.0\r\n" % status
        + DATE
        + b"Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"
    )
    assert written(error_answer(status, CHROME)) == expected


@pytest.mark.parametrize(
    ("status", "body", "head_lines"),
    [
        (200, b"hello", b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n"),
        (503, b"", b"Content-Length: 0\r\n"),
        (204, b"ignored", b""),
        (299, b"x", b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n"),
    ],
)
def test_fixed_responses(status: int, body: bytes, head_lines: bytes) -> None:
    answer = Answer(status, body=body, content_type="text/plain; charset=utf-8")
    start = b"HTTP/1.1 %d %b\r\nServer: awselb/2.0\r\n" % (status, error_pages.reason_phrase(status).encode()) + DATE
    end = b"Connection: keep-alive\r\n\r\n"
    assert written(answer) == start + head_lines + end + (b"" if status == 204 else body)
    assert written(answer, is_head=True) == start + head_lines + end


def test_a_listeners_attributes_are_put_on() -> None:
    answer = error_answer(502, None)
    given = {
        "routing.http.response.server.enabled": "false",
        "routing.http.response.x_frame_options.header_value": "DENY",
    }
    answer.put_on(response_headers.compiled(ListenerAttributes.from_wire(given)))
    assert b"Server" not in written(answer)
    assert b"Connection: keep-alive\r\nX-Frame-Options: DENY\r\n\r\n<html>" in written(answer)


@pytest.mark.parametrize(("status", "closes"), [(400, True), (408, True), (414, True), (502, False), (503, False)])
def test_which_answers_close(status: int, closes: bool) -> None:
    assert error_answer(status, None).closes is closes
    assert error_answer(status, None, closes=True).closes


# -- properties --------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from([
    b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"HTTP/1.1 200 OK\r\n", b"Content-Length: 5\r\n", b"Date: x\r\n",
    b"\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close, x\r\n", b"X: y\r\n", b"\n\n", b"\x80",
    b"HTTP/1.0 ",
])  # fmt: skip


def read_by_h11(head: ResponseHead) -> tuple[int, bytes]:
    """What a strict client makes of the relayed head and a chunked body."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    body = encode_chunk(b"hello") + LAST_CHUNK if has_body(b"GET", head.status_code) else b""
    client.receive_data(h1_response.relay_head(head, CHUNKED if body else UNTIL_CLOSE, KEEP_ALIVE, lambda: DATE) + body)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    found = b""
    while isinstance(event := client.next_event(), h11.Data):
        found += event.data
    assert isinstance(event, h11.EndOfMessage)
    return response.status_code, found


@pytest.mark.slow
@settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(PIECES | st.binary(max_size=4), max_size=10).map(b"".join), st.booleans())
def test_a_head_is_refused_or_relayed_as_clean_lines_whatever_was_read_before(raw: bytes, has_start: bool) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + raw if has_start else raw
    parser = ResponseParser()
    first, second, fresh = parser.parse(data), parser.parse(data), parse(data)
    if first is None:
        assert second is fresh is None
        return
    assert second is not None
    assert fresh is not None
    assert first[1] == second[1] == fresh[1]
    head = first[0]
    if head is None:
        assert second[0] is fresh[0] is None
        return
    for framing in (LENGTH, CHUNKED, UNTIL_CLOSE):
        rendered = h1_response.relay_head(head, framing, KEEP_ALIVE, lambda: DATE)
        block, _, rest = rendered.partition(b"\r\n\r\n")
        assert rest == b""
        for line in block.split(b"\r\n"):
            assert line
            assert not set(line) & set(b"\r\n\0")
    if head.status_code >= 200:
        assert read_by_h11(head) == (head.status_code, b"hello" if has_body(b"GET", head.status_code) else b"")


def test_the_memory_is_bounded() -> None:
    parser = ResponseParser()
    for number in range(2000):
        parser.parse(b"HTTP/1.1 200 OK\r\nX: %d\r\n\r\n" % number)
        parser.parse(b"HTTP/1.1 200 OK\r\nX: %d%b\r\n\r\n" % (number, b"x" * 3000))
        parser.parse(b"HTTP/1.1 200 OK\nX: 1\n\n%d\r\n\r\n" % number)
    assert len(parser._heads) <= h1_response._REMEMBERED_MAX
    assert max(map(len, parser._heads)) <= h1_response._REMEMBERED_MAX_BYTES
