"""Targets of instances that are stopped."""

from __future__ import annotations

from simlb.core.instances import targets_of, with_stopped
from simlb.core.model import Configuration, Instance, InstancePort, Target, TargetGroup

MACHINE = Instance(
    id="i-0123456789abcdef0",
    name="machine",
    ip="127.0.0.1",
    dial_host="127.0.0.1",
    ports=(InstancePort(port=9001, target="a"), InstancePort(port=9002, target="b")),
)


def group(name: str, *targets: Target) -> TargetGroup:
    return TargetGroup(name=name, arn=name, targets=targets)


def test_a_stopped_instance_is_stopped_in_every_group() -> None:
    """By its id, on whatever port; as an address by the target's name."""
    other = Target(id="127.0.0.1", port=9003, dial_host="127.0.0.1", dial_port=9003, name="c")
    api = group("api", Target(id="127.0.0.1", port=9002, dial_host="127.0.0.1", dial_port=9002, name="b"), other)
    web = group("web", MACHINE.target(9001, 80), MACHINE.target(9999, 80))
    configuration = Configuration(load_balancers=(), target_groups={"api": api, "web": web}, instances=(MACHINE,))
    found = {
        (name, target.port): target.is_stopped
        for name, group in with_stopped(configuration, MACHINE).target_groups.items()
        for target in group.targets
    }
    assert found == {("api", 9002): True, ("api", 9003): False, ("web", 9001): True, ("web", 9999): True}
    assert targets_of(MACHINE) == ("a", "b")
