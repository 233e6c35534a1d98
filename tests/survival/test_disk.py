"""The disk fills up or the log's folder goes: traffic goes on, it is said once, and so is its end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import processes
from tests.e2e.client import Traffic
from tests.e2e.harness import Instance, Workshop, wait_until
from tests.survival.measure import LOOPS, PLAIN, every_kind

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="needs Linux")


def serving(simlb: Workshop) -> Instance:
    instance = simlb.serve(every_kind("sample: echo"))
    instance.wait_healthy()
    return instance


def more(traffic: Traffic, count: int = 100) -> None:
    """Wait for further requests."""
    seen = len(traffic.outcomes)
    wait_until(lambda: len(traffic.outcomes) >= seen + count, "more traffic")


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def lost(instance: Instance) -> int:
    return instance.view().counters.get("access_log_lines_lost", 0)


def check(instance: Instance, traffic: Traffic) -> None:
    """Every request has its line or is counted as lost, no line is torn, and both ends of the trouble were told."""
    assert not traffic.problems
    lines = instance.access_log.splitlines()
    counters = instance.view().counters
    assert counters["access_log_lines"] == len(traffic.outcomes)
    assert len(traffic.outcomes) == len(lines) + counters["access_log_lines_lost"]
    assert all(line.startswith("http ") and line.count('"') == lines[0].count('"') for line in lines), "none is torn"
    said = instance.wait_output("is written again")
    assert said.count("SIMLB-E713") == 1
    assert f"{counters['access_log_lines_lost']} lines are missing" in said
    assert "Traceback" not in said


def test_a_file_that_may_not_grow(simlb: Workshop) -> None:
    """RLIMIT_FSIZE is the full disk that needs no administrator."""
    import resource

    instance = serving(simlb)
    with Traffic(instance.client(PLAIN)) as traffic:
        more(traffic, 10)
        hard = resource.prlimit(instance.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(instance.pid, resource.RLIMIT_FSIZE, (20_000, hard))
        wait_until(lambda: lost(instance) > 50, "lines are lost")
        more(traffic)
        assert simlb.run("status").returncode == 0
        resource.prlimit(instance.pid, resource.RLIMIT_FSIZE, (hard, hard))
        instance.wait_output("is written again")
        more(traffic)
    check(instance, traffic)


@pytest.fixture
def tiny_disk(simlb: Workshop) -> Iterator[Path]:
    """The folder of the logs, on a disk of 4 MB."""
    folder = simlb.home / "logs"
    folder.mkdir(parents=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no disk to fill: {made.stderr.decode().strip()}")
    yield folder
    simlb.close()
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(simlb: Workshop, tiny_disk: Path) -> None:
    instance = serving(simlb)
    ballast = tiny_disk / "ballast"
    with Traffic(instance.client(PLAIN)) as traffic:
        more(traffic, 10)
        with pytest.raises(OSError):
            fill(ballast)
        wait_until(lambda: lost(instance) > 50, "lines are lost")
        # A target started now cannot have its log, or an empty one; what runs is not touched.
        simlb.run("target", "restart", "i-01")
        instance.wait_state("i-01", "healthy")
        assert simlb.run("reload").returncode == 0
        ballast.unlink()
        instance.wait_output("is written again")
        more(traffic, 20)
    # One target is restarted in the middle; requests to it may fail meanwhile.
    assert {outcome.status for outcome in traffic.problems} <= {502, None}
    lines = instance.access_log.splitlines()
    counters = instance.view().counters
    answered = [outcome for outcome in traffic.outcomes if outcome.status is not None]
    assert counters["access_log_lines"] >= len(answered)
    assert len(lines) + counters["access_log_lines_lost"] in range(len(answered), len(traffic.outcomes) + 2)
    assert "Traceback" not in instance.output


def test_the_folder_of_the_log_is_removed(simlb: Workshop) -> None:
    instance = serving(simlb)
    folder = simlb.home / "logs"
    with Traffic(instance.client(PLAIN)) as traffic:
        more(traffic, 10)
        shutil.rmtree(folder)
        more(traffic)
        wait_until(instance.log_on_disk, "folder and file are made anew")
        assert "E713" not in instance.output, "nothing was lost, nothing is said"
        shutil.rmtree(folder)
        folder.write_text("in the way")
        wait_until(lambda: lost(instance) > 50, "lines are lost")
        assert simlb.run("reload").returncode == 0
        folder.unlink()
        instance.wait_output("is written again")
        more(traffic)
    assert not traffic.problems
    instance.view()
    said = instance.output
    assert said.count("SIMLB-E713") == 1
    assert "Traceback" not in said
    wait_until(lambda: instance.log_on_disk().count("\n") > 90, "the lines after it")


def test_nobody_can_read_what_it_says(simlb: Workshop) -> None:
    """What simlb says goes to a file on a full disk: it goes on unsaid."""
    simlb.write(every_kind("sample: echo", "sample: echo", check="path: /health, interval: 5s, timeout: 2s"))
    full = ("/bin/sh", "-c", 'exec "$@" > /dev/full', "sh", *LOOPS["uvloop"])
    instance = simlb.launch("up", "--speed", "50", program=full)
    wait_until(lambda: (simlb.home / "run" / "default.json").exists() or instance.process.poll() is not None, "it runs")
    assert instance.process.poll() is None, instance.output
    instance.wait_healthy()
    pid = instance.target("i-01").pid
    assert pid is not None
    os.kill(pid, 9)
    instance.wait_state("i-01", "unhealthy")
    assert {instance.client(PLAIN).get("/").target for _ in range(4)} == {"i-02"}
    assert simlb.run("down").returncode == 0
    assert instance.wait() == 0
    assert "Traceback" not in instance.output
