"""Targets of a configuration as instances."""

from __future__ import annotations

from simlb.core import ids
from simlb.core.instances import instances_of, with_stopped
from simlb.core.model import Configuration, Target, TargetGroup, TargetType

REGION = "eu-west-1"
MACHINE = ids.instance_id(REGION, "machine")


def target(name: str, port: int, instance: str | None = None) -> Target:
    is_instance = instance is not None
    return Target(
        id=instance or "127.0.0.1",
        instance_ip="127.0.0.1" if is_instance else None,
        port=port,
        dial_host="127.0.0.1",
        dial_port=port,
        name=name,
    )


def groups(**targets: tuple[Target, ...]) -> Configuration:
    described = {
        name: TargetGroup(name=name, arn=name, target_type=TargetType.IP, targets=held)
        for name, held in targets.items()
    }
    return Configuration(load_balancers=(), target_groups=described)


CONFIGURATION = groups(
    api=(target("b", 9002), target("c", 9003)),
    web=(target("a", 9001, MACHINE), target("b", 9002, MACHINE)),
)


def test_targets_of_one_instance_are_one() -> None:
    found = instances_of(CONFIGURATION, REGION)
    assert {key: (each.targets, each.addresses) for key, each in found.items()} == {
        MACHINE: (("b", "a"), ("127.0.0.1:9002", "127.0.0.1:9001")),
        ids.instance_id(REGION, "c"): (("c",), ("127.0.0.1:9003",)),
    }
    assert found[MACHINE].name == "b, a"


def test_a_stopped_instance_is_stopped_in_every_group() -> None:
    stopped = with_stopped(CONFIGURATION, instances_of(CONFIGURATION, REGION)[MACHINE])
    found = {
        (name, target.name): target.is_stopped
        for name, group in stopped.target_groups.items()
        for target in group.targets
    }
    assert found == {("api", "b"): True, ("api", "c"): False, ("web", "a"): True, ("web", "b"): True}
