"""A configuration by its ARNs and names. Made once for each configuration; looking something up costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simlb.core.ids import default_rule_arn
from simlb.core.model import Configuration, Listener, LoadBalancer, Rule, TargetGroup
from simlb.core.remembered import Remembered


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

    @classmethod
    def of(cls, configuration: Configuration) -> Catalog:
        """Look through a whole configuration."""
        load_balancers = configuration.load_balancers
        listeners = [
            ListenerEntry(balancer, listener) for balancer in load_balancers for listener in balancer.listeners
        ]
        users: dict[str, tuple[LoadBalancer, ...]] = {}
        for balancer in load_balancers:
            for name in balancer.target_group_names():
                users[name] = (*users.get(name, ()), balancer)
        groups = configuration.target_groups.values()
        return cls(
            load_balancers={balancer.arn: balancer for balancer in load_balancers},
            listeners={entry.arn: entry for entry in listeners},
            rules={rule.arn: rule for entry in listeners for rule in rules_of(entry.listener)},
            target_groups={group.arn: group for group in groups},
            arns_of_groups={group.name: group.arn for group in groups},
            users=users,
        )


@Remembered
def rules_of(listener: Listener) -> tuple[RuleEntry, ...]:
    """In the order of their evaluation."""
    ordered = sorted(listener.rules, key=lambda rule: rule.priority)
    default = RuleEntry(listener, None, default_rule_arn(listener.arn))
    return (*(RuleEntry(listener, rule, rule.arn) for rule in ordered), default)
