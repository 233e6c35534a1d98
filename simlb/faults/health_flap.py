"""health.flap: health checks that fail by a pattern."""

from __future__ import annotations

from simlb.dataplane.points import Asked, Treatment
from simlb.faults.answers import plain_answer
from simlb.faults.fault import FaultType, Order, Parameter, Scope
from simlb.faults.selection import Selector
from simlb.faults.site import Site
from simlb.faults.target_fault import Passive, on_targets

DEFAULT_PATTERN = "FS"


class Flap(Passive):
    """Fails checks by a pattern that each target goes through by itself, and answers to users with them if so asked."""

    def __init__(self, *, pattern: str, status_code: int, with_users: bool, selector: Selector) -> None:
        """`selector` keeps the fault's count."""
        self._pattern = pattern
        self._status_code = status_code
        self._with_users = with_users
        self._selector = selector
        self._checks = 0
        self._has_failed = False

    def on_request(self, asked: Asked, treatment: Treatment) -> None:
        """A check takes the next place of the pattern; a client's request fails while the last check has failed."""
        if asked.is_probe:
            self._has_failed = self._pattern[self._checks % len(self._pattern)] == "F"
            self._checks += 1
            self._selector.note(struck=self._has_failed)
        elif not self._with_users:
            return
        if self._has_failed and treatment.answer is None:
            treatment.answer = plain_answer(asked, self._status_code, "Not well: a fault that simlb was asked for.")


def _make(order: Order, site: Site) -> Flap:
    return Flap(
        pattern=order.selector.selection.pattern or DEFAULT_PATTERN,
        status_code=int(order.number("code")),
        with_users=bool(order.values["users"]),
        selector=order.selector,
    )


FAULT_TYPE = FaultType(
    name="health.flap",
    scope=Scope.TARGET,
    build=on_targets(_make),
    parameters=(
        Parameter(
            name="code",
            kind="whole",
            default=500,
            minimum=200,
            maximum=599,
            en="the status code of a check that fails",
            ko="실패하는 검사가 받는 상태 코드",
        ),
        Parameter(
            name="users",
            kind="flag",
            default=False,
            en="users get that code, too, while the last check has failed",
            ko="마지막 검사가 실패한 동안 사용자도 그 코드를 받습니다",
        ),
    ),
    selectors=frozenset({"pattern"}),
    en="Health checks fail and pass by a pattern, FS if none is given: F fails, S succeeds.",
    ko="상태 검사가 패턴대로 실패하고 성공합니다. F 는 실패, S 는 성공이고 기본값은 FS 입니다.",
    consequence_en="FS is never unhealthy with a threshold of 2, although half of the checks fail. FFS goes out and "
    "never returns, since 5 passes in a row never come. FFSSSSS goes out and returns again and again.",
    consequence_ko="임계값이 2 이면 FS 는 절반이 실패해도 절대 unhealthy 가 되지 않습니다. FFS 는 한 번 빠지면 "
    "연속 5번 성공이 없어 돌아오지 못합니다. FFSSSSS 는 빠졌다 돌아오기를 되풀이합니다.",
)
