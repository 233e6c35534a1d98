"""The promise behind desync mitigation: what a target gets is one request, the same one for every strict reader."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess

import h11
import pytest
from hypothesis import HealthCheck, given, settings

from simlb.wire.h1_chunked import LAST_CHUNK, encode_chunk
from simlb.wire.h1_fields import FieldParser
from simlb.wire.h1_request import RequestParser
from simlb.wire.request import RequestHead
from tests.wire.corpus import as_sent_to_a_target, body_for, mutated_heads, random_heads

BODY_MAX_BYTES = 100_000


def accepted(raw: bytes) -> RequestHead | None:
    """The first head in `raw` when simlb would serve it in the most permissive mode."""
    parsed = RequestParser(FieldParser()).parse(raw.lstrip(b"\r\n"))
    if parsed is None or parsed[0].refusal or parsed[0].length > BODY_MAX_BYTES:
        return None
    return parsed[0]


def read_by_h11(sent: bytes) -> tuple[bytes, bytes, bytes]:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=BODY_MAX_BYTES)
    connection.receive_data(sent)
    request = connection.next_event()
    assert isinstance(request, h11.Request), request
    body = b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.EndOfMessage):
            break
        assert isinstance(event, h11.Data), event
        body += event.data
    assert connection.trailing_data == (b"", False), "bytes behind the request"
    return request.method, request.target, body


@pytest.mark.slow
@settings(max_examples=1500, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(mutated_heads())
def test_whatever_is_accepted_is_exactly_one_request_for_h11(raw: bytes) -> None:
    head = accepted(raw)
    if head is None:
        return
    body = body_for(head)
    for is_strict in (False, True):
        sent = as_sent_to_a_target(head, body, is_strict=is_strict)
        assert read_by_h11(sent) == (head.method, head.path_and_query, body)


@pytest.mark.slow
@settings(max_examples=700, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(mutated_heads())
def test_a_request_called_compliant_is_read_by_h11_as_it_is_read_here(raw: bytes) -> None:
    """No finding means that whoever stands before the load balancer has read the same, or refused."""
    parsed = RequestParser(FieldParser()).parse(raw)
    if parsed is None or parsed[0].refusal or parsed[0].findings or parsed[0].length > BODY_MAX_BYTES:
        return
    head, size = parsed
    body = body_for(head)
    sent = encode_chunk(body) + LAST_CHUNK if head.is_chunked else body
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=BODY_MAX_BYTES)
    connection.receive_data(raw[:size] + sent)
    found = b""
    try:
        request = connection.next_event()
        while isinstance(event := connection.next_event(), h11.Data):
            found += event.data
    except h11.RemoteProtocolError:
        return
    assert isinstance(request, h11.Request)
    assert isinstance(event, h11.EndOfMessage)
    assert (request.method, request.target, found) == (head.method, head.uri, body)
    assert connection.trailing_data[0] == b""


def test_the_corpus_is_neither_all_accepted_nor_all_refused() -> None:
    found = [accepted(raw) is not None for raw in random_heads(1000, seed=7)]
    assert 100 < sum(found) < 900


@pytest.mark.parametrize("byte", range(256))
def test_every_byte_in_every_place(byte: int) -> None:
    char = bytes((byte,))
    for raw in (
        b"GET /a%bb HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /?a%bb HTTP/1.1\r\nHost: h\r\n\r\n",
        b"G%bT / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1%b\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h%b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX%bY: z\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nXY%b: z\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n%bXY: z\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: y%bz\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3%b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:%bchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked%b\r\n\r\n",
    ):
        head = accepted(raw % char)
        if head is not None:
            body = body_for(head)
            assert read_by_h11(as_sent_to_a_target(head, body)) == (head.method, head.path_and_query, body)


# Node's server runs on llhttp, the strictest parser in wide use. Its requests are read off in-memory streams.
NODE_PROGRAM = r"""
const http = require("node:http");
const { Duplex } = require("node:stream");
const inputs = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const results = inputs.map(() => ({ requests: [], error: null }));
function read(index) {
  if (index === inputs.length) {
    process.stdout.write(JSON.stringify(results), () => process.exit(0));
    return;
  }
  const result = results[index];
  const stream = new Duplex({ read() {}, write(chunk, encoding, callback) { callback(); } });
  const server = http.createServer();
  const take = (request, response) => {
    const seen = { method: request.method, url: request.url, body: null };
    result.requests.push(seen);
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => { seen.body = Buffer.concat(parts).toString("latin1"); if (response) response.end(); });
    request.on("error", (error) => { result.error = String(error.code); });
  };
  server.on("request", take);
  server.on("upgrade", (request, socket, head) => {
    result.requests.push({ method: request.method, url: request.url, body: head.toString("latin1") });
  });
  server.on("clientError", (error) => { result.error = String(error.code); });
  server.emit("connection", stream);
  stream.push(Buffer.from(inputs[index], "base64"));
  setImmediate(() => setImmediate(() => setImmediate(() => read(index + 1))));
}
read(0);
"""
NODE_METHODS = {b"GET", b"POST", b"PUT", b"OPTIONS", b"HEAD", b"DELETE", b"PATCH"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed: llhttp's reading is NOT checked")
def test_whatever_is_accepted_is_exactly_one_request_for_llhttp() -> None:
    heads = [head for head in map(accepted, random_heads(3000, seed=11)) if head is not None]
    heads = [head for head in heads if head.method in NODE_METHODS]
    sent = [as_sent_to_a_target(head, body_for(head)) for head in heads]
    finished = subprocess.run(
        ["node", "-e", NODE_PROGRAM],
        input=json.dumps([base64.b64encode(one).decode() for one in sent]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    wrong = []
    for head, one, result in zip(heads, sent, json.loads(finished.stdout), strict=True):
        expected = {
            "method": head.method.decode(),
            "url": head.path_and_query.decode(),
            "body": body_for(head).decode("latin-1"),
        }
        if result != {"requests": [expected], "error": None}:
            wrong.append((one, result))
    assert wrong == []
    assert len(heads) > 500
