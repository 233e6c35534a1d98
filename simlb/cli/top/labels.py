"""What stands beside the figures, in English and in Korean. AWS's own words (states, reasons, codes) stay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """One language's."""

    instance: str
    speed: str
    both_times: str
    """With load-balancer time and real time."""
    control: str
    waiting: str
    no_figures: str
    quits: str
    per_second: str
    in_flight: str
    connections: str
    target: str
    address: str
    state: str
    reason: str
    last_check: str
    next_check: str
    errors: str
    since: str
    history: str
    group: str
    fails_open: str
    more: str
    """With the number of targets that are not shown, and their states."""
    events: str
    no_events: str


ENGLISH = Labels(
    instance="instance",
    speed="speed",
    both_times="{aws} AWS ({real} here)",
    control="control port",
    waiting="waiting for the instance ...",
    no_figures="no figures yet",
    quits="q quits",
    per_second="req/s",
    in_flight="in flight",
    connections="connections",
    target="TARGET",
    address="ADDRESS",
    state="STATE",
    reason="REASON",
    last_check="LAST CHECK",
    next_check="NEXT",
    errors="err/s",
    since="SINCE",
    history="HISTORY",
    group="target group",
    fails_open="FAIL-OPEN: no target is healthy, requests go to all of them",
    more="and {count} more: {states}",
    events="EVENTS",
    no_events="nothing has happened yet",
)
KOREAN = Labels(
    instance="인스턴스",
    speed="속도",
    both_times="AWS {aws} (실제 {real})",
    control="제어 포트",
    waiting="인스턴스를 기다리는 중 ...",
    no_figures="아직 수치가 없습니다",
    quits="q 종료",
    per_second="요청/초",
    in_flight="처리 중",
    connections="연결",
    target="대상",
    address="주소",
    state="상태",
    reason="이유",
    last_check="마지막 검사",
    next_check="다음 검사",
    errors="오류/초",
    since="지속",
    history="추이",
    group="대상 그룹",
    fails_open="FAIL-OPEN: 정상 대상이 없어 모든 대상으로 요청을 보냅니다",
    more="외 {count}개: {states}",
    events="이벤트",
    no_events="아직 일어난 일이 없습니다",
)
LANGUAGES = {"en": ENGLISH, "ko": KOREAN}
