"""http.header_too_big: an answer whose head is larger than a load balancer takes."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, on_targets

_FILL_MAX = 4000


def answer_with_head_of(size: int) -> bytes:
    """A 200 whose head, from the status line to the empty line, has exactly so many bytes, most of them cookies."""
    first, last = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n", b"\r\n"
    left = size - len(first) - len(last)
    lines: list[bytes] = []
    while left > 0:
        name = b"Set-Cookie: c%d=" % len(lines)
        room = min(_FILL_MAX, left)
        if 0 < left - room < len(name) + 3:
            room = left - len(name) - 3  # so that the last one has room for its name
        lines.append(name + b"x" * (room - len(name) - 2) + b"\r\n")
        left -= room
    return first + b"".join(lines) + last + b"ok\n"


class HeaderTooBig(Passive):
    """Answers clients' requests with such a head; the target does not see them."""

    def __init__(self, *, size: int, selector: Selector) -> None:
        self._answer = answer_with_head_of(size)
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """In the target's place, unless another fault has answered before."""
        if asked.is_probe or treatment.answer is not None or not self._selector.strikes(asked):
            return
        treatment.answer = self._answer.removesuffix(b"ok\n") if asked.method == "HEAD" else self._answer


def _make(order: Order, site: Site) -> HeaderTooBig:
    return HeaderTooBig(size=int(order.number("size")), selector=order.selector)


FAULT_TYPE = FaultType(
    name="http.header_too_big",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="size",
            kind="bytes",
            default=33 * 1024,
            minimum=100,
            maximum=1 << 20,
            en="bytes of the whole head; up to 32k pass",
            ko="헤더 전체의 바이트 수. 32k 까지는 지나갑니다",
        ),
    ),
    selectors=SELECTORS,
    en="The target answers with too many or too large headers (cookies, mostly). Health checks still pass.",
    ko="대상의 응답 헤더가 너무 많거나 큽니다(대개 쿠키). 상태 검사는 그대로 통과합니다.",
    consequence_en="Over 32 KB: 502, target_status_code -. The target has answered 200 and knows nothing of it.",
    consequence_ko="32KB 를 넘으면 502 이고 target_status_code 는 - 입니다. 대상은 200 을 보냈으므로 이를 모릅니다.",
)
