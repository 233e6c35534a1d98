"""What probes saw and what can be said about it, in both languages; the English is the core's own."""

from __future__ import annotations

from simlb.core.health import Hint, ProbeOutcome, ProbeResult, TargetHealth, find_hint
from simlb.core.model import HealthCheck
from simlb.explain.story import Words

_OUTCOMES = {
    ProbeOutcome.ANSWERED: "응답",
    ProbeOutcome.TIMED_OUT: "시간 초과",
    ProbeOutcome.REFUSED: "연결 거부",
    ProbeOutcome.RESET: "연결 재설정(RST)",
    ProbeOutcome.CLOSED: "응답 없이 연결이 닫힘",
    ProbeOutcome.UNREACHABLE: "도달할 수 없음",
    ProbeOutcome.MALFORMED: "HTTP가 아닌 응답",
    ProbeOutcome.TLS_FAILED: "TLS 핸드셰이크 실패",
}

_HINTS = {
    Hint.TIMED_OUT_AT_SPEED: (
        "배속 {speed}에서는 제한 시간 {timeout_s}초가 실제로 {here_ms} ms입니다. 대상이 느릴 뿐이라면 배속을 낮추세요"
    ),
    Hint.SLOW_AT_SPEED: (
        "응답에 {took_ms} ms가 걸렸고, 배속 {speed}에서는 제한 시간 {timeout_s}초가 실제로 {here_ms} ms입니다. "
        "배속을 낮추세요"
    ),
    Hint.NOT_TLS: "상태 검사는 HTTPS인데 대상은 TLS로 응답하지 않습니다. health_check: {{protocol: HTTP}}",
    Hint.TLS_PORT: "상태 검사는 HTTP인데 포트는 TLS입니다. health_check: {{protocol: HTTPS}}",
    Hint.MAYBE_TLS_PORT: (
        "TLS 포트에 평문 HTTP를 보내면 이렇게 됩니다. TLS 포트가 맞다면 health_check: {{protocol: HTTPS}}"
    ),
    Hint.OTHER_SUCCESS: (
        "{code}도 성공을 뜻하지만 matcher는 {matcher}만 통과시킵니다(AWS 기본값은 정확히 200). "
        "통과시키려면 200-299로 지정하세요"
    ),
    Hint.REDIRECT: (
        "상태 검사는 리디렉션을 따라가지 않습니다. matcher에 {code}이(가) 없으면 실패합니다. 직접 응답하는 경로를 "
        "검사하세요"
    ),
    Hint.NO_SUCH_PATH: (
        "{path} 경로에 응답하는 것이 없습니다. 애플리케이션에 그 경로를 추가하거나 상태 검사 경로를 고치세요"
    ),
}


def probe_words(probe: ProbeResult) -> Words:
    """`200 in 2 ms`, `connection refused`, `TLS handshake failed: ...`."""
    if probe.status_code is not None:
        return Words(probe.words, f"{probe.latency_s * 1000:.0f} ms 만에 {probe.status_code}")
    outcome = _OUTCOMES[probe.outcome]
    return Words(probe.words, outcome if probe.detail is None else f"{outcome}: {probe.detail}")


def hint_words(health: TargetHealth, check: HealthCheck, speed: float) -> Words | None:
    """The hint of `core.health`, as a sentence; None where there is none."""
    found = find_hint(health, check, speed=speed)
    if found is None:
        return None
    en, ko = found.hint.format_map(found.values), _HINTS[found.hint].format_map(found.values)
    return Words(f"{en[:1].upper()}{en[1:]}.", ko if ko.endswith("}") else f"{ko}.")
