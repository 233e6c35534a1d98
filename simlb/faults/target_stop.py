"""`target.stop`: the process is ended politely, with `drain` only after the target has left the load balancer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simlb.core.model import Configuration
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site


class TargetStop:
    """SIGTERM, as a deployment does. With `drain` it deregisters the target first, and stops it once it has drained."""

    def __init__(self, order: Order) -> None:
        self._target = order.place
        self._drains = bool(order.values["drain"])
        self._cancel: Callable[[], None] | None = None

    async def install(self, site: Site) -> None:
        """Stop it, or begin to drain it: that takes as long as the deregistration delay."""
        if not self._drains:
            await site.take_down(self, self._target, kill=False)
            return
        await site.change(self._deregistered)
        self._cancel = site.spawn(self._stop_drained(site))

    async def remove(self, site: Site) -> None:
        """Start it, then register it."""
        if self._cancel is not None:
            self._cancel()
        await site.bring_up(self, self._target)
        await site.undo(self._deregistered)

    def _deregistered(self, configuration: Configuration) -> Configuration:
        groups = {
            name: replace(group, targets=tuple(target for target in group.targets if target.name != self._target))
            for name, group in configuration.target_groups.items()
        }
        return replace(configuration, target_groups=groups)

    async def _stop_drained(self, site: Site) -> None:
        await site.drained(self._target)
        await site.take_down(self, self._target, kill=False)


FAULT_TYPE = FaultType(
    name="target.stop",
    scope=Scope.TARGET,
    build=TargetStop,
    parameters=(
        Parameter(
            name="drain",
            kind="flag",
            default=False,
            en="deregister it first, and stop it when it has drained",
            ko="먼저 등록을 해제하고, 드레이닝이 끝나면 멈춥니다",
        ),
    ),
    own_only=True,
    en="The target's process is stopped (SIGTERM), as in a deployment. Undone, it starts and is registered again.",
    ko="배포할 때처럼 대상 프로세스를 멈춥니다(SIGTERM). 해제하면 다시 시작하고 등록합니다.",
    consequence_en="502 until the health check has noticed; with drain=true no error at all.",
    consequence_ko="상태 검사가 알아챌 때까지 502 가 나고, drain=true 이면 오류가 없습니다.",
)
