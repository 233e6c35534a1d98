"""What went through a load balancer under test, as a list of records, and assertions on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from simlb.errors import SimlbError

if TYPE_CHECKING:
    from simlb.observe.traffic import TrafficRecord
    from simlb.testing.running import RunningLoadBalancer


class Records(Sequence["TrafficRecord"]):
    """Finished exchanges, oldest first."""

    def __init__(self, records: Iterable[TrafficRecord] = ()) -> None:
        self._records = list(records)

    def current(self) -> list[TrafficRecord]:
        """The records as they are now."""
        return self._records

    @overload
    def __getitem__(self, index: int) -> TrafficRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Records: ...
    def __getitem__(self, index: int | slice) -> TrafficRecord | Records:
        if isinstance(index, slice):
            return Records(self.current()[index])
        return self.current()[index]

    def __len__(self) -> int:
        return len(self.current())

    def __iter__(self) -> Iterator[TrafficRecord]:
        return iter(list(self.current()))

    def __repr__(self) -> str:
        return "[" + ", ".join(words(record) for record in self.current()) + "]"

    def last(self, count: int) -> Records:
        """The last `count`."""
        return Records(self.current()[-count:] if count else [])

    def where(self, predicate: Callable[[TrafficRecord], bool] | None = None, **fields: Any) -> Records:
        """Those whose fields have these values, and for which `predicate` holds: `where(path="/x", elb_status=503)`.

        Raises SimlbError E690 for a field that records do not have.
        """
        from simlb.observe.traffic import TrafficRecord

        for name in fields:
            if not hasattr(TrafficRecord, name):
                known = ", ".join(TrafficRecord.__dataclass_fields__)
                raise SimlbError("E690", f"A traffic record has no '{name}'.", f"it has: {known}")
        return Records(
            record
            for record in self.current()
            if all(getattr(record, name) == value for name, value in fields.items())
            and (predicate is None or predicate(record))
        )

    def served_by(self) -> Counter[str]:
        """How many each target has served, by its name; what no target served is not counted."""
        return Counter(record.target for record in self.current() if record.target is not None)

    def statuses(self) -> list[int]:
        """The status codes that clients got, in order."""
        return [record.elb_status for record in self.current()]

    def retries(self, path: str, *, method: str | None = None, client: str | None = None) -> int:
        """How often a client came again with the same method and path.

        Clients are told apart by their address: in tests, mostly 127.0.0.1. `client` names one of them.
        """
        attempts = Counter(
            (address(record), record.method)
            for record in self.current()
            if record.path == path and method in {None, record.method} and client in {None, address(record)}
        )
        return sum(count - 1 for count in attempts.values())


class TrafficLog(Records):
    """The live list: it grows while the load balancer runs, and stays when it has stopped."""

    def __init__(self, running: RunningLoadBalancer) -> None:
        super().__init__()
        self._running = running

    def current(self) -> list[TrafficRecord]:
        """Everything up to now."""
        return self._running.home.call(self._catch_up)

    def clear(self) -> None:
        """Forget what there has been."""

        def clear() -> None:
            assert self._running.app.traffic is not None
            self._running.app.traffic.clear()
            self._records.clear()

        self._running.home.call(clear)

    def _catch_up(self) -> list[TrafficRecord]:
        traffic = self._running.app.traffic
        assert traffic is not None
        known = self._records[-1].number + 1 if self._records else 0
        if traffic.total > known:
            self._records.extend(traffic.records(known))
        return self._records


def address(record: TrafficRecord) -> str:
    """A client without its port."""
    return record.client.rpartition(":")[0]


def words(record: TrafficRecord) -> str:
    """A record in short: `GET /x -> 502 (target -, i-01: connection refused)`."""
    query = f"?{record.query}" if record.query else ""
    target = f", {record.target}" if record.target is not None else ""
    failure = f": {record.failure}" if record.failure is not None else ""
    return (
        f"{record.method} {record.path}{query} -> {record.elb_status} (target {record.target_status}{target}{failure})"
    )
