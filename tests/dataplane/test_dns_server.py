"""The DNS server's sockets: both transports on one port, many questions on a connection, bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from dnslib import DNSRecord

from simlb.core.dns.answers import NameServer
from simlb.dataplane import dns_server
from simlb.dataplane.dns_codec import respond
from simlb.dataplane.dns_server import DnsServer
from simlb.errors import BindError
from tests.core.dns.zones import record_set, zone

SHOP = zone("shop.test", record_set("www.shop.test", "A", "192.0.2.1"))
SERVER = NameServer({"Z1": SHOP}, lambda _: None, "127.0.0.1")
QUESTION = DNSRecord.question("www.shop.test").pack()
FRAMED = len(QUESTION).to_bytes(2, "big") + QUESTION


def answer(message: bytes, is_udp: bool) -> bytes | None:
    return respond(message, SERVER.answer, lambda ttl_s: ttl_s, is_udp=is_udp)


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    server = DnsServer(answer, 0)
    await server.start()
    yield server
    server.close()
    await asyncio.sleep(0)


class Client(asyncio.DatagramProtocol):
    """Sends datagrams and keeps what comes back."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.received.put_nowait(data)


async def read(reader: asyncio.StreamReader) -> DNSRecord:
    length = int.from_bytes(await reader.readexactly(2), "big")
    return DNSRecord.parse(await reader.readexactly(length))


async def test_udp_also_between_datagrams_that_are_none(server: DnsServer) -> None:
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(Client, remote_addr=("127.0.0.1", server.port))
    for message in (b"", b"\xff" * 40, QUESTION):
        transport.sendto(message)
    reply = DNSRecord.parse(await asyncio.wait_for(client.received.get(), 5))
    assert str(reply.rr[0].rdata) == "192.0.2.1"
    assert client.received.empty()
    transport.close()


async def test_tcp_answers_question_after_question_however_they_arrive(server: DnsServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(FRAMED + FRAMED + FRAMED[:5])
    await read(reader)
    await read(reader)
    writer.write(FRAMED[5:])
    assert str((await read(reader)).rr[0].rdata) == "192.0.2.1"
    writer.close()


async def test_many_questions_at_once_are_all_answered_and_others_have_their_turn(server: DnsServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(FRAMED * 500)
    other, asking = await asyncio.open_connection("127.0.0.1", server.port)
    asking.write(FRAMED)
    await read(other)
    for _ in range(500):
        length = int.from_bytes(await reader.readexactly(2), "big")
        await reader.readexactly(length)
    for each in (writer, asking):
        each.close()


@pytest.mark.parametrize("message", [b"\xff\xff", b"\x00\x00", b"\x00\x0c" + b"\xff" * 12])
async def test_a_connection_that_talks_nonsense_is_cut(server: DnsServer, message: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(message)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
        await reader.readexactly(1)
    writer.close()


async def test_there_is_a_limit_of_connections_and_of_silence(
    server: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_server, "CONNECTIONS_MAX", 1)
    monkeypatch.setattr(dns_server, "IDLE_S", 0.05)
    silent, writer = await asyncio.open_connection("127.0.0.1", server.port)
    second, other = await asyncio.open_connection("127.0.0.1", server.port)
    for reader in (second, silent):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readexactly(1)
    for each in (writer, other):
        each.close()


async def test_a_port_that_is_taken_is_told(server: DnsServer) -> None:
    second = DnsServer(answer, server.port)
    with pytest.raises(BindError) as caught:
        await second.start()
    assert caught.value.code == "E835"
    assert str(server.port) in caught.value.what
    second.close()
