"""Single sentences about a target in its group: its state, the counting, what is to come, what clients see."""

from __future__ import annotations

from simlb.core.health import HealthState, Reason
from simlb.core.target_group import RoutingMode
from simlb.explain.durations import spoken
from simlb.explain.story import Words
from simlb.explain.target_facts import TargetFacts


def state_words(facts: TargetFacts) -> Words:
    """Its state with AWS's reason and description, and since when."""
    health = facts.state.health
    why_en = why_ko = ""
    if health.reason is not None:
        why_en = why_ko = f" ({health.reason}: {health.description})"
    for_ = facts.times.aws(facts.for_s)
    return Words(f"{health.state}{why_en} for {for_.en}.", f"{for_.ko} 전부터 {health.state} 상태입니다{why_ko}.")


def counting_words(facts: TargetFacts) -> Words:
    """Where the counting stands, and which threshold decided or will."""
    health, check = facts.state.health, facts.group.group.health_check
    healthy, unhealthy = check.healthy_threshold_count, check.unhealthy_threshold_count
    match health.state:
        case HealthState.UNHEALTHY if health.passes:
            return Words(
                f"{health.passes} of {healthy} passes in a row that bring it back (healthy threshold).",
                f"복귀에 필요한 연속 통과 {healthy}회(정상 임계값) 중 {health.passes}회.",
            )
        case HealthState.UNHEALTHY:
            return Words(
                f"{health.failures} failures in a row; {unhealthy} were enough (unhealthy threshold). "
                f"It needs {healthy} passes in a row (healthy threshold).",
                f"연속 {health.failures}회 실패. {unhealthy}회면 비정상입니다(비정상 임계값). "
                f"복귀하려면 연속 {healthy}회 통과해야 합니다(정상 임계값).",
            )
        case HealthState.HEALTHY if health.failures:
            return Words(
                f"Fail {health.failures} of {unhealthy}: {unhealthy} in a row make it unhealthy (unhealthy threshold).",
                f"연속 실패 {unhealthy}회(비정상 임계값) 중 {health.failures}회. 다 차면 비정상이 됩니다.",
            )
        case HealthState.HEALTHY:
            return Words(
                f"{health.passes} passes in a row; {unhealthy} failures in a row would make it unhealthy.",
                f"연속 {health.passes}회 통과. 연속 {unhealthy}회 실패하면 비정상이 됩니다.",
            )
        case _:
            failed = Words(f" {health.failures} failed so far.", f" 지금까지 {health.failures}회 실패.")
            return Words(
                "A new target needs one pass, whatever the healthy threshold says; "
                f"{unhealthy} failures in a row make it unhealthy.{failed.en if health.failures else ''}",
                f"새 대상은 정상 임계값과 상관없이 한 번만 통과하면 됩니다. 연속 {unhealthy}회 실패하면 비정상이 "
                f"됩니다.{failed.ko if health.failures else ''}",
            )


def forecast_words(facts: TargetFacts) -> Words | None:
    """When the next check goes out, and when the target can be out or back; None when nothing is known of it."""
    coming, times = facts.forecast, facts.times
    if coming.next_in_s is None:
        if facts.state.health.reason is Reason.REGISTRATION_IN_PROGRESS:
            return Words(
                "Its process does not listen yet: the first check goes out as soon as it does, or after 10 s of real "
                "time.",
                "프로세스가 아직 듣고 있지 않습니다. 듣기 시작하면 바로, 늦어도 실제 10초 뒤에 첫 검사를 보냅니다.",
            )
        return None
    next_ = times.aws(coming.next_in_s)
    under_way = Words("A check is under way. ", "지금 검사 중입니다. ") if facts.is_checking else Words("", "")
    en, ko = f"{under_way.en}The next check goes out in {next_.en}.", f"{under_way.ko}다음 검사는 {next_.ko} 뒤입니다."
    sum_ = _sum(facts)
    is_next = coming.checks == 1
    if facts.state.health.state is HealthState.UNHEALTHY and coming.back_in_s is not None:
        back = times.aws(coming.back_in_s)
        en += (
            " If it passes, the target is back."
            if is_next
            else (f" If all pass, it is back in {back.en} at the earliest ({sum_.en}).")
        )
        ko += " 통과하면 복귀합니다." if is_next else (f" 모두 통과하면 빨라야 {back.ko} 뒤에 복귀합니다({sum_.ko}).")
    elif coming.out_in_s is not None and (facts.is_failing or facts.is_down):
        out = times.aws(coming.out_in_s)
        en += (
            " If that fails too, it leaves the rotation."
            if is_next
            else (f" If it goes on failing, it leaves the rotation in {out.en} ({sum_.en}).")
        )
        ko += (
            " 그 검사도 실패하면 트래픽에서 빠집니다."
            if is_next
            else (f" 계속 실패하면 {out.ko} 뒤에 트래픽에서 빠집니다({sum_.ko}).")
        )
    return Words(en, ko)


def _sum(facts: TargetFacts) -> Words:
    """The arithmetic behind it in load-balancer seconds: `12 s + 4 × 30 s`."""
    coming = facts.forecast
    first, interval = spoken(coming.next_in_s or 0.0), f"{facts.group.group.health_check.interval_s:g}"
    further = coming.checks - 1
    return Words(f"{first} s + {further} × {interval} s", f"{first}초 + {further} × {interval}초")


def clients_see(facts: TargetFacts) -> Words:
    """What the target's state means to clients now."""
    state, group = facts.state, facts.group
    candidates = len(group.candidates)
    match state.health.state:
        case HealthState.DRAINING:
            return Words(
                f"Clients: no new request goes there, {state.outstanding} in flight may finish; who was bound to it by "
                "a cookie gets another target.",
                f"클라이언트: 새 요청은 가지 않고 처리 중인 {state.outstanding}건은 마칠 수 있습니다. "
                "쿠키로 이 대상에 묶인 클라이언트는 다른 대상을 받습니다.",
            )
        case HealthState.UNUSED:
            return Words(
                "Clients: no listener or rule forwards to its target group: no request gets there, nobody checks it.",
                "클라이언트: 이 대상 그룹으로 전달하는 리스너나 규칙이 없어 요청이 오지 않고 검사도 하지 않습니다.",
            )
    if group.mode is RoutingMode.ALL_INITIAL and not candidates:
        return Words(
            "Clients: no target of the group has passed a check yet, so all get 503.",
            "클라이언트: 그룹에 아직 검사를 통과한 대상이 없어 모두 503을 받습니다.",
        )
    if not state.is_candidate:
        return Words(
            f"Clients: no new request goes there; the other {candidates} of the group share them.",
            f"클라이언트: 새 요청은 가지 않고 그룹의 나머지 {candidates}개 대상이 나눠 받습니다.",
        )
    if group.mode is RoutingMode.FAIL_OPEN:
        return Words(
            "Clients: too few targets of the group are healthy, so requests go to all of them (fail open), to this one "
            "too: as long as they answer, clients notice nothing.",
            "클라이언트: 그룹에 정상 대상이 너무 적어 모든 대상에 요청을 보냅니다(fail open). 이 대상도 받으므로 "
            "대상이 응답하는 한 클라이언트는 알아채지 못합니다.",
        )
    share = Words(
        f"Clients: it gets requests as one of {candidates}",
        f"클라이언트: {candidates}개 대상 중 하나로 요청을 받습니다",
    )
    if facts.is_down:
        return Words(
            f"{share.en}, and those get 502 until the load balancer takes it out.",
            f"{share.ko}. 로드 밸런서가 뺄 때까지 그 요청은 502가 됩니다.",
        )
    return Words(
        f"{share.en}; {state.outstanding} in flight now.", f"{share.ko}. 지금 {state.outstanding}건을 처리 중입니다."
    )
