"""What API calls have made of the file's resources, what is said of it, and what a reload makes of it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from simlb.controlplane.operations.draft import Draft
from simlb.core import ids
from simlb.core.changes import Changes, LoadBalancerFacts, contradictions
from simlb.core.model import Bind, Configuration, ForwardAction, Listener, LoadBalancer, Protocol, TargetGroup
from simlb.core.registrations import Registrations
from simlb.core.security_groups import NamedSecurityGroup

REGION = "ap-northeast-2"


def group(name: str, *, by: str = "file", port: int = 80) -> TargetGroup:
    return TargetGroup(name=name, arn=f"{ids.target_group_arn(REGION, name)[:-1]}{by[0]}", port=port)


def balancer(name: str, *groups: str, by: str = "file") -> LoadBalancer:
    lb_id = ids.resource_id(by, name)
    listeners = tuple(
        Listener(
            protocol=Protocol.HTTP,
            port=80 + number,
            arn=ids.listener_arn(REGION, name, lb_id, 80 + number),
            binds=(Bind(host="127.0.0.1", port=0),),
            default_action=ForwardAction.to(forwarded_to),
        )
        for number, forwarded_to in enumerate(groups)
    )
    arn = ids.load_balancer_arn(REGION, name, lb_id)
    return LoadBalancer(name=name, id=lb_id, arn=arn, dns_name=f"{name}.localhost", region=REGION, listeners=listeners)


def file(*balancers: LoadBalancer, groups: tuple[TargetGroup, ...] = ()) -> Configuration:
    return Configuration(load_balancers=balancers, target_groups={one.name: one for one in groups})


SHOP, WEB = balancer("shop", "web"), group("web")
FILE = file(SHOP, groups=(WEB,))
OWN, OWN_GROUP = balancer("own", "mine", by="api"), group("mine", by="api")


def drafted(changes: Changes | None = None) -> Draft:
    return Draft(FILE, changes or Changes(), Registrations(), 0.0, Random(1), region=REGION, home=REGION)


def made() -> Changes:
    draft = drafted()
    draft.put_target_group(OWN_GROUP)
    draft.put_load_balancer(OWN)
    draft.put_tags(OWN.arn, {"team": "a"})
    return draft.changes


def test_owners() -> None:
    draft = drafted(made())
    draft.put_target_group(replace(WEB, port=81))
    owners = {arn: draft.changes.owner(arn) for arn in (SHOP.arn, WEB.arn, OWN.arn, OWN_GROUP.arn)}
    assert owners == {SHOP.arn: "file", WEB.arn: "file", OWN.arn: "api", OWN_GROUP.arn: "api"}


def test_what_the_api_made_stays_over_any_file() -> None:
    changes = made()
    assert changes.after_reload(FILE) == (changes, ())
    assert changes.after_reload(file()) == (changes, ())
    assert list(changes.drift(FILE)) == []


def test_what_the_file_owns_is_as_it_says_again() -> None:
    draft = drafted()
    draft.put_target_group(replace(WEB, port=81))
    draft.remove_load_balancer(SHOP.arn)
    assert draft.configuration.load_balancers == ()
    assert list(draft.changes.drift(FILE)) == [
        "drift: load balancer shop was deleted through the API; a reload brings it back, as the file says.",
        "drift: target group web was changed through the API; a reload makes it as the file says.",
    ]
    after, told = draft.changes.after_reload(FILE)
    assert (after, after.applied_to(FILE)) == (Changes(), FILE)
    assert told == (
        "drift: load balancer shop was deleted through the API; now it is as the file says.",
        "drift: target group web was changed through the API; now it is as the file says.",
    )


def test_the_files_own_go_with_the_file_also_where_the_api_changed_them() -> None:
    draft = drafted()
    draft.put_target_group(replace(WEB, port=81))
    draft.put_load_balancer(replace(SHOP, names=("x.localhost",)))
    assert draft.changes.after_reload(file()) == (Changes(), ())


def test_names_that_the_file_newly_uses_are_the_files() -> None:
    changes = made()
    new = file(SHOP, balancer("own", "mine"), groups=(WEB, group("mine")))
    after, told = changes.after_reload(new)
    assert (after, after.applied_to(new)) == (Changes(), new)
    assert told == (
        "The API's load balancer own gives way to the file's of that name.",
        "The API's target group mine gives way to the file's of that name.",
    )


def test_a_group_that_the_file_drops_stays_where_the_api_forwards_to_it() -> None:
    draft = drafted()
    draft.put_load_balancer(balancer("own", "web", by="api"))
    after, told = draft.changes.after_reload(file())
    assert [(one.name, one.targets, after.owner(one.arn)) for one in after.target_groups.values()] == [
        ("web", (), "api")
    ]
    (said,) = told
    assert said.startswith("own forwards to target group web, which the file has no more: it is a group of the API's")
    assert after.after_reload(file()) == (after, ())


def test_tags_and_facts_go_with_what_they_are_of() -> None:
    draft = drafted(made())
    rule = ids.default_rule_arn(OWN.listeners[0].arn)
    for arn in (SHOP.arn, WEB.arn, rule, "arn:aws:acm:ap-northeast-2:000000000000:certificate/1"):
        draft.put_tags(arn, {"a": "b"})
    draft.put_facts(SHOP.arn, LoadBalancerFacts(created_at=1))
    after, _ = draft.changes.after_reload(file())
    assert after.tags.keys() == {OWN.arn, rule, "arn:aws:acm:ap-northeast-2:000000000000:certificate/1"}
    assert after.facts == {}
    assert draft.changes.after_reload(FILE)[0].tags == draft.changes.tags


def test_security_groups_that_the_api_gave_to_a_load_balancer_of_the_files() -> None:
    draft = drafted()
    draft.put_security_group(NamedSecurityGroup(id="sg-1", region=REGION, name="closed", description="nobody"))
    draft.put_facts(SHOP.arn, LoadBalancerFacts(created_at=1, security_groups=("sg-1",)))
    assert draft.configuration.load_balancers[0].security_group.inbound == ()
    assert len(list(draft.changes.drift(FILE))) == 1
    after, told = draft.changes.after_reload(FILE)
    assert (after.applied_to(FILE), len(told)) == (FILE, 1)
    assert after.facts == {SHOP.arn: LoadBalancerFacts(created_at=1)}


def test_records_of_other_services() -> None:
    draft = drafted()
    draft.put_record("acm.certificate", "a", {"x": 1})
    draft.put_record("acm.certificate", "b", {"x": 2})
    draft.put_record("acm.certificate", "a", {"x": 3})
    assert draft.changes.records == {"acm.certificate": {"a": {"x": 3}, "b": {"x": 2}}}
    assert draft.changes.after_reload(FILE) == (draft.changes, ())
    draft.remove_record("acm.certificate", "a")
    draft.remove_record("acm.certificate", "a")
    draft.remove_record("acm.certificate", "b")
    assert draft.changes == Changes()


@pytest.mark.parametrize(
    ("balancers", "count"),
    [
        ((SHOP, OWN), 0),
        ((balancer("a", "web", "web"),), 0),
        ((SHOP, balancer("b", "web", by="api")), 1),
    ],
)
def test_a_group_belongs_to_one_load_balancer(balancers: tuple[LoadBalancer, ...], count: int) -> None:
    groups = (WEB, OWN_GROUP)
    assert len(list(contradictions(file(*balancers, groups=groups)))) == count


def test_what_changes_leave_alone_is_the_same_object() -> None:
    """Whoever compares by identity finds what has changed, and nothing else."""
    closed = NamedSecurityGroup(id="sg-1", region=REGION, name="closed", description="closed")
    facts = LoadBalancerFacts(created_at=1.0, security_groups=("sg-1",))
    before = Changes(
        load_balancers={OWN.arn: OWN, SHOP.arn: replace(SHOP, names=("a.localhost",))},
        target_groups={OWN_GROUP.arn: OWN_GROUP, WEB.arn: replace(WEB, port=81)},
        changed=frozenset({SHOP.arn, WEB.arn}),
        facts={OWN.arn: facts},
        security_groups={"sg-1": closed},
    )
    old = before.applied_to(FILE)
    after = replace(
        before,
        load_balancers={**before.load_balancers, SHOP.arn: replace(SHOP, names=("b.localhost",))},
        tags={OWN.arn: {"a": "b"}},
    )
    new = after.applied_to(FILE)
    assert [one is other for one, other in zip(old.load_balancers, new.load_balancers, strict=True)] == [False, True]
    assert all(new.target_groups[name] is group for name, group in old.target_groups.items())
    assert new.load_balancers[1].security_group.inbound == ()
    opened = replace(after, facts={OWN.arn: replace(facts, security_groups=())}).applied_to(FILE)
    assert opened.load_balancers[0] is new.load_balancers[0]
    assert opened.load_balancers[1].security_group == OWN.security_group
