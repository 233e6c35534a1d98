"""Log files: appended, rotated, delivered, recovered - and what happens when the disk does not want to."""

from __future__ import annotations

import errno
import gzip
import itertools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simlb.core.attributes import LogBucket
from simlb.core.events import Notice
from simlb.core.log_files import LogPlace
from simlb.core.log_kinds import LogKind
from simlb.observe import log_spool
from simlb.observe.log_spool import RETRY_S, SETTLED_S, LogSpool

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")

NOON = 1_800_014_400.0
"""2027-01-15T12:00:00Z, the beginning of an interval."""
PLACE = LogPlace(
    kind=LogKind.ACCESS,
    bucket=LogBucket(bucket="my-bucket", prefix="a/b"),
    region="eu-west-1",
    resource="app/web/50dc6c495c0c9188",
    node_ip="127.0.0.1",
)
NAME = "000000000000_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188"
FOLDER = "a/b/AWSLogs/000000000000/elasticloadbalancing/eu-west-1/2027/01/15"


class Desk:
    """A spool, what it has said, and its files."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.open_folder = state / "logs" / "default" / "open"
        self.buckets = state / "s3"
        self.notices: list[Notice] = []
        self.elapsed = 0.0
        self.spools: list[LogSpool] = []
        self.spool = self.another()

    def another(self) -> LogSpool:
        """As if the instance had been started once more."""
        self.spool = LogSpool(self.open_folder, self.buckets, self.notices.append, lambda: self.elapsed)
        self.spools.append(self.spool)
        return self.spool

    def crash(self) -> LogSpool:
        """kill -9, and the next start: descriptors close, and nothing else happens."""
        for stream in self.spool._streams.values():
            if stream.open is not None:
                os.close(stream.open._descriptor)
        self.spool._streams.clear()
        return self.another()

    def write(self, *lines: str, place: LogPlace = PLACE, now: float = NOON) -> None:
        self.spool.append(place, "".join(f"{line}\n" for line in lines).encode(), now)

    def settle(self) -> None:
        """Let a second pass."""
        self.elapsed += SETTLED_S
        self.spool.settle()

    def deliver(self) -> None:
        while self.spool.is_delivering:
            self.spool.deliver()

    @property
    def open(self) -> list[str]:
        """The lines of all open files."""
        return [line for path in sorted(self.open_folder.glob("*.log")) for line in whole(path.read_text())]

    def delivered(self, bucket: str = "my-bucket") -> dict[str, list[str]]:
        """Key and lines of each object of a bucket, but for test objects."""
        root = self.buckets / bucket
        paths = [path for path in sorted(root.rglob("*")) if path.is_file() and "TestFile" not in path.name]
        return {str(path.relative_to(root)): whole(gzip.decompress(path.read_bytes()).decode()) for path in paths}

    def codes(self) -> list[str | None]:
        return [notice.code for notice in self.notices]


def whole(text: str) -> list[str]:
    assert text == "" or text.endswith("\n")
    return text.splitlines()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "state")
    yield desk
    for spool in desk.spools:
        for stream in spool._streams.values():
            if stream.open is not None:
                stream.open.seal()


# -- the usual ---------------------------------------------------------------------------------------------------------


def test_lines_are_readable_at_once_and_delivered_when_the_interval_is_over(desk: Desk) -> None:
    desk.write("1", "2")
    desk.write("3", now=NOON + 299.9)
    desk.spool.rotate(NOON + 299.9)
    assert (desk.open, desk.delivered()) == (["1", "2", "3"], {})
    assert desk.spool.next_rotation_s() == NOON + 300
    desk.spool.rotate(NOON + 300)
    desk.deliver()
    ((key, lines),) = desk.delivered().items()
    assert re.fullmatch(rf"{FOLDER}/{NAME}_20270115T1205Z_127\.0\.0\.1_[a-z0-9]{{8}}\.log\.gz", key)
    assert lines == ["1", "2", "3"]
    assert list(desk.open_folder.iterdir()) == []
    assert desk.notices == []


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_only_the_owner_reads_them(desk: Desk) -> None:
    desk.write("1")
    assert {path.stat().st_mode & 0o777 for path in desk.open_folder.iterdir()} == {0o600}
    desk.spool.close()
    for path in desk.buckets.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_each_interval_kind_load_balancer_and_node_has_a_file_of_its_own(desk: Desk) -> None:
    others = [
        replace(PLACE, kind=LogKind.CONNECTION),
        replace(PLACE, resource="app/api/0123456789abcdef"),
        replace(PLACE, node_ip="127.0.0.2"),
    ]
    desk.write("web")
    for number, place in enumerate(others):
        desk.write(str(number), place=place)
    desk.write("later", now=NOON + 300)
    desk.spool.close()
    by_name = {key.rpartition("/")[2].rpartition("_")[0]: lines for key, lines in desk.delivered().items()}
    name = "000000000000_elasticloadbalancing_eu-west-1_app.{}_20270115T{}Z_{}"
    assert by_name == {
        name.format("web.50dc6c495c0c9188", "1205", "127.0.0.1"): ["web"],
        "conn_log_" + name.format("web.50dc6c495c0c9188", "1205", "127.0.0.1"): ["0"],
        name.format("api.0123456789abcdef", "1205", "127.0.0.1"): ["1"],
        name.format("web.50dc6c495c0c9188", "1205", "127.0.0.2"): ["2"],
        name.format("web.50dc6c495c0c9188", "1210", "127.0.0.1"): ["later"],
    }
    assert not desk.open_folder.exists(), "nothing is left"


def test_another_bucket_is_another_file(desk: Desk) -> None:
    desk.write("1")
    desk.write("2", place=replace(PLACE, bucket=LogBucket(bucket="other")))
    desk.spool.close()
    assert list(desk.delivered().values()) == [["1"]]
    assert list(desk.delivered("other").values()) == [["2"]]


def test_a_file_that_grows_too_large_is_followed_by_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_spool, "FILE_BYTES_MAX", 100)
    for number in range(10):
        desk.write(f"{number}" * 30)
    desk.spool.close()
    assert [len(lines) for lines in desk.delivered().values()].count(4) == 2
    assert sorted(line[0] for lines in desk.delivered().values() for line in lines) == list("0123456789")


def test_a_clock_that_is_set_back_begins_another_file(desk: Desk) -> None:
    desk.write("1", now=NOON + 600)
    desk.write("2", now=NOON)
    desk.spool.rotate(NOON)
    desk.deliver()
    assert desk.open == ["2"]
    assert [lines for key, lines in desk.delivered().items() if "T1215Z" in key] == [["1"]]


def test_the_test_object(desk: Desk) -> None:
    desk.spool.enable(PLACE, NOON)
    path = desk.buckets / "my-bucket" / "a/b/AWSLogs/000000000000/ELBAccessLogTestFile"
    assert path.read_text() == "Enable AccessLog for ELB: app/web/50dc6c495c0c9188 at 2027-01-15T12:00:00.000Z"


def test_a_large_file_is_delivered_in_slices_between_which_others_are_written(desk: Desk) -> None:
    line = "x" * 999
    desk.spool.append(PLACE, f"{line}\n".encode() * 5000, NOON)
    desk.spool.rotate(NOON + 300)
    calls = 0
    while desk.spool.is_delivering:
        desk.spool.deliver(slice_s=0)
        calls += 1
        desk.write("meanwhile", now=NOON + 300)
        if calls == 2:
            assert list(desk.buckets.rglob("*.gz")) == [], "not before it is whole"
    assert calls == 5
    assert list(desk.delivered().values()) == [[line] * 5000]
    assert desk.open == ["meanwhile"] * 5


# -- after a crash -----------------------------------------------------------------------------------------------------


def test_the_next_start_delivers_what_a_crash_has_left(desk: Desk) -> None:
    desk.write("1", "2")
    desk.write("c", place=replace(PLACE, kind=LogKind.CONNECTION))
    desk.crash().recover()
    desk.write("3")
    desk.deliver()
    assert sorted(desk.delivered().values()) == [["1", "2"], ["c"]]
    assert desk.open == ["3"]
    assert "has left 2 log files" in desk.notices[0].text
    assert desk.spool.torn.total() == 0


@pytest.mark.parametrize(
    ("text", "lines", "torn"),
    [
        ("1\n2\nhal", ["1", "2"], 1),
        ("1\n", ["1"], 0),
        ("half", None, 1),
        ("", None, 0),
        ("1\n" + "x" * 200_000, ["1"], 1),
    ],
)
def test_a_torn_last_line_is_kept_out_and_counted(desk: Desk, text: str, lines: list[str] | None, torn: int) -> None:
    desk.write("1")
    (path,) = desk.open_folder.glob("*.log")
    desk.crash()
    path.write_text(text)
    desk.spool.recover()
    desk.deliver()
    assert list(desk.delivered().values()) == ([] if lines is None else [lines])
    assert desk.spool.torn[LogKind.ACCESS] == torn
    assert list(desk.open_folder.iterdir()) == []


class Crash(BaseException):
    """kill -9."""


def crashing(call: Callable[..., Any], number: int, *, is_before: bool) -> Callable[..., Any]:
    """`call`, but for its n-th time, at which everything ends, before it has done its work or after."""
    left = itertools.count(-number)

    def crash_or_call(*arguments: Any, **named: Any) -> Any:
        is_now = next(left) == 0
        if is_now and is_before:
            raise Crash
        try:
            return call(*arguments, **named)
        finally:
            if is_now:
                raise Crash

    return crash_or_call


STEPS = ["mkdir", "open", "write", "fsync", "replace", "unlink"]


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_anywhere_in_a_delivery_loses_and_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str, is_before: bool
) -> None:
    """It crashes at the n-th call of that kind, for every n that there is."""
    crashes = 0
    for number in range(100):
        desk.write("1", "2", "3")
        desk.spool.rotate(NOON + 300)
        with monkeypatch.context() as patch:
            module = Path if step == "unlink" else os
            patch.setattr(module, step, crashing(getattr(module, step), number, is_before=is_before))
            try:
                desk.deliver()
                has_crashed = False
            except Crash:
                has_crashed = True
        crashes += has_crashed
        for path in desk.buckets.rglob("*.log.gz"):
            assert gzip.decompress(path.read_bytes()) == b"1\n2\n3\n", "whole, or not there"
        desk.crash().recover()
        desk.deliver()
        assert list(desk.delivered().values()) == [["1", "2", "3"]]
        assert list(desk.open_folder.iterdir()) == []
        shutil.rmtree(desk.buckets)
        if not has_crashed:
            break
    assert crashes >= 1


def test_a_crash_before_the_first_line_leaves_nothing(desk: Desk) -> None:
    desk.open_folder.mkdir(parents=True)
    (desk.open_folder / "access-web-x.json").write_text('{"kind": "acc')
    desk.spool.recover()
    desk.deliver()
    assert list(desk.open_folder.iterdir()) == []
    assert desk.notices == []


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_files_of_an_instance_that_lives_are_left_alone(desk: Desk) -> None:
    desk.write("1")
    living = desk.spool
    desk.another().recover()
    assert not desk.spool.is_delivering
    living.append(PLACE, b"2\n", NOON)
    living.close()
    assert list(desk.delivered().values()) == [["1", "2"]]


NOTES = [
    "{}",
    "[]",
    "",
    '{"kind": "other", "bucket": "my-bucket", "key": "k"}',
    '{"kind": "access", "bucket": "my-bucket"}',
]


@pytest.mark.parametrize("note", NOTES)
def test_what_does_not_say_where_it_belongs_is_left_alone(desk: Desk, note: str) -> None:
    desk.write("1")
    (note_path,) = desk.open_folder.glob("*.json")
    desk.crash()
    note_path.write_text(note)
    desk.spool.recover()
    desk.deliver()
    assert desk.codes() == ["E715"]
    assert desk.open == ["1"]


# -- nothing outside of the bucket -------------------------------------------------------------------------------------

ESCAPES = [
    ("my-bucket", "../../outside"),
    ("my-bucket", "/outside"),
    ("my-bucket", "a/../../../outside"),
    ("my-bucket", "a//outside"),
    ("my-bucket", "a/./outside"),
    ("my-bucket", "outside\0"),
    ("my-bucket", ""),
    ("..", "outside"),
    ("", "outside"),
    ("/tmp", "outside"),
    (".", "outside"),
]


@pytest.mark.parametrize(("bucket", "key"), ESCAPES)
def test_a_note_that_points_elsewhere(desk: Desk, bucket: str, key: str) -> None:
    desk.write("1")
    (note_path,) = desk.open_folder.glob("*.json")
    desk.crash()
    note_path.write_text(json.dumps({"kind": "access", "bucket": bucket, "key": key}))
    desk.spool.recover()
    desk.deliver()
    assert desk.codes() == [None, "E714"]
    assert [path.name for path in desk.state.parent.rglob("outside*")] == []
    assert desk.open == ["1"]


@posix_only
@pytest.mark.parametrize("where", ["", "my-bucket", "my-bucket/a", "my-bucket/a/b/AWSLogs", f"my-bucket/{FOLDER}"])
def test_a_symbolic_link_leads_nowhere(desk: Desk, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = desk.buckets / where
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    desk.write("1")
    desk.spool.rotate(NOON + 300)
    desk.deliver()
    assert list(outside.iterdir()) == []
    assert desk.codes() == ["E714"]
    assert f"'{link.name}' is a symbolic link" in desk.notices[0].text
    desk.elapsed += RETRY_S
    link.unlink()
    desk.deliver()
    assert list(desk.delivered().values()) == [["1"]]
    assert desk.codes() == ["E714", None]


@posix_only
def test_a_link_in_place_of_the_object_or_its_draft_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    desk.write("1")
    (stream,) = desk.spool._streams.values()
    assert stream.open is not None
    path = desk.buckets / "my-bucket" / stream.open.key
    path.parent.mkdir(parents=True)
    path.symlink_to(outside)
    draft = path.with_name(f".{path.name}.part")
    draft.symlink_to(outside)
    desk.spool.rotate(NOON + 300)
    desk.deliver()
    assert desk.codes() == ["E714"]
    draft.unlink()
    desk.elapsed += RETRY_S
    desk.deliver()
    assert list(desk.delivered().values()) == [["1"]]
    assert not path.is_symlink()
    assert outside.read_text() == "precious"


# -- trouble with the disk ---------------------------------------------------------------------------------------------


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


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_full_disk_is_said_once_and_so_is_its_end(desk: Desk, disk: Disk) -> None:
    desk.write("1", "2")
    disk.free = 0
    for _ in range(3):
        desk.write("lost", "lost")
    (notice,) = desk.notices
    assert (notice.level, notice.code) == ("error", "E713")
    assert str(desk.open_folder) in notice.text
    assert os.strerror(errno.ENOSPC) in notice.text
    disk.free = 10**9
    desk.write("3")
    desk.settle()
    assert [notice.level for notice in desk.notices] == ["error", "warning"]
    assert "6 lines are missing" in desk.notices[1].text
    assert desk.spool.lost == {LogKind.ACCESS: 6}
    desk.spool.close()
    assert list(desk.delivered().values()) == [["1", "2", "3"]]


def test_a_disk_that_takes_a_short_line_now_and_then_is_said_once(desk: Desk, disk: Disk) -> None:
    desk.write("1")
    for _ in range(10):
        disk.free = 0
        desk.write("much too long")
        disk.free = len("short\n")
        desk.write("short")
        assert desk.spool.is_settling
        desk.elapsed += SETTLED_S / 2
        desk.spool.settle()
    assert desk.codes() == ["E713"]
    desk.spool.settle(after_s=0)
    assert "; 10 lines are missing" in desk.notices[1].text
    assert not desk.spool.is_settling


def test_a_line_torn_by_a_full_disk_is_cut_off(desk: Desk, disk: Disk) -> None:
    desk.write("first")
    disk.free = len("second\nthi")
    desk.write("second", "third", "fourth")
    assert desk.spool.lost[LogKind.ACCESS] == 2
    assert desk.open == ["first", "second"]
    disk.free = 10**9
    desk.write("fifth")
    desk.settle()
    assert desk.open == ["first", "second", "fifth"]
    assert "2 lines are missing" in desk.notices[1].text


def test_a_torn_line_that_cannot_be_cut_off_ends_the_file(
    desk: Desk, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("first")
    disk.free = 3

    def refuse(descriptor: int, size: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "ftruncate", refuse)
    desk.write("second")
    disk.free = 10**9
    desk.write("third")
    desk.spool.close()
    assert sorted(desk.delivered().values()) == [["first"], ["third"]]
    assert desk.spool.lost[LogKind.ACCESS] == 1


def test_a_disk_that_is_full_from_the_start(desk: Desk, disk: Disk) -> None:
    disk.free = 0
    desk.write("lost")
    assert desk.codes() == ["E713"]
    assert list(desk.open_folder.iterdir()) == []
    disk.free = 10**9
    desk.write("1")
    desk.spool.close()
    assert list(desk.delivered().values()) == [["1"]]
    assert desk.spool.lost[LogKind.ACCESS] == 1


def test_a_disk_that_is_full_at_the_delivery(desk: Desk, disk: Disk) -> None:
    desk.write("1", "2")
    desk.spool.rotate(NOON + 300)
    disk.free = 5
    desk.deliver()
    desk.elapsed += RETRY_S
    desk.deliver()
    assert desk.codes() == ["E714"], "said once"
    assert [path for path in desk.buckets.rglob("*") if path.is_file()] == []
    disk.free = 10**9
    assert not desk.spool.is_delivering, "not tried all the time"
    desk.elapsed += RETRY_S
    desk.deliver()
    assert list(desk.delivered().values()) == [["1", "2"]]
    assert desk.notices[1].text == "Log files are put into their buckets again; nothing is missing."
    assert desk.spool.lost.total() == 0


def test_one_bucket_in_trouble_does_not_hold_up_another(desk: Desk) -> None:
    desk.buckets.mkdir(parents=True)
    (desk.buckets / "my-bucket").write_text("in the way")
    desk.write("1")
    desk.write("2", place=replace(PLACE, bucket=LogBucket(bucket="other")))
    desk.spool.close()
    assert list(desk.delivered("other").values()) == [["2"]]
    assert desk.codes() == ["E714"]
    (desk.buckets / "my-bucket").unlink()
    desk.another().recover()
    desk.deliver()
    assert list(desk.delivered().values()) == [["1"]]


@posix_only
@pytest.mark.parametrize("what", ["file", "folder", "renamed", "replaced"])
def test_a_file_that_was_taken_away_is_begun_anew(desk: Desk, what: str) -> None:
    desk.write("1")
    (path,) = desk.open_folder.glob("*.log")
    if what == "file":
        path.unlink()
    elif what == "folder":
        shutil.rmtree(desk.open_folder.parents[1])
    else:
        path.rename(desk.state / "taken")
        if what == "replaced":
            path.write_text("not ours\n")
    desk.write("2")
    desk.spool.close()
    assert list(desk.delivered().values()) == [["2"]]
    assert desk.notices == []
    if what in {"renamed", "replaced"}:
        assert (desk.state / "taken").read_text() == "1\n"


@posix_only
def test_a_sealed_file_that_was_taken_away_is_nobodys_business(desk: Desk) -> None:
    desk.write("1")
    desk.spool.rotate(NOON + 300)
    shutil.rmtree(desk.open_folder)
    desk.write("2", now=NOON + 300)
    desk.spool.close()
    assert list(desk.delivered().values()) == [["2"]]
    assert desk.notices == []


@posix_only
def test_a_folder_that_is_a_file(desk: Desk) -> None:
    desk.state.mkdir()
    (desk.state / "logs").write_text("")
    desk.write("lost")
    assert desk.codes() == ["E713"]
    (desk.state / "logs").unlink()
    desk.write("1")
    desk.settle()
    assert desk.open == ["1"]
    assert "1 lines are missing" in desk.notices[1].text


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(desk: Desk) -> None:
    desk.open_folder.mkdir(parents=True)
    desk.open_folder.chmod(0o500)
    desk.write("lost")
    assert desk.codes() == ["E713"]
    desk.open_folder.chmod(0o700)
    desk.write("1")
    assert desk.open == ["1"]
