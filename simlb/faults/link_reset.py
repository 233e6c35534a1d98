"""link.reset: connections to the target that are reset."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Dial, DialOutcome, Treatment
from simlb.errors import SimlbError
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Match, Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, TargetFault, on_targets


class ResetAtConnect(Passive):
    """The reset answers the attempt to connect, as from a port where nothing listens."""

    def __init__(self, selector: Selector) -> None:
        self._selector = selector

    def on_dial(self, dial: Dial) -> None:
        """Selected by the numbers of connections."""
        if self._selector.strikes():
            dial.outcome = DialOutcome.REFUSED


class ResetAtRequest(Passive):
    """The reset comes as soon as the load balancer has sent the head of the request; the target never sees it."""

    def __init__(self, selector: Selector) -> None:
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """In place of an answer."""
        if treatment.answer is None and self._selector.strikes(asked):
            treatment.resets = True


class ResetInBody(Passive):
    """The reset comes in the middle of the body of the target's answer."""

    def __init__(self, selector: Selector, after_bytes: int) -> None:
        self._selector = selector
        self._after_bytes = after_bytes

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Unless another fault cuts the answer, or gives one."""
        if treatment.answer is None and treatment.cut_after_bytes is None and self._selector.strikes(asked):
            treatment.cut_after_bytes = self._after_bytes
            treatment.cut_by_reset = True


def _make(order: Order, site: Site) -> Passive:
    place = order.text("at")
    if place == "connect":
        return ResetAtConnect(order.selector)
    if place == "request":
        return ResetAtRequest(order.selector)
    return ResetInBody(order.selector, int(order.number("after")) if "after" in order.values else 0)


def _build(order: Order) -> TargetFault:
    place = order.text("at")
    if place != "body" and "after" in order.values:
        raise SimlbError("E620", f"link.reset: after goes with at=body; here it is at={place}.", "leave after out")
    if place == "connect" and order.selector.selection.match != Match():
        raise SimlbError(
            "E620",
            "link.reset: at=connect goes with no match, since a connection is made before anything is asked.",
            "at=request resets when the request is sent",
        )
    return on_targets(_make)(order)


FAULT_TYPE = FaultType(
    name="link.reset",
    scope=Scope.TARGET,
    build=_build,
    parameters=(
        Parameter(
            name="at",
            kind="choice",
            default="request",
            choices=("connect", "request", "body"),
            en="when: in answer to connecting, to the request, or in the body of the answer",
            ko="언제: 연결할 때, 요청을 보낼 때, 응답 본문 중간에",
        ),
        Parameter(
            name="after",
            kind="bytes",
            minimum=0,
            maximum=1 << 30,
            is_optional=True,
            en="with at=body: after so many bytes of it (0 when left out); shorter answers pass",
            ko="at=body 일 때: 본문에서 이만큼 지난 뒤 (생략하면 0). 더 짧은 응답은 그대로 지나갑니다",
        ),
    ),
    selectors=SELECTORS,
    en="Connections to the target are reset (TCP RST).",
    ko="대상과의 연결이 리셋됩니다(TCP RST).",
    consequence_en="502 at once, target_status_code -. In the body the client has the target's status already: its "
    "connection is cut and the answer stays incomplete. A check that meets it fails: Target.FailedHealthChecks.",
    consequence_ko="바로 502 이고 target_status_code 는 - 입니다. 본문 중간이면 클라이언트는 대상의 상태 코드를 이미 "
    "받았으므로 연결이 끊기고 응답이 다 오지 않습니다. 상태 검사는 실패합니다(Target.FailedHealthChecks).",
)
