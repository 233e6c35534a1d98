"""http.abort: the target answers with an error of its own."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.answers import plain_answer
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, on_targets


class Abort(Passive):
    """Answers clients' requests with a status code; the target does not see them."""

    def __init__(self, *, status_code: int, selector: Selector) -> None:
        self._status_code = status_code
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """In the target's place, unless another fault has answered before."""
        if asked.is_probe or treatment.answer is not None or not self._selector.strikes(asked):
            return
        treatment.answer = plain_answer(asked, self._status_code, "This answer is a fault that simlb was asked for.")


def _make(order: Order, site: Site) -> Abort:
    return Abort(status_code=int(order.number("status")), selector=order.selector)


FAULT_TYPE = FaultType(
    name="http.abort",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="status",
            kind="whole",
            default=503,
            minimum=200,
            maximum=599,
            en="the status code that the target answers",
            ko="대상이 응답하는 상태 코드",
        ),
    ),
    selectors=SELECTORS,
    en="The target answers requests with an error instead of serving them. Health checks still pass.",
    ko="대상이 요청을 처리하지 않고 오류로 응답합니다. 상태 검사는 그대로 통과합니다.",
    consequence_en="The client gets that status, and the log shows it twice: as elb_status_code and as "
    "target_status_code. It came from the target. The target stays healthy.",
    consequence_ko="클라이언트가 그 상태 코드를 받고, 로그의 elb_status_code 와 "
    "target_status_code 에 똑같이 남습니다. 대상이 보낸 코드라는 뜻입니다. "
    "대상은 계속 healthy 입니다.",
)
