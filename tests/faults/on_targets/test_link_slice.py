"""link.slice: pieces and pauses."""

from __future__ import annotations

import asyncio

from simlb.faults.link_slice import FAULT_TYPE
from tests.dataplane.harness import PATIENCE_S, Rig, answer, echo
from tests.faults.on_targets.places import POST, install, sent


async def test_everything_arrives_in_pieces_of_one_byte(rig: Rig) -> None:
    await rig.serve(echo)
    await install(rig, FAULT_TYPE, size=1)
    client = await rig.client()
    for _ in range(3):
        client.send(POST + b"0123456789")
        assert (await client.response("POST")).body == b"0123456789"
    assert len(rig.targets[0].connections) == 1


async def test_pauses_come_between_pieces(rig: Rig) -> None:
    await rig.serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + bytes(4000)))
    fault = await install(rig, FAULT_TYPE, size=1000, delay=2.0)
    client = await sent(rig)
    # Some 4,040 bytes: five pieces, four pauses. The first one comes at once, with the head.
    async with asyncio.timeout(PATIENCE_S):
        await client.reader.readuntil(b"\r\n\r\n")
    await rig.clock.advance(7.9)
    assert rig.records == []
    await rig.clock.advance(0.1)
    async with asyncio.timeout(PATIENCE_S):
        assert await client.reader.readexactly(4000) == bytes(4000)
    await fault.remove()
    assert len((await rig.ask()).body) == 4000


async def test_a_pause_as_long_as_the_idle_timeout_is_504(rig: Rig) -> None:
    await rig.serve(echo)
    await install(rig, FAULT_TYPE, size=10, delay=30.0)
    client = await sent(rig)
    await rig.clock.advance(61)
    assert (await client.response()).status == 504
