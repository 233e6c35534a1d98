"""How target group and target are found, in words: draws, cookies, candidates, the algorithm."""

from __future__ import annotations

from collections.abc import Sequence

from simlb.core.actions import GroupDraw
from simlb.core.stickiness import StickinessVerdict
from simlb.core.target_group import Basis, RoutingMode, TargetState
from simlb.explain.story import Step, Topic, Words

_SHOWN_MAX = 8

VERDICTS: dict[StickinessVerdict, Words] = {
    StickinessVerdict.KEPT: Words("kept by its cookie", "쿠키가 가리키는 대로 유지됩니다"),
    StickinessVerdict.ABSENT: Words("the request has no stickiness cookie", "요청에 고정 쿠키가 없습니다"),
    StickinessVerdict.APP_COOKIE_ABSENT: Words(
        "there is a stickiness cookie, but the application's own cookie is missing",
        "고정 쿠키는 있지만 애플리케이션 쿠키가 없습니다",
    ),
    StickinessVerdict.UNDECODABLE: Words(
        "the stickiness cookie cannot be decoded: it was changed, or is another load balancer's",
        "고정 쿠키를 해독할 수 없습니다. 변경되었거나 다른 로드 밸런서의 쿠키입니다",
    ),
    StickinessVerdict.EXPIRED: Words("the stickiness duration is over", "고정 기간이 끝났습니다"),
    StickinessVerdict.OTHER_GROUP: Words(
        "the stickiness cookie names another target group", "고정 쿠키가 다른 대상 그룹을 가리킵니다"
    ),
    StickinessVerdict.TARGET_GONE: Words(
        "the cookie's target is no longer registered", "쿠키가 가리키는 대상이 더는 등록되어 있지 않습니다"
    ),
    StickinessVerdict.TARGET_DRAINING: Words(
        "the cookie's target is being deregistered", "쿠키가 가리키는 대상이 등록 취소되는 중입니다"
    ),
    StickinessVerdict.TARGET_UNHEALTHY: Words(
        "the cookie's target is not healthy", "쿠키가 가리키는 대상이 정상 상태가 아닙니다"
    ),
}
ALGORITHMS: dict[str, Words] = {
    "round_robin": Words("round robin: each candidate in turn", "라운드 로빈: 차례대로"),
    "least_outstanding_requests": Words(
        "least outstanding requests: the one with the fewest in flight",
        "최소 미해결 요청: 처리 중인 요청이 가장 적은 대상",
    ),
    "weighted_random": Words("weighted random: drawn by weight", "가중치 기반 랜덤: 가중치대로 추첨"),
}
_SLOW_START = Words(
    "round robin with slow start: new targets get a growing share",
    "느린 시작이 적용된 라운드 로빈: 새 대상의 몫이 점점 커집니다",
)


def group_cookie_step(verdict: StickinessVerdict) -> Step | None:
    """What came of the cookie of target-group stickiness (AWSALBTG); None where that is off."""
    if verdict is StickinessVerdict.OFF:
        return None
    said = VERDICTS[verdict]
    return Step(
        topic=Topic.STICKINESS,
        words=Words(f"Target group stickiness (AWSALBTG): {said.en}.", f"대상 그룹 고정(AWSALBTG): {said.ko}."),
    )


def target_cookie_step(verdict: StickinessVerdict) -> Step | None:
    """What came of the cookie that leads to a target (AWSALB, AWSALBAPP); None where stickiness is off."""
    if verdict is StickinessVerdict.OFF:
        return None
    said = VERDICTS[verdict]
    return Step(
        topic=Topic.STICKINESS,
        words=Words(f"Target stickiness: {said.en}.", f"대상 고정 세션: {said.ko}."),
    )


def draw_step(draw: GroupDraw) -> Step:
    """Which target group the weights gave the request to, with the numbers."""
    if draw.target_group is None:
        words = Words(
            "All weights are 0: no target group gets the request.", "모든 가중치가 0이라 받을 대상 그룹이 없습니다."
        )
    else:
        share = f"{draw.weight / draw.total * 100:.3g} %"
        words = Words(
            f"Drawn by weight: {draw.number} of 0-{draw.total - 1} falls to {draw.target_group} "
            f"(weight {draw.weight} of {draw.total}, {share}).",
            f"가중치 추첨: 0-{draw.total - 1} 중 {draw.number}, {draw.target_group} 그룹에 해당합니다"
            f"(가중치 {draw.weight}/{draw.total}, {share}).",
        )
    return Step(topic=Topic.TARGET_GROUP, words=words)


def group_step(name: str, basis: Basis) -> Step:
    """Who of a target group could get the request, and why these."""
    healthy, registered = len(basis.candidates), basis.registered
    all_of_them = "its only registered target" if registered == 1 else f"all {registered} registered targets"
    match basis.mode:
        case RoutingMode.HEALTHY:
            said = Words(
                f"{healthy} of {registered} registered {'target is' if registered == 1 else 'targets are'} healthy",
                f"등록된 대상 {registered}개 중 {healthy}개가 정상입니다",
            )
        case RoutingMode.FAIL_OPEN:
            said = Words(
                f"too few targets are healthy, so requests go to {all_of_them}, healthy or not (fail open)",
                f"정상 대상이 너무 적어 등록된 대상 {registered}개 모두에 보냅니다(fail open)",
            )
        case RoutingMode.NO_TARGETS:
            said = Words("no target is registered", "등록된 대상이 없습니다")
        case RoutingMode.UNUSED:
            said = Words("no listener uses it", "이 그룹을 쓰는 리스너가 없습니다")
        case RoutingMode.ALL_INITIAL if basis.candidates:
            said = Words(
                f"no target has passed a check yet; fail_open_while_initial sends requests to {all_of_them}",
                f"아직 검사를 통과한 대상이 없지만 fail_open_while_initial 때문에 {registered}개 모두에 보냅니다",
            )
        case _:
            said = Words("no target has passed a health check yet", "아직 상태 검사를 통과한 대상이 없습니다")
    return Step(
        topic=Topic.TARGET_GROUP,
        words=Words(f"Target group {name}: {said.en}.", f"대상 그룹 {name}: {said.ko}."),
        details=_candidates(basis),
    )


def _candidates(basis: Basis) -> tuple[Words, ...]:
    if not basis.candidates:
        return ()
    names = _names(basis.candidates)
    details = [Words(f"candidates: {names}", f"후보: {names}")]
    if basis.ramping:
        ramping = _names(basis.ramping)
        details.append(Words(f"in slow start: {ramping}", f"느린 시작 중: {ramping}"))
    if basis.weights is not None:
        weights = ", ".join(
            f"{state.target.name} {weight:.2g}"
            for state, weight in list(zip(basis.candidates, basis.weights, strict=True))[:_SHOWN_MAX]
        )
        details.append(Words(f"weights by anomaly mitigation: {weights}", f"이상 완화 가중치: {weights}"))
    return tuple(details)


def algorithm_words(basis: Basis) -> Words:
    """How one of the candidates is picked."""
    return _SLOW_START if basis.is_slow_starting else ALGORITHMS[basis.algorithm]


def target_step(
    target: TargetState, basis: Basis | None, busy_with: int, *, by_cookie: bool, tried: Sequence[TargetState] = ()
) -> Step:
    """Which target got the request, by what, and what it was busy with; `tried` were dialled before it in vain."""
    if by_cookie and not tried:
        how = Words("as its cookie says", "쿠키가 가리키는 대상")
    elif basis is None:
        how = Words("chosen by the algorithm", "알고리즘이 선택")
    else:
        how = algorithm_words(basis)
    name = f"{target.target.name} ({target.address})"
    if busy_with:
        in_flight = Words(
            f"{busy_with} {'request was' if busy_with == 1 else 'requests were'} in flight there.",
            f"처리 중이던 요청 {busy_with}개.",
        )
    else:
        in_flight = Words("Nothing was in flight there.", "처리 중이던 요청 없음.")
    return Step(
        topic=Topic.TARGET,
        words=Words(
            f"Target {name}, {how.en}. {in_flight.en}",
            f"대상 {name}, {how.ko}. {in_flight.ko}",
        ),
        details=tuple(
            Words(
                f"tried before, no connection: {one.target.name} ({one.address})",
                f"먼저 시도했지만 연결 실패: {one.target.name} ({one.address})",
            )
            for one in tried
        ),
    )


def _names(targets: Sequence[TargetState]) -> str:
    names = ", ".join(state.target.name for state in targets[:_SHOWN_MAX])
    return f"{names} and {len(targets) - _SHOWN_MAX} more" if len(targets) > _SHOWN_MAX else names
