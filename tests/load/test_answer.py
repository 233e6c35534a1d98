"""Answers, however they are framed and cut into pieces."""

from __future__ import annotations

import pytest

from simlb.load.answer import AnswerReader, is_elb_answer, target_of
from simlb.wire.h1_response import ResponseParser
from simlb.wire.response import ResponseHead

OK = b"HTTP/1.1 200 OK\r\n"


def read(*pieces: bytes, method: bytes = b"GET") -> AnswerReader:
    reader = AnswerReader(ResponseParser())
    reader.begin(method)
    for piece in pieces:
        reader.feed(piece)
        if reader.has_failed:
            break
    return reader


@pytest.mark.parametrize(
    ("data", "method", "status", "is_reusable"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", b"GET", 200, True),
        (OK + b"Content-Length: 0\r\n\r\n", b"GET", 200, True),
        (OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok", b"GET", 200, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"GET", 200, False),
        (OK + b"Content-Length: 2\r\n\r\n", b"HEAD", 200, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"GET", 204, True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", b"GET", 304, True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"GET", 200, True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"POST", 200, True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"GET", 200, True),
        (OK + b"Content-Length: 2\r\n\r\nok and more", b"GET", 200, False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore", b"GET", 200, False),
    ],
)
def test_whole_answers(data: bytes, method: bytes, status: int, is_reusable: bool) -> None:
    for pieces in ([data], [data[:7], data[7:]], [data[place : place + 1] for place in range(len(data))]):
        reader = read(*pieces, method=method)
        assert (reader.is_done, reader.has_failed, reader.is_reusable) == (True, False, is_reusable)
        assert reader.head is not None
        assert reader.head.status_code == status


@pytest.mark.parametrize(
    ("data", "has_begun"),
    [
        (b"", False),
        (b"HTT", True),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", False),
        (OK + b"Content-Length: 3\r\n\r\nok", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", True),
    ],
)
def test_what_is_not_whole_does_not_become_so_by_its_end(data: bytes, has_begun: bool) -> None:
    reader = read(data)
    assert not reader.is_done
    assert reader.has_begun is has_begun
    assert not reader.at_end()


def test_a_body_without_length_ends_with_the_connection() -> None:
    reader = read(OK + b"\r\nso", b"me")
    assert (reader.is_done, reader.at_end(), reader.is_done, reader.is_reusable) == (False, True, True, False)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
def test_no_http(data: bytes) -> None:
    assert read(data).has_failed


def test_an_answer_that_nobody_asked_for_spoils_the_connection() -> None:
    reader = read(OK + b"Content-Length: 0\r\n\r\n")
    assert reader.is_reusable
    reader.feed(OK + b"Content-Length: 0\r\n\r\n")
    assert not reader.is_reusable


@pytest.mark.parametrize(
    ("lines", "target", "is_elb"),
    [
        (b"X-Target: i-01\r\n", "i-01", False),
        (b"Server: nginx\r\nx-target:i-02\r\nVary: *\r\n", "i-02", False),
        (b"Server: awselb/2.0\r\n", None, True),
        (b"X-Server: awselb/2.0\r\nY-X-Target: i-01\r\n", None, False),
        (b"", None, False),
    ],
)
def test_who_answered(lines: bytes, target: str | None, is_elb: bool) -> None:
    head: ResponseHead | None = read(OK + lines + b"Content-Length: 0\r\n\r\n").head
    assert head is not None
    assert (target_of(head), is_elb_answer(head)) == (target, is_elb)
