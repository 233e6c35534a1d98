"""health.shallow: a health check that says all is well, whatever is broken behind it."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.answers import plain_answer
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets


class ShallowCheck(Passive):
    """Answers checks of a path with 200, whatever other faults there are, as long as a connection can be made."""

    def __init__(self, path: str | None) -> None:
        """`path` without a query; None for every check."""
        self._path = path

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """It overrules what others have said, and they see that it has."""
        if asked.is_probe and self._path in {None, asked.path}:
            treatment.answer = plain_answer(asked, 200, "ok")
            treatment.closes = False
            treatment.is_at_once = True


def _make(order: Order, site: Site) -> ShallowCheck:
    return ShallowCheck(order.text("path") if "path" in order.values else None)


FAULT_TYPE = FaultType(
    name="health.shallow",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="path",
            kind="text",
            is_optional=True,
            en="only checks of this path; all when left out",
            ko="이 경로의 검사만. 생략하면 모두",
        ),
    ),
    en="The health check looks at nothing: it gets 200 as long as the target takes connections.",
    ko="상태 검사가 아무것도 확인하지 않습니다. 대상이 연결만 받으면 200 입니다.",
    consequence_en="The target stays healthy while its users get errors, without end. A check of what the service "
    "needs (another path) would find out.",
    consequence_ko="사용자는 계속 오류를 받는데 대상은 healthy 로 남습니다. "
    "서비스에 필요한 것을 확인하는 다른 경로로 검사해야 알 수 있습니다.",
)
