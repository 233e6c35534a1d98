"""Counts finished exchanges for CloudWatch's metrics (reference 7.4, 4.3).

A record costs one look-up by what it came to and a few additions. What that means for each metric is worked out once a
second for all that came to the same, and when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from simlb.core.access_log import ExchangeRecord
from simlb.core.metrics import METRICS, MetricStore, StatisticSet
from simlb.core.metrics.buckets import BOUNDS, empty
from simlb.core.metrics.lcu import FREE_RULE_EVALUATIONS
from simlb.core.metrics.store import Key
from simlb.core.target_group import RoutingMode
from simlb.observe.recorder import Alike, Batch

LABELS_MAX = 10_000
OTHER = "other"
"""The target of further requests once `LABELS_MAX` combinations are known: programs that scrape have bounds too."""

_SINGLE_CODES = frozenset({500, 502, 503, 504})
_IF_REACHED = frozenset({"DroppedInvalidHeaderRequestCount", "ForwardedInvalidHeaderRequestCount"})
_TIME = "TargetResponseTime"
_PER_TARGET = "RequestCountPerTarget"


class Outcome(NamedTuple):
    """What requests are told apart by on `/metrics`. Codes are 0 where there is none, names empty."""

    load_balancer: str
    target_group: str
    target: str
    elb_status_code: int
    target_status_code: int


class _Meaning:
    """What records that differ at most in their target count for, and how many of them this second has had."""

    __slots__ = ("byte_keys", "bytes", "count", "evaluations", "keys", "per_target", "rule_key")

    def __init__(self, record: ExchangeRecord, outcome: Outcome) -> None:
        self.count = 0
        self.bytes = 0
        elb, group = outcome.load_balancer, outcome.target_group
        names = tuple(_names(record))
        of_both = [name for name in names if group and METRICS[name].is_of_groups]
        self.keys = tuple(
            [Key(name, elb) for name in names if METRICS[name].is_of_load_balancers]
            + [Key(name, elb, group) for name in of_both]
        )
        self.byte_keys: tuple[Key, ...] = (Key("ProcessedBytes", elb),)
        if record.facts.is_ipv6:
            self.byte_keys += (Key("IPv6ProcessedBytes", elb),)
        self.per_target = Key(_PER_TARGET, elb, group) if record.target_address is not None and group else None
        self.rule_key = Key("RuleEvaluations", elb)
        self.evaluations = 0 if record.decision is None else record.decision.evaluations


class _Same:
    """Records that came to the same, at the same target: how many there are in this second."""

    __slots__ = ("bytes", "count", "meaning", "outcome", "times")

    def __init__(self, outcome: Outcome, meaning: _Meaning, times: list[float]) -> None:
        self.count = 0
        self.bytes = 0
        self.outcome = outcome
        self.meaning = meaning
        self.times = times


class MetricSink:
    """Takes batches from the recorder. One per instance."""

    def __init__(self, store: MetricStore) -> None:
        self.store = store
        self.totals: dict[Key, float] = {}
        """Since the start: of everything that is counted, not of what is measured."""
        self.times: dict[Key, StatisticSet] = {}
        """Response times since the start, by group."""
        self.requests: dict[Outcome, int] = {}
        """Since the start, every one of them."""
        self.paid_rule_evaluations: Counter[str] = Counter()
        """Beyond the free ones, by load balancer, since the start."""
        self.divisors: dict[tuple[str, str], int] = {}
        """By load balancer and group: among how many targets RequestCountPerTarget divides its requests."""
        self._same: dict[Alike, _Same] = {}
        self._meanings: dict[tuple[object, ...], _Meaning] = {}
        self._waiting: dict[tuple[str, str], list[float]] = {}
        self._spread: dict[tuple[str, str], StatisticSet] = {}
        self._extra: dict[Key, float] = {}
        self._second = 0

    def take(self, batch: Batch) -> None:
        """A batch is over."""
        second = int(batch.records[-1].ended_at)
        if second != self._second:
            self.settle()
            self._second = second
        same = self._same
        for record, alike in zip(batch.records, batch.alike, strict=True):
            entry = same.get(alike)
            if entry is None:
                entry = same[alike] = self._begin(alike, record)
            entry.count += 1
            entry.bytes += record.received_bytes + record.sent_bytes
            if record.target_status_code:
                entry.times.append(record.target_processing_time)
            if record.marks:
                self._note(record)
        for place, waiting in self._waiting.items():
            if waiting:
                self._spread_out(place, waiting)

    def count(self, key: Key, second: int, amount: float) -> None:
        """Count what no exchange tells of."""
        self.store.add(key, second, amount)
        self.totals[key] = self.totals.get(key, 0) + amount

    def settle(self) -> None:
        """Work out what has been taken up to now."""
        fresh, self._extra = self._extra, {}
        for alike, entry in list(self._same.items()):
            if entry.count:
                meaning = entry.meaning
                meaning.count += entry.count
                meaning.bytes += entry.bytes
                self._count_outcome(entry.outcome, entry.count)
                entry.count = entry.bytes = 0
            else:
                del self._same[alike]
        for key, meaning in list(self._meanings.items()):
            if meaning.count:
                self._work_out(meaning, fresh)
            else:
                del self._meanings[key]
        for counted, amount in fresh.items():
            self.count(counted, self._second, amount)
        for (elb, group), spread in self._spread.items():
            for timed in (Key(_TIME, elb), Key(_TIME, elb, group)):
                self.store.add_set(timed, self._second, spread)
            known = self.times.setdefault(Key(_TIME, elb, group), spread)
            if known is not spread:
                known.add(spread)
        self._spread = {}

    def sums(self) -> Counter[str]:
        """What has been counted since the start, of all load balancers together, by name. What is 0 is left out."""
        self.settle()
        sums: Counter[str] = Counter()
        for key, total in self.totals.items():
            metric = METRICS[key.metric]
            if total and metric.name != _PER_TARGET and (key.target_group is None) == metric.is_of_load_balancers:
                sums[key.metric] += int(total)
        return sums

    # -- records -------------------------------------------------------------------------------------------------------

    def _begin(self, alike: Alike, record: ExchangeRecord) -> _Same:
        outcome = _outcome(record)
        origin, decision, basis, address, *rest = alike.key
        but_for_target = (origin, decision, basis, address is None, *rest)
        meaning = self._meanings.get(but_for_target)
        if meaning is None:
            meaning = self._meanings[but_for_target] = _Meaning(record, outcome)
        times = self._waiting.setdefault((outcome.load_balancer, outcome.target_group), [])
        return _Same(outcome, meaning, times)

    def _note(self, record: ExchangeRecord) -> None:
        for name in record.marks:
            if record.target_address is not None or name not in _IF_REACHED:
                key = Key(name, record.facts.elb)
                self._extra[key] = self._extra.get(key, 0) + 1

    def _spread_out(self, place: tuple[str, str], times: list[float]) -> None:
        spread = self._spread.get(place)
        if spread is None:
            spread = self._spread[place] = StatisticSet(0, 0.0, times[0], times[0], empty())
        spread.samples += len(times)
        spread.sum += sum(times)
        spread.minimum = min(spread.minimum, *times)
        spread.maximum = max(spread.maximum, *times)
        counts = spread.buckets
        assert counts is not None
        for duration_s in times:
            counts[bisect_left(BOUNDS, duration_s)] += 1
        times.clear()

    def _work_out(self, meaning: _Meaning, fresh: dict[Key, float]) -> None:
        count, moved = meaning.count, meaning.bytes
        meaning.count = meaning.bytes = 0
        for key in meaning.keys:
            fresh[key] = fresh.get(key, 0) + count
        for key in meaning.byte_keys:
            fresh[key] = fresh.get(key, 0) + moved
        if meaning.evaluations:
            fresh[meaning.rule_key] = fresh.get(meaning.rule_key, 0) + count * meaning.evaluations
            if meaning.evaluations > FREE_RULE_EVALUATIONS:
                paid = count * (meaning.evaluations - FREE_RULE_EVALUATIONS)
                self.paid_rule_evaluations[meaning.rule_key.load_balancer] += paid
        if meaning.per_target is not None:
            _, elb, group = meaning.per_target
            divisor = self.divisors.get((elb, group or ""), 0)
            if divisor:
                fresh[meaning.per_target] = fresh.get(meaning.per_target, 0) + count / divisor

    def _count_outcome(self, outcome: Outcome, count: int) -> None:
        if outcome not in self.requests and len(self.requests) >= LABELS_MAX:
            outcome = outcome._replace(target=OTHER if outcome.target else "")
        self.requests[outcome] = self.requests.get(outcome, 0) + count


def _dimension(arn: str | None) -> str:
    """`targetgroup/web/73e2d6bc24d8a067` of a group's ARN."""
    return "" if arn is None else arn.rpartition(":")[2]


def _outcome(record: ExchangeRecord) -> Outcome:
    # What an exchange knows beyond its record; a request that never became one has none of it.
    target = getattr(record, "target", None)
    name = record.target_address or ""
    if target is not None:
        name = target.target.name
    return Outcome(
        record.facts.elb, _dimension(record.target_group_arn), name, record.elb_status_code, record.target_status_code
    )


def _names(record: ExchangeRecord) -> Iterator[str]:
    """The metrics that a record counts 1 for, whatever its connection and headers were like."""
    elb_code, target_code = record.elb_status_code, record.target_status_code
    if record.facts.is_ipv6:
        yield "IPv6RequestCount"
    if record.target_address is not None:
        yield "RequestCount"
        if record.basis is not None and record.basis.mode is RoutingMode.FAIL_OPEN:
            yield "UnhealthyRoutingRequestCount"
    if target_code:
        if 2 <= target_code // 100 <= 5:
            yield f"HTTPCode_Target_{target_code // 100}XX_Count"
        return
    if elb_code == 507:
        yield "HTTP_Redirect_Url_Limit_Exceeded_Count"
    elif record.action == "redirect":
        yield "HTTP_Redirect_Count"
    elif record.action == "fixed-response":
        yield "HTTP_Fixed_Response_Count"
    if 3 <= elb_code // 100 <= 5:
        yield f"HTTPCode_ELB_{elb_code // 100}XX_Count"
    if elb_code in _SINGLE_CODES:
        yield f"HTTPCode_ELB_{elb_code}_Count"
