"""Why a target is in its state, when it can leave it, and what clients see meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simlb.core.anomaly import AnomalyResult
from simlb.core.health import HealthState, Reason
from simlb.core.target_group import RoutingMode
from simlb.dataplane.probe import probe_port, probe_request
from simlb.explain.durations import spoken
from simlb.explain.health_causes import failing_cause, failing_steps, faults_step, restart_step
from simlb.explain.probe_words import hint_words, probe_words
from simlb.explain.story import Step, Story, Topic, Words
from simlb.explain.target_facts import TargetFacts


def target_story(facts: TargetFacts) -> Story:
    """The story of one target in one group."""
    state, group = facts.state, facts.group.group
    address = state.target.address
    return Story(
        subject=Words(
            f"{facts.name} ({address}) in target group {group.name}",
            f"대상 그룹 {group.name}의 {facts.name}({address})",
        ),
        outcome=state_words(facts),
        steps=tuple(_steps(facts)),
        cause=_cause(facts),
        next_steps=tuple(_next_steps(facts)),
        facts=target_values(facts),
        steps_title=Words("How it stands", "지금 상태"),
    )


def state_words(facts: TargetFacts) -> Words:
    """Its state with AWS's reason and description, and since when."""
    health = facts.state.health
    why_en = why_ko = ""
    if health.reason is not None:
        why_en = why_ko = f" ({health.reason}: {health.description})"
    for_ = facts.times.aws(facts.for_s)
    return Words(f"{health.state}{why_en} for {for_.en}.", f"{for_.ko} 전부터 {health.state} 상태입니다{why_ko}.")


def _steps(facts: TargetFacts) -> Iterator[Step]:
    yield from _last_check(facts)
    if facts.counts:
        yield Step(topic=Topic.HEALTH, words=counting_words(facts))
    yield from _next_check(facts)
    if facts.process is not None:
        words = facts.process.words
        yield Step(topic=Topic.TARGET, words=Words(f"{words.en[:1].upper()}{words.en[1:]}.", f"{words.ko}."))
    else:
        yield Step(
            topic=Topic.TARGET,
            words=Words(
                "You run its process yourself: simlb sees only what the checks see.",
                "프로세스는 직접 실행하신 것이라 simlb는 상태 검사로만 알 수 있습니다.",
            ),
        )
    if facts.faults:
        listed = "; ".join(facts.faults)
        yield Step(topic=Topic.TARGET, words=Words(f"Faults installed on it: {listed}.", f"설치된 장애: {listed}."))
    yield from _share(facts)
    yield Step(topic=Topic.TARGET_GROUP, words=clients_see(facts))


def _last_check(facts: TargetFacts) -> Iterator[Step]:
    check = facts.group.group.health_check
    probe = facts.state.health.last_probe
    if probe is None:
        if facts.counts:
            words = Words("No check has had its result yet.", "아직 결과가 나온 상태 검사가 없습니다.")
            yield Step(topic=Topic.HEALTH, words=words, details=_what_is_sent(facts))
        return
    seen = probe_words(probe)
    ago = facts.times.aws(max(0.0, facts.now - (facts.state.probed_at or facts.now)))
    verdict = Words("it passed", "통과") if probe.passes(check) else Words("it failed", "실패")
    yield Step(
        topic=Topic.HEALTH,
        words=Words(
            f"The last check, {ago.en} ago: {seen.en}, so {verdict.en}.",
            f"마지막 상태 검사는 {ago.ko} 전: {seen.ko} → {verdict.ko}.",
        ),
        details=_what_is_sent(facts),
    )


def _what_is_sent(facts: TargetFacts) -> tuple[Words, Words]:
    check, target = facts.group.group.health_check, facts.state.target
    line, host, *_ = probe_request(check, target).decode("latin-1").split("\r\n")
    place = f"{target.dial_host}:{probe_port(check, target)}"
    over = " over TLS" if check.protocol == "HTTPS" else ""
    timeout = facts.times.aws(check.timeout_s)
    return (
        Words(
            f"sent: {line}, {host}, to {place}{over}", f"보낸 것: {line}, {host} → {place}{' (TLS)' if over else ''}"
        ),
        Words(
            f"passes: status code {check.matcher.http_code} within {timeout.en}",
            f"통과 조건: {timeout.ko} 안에 상태 코드 {check.matcher.http_code}",
        ),
    )


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


def _next_check(facts: TargetFacts) -> Iterator[Step]:
    state = facts.state
    if state.draining_until is not None:
        left = facts.times.aws(max(0.0, state.draining_until - facts.now))
        yield Step(
            topic=Topic.HEALTH,
            words=Words(
                f"Nobody checks a target that drains. It is gone in {left.en} (deregistration delay).",
                f"등록 취소 중인 대상은 검사하지 않습니다. {left.ko} 뒤에 사라집니다(등록 취소 지연).",
            ),
        )
        return
    if not facts.counts:
        return
    words = forecast_words(facts)
    if words is not None:
        yield Step(topic=Topic.HEALTH, words=words)


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


def _share(facts: TargetFacts) -> Iterator[Step]:
    state, group, now = facts.state, facts.group, facts.now
    weight = group.ramp_weight(state, now)
    if weight < 1 and state.ramping_since is not None:
        left = facts.times.aws(max(0.0, state.ramping_since + group.group.attributes.slow_start_s - now))
        yield Step(
            topic=Topic.TARGET,
            words=Words(
                f"Slow start: it gets {weight:.0%} of a full share now, and all of it in {left.en}.",
                f"느린 시작: 지금은 제 몫의 {weight:.0%}만 받고, {left.ko} 뒤에 전부 받습니다.",
            ),
        )
    if state.anomaly is AnomalyResult.ANOMALOUS:
        requests, errors = group.recent_errors(state)
        en = f"Anomalous: {errors} of its last {requests} requests failed, far more than of its peers'."
        ko = f"이상 상태: 최근 요청 {requests}건 중 {errors}건이 실패해 다른 대상보다 훨씬 많습니다."
        if state.is_mitigated:
            en += f" Mitigation is on: it gets {state.weight:.0%} of its share until that is over."
            ko += f" 완화가 적용되어 끝날 때까지 제 몫의 {state.weight:.0%}만 받습니다."
        else:
            en += " Mitigation is off: it gets its full share all the same."
            ko += " 완화가 꺼져 있어 제 몫을 그대로 받습니다."
        yield Step(topic=Topic.TARGET, words=Words(en, ko))


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


def _cause(facts: TargetFacts) -> Words | None:
    if not facts.counts:
        return None
    cause = failing_cause(facts)
    if cause is not None or facts.process is None or not facts.is_down:
        return cause
    words = facts.process.words
    return Words(
        f"{words.en[:1].upper()}{words.en[1:]}. The load balancer does not know yet: its next check finds out.",
        f"{words.ko}. 로드 밸런서는 아직 모르며 다음 검사에서 알게 됩니다.",
    )


def _next_steps(facts: TargetFacts) -> Iterator[Words]:
    if not facts.counts:
        return
    if facts.is_failing:
        yield from failing_steps(facts)
        return
    if facts.is_down:
        if facts.faults:
            yield faults_step(facts)
        yield restart_step(facts.name)
    hint = hint_words(facts.state.health, facts.group.group.health_check, facts.times.speed)
    if hint is not None:
        yield hint


def target_values(facts: TargetFacts) -> dict[str, Any]:
    """Plain values for programs. Durations are load-balancer seconds."""
    state, health = facts.state, facts.state.health
    coming, probe = facts.forecast, facts.state.health.last_probe
    check = facts.group.group.health_check
    process = facts.process
    return {
        "target": facts.name,
        "target_group": facts.group.group.name,
        "address": state.target.address,
        "state": str(health.state),
        "reason": None if health.reason is None else str(health.reason),
        "description": health.description,
        "since_s": round(facts.for_s, 3),
        "last_check": None
        if probe is None
        else {
            "outcome": str(probe.outcome),
            "status_code": probe.status_code,
            "latency_s": round(probe.latency_s, 6),
            "passed": probe.passes(check),
            "ago_s": None if state.probed_at is None else round(max(0.0, facts.now - state.probed_at), 3),
        },
        "passes": health.passes,
        "failures": health.failures,
        "healthy_threshold_count": check.healthy_threshold_count,
        "unhealthy_threshold_count": check.unhealthy_threshold_count,
        "interval_s": check.interval_s,
        "next_check_in_s": _rounded(coming.next_in_s),
        "out_in_s": _rounded(coming.out_in_s),
        "back_in_s": _rounded(coming.back_in_s),
        "draining_left_s": _rounded(
            None if state.draining_until is None else max(0.0, state.draining_until - facts.now)
        ),
        "gets_requests": state.is_candidate,
        "mode": str(facts.group.mode),
        "in_flight": state.outstanding,
        "anomaly": str(state.anomaly),
        "slow_start_weight": facts.group.ramp_weight(state, facts.now),
        "process_pid": None if process is None else process.pid,
        "process_is_own": process is not None,
        "faults": list(facts.faults),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
