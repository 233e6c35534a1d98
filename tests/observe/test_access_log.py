"""Exchange records on their way to the file."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest

from simlb.observe.recorder import BATCH_RECORDS, FLUSH_S
from tests.observe.records import Records

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")


@pytest.fixture
async def records() -> Records:
    return Records()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "access.log"


def statuses(path: Path) -> list[int]:
    """The status field of each line of a file, every one of which is whole."""
    text = path.read_text()
    assert text.endswith("\n")
    rows = [line.split(" ") for line in text.removesuffix("\n").split("\n")]
    assert all(row[0] == "http" and row[-1] == "127.0.0.1" for row in rows)
    return [int(row[8]) for row in rows]


# -- batches -----------------------------------------------------------------------------------------------------------


async def test_a_full_batch_is_written_at_once_and_a_part_of_one_soon(records: Records, path: Path) -> None:
    records.write_to(path)
    records.record(BATCH_RECORDS - 1)
    assert not path.exists()
    records.record()
    assert len(statuses(path)) == BATCH_RECORDS
    records.record(3)
    assert len(statuses(path)) == BATCH_RECORDS
    timer = records.recorder._timer
    assert timer is not None
    timer.cancel()
    assert FLUSH_S <= 1
    records.recorder._on_timer()
    assert len(statuses(path)) == BATCH_RECORDS + 3
    assert records.recorder._timer is None


async def test_closing_writes_what_is_left_and_leaves_no_timer(records: Records, path: Path) -> None:
    records.write_to(path)
    records.record(2)
    records.close()
    assert statuses(path) == [200, 200]
    assert (records.recorder._timer, records.log._descriptor) == (None, None)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


async def test_changing_the_file_splits_the_lines_where_it_happens(records: Records, tmp_path: Path) -> None:
    records.write_to(tmp_path / "a")
    records.record(elb_status_code=201)
    records.write_to(tmp_path / "a")
    records.write_to(tmp_path / "b")
    records.record(elb_status_code=202)
    records.write_to(None)
    records.record(elb_status_code=203)
    records.close()
    assert (statuses(tmp_path / "a"), statuses(tmp_path / "b")) == ([201], [202])
    assert records.page(0, 10)[1] == [201, 202, 203]


async def test_lines_are_appended_to_what_is_there(path: Path) -> None:
    for _ in range(2):
        records = Records()
        records.write_to(path)
        records.record()
        records.close()
    assert statuses(path) == [200, 200]


# -- trouble with the file ---------------------------------------------------------------------------------------------


@posix_only
@pytest.mark.parametrize("what", ["file", "folder", "renamed", "replaced"])
async def test_a_file_that_was_taken_away_is_begun_anew(records: Records, path: Path, what: str) -> None:
    records.write_to(path)
    records.record(elb_status_code=201)
    records.flush()
    if what == "file":
        path.unlink()
    elif what == "folder":
        shutil.rmtree(path.parent)
    else:
        path.rename(path.with_suffix(".1"))
        if what == "replaced":
            path.touch()
    records.record(elb_status_code=202)
    records.close()
    assert statuses(path) == [202]
    assert records.notices == []
    if what in {"renamed", "replaced"}:
        assert statuses(path.with_suffix(".1")) == [201]


class Disk:
    """A disk that holds so many more bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = 10**9
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(descriptor, bytes(data)[: self.free])
        self.free -= written
        return written


async def test_a_full_disk_is_said_once_and_so_is_its_end(
    records: Records, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    records.write_to(path)
    records.record(2, elb_status_code=201)
    records.flush()
    disk.free = 0
    for _ in range(3):
        records.record(2, elb_status_code=202)
        records.flush()
    (notice,) = records.notices
    assert (notice.level, notice.code) == ("error", "E713")
    assert str(path) in notice.text
    assert os.strerror(errno.ENOSPC) in notice.text
    disk.free = 10**9
    records.record(elb_status_code=203)
    records.flush()
    assert [notice.level for notice in records.notices] == ["error", "warning"]
    assert "6 lines" in records.notices[1].text
    assert statuses(path) == [201, 201, 203]
    # Nothing is missing anywhere else.
    assert records.page(0, 100)[1] == [201, 201, 202, 202, 202, 202, 202, 202, 203]
    assert records.ring.total == 9
    assert records.log.lost == 6
    records.close()


@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_line_torn_by_a_full_disk_does_not_tear_the_next(
    records: Records, path: Path, monkeypatch: pytest.MonkeyPatch, is_removed: bool
) -> None:
    disk = Disk(monkeypatch)
    records.write_to(path)
    records.record(elb_status_code=201)
    records.flush()
    line_bytes = path.stat().st_size
    disk.free = line_bytes + 50
    records.record(3, elb_status_code=202)
    records.flush()
    assert records.log.lost == 2, "one was written whole"
    if is_removed:
        path.unlink()
    disk.free = 10**9
    records.record(elb_status_code=203)
    records.close()
    rows = path.read_text().split("\n")
    if is_removed:
        assert statuses(path) == [203]
    else:
        assert [len(row) for row in rows] == [line_bytes - 1, line_bytes - 1, 50, line_bytes - 1, 0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
async def test_the_device_that_is_always_full(records: Records) -> None:
    records.write_to(Path("/dev/full"))
    for _ in range(3):
        records.record(BATCH_RECORDS)
    assert len(records.notices) == 1
    assert records.log.lost == 3 * BATCH_RECORDS
    records.close()


@posix_only
async def test_a_folder_that_is_a_file(records: Records, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    records.write_to(tmp_path / "logs" / "access.log")
    records.record()
    records.flush()
    assert [notice.code for notice in records.notices] == ["E713"]
    (tmp_path / "logs").unlink()
    records.record(elb_status_code=201)
    records.close()
    assert statuses(tmp_path / "logs" / "access.log") == [201]
