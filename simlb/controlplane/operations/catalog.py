"""A configuration by its ARNs and names. Made for each configuration of parts that are made for each load balancer.

A call changes one load balancer, and what is known of the others stays the same object.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from simlb.core.ids import default_rule_arn
from simlb.core.model import Configuration, Listener, LoadBalancer, Rule, TargetGroup
from simlb.core.remembered import LARGE_REMEMBERED_MAX, Remembered


@dataclass(frozen=True, slots=True)
class ListenerEntry:
    """A listener and whose it is."""

    load_balancer: LoadBalancer
    listener: Listener

    @property
    def arn(self) -> str:
        """Its ARN."""
        return self.listener.arn


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule and whose it is; `rule` is None for the default one."""

    listener: Listener
    rule: Rule | None
    arn: str


V = TypeVar("V")


class Chained(Mapping[str, V]):
    """Several mappings without a key in common as one, in their order.

    What one call asks for is mostly in one part: the part that was found last is asked first.
    """

    __slots__ = ("_latest", "_parts")

    def __init__(self, parts: Sequence[Mapping[str, V]]) -> None:
        self._parts = parts
        self._latest: Mapping[str, V] = {}

    def __getitem__(self, key: str) -> V:
        if key in self:
            return self._latest[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        if key in self._latest:
            return True
        for part in self._parts:
            if key in part:
                self._latest = part
                return True
        return False

    def __iter__(self) -> Iterator[str]:
        return itertools.chain.from_iterable(self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))


@dataclass(frozen=True, slots=True)
class _Part:
    """One load balancer's own. `ids` are the last parts of all its ARNs, `groups` the names of its target groups."""

    balancer: LoadBalancer
    listeners: Mapping[str, ListenerEntry]
    rules: Mapping[str, RuleEntry]
    ids: frozenset[str]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything there is, in the configuration's order, by ARN; rules by ascending priority, the default one last."""

    load_balancers: Mapping[str, LoadBalancer] = field(default_factory=dict)
    listeners: Mapping[str, ListenerEntry] = field(default_factory=dict)
    rules: Mapping[str, RuleEntry] = field(default_factory=dict)
    target_groups: Mapping[str, TargetGroup] = field(default_factory=dict)
    arns_of_groups: Mapping[str, str] = field(default_factory=dict)
    """ARNs of the target groups, by name."""

    users: Mapping[str, tuple[LoadBalancer, ...]] = field(default_factory=dict)
    """Load balancers whose actions forward to a target group, by its name."""

    _parts: Sequence[_Part] = ()

    @classmethod
    def of(cls, configuration: Configuration) -> Catalog:
        """Look through a configuration: at the load balancers that have not been seen yet."""
        return _catalog(configuration)

    def has_id(self, digits: str) -> bool:
        """Whether an ARN ends with these: what tells resources of one name apart."""
        is_of_group = any(arn.endswith(digits) for arn in self.target_groups)
        return is_of_group or any(digits in part.ids for part in self._parts)


def _look_through(configuration: Configuration) -> Catalog:
    load_balancers = configuration.load_balancers
    parts = [_part(balancer) for balancer in load_balancers]
    users: dict[str, tuple[LoadBalancer, ...]] = {}
    for part in parts:
        for name in part.groups:
            users[name] = (*users.get(name, ()), part.balancer)
    groups = configuration.target_groups.values()
    return Catalog(
        load_balancers={balancer.arn: balancer for balancer in load_balancers},
        listeners=Chained([part.listeners for part in parts]),
        rules=Chained([part.rules for part in parts]),
        target_groups={group.arn: group for group in groups},
        arns_of_groups={group.name: group.arn for group in groups},
        users=users,
        _parts=parts,
    )


_catalog = Remembered(_look_through, LARGE_REMEMBERED_MAX)


@Remembered
def _part(balancer: LoadBalancer) -> _Part:
    listeners = {listener.arn: ListenerEntry(balancer, listener) for listener in balancer.listeners}
    rules = {rule.arn: rule for listener in balancer.listeners for rule in rules_of(listener)}
    return _Part(
        balancer,
        listeners,
        rules,
        ids=frozenset([arn.rpartition("/")[2] for arn in (balancer.arn, *listeners, *rules)]),
        groups=balancer.target_group_names(),
    )


@Remembered
def rules_of(listener: Listener) -> tuple[RuleEntry, ...]:
    """In the order of their evaluation."""
    ordered = sorted(listener.rules, key=lambda rule: rule.priority)
    default = RuleEntry(listener, None, default_rule_arn(listener.arn))
    return (*(RuleEntry(listener, rule, rule.arn) for rule in ordered), default)
