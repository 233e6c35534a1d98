"""link.latency: a long way to the target."""

from __future__ import annotations

from random import Random

from simlb.dataplane.points import Asked, Dial, Treatment
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, on_targets


class Latency(Passive):
    """Delays connecting, and each request. With selectors only requests, since a connection serves many of them."""

    def __init__(self, *, delay_s: float, jitter_s: float, selector: Selector, random: Random) -> None:
        self._delay_s = delay_s
        self._jitter_s = jitter_s
        self._selector = selector
        self._random = random

    def _draw_s(self) -> float:
        if not self._jitter_s:
            return self._delay_s
        return max(0.0, self._delay_s + self._random.uniform(-self._jitter_s, self._jitter_s))

    def on_dial(self, dial: Dial) -> None:
        """Connecting takes one way and back, as a request does."""
        if self._selector.selection.is_everything:
            dial.delay_s += self._draw_s()

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """There and back."""
        if self._selector.strikes(asked):
            treatment.delay_s += self._draw_s()


def _make(order: Order, site: Site) -> Latency:
    return Latency(
        delay_s=order.number("delay"),
        jitter_s=order.number("jitter"),
        selector=order.selector,
        random=Random(site.random.getrandbits(64)),
    )


FAULT_TYPE = FaultType(
    name="link.latency",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="delay",
            kind="duration",
            minimum=0.0,
            maximum=600.0,
            en="how much longer connecting takes, and each answer",
            ko="연결과 각 응답이 늦어지는 시간",
        ),
        Parameter(
            name="jitter",
            kind="duration",
            default=0.0,
            minimum=0.0,
            maximum=600.0,
            en="up to so much more or less, drawn anew each time",
            ko="매번 무작위로 더하거나 빼는 최대 시간",
        ),
    ),
    selectors=SELECTORS,
    en="The way to the target is long: connecting and every answer take longer.",
    ko="대상까지 가는 길이 멉니다. 연결과 모든 응답이 늦어집니다.",
    consequence_en="Slower answers, TargetResponseTime grows. Over 10 s to connect: 504. Health checks over their "
    "timeout fail: unhealthy, Target.Timeout.",
    consequence_ko="응답이 느려지고 TargetResponseTime 이 커집니다. 연결에 10초가 넘으면 504 입니다. "
    "상태 검사도 제한 시간을 넘기면 실패합니다(unhealthy, Target.Timeout).",
)
