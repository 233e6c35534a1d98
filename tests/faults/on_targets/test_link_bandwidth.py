"""link.bandwidth: how long bytes take."""

from __future__ import annotations

import pytest

from simlb.faults.link_bandwidth import FAULT_TYPE
from tests.dataplane.harness import Rig, answer
from tests.faults.on_targets.places import install, sent, serve_checked


def sized(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("rate", "size", "at_least_s"), [(10_000, 20_000, 2.0), (1_000, 5_000, 5.0), (64_000, 0, 0.0)])
async def test_an_answer_takes_its_size_by_the_rate(
    rig: Rig, rate: int, size: int, at_least_s: float, is_secure: bool
) -> None:
    await serve_checked(rig, answer(sized(size)), is_secure=is_secure)
    await install(rig, FAULT_TYPE, rate=rate)
    client = await sent(rig)
    if at_least_s:
        await rig.clock.advance(at_least_s)
        assert rig.records == []
    await rig.clock.advance(1)  # the request and the head of the answer
    assert len((await client.response()).body) == size


async def test_the_narrower_of_two_counts_and_removal_restores(rig: Rig) -> None:
    await rig.serve(answer(sized(10_000)))
    faults = [await install(rig, FAULT_TYPE, rate=rate) for rate in (1_000, 100_000)]
    client = await sent(rig)
    await rig.clock.advance(10)
    assert rig.records == []
    await rig.clock.advance(1)
    assert len((await client.response()).body) == 10_000
    for fault in faults:
        await fault.remove()
    assert len((await rig.ask()).body) == 10_000


async def test_checks_take_their_time_too(rig: Rig) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, rate=10)
    await rig.clock.advance(65)
    assert [change[2] for change in rig.changes][-1] == "unhealthy"
