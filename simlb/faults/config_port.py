"""`config.port`: the targets are registered at a port where nothing listens."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.model import Target, TargetGroup
from simlb.faults.configuring import on_group
from simlb.faults.fault import FaultType, Order, Parameter, Scope

PORT_MAX = 65535


def _misplaced(order: Order, group: TargetGroup) -> TargetGroup:
    """Targets of one address take the following ports: at the same one they would be one target."""
    taken: set[tuple[str, int]] = set()
    targets: list[Target] = []
    for target in group.targets:
        port = int(order.number("port"))
        while (target.id, port) in taken:
            port = port + 1 if port < PORT_MAX else 1
        taken.add((target.id, port))
        targets.append(replace(target, port=port, dial_port=port))
    return replace(group, targets=tuple(targets))


FAULT_TYPE = FaultType(
    name="config.port",
    scope=Scope.TARGET_GROUP,
    build=on_group(_misplaced),
    parameters=(
        Parameter(
            name="port",
            kind="whole",
            default=81,
            minimum=1,
            maximum=PORT_MAX,
            en="where the targets are registered; further targets of one address follow from there on",
            ko="대상을 등록하는 포트. 같은 주소의 다른 대상은 그다음 포트를 씁니다",
        ),
    ),
    en="The targets are registered at a port where they do not listen. Those at their own ports drain.",
    ko="대상이 듣지 않는 포트로 등록되어 있습니다. 원래 포트의 대상은 드레이닝됩니다.",
    consequence_en="Connections are refused: the new targets never pass a check, requests get 503 and then 502.",
    consequence_ko="연결이 거부됩니다. 새 대상은 상태 검사를 통과하지 못하고, 요청은 503, 그다음 502 를 받습니다.",
)
