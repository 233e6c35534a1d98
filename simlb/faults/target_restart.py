"""`target.restart`: the process is stopped and started again at once."""

from __future__ import annotations

from simlb.faults.fault import FaultType, Order, Scope
from simlb.faults.site import Site


class TargetRestart:
    """A momentary fault: it is down for as long as the program takes to end and to come up."""

    def __init__(self, order: Order) -> None:
        self._target = order.place

    async def install(self, site: Site) -> None:
        """Stop it and start it."""
        await site.restart(self._target)

    async def remove(self, site: Site) -> None:
        """It is over: nothing is left of it."""


FAULT_TYPE = FaultType(
    name="target.restart",
    scope=Scope.TARGET,
    build=TargetRestart,
    own_only=True,
    is_momentary=True,
    en="The target's process is stopped and started again, once.",
    ko="대상 프로세스를 한 번 재시작합니다.",
    consequence_en="502 while it is down, which is often too short for the health check to notice.",
    consequence_ko="내려가 있는 동안 502 가 납니다. 상태 검사가 모를 만큼 짧을 때가 많습니다.",
)
