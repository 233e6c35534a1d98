"""health.status: health checks that get another status code."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.answers import plain_answer
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import CHECK_SELECTORS, Passive, on_targets


class CheckStatus(Passive):
    """Answers checks in the target's place; clients' requests pass."""

    def __init__(self, *, status_code: int, selector: Selector) -> None:
        self._status_code = status_code
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Selected by the numbers of checks."""
        if asked.is_probe and treatment.answer is None and self._selector.strikes():
            treatment.answer = plain_answer(asked, self._status_code, "Not well: a fault that simlb was asked for.")


def _make(order: Order, site: Site) -> CheckStatus:
    return CheckStatus(status_code=int(order.number("code")), selector=order.selector)


FAULT_TYPE = FaultType(
    name="health.status",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="code",
            kind="whole",
            default=500,
            minimum=200,
            maximum=599,
            en="the status code that health checks get",
            ko="상태 검사가 받는 상태 코드",
        ),
    ),
    selectors=CHECK_SELECTORS,
    en="The target answers health checks with this status code. It serves clients as before.",
    ko="대상이 상태 검사에 이 상태 코드로 응답합니다. 클라이언트에게는 그대로 응답합니다.",
    consequence_en="A code that the matcher does not name: unhealthy, Target.ResponseCodeMismatch, and traffic moves "
    "to the others. If that is so for all targets, requests go to all of them (fail open).",
    consequence_ko="매처에 없는 코드면 unhealthy(Target.ResponseCodeMismatch)가 되고 트래픽이 다른 대상으로 "
    "갑니다. 모든 대상이 그러면 모두에게 보냅니다(fail open).",
)
