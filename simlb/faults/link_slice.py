"""link.slice: bytes that come in small pieces."""

from __future__ import annotations

from simlb.dataplane.points import Wire
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class Slice(Passive):
    """Cuts what passes, each way, into pieces with pauses between them."""

    def __init__(self, *, size: int, delay_s: float) -> None:
        self._size = size
        self._delay_s = delay_s

    def on_wire(self, wire: Wire) -> None:
        """The smallest pieces and the longest pauses decide."""
        wire.slice_bytes = self._size if wire.slice_bytes is None else min(wire.slice_bytes, self._size)
        wire.slice_delay_s = max(wire.slice_delay_s, self._delay_s)


def _make(order: Order, site: Site) -> Slice:
    return Slice(size=int(order.number("size")), delay_s=order.number("delay"))


FAULT_TYPE = FaultType(
    name="link.slice",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="size",
            kind="bytes",
            default=64,
            minimum=1,
            maximum=1 << 20,
            en="bytes in a piece",
            ko="한 조각의 바이트 수",
        ),
        Parameter(
            name="delay",
            kind="duration",
            default=0.0,
            minimum=0.0,
            maximum=600.0,
            en="the pause behind each piece",
            ko="조각 사이에 쉬는 시간",
        ),
    ),
    en="What passes between load balancer and target comes in small pieces.",
    ko="로드 밸런서와 대상 사이의 데이터가 작은 조각으로 나뉘어 옵니다.",
    consequence_en="Nothing but slowness where both sides read streams as they should. A pause as long as the idle "
    "timeout is a 504, or a cut answer.",
    consequence_ko="양쪽이 스트림을 제대로 읽으면 느려질 뿐입니다. "
    "쉬는 시간이 유휴 제한 시간만큼 길면 504 가 되거나 응답이 끊깁니다.",
)
