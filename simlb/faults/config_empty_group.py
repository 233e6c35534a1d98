"""`config.empty_group`: nobody has registered the targets ("include as pending" was forgotten)."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.model import TargetGroup
from simlb.faults.configuring import on_group
from simlb.faults.fault import FaultType, Order, Scope


def _emptied(order: Order, group: TargetGroup) -> TargetGroup:
    del order
    return replace(group, targets=())


FAULT_TYPE = FaultType(
    name="config.empty_group",
    scope=Scope.TARGET_GROUP,
    build=on_group(_emptied),
    en="The target group has no registered target. Those that it has are deregistered and drain.",
    ko="대상 그룹에 등록된 대상이 없습니다. 있던 대상은 등록 해제되어 드레이닝됩니다.",
    consequence_en="503 at once, without a target in the log.",
    consequence_ko="곧바로 503 이 나고, 로그에 대상이 없습니다.",
)
