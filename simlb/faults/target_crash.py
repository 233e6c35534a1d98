"""`target.crash`: the process is killed, and stays down until the fault is removed."""

from __future__ import annotations

from simlb.faults.fault import FaultType, Order, Scope
from simlb.faults.site import Site


class TargetCrash:
    """SIGKILL: connections end at once, new ones are refused."""

    def __init__(self, order: Order) -> None:
        self._target = order.place

    async def install(self, site: Site) -> None:
        """Kill it."""
        await site.take_down(self, self._target, kill=True)

    async def remove(self, site: Site) -> None:
        """Start it again."""
        await site.bring_up(self, self._target)


FAULT_TYPE = FaultType(
    name="target.crash",
    scope=Scope.TARGET,
    build=TargetCrash,
    own_only=True,
    en="The target's process is killed (SIGKILL), and stays down until the fault is removed.",
    ko="대상 프로세스를 강제 종료합니다(SIGKILL). 장애를 해제할 때까지 내려가 있습니다.",
    consequence_en="Connections are refused: 502, until the health check has noticed.",
    consequence_ko="연결이 거부되어 상태 검사가 알아챌 때까지 502 가 납니다.",
)
