"""The state on disk: what was written is there, whatever happens; what is damaged is said, and never replaced."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simlb.controlplane.records import Row
from simlb.controlplane.records.state import GLOBAL_REGION
from simlb.controlplane.store import SCHEMA_VERSION, Store, store_path
from simlb.errors import SimlbError

REGION = "ap-northeast-2"
STARTERS = 4
PUT = [Row("tags", "a", {"team": "빈"}), Row("tags", "b", {}), Row("removed", "a", {})]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return store_path(tmp_path / "home", "shop")


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path)
    store.open()
    yield store
    store.close()


def reopened(path: Path) -> list[Row]:
    store = Store(path)
    try:
        store.open()
        return store.rows()
    finally:
        store.close()


def refusal(path: Path) -> SimlbError:
    with pytest.raises(SimlbError) as caught:
        reopened(path)
    return caught.value


def test_what_was_written_is_there_the_next_time(store: Store, path: Path) -> None:
    store.write(put=PUT)
    store.write(put=[Row("tags", "a", {"team": "b"})], remove=[(GLOBAL_REGION, "removed", "a")])
    assert store.rows() == [Row("tags", "a", {"team": "b"}), Row("tags", "b", {})]
    assert store.rows("tags") == store.rows()
    store.close()
    assert reopened(path) == [Row("tags", "a", {"team": "b"}), Row("tags", "b", {})]


def test_what_is_removed_and_put_comes_last(store: Store) -> None:
    store.write(put=PUT)
    store.write(remove=[(GLOBAL_REGION, "tags", "a")], put=[Row("tags", "a", {})])
    assert [row.key for row in store.rows("tags")] == ["b", "a"]


def test_regions_are_together_and_accounts_apart(store: Store, path: Path) -> None:
    groups = [Row("registration", "web/127.0.0.1/80", {"at": region}, region) for region in (REGION, "eu-west-1")]
    store.write(put=[*PUT, *groups])
    assert store.rows() == [*PUT, *groups]
    store.write(remove=[groups[0].place])
    assert store.rows() == [*PUT, groups[1]]
    store.close()
    other = Store(path, account="111111111111")
    other.open()
    assert other.rows() == []
    other.close()


OLD = (
    (REGION, "target-group", f"arn:aws:elasticloadbalancing:{REGION}:000000000000:targetgroup/web/1", "{}"),
    (REGION, "registration", "web/127.0.0.1/80", "{}"),
    ("eu-west-1", "registration", "web/127.0.0.1/80", "{}"),
    (REGION, "security-group", "sg-01", '{"id":"sg-01","name":"빈"}'),
    (REGION, "tags", "sg-01", '{"team":"a"}'),
    (REGION, "acm.certificate", "arn:aws:acm:us-east-1:000000000000:certificate/1", "{}"),
    (GLOBAL_REGION, "route53.hosted-zone", "Z1", "{}"),
)
"""As version 1 of the form has them: all but hosted zones under the region that was the configuration's."""


def of_version_1(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 1")
        connection.executemany(
            "INSERT INTO records (account, region, kind, key, body) VALUES ('000000000000', ?, ?, ?, ?)", rows
        )


def test_version_1_of_the_form_is_read_and_becomes_the_present_one(store: Store, path: Path) -> None:
    store.close()
    of_version_1(path, OLD)
    for _ in range(2):
        rows = reopened(path)
        assert [(row.region, row.kind, row.key) for row in rows] == [
            OLD[0][:3],
            OLD[1][:3],
            OLD[2][:3],
            (GLOBAL_REGION, "security-group", "sg-01"),
            (GLOBAL_REGION, "tags", "sg-01"),
            ("us-east-1", *OLD[5][1:3]),
            OLD[6][:3],
        ]
        assert rows[3].body == {"id": "sg-01", "name": "빈", "region": REGION}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchall() == [(SCHEMA_VERSION,)]


def test_damage_in_version_1_is_said(store: Store, path: Path) -> None:
    store.close()
    of_version_1(path, [(REGION, "security-group", "sg-01", "{")])
    assert refusal(path).code == "E810"


def test_only_its_owner_reads_it(store: Store, path: Path) -> None:
    store.write(put=PUT)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    store.close()
    path.chmod(0o644)
    reopened(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_process_has_it_at_a_time(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlb.controlplane.store._BUSY_TIMEOUT_S", 0.01)
    error = refusal(path)
    assert (error.code, str(path) in error.what) == ("E812", True)
    store.write(put=PUT)


def test_a_write_that_fails_changes_nothing(store: Store) -> None:
    store.write(put=PUT)
    ((pages,),) = store._held().execute("PRAGMA page_count")
    store._held().execute(f"PRAGMA max_page_count = {pages}")  # what a full disk is to SQLite
    with pytest.raises(SimlbError, match=r"The change was not made.*full") as caught:
        store.write(put=[Row("tags", "c", {"x": "y" * 100_000})], remove=[(GLOBAL_REGION, "tags", "a")])
    assert caught.value.code == "E813"
    assert store.rows() == PUT
    store.write(put=[Row("tags", "c", {})])
    assert [row.key for row in store.rows("tags")] == ["a", "b", "c"]


def test_what_is_no_json_changes_nothing(store: Store) -> None:
    store.write(put=PUT)
    with pytest.raises(UnicodeEncodeError):
        store.write(remove=[(GLOBAL_REGION, "tags", "a")], put=[Row("tags", "c", {"x": "\udc80"})])
    assert store.rows() == PUT


def test_a_change_that_was_broken_off_never_was(store: Store, path: Path) -> None:
    """The file and its log as a kill in the middle of a commit leaves them."""
    store.write(put=PUT)
    connection = store._held()
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM records")
    connection.executemany(
        "INSERT INTO records (account, region, kind, key, body) VALUES ('0', 'r', 'k', ?, ?)",
        [(str(number), "x" * 5000) for number in range(50)],
    )
    log = path.with_name(f"{path.name}-wal")
    half = {name: name.read_bytes() for name in (path, log)}
    assert len(half[log]) > 50 * 5000
    store.close()
    for name, content in half.items():
        name.write_bytes(content)
    assert reopened(path) == PUT


def test_a_kill_leaves_what_was_written(store: Store, path: Path) -> None:
    """The files as they are while it is open: the latest changes are only in the log. A start brings them home."""
    store.write(put=PUT)
    left = {file: file.read_bytes() for file in path.parent.iterdir()}
    store.close()
    for file, content in left.items():
        file.write_bytes(content)
    assert reopened(path) == PUT
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
    assert reopened(path) == PUT


def test_a_file_with_a_rollback_journal_goes_on(path: Path) -> None:
    """As a simlb before the write-ahead log has left it: killed in the middle of a commit."""
    store = Store(path)
    store.open()
    store.write(put=PUT)
    store.close()
    journal = path.with_name(f"{path.name}-journal")
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE records SET body = ?", [("x" * 5000,) for _ in range(9)])
        half = {name: name.read_bytes() for name in (path, journal)}
        assert half[journal]
        connection.execute("ROLLBACK")
    connection.close()
    for name, content in half.items():
        name.write_bytes(content)
    assert reopened(path) == PUT
    assert not journal.exists()


def torn(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xa5" * 4000
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_text("simlb: config/1\n" * 100)


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE records (x)")
    connection.close()


def unreadable_body(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records SET body = '{'")
    connection.close()


@pytest.mark.parametrize("damage", [torn, cut, emptied, overwritten, foreign, unreadable_body])
def test_a_damaged_file_is_refused_and_left_as_it_is(damage: Any, store: Store, path: Path) -> None:
    store.write(put=[*PUT, *(Row("tags", f"t{number}", {"x": "y" * 900}) for number in range(20))])
    store.close()
    damage(path)
    before = path.read_bytes()
    error = refusal(path)
    assert (error.code, str(path) in error.what) == ("E810", True)
    assert any("simlb state reset" in hint for hint in error.hints)
    assert path.read_bytes() == before


def test_a_newer_simlbs_file_is_refused(store: Store, path: Path) -> None:
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    error = refusal(path)
    assert (error.code, str(path) in error.what) == ("E811", True)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    assert refusal(store_path(tmp_path / "home", "shop")).code == "E813"


def test_an_unfinished_file_of_a_first_start_is_no_damage(path: Path) -> None:
    path.parent.mkdir()
    path.with_name(f"{path.name}.new").write_bytes(b"half")
    assert reopened(path) == []
    assert {file.name for file in path.parent.iterdir()} == {path.name, path.with_suffix(".lock").name}


def test_first_starts_at_once_make_one_file(path: Path) -> None:
    """Each finds nothing there. What one is still writing is nobody's to move or to remove."""
    told: list[str] = []
    are_all_told = threading.Event()

    def tell(what: str) -> None:
        told.append(what)
        if len(told) == STARTERS:
            are_all_told.set()

    def start() -> None:
        store = Store(path)
        try:
            store.open()
        except SimlbError as error:
            tell(error.code)
        else:
            tell("open")
            are_all_told.wait(10)
            store.close()

    starters = [threading.Thread(target=start) for _ in range(STARTERS)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert sorted(told) == ["E812"] * (STARTERS - 1) + ["open"]
