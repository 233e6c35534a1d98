"""target.keepalive: a target that keeps idle connections for a shorter time than the load balancer does."""

from __future__ import annotations

from simlb.dataplane.points import Wire
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class ShortKeepAlive(Passive):
    """A request on a connection that has been idle for too long meets a reset.

    In the wild the target's FIN and the request cross on their way. On one machine they never do, so the FIN stays away
    and the request always loses.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s

    def on_wire(self, wire: Wire) -> None:
        """The shortest one decides."""
        wire.idle_reset_s = self._idle_s if wire.idle_reset_s is None else min(wire.idle_reset_s, self._idle_s)


def _make(order: Order, site: Site) -> ShortKeepAlive:
    return ShortKeepAlive(order.number("idle"))


FAULT_TYPE = FaultType(
    name="target.keepalive",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="idle",
            kind="duration",
            default=5.0,
            minimum=0.001,
            maximum=3600.0,
            en="how long the target keeps an idle connection (Node.js: 5 s)",
            ko="대상이 쉬는 연결을 유지하는 시간 (Node.js: 5초)",
        ),
    ),
    own_only=True,
    en="The target closes idle connections before the load balancer does.",
    ko="대상이 로드 밸런서보다 먼저 쉬는 연결을 닫습니다.",
    consequence_en="A rare 502 for requests on re-used connections only, never on new ones, and the target has no "
    "trace of them. Longer than the load balancer's idle timeout (60 s): never.",
    consequence_ko="다시 쓰는 연결에서만 드물게 502 가 나고 새 연결에서는 나지 않으며, 대상에는 흔적이 없습니다. "
    "로드 밸런서의 유휴 제한 시간(60초)보다 길면 생기지 않습니다.",
)
