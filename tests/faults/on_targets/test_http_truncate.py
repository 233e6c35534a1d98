"""http.truncate: answers that end too early."""

from __future__ import annotations

import pytest

from simlb.core.matcher import Matcher
from simlb.faults.http_truncate import FAULT_TYPE
from simlb.faults.selection import Selection
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import install, serve_checked, state_of, statuses

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
ANSWERS = [
    # the target's answer, after how many bytes of its body -> is it whole?
    (OK, 0, False),
    (OK, 4, False),
    (OK, 5, True),
    (OK, 5000, True),
    (CHUNKED, 0, False),
    (CHUNKED, 6, False),
    (CHUNKED, 12, False),
    (CHUNKED, 15, True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 0, True),
]


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("raw", "after", "is_complete"), ANSWERS)
async def test_the_status_is_out_and_the_rest_is_not(
    rig: Rig, raw: bytes, after: int, is_complete: bool, is_secure: bool
) -> None:
    await serve_checked(rig, answer(raw), is_secure=is_secure, matcher=Matcher.parse("200-299"))
    fault = await install(rig, FAULT_TYPE, after=after)
    response = await rig.ask()
    assert response.is_complete is is_complete
    status = raw.split(b" ")[1].decode()
    await rig.logged(int(status))
    assert statuses(rig) == [(status, status)]
    await rig.clock.advance(120)
    assert state_of(rig).health.state == "healthy"
    await fault.remove()
    assert (await rig.ask()).is_complete


async def test_once(rig: Rig) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, selection=Selection(count=1))
    assert [(await rig.ask()).is_complete for _ in range(3)] == [False, True, True]
