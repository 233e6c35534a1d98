"""When the garbage collector stops to look at what is there: the counting of what is new."""

from __future__ import annotations

from dataclasses import replace

from simlb.app.heap import come
from simlb.core.model import Configuration, Target, TargetGroup


def target(port: int) -> Target:
    return Target(id="127.0.0.1", port=port, dial_host="127.0.0.1", dial_port=port, name=f"i-{port}")


def with_targets(targets: tuple[Target, ...]) -> Configuration:
    group = TargetGroup(name="web", arn="arn:web", targets=targets)
    return Configuration(load_balancers=(), target_groups={"web": group})


def test_only_what_is_another_object_has_come() -> None:
    targets = tuple(map(target, range(9000, 9010)))
    before = with_targets(targets)
    assert come(None, before) == 10
    assert come(before, before) == 0
    assert come(before, with_targets(targets)) == 0
    assert come(before, with_targets(targets[:5])) == 0
    assert come(with_targets(targets[:5]), before) == 5
    assert come(before, with_targets((*targets[:5], replace(targets[5], name="other")))) == 1
