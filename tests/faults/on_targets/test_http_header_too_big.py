"""http.header_too_big: where the limit is."""

from __future__ import annotations

import pytest

from simlb.faults.http_header_too_big import FAULT_TYPE, answer_with_head_of
from tests.dataplane.harness import Rig
from tests.faults.on_targets.places import install, serve_checked, state_of, statuses

SIZES = [
    # bytes of the head -> status, the target's status (reference 4.1: over 32 KB is 502)
    (100, 200, "200"),
    (20_000, 200, "200"),
    (32 * 1024, 200, "200"),
    (32 * 1024 + 1, 502, "-"),
    (33 * 1024, 502, "-"),
    (1 << 20, 502, "-"),
]


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("size", "status", "target_status"), SIZES)
async def test_up_to_32_kb_pass(rig: Rig, size: int, status: int, target_status: str, is_secure: bool) -> None:
    await serve_checked(rig, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE, size=size)
    response = await rig.ask()
    assert (response.status, statuses(rig)) == (status, [(str(status), target_status)])
    await rig.clock.advance(120)
    assert state_of(rig).health.state == "healthy"
    await fault.remove()
    assert (await rig.ask()).body == b"hello"


@pytest.mark.parametrize("size", [*range(100, 130), 3999, 4000, *range(4030, 4080), 8100, 33_792])
def test_the_head_has_exactly_that_size(size: int) -> None:
    head, end, body = answer_with_head_of(size).partition(b"\r\n\r\n")
    assert (len(head) + len(end), body) == (size, b"ok\n")
    assert all(b": " in line for line in head.split(b"\r\n")[1:])


async def test_the_answer_to_a_head_request_has_no_body(rig: Rig) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, size=1000)
    client = await rig.client()
    for _ in range(2):
        assert (await client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD"))["Content-Length"] == "3"
