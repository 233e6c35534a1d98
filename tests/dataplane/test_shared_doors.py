"""Load balancers that share an address and port: whose a connection is, and what becomes of those who name nobody."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from simlb.core.model import Bind, Certificate, FixedResponseAction, InboundRule, Listener, Protocol, SecurityGroup
from simlb.dataplane.descriptors import DescriptorBudget
from simlb.dataplane.door import Holder
from simlb.dataplane.gate import CONNECT_TIMEOUT_S, can_drop
from simlb.dataplane.h1_client import H1ClientConnection
from simlb.dataplane.shared import SharedEntrance, SharedH1ClientConnection
from simlb.errors import BindError
from simlb.explain.exchange_story import story_of
from simlb.explain.finding import find_exchange
from simlb.explain.outcome import Outcome
from simlb.explain.veil import Veil
from tests.dataplane.harness import Client, Rig, until
from tests.dataplane.ipv6 import IPV6, needs_ipv6
from tests.dataplane.test_tls import issue, trusting

NOBODY = SecurityGroup(inbound=())


def get(host: str | None, path: str = "/", version: str = "HTTP/1.1") -> bytes:
    line = "" if host is None else f"Host: {host}\r\n"
    return f"GET {path} {version}\r\n{line}\r\n".encode()


def source(network: str) -> SecurityGroup:
    return SecurityGroup(inbound=(InboundRule(port=None, source=ipaddress.ip_network(network)),))


class House:
    """Two load balancers, `apple` and `pear`, at one place; the one answers 201, the other 202."""

    def __init__(self) -> None:
        self.apple = Rig(name="apple")
        self.pear = Rig(name="pear", clock=self.apple.clock, doors=self.apple.doors)
        self.port = 0

    async def start(self) -> None:
        for rig, status in ((self.apple, 201), (self.pear, 202)):
            await rig.start()
            rig.load_balancer = replace(rig.load_balancer, names=(f"{rig.name}.test", f"*.{rig.name}.test"))
            await rig.apply(self.listener(rig, status))
            self.port = self.port or rig.published()

    def listener(self, rig: Rig, status: int = 0, **members: Any) -> Listener:
        status = status or (201 if rig is self.apple else 202)
        listener = rig.listener(FixedResponseAction(status_code=status, message_body=rig.name))
        return replace(listener, binds=(Bind(host="127.0.0.1", port=self.port),), **members)

    async def client(self, *, source: str = "127.0.0.1", **tls: Any) -> Client:
        return await self.apple.client(source=source, **tls)

    async def ask(self, data: bytes) -> int:
        client = await self.client()
        return (await client.ask(data)).status

    async def undecided(self, count: int = 1, *, size: int = 0) -> None:
        """Wait until so many connections are there of which nobody knows whose they are, and so much has been read."""
        nodes = (self.apple.node, self.pear.node)

        def found() -> list[SharedEntrance]:
            return [one for node in nodes for one in node.connections if isinstance(one, SharedEntrance)]

        await until(lambda: len(found()) == count and sum(len(one._buffer) for one in found()) >= size)

    async def close(self) -> None:
        for client in (*self.apple.clients, *self.pear.clients):
            if not client.writer.transport.is_closing():
                client.reset()
        await self.pear.close()
        await self.apple.close()
        assert not list(self.apple.doors)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.close()


# -- whose it is -------------------------------------------------------------------------------------------------------

HOSTS = [
    (get("apple.test"), "apple", 201),
    (get("pear.test"), "pear", 202),
    (get("PEAR.Test."), "pear", 202),
    (get("pear.test:8080"), "pear", 202),
    (get("pear-1.us-east-1.elb.localhost"), "pear", 202),
    (get("apple.test", "http://pear.test/x"), "pear", 202),
    (b"\r\n\r\n" + get("pear.test"), "pear", 202),
    (get("127.0.0.1"), "apple", 201),
    (get("other.test"), "apple", 201),
    (get(None, version="HTTP/1.0"), "apple", 201),
    (get(None), "apple", 400),
    (get("pear.test, pear.test"), "apple", 400),
    (b"GET  / HTTP/1.1\r\nHost: pear.test\r\n\r\n", "pear", 400),
    (b"\x00\x01\x02\r\n\r\n", "apple", 400),
    (b"GET /" + b"x" * 20_000, "apple", 414),
    (b"GET / HTTP/1.1\r\nX: " + b"x" * 90_000, "apple", 400),
]


@pytest.mark.parametrize(("data", "name", "status"), HOSTS)
async def test_the_first_host_decides(house: House, data: bytes, name: str, status: int) -> None:
    assert await house.ask(data) == status
    owner = house.pear if name == "pear" else house.apple
    (record,) = await owner.logged(status)
    assert record.facts.elb.split("/")[1] == owner.name
    assert not (house.apple.records and house.pear.records)


async def test_a_head_may_come_in_pieces_and_a_body_behind_it(house: House) -> None:
    client = await house.client()
    for byte in get("pear.test")[:-1]:
        client.send(bytes([byte]))
        await asyncio.sleep(0)
    await house.undecided()
    client.send(b"\n")
    assert (await client.response()).status == 202
    assert (await client.ask(get("pear.test"))).status == 202
    assert house.pear.node.counts.opened == 1
    assert house.apple.node.counts.opened == 0


async def test_requests_that_are_for_another_one_get_400(house: House) -> None:
    client = await house.client()
    for host in ("apple.test", "unknown.test", "apple-1.us-east-1.elb.localhost"):
        assert (await client.ask(get(host))).status == 201
    response = await client.ask(get("pear.test"))
    assert (response.status, response["Connection"]) == (400, "close")
    assert await client.is_closed()
    await house.apple.logged(201, 201, 201, 400)
    assert house.pear.records == []
    house.apple.recorder.flush()
    story = story_of(find_exchange(house.apple.ring, "last"), Veil())
    assert story.facts["outcome"] == Outcome.OTHER_LOAD_BALANCER


async def test_pipelined_requests_are_told_apart_as_well(house: House) -> None:
    client = await house.client()
    client.send(get("pear.test") + get("apple.test"))
    assert [(await client.response()).status for _ in range(2)] == [202, 400]


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Certificate, ...]]:
    folder = tmp_path_factory.mktemp("certificates")
    names = ("apple", "pear")
    return {name: (issue(folder, number, f"{name}.test"),) for number, name in enumerate(names)}


async def secure(house: House, own: dict[str, tuple[Certificate, ...]]) -> None:
    for rig in (house.apple, house.pear):
        await rig.apply(house.listener(rig, protocol=Protocol.HTTPS, certificates=own[rig.name]))


def careless() -> ssl.SSLContext:
    context = trusting()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


NAMES = [
    ("apple.test", "apple.test", 201),
    ("pear.test", "pear.test", 202),
    ("PEAR.test", "PEAR.test", 202),
    ("pear.test", "unknown.test", 202),
    ("pear.test", "apple.test", 400),
    ("unknown.test", "unknown.test", 201),
    ("unknown.test", "pear.test", 400),
    (None, "127.0.0.1", 201),
    (None, "pear.test", 400),
]


@pytest.mark.parametrize(("server_name", "host", "status"), NAMES)
async def test_the_server_name_decides(
    house: House, own: dict[str, tuple[Certificate, ...]], server_name: str | None, host: str, status: int
) -> None:
    await secure(house, own)
    context = trusting() if server_name in {"apple.test", "pear.test"} else careless()
    client = await house.client(ssl=context, server_hostname=server_name or "")
    assert (await client.ask(get(host))).status == status


async def test_http_and_https_listeners_at_one_place(house: House, own: dict[str, tuple[Certificate, ...]]) -> None:
    await house.pear.apply(house.listener(house.pear, protocol=Protocol.HTTPS, certificates=own["pear"]))
    assert await house.ask(get("unknown.test")) == 201
    assert await house.ask(get("pear.test")) == 400  # plain HTTP to an HTTPS listener
    for name in ("pear.test", "unknown.test"):
        client = await house.client(ssl=careless(), server_hostname=name)
        assert (await client.ask(get(name))).status == 202
    client = await house.client()
    client.send(b"\x16nonsense\r\n\r\n")
    assert await client.is_closed()


async def test_a_hello_in_pieces(house: House, own: dict[str, tuple[Certificate, ...]]) -> None:
    await secure(house, own)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(incoming, outgoing, server_hostname="pear.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    client = await house.client()
    client.send(hello[:40])
    await house.undecided()
    client.send(hello[40:])
    assert (await client.exactly(1)) == b"\x16"
    assert len(house.pear.node.connections) == 1
    client.reset()


# -- the security groups -----------------------------------------------------------------------------------------------


async def test_each_load_balancer_has_its_own_gate(house: House) -> None:
    await house.apple.apply(security_group=NOBODY)
    assert await house.ask(get("pear.test")) == 202
    assert await house.ask(get("unknown.test")) == 202  # the first one by name that lets the client in
    outside = await house.client()
    outside.send(get("apple.test"))
    await until(lambda: house.apple.node.kept_out == 1)
    await house.apple.clock.advance(CONNECT_TIMEOUT_S + 1)
    assert await outside.is_closed()
    assert house.apple.records == []
    await house.apple.apply(security_group=SecurityGroup())
    assert await house.ask(get("apple.test")) == 201


async def test_a_client_whom_nobody_lets_in_is_not_even_read(house: House) -> None:
    await house.apple.apply(security_group=source("10.0.0.0/8"))
    await house.pear.apply(security_group=source("127.0.0.2/32"))
    outside = await house.client()
    await until(lambda: house.apple.node.kept_out == 1)
    inside = await house.client(source="127.0.0.2")
    assert (await inside.ask(get("unknown.test"))).status == 202
    await house.apple.clock.advance(CONNECT_TIMEOUT_S + 1)
    assert await outside.is_closed()


@pytest.mark.skipif(not can_drop(), reason="a full accept queue drops SYNs on Linux only")
async def test_only_when_all_are_closed_the_port_is(house: House) -> None:
    await house.apple.apply(security_group=NOBODY)
    await house.pear.apply(security_group=NOBODY)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection("127.0.0.1", house.port), 0.05)
    await house.pear.apply(security_group=SecurityGroup())
    assert await house.ask(get("pear.test")) == 202
    # The last one that lets anybody in goes: what is left is closed.
    await house.pear.node.close(grace_s=0.1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection("127.0.0.1", house.port), 0.05)


# -- clients that do not say ------------------------------------------------------------------------------------------


async def test_who_says_nothing_or_too_little_is_idle(house: House, own: dict[str, tuple[Certificate, ...]]) -> None:
    silent, half = await house.client(), await house.client()
    half.send(b"GET / HTTP/1.1\r\n")
    await house.undecided(2, size=16)
    await house.apple.clock.advance(61)
    assert await silent.is_closed()
    assert (await half.response()).status == 408
    await house.apple.logged(408)
    await secure(house, own)
    hello = await house.client()
    hello.send(b"\x16\x03\x01")
    await house.undecided(size=3)
    await house.apple.clock.advance(61)
    assert await hello.is_closed()


async def test_who_leaves_before_the_end_of_the_head(house: House) -> None:
    for data in (b"", b"GET / HTTP/1.1\r\nHost: pe"):
        client = await house.client()
        client.send(data)
        await house.undecided(size=len(data))
        client.half_close()
        assert await client.is_closed()
    await house.apple.logged(400)
    client = await house.client()
    await house.undecided()
    client.reset()
    await house.undecided(0)


async def test_there_may_be_no_descriptor_left_for_a_client(house: House) -> None:
    house.apple.node.descriptors = DescriptorBudget(limit=1)
    house.apple.node.descriptors.join(house.apple.node.sockets_in_use)
    first = await house.client()
    await house.undecided()
    second = await house.client()
    assert await second.is_closed()
    assert house.apple.node.counts.rejected == 1
    assert (await first.ask(get("pear.test"))).status == 202


async def test_bytes_of_any_kind_do_no_harm(house: House, own: dict[str, tuple[Certificate, ...]]) -> None:
    random = Random(7)
    await house.pear.apply(house.listener(house.pear, protocol=Protocol.HTTPS, certificates=own["pear"]))
    for _ in range(60):
        client = await house.client()
        start = random.choice(
            [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n", b"\r\n", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01"]
        )
        client.send(start + random.randbytes(random.randrange(60)))
        client.half_close()
        await client.is_closed()
    assert await house.ask(get("apple.test")) == 201


# -- coming and going --------------------------------------------------------------------------------------------------


async def test_who_is_alone_pays_nothing_for_sharing(house: House) -> None:
    await house.pear.node.close(grace_s=0.1)
    client = await house.client()
    assert (await client.ask(get("pear.test"))).status == 201
    (connection,) = house.apple.node.connections
    assert type(connection) is H1ClientConnection


async def test_connections_stay_whose_they_are_when_another_one_comes_or_goes(house: House) -> None:
    await house.pear.apply(replace(house.listener(house.pear), binds=(Bind(host="127.0.0.1", port=0),)))
    alone = await house.client()
    assert (await alone.ask(get("pear.test"))).status == 201
    await house.pear.apply(house.listener(house.pear))
    assert (await alone.ask(get("pear.test"))).status == 201  # it began when nobody else was there
    shared = await house.client()
    assert (await shared.ask(get("apple.test"))).status == 201
    assert any(type(one) is SharedH1ClientConnection for one in house.apple.node.connections)
    await house.pear.node.close(grace_s=0.1)
    assert (await shared.ask(get("pear.test"))).status == 201


async def test_names_are_those_of_the_configuration_in_force(house: House) -> None:
    house.pear.load_balancer = replace(house.pear.load_balancer, names=("plum.test",))
    await house.pear.apply()
    assert [await house.ask(get(name)) for name in ("plum.test", "pear.test")] == [202, 201]


async def test_an_undecided_connection_outlives_the_one_that_looked_after_it(house: House) -> None:
    client, other = await house.client(), await house.client()
    await house.undecided(2)
    await house.apple.node.close(grace_s=0.1)
    assert (await client.ask(get("pear.test"))).status == 202
    await house.pear.node.close(grace_s=0.1)
    assert await other.is_closed()


async def test_an_undecided_connection_where_nobody_is_left(house: House) -> None:
    client = await house.client()
    await house.undecided()
    free = Bind(host="127.0.0.1", port=0)
    for rig in (house.apple, house.pear):
        await rig.apply(replace(house.listener(rig), binds=(free, free)))
    client.send(get("pear.test"))
    assert await client.is_closed()


async def test_nobody_is_mistaken_for_another_while_both_are_reloaded(house: House) -> None:
    is_over = False

    async def ask(rig: Rig, status: int) -> int:
        count = 0
        while not is_over:
            client = await house.client()
            assert (await client.ask(get(f"{rig.name}.test"))).status == status
            client.reset()
            count += 1
        return count

    tasks = [asyncio.create_task(ask(rig, status)) for rig, status in ((house.apple, 201), (house.pear, 202))]
    for round_ in range(6):
        await asyncio.sleep(0.005)
        for rig in (house.apple, house.pear):
            await rig.apply(house.listener(rig), rig.listener(port=81 + round_))
    is_over = True
    assert all(count > 3 for count in await asyncio.gather(*tasks))


# -- who gets a place --------------------------------------------------------------------------------------------------


async def test_one_load_balancer_has_one_listener_at_a_place(house: House) -> None:
    twice = replace(house.listener(house.apple), port=81, arn="other")
    with pytest.raises(BindError) as caught:
        await house.apple.apply(house.listener(house.apple), twice)
    assert caught.value.what == f"Port {house.port} is already in use by listener 80 of apple."
    assert await house.ask(get("apple.test")) == 201


async def test_an_exposed_place_is_shared_only_when_there_is_no_other(house: House) -> None:
    doors = house.apple.doors
    (door,) = doors
    exposed, stead = Bind(host="192.0.2.1", port=80), Bind(host="127.0.0.1", port=0)
    apple, stranger = Holder(house.apple.node, "apple", 81), Holder(house.apple.new_node(), "plum", 80)
    doors._doors["192.0.2.1", 80] = door
    try:
        for holder in (apple, stranger):
            (chosen,), refusals = doors.claim(holder, (exposed, stead), is_dualstack=False)
            assert chosen is not door
            assert refusals == [("E101", "Port 80 is already in use by listener 80 of apple")]
            chosen.let_go(holder)
        here = Bind(host="127.0.0.1", port=house.port)
        (chosen,), _ = doors.claim(stranger, (here, stead), is_dualstack=False)
        assert chosen is door
        door.let_go(stranger)
        (chosen,), _ = doors.claim(stranger, (exposed,), is_dualstack=False)
        assert chosen is door
        door.let_go(stranger)
    finally:
        del doors._doors["192.0.2.1", 80]


@needs_ipv6
async def test_dualstack_load_balancers_share_the_one_ipv6_loopback_address() -> None:
    house = House()
    await house.start()
    try:
        await house.pear.apply(replace(house.listener(house.pear), binds=(Bind(host="127.0.0.2", port=house.port),)))
        for rig in (house.apple, house.pear):
            await rig.apply(ip_address_type="dualstack")
        assert house.pear.node.listeners[80].places == (f"127.0.0.2:{house.port}", f"[::1]:{house.port}")
        assert house.pear.node.listeners[80].sharers == ("apple",)
        for host, status in (("apple.test", 201), ("pear.test", 202), ("[::1]", 201)):
            client = await house.apple.client(host=IPV6)
            assert (await client.ask(get(host))).status == status
        (record,) = house.pear.records
        assert (record.facts.client_ip, record.facts.node_ip) == (IPV6, IPV6)
        assert await house.ask(get("pear.test")) == 201  # nobody shares this one
        await house.apple.apply(ip_address_type="ipv4")
        client = await house.apple.client(host=IPV6)
        assert (await client.ask(get("apple.test"))).status == 202
    finally:
        await house.close()
