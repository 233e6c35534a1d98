"""What is started for which description."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from simlb.core.model import TargetProcess
from simlb.errors import SimlbError
from simlb.processes.command import build_command


def arguments(run: str, port: int = 9001) -> tuple[str, ...]:
    return build_command(TargetProcess(name="i-01", port=port, run=run), {}, Path.cwd()).arguments


@pytest.mark.skipif(os.name == "nt", reason="Windows gets the command whole")
@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("uvicorn shop:app --port {port}", ("uvicorn", "shop:app", "--port", "9001")),
        ("npm start -- --port={port}", ("npm", "start", "--", "--port=9001")),
        ("""sh -c 'cd shop && npm start | tee log'""", ("sh", "-c", "cd shop && npm start | tee log")),
        (r"""sh -c "echo \"a\" | cat" """, ("sh", "-c", 'echo "a" | cat')),
        ("grep '|' file", ("grep", "|", "file")),
        ("curl http://127.0.0.1/?a=1&b=2", ("curl", "http://127.0.0.1/?a=1&b=2")),
        ("serve --json {'port':{port}}", ("serve", "--json", "{port:9001}")),
        ("서버 --이름 가", ("서버", "--이름", "가")),
    ],
)
def test_run_is_split_into_words(run: str, expected: tuple[str, ...]) -> None:
    assert arguments(run) == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows gets the command whole")
@pytest.mark.parametrize(
    ("run", "reason", "hint"),
    [
        ("a | b", "no shell runs it, so '|'", "→ run: sh -c 'a | b'"),
        ("cd x && npm start", "no shell runs it, so '&&'", "→ run: sh -c 'cd x && npm start'"),
        ("server > log", "no shell runs it, so '>'", "→ run: sh -c 'server > log'"),
        ("echo 'open", "no closing quotation", None),
        ("  ", "the command is empty", None),
    ],
)
def test_what_needs_a_shell_or_has_no_meaning_is_refused(run: str, reason: str, hint: str | None) -> None:
    with pytest.raises(SimlbError) as failure:
        arguments(run)
    assert failure.value.code == "E701"
    assert reason in failure.value.what
    assert hint is None or failure.value.hints == (hint,)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    process = TargetProcess(name="i-01", port=9001, run="sleep 1", working_directory=tmp_path / "nowhere")
    with pytest.raises(SimlbError, match="does not exist") as failure:
        build_command(process, {}, Path.cwd())
    assert failure.value.code == "E701"


def test_the_description_has_the_last_word_in_the_environment(tmp_path: Path) -> None:
    process = TargetProcess(name="i-01", port=9001, run="x", environment={"PORT": "1", "A": "mine"})
    command = build_command(process, {"A": "common", "B": "common"}, tmp_path)
    assert command.environment["PORT"] == "1"
    assert (command.environment["A"], command.environment["B"]) == ("mine", "common")
    assert command.environment["PATH"].endswith(str(Path(sys.executable).parent))
    assert command.working_directory == tmp_path
