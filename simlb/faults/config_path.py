"""`config.path`: a typing error in the health check's path."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.model import TargetGroup
from simlb.errors import SimlbError
from simlb.faults.configuring import ConfigurationFault, on_group
from simlb.faults.fault import FaultType, Order, Parameter, Scope


def _misspelt(order: Order, group: TargetGroup) -> TargetGroup:
    return replace(group, health_check=replace(group.health_check, path=order.text("path")))


_changing = on_group(_misspelt)


def build(order: Order) -> ConfigurationFault:
    """Raises SimlbError E632 for what no request could ask for."""
    path = order.text("path")
    if not path.startswith("/") or "#" in path or not all("!" <= char <= "~" for char in path):
        raise SimlbError("E632", f"config.path: path is '{path}', which is no path.", "such as path=/helth")
    return _changing(order)


FAULT_TYPE = FaultType(
    name="config.path",
    scope=Scope.TARGET_GROUP,
    build=build,
    parameters=(
        Parameter(
            name="path",
            kind="text",
            default="/helth",
            en="what the health check asks for",
            ko="상태 검사가 요청하는 경로",
        ),
    ),
    en="The health check asks for a path that the targets do not have.",
    ko="상태 검사 경로에 오타가 있습니다.",
    consequence_en="Targets answer 404 and become unhealthy. When all are, the group fails open: users still get 200.",
    consequence_ko="대상이 404 로 응답해 unhealthy 가 됩니다. 모두 그러면 fail-open 이라 사용자는 200 을 받습니다.",
)
