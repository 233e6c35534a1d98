"""Many processes, brought in line with a configuration."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes.supervisor import Supervisor

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are POSIX")

Events = list[tuple[str, str]]


def sleeper(name: str, port: int = 9001) -> TargetProcess:
    return TargetProcess(name=name, port=port, run="sleep 1000")


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, events: Events) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(
        log_directory=tmp_path,
        on_started=lambda name, pid: events.append(("started", name)),
        on_exited=lambda name, pid, status: events.append(("exited", name)),
        environment={"SIMLB_SPEED": "10"},
        default_directory=tmp_path,
    )
    yield supervisor
    await supervisor.stop_all(0)


def pid_of(supervisor: Supervisor, name: str) -> int | None:
    held = supervisor.get(name)
    assert held is not None
    return held.pid


async def test_reconcile_starts_the_new_stops_the_removed_and_leaves_the_rest(
    supervisor: Supervisor, events: Events
) -> None:
    await supervisor.reconcile([sleeper("i-01"), sleeper("i-02"), sleeper("i-03")])
    assert sorted(events) == [("started", "i-01"), ("started", "i-02"), ("started", "i-03")]
    kept = pid_of(supervisor, "i-02")
    events.clear()
    await supervisor.reconcile([sleeper("i-04"), sleeper("i-02"), sleeper("i-03", port=9003)])
    assert pid_of(supervisor, "i-02") == kept
    assert supervisor.get("i-01") is None
    assert sorted(events[:2]) == [("exited", "i-01"), ("exited", "i-03")]
    assert sorted(events[2:]) == [("started", "i-03"), ("started", "i-04")]
    assert [held.name for held in supervisor] == ["i-04", "i-02", "i-03"]


async def test_a_killed_process_stays_down_over_a_reload(supervisor: Supervisor) -> None:
    await supervisor.reconcile([sleeper("i-01")])
    held = supervisor.get("i-01")
    assert held is not None
    held.kill()
    await held.wait_exited()
    await supervisor.reconcile([sleeper("i-01")])
    assert supervisor.get("i-01") is held
    assert not held.is_running


async def test_one_that_cannot_start_does_not_keep_the_others_back(supervisor: Supervisor) -> None:
    bad = TargetProcess(name="i-02", port=9002, run="no-such-program")
    with pytest.raises(SimlbError, match="no-such-program") as failure:
        await supervisor.reconcile([sleeper("i-01"), bad])
    assert failure.value.code == "E701"
    assert pid_of(supervisor, "i-01")
    assert pid_of(supervisor, "i-02") is None
    with pytest.raises(SimlbError, match=r"^2 target processes cannot be started\.") as failure:
        await supervisor.reconcile([sleeper("i-01"), replace(bad, port=1), replace(bad, name="i-03")])
    assert [note[:12] for note in failure.value.notes if note.startswith("Target")] == ["Target i-02:", "Target i-03:"]


async def test_stop_all_ends_and_forgets_everything(supervisor: Supervisor, events: Events) -> None:
    await supervisor.reconcile([sleeper("i-01"), sleeper("i-02")])
    await supervisor.stop_all()
    assert sorted(events[2:]) == [("exited", "i-01"), ("exited", "i-02")]
    assert list(supervisor) == []
    await supervisor.stop_all()


async def test_environment_port_and_folder_reach_the_process(supervisor: Supervisor, tmp_path: Path) -> None:
    run = "sh -c 'echo $PORT {port} $SIMLB_TARGET_NAME $SIMLB_SPEED $COLOUR $PYTHONUNBUFFERED; pwd'"
    process = TargetProcess(name="i-01", port=9007, run=run, environment={"COLOUR": "blue"})
    await supervisor.reconcile([process])
    held = supervisor.get("i-01")
    assert held is not None
    await held.wait_exited()
    assert (tmp_path / "i-01.log").read_text() == f"9007 9007 i-01 10 blue 1\n{tmp_path}\n"


async def test_what_is_to_stay_down_is_known_and_not_started(supervisor: Supervisor, events: Events) -> None:
    await supervisor.reconcile([sleeper("i-01")])
    events.clear()
    await supervisor.reconcile([sleeper("i-01", port=9002), sleeper("i-02")], down={"i-01"})
    assert events == [("exited", "i-01"), ("started", "i-02")]
    held = supervisor.get("i-01")
    assert held is not None
    await held.start()
    assert held.is_running
