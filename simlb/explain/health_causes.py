"""What usually lies behind failing health checks, and what to do: learners' mistakes as states show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simlb.core.health import HealthState, ProbeOutcome
from simlb.core.model import HealthCheck
from simlb.dataplane.probe import probe_port
from simlb.explain.probe_words import hint_words
from simlb.explain.story import Words
from simlb.explain.target_facts import TargetFacts


def failing_cause(facts: TargetFacts) -> Words | None:
    """Why its last checks failed; None when the last one passed, or there was none."""
    probe = facts.state.health.last_probe
    check, target = facts.group.group.health_check, facts.state.target
    if probe is None or not facts.is_failing:
        return None
    place = f"{target.dial_host}:{probe_port(check, target)}"
    match probe.outcome:
        case ProbeOutcome.REFUSED if facts.process is not None and facts.is_down:
            words = facts.process.words
            return Words(
                f"Nothing listens at {place}: {words.en}.", f"{place}에서 듣고 있는 것이 없습니다. {words.ko}."
            )
        case ProbeOutcome.REFUSED:
            return Words(
                f"Nothing listens at {place}: the process is down, or it listens on another port.",
                f"{place}에서 듣고 있는 것이 없습니다. 프로세스가 내려갔거나 다른 포트에서 듣고 있습니다.",
            )
        case ProbeOutcome.TIMED_OUT:
            timeout = facts.times.aws(check.timeout_s)
            return Words(
                f"No answer within {timeout.en}: the application hangs or is slow; on AWS most often the target's "
                "security group does not let the load balancer in.",
                f"{timeout.ko} 안에 응답이 없습니다. 애플리케이션이 멈췄거나 느립니다. AWS에서는 대상의 보안 그룹이 "
                "로드 밸런서를 허용하지 않는 경우가 가장 많습니다.",
            )
        case ProbeOutcome.UNREACHABLE:
            return Words(
                f"There is no way to {place} on this network.", f"이 네트워크에서는 {place}에 닿을 수 없습니다."
            )
        case ProbeOutcome.RESET | ProbeOutcome.CLOSED:
            return Words(
                "The target takes the connection and ends it without an answer: it is crashing, or speaks another "
                "protocol on this port.",
                "대상이 연결을 받은 뒤 응답 없이 끊습니다. 비정상 종료되고 있거나 이 포트에서 다른 프로토콜을 씁니다.",
            )
        case ProbeOutcome.MALFORMED:
            return Words(
                "What came back is no HTTP: another protocol is spoken on this port.",
                "돌아온 것이 HTTP가 아닙니다. 이 포트에서는 다른 프로토콜을 씁니다.",
            )
        case ProbeOutcome.TLS_FAILED:
            return Words(
                "The TLS handshake with the target fails: it speaks plain HTTP, or versions and ciphers do not fit.",
                "대상과의 TLS 핸드셰이크가 실패합니다. 포트가 평문 HTTP이거나 TLS 버전·암호가 맞지 않습니다.",
            )
        case _:
            return _mismatch(check, probe.status_code or 0)


def _mismatch(check: HealthCheck, code: int) -> Words:
    wanted = check.matcher.http_code
    return Words(
        f"The application answers the health check with {code}, and the matcher lets only {wanted} pass.",
        f"애플리케이션이 상태 검사에 {code}(으)로 응답하는데 matcher는 {wanted}만 통과시킵니다.",
    )


def failing_steps(facts: TargetFacts) -> Iterator[Words]:
    """What to do about a target whose last checks failed, the likeliest first."""
    health, target = facts.state.health, facts.state.target
    check = facts.group.group.health_check
    probe = health.last_probe
    if probe is None or not facts.is_failing:
        return
    hint = hint_words(health, check, facts.times.speed)
    if hint is not None:
        yield hint
    if facts.faults:
        yield faults_step(facts)
    if facts.is_down:
        yield restart_step(facts.name)
        return
    scheme = check.protocol.lower()
    command = f"curl -i {'-k ' if scheme == 'https' else ''}{scheme}://{_url_host(target.dial_host)}:"
    command += f"{probe_port(check, target)}{check.path}"
    match probe.outcome:
        case ProbeOutcome.REFUSED:
            yield Words(
                "Start the application, or correct the target's port.",
                "애플리케이션을 시작하거나 대상의 포트를 고치세요.",
            )
        case ProbeOutcome.TIMED_OUT:
            yield Words(
                "On AWS: let the target's security group admit the load balancer's on the target's port.",
                "AWS에서는 대상의 보안 그룹이 대상 포트에서 로드 밸런서의 보안 그룹을 허용하게 하세요.",
            )
        case ProbeOutcome.ANSWERED if health.state is HealthState.UNHEALTHY and hint is None:
            yield Words(
                "Look into the application's log: why does it not answer the health check with "
                f"{check.matcher.http_code}?",
                f"애플리케이션 로그를 보세요. 왜 상태 검사에 {check.matcher.http_code}(으)로 응답하지 않나요?",
            )
    yield Words(f"Ask it as the load balancer does: {command}", f"로드 밸런서처럼 직접 물어보세요: {command}")


def faults_step(facts: TargetFacts) -> Words:
    """A fault on purpose is the first thing to look at."""
    return undo_words(facts.faults)


def undo_words(faults: Sequence[str]) -> Words:
    """What is wrong was installed, and can be undone."""
    listed = "; ".join(faults)
    return Words(
        f"A fault was installed on it on purpose ({listed}): undo it with simlb fault rm NAME.",
        f"일부러 설치한 장애가 있습니다({listed}). simlb fault rm NAME 으로 되돌리세요.",
    )


def restart_step(name: str) -> Words:
    """Start what has ended."""
    return Words(f"Start it again: simlb target restart {name}", f"다시 시작하세요: simlb target restart {name}")


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
