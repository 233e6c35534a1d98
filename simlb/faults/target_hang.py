"""`target.hang`: the target is there and does not answer - all of it, or only what is asked for."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.fault import Fault, FaultType, Order, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import SELECTORS, Passive, on_targets


class TargetPause:
    """SIGSTOP: the kernel still accepts connections, nobody reads them. Its health check hangs like everything else."""

    def __init__(self, order: Order) -> None:
        self._target = order.place

    async def install(self, site: Site) -> None:
        """Pause it. Raises SimlbError E640 where processes cannot be paused."""
        site.pause(self, self._target)

    async def remove(self, site: Site) -> None:
        """Let it go on: it answers what it was asked meanwhile, to whoever still waits."""
        site.resume(self, self._target)


class Hanging(Passive):
    """The target sees the selected requests and never answers them; it answers all others."""

    def __init__(self, selector: Selector) -> None:
        self._selector = selector

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """Keep the answer back."""
        if self._selector.strikes(asked):
            treatment.hangs = True


def _hanging(order: Order, site: Site) -> Hanging:
    del site
    return Hanging(order.selector)


_on_selected = on_targets(_hanging)


def build(order: Order) -> Fault:
    """Without any selector the process is paused, else only what is selected gets no answer."""
    return TargetPause(order) if order.selector.selection.is_everything else _on_selected(order)


FAULT_TYPE = FaultType(
    name="target.hang",
    scope=Scope.TARGET,
    build=build,
    selectors=SELECTORS,
    own_unless_selected=True,
    en="The target's process is paused (SIGSTOP): it accepts connections and answers nothing, health checks neither. "
    "With a selector it goes on, and only the selected requests get no answer.",
    ko="대상 프로세스를 일시 정지합니다(SIGSTOP). 연결은 받지만 상태 검사를 포함해 아무것도 응답하지 않습니다. "
    "조건을 주면 그에 맞는 요청만 응답하지 않습니다.",
    consequence_en="504 after the idle timeout (60 s), unhealthy with Target.Timeout.",
    consequence_ko="유휴 제한 시간(60초) 뒤에 504, Target.Timeout 으로 unhealthy 가 됩니다.",
)
