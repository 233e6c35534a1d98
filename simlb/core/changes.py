"""What API calls have made of the file's load balancers and target groups, as a value that lies over the file.

Every resource has an owner: the file, or the API that created it. The API may change and delete what the file owns;
that is drift, and a reload gives it back to the file. Targets are not here: `simlb.core.registrations` has those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from simlb.core import foreign, ids, trust_stores
from simlb.core.model import Configuration, LoadBalancer, SecurityGroup, TargetGroup, TrustStore
from simlb.core.model.target_group import with_targets
from simlb.core.remembered import LARGE_REMEMBERED_MAX, Remembered, RememberedBeside
from simlb.core.security_groups import NamedSecurityGroup as NamedSecurityGroup
from simlb.core.security_groups import file_security_groups, gate_of, security_groups

Owner = Literal["file", "api"]
_ELBV2 = ":elasticloadbalancing:"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerFacts:
    """What the API tells of a load balancer beyond what the data plane needs to know.

    `created_at` is wall-clock time. `security_groups` are ids whose rules, together, are the load balancer's
    `security_group`.
    """

    created_at: float
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Load balancers (with listeners and rules) and target groups by ARN: new ones, and the file's as changed.

    `changed` and `removed` are ARNs of the file's that were changed and deleted. `tags` are by the ARN of any resource
    (for EC2's by the id), `facts` by the ARN of a load balancer; both may be there for resources that are otherwise as
    the file says. Target groups have no targets here. `security_groups` are by id: those that the API has made, and the
    file's and the default one as changed. `records` are what other services keep, by kind (`acm.certificate`) and key:
    plain JSON values, which are replaced and never changed in place.
    """

    load_balancers: Mapping[str, LoadBalancer] = field(default_factory=dict)
    target_groups: Mapping[str, TargetGroup] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    facts: Mapping[str, LoadBalancerFacts] = field(default_factory=dict)
    security_groups: Mapping[str, NamedSecurityGroup] = field(default_factory=dict)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def applied_to(self, file: Configuration) -> Configuration:
        """What is in force, before commands register targets: the file's resources as changed, then the API's own.

        What these changes leave alone, and what others before them had made the same, is the same object as before.
        """
        return _applied(self, file)

    def security_groups_of(self, balancer: LoadBalancer) -> tuple[str, ...]:
        """The ids of the security groups that a load balancer has; without any by the API, the one of its own."""
        facts = self.facts.get(balancer.arn)
        if facts is not None and facts.security_groups:
            return facts.security_groups
        return _own_group(balancer)

    def all_security_groups(self, file: Configuration, region: str) -> dict[str, NamedSecurityGroup]:
        """Every security group of the region by id: the default one, the file's and the API's."""
        return security_groups(file, region, self.security_groups)

    def trust_stores(self, file: Configuration) -> dict[str, TrustStore]:
        """Every trust store by ARN: those of the file's listeners and the API's."""
        return {**trust_stores.of_records(self.records), **trust_stores.of_file(file)}

    def owner(self, arn: str) -> Owner:
        """Whose load balancer or target group that is."""
        is_own = (arn in self.load_balancers or arn in self.target_groups) and arn not in self.changed
        return "api" if is_own else "file"

    @property
    def arns(self) -> frozenset[str]:
        """Everything that the API has touched, deleted things included."""
        return self.removed | self.load_balancers.keys() | self.target_groups.keys()

    def drift(self, file: Configuration) -> Iterator[str]:
        """How what is in force differs from what the file says of its own resources, one sentence each."""
        for balancer in file.load_balancers:
            yield from self._drift(balancer.arn, f"load balancer {balancer.name}")
            (own,) = _own_group(balancer)
            if own in self.security_groups:
                yield _changed(f"the security group of load balancer {balancer.name}")
        for group in file.target_groups.values():
            yield from self._drift(group.arn, f"target group {group.name}")

    def _drift(self, arn: str, words: str) -> Iterator[str]:
        facts = self.facts.get(arn)
        if arn in self.removed:
            yield f"drift: {words} was deleted through the API; a reload brings it back, as the file says."
        elif arn in self.changed or (facts is not None and facts.security_groups):
            yield _changed(words)

    def after_reload(self, file: Configuration) -> tuple[Changes, tuple[str, ...]]:
        """What stays when `file` is read anew: the API's own resources. And what to say about the rest.

        A resource of the API's whose name the file now uses gives way to the file's. A target group that the file has
        no more stays, without targets, where a load balancer of the API's forwards to it. What was said of load
        balancers and target groups that are gone goes with them.
        """
        told = [f"{sentence.partition(';')[0]}; now it is as the file says." for sentence in self.drift(file)]
        owned = {balancer.name: balancer.arn for balancer in file.load_balancers}
        balancers = {arn: balancer for arn, balancer in self.load_balancers.items() if arn not in self.changed}
        groups = {arn: group for arn, group in self.target_groups.items() if arn not in self.changed}
        for balancer in [balancer for balancer in balancers.values() if balancer.name in owned]:
            del balancers[balancer.arn]
            told.append(f"The API's load balancer {balancer.name} gives way to the file's of that name.")
        for group in [group for group in groups.values() if group.name in file.target_groups]:
            del groups[group.arn]
            told.append(f"The API's target group {group.name} gives way to the file's of that name.")
        known = {*file.target_groups, *(group.name for group in groups.values())}
        for balancer in balancers.values():
            for name in balancer.target_group_names():
                if name not in known:
                    known.add(name)
                    arn = ids.target_group_arn(balancer.region, ids.aws_name(name))
                    group = TargetGroup(name=name, arn=arn)
                    groups[group.arn] = group
                    told.append(
                        f"{balancer.name} forwards to target group {name}, which the file has no more: "
                        "it is a group of the API's now, without targets."
                    )
        facts = {
            arn: replace(facts, security_groups=()) if arn in owned.values() else facts
            for arn, facts in self.facts.items()
        }
        own = {group.id for group in file_security_groups(file)}
        kept = replace(
            self,
            load_balancers=balancers,
            target_groups=groups,
            facts=facts,
            security_groups={key: group for key, group in self.security_groups.items() if key not in own},
            changed=frozenset(),
            removed=frozenset(),
        )
        return kept.without_strays(file), tuple(told)

    def without_strays(self, file: Configuration) -> Changes:
        """Without tags and facts of elbv2's resources that are not there."""
        there: set[str] = set()
        configuration = self.applied_to(file)
        for balancer in configuration.load_balancers:
            there.add(balancer.arn)
            for listener in balancer.listeners:
                there |= {listener.arn, ids.default_rule_arn(listener.arn), *(rule.arn for rule in listener.rules)}
        there |= self.trust_stores(file).keys()
        there |= {group.arn for group in configuration.target_groups.values()}
        strays = {arn for arn in {*self.tags, *self.facts} if _ELBV2 in arn and arn not in there}
        return replace(
            self,
            tags={arn: tags for arn, tags in self.tags.items() if arn not in strays},
            facts={arn: facts for arn, facts in self.facts.items() if arn not in strays},
        )


def contradictions(configuration: Configuration) -> Iterator[str]:
    """What cannot be served of file and API together: what is used and not there, target groups of two load balancers.

    Neither says so by itself; a file that has changed beneath the API's own load balancers may.
    """
    users: dict[str, str] = {}
    for balancer in configuration.load_balancers:
        for name in balancer.target_group_names():
            if name not in configuration.target_groups:
                yield f"load balancer {balancer.name} forwards to target group {name}, which is not there any more"
            elif users.setdefault(name, balancer.name) != balancer.name:
                yield f"load balancers {users[name]} and {balancer.name} both forward to target group {name}"
        for listener in balancer.listeners:
            mutual = listener.mutual_authentication
            if mutual is not None and mutual.mode == "verify" and mutual.trust_store is None:
                what = f"trust store {mutual.trust_store_arn}, which is not there any more"
                yield f"listener {listener.port} of load balancer {balancer.name} verifies against {what}"


def _lay_over(changes: Changes, file: Configuration) -> Configuration:
    if not (
        changes.load_balancers or changes.target_groups or changes.removed or changes.facts or changes.security_groups
    ):
        return file
    balancers = {balancer.arn: balancer for balancer in file.load_balancers if balancer.arn not in changes.removed}
    balancers |= changes.load_balancers
    known: dict[str, Mapping[str, NamedSecurityGroup]] = {}
    gates: dict[tuple[str, ...], SecurityGroup] = {}
    stores = changes.trust_stores(file)
    for arn, balancer in balancers.items():
        if trust_stores.named_by(balancer):
            balancers[arn] = balancer = trust_stores.resolved(balancer, stores)
        facts, own = changes.facts.get(arn), _own_group(balancer)
        named = facts.security_groups if facts is not None and facts.security_groups else own
        if named == own and changes.security_groups.keys().isdisjoint(own):
            continue  # as it is
        gate = gates.get(named)
        if gate is None:
            region = balancer.region
            here = known.get(region) or known.setdefault(region, changes.all_security_groups(file, region))
            there = foreign.named_groups(changes.records, named)
            gate = gates[named] = gate_of(named, {**there, **here} if there else here)
        balancers[arn] = _with_gate(balancer, gate)
    groups = {group.arn: group for group in file.target_groups.values() if group.arn not in changes.removed}
    for arn, group in changes.target_groups.items():
        groups[arn] = with_targets(group, groups[arn].targets if arn in groups else ())
    return replace(
        file,
        load_balancers=tuple(balancers.values()),
        target_groups={group.name: group for group in groups.values()},
    )


_applied = RememberedBeside(_lay_over, LARGE_REMEMBERED_MAX)


@RememberedBeside
def _with_gate(balancer: LoadBalancer, gate: SecurityGroup) -> LoadBalancer:
    return replace(balancer, security_group=gate)


@Remembered
def _own_group(balancer: LoadBalancer) -> tuple[str]:
    return (ids.security_group_id(balancer.region, balancer.aws_name),)


def _changed(words: str) -> str:
    return f"drift: {words} was changed through the API; a reload makes it as the file says."
