"""HTTPS listeners: certificates by name, resumption, what is not TLS, goodbyes, large bodies (reference 6, 4.2)."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import pytest
import trustme

from simlb.core.attributes import ListenerAttributes
from simlb.core.model import Certificate, FixedResponseAction, Protocol
from simlb.core.ssl_policies import LISTENER_POLICY, POLICIES
from simlb.dataplane.tls import server_context
from simlb.errors import SimlbError
from tests.dataplane.harness import ARN, GET, OK, Client, Rig, TargetConnection, answer, echo, until
from tests.dataplane.test_clients import Flood, post, until_steady

MEGABYTE = 1 << 20


@cache
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Certificate, ...]:
    folder = tmp_path_factory.mktemp("certificates")
    return tuple(issue(folder, number, *names) for number, names in enumerate([["lb.test"], ["*.shop.test"]]))


def issue(folder: Path, number: int, *names: str) -> Certificate:
    leaf = authority().issue_cert(*names, key_type=trustme.KeyType.ECDSA)
    key, chain = folder / f"{number}.key", folder / f"{number}.pem"
    leaf.private_key_pem.write_to_path(key)
    for place, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(chain, append=place > 0)
    return Certificate(
        arn=f"{ARN.replace('elasticloadbalancing', 'acm')}:certificate/{number}",
        names=tuple(names),
        certificate_path=chain,
        key_path=key,
    )


def trusting(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority().configure_trust(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@pytest.fixture
async def secure(rig: Rig, certificates: tuple[Certificate, ...]) -> Rig:
    """A rig with an HTTPS listener on 443 that forwards to an echoing target."""
    target = await rig.target(echo)
    listener = rig.listener(port=443, protocol=Protocol.HTTPS, certificates=certificates)
    await rig.apply(listener, groups=(rig.group(target),))
    await rig.healthy()
    return rig


async def connect(rig: Rig, name: str | None = "lb.test", context: ssl.SSLContext | None = None) -> Client:
    context = context or trusting()
    if name is None:
        context.check_hostname = False
        return await rig.client(443, ssl=context, server_hostname="")
    return await rig.client(443, ssl=context, server_hostname=name)


# -- handshakes --------------------------------------------------------------------------------------------------------

NAMES = [
    ("lb.test", 0, "lb.test"),
    ("LB.TEST", 0, "lb.test"),
    ("a.shop.test", 1, "a.shop.test"),
    ("shop.test", 0, "-"),
    ("a.b.shop.test", 0, "-"),
    ("other.test", 0, "-"),
    (None, 0, "-"),
]


@pytest.mark.parametrize(("name", "number", "logged"), NAMES)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_the_name_chooses_the_certificate(
    secure: Rig,
    certificates: tuple[Certificate, ...],
    name: str | None,
    number: int,
    logged: str,
    version: ssl.TLSVersion,
) -> None:
    context = trusting(version)
    context.check_hostname = False
    client = await connect(secure, name, context)
    presented = client.tls.getpeercert()
    assert presented is not None
    assert presented["subjectAltName"] == tuple(("DNS", name) for name in certificates[number].names)
    assert (await client.ask(post(b"hi"))).body == b"hi"
    (line,) = secure.lines
    is_13 = version is ssl.TLSVersion.TLSv1_3
    assert line[0] == "https"
    assert line[15] == ("TLSv1.3" if is_13 else "TLSv1.2")
    assert line[14] == ("TLS_AES_256_GCM_SHA384" if is_13 else "ECDHE-ECDSA-AES128-GCM-SHA256")
    assert (line[18], line[19]) == (logged, certificates[number].arn)
    request = secure.targets[0].requests[0]
    assert (request["X-Forwarded-Proto"], request["X-Forwarded-Port"]) == ("https", "443")


async def test_tls_headers(secure: Rig) -> None:
    await secure.apply(tls_version_and_cipher_suite_headers=True)
    client = await connect(secure)
    await client.ask(post(b"", "X-Amzn-Tls-Version: TLSv9"))
    request = secure.targets[0].requests[0]
    assert request.all("X-Amzn-Tls-Version") == ["TLSv1.3"]
    assert request.all("X-Amzn-Tls-Cipher-Suite") == ["TLS_AES_256_GCM_SHA384"]


async def test_tls_headers_under_other_names(secure: Rig) -> None:
    """Of that name a target sees the load balancer's field only, whatever a client sends."""
    (listener,) = secure.load_balancer.listeners
    given = {"routing.http.request.x_amzn_tls_version.header_name": "X-Tls"}
    renamed = replace(listener, attributes=ListenerAttributes.from_wire(given))
    await secure.apply(renamed, tls_version_and_cipher_suite_headers=True)
    client = await connect(secure)
    await client.ask(post(b"", "x-tls: TLSv9", "X-Amzn-Tls-Version: TLSv9"))
    request = secure.targets[0].requests[0]
    assert request.all("X-Tls") == ["TLSv1.3"]
    assert request.all("X-Amzn-Tls-Version") == []
    assert request.all("X-Amzn-Tls-Cipher-Suite") == ["TLS_AES_256_GCM_SHA384"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_resumed_session_is_logged_as_such(
    version: ssl.TLSVersion, certificates: tuple[Certificate, ...], tmp_path: Path
) -> None:
    """Also after a change of the listener that is not about TLS. asyncio's client cannot resume; this one can."""
    import socket

    def ask(port: int, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSession | None:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=3) as raw,
            context.wrap_socket(raw, server_hostname="lb.test", session=session) as client,
        ):
            client.sendall(GET)
            data = b""
            while b"fixed" not in data:
                data += client.recv(1000)
            assert client.session_reused is (session is not None)
            return client.session

    async def run() -> list[list[str]]:
        rig = Rig()
        await rig.start()
        fixed = FixedResponseAction(status_code=200, message_body="fixed")
        await rig.apply(rig.listener(fixed, port=443, protocol=Protocol.HTTPS, certificates=certificates))
        context = trusting(version)
        session = await asyncio.to_thread(ask, rig.published(443), context, None)
        other = FixedResponseAction(status_code=201, message_body="fixed")
        await rig.apply(rig.listener(other, port=443, protocol=Protocol.HTTPS, certificates=certificates))
        await asyncio.to_thread(ask, rig.published(443), context, session)
        lines = rig.lines
        await rig.close()
        return lines

    with asyncio.Runner() as runner:
        first, second = runner.run(run())
    assert (first[19], second[19]) == (certificates[0].arn, "session-reused")
    assert (first[8], second[8]) == ("200", "201")


async def test_files_that_were_replaced_are_presented_after_a_reload(rig: Rig, tmp_path: Path) -> None:
    old = issue(tmp_path, 0, "lb.test", "old.test")
    listener = rig.listener(
        FixedResponseAction(status_code=200), port=443, protocol=Protocol.HTTPS, certificates=(old,)
    )
    await rig.apply(listener)
    first = (await connect(rig)).tls.getpeercert()
    issue(tmp_path, 0, "lb.test", "new.test")
    await rig.apply(listener)
    second = (await connect(rig)).tls.getpeercert()
    assert first is not None
    assert second is not None
    assert (first["subjectAltName"][1], second["subjectAltName"][1]) == (("DNS", "old.test"), ("DNS", "new.test"))


async def test_a_hello_that_comes_byte_by_byte(secure: Rig) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(incoming, outgoing, server_hostname="lb.test")
    client = await secure.client(443)
    for _ in range(10):
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            for byte in outgoing.read():
                client.send(bytes((byte,)))
                await asyncio.sleep(0)
            incoming.write(await client.reader.read(65_536))
        else:
            break
    tls.write(post(b"hello"))
    for byte in outgoing.read():
        client.send(bytes((byte,)))
        await asyncio.sleep(0)
    data = b""
    while b"hello" not in data:
        incoming.write(await client.reader.read(65_536))
        try:
            while piece := tls.read(1):
                data += piece
        except ssl.SSLWantReadError:
            continue
    await secure.logged(200)


async def test_a_client_that_wants_tls_1_1_gets_an_alert(secure: Rig) -> None:
    # A hello offering nothing newer than TLS 1.1, one cipher, no extensions.
    body = b"\x03\x02" + b"\0" * 32 + b"\0" + b"\0\x02\xc0\x13" + b"\x01\0"
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    client = await secure.client(443)
    client.send(b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
    alert = await client.rest()
    assert alert[:1] == b"\x15"
    assert len(secure.tls_failures) == 1
    assert (secure.node.tls_failures.total, secure.node.counts.tls_failed) == (1, 1)
    await secure.logged()


async def test_a_client_that_does_not_trust_us_is_counted(secure: Rig) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await secure.client(443, ssl=ssl.create_default_context(), server_hostname="lb.test")
    await until(lambda: secure.tls_failures)
    await until(lambda: not secure.node.connections)


@pytest.mark.parametrize("garbage", [b"\0\0\0\0", b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", b"\x80\x2e\x01\x03\x01"])
async def test_garbage_on_the_port_is_let_go(secure: Rig, garbage: bytes) -> None:
    client = await secure.client(443)
    client.send(garbage)
    assert await client.is_closed()
    assert (len(secure.tls_failures), secure.node.counts.tls_failed) == (1, 1)
    await secure.logged()


async def test_plain_http_on_the_https_port_is_told_so(secure: Rig) -> None:
    client = await secure.client(443)
    response = await client.ask()
    assert (response.start_line, len(response.body)) == ("HTTP/1.1 400 Bad Request", 220)
    assert b"The plain HTTP request was sent to HTTPS port" in response.body
    assert response["Connection"] == "close"
    assert await client.rest() == b""
    await secure.logged(400)
    chrome = await secure.client(443)
    assert len((await chrome.ask(GET[:-2] + b"User-Agent: Chrome/9\r\n\r\n")).body) == 622


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01"])
async def test_a_handshake_that_does_not_get_on_is_ended(secure: Rig, sent: bytes) -> None:
    await secure.apply(idle_timeout_s=60)
    client = await secure.client(443)
    client.send(sent)
    await secure.accepted()
    await secure.clock.advance(62)
    assert await client.is_closed()
    await secure.logged()


async def test_a_hello_without_end_is_not_collected(secure: Rig) -> None:
    client = await secure.client(443)
    client.send(b"\x16\x03\x01\x00\x00" * 100_000)
    assert await client.is_closed()


# -- certificates ------------------------------------------------------------------------------------------------------


async def test_a_reload_presents_new_certificates_and_keeps_connections(secure: Rig, tmp_path: Path) -> None:
    client = await connect(secure)
    await client.ask(post(b"a"))
    new = issue(tmp_path, 7, "lb.test", "more.test")
    port = secure.published(443)
    (listener,) = secure.load_balancer.listeners
    await secure.apply(secure.listener(listener.default_action, port=443, protocol=Protocol.HTTPS, certificates=(new,)))
    assert secure.published(443) == port
    assert (await client.ask(post(b"b"))).body == b"b"
    other = await connect(secure, "more.test")
    assert (await other.ask(post(b"c"))).body == b"c"
    assert secure.lines[-1][19] == new.arn


async def test_a_certificate_that_cannot_be_used_changes_nothing(secure: Rig, tmp_path: Path) -> None:
    bad = issue(tmp_path, 8, "lb.test")
    Path(bad.key_path).write_text("no key")
    with pytest.raises(SimlbError) as caught:
        await secure.apply(
            secure.listener(FixedResponseAction(status_code=200), port=81),
            secure.listener(port=443, protocol=Protocol.HTTPS, certificates=(bad,)),
        )
    assert caught.value.code == "E204"
    assert set(secure.node.listeners) == {443}
    client = await connect(secure)
    assert (await client.ask(post(b"a"))).body == b"a"


async def test_a_listener_changes_its_protocol_on_the_same_socket(
    rig: Rig, certificates: tuple[Certificate, ...]
) -> None:
    fixed = FixedResponseAction(status_code=200, message_body="fixed")
    await rig.apply(rig.listener(fixed, port=443))
    port = rig.published(443)
    plain = await rig.client(443)
    assert (await plain.ask()).body == b"fixed"
    await rig.apply(rig.listener(fixed, port=443, protocol=Protocol.HTTPS, certificates=certificates))
    assert rig.published(443) == port
    client = await connect(rig)
    assert (await client.ask()).body == b"fixed"
    assert (await plain.ask())["Connection"] == "close"


# -- data --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_large_bodies_both_ways(secure: Rig, version: ssl.TLSVersion) -> None:
    client = await connect(secure, context=trusting(version))
    body = Random(3).randbytes(2 * MEGABYTE)
    for _ in range(2):
        response = await client.ask(post(body))
        assert hashlib.sha256(response.body).digest() == hashlib.sha256(body).digest()
    assert secure.records[0].received_bytes == len(post(body)), "bytes without TLS"


async def test_what_was_decrypted_while_the_target_was_dialled_is_delivered(secure: Rig) -> None:
    for size in (20_000, 40_000, 60_000, 100_000):
        (pool,) = secure.node._pools.values()
        pool.close_idle()
        pool.reopen()
        client = await connect(secure)
        body = Random(size).randbytes(size)
        assert (await client.ask(post(body))).body == body
    assert len(secure.targets[0].connections) == 4


async def test_pipelining_in_one_record_and_tiny_records(secure: Rig) -> None:
    client = await connect(secure)
    client.send(b"".join(post(b"%d" % n) for n in range(50)))
    for n in range(50):
        assert (await client.response()).body == b"%d" % n
    for byte in post(b"tiny"):
        client.send(bytes((byte,)))
        await asyncio.sleep(0)
    assert (await client.response()).body == b"tiny"


async def test_a_client_that_does_not_read_pauses_its_target(secure: Rig) -> None:
    flood = Flood(48 * MEGABYTE)
    secure.targets[0].script = flood
    client = await connect(secure)
    client.send(GET)
    await until(lambda: flood.sent)
    await until_steady(secure, flood)
    assert flood.sent < 32 * MEGABYTE
    assert len((await client.response()).body) == 48 * MEGABYTE


async def test_a_target_that_does_not_read_pauses_its_client(secure: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await connection.target.let_go.wait()
        connection.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await echo(connection)

    secure.targets[0].script = script
    client = await connect(secure)
    body = Random(4).randbytes(12 * MEGABYTE)
    client.send(post(body))
    await asyncio.sleep(0.03)
    (connection,) = secure.node.connections
    assert connection.transport._incoming.pending < MEGABYTE  # type: ignore[attr-defined]
    secure.targets[0].let_go.set()
    assert (await client.response()).body == body


# -- goodbyes ----------------------------------------------------------------------------------------------------------


class Memory:
    """A TLS client over memory buffers, which can say goodbye and still read."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trusting().wrap_bio(self.incoming, self.outgoing, server_hostname="lb.test")

    async def shake_hands(self) -> None:
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(await self.client.reader.read(65_536))
            else:
                return

    def flush(self) -> None:
        self.client.send(self.outgoing.read())

    def send(self, data: bytes) -> None:
        self.tls.write(data)
        self.flush()

    def say_goodbye(self) -> None:
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()

    async def read_all(self) -> tuple[bytes, bool]:
        """What arrives until the end, and whether the load balancer said goodbye."""
        data = b""
        while True:
            try:
                piece = self.tls.read(65_536)
            except ssl.SSLWantReadError:
                raw = await self.client.reader.read(65_536)
                if not raw:
                    return data, False
                self.incoming.write(raw)
            except ssl.SSLZeroReturnError:
                return data, True
            else:
                if not piece:
                    return data, True
                data += piece


async def memory(rig: Rig) -> Memory:
    found = Memory(await rig.client(443))
    await found.shake_hands()
    return found


async def answering(rig: Rig) -> None:
    """Wait until a response is under way on every connection."""
    exchanges = [getattr(connection, "_exchange", None) for connection in rig.node.connections]
    await until(lambda: all(exchange is not None and exchange.has_response_head for exchange in exchanges))


async def test_the_load_balancer_says_goodbye(secure: Rig) -> None:
    client = await memory(secure)
    client.send(post(b"hello", "Connection: close"))
    data, is_goodbye = await client.read_all()
    assert data.endswith(b"hello")
    assert is_goodbye


async def test_a_goodbye_before_the_answer_is_460(secure: Rig) -> None:
    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    secure.targets[0].script = script
    client = await memory(secure)
    client.send(GET)
    await secure.at_target()
    client.say_goodbye()
    await secure.logged(460)
    await until(lambda: not secure.node.connections)


async def test_a_goodbye_within_the_answer_does_not_cut_it(secure: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        await go_on.wait()
        await connection.send(b"llo")

    secure.targets[0].script = script
    client = await connect(secure)
    client.send(GET)
    await client.up_to(b"\r\n\r\nhe")
    transport = client.writer.transport
    raw = await memory(secure)
    raw.send(GET)
    await secure.at_target(2)
    await answering(secure)
    raw.client.half_close()  # TCP's end without a goodbye
    await asyncio.sleep(0.002)
    go_on.set()
    data, is_goodbye = await raw.read_all()
    assert data.endswith(b"hello")
    assert is_goodbye
    assert await client.exactly(3) == b"llo"
    assert not transport.is_closing()
    await secure.logged(200, 200)


async def test_a_client_that_said_goodbye_still_gets_the_rest(secure: Rig) -> None:
    go_on = asyncio.Event()

    async def script(connection: TargetConnection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        await go_on.wait()
        await connection.send(b"llo")

    secure.targets[0].script = script
    client = await memory(secure)
    client.send(GET)
    await secure.at_target()
    await answering(secure)
    client.say_goodbye()
    await asyncio.sleep(0.002)
    go_on.set()
    data, is_goodbye = await client.read_all()
    assert data.endswith(b"hello")
    assert is_goodbye
    await secure.logged(200)


async def test_a_cut_body_is_seen_as_cut(secure: Rig) -> None:
    secure.targets[0].script = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", close=True)
    client = await connect(secure)
    response = await client.ask()
    assert (response.body, response.is_complete) == (b"four", False)


async def test_broken_records_end_the_connection(secure: Rig) -> None:
    client = await memory(secure)
    client.send(post(b"a"))
    await secure.logged(200)
    client.client.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    await until(lambda: not secure.node.connections)
    assert (len(secure.tls_failures), secure.node.counts.tls_failed) == (1, 0)


# -- the context -------------------------------------------------------------------------------------------------------


def test_the_offered_ciphers_are_those_of_the_policy(certificates: tuple[Certificate, ...]) -> None:
    files = str(certificates[0].certificate_path), str(certificates[0].key_path)
    context = server_context(*files, POLICIES[LISTENER_POLICY])
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert all(name.startswith(("TLS_", "ECDHE-")) and "CBC" not in name for name in names)


async def test_answers_over_tls(rig: Rig, certificates: tuple[Certificate, ...]) -> None:
    target = await rig.target(answer(OK))
    await rig.apply(
        rig.listener(port=443, protocol=Protocol.HTTPS, certificates=certificates), groups=(rig.group(target),)
    )
    await rig.healthy()
    client = await connect(rig)
    for _ in range(5):
        assert (await client.ask()).body == b"hello"
    bad = await client.ask(b"GET / HTTP/1.1\r\n\r\n")
    assert (bad.status, bad["Connection"]) == (400, "close")
    assert await client.rest() == b""
