"""Why a target is in its state, when it can leave it, and what clients see meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simlb.core.anomaly import AnomalyResult
from simlb.dataplane.probe import probe_port, probe_request
from simlb.explain.health_causes import failing_cause, failing_steps, faults_step, restart_step
from simlb.explain.probe_words import hint_words, probe_words
from simlb.explain.story import Step, Story, Topic, Words
from simlb.explain.target_facts import TargetFacts
from simlb.explain.target_words import clients_see, counting_words, forecast_words, state_words


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
