"""Lines on their way from the event loop through the writer's thread to files."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simlb.core.access_log import ConnectionFacts
from simlb.core.attributes import LogBucket
from simlb.core.events import Notice
from simlb.core.log_files import LogPlace
from simlb.core.log_kinds import LogKind
from simlb.observe import log_spool, log_writer
from simlb.observe.log_files import LogFiles
from simlb.observe.log_writer import LogWriter
from simlb.observe.recorder import BATCH_RECORDS
from tests.observe.records import Records

PATIENCE_S = 5.0


def place(name: str = "app/web/1", kind: LogKind = LogKind.ACCESS, bucket: str = "my-bucket") -> LogPlace:
    return LogPlace(kind=kind, bucket=LogBucket(bucket=bucket), region="r", resource=name, node_ip="127.0.0.1")


def facts(elb: str) -> ConnectionFacts:
    return ConnectionFacts(
        elb=elb,
        dns_name="web.test",
        scheme="http",
        listener_port=80,
        client_ip="127.0.0.1",
        client_port=1,
        node_ip="127.0.0.1",
    )


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


class Desk:
    """The files of an instance, what feeds them, and what they had to say."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.notices: list[Notice] = []
        self.files = LogFiles(state, "default", self.notices.append)
        self.records = Records()
        self.records.recorder.add(self.files.take)

    def lines(self, bucket: str = "my-bucket", name: str = "web") -> list[str]:
        """The lines of the delivered files of one load balancer, in the order of their intervals."""
        paths = sorted((self.state / "s3" / bucket).rglob(f"*_app.{name}.*.log.gz"))
        return [line for path in paths for line in gzip.decompress(path.read_bytes()).decode().splitlines()]

    def statuses(self, bucket: str = "my-bucket", name: str = "web") -> list[int]:
        return [int(line.split(" ")[8]) for line in self.lines(bucket, name)]

    def open_text(self) -> str:
        """What can be read before anything is delivered."""
        return "".join(path.read_text() for path in (self.state / "logs" / "default" / "open").glob("*.log"))

    async def close(self) -> None:
        self.records.close()
        await self.files.close()


def writers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "simlb-logs"]


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    yield
    assert writers() == []


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_without_logs_there_is_neither_a_thread_nor_a_file(desk: Desk) -> None:
    desk.files.recover()
    desk.files.use([], {"app/web/1"})
    desk.records.record(BATCH_RECORDS)
    assert writers() == []
    await desk.close()
    assert list(desk.state.iterdir()) == []


async def test_lines_are_in_the_open_file_soon_and_delivered_at_the_end(desk: Desk) -> None:
    desk.files.use([place()], {"app/web/1"})
    desk.records.record(BATCH_RECORDS, elb_status_code=201)
    await until(lambda: desk.open_text().count("\n") == BATCH_RECORDS)
    assert log_writer.WRITE_EVERY_S <= 0.25
    desk.records.record(3, elb_status_code=202)
    await desk.close()
    assert desk.statuses() == [201] * BATCH_RECORDS + [202] * 3
    assert (desk.state / "s3/my-bucket/AWSLogs/000000000000/ELBAccessLogTestFile").exists()
    assert desk.notices == []
    assert not (desk.state / "logs/default/open").exists()


async def test_each_load_balancer_has_its_own_lines(desk: Desk) -> None:
    desk.files.use([place(), place("app/api/2", bucket="other")], {"app/web/1", "app/api/2", "app/silent/3"})
    for status, elb in enumerate(["app/web/1", "app/api/2", "app/silent/3", "app/web/1"], 200):
        desk.records.record(facts=facts(elb), elb_status_code=status)
    desk.records.flush()
    desk.records.record(facts=facts("app/api/2"), elb_status_code=204)
    await desk.close()
    assert (desk.statuses(), desk.statuses("other", "api")) == ([200, 203], [201, 204])


async def test_other_kinds_have_files_of_their_own(desk: Desk) -> None:
    desk.files.use([place(kind=LogKind.CONNECTION)], {"app/web/1"})
    desk.files.take_lines(LogKind.CONNECTION, "app/web/1", ["a", "b"])
    desk.files.take_lines(LogKind.CONNECTION, "app/other/2", ["c"])
    desk.files.take_lines(LogKind.HEALTH_CHECK, "app/web/1", ["d"])
    desk.records.record()
    await desk.close()
    assert desk.lines() == ["a", "b"]


async def test_changes_take_effect_where_they_happen(desk: Desk) -> None:
    names = {"app/web/1"}
    desk.files.use([place()], names)
    desk.records.record(elb_status_code=201)
    desk.records.flush()
    desk.files.use([place(bucket="other")], names)
    desk.records.record(elb_status_code=202)
    desk.records.flush()
    desk.files.use([], names)
    desk.records.record(elb_status_code=203)
    desk.records.flush()
    desk.files.add([place()])
    desk.files.add([place(bucket="other")])
    desk.records.record(elb_status_code=204)
    await desk.close()
    assert (desk.statuses(), desk.statuses("other")) == ([201, 204], [202])


async def test_what_is_under_way_on_a_load_balancer_that_is_gone_is_still_written(desk: Desk) -> None:
    desk.files.use([place()], {"app/web/1"})
    desk.files.use([], {"app/new/2"})
    desk.records.record(elb_status_code=201)
    await desk.close()
    assert desk.statuses() == [201]


async def test_an_earlier_runs_files_are_delivered_also_when_nothing_is_enabled_any_more(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "default" / "open"
    folder.mkdir(parents=True)
    (folder / "access-web-1.log").write_text("one\ntwo\nhal")
    (folder / "access-web-1.json").write_text('{"kind": "access", "bucket": "my-bucket", "key": "k_app.web._1.log.gz"}')
    desk = Desk(tmp_path)
    desk.files.recover()
    await desk.close()
    assert desk.lines() == ["one", "two"]
    assert (desk.files.torn(LogKind.ACCESS), desk.files.lost(LogKind.ACCESS)) == (1, 0)
    assert [notice.level for notice in desk.notices] == ["info"]


# -- a disk that is slow or hangs --------------------------------------------------------------------------------------


class SlowDisk:
    """Writes wait until the test lets them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self.is_waiting = threading.Event()
        append = log_spool.LogSpool.append

        def wait(*arguments: Any) -> None:
            self.is_waiting.set()
            assert self.go_on.wait(PATIENCE_S)
            append(*arguments)

        monkeypatch.setattr(log_spool.LogSpool, "append", wait)


async def test_the_queue_is_bounded_and_what_is_dropped_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    notices: list[Notice] = []
    writer = LogWriter(tmp_path / "open", tmp_path / "s3", notices.append, queue_bytes_max=1000)
    text = b"x" * 49 + b"\n" + b"y" * 49 + b"\n"
    writer.put(place(), text, 2)
    assert disk.is_waiting.wait(PATIENCE_S)
    for _ in range(19):
        writer.put(place(), text, 2)
    assert writer.lost(LogKind.ACCESS) == 20, "what is being written counts as well"
    writer.put(replace(place(), kind=LogKind.CONNECTION), text, 2)
    assert writer.lost(LogKind.CONNECTION) == 2
    assert [notice.code for notice in notices] == ["E716"]
    disk.go_on.set()
    await until(lambda: writer._taken_bytes == 1000)
    writer.put(place(), b"z\n", 1)
    assert notices[1].text == "Logs are written again; 22 lines are missing."
    await writer.close()
    (path,) = (tmp_path / "s3").rglob("*.log.gz")
    assert gzip.decompress(path.read_bytes()) == text * 10 + b"z\n"
    assert len(notices) == 2


async def test_a_disk_that_hangs_does_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)
    notices: list[Notice] = []
    writer = LogWriter(tmp_path / "open", tmp_path / "s3", notices.append)
    writer.put(place(), b"1\n", 1)
    assert disk.is_waiting.wait(PATIENCE_S)
    writer.put(place(), b"2\n3\n", 2)
    await writer.close(within_s=0.01)
    assert [notice.code for notice in notices] == ["E717"]
    assert "2 log lines" in notices[0].text
    assert writer.lost(LogKind.ACCESS) == 2
    assert writer._thread.daemon
    disk.go_on.set()
    writer._thread.join(PATIENCE_S)


async def test_intervals_end_by_themselves(tmp_path: Path) -> None:
    now = [1_800_014_699.9]
    writer = LogWriter(tmp_path / "open", tmp_path / "s3", lambda notice: None, wall=lambda: now[0])
    writer.put(place(), b"1\n", 1)
    await until(lambda: list((tmp_path / "open").glob("*1205Z*.log")))
    now[0] += 0.2
    await until(lambda: list((tmp_path / "s3").rglob("*1205Z*.log.gz")))
    writer.put(place(), b"2\n", 1)
    await writer.close()
    assert [gzip.decompress(path.read_bytes()) for path in sorted((tmp_path / "s3").rglob("*.log.gz"))] == [
        b"1\n",
        b"2\n",
    ]


async def test_an_idle_writer_sleeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = LogWriter(tmp_path / "open", tmp_path / "s3", lambda notice: None)
    await until(lambda: writer._is_asleep)
    looks: list[float] = []
    monkeypatch.setattr(writer, "_write", lambda: looks.append(1))
    await asyncio.sleep(0.02)
    assert looks == []
    monkeypatch.undo()
    writer.put(place(), b"1\n", 1)
    await until(lambda: list((tmp_path / "open").glob("*.log")))
    await writer.close()
