"""`simlb scenario run` and `replay` as their users call them, and as they are cut short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from tests.e2e import processes
from tests.e2e.harness import DEADLINE_S, SIMLB, Workshop, wait_until
from tests.e2e.test_keys import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pseudo-terminals are POSIX")

SHORT = """\
simlb: scenario/1
id: short
title: {ko: 짧은 이야기, en: A short story}
summary: {ko: 시험용, en: For tests.}
clock: {speed: 40, max_speed: 50, seed: 3}
topology:
  targets: {web: {count: 2, latency: 10ms}}
  health: {path: /health, interval: 10s, timeout: 5s, unhealthy: 2, healthy: 2}
  listeners: [{http: 80, forward: web}]
load: [{id: users, rate: 4/s, path: "/items/{n}"}]
steady_state: {for: 2s, within: 60s, that: ["healthy(web) == HEALTHY"]}
timeline:
  - {at: 1s, ask: {ko: 몇?, en: How many?, choices: ["1", "2"], answer: 1}}
  - {at: 2s, fault: {id: crash, type: target.crash, on: web/2}, say: {ko: 죽음, en: Killed.}}
  - {when: "health(web/2) == unhealthy", within: 40s, heal: crash}
  - {when: "health(web/2) == healthy", within: WITHIN, say: Back.}
expect:
  - {id: detect, that: "between(crash, health(web/2)==unhealthy)", in: ["(U-1)*I - 1s", "U*I + 8s"]}
  - {id: lost, that: "count(elb_502, from=crash)", BOUND}
"""
LONG = SHORT.replace("heal: crash}", "mark: out}\n  - {at: 4000s, mark: never}")


@pytest.fixture(autouse=True)
def temporary(simlb: Workshop, tmp_path: Path) -> Iterator[Path]:
    """Temporary files of a run lie here; nothing is left of them, except after a kill -9."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    simlb.environment["TMPDIR"] = str(folder)
    yield folder
    wait_until(lambda: not list(folder.iterdir()), lambda: f"empty: {list(folder.iterdir())}")


def write(simlb: Workshop, text: str, *, bound: str = "above: 0", healthy: int = 2, within: str = "60s") -> str:
    text = text.replace("BOUND", bound).replace("HEALTHY", str(healthy)).replace("WITHIN", within)
    (simlb.here / "short.yaml").write_text(text, encoding="utf-8")
    return "./short.yaml"


def test_a_story_ends_as_expected_and_leaves_its_files(simlb: Workshop) -> None:
    finished = simlb.run("scenario", "run", write(simlb, SHORT), "--junit", "ci/junit.xml", "--lang", "en")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for words in ("A short story", "✔ steady state", "Killed.", "0 of 2 failed", "report: runs/short-"):
        assert words in finished.stdout
    (report,) = (simlb.here / "runs").glob("*.html")
    assert "<svg" in report.read_text(encoding="utf-8")
    root = Tree.parse(simlb.here / "ci" / "junit.xml").getroot()  # noqa: S314 - what was just written
    assert [case.attrib["name"] for case in root.iterfind(".//testcase")] == ["steady state", "detect", "lost"]
    (journal,) = (simlb.here / "runs").glob("*.jsonl")
    told = simlb.run("scenario", "replay", str(journal), "--speed", "8", "--lang", "ko")
    assert told.returncode == 0, told.stderr
    for words in ("짧은 이야기", "죽음", "2개 중 0개 실패"):
        assert words in told.stdout
    again = simlb.run("scenario", "replay", str(journal), "--report", "again.html", "--lang", "en")
    assert again.stdout == "again.html\n"
    assert (simlb.here / "again.html").read_text(encoding="utf-8") == report.read_text(encoding="utf-8")


def test_an_expectation_that_fails_is_exit_1(simlb: Workshop) -> None:
    finished = simlb.run("scenario", "run", write(simlb, SHORT, bound="eq: 0"), "--no-report", "--lang", "en")
    assert finished.returncode == 1, finished.stderr
    assert "✗ lost" in finished.stdout
    assert "1 of 2 failed" in finished.stdout
    assert not (simlb.here / "runs").exists()


def test_a_run_without_a_steady_state_is_exit_4(simlb: Workshop) -> None:
    path = write(simlb, SHORT.replace("within: 60s, that", "within: 4s, that"), healthy=3)
    finished = simlb.run("scenario", "run", path, "--json")
    assert finished.returncode == 4, finished.stderr
    told = json.loads(finished.stdout)
    assert (told["outcome"], told["steady_state"], told["expectations"]) == ("void", False, [])


def test_a_step_that_never_comes_is_exit_1(simlb: Workshop) -> None:
    finished = simlb.run("scenario", "run", write(simlb, SHORT, within="1s"), "--no-report", "--lang", "en")
    assert finished.returncode == 1, finished.stderr
    assert "✗ step 4" in finished.stdout


def test_commands_of_a_scenario_are_shown_and_refused(simlb: Workshop) -> None:
    command = "sh -c 'touch {port}'"
    path = write(simlb, SHORT.replace("count: 2", f'count: 2, run: "{command}"'))
    finished = simlb.run("scenario", "run", path)
    assert finished.returncode == 2
    assert "SIMLB-E684" in finished.stderr
    assert command in finished.stderr
    assert [entry.name for entry in simlb.here.iterdir()] == ["short.yaml"]


def test_too_fast_is_refused(simlb: Workshop) -> None:
    finished = simlb.run("scenario", "run", write(simlb, SHORT), "--speed", "51")
    assert (finished.returncode, "SIMLB-E664" in finished.stderr) == (2, True)


def begun(simlb: Workshop) -> subprocess.Popen[str]:
    """A run in the middle of its story, with a dead target, a load and a paused fault."""
    process = subprocess.Popen(
        [*SIMLB, "scenario", "run", write(simlb, LONG), "--journal", "j.jsonl", "--lang", "en"],
        cwd=simlb.here,
        env=simlb.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    )
    journal = simlb.here / "j.jsonl"

    def is_out() -> bool:
        assert process.poll() is None, process.communicate()[0]
        return journal.exists() and b'"out"' in journal.read_bytes()

    wait_until(is_out, "the target is out")
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_run_that_is_interrupted_leaves_nothing(simlb: Workshop, number: signal.Signals) -> None:
    process = begun(simlb)
    # As a terminal does it: to the whole job. What simlb started is not in it.
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, output
    assert "Interrupted: everything is undone." in output
    assert b'"interrupted"' in (simlb.here / "j.jsonl").read_bytes().splitlines()[-1]
    assert list((simlb.here / "runs").glob("*.html"))
    if processes.HAS_PROC:
        assert processes.marked(simlb.mark) == []


@pytest.mark.skipif(not processes.HAS_PROC, reason="needs /proc")
def test_a_run_that_is_killed_leaves_no_process_and_no_port(simlb: Workshop, temporary: Path) -> None:
    process = begun(simlb)
    sockets = processes.listening(processes.marked(simlb.mark))
    assert sockets
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    wait_until(lambda: not processes.marked(simlb.mark), lambda: f"all ended: {processes.marked(simlb.mark)}")
    assert not sockets & set(processes.all_listening())
    # Nobody is left to remove the folder. What is in it is of no use any more: the CA's key was in no file.
    for folder in temporary.iterdir():
        assert not list(folder.rglob("*ca*.key"))
        subprocess.run(["rm", "-r", str(folder)], check=True)
    journal = simlb.here / "j.jsonl"
    told = simlb.run("scenario", "replay", str(journal), "--report", "killed.html", "--lang", "en")
    assert told.returncode == 0, told.stderr
    assert "interrupted" in (simlb.here / "killed.html").read_text(encoding="utf-8")


@pytest.fixture
def terminal(simlb: Workshop) -> Iterator[Terminal]:
    """A long story on a terminal: it asks a question, and goes on for an hour."""
    made = Terminal(simlb, "scenario", "run", write(simlb, LONG), "--no-report", "--lang", "en", flags=())
    made.shows("press 1-2, or Enter to be told")
    yield made
    made.close()


@pytest.mark.parametrize(("key", "revealed"), [("2", "right: 2"), ("1", "1? No: 2"), ("\r", "answer: 2")])
def test_a_question_is_answered_with_a_key(terminal: Terminal, key: str, revealed: str) -> None:
    assert "Killed." not in terminal.screen, "the story waits"
    terminal.press("x")
    terminal.press(key)
    terminal.shows(revealed)
    assert terminal.modes() == terminal.modes_before
    terminal.shows("Killed.")
    # The line that tells how things stand changes in place.
    terminal.shows("healthy 2/2")


def test_ctrl_c_at_a_question_ends_the_run_and_gives_the_terminal_back(terminal: Terminal) -> None:
    assert terminal.modes() != terminal.modes_before, "single keys, without Enter"
    terminal.press("\x03")
    assert terminal.wait() == 130
    assert terminal.modes() == terminal.modes_before
    assert "Interrupted: everything is undone." in terminal.screen


@pytest.mark.skipif(not processes.HAS_PROC, reason="needs /proc")
def test_a_terminal_that_is_closed_leaves_nothing(simlb: Workshop, terminal: Terminal) -> None:
    terminal.press("2")
    terminal.shows("Killed.")
    os.close(terminal.master)
    os.close(terminal.slave)
    terminal.process.wait(DEADLINE_S)
    wait_until(lambda: not processes.marked(simlb.mark), lambda: f"all ended: {processes.marked(simlb.mark)}")
    terminal.master, terminal.slave = os.open(os.devnull, os.O_RDWR), os.open(os.devnull, os.O_RDWR)
