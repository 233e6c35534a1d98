"""Dualstack load balancers: every listener on 127.0.0.1 and ::1, with one port, one plan and one security group."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import replace
from random import Random

import pytest

from simlb.core.model import Bind, Certificate, FixedResponseAction, InboundRule, Protocol, SecurityGroup
from simlb.dataplane import doors as doors_module
from simlb.dataplane.gate import GateState, can_drop
from simlb.errors import BindError, SimlbError
from tests.dataplane.harness import GET, Rig, answer, until
from tests.dataplane.ipv6 import IPV6, needs_ipv6
from tests.dataplane.test_tls import certificates as certificates
from tests.dataplane.test_tls import trusting

pytestmark = needs_ipv6

IPV4 = "127.0.0.1"
FIXED = FixedResponseAction(status_code=200, message_body="here")


def sources(*networks: str) -> SecurityGroup:
    return SecurityGroup(inbound=tuple(InboundRule(port=None, source=ipaddress.ip_network(one)) for one in networks))


async def connects(rig: Rig, host: str) -> bool:
    """Whether a connection attempt succeeds within a moment."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, rig.published()), 0.05)
    except (TimeoutError, ConnectionRefusedError):
        return False
    writer.transport.abort()
    return True


async def test_clients_of_both_families_are_served_and_told_apart(rig: Rig) -> None:
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ip_address_type="dualstack")
    listener = rig.node.listeners[80]
    assert listener.places == (f"127.0.0.1:{rig.published()}", f"[::1]:{rig.published()}")
    for host in (IPV4, IPV6):
        client = await rig.client(host=host)
        assert (await client.ask()).status == 200
    first, second = await rig.logged(200, 200)
    assert (first.facts.client_ip, first.facts.node_ip, first.facts.is_ipv6) == (IPV4, IPV4, False)
    assert (second.facts.client_ip, second.facts.node_ip, second.facts.is_ipv6) == (IPV6, IPV6, True)
    assert [request["X-Forwarded-For"] for request in rig.targets[0].requests] == [IPV4, IPV6]
    # Client and node as the log writes them: IPv6 without brackets there.
    assert rig.lines[1][3] == f"::1:{second.facts.client_port}"
    assert rig.lines[1][-1] == "::1"


async def test_the_client_port_puts_brackets_around_the_address(rig: Rig) -> None:
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ip_address_type="dualstack")
    await rig.apply(xff_client_port=True)
    client = await rig.client(host=IPV6)
    await client.ask(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
    assert rig.targets[0].requests[0]["X-Forwarded-For"] == f"192.0.2.1, [::1]:{client.port}"
    await rig.logged(200)


# -- the security group ------------------------------------------------------------------------------------------------

RULES = [
    (("0.0.0.0/0", "::/0"), GateState.OPEN, True, True),
    (("0.0.0.0/0",), GateState.RESTRICTED, True, False),
    (("::/0",), GateState.RESTRICTED, False, True),
    (("10.0.0.0/8", "::/0"), GateState.RESTRICTED, False, True),
    (("::1/128", "127.0.0.1/32"), GateState.RESTRICTED, True, True),
    ((), GateState.CLOSED, False, False),
]


@pytest.mark.parametrize(("networks", "state", "over_ipv4", "over_ipv6"), RULES)
async def test_rules_count_for_clients_of_their_family(
    rig: Rig, networks: tuple[str, ...], state: GateState, over_ipv4: bool, over_ipv6: bool
) -> None:
    await rig.apply(rig.listener(FIXED), security_group=sources(*networks), ip_address_type="dualstack")
    assert rig.node.listeners[80].gate.state is state
    for host, is_let_in in ((IPV4, over_ipv4), (IPV6, over_ipv6)):
        if is_let_in:
            client = await rig.client(host=host)
            assert (await client.ask()).status == 200
        elif await connects(rig, host):
            # Where the kernel does not drop it: it is accepted and never read.
            client = await rig.client(host=host)
            client.send(GET)
            await until(lambda: rig.node.kept_out > 0)
    assert {record.facts.client_ip for record in rig.records} == {
        host for host, is_let_in in ((IPV4, over_ipv4), (IPV6, over_ipv6)) if is_let_in
    }


@pytest.mark.skipif(not can_drop(), reason="a full accept queue drops SYNs on Linux only")
async def test_one_family_is_dropped_while_the_other_is_served(rig: Rig) -> None:
    await rig.apply(rig.listener(FIXED), ip_address_type="dualstack")
    inside = await rig.client(host=IPV6)
    assert (await inside.ask()).status == 200
    await rig.apply(security_group=sources("0.0.0.0/0"))
    assert (await connects(rig, IPV4), await connects(rig, IPV6)) == (True, False)
    assert (await inside.ask()).status == 200  # rules are for new connections
    await rig.apply(security_group=SecurityGroup())
    assert (await connects(rig, IPV4), await connects(rig, IPV6)) == (True, True)


# -- changes -----------------------------------------------------------------------------------------------------------


async def test_the_second_address_comes_and_goes_and_no_connection_notices(rig: Rig) -> None:
    await rig.apply(rig.listener(FIXED))
    listener, port = rig.node.listeners[80], rig.published()
    over_ipv4 = await rig.client()
    assert not await connects(rig, IPV6)
    for _ in range(2):
        await rig.apply(ip_address_type="dualstack")
        over_ipv6 = await rig.client(host=IPV6)
        assert (await over_ipv6.ask()).status == 200
        assert (await over_ipv4.ask())["Connection"] == "keep-alive"
        await rig.apply(ip_address_type="ipv4")
        assert not await connects(rig, IPV6)
        assert (await over_ipv6.ask())["Connection"] == "keep-alive"
        assert (await over_ipv4.ask())["Connection"] == "keep-alive"
    assert rig.node.listeners[80] is listener
    assert rig.published() == port
    assert len(list(rig.doors)) == 1


async def test_a_listener_that_begins_to_speak_tls_stays_at_both_addresses(
    rig: Rig, certificates: tuple[Certificate, ...]
) -> None:
    await rig.apply(rig.listener(FIXED, port=443), ip_address_type="dualstack")
    port = rig.published(443)
    secure = rig.listener(FIXED, port=443, protocol=Protocol.HTTPS, certificates=certificates)
    await rig.apply(secure)
    assert rig.published(443) == port
    for host in (IPV4, IPV6):
        client = await rig.client(443, host=host, ssl=trusting(), server_hostname="lb.test")
        assert (await client.ask()).status == 200
    # And over to IPv4 and plain HTTP at once.
    await rig.apply(rig.listener(FIXED, port=443), ip_address_type="ipv4")
    assert len(list(rig.doors)) == 1
    client = await rig.client(443)
    assert (await client.ask()).status == 200
    await rig.logged(200, 200, 200)


async def test_requests_go_on_over_both_families_while_it_changes(rig: Rig) -> None:
    await rig.apply(rig.listener(FIXED), ip_address_type="dualstack")
    is_over = False

    async def ask(host: str) -> int:
        count = 0
        while not is_over:
            client = await rig.client(host=host)
            assert (await client.ask()).status == 200
            client.reset()
            count += 1
        return count

    tasks = [asyncio.create_task(ask(host)) for host in (IPV4, IPV6)]
    for code in (200, 200, 200, 200, 200):
        await asyncio.sleep(0.005)
        await rig.apply(rig.listener(FixedResponseAction(status_code=code)))
        await rig.apply(rig.listener(FIXED), rig.listener(FIXED, port=81))
    is_over = True
    assert all(count > 3 for count in await asyncio.gather(*tasks))


# -- where it cannot be ------------------------------------------------------------------------------------------------


def taken_over_ipv6() -> socket.socket:
    """Somebody listens at a port of ::1 that is free over IPv4, and that no outgoing connection will be given."""
    while True:
        port = Random().randrange(20_000, 32_000)
        try:
            socket.create_server((IPV4, port)).close()
            return socket.create_server((IPV6, port), family=socket.AF_INET6)
        except OSError:
            continue


async def test_a_port_has_to_be_free_in_both_families_for_a_candidate_to_do(rig: Rig) -> None:
    with taken_over_ipv6() as other:
        port = other.getsockname()[1]
        binds = (Bind(host=IPV4, port=port), Bind(host=IPV4, port=0))
        await rig.apply(replace(rig.listener(FIXED), binds=binds), ip_address_type="dualstack")
        listener = rig.node.listeners[80]
        assert listener.published_port != port
        assert len({door.port for door in listener.doors}) == 1
        assert listener.refusals == [("E101", f"Port {port} of [::1] is already in use")]
        # Nothing is left of the attempt.
        socket.create_server((IPV4, port)).close()


async def test_without_another_candidate_it_is_refused_and_nothing_has_changed(rig: Rig) -> None:
    with taken_over_ipv6() as other:
        port = other.getsockname()[1]
        there = replace(rig.listener(FIXED), binds=(Bind(host=IPV4, port=port),))
        with pytest.raises(BindError) as caught:
            await rig.apply(there, ip_address_type="dualstack")
        assert (caught.value.code, caught.value.what) == ("E101", f"Port {port} of [::1] is already in use.")
        assert not list(rig.doors)
        await rig.apply(there)
        with pytest.raises(BindError):
            await rig.apply(ip_address_type="dualstack")
        assert (await rig.ask()).status == 200
        assert not rig.load_balancer.is_dualstack
    await rig.apply(ip_address_type="dualstack")
    client = await rig.client(host=IPV6)
    assert (await client.ask()).status == 200


async def test_a_machine_without_ipv6_has_no_dualstack_load_balancers(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.apply(rig.listener(FIXED))
    monkeypatch.setattr(doors_module, "has_ipv6_loopback", lambda: False)
    with pytest.raises(SimlbError) as caught:
        await rig.apply(ip_address_type="dualstack")
    assert caught.value.code == "E858"
    assert rig.node.listeners[80].places == (f"127.0.0.1:{rig.published()}",)
    assert (await rig.ask()).status == 200


async def test_a_listener_at_an_ipv6_address_gets_an_ipv4_one_beside_it(rig: Rig) -> None:
    await rig.apply(replace(rig.listener(FIXED), binds=(Bind(host=IPV6, port=0),)), ip_address_type="dualstack")
    assert rig.node.listeners[80].places == (f"[::1]:{rig.published()}", f"127.0.0.1:{rig.published()}")
    assert (await rig.ask()).status == 200
