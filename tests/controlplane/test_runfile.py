"""The file by which a running instance is found."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from simlb.controlplane import runfile
from simlb.controlplane.paths import check_instance_name, default_certs_dir, default_state_dir
from simlb.controlplane.runfile import RunFile
from simlb.errors import SimlbError

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


FIRST_TOKEN = "t1"


def write(state_dir: Path, instance: str = "default", token: str = FIRST_TOKEN) -> RunFile:
    return runfile.write(
        state_dir, instance=instance, control_host="127.0.0.1", control_port=8089, token=token, version="0.1.0"
    )


def forge(state_dir: Path, **changes: object) -> Path:
    """Write a run file as another process would have left it."""
    record = write(state_dir, token="forged")
    path = state_dir / "run" / f"{record.instance}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    record = write(tmp_path / "state")
    assert runfile.read(tmp_path / "state", "default") == record
    assert record.pid == os.getpid()
    assert runfile.read(tmp_path / "state", "other") is None


@posix_only
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    write(tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state/run/default.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state/run").stat().st_mode) == 0o700


def test_nothing_is_left_behind_but_the_lock(tmp_path: Path) -> None:
    runfile.remove(tmp_path, write(tmp_path))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["default.lock"]


def test_a_second_start_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(SimlbError, match=rf"already running \(pid {os.getpid()}") as caught:
        write(tmp_path, token="t2")
    assert caught.value.code == "E601"
    assert any("simlb down" in hint for hint in caught.value.hints)
    with pytest.raises(SimlbError, match="already running"):
        runfile.ensure_free(tmp_path, "default")
    write(tmp_path, instance="second", token="t2")
    assert [record.instance for record in runfile.list_instances(tmp_path)] == ["default", "second"]


def test_another_owners_file_is_not_removed(tmp_path: Path) -> None:
    record = write(tmp_path)
    path = forge_token(tmp_path)
    runfile.remove(tmp_path, record)
    assert path.exists()


def forge_token(state_dir: Path) -> Path:
    path = state_dir / "run/default.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"token": "another"}))
    return path


def gone_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_file_whose_process_is_gone_is_stale(tmp_path: Path) -> None:
    path = forge(tmp_path, pid=gone_pid())
    assert runfile.read(tmp_path, "default") is None
    assert not path.exists()
    write(tmp_path)


def test_a_reused_process_id_is_told_by_its_start(tmp_path: Path) -> None:
    record = write(tmp_path)
    if record.started is None:
        pytest.skip("this system does not tell when a process began")
    runfile.remove(tmp_path, record)
    path = forge(tmp_path, started=record.started + 1)
    assert runfile.list_instances(tmp_path) == []
    assert not path.exists()


def test_without_a_start_time_the_control_port_decides(tmp_path: Path) -> None:
    forge(tmp_path, started=None, control_port=1)
    assert runfile.read(tmp_path, "default") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_file_is_stale(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/default.json").write_text(text)
    assert runfile.read(tmp_path, "default") is None
    write(tmp_path)


STARTER = """
import sys
from pathlib import Path
from simlb.controlplane import runfile
from simlb.errors import SimlbError
sys.stdin.readline()
try:
    runfile.write(Path(sys.argv[1]), instance="default", control_host="127.0.0.1", control_port=1,
                  token=runfile.new_token(), version="0")
    print("won", flush=True)
except SimlbError as error:
    print(error.code, flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
def test_of_starters_at_once_one_wins(tmp_path: Path) -> None:
    forge(tmp_path, pid=gone_pid())  # the race is over a stale file
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    starters = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    outcomes = []
    try:
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("go\n")
        for starter in starters:
            assert starter.stdout is not None
            outcomes.append(starter.stdout.readline().strip())
    finally:
        for starter in starters:
            starter.communicate("end\n", timeout=10)
    assert sorted(outcomes) == ["E601", "E601", "E601", "won"]


@pytest.mark.parametrize("name", ["default", "shop-2", "a", "A.b_c", "x" * 64])
def test_names_that_are_file_names_pass(name: str) -> None:
    assert check_instance_name(name) == name


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "-x", "a b", "x" * 65, "가", "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(SimlbError) as caught:
        check_instance_name(name)
    assert caught.value.code == "E609"


@posix_only
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SimlbError) as caught:
        write(tmp_path)
    assert caught.value.code == "E711"


def test_a_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(SimlbError) as caught:
        write(tmp_path / "state")
    assert caught.value.code == "E711"
    assert runfile.read(tmp_path / "state", "default") is None
    assert runfile.list_instances(tmp_path / "state") == []


def test_the_environment_names_the_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMLB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SIMLB_CERTS", raising=False)
    assert default_state_dir() == tmp_path / "home"
    assert default_certs_dir(default_state_dir()) == tmp_path / "home/certs"
    monkeypatch.setenv("SIMLB_CERTS", str(tmp_path / "certs"))
    assert default_certs_dir(default_state_dir()) == tmp_path / "certs"
