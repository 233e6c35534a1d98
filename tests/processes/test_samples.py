"""The shipped samples: their commands, their place, the copy to edit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes.command import build_command
from simlb.processes.samples import backends_directory, copy_starter, sample_command, sample_names


def test_every_sample_is_there() -> None:
    assert sample_names() == ("echo", "slow", "starter", "stream")
    for name in sample_names():
        assert (backends_directory() / f"{name}.py").is_file()


def test_a_sample_runs_under_uvicorn_of_the_same_python() -> None:
    command = sample_command("echo", 9001, ["--log-level", "debug"])
    assert command[:5] == [sys.executable, "-P", "-m", "uvicorn", "echo:app"]
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "9001"
    assert command[-2:] == ["--log-level", "debug"]
    assert "--timeout-keep-alive=75" in command
    assert "--reload" not in command


def test_only_starter_reloads() -> None:
    assert [name for name in sample_names() if "--reload" in sample_command(name, 1)] == ["starter"]


@pytest.mark.parametrize(("name", "hint"), [("ecko", "did you mean 'echo'?"), ("x", "echo, slow, starter, stream")])
def test_an_unknown_sample_is_refused(name: str, hint: str) -> None:
    with pytest.raises(SimlbError) as failure:
        sample_command(name, 9001)
    assert failure.value.code == "E702"
    assert hint in failure.value.hints[0]


def test_a_copy_in_the_working_directory_is_run_in_place_of_the_shipped_one(tmp_path: Path) -> None:
    process = TargetProcess(name="i-01", port=9001, sample="starter", working_directory=tmp_path / "lesson")
    copy = copy_starter(tmp_path / "lesson")
    arguments = build_command(process, {}, tmp_path).arguments
    assert arguments[arguments.index("--app-dir") + 1] == str(copy.parent)
    assert f"--reload-dir={copy.parent}" in arguments
    copy.unlink()
    assert str(backends_directory()) in build_command(process, {}, tmp_path).arguments


def test_an_edited_copy_is_kept(tmp_path: Path) -> None:
    copy = copy_starter(tmp_path)
    assert copy.read_text(encoding="utf-8") == (backends_directory() / "starter.py").read_text(encoding="utf-8")
    copy.write_text("mine")
    assert copy_starter(tmp_path).read_text() == "mine"


def test_a_copy_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SimlbError) as failure:
        copy_starter(tmp_path / "file")
    assert failure.value.code == "E704"
