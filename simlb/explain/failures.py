"""How a target let an exchange down, in words."""

from __future__ import annotations

from simlb.dataplane.target_failure import TargetFailure
from simlb.explain.story import Words

_KOREAN = {
    TargetFailure.REFUSED: "연결이 거부되었습니다",
    TargetFailure.UNREACHABLE: "닿을 수 없습니다",
    TargetFailure.CONNECT_TIMED_OUT: "연결 시간이 초과되었습니다",
    TargetFailure.TLS_FAILED: "TLS 핸드셰이크에 실패했습니다",
    TargetFailure.TLS_TIMED_OUT: "TLS 핸드셰이크 시간이 초과되었습니다",
    TargetFailure.CLOSED: "응답이 끝나기 전에 연결이 닫혔습니다",
    TargetFailure.MALFORMED: "응답 형식이 잘못되었습니다",
    TargetFailure.NO_DESCRIPTOR: "연결할 파일 디스크립터가 남아 있지 않습니다",
    TargetFailure.IDLE: "유휴 제한 시간 안에 응답이 없었습니다",
    TargetFailure.DEREGISTERED: "등록 취소 지연 시간이 끝났습니다",
    TargetFailure.STOPPED: "로드 밸런서가 종료되었습니다",
}


def failure_words(failure: TargetFailure) -> Words:
    """`connection refused`, and so in Korean."""
    return Words(failure.value[0], _KOREAN[failure])
