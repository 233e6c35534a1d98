"""`config.matcher`: the health check takes other status codes for well than the targets answer."""

from __future__ import annotations

from dataclasses import replace

from simlb.core.matcher import Matcher
from simlb.core.model import TargetGroup
from simlb.errors import SimlbError
from simlb.faults.configuring import ConfigurationFault, on_group
from simlb.faults.fault import FaultType, Order, Parameter, Scope


def _picky(order: Order, group: TargetGroup) -> TargetGroup:
    matcher = Matcher.parse(order.text("http_code"))
    return replace(group, health_check=replace(group.health_check, matcher=matcher))


_changing = on_group(_picky)


def build(order: Order) -> ConfigurationFault:
    """Raises SimlbError E632 for what AWS would not take for a matcher."""
    try:
        Matcher.parse(order.text("http_code"))
    except ValueError as error:
        raise SimlbError("E632", f"config.matcher: http_code: {error}.", "such as http_code=204") from None
    return _changing(order)


FAULT_TYPE = FaultType(
    name="config.matcher",
    scope=Scope.TARGET_GROUP,
    build=build,
    parameters=(
        Parameter(
            name="http_code",
            kind="text",
            default="204",
            en="the codes that pass: 200, 200,202 or 200-299",
            ko="통과로 인정하는 코드: 200, 200,202, 200-299",
        ),
    ),
    en="The health check's success codes are not those that the targets answer.",
    ko="상태 검사의 성공 코드가 대상이 보내는 코드와 다릅니다.",
    consequence_en="unhealthy, Target.ResponseCodeMismatch: [200]. When all targets are, the group fails open.",
    consequence_ko="unhealthy, Target.ResponseCodeMismatch: [200] 이 됩니다. 모두 그렇게 되면 fail-open 입니다.",
)
