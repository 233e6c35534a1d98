"""link.reset: when the reset comes, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from simlb.core.wildcards import Wildcard
from simlb.errors import SimlbError
from simlb.faults.link_reset import FAULT_TYPE
from simlb.faults.selection import Match, Selection
from tests.dataplane.harness import OK, Rig, answer
from tests.faults.on_targets.places import install, order, reused, serve_checked, state_of, statuses

RESETS = [
    # when -> what the client gets, whether whole; the target's status; whether it was sent at all
    ({"at": "connect"}, 502, True, "-", False),
    ({"at": "request"}, 502, True, "-", True),
    ({"at": "body"}, 200, False, "200", True),
    ({"at": "body", "after": 3}, 200, False, "200", True),
    ({"at": "body", "after": 5}, 200, True, "200", True),
]


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize(("values", "status", "is_complete", "target_status", "is_sent"), RESETS)
async def test_when_the_reset_comes(
    rig: Rig,
    values: dict[str, Any],
    status: int,
    is_complete: bool,
    target_status: str,
    is_sent: bool,
    is_secure: bool,
) -> None:
    await serve_checked(rig, is_secure=is_secure)
    fault = await install(rig, FAULT_TYPE, **values)
    response = await rig.ask()
    assert (response.status, response.is_complete) == (status, is_complete)
    await rig.logged(status)
    assert statuses(rig) == [(str(status), target_status)]
    assert (rig.records[0].target_processing_time >= 0) is is_sent
    await fault.remove()
    assert (await rig.ask()).body == b"hello"


CHECKS = [
    ({"at": "connect"}, "unhealthy"),
    ({"at": "request"}, "unhealthy"),
    ({"at": "body"}, "healthy"),  # nobody reads the body of a check
]


@pytest.mark.parametrize(("values", "state"), CHECKS)
async def test_what_checks_make_of_it(rig: Rig, values: dict[str, Any], state: str) -> None:
    await serve_checked(rig)
    await install(rig, FAULT_TYPE, **values)
    await rig.clock.advance(65)
    health = state_of(rig).health
    assert health.state == state
    assert state == "healthy" or health.reason == "Target.FailedHealthChecks"


async def test_every_third_request(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, selection=Selection(every=3))
    client = await rig.client()
    assert [(await client.ask()).status for _ in range(6)] == [200, 200, 502] * 2
    assert reused(rig) == [False, True, True] * 2


async def test_by_the_number_of_connections(rig: Rig) -> None:
    await rig.serve(answer(OK))
    await install(rig, FAULT_TYPE, selection=Selection(count=2), at="connect")
    client = await rig.client()
    assert [(await client.ask()).status for _ in range(4)] == [502, 502, 200, 200]


@pytest.mark.parametrize(
    ("values", "selection", "words"),
    [
        ({"at": "connect", "after": 3}, Selection(), "after goes with at=body"),
        ({"at": "request", "after": 0}, Selection(), "after goes with at=body"),
        ({"at": "connect"}, Selection(match=Match(method="GET")), "at=connect goes with no match"),
        ({"at": "connect"}, Selection(match=Match(path=Wildcard("/x"))), "at=connect goes with no match"),
    ],
)
def test_what_does_not_go_together(values: dict[str, Any], selection: Selection, words: str) -> None:
    with pytest.raises(SimlbError, match=words) as raised:
        FAULT_TYPE.build(order(FAULT_TYPE, selection=selection, **values))
    assert raised.value.code == "E620"
