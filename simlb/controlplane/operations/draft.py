"""A change that an API call is making: what there will be if nothing goes wrong. Nothing of it is in force before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import Any

from simlb.controlplane.operations.catalog import Catalog
from simlb.core.changes import Changes, LoadBalancerFacts
from simlb.core.ids import name_here
from simlb.core.model import Configuration, Listener, LoadBalancer, Target, TargetGroup
from simlb.core.regional import NOTHING, in_region
from simlb.core.registrations import Registration, Registrations
from simlb.core.security_groups import NamedSecurityGroup


class Draft:
    """Load balancers, target groups, targets and tags, to be changed. Operations check first, then write.

    What is read of it is what there is in `region`; what is written may be anything's. `home` is the region of the
    configuration file, `file` what that says; `now` wall-clock time; `random` what ids are made of.
    """

    def __init__(
        self,
        file: Configuration,
        changes: Changes,
        registrations: Registrations,
        now: float,
        random: Random,
        *,
        region: str,
        home: str,
    ) -> None:
        self._file = file
        self._region = region
        self._home = home
        self.changes = changes
        self.registrations = registrations
        self.now = now
        self._random = random
        self._made_of = (changes, registrations)
        self._configuration: Configuration | None = None
        self._catalog: Catalog | None = None

    def new_id(self) -> str:
        """16 lower-case hex digits, by which AWS tells resources of one name apart; no ARN has them yet."""
        while True:
            digits = f"{self._random.getrandbits(64):016x}"
            if not Catalog.of(self.everything).has_id(digits):
                return digits

    def name(self, aws_name: str) -> str:
        """What simlb calls a load balancer or target group of the region."""
        return name_here(self._home, self._region, aws_name)

    @property
    def file(self) -> Configuration:
        """What the file says of the region: nothing, where that is not its own."""
        return self._file if self._region == self._home else NOTHING

    @property
    def configuration(self) -> Configuration:
        """The load balancers and target groups of the region as they would be."""
        return in_region(self.everything, self._region)

    @property
    def everything(self) -> Configuration:
        """What there would be in all regions."""
        made_of = (self.changes, self.registrations)
        if self._configuration is None or any(a is not b for a, b in zip(made_of, self._made_of, strict=True)):
            self._made_of = made_of
            self._configuration = self.registrations.applied_to(self.changes.applied_to(self._file))
        return self._configuration

    @property
    def catalog(self) -> Catalog:
        """Those of the region by ARN. As of the last write."""
        if self._catalog is None:
            self._catalog = Catalog.of(self.configuration)
        return self._catalog

    def put_load_balancer(self, balancer: LoadBalancer) -> None:
        """A new load balancer, or one as it is to be from now on (listeners and rules included)."""
        held = {**self.changes.load_balancers, balancer.arn: balancer}
        self._change(load_balancers=held, changed=self.changes.changed | self._of_file(balancer.arn))

    def put_listener(self, balancer: LoadBalancer, listener: Listener, *, arn: str | None = None) -> None:
        """A new listener of `balancer`; with `arn` in place of the one that has that ARN."""
        listeners = tuple(listener if present.arn == arn else present for present in balancer.listeners)
        if arn is None:
            listeners = (*listeners, listener)
        self.put_load_balancer(replace(balancer, listeners=listeners))

    def remove_load_balancer(self, arn: str) -> None:
        """Delete it, with its listeners and rules."""
        self._forget(arn, load_balancers={key: one for key, one in self.changes.load_balancers.items() if key != arn})

    def put_target_group(self, group: TargetGroup) -> None:
        """A new target group, or one as it is to be; its targets stay as they are."""
        held = {**self.changes.target_groups, group.arn: replace(group, targets=())}
        self._change(target_groups=held, changed=self.changes.changed | self._of_file(group.arn))

    def remove_target_group(self, group: TargetGroup) -> None:
        """Delete it. Its targets are registered there no more."""
        added = tuple(item for item in self.registrations.added if item.target_group != group.name)
        removed = tuple(item for item in self.registrations.removed if item.target_group != group.name)
        self.registrations = replace(self.registrations, added=added, removed=removed)
        rest = {key: one for key, one in self.changes.target_groups.items() if key != group.arn}
        self._forget(group.arn, target_groups=rest)

    def register(self, group: TargetGroup, targets: Iterable[Target]) -> None:
        """More targets in the group. Harmless for those that are there."""
        present = {target.key for target in group.targets}
        wanted = {target.key: target for target in targets if target.key not in present}
        self.registrations = self.registrations.register_all(group.name, wanted.values())
        self._catalog = None

    def deregister(self, group: TargetGroup, targets: Iterable[Target]) -> None:
        """Those registered targets no more: they drain. Their processes go on running, as instances do."""
        items = [Registration(group.name, target, by="api") for target in targets]
        self.registrations = self.registrations.deregister_all(items)
        self._catalog = None

    def put_tags(self, arn: str, tags: dict[str, str]) -> None:
        """All tags of a resource."""
        held = self.changes.tags
        if tags == held.get(arn, {}):
            return
        if tags:
            self._change(tags={**held, arn: tags})
        else:
            self._change(tags={key: others for key, others in held.items() if key != arn})

    def put_facts(self, arn: str, facts: LoadBalancerFacts) -> None:
        """What the API tells of a load balancer."""
        self._change(facts={**self.changes.facts, arn: facts})

    def put_security_group(self, group: NamedSecurityGroup) -> None:
        """A new security group, or one as it is to be: the load balancers that name it follow."""
        self._change(security_groups={**self.changes.security_groups, group.id: group})

    def remove_security_group(self, group_id: str) -> None:
        """Delete it. Check first that nobody names it."""
        rest = {key: one for key, one in self.changes.security_groups.items() if key != group_id}
        self._change(security_groups=rest)

    def put_record(self, kind: str, key: str, body: Any) -> None:
        """What another service keeps, in the same transaction: a new record, or one as it is to be.

        `kind` is `<service>.<thing>`. `body` is plain JSON values; never change one in place, put another.
        """
        assert "." in kind
        held = self.changes.records
        self._change(records={**held, kind: {**held.get(kind, {}), key: body}})

    def remove_record(self, kind: str, key: str) -> None:
        """Forget a record. Harmless when it is not there."""
        held = self.changes.records
        rest = {other: body for other, body in held.get(kind, {}).items() if other != key}
        others = {other: bodies for other, bodies in held.items() if other != kind}
        self._change(records={**others, kind: rest} if rest else others)

    def _forget(self, arn: str, **rest: object) -> None:
        self._change(
            changed=self.changes.changed - {arn},
            removed=self.changes.removed | self._of_file(arn),
            tags={key: held for key, held in self.changes.tags.items() if key != arn},
            facts={key: held for key, held in self.changes.facts.items() if key != arn},
            **rest,
        )

    def _of_file(self, arn: str) -> frozenset[str]:
        """The ARN, if it is one of the file's."""
        own = {balancer.arn for balancer in self._file.load_balancers}
        own |= {group.arn for group in self._file.target_groups.values()}
        return frozenset({arn}) & own

    def _change(self, **members: object) -> None:
        self.changes = replace(self.changes, **members)  # type: ignore[arg-type]
        self._catalog = None
