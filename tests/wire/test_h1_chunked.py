"""The chunked coding: strict sizes, dropped extensions and trailers, any segmentation (RFC 9112 7.1; reference 3.3)."""

from __future__ import annotations

import h11
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simlb.wire.h1_chunked import LAST_CHUNK, LINE_MAX_BYTES, TRAILERS_MAX_BYTES, ChunkedDecoder, encode_chunk

FAILED = "failed"
UNFINISHED = "unfinished"
BOUNDED = settings(
    max_examples=250, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def decode(*reads: bytes) -> tuple[bytes | str, bytes]:
    """The body, or what became of it, and the bytes behind it."""
    decoder = ChunkedDecoder()
    body = b""
    for place, data in enumerate(reads):
        body += decoder.feed(data)
        if decoder.has_failed:
            return FAILED, b""
        if decoder.is_done:
            return body, decoder.rest + b"".join(reads[place + 1 :])
    return UNFINISHED, b""


@pytest.mark.parametrize(
    ("data", "body"),
    [
        pytest.param(b"5\r\nhello\r\n0\r\n\r\n", b"hello", id="one chunk"),
        pytest.param(b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello", id="two chunks"),
        pytest.param(b"0\r\n\r\n", b"", id="empty"),
        pytest.param(b"000\r\n\r\n", b"", id="zeros"),
        pytest.param(b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", id="a capital digit"),
        pytest.param(b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789", id="a small digit"),
        pytest.param(b"0000000000000005\r\nhello\r\n0\r\n\r\n", b"hello", id="16 digits"),
        pytest.param(b"00000000000000005\r\nhello\r\n0\r\n\r\n", FAILED, id="17 digits"),
        pytest.param(b"5\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", FAILED, id="data longer than the size"),
        pytest.param(b"6\r\n\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n\r\n", id="line ends as data"),
        pytest.param(b"+5\r\nhello\r\n0\r\n\r\n", FAILED, id="a sign"),
        pytest.param(b"-5\r\nhello\r\n0\r\n\r\n", FAILED, id="a minus"),
        pytest.param(b"0x5\r\nhello\r\n0\r\n\r\n", FAILED, id="0x"),
        pytest.param(b"5_0\r\nhello\r\n0\r\n\r\n", FAILED, id="an underscore"),
        pytest.param(b" 5\r\nhello\r\n0\r\n\r\n", FAILED, id="a space in front"),
        pytest.param(b"\t5\r\nhello\r\n0\r\n\r\n", FAILED, id="a tab in front"),
        pytest.param(b"\r\n5\r\nhello\r\n0\r\n\r\n", FAILED, id="an empty line in front"),
        # Old servers pad sizes with spaces; whoever reads "5 " at all reads 5.
        pytest.param(b"5 \r\nhello\r\n0 \t\r\n\r\n", b"hello", id="white space behind"),
        pytest.param(b"5\x0b\r\nhello\r\n0\r\n\r\n", FAILED, id="other white space behind"),
        pytest.param(b"5 5\r\nhello\r\n0\r\n\r\n", FAILED, id="two numbers"),
        pytest.param(b"\r\n", FAILED, id="no size"),
        pytest.param(b";x\r\n", FAILED, id="an extension and no size"),
        pytest.param(b"g\r\n", FAILED, id="no digit"),
        pytest.param("５\r\nhello\r\n0\r\n\r\n".encode(), FAILED, id="a digit beyond ASCII"),
        pytest.param(b"5;a=b\r\nhello\r\n0;c\r\n\r\n", b"hello", id="extensions are dropped"),
        pytest.param(b"5 ; a=\"b;c\"\r\nhello\r\n0\r\n\r\n", b"hello", id="an extension with quotes and spaces"),
        pytest.param(b"5;\n\r\nhello\r\n0\r\n\r\n", FAILED, id="a line feed inside an extension"),
        pytest.param(b"5;\r\r\nhello\r\n0\r\n\r\n", FAILED, id="a CR inside an extension"),
        pytest.param(b"5\nhello\r\n0\r\n\r\n", FAILED, id="bare LF behind a size"),
        pytest.param(b"5\r\nhello\n0\r\n\r\n", FAILED, id="bare LF behind data"),
        pytest.param(b"5\r\nhello0\r\n\r\n", FAILED, id="nothing behind data"),
        pytest.param(b"5\r\nhello\r0\r\n\r\n", FAILED, id="a lone CR behind data"),
        pytest.param(b"5\r\nhello\r\n0\n\n", FAILED, id="bare LF at the end"),
        pytest.param(b"5\r\nhello\r\n0\r\n\n", FAILED, id="bare LF for the last line"),
        pytest.param(b"0\r\nX: y\r\nZ: a\r\n\r\n", b"", id="trailers are dropped"),
        pytest.param(b"0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n", b"", id="also trailers that look important"),
        pytest.param(b"0\r\nX: y\n\r\n", FAILED, id="bare LF in trailers"),
        pytest.param(b"5\r\nhello\r\n", UNFINISHED, id="no last chunk"),
        pytest.param(b"5\r\nhel", UNFINISHED, id="cut inside data"),
        pytest.param(b"0\r\n", UNFINISHED, id="no last line"),
        pytest.param(b"ffffffffffffffff\r\nx", UNFINISHED, id="the largest size"),
    ],
)  # fmt: skip
def test_bodies(data: bytes, body: bytes | str) -> None:
    assert decode(data) == (body, b"")
    if isinstance(body, bytes):
        assert decode(data + b"GET / HTTP/1.1") == (body, b"GET / HTTP/1.1")
    for cut in range(1, len(data)):
        assert decode(data[:cut], data[cut:])[0] == body, (data[:cut], data[cut:])
    assert decode(*(data[place : place + 1] for place in range(len(data))))[0] == body


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (b"5;" + b"x" * (LINE_MAX_BYTES - 2) + b"\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5;" + b"x" * (LINE_MAX_BYTES - 1) + b"\r\nhello\r\n0\r\n\r\n", FAILED),
        (b"0\r\nX:" + b"x" * (LINE_MAX_BYTES - 2) + b"\r\n\r\n", b""),
        (b"0\r\nX:" + b"x" * (LINE_MAX_BYTES - 1) + b"\r\n\r\n", FAILED),
        (b"0\r\n" + (b"X" * 1022 + b"\r\n") * (TRAILERS_MAX_BYTES // 1022) + b"\r\n", b""),
        (b"0\r\n" + (b"X" * 1022 + b"\r\n") * (TRAILERS_MAX_BYTES // 1022 + 1) + b"\r\n", FAILED),
    ],
)
def test_limits_do_not_depend_on_how_reads_are_cut(line: bytes, outcome: bytes | str) -> None:
    assert decode(line)[0] == outcome
    for size in (1, 7, 1000, LINE_MAX_BYTES - 1, LINE_MAX_BYTES, LINE_MAX_BYTES + 1):
        assert decode(*(line[place : place + size] for place in range(0, len(line), size)))[0] == outcome, size


def test_a_line_without_an_end_is_not_collected_for_ever() -> None:
    decoder = ChunkedDecoder()
    for _ in range(100):
        decoder.feed(b"5;" + b"x" * 98)
        if decoder.has_failed:
            break
    assert decoder.has_failed


bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
cuts = st.lists(st.integers(1, 30), min_size=1, max_size=20)


def cut_up(data: bytes, sizes: list[int]) -> list[bytes]:
    reads: list[bytes] = []
    place = 0
    while place < len(data):
        size = sizes[len(reads) % len(sizes)]
        reads.append(data[place : place + size])
        place += size
    return reads


@BOUNDED
@given(bodies, cuts, st.binary(max_size=10))
def test_what_was_encoded_comes_back(chunks: list[bytes], sizes: list[int], behind: bytes) -> None:
    data = b"".join(map(encode_chunk, chunks)) + LAST_CHUNK + behind
    assert decode(*cut_up(data, sizes)) == (b"".join(chunks), behind)


def read_by_h11(data: bytes) -> bytes | str:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + data)
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return body
            elif event is h11.NEED_DATA:
                return UNFINISHED
    except h11.RemoteProtocolError:
        return FAILED


@pytest.mark.slow
@BOUNDED
@given(
    bodies,
    st.lists(
        st.tuples(
            st.integers(0, 200),
            st.integers(0, 2),
            st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b";", b"0", b"5", b"f", b"+", b"x", b"\0", b"X: y\r\n"]),
        ),
        max_size=3,
    ),
    cuts,
)
def test_a_body_that_is_accepted_is_the_same_for_h11(
    chunks: list[bytes], edits: list[tuple[int, int, bytes]], sizes: list[int]
) -> None:
    data = b"".join(map(encode_chunk, chunks)) + LAST_CHUNK
    for place, cut, piece in edits:
        data = data[:place] + piece + data[place + cut :]
    body, _ = decode(data)
    assert decode(*cut_up(data, sizes))[0] == body
    assume(isinstance(body, bytes))
    # h11 checks trailers, which are dropped here; apart from those both must agree.
    assert read_by_h11(data) in {body, FAILED}


@BOUNDED
@given(st.binary(max_size=60), cuts)
def test_garbage_fails_or_waits_but_never_raises(data: bytes, sizes: list[int]) -> None:
    assert decode(*cut_up(data, sizes))[0] == decode(data)[0]
