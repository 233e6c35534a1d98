"""Decides what has been seen: facts in, ticks out. It holds no sockets and no clocks.

A check is satisfied once and for all. `Watch` keeps what that takes: how often, on how many targets, what was there
before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from simlb.console.learning import check_kinds as kinds
from simlb.console.learning.course import Course
from simlb.console.learning.facts import (
    ClientTried,
    DnsAnswered,
    Fact,
    HandshakeFailed,
    Probed,
    Standing,
    TargetStanding,
    TargetWas,
)
from simlb.core.events import ApiCalled, RequestFinished, RequestsCounted

ANY_ERROR = "*"
_TARGETS_MAX = 50


class Tick(NamedTuple):
    """An observation of a step (or, `is_mistake`, a mistake) that has been seen."""

    step: int
    item: str
    is_mistake: bool


class Watch:
    """One check, and what it has seen so far."""

    def __init__(self, check: kinds.Check) -> None:
        self.is_satisfied = False
        self._check = check
        self._parts = (
            [Watch(part) for part in check.of] if isinstance(check, kinds.AllOf | kinds.InOrder | kinds.AnyOf) else []
        )
        parts = frozenset[type]().union(*(part.facts for part in self._parts))
        self.facts: frozenset[type] = parts or frozenset(_FACTS[type(check)])
        """The kinds of facts that it has to be told of."""
        self._targets: set[str] = set()
        self._had_some = False
        self._standing = Standing()

    def take(self, fact: Fact) -> bool:
        """Whether that is satisfied by now."""
        if not self.is_satisfied:
            self.is_satisfied = self._take(fact)
        if isinstance(fact, Standing):
            self._standing = fact
        return self.is_satisfied

    def _take(self, fact: Fact) -> bool:
        check = self._check
        match check:
            case kinds.AnyOf():
                return sum(part.take(fact) for part in self._parts) > 0  # each of them has to see it
            case kinds.AllOf():
                return sum(part.take(fact) for part in self._parts) == len(self._parts)
            case kinds.InOrder():
                return self._is_next(fact)
            case kinds.Requested():
                return self._is_requested(check, fact)
            case kinds.Gone():
                return self._is_gone(check, fact)
            case kinds.TlsFailed():
                return _tls_failed(check, fact) and _has_fault(check.fault, self._standing)
            case _:
                return _LEAVES[type(check)](check, fact)

    def _is_next(self, fact: Fact) -> bool:
        """One fact is one part's; of how things stand the others may still want to know."""
        waiting = next(part for part in self._parts if not part.is_satisfied)
        if isinstance(fact, Standing):
            for part in self._parts:
                part._standing = fact
        return waiting.take(fact) and all(part.is_satisfied for part in self._parts)

    def _is_requested(self, check: kinds.Requested, fact: Fact) -> bool:
        if not isinstance(fact, RequestFinished | RequestsCounted) or not _is_request(check, fact):
            return False
        if check.while_all is not None and {check.while_all} not in _states(self._standing).values():
            return False
        if check.targets == 1:
            return True
        if fact.target is not None and len(self._targets) < _TARGETS_MAX:
            self._targets.add(fact.target)
        return len(self._targets) >= check.targets

    def _is_gone(self, check: kinds.Gone, fact: Fact) -> bool:
        if not isinstance(fact, Standing):
            return False
        present = getattr(fact, check.what)
        count = present if isinstance(present, int) else len(present)
        is_gone = self._had_some and not count
        had = len(fact.listeners) if check.what == "load_balancers" else count
        self._had_some = self._had_some or had > 0
        return is_gone


class Watches:
    """All checks of a course that are not satisfied yet."""

    def __init__(self, course: Course, done: Iterable[Tick] = ()) -> None:
        """`done` are those that need no watching any more."""
        seen = frozenset(done)
        self._waiting: dict[type, dict[Tick, Watch]] = {}
        for tick, check in _items(course):
            if tick not in seen:
                watch = Watch(check)
                for kind in watch.facts:
                    self._waiting.setdefault(kind, {})[tick] = watch

    def take(self, fact: Fact) -> list[Tick]:
        """What is seen with this fact for the first time."""
        ticks = [tick for tick, watch in self._waiting.get(type(fact), {}).items() if watch.take(fact)]
        for tick in ticks:
            for waiting in self._waiting.values():
                waiting.pop(tick, None)
        return ticks


def _items(course: Course) -> Iterator[tuple[Tick, kinds.Check]]:
    for step in course.steps:
        for observation in step.observe:
            yield Tick(step.number, observation.id, is_mistake=False), observation.check
        for mistake in step.mistakes:
            yield Tick(step.number, mistake.id, is_mistake=True), mistake.check


def _is_request(check: kinds.Requested, fact: RequestFinished | RequestsCounted) -> bool:
    if not (
        _is(check.elb, fact.elb_status_code)
        and _is(check.target, fact.target_status_code)
        and _is(check.port, fact.listener_port)
        and _is(check.action, fact.action)
    ):
        return False
    if check.host is None and check.failure is None:
        return True
    if isinstance(fact, RequestsCounted):
        return False
    return _like(check.host, fact.host) and _like(check.failure, fact.failure or "")


def _states(standing: Standing) -> Mapping[str, frozenset[str]]:
    """By group, in which states its targets are."""
    found: dict[str, set[str]] = {}
    for target in standing.targets:
        found.setdefault(target.group, set()).add(target.state)
    return {group: frozenset(states) for group, states in found.items()}


def _called(check: kinds.Called, fact: Fact) -> bool:
    if not isinstance(fact, ApiCalled) or fact.operation != check.operation:
        return False
    if not (_is(check.service, fact.service) and _is(check.region, fact.region)):
        return False
    if check.error == ANY_ERROR:
        if fact.error is None:
            return False
    elif fact.error != check.error:
        return False
    return _has(fact.parameters, check.parameters)


def _stated(check: kinds.Stated, fact: Fact) -> bool:
    if isinstance(fact, TargetWas):
        # Only a standing knows more: why, beside how many others, under which fault.
        return check == kinds.Stated(state=fact.state)
    if not isinstance(fact, Standing) or not _has_fault(check.fault, fact):
        return False
    counts: dict[str, int] = {}
    for target in fact.targets:
        if _is_state(check, target):
            counts[target.group] = counts.get(target.group, 0) + 1
    return any(count >= check.targets for count in counts.values())


def _is_state(check: kinds.Stated, target: TargetStanding) -> bool:
    return (
        target.state == check.state
        and _is(check.reason, target.reason)
        and _like(check.description, target.description or "")
    )


def _probed(check: kinds.Probed, fact: Fact) -> bool:
    return (
        isinstance(fact, Probed)
        and _is(check.status_code, fact.status_code)
        and _is(check.reason, fact.reason)
        and _like(check.path, fact.path)
    )


def _answered(check: kinds.Answered, fact: Fact) -> bool:
    return (
        isinstance(fact, DnsAnswered)
        and fact.type == check.type
        and _like(check.name, fact.name)
        and _is(check.leads_to, fact.leads_to)
    )


def _certified(check: kinds.Certified, fact: Fact) -> bool:
    return isinstance(fact, Standing) and any(
        one.status == check.status and _is(check.region, one.region) for one in fact.certificates
    )


def _balanced(check: kinds.Balanced, fact: Fact) -> bool:
    return isinstance(fact, Standing) and any(
        one.is_active == (check.state == "active") and _is(check.scheme, one.scheme) for one in fact.load_balancers
    )


def _listened(check: kinds.Listened, fact: Fact) -> bool:
    return isinstance(fact, Standing) and any(
        _is(check.protocol, one.protocol)
        and _is(check.port, one.port)
        and _is(check.action, one.action)
        and _is(check.gate, one.gate)
        for one in fact.listeners
    )


def _tried(check: kinds.Tried, fact: Fact) -> bool:
    return (
        isinstance(fact, ClientTried)
        and fact.outcome == check.outcome
        and _is(check.scheme, fact.scheme)
        and _is(check.status_code, fact.status_code)
        and _like(check.host, fact.host)
        and _like(check.location, fact.location)
    )


def _tls_failed(check: kinds.TlsFailed, fact: Fact) -> bool:
    return isinstance(fact, HandshakeFailed) and _is(check.port, fact.port)


def _has_fault(pattern: str | None, standing: Standing) -> bool:
    return pattern is None or any(fnmatchcase(words, pattern) for words in standing.faults)


_FACTS: Mapping[type[Any], tuple[type, ...]] = {
    kinds.Called: (ApiCalled,),
    kinds.Stated: (Standing, TargetWas),
    kinds.Requested: (RequestFinished, RequestsCounted, Standing),
    kinds.Probed: (Probed,),
    kinds.Answered: (DnsAnswered,),
    kinds.Certified: (Standing,),
    kinds.Balanced: (Standing,),
    kinds.Listened: (Standing,),
    kinds.Tried: (ClientTried,),
    kinds.TlsFailed: (HandshakeFailed, Standing),
    kinds.Gone: (Standing,),
}
"""By kind of check, what has to be looked at for it: requests come by the hundred in a second."""

_LEAVES: Mapping[type[Any], Callable[[Any, Fact], bool]] = {
    kinds.Called: _called,
    kinds.Stated: _stated,
    kinds.Probed: _probed,
    kinds.Answered: _answered,
    kinds.Certified: _certified,
    kinds.Balanced: _balanced,
    kinds.Listened: _listened,
    kinds.Tried: _tried,
}


def _is(wanted: object, seen: object) -> bool:
    """What is not asked for does not matter."""
    return wanted is None or wanted == seen


def _like(pattern: str | None, seen: str) -> bool:
    return pattern is None or fnmatchcase(seen, pattern)


def _has(given: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Names are patterns too: `Targets.*.Id`."""
    return all(
        any(fnmatchcase(name, pattern) and fnmatchcase(value, wish) for name, value in given.items())
        for pattern, wish in wanted.items()
    )
