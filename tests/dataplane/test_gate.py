"""The security group's gate (reference 8.1, ux 3.6): open, closed, open to some; changed without cutting anybody."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from simlb.core.model import FixedResponseAction, InboundRule, SecurityGroup
from simlb.dataplane import door as door_module
from simlb.dataplane.gate import Gate, GateState, can_drop
from tests.dataplane.harness import GET, OK, Rig, answer, until

linux_only = pytest.mark.skipif(not can_drop(), reason="a full accept queue drops SYNs on Linux only")

CLOSED = SecurityGroup(inbound=())
OPEN = SecurityGroup()


def sources(*networks: str, port: int | None = None) -> SecurityGroup:
    return SecurityGroup(
        inbound=tuple(InboundRule(port=port, source=ipaddress.ip_network(network)) for network in networks)
    )


GATES = [
    ((), GateState.CLOSED, "127.0.0.1", False),
    (("0.0.0.0/0", "::/0"), GateState.OPEN, "127.0.0.1", True),
    (("0.0.0.0/0", "::/0"), GateState.OPEN, "::1", True),
    (("0.0.0.0/0",), GateState.RESTRICTED, "127.0.0.1", True),
    (("0.0.0.0/0",), GateState.RESTRICTED, "::1", False),
    (("0.0.0.0/0",), GateState.RESTRICTED, "::ffff:127.0.0.1", True),
    (("::/0",), GateState.RESTRICTED, "::1", True),
    (("::/0",), GateState.RESTRICTED, "::ffff:127.0.0.1", False),
    (("10.0.0.0/8", "0.0.0.0/0"), GateState.RESTRICTED, "192.0.2.1", True),
    (("10.0.0.0/8",), GateState.RESTRICTED, "10.1.2.3", True),
    (("10.0.0.0/8",), GateState.RESTRICTED, "127.0.0.1", False),
    (("10.0.0.0/8",), GateState.RESTRICTED, "::1", False),
    (("fe80::/10",), GateState.RESTRICTED, "fe80::1%eth0", True),
]


@pytest.mark.parametrize(("networks", "state", "ip", "is_let_in"), GATES)
def test_who_is_let_in(networks: tuple[str, ...], state: GateState, ip: str, is_let_in: bool) -> None:
    gate = Gate(ipaddress.ip_network(network) for network in networks)
    assert (gate.state, gate.lets_in(ip), gate.lets_in(ip)) == (state, is_let_in, is_let_in)


FAMILIES = [
    (("0.0.0.0/0",), {4}, GateState.OPEN),
    (("0.0.0.0/0",), {6}, GateState.CLOSED),
    (("::/0",), {4}, GateState.CLOSED),
    (("::/0",), {6}, GateState.OPEN),
    (("::/0", "10.0.0.0/8"), {4}, GateState.RESTRICTED),
    (("::/0", "10.0.0.0/8"), {4, 6}, GateState.RESTRICTED),
    (("10.0.0.0/8", "0.0.0.0/0"), {4}, GateState.OPEN),
]


@pytest.mark.parametrize(("networks", "versions", "state"), FAMILIES)
def test_a_socket_of_one_family_knows_only_rules_of_that_family(
    networks: tuple[str, ...], versions: set[int], state: GateState
) -> None:
    assert Gate(map(ipaddress.ip_network, networks), versions).state is state


async def connects(rig: Rig) -> bool:
    """Whether a connect attempt gets anywhere within a moment."""
    attempt = asyncio.open_connection("127.0.0.1", rig.published())
    try:
        _, writer = await asyncio.wait_for(attempt, 0.05)
    except TimeoutError:
        return False
    writer.transport.abort()
    return True


@linux_only
async def test_a_port_closed_to_all_does_not_answer(rig: Rig) -> None:
    await rig.apply(rig.listener(FixedResponseAction(status_code=200)), security_group=CLOSED)
    assert not await connects(rig)
    assert not await connects(rig)
    await rig.apply(security_group=OPEN)
    assert (await rig.ask()).status == 200
    await until(lambda: len(rig.node.connections) == 1, "the queue's fillers are gone")
    await rig.logged(200)


@linux_only
async def test_closing_never_cuts_and_opening_lets_waiting_clients_in(rig: Rig) -> None:
    await rig.serve(answer(OK))
    inside = await rig.client()
    for _ in range(3):
        await rig.apply(security_group=CLOSED)
        assert (await inside.ask()).status == 200
        assert not await connects(rig)
        await rig.apply(security_group=OPEN)
        assert (await inside.ask()).status == 200
        assert (await rig.ask()).status == 200


async def test_a_source_that_is_not_let_in_is_held_unread_and_closed_after_ten_seconds(rig: Rig) -> None:
    await rig.apply(
        rig.listener(FixedResponseAction(status_code=200)), security_group=sources("127.0.0.2/32", "10.0.0.0/8")
    )
    outside = await rig.client(source="127.0.0.1")
    inside = await rig.client(source="127.0.0.2")
    assert (await inside.ask()).status == 200
    outside.send(GET)
    await rig.accepted(2)
    await rig.clock.advance(9.5)
    assert len(rig.node.connections) == 2
    await rig.clock.advance(2)
    assert await outside.is_closed()
    assert (await inside.ask()).status == 200
    await rig.logged(200, 200)


async def test_rules_name_ports(rig: Rig) -> None:
    fixed = FixedResponseAction(status_code=200)
    await rig.apply(
        rig.listener(fixed, port=80), rig.listener(fixed, port=81), security_group=sources("127.0.0.1/32", port=81)
    )
    client = await rig.client(81)
    assert (await client.ask()).status == 200
    assert rig.node.listeners[80].gate.state is GateState.CLOSED


async def test_where_syns_cannot_be_dropped_a_closed_gate_accepts_and_stays_silent(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "can_drop", lambda: False)
    await rig.fixed()
    inside = await rig.client()
    await inside.ask()
    await rig.apply(security_group=CLOSED)
    outside = await rig.client()
    outside.send(GET)
    await rig.accepted(2)
    assert (await inside.ask()).status == 200
    await rig.clock.advance(11)
    assert await outside.is_closed()
    await rig.logged(200, 200)


async def test_a_held_client_does_not_delay_the_end(rig: Rig) -> None:
    await rig.apply(rig.listener(FixedResponseAction(status_code=200)), security_group=sources("10.0.0.0/8"))
    await rig.client()
    await rig.accepted()
    rig.node.stop_accepting()
    await until(lambda: not rig.node.connections)
