"""link.blackhole: a way to the target on which everything is lost."""

from __future__ import annotations

from simlb.dataplane.points import Dial, DialOutcome, Wire
from simlb.faults.fault import FaultType, Order, Scope
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class Blackhole(Passive):
    """New connections are not answered, and nothing comes back any more on those that are busy."""

    def on_dial(self, dial: Dial) -> None:
        """No answer, not even a refusal."""
        dial.outcome = DialOutcome.BLACKHOLE

    def on_wire(self, wire: Wire) -> None:
        """What was under way waits, too."""
        wire.is_silent = True


def _make(order: Order, site: Site) -> Blackhole:
    return Blackhole()


FAULT_TYPE = FaultType(
    name="link.blackhole",
    scope=Scope.TARGET,
    build=on_targets(_make),
    en="Packets to the target are lost: nobody answers and nobody refuses, as behind a closed security group.",
    ko="대상으로 가는 패킷이 사라집니다. 닫힌 보안 그룹처럼 응답도 거절도 없습니다.",
    consequence_en="504 after 10 s for what has to connect; what was under way is a 504 at the idle timeout. Health "
    "checks fail: unhealthy, Target.Timeout.",
    consequence_ko="새로 연결해야 하는 요청은 10초 뒤 504, 진행 중이던 요청은 유휴 제한 시간에 504 입니다. "
    "상태 검사는 실패합니다(unhealthy, Target.Timeout).",
)
