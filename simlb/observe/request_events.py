"""Which requests are told one by one, and which are only counted because there are too many of them.

Every request is in exactly one `RequestFinished`, or in the count of one `RequestsCounted`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter

from simlb.core.access_log import ExchangeRecord
from simlb.core.events import RequestFinished, RequestsCounted
from simlb.core.resource_names import ResourceNames
from simlb.observe.recorder import Alike, Batch

ORDINARY_PER_S = 100
"""So many are told one by one in a real second; as many at once after a pause."""
FAILED_PER_S = 1000
"""The same for errors, which have a share of their own."""
TEXT_MAX = 512
"""How much of a path is told. Thousands of events are kept, and a path may have 16 KiB."""

_Kind = tuple[str, int, str | None, str | None, str, int, int]
_kind_of: Callable[[ExchangeRecord], _Kind] = attrgetter(
    "facts.elb",
    "facts.listener_port",
    "target_group_arn",
    "target_address",
    "action",
    "elb_status_code",
    "target_status_code",
)


class _Allowance:
    """How many may be told now: it grows with time up to one second's worth."""

    def __init__(self, per_s: int, now: float) -> None:
        self._per_s = per_s
        self._left = float(per_s)
        self._at = now

    def take(self, wanted: int, now: float) -> int:
        """How many of those that are wanted may be."""
        self._left = min(float(self._per_s), self._left + (now - self._at) * self._per_s)
        self._at = now
        granted = min(wanted, int(self._left))
        self._left -= granted
        return granted


class RequestTeller:
    """Makes events of finished exchanges."""

    def __init__(
        self,
        times: Callable[[], tuple[float, float]],
        speed: float,
        names: ResourceNames,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`times` are load-balancer and real seconds since the start; `speed` is 0 where time stands still."""
        self._times = times
        self._names = names
        self._speed = speed
        self._monotonic = monotonic
        self._wall = wall
        now = monotonic()
        self._ordinary = _Allowance(ORDINARY_PER_S, now)
        self._failed = _Allowance(FAILED_PER_S, now)
        self._counts: dict[Alike, int] = {}
        self._kinds: dict[Alike, tuple[_Kind, str | None]] = {}
        """What is being counted, and the name of its target."""

    @property
    def has_counts(self) -> bool:
        """Whether some were counted that `counted` has not told yet."""
        return bool(self._counts)

    def take(self, batch: Batch) -> list[tuple[RequestFinished, bool, float]]:
        """Those of a batch that are told one by one: the event, whether it failed, the wall clock at its end."""
        records = batch.records
        now = self._monotonic()
        suspects = [
            place for place, record in enumerate(records) if record.elb_status_code >= 400 or record.failure is not None
        ]
        failed = {place for place in suspects if _has_failed(records[place])} if suspects else set()
        told = sorted(failed)[: self._failed.take(len(failed), now)] if failed else []
        granted = self._ordinary.take(len(records) - len(failed), now)
        if not failed:
            told = list(range(granted))
            rest: Sequence[int] = range(granted, len(records))
        else:
            if granted:
                ordinary = [place for place in range(len(records)) if place not in failed]
                told = sorted(told + ordinary[:granted])
            chosen = set(told)
            rest = [place for place in range(len(records)) if place not in chosen]
        if rest:
            self._count(batch, rest)
        if not told:
            return []
        at_s, real_s = self._times()
        wall_s = self._wall()
        return [
            (
                self._finished(records[place], batch.first + place, at_s, real_s, wall_s),
                place in failed,
                records[place].ended_at,
            )
            for place in told
        ]

    def _count(self, batch: Batch, places: Sequence[int]) -> None:
        counts = self._counts
        alike = batch.alike
        counted = alike[places.start :] if isinstance(places, range) else [alike[place] for place in places]
        for one, count in Counter(counted).items():
            if one in counts:
                counts[one] += count
            else:
                counts[one] = count
                record = batch.records[alike.index(one)]
                self._kinds[one] = _kind_of(record), _target_name(record)

    def counted(self) -> list[RequestsCounted]:
        """What has been counted since this was last asked."""
        alike, self._counts = self._counts, {}
        kinds, self._kinds = self._kinds, {}
        counts: Counter[_Kind] = Counter()
        targets: dict[_Kind, str | None] = {}
        for one, count in alike.items():
            kind, target = kinds[one]
            counts[kind] += count
            targets.setdefault(kind, target)
        at_s, real_s = self._times()
        return [
            RequestsCounted(
                at_s=round(at_s, 6),
                real_s=round(real_s, 6),
                load_balancer=self._names.of(elb),
                listener_port=port,
                target_group=None if group is None else self._names.of(group),
                target=targets[kind],
                action=action,
                elb_status_code=elb_status_code,
                target_status_code=target_status_code,
                count=count,
            )
            for kind, count in counts.items()
            for elb, port, group, _, action, elb_status_code, target_status_code in (kind,)
        ]

    def _finished(
        self, record: ExchangeRecord, number: int, at_s: float, real_s: float, wall_s: float
    ) -> RequestFinished:
        facts, request = record.facts, record.request
        ago_s = max(0.0, wall_s - record.ended_at)
        host = None if request is None else request.named_host
        failure = record.failure
        return RequestFinished(
            at_s=round(max(0.0, at_s - ago_s * self._speed), 6),
            real_s=round(max(0.0, real_s - ago_s), 6),
            number=number,
            load_balancer=self._names.of(facts.elb),
            listener_port=facts.listener_port,
            client=f"{facts.client_ip}:{facts.client_port}",
            # Of a line that is no request line, everything may be in it.
            method="" if request is None else _text(request.method.partition(b"?")[0]),
            host="" if host is None else _text(host),
            path="" if request is None else _path(request.uri),
            action=record.action,
            rule_priority=record.matched_rule_priority,
            elb_status_code=record.elb_status_code,
            target_status_code=record.target_status_code,
            target_group=None if record.target_group_arn is None else self._names.of(record.target_group_arn),
            target=_target_name(record),
            target_address=record.target_address,
            failure=None if failure is None else str(failure.value[0]),
            duration_s=round(max(0.0, record.ended_at - record.created_at), 6),
            trace_id=_own_trace_id(record),
        )


def _has_failed(record: ExchangeRecord) -> bool:
    """An error that the load balancer made, a 5xx of the target, or a response that broke off."""
    if record.target_status_code:
        return record.target_status_code >= 500 or record.failure is not None
    return True


def _target_name(record: ExchangeRecord) -> str | None:
    return None if record.target is None else record.target.target.name


def _text(value: bytes) -> str:
    text = value.decode("latin-1")
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


def _path(uri: bytes) -> str:
    """Without its query, and without scheme, user and host of an absolute form: secrets come in all of them."""
    path = uri.partition(b"?")[0]
    if path[:1] != b"/" and b"://" in path:
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return _text(path)


def _own_trace_id(record: ExchangeRecord) -> str:
    """The ids of the trace. What else a client has put into that header is its own."""
    if record.has_own_trace_id:
        return record.trace_id
    ids = [part for part in record.trace_id.split(";") if part.startswith(("Root=", "Self="))]
    return _text(";".join(ids).encode("latin-1", "replace")) or "-"
