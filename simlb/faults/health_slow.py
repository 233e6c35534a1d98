"""health.slow: health checks that are answered late."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import CHECK_SELECTORS, Passive, on_targets


class SlowCheck(Passive):
    """Delays checks; clients' requests pass."""

    def __init__(self, *, delay_s: float, selector: Selector) -> None:
        self._delay_s = delay_s
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Selected by the numbers of checks."""
        if asked.is_probe and self._selector.strikes():
            treatment.delay_s += self._delay_s


def _make(order: Order, site: Site) -> SlowCheck:
    return SlowCheck(delay_s=order.number("delay"), selector=order.selector)


FAULT_TYPE = FaultType(
    name="health.slow",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="delay",
            kind="duration",
            minimum=0.0,
            maximum=600.0,
            en="how much later health checks are answered",
            ko="상태 검사의 응답이 늦어지는 시간",
        ),
    ),
    selectors=CHECK_SELECTORS,
    en="The target answers health checks late. It serves clients as before.",
    ko="대상이 상태 검사에 늦게 응답합니다. 클라이언트에게는 그대로 응답합니다.",
    consequence_en="Nothing up to the check's timeout; beyond it unhealthy, Target.Timeout.",
    consequence_ko="검사 제한 시간까지는 아무 일도 없고, 넘으면 unhealthy(Target.Timeout)가 됩니다.",
)
