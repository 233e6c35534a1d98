"""`<state>/<instance>.db`: what an instance keeps over its end, in SQLite. One transaction for each change.

    records(position, account, region, kind, key, body)     body is JSON; position the order within a kind

All regions are in it. In version 1 of its form a record was under the region of the configuration that was in force,
and a security group did not say its own.

A commit is appended to `<instance>.db-wal` and synced (`synchronous=FULL`), once: it lasts through a kill and a power
cut alike. SQLite moves what has gathered there into the database now and then, and when that is closed; what a kill has
left there is read when it is opened next. The file is one process's alone while that has it open, readable by its owner
only, and looked through when it is opened: a damaged one is refused, and never emptied or replaced.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from simlb.controlplane.records.state import Place, Row, place_of
from simlb.controlplane.runfile import locked
from simlb.core.ids import ACCOUNT
from simlb.errors import SimlbError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x73696D6C
"""`siml`, by which `file` and simlb know it."""
_PRIVATE_MODE = 0o600
_BUSY_TIMEOUT_S = 1.0

_SCHEMA = """
CREATE TABLE records (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (account, region, kind, key)
)
"""
_PUT = """
INSERT INTO records (account, region, kind, key, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account, region, kind, key) DO UPDATE SET body = excluded.body
"""


_LEFTOVERS = ("-wal", "-journal")
"""What SQLite may leave beside a database, by how its name ends; the second one is an earlier simlb's."""


_JSON = msgspec.json.Encoder()
"""Ten times as quick as the standard library's, which a load balancer's fifty rules show."""


def store_path(state_dir: Path, instance: str) -> Path:
    """Where the state of an instance is."""
    return state_dir / f"{instance}.db"


def store_files(state_dir: Path, instance: str) -> tuple[Path, ...]:
    """All that a state may consist of, the database first. Remove all of it: the next one would take the rest."""
    path = store_path(state_dir, instance)
    return path, *(path.with_name(f"{path.name}{end}") for end in _LEFTOVERS)


class Store:
    """The state of one instance on disk. Any thread may call it, one at a time."""

    def __init__(self, path: Path, *, account: str = ACCOUNT) -> None:
        self.path = path
        self._account = account
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, or make it. Raises SimlbError E810 damaged, E811 a newer simlb's, E812 in use, E813."""
        try:
            if not self.path.exists():
                self._make()
            self._connection = self._connect()
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    def close(self) -> None:
        """Give the file free. Harmless when repeated."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def rows(self, kind: str | None = None) -> list[Row]:
        """The records of every region, of one kind, or all. In the order of each kind.

        Raises SimlbError E810 when one cannot be read.
        """
        asked = "SELECT kind, key, body, region FROM records WHERE account = ?"
        values = [self._account]
        if kind is not None:
            asked += " AND kind = ?"
            values.append(kind)
        try:
            found = self._held().execute(f"{asked} ORDER BY position", values).fetchall()
            return [Row(kind, key, json.loads(body), region) for kind, key, body, region in found]
        except (sqlite3.Error, ValueError) as error:
            raise self.damaged(str(error)) from error

    def write(self, *, remove: Sequence[Place] = (), put: Sequence[Row] = ()) -> None:
        """Remove, then put records: all of it, or nothing. On disk for good when it returns. Raises SimlbError E813."""
        leaving = [(self._account, *place) for place in remove]
        coming = [(self._account, *row.place, _JSON.encode(row.body).decode()) for row in put]
        try:
            connection = self._held()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "DELETE FROM records WHERE account = ? AND region = ? AND kind = ? AND key = ?", leaving
            )
            connection.executemany(_PUT, coming)
            connection.execute("COMMIT")
        except BaseException as error:
            self._give_up()
            if isinstance(error, sqlite3.Error | OSError):
                raise self._not_written(str(error)) from error
            raise

    def damaged(self, what: str) -> SimlbError:
        """E810: the file is not as a store writes it."""
        return SimlbError(
            "E810",
            f"{self.path}, where simlb keeps what API calls have made, is damaged: {what}.",
            f"put a copy from before in its place, without a {self.path.name}-wal beside it",
            "or begin anew: simlb state reset        → and bring back what was exported: simlb state import FILE",
        )

    def _held(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _give_up(self) -> None:
        """After a failure: nothing of what was begun stays. The next use opens the file again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):  # what cannot be rolled back now is, when it is opened next
                connection.rollback()
            connection.close()

    def _make(self) -> None:
        # Under another name first: what is found at the path was complete once, and an empty file there is damage.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path):
            if not self.path.exists():  # else another start was quicker
                self._make_alone()

    def _make_alone(self) -> None:
        unfinished = self.path.with_name(f"{self.path.name}.new")
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE_MODE))
        try:
            with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                connection.execute(_SCHEMA)
        except sqlite3.Error as error:
            unfinished.unlink(missing_ok=True)
            raise self._unusable(str(error)) from error
        unfinished.replace(self.path)

    def _connect(self) -> sqlite3.Connection:
        if self.path.stat().st_size == 0:
            raise self.damaged("it is empty")
        self.path.chmod(_PRIVATE_MODE)
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_S, cached_statements=16
        )
        try:
            # One at a time: two that keep what they locked for reading would wait for each other, and neither begin.
            with locked(self.path):
                self._look_through(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _look_through(self, connection: sqlite3.Connection) -> None:
        with self._coded():
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN EXCLUSIVE")
            ((found,),) = connection.execute("PRAGMA application_id")
            ((version,),) = connection.execute("PRAGMA user_version")
            if found != APPLICATION_ID:
                raise self.damaged("it is no state of simlb's")
            if version > SCHEMA_VERSION:
                raise SimlbError(
                    "E811",
                    f"{self.path} was written by a newer simlb (version {version} of its form; "
                    f"this one knows {SCHEMA_VERSION}).",
                    "use that simlb        → or move the file away: the instance then begins without it",
                )
            problems = [line for (line,) in connection.execute("PRAGMA integrity_check(1)")]
            if problems != ["ok"]:
                raise self.damaged(" ".join(problems))
            if version == 1:
                _sort_by_region(connection)
            connection.execute("COMMIT")
            # One sync for each commit; a rollback journal takes four, of which each may last milliseconds.
            ((mode,),) = connection.execute("PRAGMA journal_mode = WAL")
            if mode != "wal":
                raise self._unusable(f"its journal is '{mode}'")

    @contextlib.contextmanager
    def _coded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise SimlbError(
                    "E812",
                    f"{self.path} is in use: another simlb with this state runs, or is stopping.",
                    "try again in a moment        → which one: simlb status        → a second one: --instance NAME",
                ) from error
            raise self._unusable(str(error)) from error
        except (sqlite3.DatabaseError, TypeError, ValueError) as error:
            raise self.damaged(str(error)) from error

    def _unusable(self, what: str) -> SimlbError:
        return SimlbError("E813", f"The state in {self.path} cannot be opened: {what}.", *_ROOM)

    def _not_written(self, what: str) -> SimlbError:
        return SimlbError(
            "E813", f"The change was not made: the state in {self.path} cannot be written ({what}).", *_ROOM
        )


_ROOM = ("it needs room on the disk, and a state folder that is yours: SIMLB_HOME",)


def _sort_by_region(connection: sqlite3.Connection) -> None:
    """From version 1 of the form to 2, in the transaction that is under way."""
    found = connection.execute("SELECT position, region, kind, key, body FROM records ORDER BY position").fetchall()
    for position, region, kind, key, body in found:
        right, _, _ = place_of(kind, key, region)
        if kind == "security-group":
            held = json.dumps({**json.loads(body), "region": region}, ensure_ascii=False, separators=(",", ":"))
            connection.execute("UPDATE records SET body = ? WHERE position = ?", (held, position))
        if right != region:
            # Two configurations' regions may both have had one, of which the later is the newer.
            connection.execute("UPDATE OR REPLACE records SET region = ? WHERE position = ?", (right, position))
    connection.execute("PRAGMA user_version = 2")
