"""Request heads of every kind, and random relatives of them, for what must hold whatever a client sends."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from simlb.wire.h1_chunked import LAST_CHUNK, encode_chunk
from simlb.wire.request import RequestHead

HEADS = [
    b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"GET /a/b?c=d#e HTTP/1.1\r\nHost: A.Test:8080\r\nUser-Agent: x/1 (y; z)\r\nAccept: */*\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET http://b.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer_Encoding: chunked\r\nContent-Length : 5\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a.test\n\nGET /evil HTTP/1.1\r\nHost: b.test\r\n\r\n",
    b"PUT / HTTP/1.1\r\nHost: a.test\r\nX-Long: a\r\n b\r\n\tc\r\nContent-Length:\r\n 3\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close, X-Mine, host\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n"
    b"TE: gzip\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k==\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nContent-Length: 7\r\nConnection: Upgrade\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 10.0.0.1\r\nX-Amzn-Trace-Id: Root=1-2-3;A=b\r\n"
    b"X-Forwarded-Proto: gopher\r\nX-Amzn-Oidc-Data: x\r\nCookie: a=b; c=\xff\r\nExpect: 100-continue\r\n\r\n",
    b"get / HTTP/1.1\r\nHost: a.test\r\nsnake_case: \x80\xe9\r\nno colon\r\n: empty\r\nbad name: x\r\nX: \x01\r\n\r\n",
]  # fmt: skip

PIECES = [
    b" ", b"\t", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\0", b"\x7f", b"\x80", b"\x0b", b"\x0c", b"\x85", b":",
    b"::", b",", b";", b"/", b"//", b"?", b"#", b"%", b"%00", b"*", b"\\", b'"', b"@", b"[::1]", b"http://",
    b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"GET ", b"POST ", b"Host: c.test\r\n", b"host:",
    b"Content-Length: 5\r\n", b"Content-Length: 6\r\n", b"content-length:+5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding:\x0bchunked\r\n", b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding\t: chunked\r\n", b"Connection: content-length, transfer-encoding\r\n", b"Connection: close\r\n",
    b"Upgrade: h2c\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"chunked", b"0", b"5", b"-", b"_",
    b"x" * 70,    b" folded\r\n", b"\xc5\xbf", b"GET /evil HTTP/1.1\r\nHost: e.test\r\n\r\n",
]  # fmt: skip


@st.composite
def mutated_heads(draw: st.DrawFn) -> bytes:
    """A head of the corpus with up to six pieces put in, taken out or written over."""
    head = draw(st.sampled_from(HEADS))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(head)))
        cut = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 5, 20]))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=3))
        head = head[:place] + piece + head[place + cut :]
    return head


def random_heads(count: int, seed: int) -> Iterator[bytes]:
    """The same without hypothesis, for one long list."""
    rng = random.Random(seed)
    for _ in range(count):
        head = rng.choice(HEADS)
        for _ in range(rng.randrange(5)):
            place = rng.randrange(len(head) + 1)
            cut = rng.choice([0, 0, 1, 2, 10])
            head = head[:place] + rng.choice(PIECES) + head[place + cut :]
        yield head


def as_sent_to_a_target(head: RequestHead, body: bytes, *, is_strict: bool = False) -> bytes:
    """An accepted request in the form in which a target gets it."""
    fields = head.fields
    pieces = [
        head.method, b" ", head.path_and_query, b" HTTP/1.1\r\n",
        b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\nHost: h\r\n",
        fields.strict_lines if is_strict else fields.lines,
    ]  # fmt: skip
    if fields.is_websocket:
        pieces.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
    if head.is_chunked:
        pieces.append(b"Transfer-Encoding: chunked\r\n\r\n")
        pieces.append((encode_chunk(body) if body else b"") + LAST_CHUNK)
    elif head.length >= 0:
        pieces.append(b"Content-Length: %d\r\n\r\n" % head.length)
        pieces.append(body)
    else:
        pieces.append(b"\r\n")
    return b"".join(pieces)


def body_for(head: RequestHead) -> bytes:
    """A body of the length the head states, with something in it that would hurt if it were read as a request."""
    smuggled = b"GET /evil HTTP/1.1\r\nHost: e.test\r\n\r\n"
    if head.is_chunked:
        return smuggled
    return (smuggled * (head.length // len(smuggled) + 1))[: head.length] if head.length > 0 else b""
