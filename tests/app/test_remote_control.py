"""What programs do with an application: move its time, read its traffic, have it as it was."""

from __future__ import annotations

import asyncio

import pytest

from simlb.app.remote_control import RemoteControl
from simlb.clock import ScaledClock
from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.core.health import ProbeOutcome, ProbeResult
from simlb.errors import SimlbError
from simlb.observe.traffic import Traffic
from tests.app.conftest import Bench

PASSED = ProbeResult(outcome=ProbeOutcome.ANSWERED, status_code=200)
# Nothing listens at port 1: probes that the clock causes are refused at once.
ONE, TWO = "{name: i-01, url: 'http://127.0.0.1:1'}", "{name: i-02, url: 'http://127.0.0.1:2'}"


def exchange(number: int) -> ExchangeRecord:
    facts = ConnectionFacts(
        elb="app/my-alb/50dc6c495c0c9188",
        dns_name="my-alb.elb.localhost",
        scheme="http",
        listener_port=80,
        client_ip="127.0.0.1",
        client_port=number,
        node_ip="127.0.0.1",
    )
    return ExchangeRecord(facts, None, 0.0)


async def test_advancing_meets_every_deadline_and_waits_for_the_probes(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    remote = RemoteControl(app)
    await remote.advance(60)
    assert bench.states() == {"i-01": "unhealthy"}
    assert bench.group().targets[0].reason == "Target.FailedHealthChecks"
    clock = remote.clock()
    assert (clock.kind, clock.speed, clock.now_s) == ("manual", None, 60)


@pytest.mark.parametrize(("speed", "kind"), [(1, "real"), (10, "scaled")])
async def test_a_clock_that_runs_by_itself(bench: Bench, speed: float, kind: str) -> None:
    app = await bench.start()
    app.clock = ScaledClock(speed)
    remote = RemoteControl(app)
    assert (remote.clock().kind, remote.clock().speed) == (kind, speed)
    with pytest.raises(SimlbError) as caught:
        await remote.advance(60)
    assert caught.value.code == "E615"


async def test_an_instance_that_keeps_no_traffic_says_so(bench: Bench) -> None:
    remote = RemoteControl(await bench.start())
    for ask in (lambda: remote.traffic(0, 10), remote.clear_traffic):
        with pytest.raises(SimlbError) as caught:
            ask()
        assert caught.value.code == "E617"


@pytest.mark.parametrize(
    ("after", "limit", "numbers", "following"),
    [
        pytest.param(0, 1000, [2, 3, 4, 5], 6, id="all that is kept"),
        pytest.param(0, 2, [2, 3], 4, id="a page, and where the next one begins"),
        pytest.param(4, 2, [4, 5], 6, id="the next one"),
        pytest.param(6, 2, [], 6, id="nothing new"),
        pytest.param(99, 2, [], 6, id="nothing is ahead of what has been"),
        pytest.param(-1, 1000, [5], 6, id="the last one"),
        pytest.param(-99, 1000, [2, 3, 4, 5], 6, id="more than there were"),
    ],
)
async def test_pages_of_traffic(bench: Bench, after: int, limit: int, numbers: list[int], following: int) -> None:
    app = await bench.start()
    app.traffic = Traffic(app.narrator.at_s, 0.0, kept=4)
    for number in range(6):
        app.traffic.record(exchange(number))
    page = RemoteControl(app).traffic(after, limit)
    assert [record["number"] for record in page.records] == numbers
    assert (page.total, page.next) == (6, following)


async def test_what_is_forgotten_does_not_come_back_and_numbers_go_on(bench: Bench) -> None:
    app = await bench.start()
    app.traffic = Traffic(app.narrator.at_s, 0.0)
    remote = RemoteControl(app)
    app.traffic.record(exchange(0))
    remote.clear_traffic()
    assert (remote.traffic(0, 10).records, remote.traffic(0, 10).next) == ((), 1)
    app.traffic.record(exchange(1))
    assert [record["number"] for record in remote.traffic(0, 10).records] == [1]


async def test_a_reset_gives_the_files_targets_back_and_forgets_those_of_commands(bench: Bench) -> None:
    app = await bench.start(web=[ONE, TWO])
    app.traffic = Traffic(app.narrator.at_s, 0.0)
    app.traffic.record(exchange(0))
    bench.probed("i-02", PASSED)
    await app.register_target("web", "http://127.0.0.1:3", None)
    await app.deregister_target("i-01")
    await RemoteControl(app).reset()
    assert bench.states() == {"i-01": "initial", "i-02": "healthy", "i-03": "draining"}
    assert list(app.registrations.drift(app.compiled.configuration)) == []
    assert list(app.traffic.records()) == []


async def test_a_reset_without_anything_to_undo_changes_nothing(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    bench.probed("i-01", PASSED)
    group = app.live_group("web")
    assert group is not None
    candidates = group.candidates
    await RemoteControl(app).reset()
    assert bench.states() == {"i-01": "healthy"}
    assert group.candidates is candidates


async def test_a_reset_undoes_faults_before_it_looks_at_the_rest(bench: Bench) -> None:
    app = await bench.start(web=[ONE])
    await app.faults.add("gate.close", on=["80"])
    await RemoteControl(app).reset()
    assert list(app.faults) == []


@pytest.mark.slow
async def test_a_reset_starts_what_has_ended(bench: Bench) -> None:
    app = await bench.start(web=["{name: i-01, run: 'sleep 60', port: 9}"])
    process = app.supervisor.get("i-01")
    assert process is not None
    process.kill()
    async with asyncio.timeout(5):
        while process.is_running:
            await asyncio.sleep(0.005)
    await RemoteControl(app).reset()
    assert process.is_running
