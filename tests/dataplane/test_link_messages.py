"""What a link makes out in the bytes that pass it."""

from __future__ import annotations

import pytest

from simlb.dataplane.link_messages import RequestEnd, ResponseCut, asked_of

HEAD = b"POST /a/b?x=/c HTTP/1.1\r\nHost: shop.test\r\nX-Tenant:  blue \r\nx-tenant: red\r\nEmpty:\r\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("Host", "shop.test"), ("x-TENANT", "blue"), ("empty", ""), ("X-Ten", None), ("POST /a/b?x=/c HTTP/1.1", None)],
)
def test_the_first_header_of_a_name_in_any_case(name: str, value: str | None) -> None:
    assert asked_of(HEAD + b"\r\nHeader: in the body\r\n", is_probe=False).header(name) == value


@pytest.mark.parametrize(
    ("line", "method", "path"),
    [
        (b"GET / HTTP/1.1", "GET", "/"),
        (b"POST /a/b?x=/c HTTP/1.1", "POST", "/a/b"),
        (b"OPTIONS * HTTP/1.1", "OPTIONS", "*"),
        (b"GET /\xc3\xa4 HTTP/1.1", "GET", "/Ã¤"),
    ],
)
def test_method_and_path_without_the_query(line: bytes, method: str, path: str) -> None:
    asked = asked_of(line + b"\r\n\r\n", is_probe=True)
    assert (asked.method, asked.path, asked.is_probe) == (method, path, True)


ENDS = [
    # the framing line, the pieces after the head -> with which piece the request is complete (0 is the head's own)
    (b"", [b""], 0),
    (b"Content-Length: 0\r\n", [b""], 0),
    (b"Content-Length: 5\r\n", [b"hello"], 0),
    (b"Content-Length: 5\r\n", [b"", b"hel", b"lo"], 2),
    (b"Transfer-Encoding: chunked\r\n", [b"5\r\nhello\r\n0\r\n\r\n"], 0),
    (b"Transfer-Encoding: chunked\r\n", [b"", b"5\r\nhello\r\n", b"0\r\n\r\n"], 2),
    (b"Transfer-Encoding: chunked\r\n", [b"5\r\nhe", b"llo\r\n0\r", b"\n\r\n"], 2),
]


@pytest.mark.parametrize(("line", "pieces", "last"), ENDS)
def test_where_a_request_ends(line: bytes, pieces: list[bytes], last: int) -> None:
    head = HEAD + line + b"\r\n"
    end = RequestEnd(asked_of(head, is_probe=False))
    pieces = [head + pieces[0], *pieces[1:]]
    assert [end.comes_with(piece) for piece in pieces] == [place == last for place in range(len(pieces))]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
CUTS = [
    # the answer, how many bytes of its body may pass -> what passes, and whether more would come
    (OK + b"hello", 3, OK + b"hel", True),
    (OK + b"hello", 0, OK, True),
    (OK + b"hello", 5, OK + b"hello", False),
    (OK + b"hello", 9, OK + b"hello", False),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"hello", 1, b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"h", True),
    (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 1, b"HTTP/1.1 200 OK\nContent-Length: 5\n\nh", True),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\nframes", 2, b"HTTP/1.1 101 Switching Protocols\r\n\r\nfr", True),
    (b"HTTP/1.1 200 OK\r\nHalf: a he", 0, b"HTTP/1.1 200 OK\r\nHalf: a he", False),
    (b"x" * 70_000, 0, b"x" * 70_000, False),
]


@pytest.mark.parametrize("is_dribbled", [False, True])
@pytest.mark.parametrize(("answer", "after", "passed", "is_over"), CUTS)
def test_where_an_answer_is_cut(answer: bytes, after: int, passed: bytes, is_over: bool, is_dribbled: bool) -> None:
    cut = ResponseCut(after)
    size = max(1, len(answer) // 50) if is_dribbled else len(answer)
    out = b""
    for place in range(0, len(answer), size):
        out += cut.pass_on(answer[place : place + size])
        if cut.is_over:
            break
    assert (out, cut.is_over) == (passed, is_over)
