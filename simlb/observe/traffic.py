"""The last finished exchanges as plain records, for assertions: tests, scenarios and other languages read the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from simlb.core.access_log import ExchangeRecord
from simlb.core.resource_names import ResourceNames

KEPT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficRecord:
    """One finished exchange. Status codes are 0 where there is none; `target_status` writes it as the log does.

    `at_s` is the load-balancer time at which it ended, since the instance started; `received_at_s` when it began, as
    far as the clock runs by itself. `duration_s` is in real seconds.
    """

    number: int
    at_s: float
    received_at_s: float
    load_balancer: str
    listener_port: int
    client: str
    method: str
    path: str
    query: str
    host: str
    action: str
    rule_priority: int | None
    elb_status_code: int
    target_status_code: int
    target_group: str | None
    target: str | None
    """The target's name."""
    target_address: str | None
    is_reused: bool
    """Whether it went over a connection that had served before."""
    failure: str | None
    """How the target let it down, in words."""
    redirect_url: str | None
    duration_s: float
    trace_id: str

    @property
    def elb_status(self) -> int:
        """The status code the client got."""
        return self.elb_status_code

    @property
    def target_status(self) -> str:
        """The target's status code as the access log writes it: `-` when the target gave none."""
        return str(self.target_status_code) if self.target_status_code else "-"

    def to_json(self) -> dict[str, Any]:
        """Plain values, by field."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class Traffic:
    """Keeps the last exchanges. Records are made when somebody reads; until then the exchange itself is kept."""

    def __init__(
        self,
        at_s: Callable[[], float],
        speed: float,
        kept: int = KEPT,
        names: ResourceNames | None = None,
    ) -> None:
        """`at_s` is the present in load-balancer seconds since the start; `speed` is 0 where time stands still."""
        self._at_s = at_s
        self._speed = speed
        self._names = names or ResourceNames()
        self._kept: deque[tuple[int, float, ExchangeRecord]] = deque(maxlen=kept)
        self._total = 0
        self._listeners: list[Callable[[], None]] = []

    def record(self, record: ExchangeRecord) -> None:
        """One exchange is over."""
        self._kept.append((self._total, self._at_s(), record))
        self._total += 1
        for listener in tuple(self._listeners):
            listener()

    @property
    def total(self) -> int:
        """How many there have been: the number of the next one."""
        return self._total

    def clear(self) -> None:
        """Forget what is kept; numbers go on."""
        self._kept.clear()

    def records(self, after: int = 0) -> Iterator[TrafficRecord]:
        """Those kept with number `after` or above, oldest first."""
        kept = self._kept
        first = kept[0][0] if kept else 0
        for place in range(max(0, after - first), len(kept)):
            number, at_s, record = kept[place]
            yield self._made(number, at_s, record)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each record, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _made(self, number: int, at_s: float, record: ExchangeRecord) -> TrafficRecord:
        facts, request = record.facts, record.request
        uri = "" if request is None else request.uri.decode("latin-1")
        path, _, query = uri.partition("?")
        host = None if request is None else request.named_host
        target, failure = record.target, record.failure
        duration_s = record.ended_at - record.created_at
        return TrafficRecord(
            number=number,
            at_s=at_s,
            received_at_s=at_s - duration_s * self._speed,
            load_balancer=self._names.of(facts.elb),
            listener_port=facts.listener_port,
            client=f"{facts.client_ip}:{facts.client_port}",
            method="" if request is None else request.method.decode("latin-1"),
            path=path,
            query=query,
            host="" if host is None else host.decode("latin-1"),
            action=record.action,
            rule_priority=record.matched_rule_priority,
            elb_status_code=record.elb_status_code,
            target_status_code=record.target_status_code,
            target_group=None if record.target_group_arn is None else self._names.of(record.target_group_arn),
            target=None if target is None else target.target.name,
            target_address=record.target_address,
            is_reused=target is not None and not record.is_first_on_connection,
            failure=None if failure is None else str(failure.value[0]),
            redirect_url=record.redirect_url,
            duration_s=duration_s,
            trace_id=record.trace_id,
        )
