"""The command itself: wrong usage, exit statuses, what it imports, how long it takes."""

from __future__ import annotations

import argparse
import errno
import io
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from simlb import __version__
from simlb.cli import main as main_module
from simlb.cli.parser import build
from tests.cli.conftest import Run, Running

HEAVY = ("asyncio", "aiohttp", "msgspec", "yaml", "cryptography", "uvloop", "uvicorn", "rich")
QUICK_S = 1.0
"""Tenfold what it takes on an idle machine: `make bench` measures it, this only notices a heavy import."""


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("stauts", "unknown command 'stauts'. Did you mean 'status'?"),
        ("target kil i-03", "unknown command 'kil'. Did you mean 'kill'?"),
        ("xyzzy", "unknown command 'xyzzy'; there are: cert, config,"),
        ("up --sped 5", "unknown option '--sped'. Did you mean '--speed'?"),
        ("up --speed fast", "'fast' is not a number"),
        ("up --speed 0", "'0' must be above 0"),
        ("up --speed nan", "'nan' must be above 0"),
        ("up --control-port 70000", "'70000' is above 65535"),
        ("up --expose example.com", "'example.com' is no IP address"),
        ("logs --lines=-1", "'-1' is not a whole number"),
        ("status now", "one word too many: 'now'"),
        ("config", "required: COMMAND"),
        ("down --timeout=-1", "'-1' must be 0 or more"),
        ("target add web", "required: URL|ADDRESS:PORT"),
        ("target rm i-01 --group=", "--group: it is empty"),
        ("target rm i-01 --gruop web", "Did you mean '--group'?"),
        ("target add web 127.0.0.1:1 --group web", "unknown option '--group'\n       more: simlb target add --help"),
        ("target add web 127.0.0.1:1 --name=", "--name: it is empty"),
        ("explain --lang fr", "--lang: 'fr' is none of: en, ko"),
        ("scenario --lang fr", "--lang: 'fr' is none of: en, ko"),
        ("scenario --lang=it's", "is none of: en, ko"),
        ("scenario rnu x", "unknown command 'rnu'. Did you mean 'run'?"),
        ("--json status", "'--json' belongs behind a command"),
    ],
)
def test_wrong_usage_is_told_with_what_was_meant(run: Run, argv: str, words: str) -> None:
    status, out, err = run(*argv.split())
    assert (status, out) == (2, "")
    assert err.startswith("simlb: ")
    assert words in err


def test_the_help_of_every_command_can_be_read_alone() -> None:
    def summaries(parser: argparse.ArgumentParser) -> Iterator[str]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for below in action.choices.values():
                    yield below.description or ""
                    yield from summaries(below)

    said = list(summaries(build()))
    assert "deregister a target, and wait until it is gone" in said
    assert [summary for summary in said if not summary or "the same" in summary] == []


def test_version(run: Run) -> None:
    assert run("--version")[1].startswith(f"simlb {__version__} (Python 3.")


def test_up_without_a_file_says_what_to_do(run: Run) -> None:
    status, _, err = run("up")
    assert (status, err.split()[0]) == (2, "SIMLB-E511")
    assert "simlb init" in err


@pytest.mark.parametrize("argv", ["up -f a.yaml http://127.0.0.1:1", "up --name x.localhost", "up --health /h"])
def test_flags_that_do_not_go_together(run: Run, argv: str) -> None:
    assert run(*argv.split())[2].startswith("SIMLB-E512")


def test_a_file_without_its_flag(run: Run) -> None:
    assert (
        run("up", "shop.yaml")[2]
        == "SIMLB-E512  'shop.yaml' is a file, not a URL.\n            → simlb up -f shop.yaml\n"
    )


def test_a_second_start_is_refused_before_anything_else(run: Run, running: Running) -> None:
    status, _, err = run("demo")
    assert status == 2
    assert err.startswith(f"SIMLB-E601  simlb is already running (pid {running.process.pid}")


def test_a_bad_instance_name_is_refused(run: Run) -> None:
    assert run("status", "--instance", "../x")[2].startswith("SIMLB-E609")


@pytest.mark.parametrize(("file", "expected"), [(False, "demo"), (True, "up")])
def test_without_a_command_the_folder_decides(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch, file: bool, expected: str
) -> None:
    seen: list[Namespace] = []

    def note(arguments: Namespace) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(f"simlb.cli.serve.{expected}", note)
    if file:
        Path("simlb.yaml").write_text("")
    assert main_module.main([]) == 0
    assert seen[0].instance == "default"


def test_without_a_command_a_running_instance_shows_its_status(run: Run, running: Running) -> None:
    Path("simlb.yaml").write_text("")
    assert "load balancer demo" in run()[1]


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), 130), (SystemExit(2), 2), (SystemExit(None), 0), (SystemExit("x"), 0)]
)
def test_ways_to_leave(run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int) -> None:
    def leave(_: object) -> int:
        raise error

    monkeypatch.setattr("simlb.cli.status.status", leave)
    assert run("status") == (status, "", "")


def simlb(*argv: str, state_dir: Path, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-m", "simlb", *argv],
        env=os.environ | {"SIMLB_HOME": str(state_dir)},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    ["status", "rules", "target ls", "target rm i-03", "logs", "cert path", "events -n 0", "down --timeout 0"],
)
def test_questions_import_nothing_heavy(running: Running, state_dir: Path, command: str) -> None:
    (state_dir / "ca.pem").write_text("")
    done = simlb(*command.split(), state_dir=state_dir, flags=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "simlb.cli.main" in imported
    assert imported & set(HEAVY) == set()


@pytest.mark.slow
def test_questions_are_answered_at_once(running: Running, state_dir: Path) -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        assert simlb("status", state_dir=state_dir).returncode == 0
        times.append(time.perf_counter() - began)
    # The best of a few: the machine may be busy with other things.
    assert min(times) < QUICK_S


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_goes_away_is_no_error(running: Running, state_dir: Path) -> None:
    running.instance.lines = ["x" * 1000] * 1000
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "simlb", "logs", "-n", "1000"],
        env=os.environ | {"SIMLB_HOME": str(state_dir)},
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=30,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(("error", "is_failure"), [(errno.EIO, False), (errno.ENOSPC, True)])
def test_a_closed_window_is_no_failure_and_a_full_disk_is_one(
    error: int, is_failure: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Gone(io.StringIO):
        def flush(self) -> None:
            raise OSError(error, "gone")

        def fileno(self) -> int:
            return kept.fileno()

    with (tmp_path / "out").open("w") as kept:
        monkeypatch.setattr(sys, "stdout", Gone())
        if is_failure:
            with pytest.raises(OSError, match="gone"):
                main_module.main(["fault", "types"])
        else:
            assert main_module.main(["fault", "types"]) == 0
