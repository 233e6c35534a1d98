"""Folders with keys that killed processes have left: what is removed, and above all what is not."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simlb.certs import private_folder
from simlb.certs.private_folder import OWNER_NAME, PrivateFolder, sweep
from simlb.cli import check_certs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is swept up on Windows")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder."""
    found = tmp_path / "tmp"
    found.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(found))
    return found


@pytest.fixture
def living() -> Iterator[PrivateFolder]:
    """One in use."""
    folder = PrivateFolder()
    yield folder
    folder.close()


@pytest.fixture
def left(place: Path) -> Path:
    """One whose process is gone; there are things in it."""
    folder = PrivateFolder()
    assert folder._lock is not None
    os.close(folder._lock)
    (folder.path / "a.key").write_text("PRIVATE KEY")
    (folder.path / "logs").mkdir()
    (folder.path / "logs" / "x.log").touch()
    return folder.path


def test_what_is_in_use_stays(living: PrivateFolder) -> None:
    assert stat.S_IMODE(living.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((living.path / OWNER_NAME).stat().st_mode) == 0o600
    assert sweep() == private_folder.Swept()
    assert living.path.exists()


def test_closing_removes_it_and_may_be_repeated(place: Path, left: Path) -> None:
    folder = PrivateFolder()
    (folder.path / "state").mkdir()
    (folder.path / "link").symlink_to(left)
    folder.close()
    folder.close()
    assert list(place.iterdir()) == [left]


def test_closing_what_somebody_has_removed_is_fine(living: PrivateFolder) -> None:
    (living.path / OWNER_NAME).unlink()
    living.path.rmdir()
    living.close()


def test_what_was_left_is_removed(left: Path, living: PrivateFolder) -> None:
    assert sweep().removed == (left,)
    assert not left.exists()
    assert living.path.exists()


def test_the_first_folder_of_a_process_removes_what_was_left(left: Path) -> None:
    private_folder.sweep_once.cache_clear()
    folder = PrivateFolder()
    assert not left.exists()
    folder.close()


def test_nothing_outside_it_is_touched(left: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    (left / "link").symlink_to(outside)
    (left / "logs" / "link").symlink_to(outside)
    (left / "file").symlink_to(outside / "precious")
    assert sweep().removed == (left,)
    assert (outside / "precious").exists()


def rename(left: Path) -> None:
    left.rename(left.with_name("other-folder"))


def lengthen(left: Path) -> None:
    with (left / OWNER_NAME).open("a") as file:
        file.write("x")


def replace_by_link(left: Path) -> None:
    (left / OWNER_NAME).rename(left / "elsewhere")
    (left / OWNER_NAME).symlink_to("elsewhere")


def move_and_link(left: Path) -> None:
    left.rename(left.parent.parent / "moved")
    left.symlink_to(left.parent.parent / "moved")


def own_by_another(left: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the administrator can give files away")
    os.chown(left / OWNER_NAME, 12345, 12345)


def replace_by_pipe(left: Path) -> None:
    (left / OWNER_NAME).unlink()
    os.mkfifo(left / OWNER_NAME)


@pytest.mark.parametrize(
    "change",
    [
        rename,
        lengthen,
        replace_by_link,
        move_and_link,
        own_by_another,
        replace_by_pipe,
        lambda left: left.chmod(0o755),
        lambda left: (left / OWNER_NAME).unlink(),
        lambda left: (left / OWNER_NAME).write_bytes(b""),
        lambda left: os.link(left / OWNER_NAME, left / "second-name"),
    ],
    ids=range(10),
)
def test_what_is_not_provably_left_stays(left: Path, place: Path, change: object) -> None:
    assert callable(change)
    change(left)
    assert sweep() == private_folder.Swept()
    assert list(place.parent.rglob("a.key"))


def test_files_and_links_of_such_names_stay(place: Path, left: Path) -> None:
    (place / "simlb-file").touch()
    (place / "simlb-link").symlink_to("simlb-file")
    (place / "simlb-nowhere").symlink_to("nowhere")
    (place / "simlb-dir").mkdir(0o700)
    assert sweep().removed == (left,)
    assert sorted(path.name for path in place.iterdir()) == ["simlb-dir", "simlb-file", "simlb-link", "simlb-nowhere"]


def test_what_cannot_be_removed_is_said_and_tried_again(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refused)
        assert sweep().stuck == (f"{left}: Operation not permitted",)
        (finding,) = check_certs.left_folders()
        assert (finding.verdict, str(left) in finding.text) == ("warning", True)
    (finding,) = check_certs.left_folders()
    assert (finding.verdict, str(left) in finding.text) == ("fine", True)
    assert list(check_certs.left_folders()) == []


def test_a_temporary_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    assert sweep().stuck == ("/nowhere/at/all: No such file or directory",)


@pytest.mark.slow
def test_a_killed_process_leaves_a_folder_that_the_next_one_removes(place: Path) -> None:
    program = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from simlb.certs.private_folder import PrivateFolder\n"
        "print(PrivateFolder().path, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert sweep() == private_folder.Swept()
        process.kill()
    assert folder.exists()
    assert sweep().removed == (folder,)
