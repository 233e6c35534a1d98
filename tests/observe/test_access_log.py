"""Exchange records on their way to counters, the ring behind `simlb logs`, and the file."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from simlb.core.access_log import ConnectionFacts, ExchangeRecord
from simlb.core.events import Notice
from simlb.observe import access_log
from simlb.observe.access_log import BATCH_RECORDS, FLUSH_S, AccessLog

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")


class Recorder:
    """An access log, what it had to say, and records to give it."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.log = AccessLog(self.notices.append)
        self.facts = ConnectionFacts(
            elb="app/web/1",
            dns_name="web.test",
            scheme="http",
            listener_port=80,
            client_ip="127.0.0.1",
            client_port=1,
            node_ip="127.0.0.1",
        )

    def record(self, count: int = 1, **fields: Any) -> None:
        for _ in range(count):
            record = ExchangeRecord(self.facts, None, 0.0)
            record.elb_status_code = 200
            for name, value in fields.items():
                setattr(record, name, value)
            self.log.record(record)


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


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


def numbered(lines: list[str]) -> list[int]:
    return [int(line.split(" ")[8]) for line in lines]


# -- batches -----------------------------------------------------------------------------------------------------------


async def test_a_full_batch_is_written_at_once_and_a_part_of_one_soon(recorder: Recorder, path: Path) -> None:
    recorder.log.write_to(path)
    recorder.record(BATCH_RECORDS - 1)
    assert not path.exists()
    recorder.record()
    assert len(statuses(path)) == BATCH_RECORDS
    recorder.record(3)
    assert len(statuses(path)) == BATCH_RECORDS
    timer = recorder.log._timer
    assert timer is not None
    timer.cancel()
    assert FLUSH_S <= 1
    recorder.log._on_timer()
    assert len(statuses(path)) == BATCH_RECORDS + 3
    assert recorder.log._timer is None


async def test_closing_writes_what_is_left_and_leaves_no_timer(recorder: Recorder, path: Path) -> None:
    recorder.log.write_to(path)
    recorder.record(2)
    recorder.log.close()
    assert statuses(path) == [200, 200]
    assert (recorder.log._timer, recorder.log._descriptor) == (None, None)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


async def test_changing_the_file_splits_the_lines_where_it_happens(recorder: Recorder, tmp_path: Path) -> None:
    recorder.log.write_to(tmp_path / "a")
    recorder.record(elb_status_code=201)
    recorder.log.write_to(tmp_path / "a")
    recorder.log.write_to(tmp_path / "b")
    recorder.record(elb_status_code=202)
    recorder.log.write_to(None)
    recorder.record(elb_status_code=203)
    recorder.log.close()
    assert (statuses(tmp_path / "a"), statuses(tmp_path / "b")) == ([201], [202])
    assert numbered(recorder.log.lines(0, 10)[1]) == [201, 202, 203]


async def test_lines_are_appended_to_what_is_there(recorder: Recorder, path: Path) -> None:
    for _ in range(2):
        log = AccessLog(recorder.notices.append)
        log.write_to(path)
        recorder.log = log
        recorder.record()
        log.close()
    assert statuses(path) == [200, 200]


# -- the ring ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "KEPT_LINES", 10)


# 25 lines were written, numbered 0 to 24 and showing 200 to 224; the last ten are kept.
RING: list[tuple[int, int, tuple[int, list[int], int]]] = [
    (0, 100, (25, list(range(215, 225)), 15)),
    (0, 3, (18, [215, 216, 217], 15)),
    (10, 2, (17, [215, 216], 5)),
    (15, 2, (17, [215, 216], 0)),
    (20, 100, (25, [220, 221, 222, 223, 224], 0)),
    (24, 1, (25, [224], 0)),
    (25, 100, (25, [], 0)),
    (99, 100, (25, [], 0)),
    (-3, 100, (25, [222, 223, 224], 0)),
    (-3, 1, (23, [222], 0)),
    (-99, 100, (25, list(range(215, 225)), 0)),
    (20, 0, (20, [], 0)),
]


@pytest.mark.parametrize(("after", "limit", "expected"), RING)
@pytest.mark.usefixtures("small_ring")
async def test_the_ring_numbers_lines_and_counts_what_is_gone(
    after: int, limit: int, expected: tuple[int, list[int], int]
) -> None:
    recorder = Recorder()
    for number in range(25):
        recorder.record(elb_status_code=200 + number)
    following, lines, dropped = recorder.log.lines(after, limit)
    assert (following, numbered(lines), dropped) == expected
    recorder.log.close()


@pytest.mark.usefixtures("small_ring")
async def test_reading_on_from_the_next_number_misses_nothing() -> None:
    recorder = Recorder()
    seen: list[int] = []
    following = 0
    for number in range(50):
        recorder.record(elb_status_code=200 + number)
        if number % 3 == 0:
            following, lines, dropped = recorder.log.lines(following, 100)
            assert dropped == 0
            seen += numbered(lines)
    seen += numbered(recorder.log.lines(following, 100)[1])
    assert seen == list(range(200, 250))
    recorder.log.close()


async def test_an_empty_ring(recorder: Recorder) -> None:
    assert recorder.log.lines(0, 10) == (0, [], 0)
    assert recorder.log.lines(-5, 10) == (0, [], 0)
    assert recorder.log.lines(7, 10) == (0, [], 0)


# -- trouble with the file ---------------------------------------------------------------------------------------------


@posix_only
@pytest.mark.parametrize("what", ["file", "folder", "renamed", "replaced"])
async def test_a_file_that_was_taken_away_is_begun_anew(recorder: Recorder, path: Path, what: str) -> None:
    recorder.log.write_to(path)
    recorder.record(elb_status_code=201)
    recorder.log.flush()
    if what == "file":
        path.unlink()
    elif what == "folder":
        shutil.rmtree(path.parent)
    else:
        path.rename(path.with_suffix(".1"))
        if what == "replaced":
            path.touch()
    recorder.record(elb_status_code=202)
    recorder.log.close()
    assert statuses(path) == [202]
    assert recorder.notices == []
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
    recorder: Recorder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch)
    recorder.log.write_to(path)
    recorder.record(2, elb_status_code=201)
    recorder.log.flush()
    disk.free = 0
    for _ in range(3):
        recorder.record(2, elb_status_code=202)
        recorder.log.flush()
    (notice,) = recorder.notices
    assert (notice.level, notice.code) == ("error", "E713")
    assert str(path) in notice.text
    assert os.strerror(errno.ENOSPC) in notice.text
    disk.free = 10**9
    recorder.record(elb_status_code=203)
    recorder.log.flush()
    assert [notice.level for notice in recorder.notices] == ["error", "warning"]
    assert "6 lines" in recorder.notices[1].text
    assert statuses(path) == [201, 201, 203]
    # Nothing is missing anywhere else.
    assert numbered(recorder.log.lines(0, 100)[1]) == [201, 201, 202, 202, 202, 202, 202, 202, 203]
    assert recorder.log.counters["access_log_lines"] == 9
    assert recorder.log.counters["access_log_lines_lost"] == 6
    recorder.log.close()


@pytest.mark.parametrize("is_removed", [False, True])
async def test_a_line_torn_by_a_full_disk_does_not_tear_the_next(
    recorder: Recorder, path: Path, monkeypatch: pytest.MonkeyPatch, is_removed: bool
) -> None:
    disk = Disk(monkeypatch)
    recorder.log.write_to(path)
    recorder.record(elb_status_code=201)
    recorder.log.flush()
    line_bytes = path.stat().st_size
    disk.free = line_bytes + 50
    recorder.record(3, elb_status_code=202)
    recorder.log.flush()
    assert recorder.log.counters["access_log_lines_lost"] == 2, "one was written whole"
    if is_removed:
        path.unlink()
    disk.free = 10**9
    recorder.record(elb_status_code=203)
    recorder.log.close()
    rows = path.read_text().split("\n")
    if is_removed:
        assert statuses(path) == [203]
    else:
        assert [len(row) for row in rows] == [line_bytes - 1, line_bytes - 1, 50, line_bytes - 1, 0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
async def test_the_device_that_is_always_full(recorder: Recorder) -> None:
    recorder.log.write_to(Path("/dev/full"))
    for _ in range(3):
        recorder.record(BATCH_RECORDS)
    assert len(recorder.notices) == 1
    assert recorder.log.counters["access_log_lines_lost"] == 3 * BATCH_RECORDS
    recorder.log.close()


@posix_only
async def test_a_folder_that_is_a_file(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    recorder.log.write_to(tmp_path / "logs" / "access.log")
    recorder.record()
    recorder.log.flush()
    assert [notice.code for notice in recorder.notices] == ["E713"]
    (tmp_path / "logs").unlink()
    recorder.record(elb_status_code=201)
    recorder.log.close()
    assert statuses(tmp_path / "logs" / "access.log") == [201]


# -- counters ----------------------------------------------------------------------------------------------------------

REACHED = {"target_address": "10.0.0.1:80"}
COUNTED: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({**REACHED, "target_status_code": 200}, {"RequestCount": 1, "HTTPCode_Target_2XX_Count": 1}),
    (
        {**REACHED, "elb_status_code": 503, "target_status_code": 503},
        {"RequestCount": 1, "HTTPCode_Target_5XX_Count": 1},
    ),
    (
        {**REACHED, "elb_status_code": 502},
        {"RequestCount": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_502_Count": 1},
    ),
    (
        {**REACHED, "elb_status_code": 504},
        {"RequestCount": 1, "HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_504_Count": 1},
    ),
    ({**REACHED, "elb_status_code": 460}, {"RequestCount": 1, "HTTPCode_ELB_4XX_Count": 1}),
    ({"elb_status_code": 503}, {"HTTPCode_ELB_5XX_Count": 1, "HTTPCode_ELB_503_Count": 1}),
    ({"elb_status_code": 400}, {"HTTPCode_ELB_4XX_Count": 1}),
    ({"elb_status_code": 301, "action": "redirect"}, {"HTTP_Redirect_Count": 1, "HTTPCode_ELB_3XX_Count": 1}),
    ({"elb_status_code": 200, "action": "fixed-response"}, {"HTTP_Fixed_Response_Count": 1}),
]


@pytest.mark.parametrize(("fields", "expected"), COUNTED)
async def test_counters(recorder: Recorder, fields: dict[str, Any], expected: dict[str, int]) -> None:
    recorder.record(**fields)
    recorder.log.close()
    assert dict(recorder.log.counters) == {"access_log_lines": 1, **expected}
