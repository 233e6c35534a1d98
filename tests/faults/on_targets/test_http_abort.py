"""http.abort: answers of the target's own that are errors."""

from __future__ import annotations

import pytest

from simlb.faults.http_abort import FAULT_TYPE
from simlb.faults.selection import Selection
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import in_flight, install, reused

POST = b"POST /orders HTTP/1.1\r\nHost: lb.test\r\nContent-Length: 10\r\n\r\n"


@pytest.mark.parametrize("status", [200, 204, 304, 404, 418, 500, 502, 503, 599])
async def test_the_status_is_the_targets_own(rig: Rig, status: int) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, status=status)
    client = await rig.client()
    for _ in range(2):
        assert (await client.ask()).status == status
    assert rig.targets[0].requests == []
    assert [line[8:10] for line in rig.lines] == [[str(status), str(status)]] * 2
    assert reused(rig) == [False, True]


async def test_a_request_body_is_taken_before_the_answer(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE)
    client = await rig.client()
    for _ in range(2):
        client.send(POST + b"12345")
        await in_flight(rig)
        client.send(b"67890")
        assert (await client.response("POST")).status == 503
    assert reused(rig) == [False, True]


async def test_twice_and_then_no_more(rig: Rig) -> None:
    await rig.serve(answer(OK))
    fault = await install(rig, FAULT_TYPE, selection=Selection(count=2))
    assert [(await rig.ask()).status for _ in range(4)] == [503, 503, 200, 200]
    assert fault.selector.is_used_up
