"""http.truncate: answers that end too early."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, on_targets


class Truncate(Passive):
    """Lets clients have the beginning of the target's own answer."""

    def __init__(self, *, after_bytes: int, selector: Selector) -> None:
        self._after_bytes = after_bytes
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Unless another fault cuts the answer, or gives one."""
        if asked.is_probe or treatment.answer is not None or treatment.cut_after_bytes is not None:
            return
        if self._selector.strikes(asked):
            treatment.cut_after_bytes = self._after_bytes


def _make(order: Order, site: Site) -> Truncate:
    return Truncate(after_bytes=int(order.number("after")), selector=order.selector)


FAULT_TYPE = FaultType(
    name="http.truncate",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="after",
            kind="bytes",
            default=0,
            minimum=0,
            maximum=1 << 30,
            en="the target ends the connection after so many bytes of the body; shorter answers pass",
            ko="본문에서 이만큼 보낸 뒤 대상이 연결을 끝냅니다. 더 짧은 응답은 그대로 지나갑니다",
        ),
    ),
    selectors=SELECTORS,
    en="The target ends the connection in the middle of its answers. Health checks still pass.",
    ko="대상이 응답 도중에 연결을 끝냅니다. 상태 검사는 그대로 통과합니다.",
    consequence_en="The client has the target's status and part of the body; then its connection is cut. The log shows "
    "the target's status twice and few sent_bytes: no 502, since the head was out already.",
    consequence_ko="클라이언트는 대상의 상태 코드와 본문 일부를 받고 연결이 끊깁니다. 로그에는 대상의 상태 코드가 "
    "두 번 남고 sent_bytes 가 적습니다. 헤더가 이미 나갔으므로 502 는 아닙니다.",
)
