"""Target groups of protocol HTTPS: nothing of the target is verified, failed handshakes are 502 or 504 (6.4, 4.1)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
from dataclasses import replace
from random import Random
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from simlb.core.model import Protocol
from simlb.dataplane.target_failure import TargetFailure
from simlb.dataplane.target_tls import TargetTls, server_name
from tests.dataplane.harness import GET, OK, Client, Rig, Script, ScriptedTarget, TargetConnection, answer, echo, until
from tests.dataplane.test_clients import MEGABYTE, Flood, post, until_steady
from tests.dataplane.test_target_breaks import closed_port
from tests.dataplane.test_tunnels import mirror, tunnel
from tests.dataplane.tls_targets import authority, secure_target, self_signed, serve_over_tls, server_side

# -- handshakes --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contexts() -> dict[str, ssl.SSLContext]:
    return {
        "of an unknown authority, for another name": server_side(),
        "self-signed": self_signed(ec.generate_private_key(ec.SECP256R1())),
        "expired": self_signed(ec.generate_private_key(ec.SECP256R1()), days=1),
        "a key of 1024 bits": self_signed(rsa.generate_private_key(65537, 1024)),  # noqa: S505
    }


@pytest.mark.parametrize(
    "kind", ["of an unknown authority, for another name", "self-signed", "expired", "a key of 1024 bits"]
)
async def test_any_certificate_is_good_enough(rig: Rig, contexts: dict[str, ssl.SSLContext], kind: str) -> None:
    target = await secure_target(rig, echo, contexts[kind])
    await serve_over_tls(rig, target)
    client = await rig.client()
    for body in (b"one", b"two"):
        assert (await client.ask(post(body))).body == body
    assert len(target.connections) == 1, "the connection is kept alive"
    assert target.requests[0]["X-Forwarded-Proto"] == "http"
    await rig.logged(200, 200)
    assert rig.lines[0][0] == "http"


VERSIONS = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS, ids=["1.0", "1.1", "1.2", "1.3"])
async def test_old_targets_are_spoken_to(rig: Rig, version: ssl.TLSVersion) -> None:
    target = await secure_target(rig, answer(OK), server_side(version))
    await serve_over_tls(rig, target)
    assert (await rig.ask()).body == b"hello"
    tls = target.connections[0].writer.get_extra_info("ssl_object")
    assert tls.version() == {"TLSv1": "TLSv1", "TLSv1_1": "TLSv1.1", "TLSv1_2": "TLSv1.2"}.get(version.name, "TLSv1.3")


NAMES = [
    (b"lb.test", "lb.test"),
    (b"LB.test.", "lb.test"),
    (b"localhost", "localhost"),
    (b"my_app.test", "my_app.test"),
    (b"127.0.0.1", None),
    (b"[::1]", None),
    (b"1.2.3", None),
    (b"7", None),
    (b"a..b", None),
    (b"a" * 64 + b".test", None),
    (b"a." * 126 + b"a", "a." * 126 + "a"),
    (b"a." * 126 + b"aa", None),
    ("사이트.test".encode(), None),
    (b"", None),
]


@pytest.mark.parametrize(("host", "name"), NAMES)
def test_which_host_becomes_a_server_name(host: bytes, name: str | None) -> None:
    assert server_name(host) == name


HOSTS = [
    (b"GET / HTTP/1.1\r\nHost: Shop.test:8080\r\n\r\n", "shop.test"),
    (b"GET http://other.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n", "other.test"),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", None),
    (b"GET / HTTP/1.0\r\n\r\n", "web-1.us-east-1.elb.localhost"),
]


@pytest.mark.parametrize(("request_", "name"), HOSTS)
async def test_the_server_name_is_the_host_and_the_protocol_http_1_1(
    rig: Rig, request_: bytes, name: str | None
) -> None:
    seen: list[str | None] = []
    context = server_side()
    context.set_alpn_protocols(["h2", "http/1.1"])
    context.sni_callback = lambda _tls, sent, _context: seen.append(sent)
    target = await secure_target(rig, answer(OK), context)
    await serve_over_tls(rig, target)
    assert (await rig.ask(request_)).status == 200
    assert seen == [name]
    assert target.connections[0].writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"


async def read_then(connection: TargetConnection, *pieces: bytes) -> None:
    await connection.reader.read(100)
    await connection.send(*pieces)
    connection.close()


async def reset(connection: TargetConnection) -> None:
    connection.reset()


BAD_GATEWAY: list[tuple[str, Script]] = [
    ("a plain HTTP server", lambda c: read_then(c, b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    ("another protocol that speaks first", lambda c: c.send(b"SSH-2.0-x\r\n")),
    ("it closes", read_then),
    ("it resets", reset),
    ("an alert", lambda c: read_then(c, b"\x15\x03\x03\x00\x02\x02\x28")),
    ("half a hello", lambda c: read_then(c, b"\x16\x03\x03\x00\x7a\x02")),
    ("a hello of nonsense", lambda c: read_then(c, b"\x16\x03\x03\x00\x06nonsen")),
]


@pytest.mark.parametrize("script", [row[1] for row in BAD_GATEWAY], ids=[row[0] for row in BAD_GATEWAY])
async def test_a_handshake_that_fails_is_502_at_once(rig: Rig, script: Script) -> None:
    target = await rig.target(script)
    await serve_over_tls(rig, target)
    client = await rig.client()
    response = await client.ask()
    assert (response.start_line, len(response.body)) == ("HTTP/1.1 502 Bad Gateway", 122)
    (record,) = await rig.logged(502)
    assert record.target_address == "10.0.0.1:80"
    assert (record.request_processing_time, record.target_processing_time, record.target_status_code) == (-1, -1, 0)
    assert record.failure is TargetFailure.TLS_FAILED
    assert len(target.connections) == 1
    assert (await client.ask()).status == 502


async def test_a_closed_port_is_502_as_without_tls(rig: Rig) -> None:
    await serve_over_tls(rig, closed_port())
    assert (await rig.ask()).status == 502
    (record,) = await rig.logged(502)
    assert record.failure is TargetFailure.REFUSED


@pytest.mark.parametrize("version", VERSIONS[2:], ids=["1.2", "1.3"])
async def test_a_target_that_wants_a_client_certificate_is_502(rig: Rig, version: ssl.TLSVersion) -> None:
    context = server_side(version)
    context.verify_mode = ssl.CERT_REQUIRED
    authority().configure_trust(context)
    await serve_over_tls(rig, await secure_target(rig, answer(OK), context))
    assert (await rig.ask()).status == 502


async def hang(connection: TargetConnection) -> None:
    await connection.hang()


async def test_a_handshake_that_stalls_is_504_after_ten_seconds(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    began = asyncio.Event()
    shake_hands = TargetTls.handshake

    async def observed(layer: TargetTls) -> str | None:
        # The target has accepted earlier than the load balancer knows; its ten seconds begin here.
        began.set()
        return await shake_hands(layer)

    monkeypatch.setattr(TargetTls, "handshake", observed)
    target = await rig.target(hang)
    await serve_over_tls(rig, target)
    client = await rig.client()
    client.send(GET)
    await until(began.is_set)
    await rig.clock.advance(9.9)
    assert not rig.records
    await rig.clock.advance(0.2)
    assert (await client.response()).status == 504
    (record,) = await rig.logged(504)
    assert record.failure is TargetFailure.TLS_TIMED_OUT
    await until(target.let_go.is_set, "the target is let go")


async def test_a_client_that_leaves_during_the_handshake_leaves_nothing_behind(rig: Rig) -> None:
    target = await rig.target(hang)
    await serve_over_tls(rig, target)
    client = await rig.client()
    client.send(GET)
    await until(lambda: target.connections)
    await client.close()
    await rig.logged(460)
    await until(target.let_go.is_set, "the target is let go")


async def test_a_protocol_changed_by_a_reload_counts_from_the_next_request_on(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        while data := await connection.reader.read(10_000):
            await connection.send(OK if data.startswith(b"GET ") else b"HTTP/1.1 400 Bad Request\r\n\r\n")

    target = await rig.target(script)
    await rig.serve(target)
    client = await rig.client()
    assert (await client.ask()).status == 200
    https = replace(rig.group(target), protocol=Protocol.HTTPS)
    await rig.apply(groups=(https,))
    assert (await client.ask()).status == 502
    assert len(target.connections) == 2
    await until(target.connections[0].reader.at_eof, "the connection of the time before is closed")
    await rig.apply(groups=(rig.group(target),))
    assert (await client.ask()).status == 200


async def test_a_connection_begun_in_the_old_protocol_serves_its_exchange_only(rig: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        while await connection.request() is not None:
            await go_on.wait()
            await connection.send(OK)

    target = await secure_target(rig, script)
    await serve_over_tls(rig, target)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    target.script = answer(OK)
    await rig.apply(groups=(rig.group(target),))
    assert (await rig.ask()).status == 502  # plain HTTP to a TLS port
    go_on.set()
    assert (await client.response()).status == 200
    await until(lambda: not next(iter(rig.node._pools.values())).connections)


# -- bodies ------------------------------------------------------------------------------------------------------------


async def test_large_bodies_both_ways(rig: Rig) -> None:
    target = await secure_target(rig, echo)
    await serve_over_tls(rig, target)
    body = Random(6).randbytes(8 * MEGABYTE)
    response = await rig.ask(post(body))
    assert hashlib.sha256(response.body).digest() == hashlib.sha256(body).digest()


async def test_a_client_that_does_not_read_pauses_its_target(rig: Rig) -> None:
    flood = Flood(48 * MEGABYTE)
    await serve_over_tls(rig, await secure_target(rig, flood))
    client = await rig.client()
    client.send(GET)
    await until(lambda: flood.sent)
    await until_steady(rig, flood)
    assert flood.sent < 32 * MEGABYTE
    assert len((await client.response()).body) == 48 * MEGABYTE


async def test_a_target_that_does_not_read_pauses_its_client(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await connection.target.let_go.wait()
        connection.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await echo(connection)

    target = await secure_target(rig, script)
    await serve_over_tls(rig, target)
    client = await rig.client()
    body = Random(4).randbytes(16 * MEGABYTE)
    client.send(post(body))
    (pool,) = rig.node._pools.values()
    await until(lambda: [c for c in pool.connections if c._is_blocked], "back-pressure")
    (connection,) = pool.connections
    assert connection.transport.get_write_buffer_size() < MEGABYTE
    target.let_go.set()
    assert (await client.response()).body == body


UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.mark.parametrize("says_goodbye", [True, False])
@pytest.mark.parametrize(
    ("head", "is_complete"), [(UNTIL_CLOSE, True), (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", False)]
)
async def test_the_end_of_the_connection_ends_a_body_without_length(
    rig: Rig, head: bytes, is_complete: bool, says_goodbye: bool
) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(head, b"x" * 30_000)
        await asyncio.sleep(0.002)  # an abort loses what has not left yet
        if says_goodbye:
            connection.close()
        else:
            connection.writer.transport.abort()

    await serve_over_tls(rig, await secure_target(rig, script))
    response = await rig.ask()
    assert (response.status, response.is_complete) == (200, is_complete)
    assert len(response.body) == 30_000
    await rig.logged(200)


async def test_the_end_waits_for_a_client_that_reads_late(rig: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        connection.writer.write(UNTIL_CLOSE + b"x" * (6 * MEGABYTE))

    await serve_over_tls(rig, await secure_target(rig, script))
    client = await rig.client()
    transport = cast("asyncio.ReadTransport", client.writer.transport)
    transport.pause_reading()
    client.send(GET)
    (pool,) = rig.node._pools.values()
    await until(lambda: [c for c in pool.connections if c._is_paused], "back-pressure")
    await asyncio.sleep(0.005)
    transport.resume_reading()
    response = await client.response()
    assert (len(response.body), response.is_complete) == (6 * MEGABYTE, True)


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour", UNTIL_CLOSE + b"four"])
async def test_a_session_that_breaks_is_a_target_that_broke(rig: Rig, after: bytes) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(after)
        await asyncio.sleep(0.005)
        os.write(connection.writer.get_extra_info("socket").fileno(), b"\x17\x03\x03\x00\x13" + b"no record at all...")
        await connection.hang()

    await serve_over_tls(rig, await secure_target(rig, script))
    response = await rig.ask()
    (record,) = await rig.logged(200 if after else 502)
    assert record.failure is TargetFailure.CLOSED
    assert response.status == (200 if after else 502)
    assert response.is_complete is not bool(after)


@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_an_idle_connection_that_the_target_ends_is_not_used_again(rig: Rig, says_goodbye: bool) -> None:
    target = await secure_target(rig, answer(OK))
    await serve_over_tls(rig, target)
    client = await rig.client()
    await client.ask()
    (pool,) = rig.node._pools.values()
    if says_goodbye:
        target.connections[0].close()
    else:
        target.connections[0].writer.transport.abort()
    await until(lambda: not pool.connections)
    assert (await client.ask()).status == 200
    assert len(target.connections) == 2


async def test_idle_connections_end_with_the_idle_timeout(rig: Rig) -> None:
    target = await secure_target(rig, answer(OK))
    await serve_over_tls(rig, target, idle_timeout_s=60)
    await rig.ask()
    (pool,) = rig.node._pools.values()
    assert pool.size == 1
    await rig.clock.advance(62)
    await until(target.connections[0].reader.at_eof)
    assert pool.size == 0


# -- tunnels -----------------------------------------------------------------------------------------------------------


async def secure_tunnel(rig: Rig, script: Script) -> tuple[Client, ScriptedTarget]:
    target = await secure_target(rig, script)
    await serve_over_tls(rig, target)
    return await tunnel(rig), target


async def test_a_websocket_through_a_tls_target(rig: Rig) -> None:
    client, target = await secure_tunnel(rig, mirror)
    for data in (b"\x81\x05hello", Random(7).randbytes(2 * MEGABYTE)):
        client.send(data)
        assert await client.exactly(len(data)) == data
    await client.close()
    (record,) = await rig.logged(101)
    assert record.kind == "ws"
    await until(target.let_go.is_set, "the target is let go")


async def test_a_client_that_ends_its_direction_still_hears_the_target(rig: Rig) -> None:
    """asyncio's TLS cannot send behind the client's goodbye, so the target here is OpenSSL in a thread of its own."""
    import socket

    def serve(listening: socket.socket) -> None:
        raw, _ = listening.accept()
        with server_side().wrap_socket(raw, server_side=True) as tls:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += tls.recv(10_000)
            tls.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: s3\r\n\r\n")  # fmt: skip
            heard = 0
            while data := tls.recv(10_000):
                heard += len(data)
            tls.sendall(b"got %d" % heard + b"." * 500_000)
            tls.unwrap().close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        target = asyncio.get_running_loop().run_in_executor(None, serve, listening)
        await serve_over_tls(rig, listening.getsockname()[1])
        client = await tunnel(rig)
        client.send(b"x" * 1000)
        client.half_close()
        assert await client.rest() == b"got 1000" + b"." * 500_000
        await rig.logged(101)
        await target


@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_the_target_ends_the_tunnel(rig: Rig, says_goodbye: bool) -> None:
    async def script(connection: TargetConnection) -> None:
        await mirror_once(connection)
        if not says_goodbye:
            connection.writer.transport.abort()

    async def mirror_once(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              b"Sec-WebSocket-Accept: s3\r\n\r\n")  # fmt: skip
        await connection.send(await connection.reader.readexactly(4))

    client, _ = await secure_tunnel(rig, script)
    client.send(b"last")
    assert await client.rest() == b"last"
    await rig.logged(101)
