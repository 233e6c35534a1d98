"""What a target's books say after an exchange: the errors that anomaly detection compares (reference 5.3)."""

from __future__ import annotations

import pytest

from tests.dataplane.harness import GET, OK, Rig, Script, TargetConnection, answer, until

ERROR = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "errors"),
    [
        pytest.param(answer(OK), 0, id="200"),
        pytest.param(answer(MISSING), 0, id="404 is the client's doing"),
        pytest.param(answer(ERROR), 1, id="503 of the target"),
        pytest.param(answer(close=True), 1, id="closes without a reply"),
        pytest.param(answer(b"nonsense\r\n\r\n"), 1, id="nonsense"),
    ],
)
async def test_errors_of_a_target(rig: Rig, script: Script, errors: int) -> None:
    await rig.serve(script)
    await rig.ask(GET)
    state = rig.node.groups["web"].targets["10.0.0.1", 80]
    await until(lambda: not state.outstanding)
    assert (state.requests, state.errors) == (1, errors)


async def test_a_refused_connection_is_an_error(rig: Rig) -> None:
    target = await rig.target()
    await rig.serve(target)
    await target.close()
    await rig.ask(GET)
    state = rig.node.groups["web"].targets["10.0.0.1", 80]
    await until(lambda: not state.outstanding)
    assert (state.requests, state.errors) == (1, 1)


async def test_a_client_that_leaves_is_no_error_of_the_target(rig: Rig) -> None:
    async def hang(connection: TargetConnection) -> None:
        await connection.request()
        await connection.hang()

    await rig.serve(hang)
    client = await rig.client()
    client.send(GET)
    await rig.at_target()
    await client.close()
    state = rig.node.groups["web"].targets["10.0.0.1", 80]
    await until(lambda: not state.outstanding)
    assert (state.requests, state.errors) == (1, 0)
