"""link.bandwidth: a narrow way to the target."""

from __future__ import annotations

from simlb.dataplane.points import Wire
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class Bandwidth(Passive):
    """Limits how many bytes a second pass, each way, on each connection."""

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s

    def on_wire(self, wire: Wire) -> None:
        """The narrowest place decides."""
        wire.bytes_per_s = self._bytes_per_s if wire.bytes_per_s is None else min(wire.bytes_per_s, self._bytes_per_s)


def _make(order: Order, site: Site) -> Bandwidth:
    return Bandwidth(order.number("rate"))


FAULT_TYPE = FaultType(
    name="link.bandwidth",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="rate",
            kind="bytes",
            minimum=1,
            maximum=1 << 30,
            en="bytes a second, each way, on each connection",
            ko="연결마다, 방향마다 1초에 보낼 수 있는 바이트 수",
        ),
    ),
    en="The way to the target is narrow: few bytes a second get through.",
    ko="대상까지 가는 길이 좁습니다. 1초에 적은 바이트만 지나갑니다.",
    consequence_en="Large answers and uploads take long; small ones hardly notice. As long as bytes move, the idle "
    "timeout does not run out.",
    consequence_ko="큰 응답과 업로드가 오래 걸리고, 작은 것은 거의 느끼지 못합니다. "
    "바이트가 움직이는 동안에는 유휴 제한 시간이 끝나지 않습니다.",
)
