"""A change touches what it changes: other load balancers are neither prepared nor committed, and keep their objects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from simlb import config
from simlb.app.application import App
from simlb.app.elbv2 import AppEstate
from simlb.app.keeping import Keeping
from simlb.app.options import AppOptions
from simlb.clock import ManualClock
from simlb.config.certificates import UnissuedCertificates
from simlb.controlplane.operations.draft import Draft
from simlb.controlplane.records.state import State
from simlb.core import ids
from simlb.core.changes import LoadBalancerFacts
from simlb.core.model import (
    Bind,
    Configuration,
    FixedResponseAction,
    ForwardAction,
    Listener,
    LoadBalancer,
    PathPatternCondition,
    Protocol,
    Rule,
    Target,
    TargetGroup,
)
from simlb.core.plan import ListenerPlan
from simlb.core.security_groups import NamedSecurityGroup
from simlb.dataplane.node import LoadBalancerNode, Prepared
from tests.app.conftest import Audience

REGION = "ap-northeast-2"
SG = "sg-0123456789abcdef0"


def group(name: str) -> TargetGroup:
    return TargetGroup(name=name, arn=ids.target_group_arn(REGION, name))


def target(port: int) -> Target:
    return Target(id="127.0.0.1", port=port, dial_host="127.0.0.1", dial_port=port, name=f"i-{port}")


def rule(listener_arn: str, priority: int, to: str) -> Rule:
    return Rule(
        priority=priority,
        arn=ids.new_rule_arn(listener_arn, f"{priority:016x}"),
        conditions=(PathPatternCondition(values=(f"/{priority}/*",)),),
        action=ForwardAction.to(to),
    )


def balancer(name: str, *groups: str) -> LoadBalancer:
    lb_id = ids.resource_id("api", name)
    arn = ids.load_balancer_arn(REGION, name, lb_id)
    listener_arn = ids.new_listener_arn(arn, "0" * 16)
    listener = Listener(
        protocol=Protocol.HTTP,
        port=80,
        arn=listener_arn,
        binds=(Bind(host="127.0.0.1", port=0),),
        default_action=FixedResponseAction(status_code=200),
        rules=tuple(rule(listener_arn, number, to) for number, to in enumerate(groups, 1)),
    )
    return LoadBalancer(
        name=name, id=lb_id, arn=arn, dns_name=f"{name}.localhost", region=REGION, listeners=(listener,)
    )


class Estate:
    """Two load balancers of the API's with two groups each, and which of them were touched by the last change."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def load() -> config.Compiled:
            return config.empty(region=REGION, certificates=UnissuedCertificates(REGION))

        options = AppOptions(
            instance="default", state_dir=folder, certs_dir=folder, load=load, keeps_state=True, dns_port=None
        )
        self.audience = Audience()
        self.app = App(options, self.audience, load(), clock=ManualClock())
        self.prepared: list[str] = []
        self.committed: list[str] = []
        prepare, commit = LoadBalancerNode.prepare, LoadBalancerNode.commit

        def preparing(node: LoadBalancerNode, load_balancer: LoadBalancer) -> Prepared:
            self.prepared.append(load_balancer.name)
            return prepare(node, load_balancer)

        async def committing(node: LoadBalancerNode, prepared: Prepared, groups: dict[str, TargetGroup]) -> None:
            self.committed.append(prepared.load_balancer.name)
            await commit(node, prepared, groups)

        monkeypatch.setattr(LoadBalancerNode, "prepare", preparing)
        monkeypatch.setattr(LoadBalancerNode, "commit", committing)

    async def start(self) -> None:
        await self.app.start()

        def make(draft: Draft) -> None:
            for name in ("a", "b"):
                for number in (1, 2):
                    draft.put_target_group(group(f"{name}{number}"))
                    draft.register(group(f"{name}{number}"), [target(number)])
                draft.put_load_balancer(balancer(name, f"{name}1", f"{name}2"))
                draft.put_facts(balancer(name).arn, LoadBalancerFacts(created_at=1.0, security_groups=(SG + name,)))
                draft.put_security_group(
                    NamedSecurityGroup(id=SG + name, region="ap-northeast-2", name=name, description=name)
                )

        await AppEstate(self.app).change(make)
        assert self.touched() == ["a", "b"]

    def touched(self) -> list[str]:
        """Since this was last asked."""
        assert self.prepared == self.committed
        touched, self.prepared, self.committed = sorted(self.prepared), [], []
        return touched

    def plan(self, name: str) -> ListenerPlan:
        return self.app.nodes[name].listeners[80].plan

    def balancer(self, name: str) -> LoadBalancer:
        return next(each for each in self.app.configuration.load_balancers if each.name == name)


@pytest.fixture
async def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Estate]:
    estate = Estate(tmp_path, monkeypatch)
    await estate.start()
    yield estate
    await estate.app.close(grace_s=0)


async def test_a_rule_is_its_own_load_balancers_affair(estate: Estate) -> None:
    plan, other_plan = estate.plan("a"), estate.plan("b")
    groups = {name: live.targets for name, live in estate.app.nodes["a"].groups.items()}
    other = estate.balancer("b")

    def create(draft: Draft) -> None:
        (listener,) = draft.catalog.load_balancers[balancer("a").arn].listeners
        wanted = replace(listener, rules=(*listener.rules, rule(listener.arn, 9, "a1")))
        draft.put_listener(draft.catalog.load_balancers[balancer("a").arn], wanted, arn=listener.arn)

    await AppEstate(estate.app).change(create)
    assert estate.touched() == ["a"]
    assert estate.plan("b") is other_plan
    assert estate.balancer("b") is other
    assert estate.plan("a") is not plan
    assert [each.priority for each in estate.plan("a").listener.rules] == [1, 2, 9]
    # The target groups of the load balancer that was changed are as they were, too.
    assert all(live.targets is groups[name] for name, live in estate.app.nodes["a"].groups.items())


@pytest.mark.parametrize("kind", ["tags", "record"])
async def test_what_is_only_said_is_only_kept(estate: Estate, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before: Configuration = estate.app.configuration
    kept: list[State] = []
    keep = Keeping.keep

    async def keeping(self: Keeping, region: str, state: State) -> None:
        kept.append(state)
        await keep(self, region, state)

    monkeypatch.setattr(Keeping, "keep", keeping)
    events = len(estate.audience.events)

    def say(draft: Draft) -> None:
        if kind == "tags":
            draft.put_tags(balancer("a").arn, {"team": "b"})
        else:
            draft.put_record("vault.thing", "x", {"value": 1})

    await AppEstate(estate.app).change(say)
    assert estate.touched() == []
    assert estate.app.configuration is before
    assert [state.changes for state in kept] == [estate.app.changes]
    assert estate.app.changes.tags.get(balancer("a").arn) == ({"team": "b"} if kind == "tags" else None)
    assert len(estate.audience.events) == events


async def test_targets_are_their_groups_affair(estate: Estate) -> None:
    plans = {name: estate.plan(name) for name in "ab"}
    node = estate.app.nodes["a"]
    other = node.groups["a2"].targets
    await AppEstate(estate.app).change(lambda draft: draft.register(group("a1"), [target(7)]))
    assert estate.touched() == ["a"]
    assert {name: estate.plan(name) for name in "ab"} == plans
    assert node.groups["a2"].targets is other
    assert len(node.groups["a1"].targets) == 1 + len(other)


async def test_a_security_group_is_the_affair_of_those_who_have_it(estate: Estate) -> None:
    await AppEstate(estate.app).change(
        lambda draft: draft.put_security_group(
            NamedSecurityGroup(id=f"{SG}a", region="ap-northeast-2", name="a", description="closed", rules=())
        )
    )
    assert estate.touched() == []  # it has let nobody in before either
    await AppEstate(estate.app).change(
        lambda draft: draft.put_facts(balancer("a").arn, LoadBalancerFacts(created_at=1.0))
    )
    assert estate.touched() == ["a"]


async def test_a_load_balancer_that_goes_takes_nobody_along(estate: Estate) -> None:
    other_plan = estate.plan("b")
    await AppEstate(estate.app).change(lambda draft: draft.remove_load_balancer(balancer("a").arn))
    assert estate.touched() == []
    assert list(estate.app.nodes) == ["b"]
    assert estate.plan("b") is other_plan
    assert set(estate.app.spare.groups) >= {"a1", "a2"}


async def test_a_group_that_changes_hands_touches_both(estate: Estate) -> None:
    def move(draft: Draft) -> None:
        draft.put_load_balancer(replace(balancer("a", "a1"), listeners=balancer("a", "a1").listeners))
        draft.put_load_balancer(balancer("b", "b1", "b2", "a2"))

    await AppEstate(estate.app).change(move)
    assert estate.touched() == ["a", "b"]
    assert estate.app.nodes["b"].groups["a2"].in_use


async def test_a_reload_looks_at_everything(estate: Estate) -> None:
    """Certificates may have changed where they are."""
    await estate.app.reload()
    assert estate.touched() == ["a", "b"]


async def test_one_that_cannot_be_kept_leaves_all_as_they_are(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = {name: estate.plan(name) for name in "ab"}

    async def full(self: Keeping, region: str, state: State) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Keeping, "keep", full)
    with pytest.raises(OSError, match="no room"):
        await AppEstate(estate.app).change(lambda draft: draft.put_load_balancer(balancer("a", "a1")))
    assert estate.prepared == ["a"]
    assert estate.committed == []
    assert {name: estate.plan(name) for name in "ab"} == plans
