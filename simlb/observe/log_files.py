"""Which lines go to files: those of load balancers whose logs of that kind are enabled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import compress
from pathlib import Path

from simlb.core.events import Notice
from simlb.core.log_files import LogPlace
from simlb.core.log_kinds import LogKind
from simlb.observe.log_writer import LogWriter
from simlb.observe.recorder import Batch


class LogFiles:
    """The log files of one instance. A thread runs only while there is something to write."""

    def __init__(self, state_dir: Path, instance: str, notify: Callable[[Notice], None]) -> None:
        self.buckets = state_dir / "s3"
        """The folder of all buckets."""
        self._folder = state_dir / "logs" / instance / "open"
        self._notify = notify
        self._places: dict[LogKind, dict[str, LogPlace]] = {kind: {} for kind in LogKind}
        self._writer: LogWriter | None = None

    def recover(self) -> None:
        """Deliver what an earlier run has left, also when nothing is enabled any more."""
        if self._folder.exists():
            self._open_writer()

    def add(self, places: Iterable[LogPlace]) -> None:
        """Write further logs, of load balancers that have none of that kind."""
        for place in places:
            if place.resource not in self._places[place.kind]:
                self._put_place(place)

    def use(self, places: Iterable[LogPlace], load_balancers: Collection[str]) -> None:
        """Write these logs of these load balancers from now on, and no others of them.

        What is under way on load balancers that are gone is still written where it was.
        """
        wanted = {(place.kind, place.resource): place for place in places}
        for kind, by_resource in self._places.items():
            for resource in [name for name in by_resource if name in load_balancers and (kind, name) not in wanted]:
                del by_resource[resource]
        for place in wanted.values():
            if self._places[place.kind].get(place.resource) != place:
                self._put_place(place)

    def _put_place(self, place: LogPlace) -> None:
        self._places[place.kind][place.resource] = place
        self._open_writer().enable(place)

    def _open_writer(self) -> LogWriter:
        if self._writer is None:
            self._writer = LogWriter(self._folder, self.buckets, self._notify)
        return self._writer

    def take(self, batch: Batch) -> None:
        """A batch of exchanges is over."""
        places = self._places[LogKind.ACCESS]
        if not places:
            return
        owners = [record.facts.elb for record in batch.records]
        names = set(owners)
        if len(names) == 1:
            self._put(places.get(owners[0]), batch.text, len(owners))
            return
        lines = batch.text.splitlines(keepends=True)
        for name in names:
            own = list(compress(lines, map(name.__eq__, owners)))
            self._put(places.get(name), b"".join(own), len(own))

    def take_lines(self, kind: LogKind, name: str, lines: list[str]) -> None:
        """Lines of another kind, of one load balancer."""
        place = self._places[kind].get(name)
        if place is not None:
            self._put(place, ("\n".join(lines) + "\n").encode("ascii", "replace"), len(lines))

    def _put(self, place: LogPlace | None, text: bytes, lines: int) -> None:
        if place is not None and self._writer is not None:
            self._writer.put(place, text, lines)

    def lost(self, kind: LogKind) -> int:
        """Lines of logs that are enabled which are in no file."""
        return 0 if self._writer is None else self._writer.lost(kind)

    def torn(self, kind: LogKind) -> int:
        """Lines that a crash of an earlier run has torn; they were kept out of its delivered files."""
        return 0 if self._writer is None else self._writer.torn(kind)

    async def close(self) -> None:
        """Wait until everything is written and delivered. Nothing follows."""
        if self._writer is not None:
            await self._writer.close()
