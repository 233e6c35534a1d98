"""http.malformed: answers that are no HTTP."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, on_targets

ANSWERS = {
    "status-line": b"HELLO 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "status-code": b"HTTP/1.1 2xx OK\r\nContent-Length: 2\r\n\r\nok",
    "header": b"HTTP/1.1 200 OK\r\nThis header has no colon\r\nContent-Length: 2\r\n\r\nok",
    "lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot-a-size\r\nok\r\n0\r\n\r\n",
    "half-head": b"HTTP/1.1 200 OK\r\nContent-Len",
    "stalled-head": b"HTTP/1.1 200 OK\r\nContent-Len",
}
"""The bytes, by what is wrong with them."""
_CLOSING = frozenset({"half-head"})


class Malformed(Passive):
    """Answers clients' requests with one of these; the target does not see them."""

    def __init__(self, *, kind: str, selector: Selector) -> None:
        self._answer = ANSWERS[kind]
        self._closes = kind in _CLOSING
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """In the target's place, unless another fault has answered before."""
        if asked.is_probe or treatment.answer is not None or not self._selector.strikes(asked):
            return
        treatment.answer = self._answer
        treatment.closes = self._closes


def _make(order: Order, site: Site) -> Malformed:
    return Malformed(kind=order.text("kind"), selector=order.selector)


FAULT_TYPE = FaultType(
    name="http.malformed",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="kind",
            kind="choice",
            default="status-line",
            choices=tuple(ANSWERS),
            en="what is wrong: the status line, its code, a header, two lengths, a chunk; half a head and the end, or "
            "half a head and then nothing",
            ko="무엇이 잘못인가: 상태 줄, 상태 코드, 헤더, 서로 다른 두 길이, 청크, 헤더 절반 뒤 종료, "
            "헤더 절반 뒤 침묵",
        ),
    ),
    selectors=SELECTORS,
    en="The target answers something that is no HTTP. Health checks still pass.",
    ko="대상이 HTTP 가 아닌 것으로 응답합니다. 상태 검사는 그대로 통과합니다.",
    consequence_en="502, target_status_code -, and the connection is not used again. With half a head and then "
    "nothing: 504 at the idle timeout.",
    consequence_ko="502 이고 target_status_code 는 - 이며, 그 연결은 다시 쓰지 않습니다. "
    "헤더 절반 뒤 침묵하면 유휴 제한 시간에 504 입니다.",
)
