"""`simlb learn`: the whole course on a real instance, with the calls of its own files; each observation and mistake."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simlb.console.learning import course
from simlb.console.learning.course import Course, Mistake, Step
from simlb.controlplane import runfile
from tests.console.learning.driver import Driver
from tests.e2e.conftest import opened
from tests.e2e.harness import Workshop, wait_until

SPEED = "50"
LEARN = ("learn", "--no-open", "--no-keys", "--speed", SPEED)


@pytest.fixture(scope="module")
def content() -> Course:
    return course.read()


@pytest.fixture(scope="module")
def simlb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    with contextmanager(opened)(tmp_path_factory.mktemp("learn")) as workshop:
        yield workshop


def learner(simlb: Workshop, content: Course) -> Driver:
    """One at the instance that runs now."""
    record = runfile.read(simlb.home, "default")
    assert record is not None
    return Driver(content, record.control_host, record.control_port, record.token)


def seen(driver: Driver, items: set[str], *, mistakes: bool = False) -> None:
    """Wait until all of these are ticked."""
    wait_until(
        lambda: not items & driver.missing(mistakes=mistakes),
        lambda: f"ticked: {sorted(items & driver.missing(mistakes=mistakes))}",
    )


def mistakes_after(content: Course, step: Step) -> Iterator[tuple[Step, Mistake]]:
    """Those that can be tried once a step is done."""
    for other in content.steps:
        for mistake in other.mistakes:
            if (other.number if mistake.after is None else mistake.after) == step.number:
                yield other, mistake


def do(driver: Driver, content: Course, step: Step) -> None:
    """A step with all that there is to see in it, and the mistakes that it makes possible."""
    driver.step(step)
    if step.edit is not None:
        add_health_check(driver, step)
    seen(driver, {f"{step.number}.{item.id}" for item in step.observe})
    for owner, mistake in mistakes_after(content, step):
        fault = driver.try_mistake(owner, mistake)
        seen(driver, {f"{owner.number}.{mistake.id}"}, mistakes=True)
        driver.undo(owner, mistake, fault)


def add_health_check(driver: Driver, step: Step) -> None:
    """Before it is there, the site fails open; then as the page says: those two lines, without '# '."""
    seen(driver, {"9.mismatch"})

    def fails_open() -> bool:
        driver.calls(step, step.calls)
        return "9.fail_open" not in driver.missing()

    wait_until(fails_open, "all targets are unhealthy, and answer")
    file = Path(driver.ask("GET", "/api/v1/learn")["file"])
    text = file.read_text(encoding="utf-8")
    assert step.edit is not None
    for line in step.edit.lines.splitlines():
        (commented,) = (each for each in text.splitlines() if each.startswith("    # ") and each.endswith(line.strip()))
        text = text.replace(commented, commented.replace("# ", "", 1))
    file.write_text(text, encoding="utf-8")


def test_the_whole_course(simlb: Workshop, content: Course) -> None:
    """Killed in the middle, and looked up again: what was done counts, and what was made is there."""
    first = simlb.start(*LEARN)
    driver = learner(simlb, content)
    for step in content.steps[:8]:
        do(driver, content, step)
    kept = simlb.home / "learn" / "learn.json"
    wait_until(lambda: '"unknown"' in kept.read_text(), "the last mistake is kept")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    driver.close()
    os.killpg(first.pid, signal.SIGKILL)
    first.process.wait()
    second = simlb.start(*LEARN)
    driver = learner(simlb, content)
    assert driver.missing() == {f"{step.number}.{item.id}" for step in content.steps[8:] for item in step.observe}
    driver.remembers = False  # as after a night, and steps that were done in a terminal
    do(driver, content, content.steps[8])
    driver.remembers = True
    for step in content.steps[9:]:
        do(driver, content, step)
    assert (driver.missing(), driver.missing(mistakes=True)) == (set(), set())
    view = driver.ask("GET", "/api/v1/learn")
    assert view["observations_done"] == view["observations"] > 30
    assert view["mistakes_tried"] == view["mistakes"] > 30
    assert all(step["done_at"] for step in view["steps"])
    assert 0 < view["saved"]["usd"] < 1
    hours = view["saved"]["load_balancer_hours"]
    assert hours * 0.0225 == pytest.approx(view["saved"]["usd"], abs=1e-3)
    driver.close()
    assert "Traceback" not in second.output
    second.interrupt()
    assert second.process.wait() == 0
    assert json.loads(kept.read_text())["balancer_s"] / 3600 == pytest.approx(hours, rel=0.2)
    again(simlb, content)


def again(simlb: Workshop, content: Course) -> None:
    """--again begins anew; the program that was edited lies beside the new one."""
    third = simlb.start(*LEARN, "--again")
    driver = learner(simlb, content)
    view = driver.ask("GET", "/api/v1/learn")
    assert (view["observations_done"], view["mistakes_tried"]) == (0, 0)
    program = Path(view["file"])
    assert "    # elif" in program.read_text(encoding="utf-8")
    assert "    elif scope" in program.with_name("starter.py.before").read_text(encoding="utf-8")
    opened = simlb.run("learn", "6", "--no-open")
    assert opened.returncode == 0
    assert opened.stdout.strip().endswith("&to=/learn/6")
    refused = simlb.run("learn", "--again")
    assert refused.returncode == 2
    assert "SIMLB-E844" in refused.stderr
    third.interrupt()
    assert third.process.wait() == 0
