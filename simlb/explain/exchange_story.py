"""The story of one finished exchange, from the first byte to the last, in the order in which things were decided."""

from __future__ import annotations

from typing import Any

from simlb.core.error_pages import reason_phrase
from simlb.core.model import Target
from simlb.explain.causes import Cause, Outcome, cause_of
from simlb.explain.exchange_steps import ExchangeSteps, made_by
from simlb.explain.failures import failure_words
from simlb.explain.known_as import target_group_name
from simlb.explain.outcomes import outcome_of, times_redirected
from simlb.explain.remembered import Remembered
from simlb.explain.story import Story, Words
from simlb.explain.veil import Veil, decoded, shortened


def story_of(exchange: Remembered, veil: Veil) -> Story:
    """Tell everything that is known of it."""
    return _Teller(exchange, veil).story()


def how_to_start(target: Target) -> Words:
    """What to do about a target whose process is down."""
    if target.process is None:
        return Words("Start it where you run it.", "실행하던 곳에서 다시 시작하세요.")
    command = f"simlb target restart {target.name}"
    return Words(f"Start it: {command}.", f"다시 시작하세요: {command}.")


class _Teller:
    def __init__(self, exchange: Remembered, veil: Veil) -> None:
        self.exchange = exchange
        self.line = exchange.line
        self.kept = exchange.kept
        self.plan = None if exchange.kept is None else exchange.kept.plan
        self.rare = exchange.rare
        self.veil = veil

    def story(self) -> Story:
        outcome = outcome_of(self.exchange)
        cause = None if outcome is None else self._cause(outcome)
        return Story(
            subject=self._subject(),
            outcome=self._outcome(),
            produced_by=made_by(self.exchange),
            steps=tuple(ExchangeSteps(self.exchange, self.veil).all()),
            cause=None if cause is None else cause.cause,
            next_steps=() if cause is None else cause.next_steps,
            facts=self._facts(outcome),
        )

    # -- the head of the story -----------------------------------------------------------------------------------------

    def _subject(self) -> Words:
        request = self._request()
        return Words(
            f"#{self.exchange.number}  {request.en}  at {self.line.created_at}",
            f"#{self.exchange.number}  {request.ko}  {self.line.created_at}",
        )

    def _request(self) -> Words:
        if self.line.method is None:
            return Words("bytes that are no request", "요청이 아닌 바이트")
        asked = f"{shortened(decoded(self.line.method))} {self._url()}"
        return Words(asked, asked)

    def _url(self) -> str:
        return shortened(self.veil.uri(self.line.url))

    def _outcome(self) -> Words:
        code = self.line.elb_status_code
        status = f"{code} {reason_phrase(code)}".rstrip()
        match made_by(self.exchange):
            case "target":
                name = self._target_name()
                said = Words(f"{status}, from the target {name}", f"{status}: 대상 {name}의 응답")
            case "load balancer":
                said = Words(f"{status}, from the load balancer itself", f"{status}: 로드 밸런서가 직접 만든 응답")
            case _:
                said = Words(
                    f"No response: the client was gone. The log says {code}",
                    f"응답 없음: 클라이언트가 먼저 떠났습니다. 로그에는 {code}로 남습니다",
                )
        failure = self.rare.failure
        if failure is None:
            return Words(f"{said.en}.", f"{said.ko}.")
        words = failure_words(failure)
        return Words(f"{said.en}: {words.en}.", f"{said.ko} - {words.ko}.")

    def _target_name(self) -> str:
        if self.kept is not None and self.kept.target is not None:
            return self.kept.target.target.name
        return self.line.target_address or "-"

    def _cause(self, outcome: Outcome) -> Cause:
        names: dict[str, str | Words] = {"status": str(self.line.elb_status_code)}
        if self.kept is not None and self.kept.target is not None:
            target = self.kept.target.target
            names["target"] = target.name
            names["start"] = how_to_start(target)
            names["address"] = self._dialled()
        group = target_group_name(self.plan, self.line.target_group)
        if group is not None:
            names["group"] = Words(f"target group {group}", f"대상 그룹 {group}")
            names["group_name"] = group
        detail = self._detail(outcome)
        if detail is not None:
            names["detail"] = detail
        return cause_of(outcome, **names)

    def _dialled(self) -> str:
        """Where the target really listens, which a command line can try."""
        assert self.kept is not None
        assert self.kept.target is not None
        target = self.kept.target.target
        host = f"[{target.dial_host}]" if ":" in target.dial_host else target.dial_host
        return f"{host}:{target.dial_port}"

    def _detail(self, outcome: Outcome) -> str | Words | None:
        line = self.line
        match outcome:
            case Outcome.DESYNC:
                return f"{line.classification}, {line.classification_reason}"
            case Outcome.TRANSFORM_FAILED:
                return line.transform_status
            case Outcome.IDLE if self.plan is not None:
                idle_s = self.plan.attributes.idle_timeout_s
                return Words(f"{idle_s} s", f"{idle_s}초")
            case Outcome.RESPONSE_CUT if self.rare.failure is not None:
                return failure_words(self.rare.failure)
            case Outcome.TARGET_REDIRECTS_AGAIN:
                times = times_redirected(self.exchange)
                return Words(f"{times} times on this connection", f"이 연결에서 {times}번")
            case _:
                return None

    # -- facts ---------------------------------------------------------------------------------------------------------

    def _facts(self, outcome: Outcome | None) -> dict[str, Any]:
        line, kept, failure = self.line, self.kept, self.rare.failure
        target = None if kept is None else kept.target
        return {
            "number": self.exchange.number,
            "trace_id": line.trace_id,
            "connection": line.connection,
            "outcome": None if outcome is None else str(outcome),
            "elb_status_code": line.elb_status_code,
            "target_status_code": line.target_status_code,
            "rule_priority": line.rule_priority,
            "actions": line.actions,
            "target_group": target_group_name(self.plan, line.target_group),
            "target": None if target is None else target.target.name,
            "target_address": line.target_address,
            "failure": None if failure is None else failure.name.lower(),
            "are_rules_kept": self.plan is not None,
            "request_processing_time_s": line.request_processing_time,
            "target_processing_time_s": line.target_processing_time,
            "response_processing_time_s": line.response_processing_time,
            "received_bytes": line.received_bytes,
            "sent_bytes": line.sent_bytes,
            "headers": self._headers(),
            "is_head_cut": self.exchange.is_head_cut,
            "is_unmasked": self.veil.unmasked,
        }

    def _headers(self) -> list[list[str]]:
        """Names and values, those that are secret masked."""
        if self.kept is None:
            return []
        found = []
        for raw in self.kept.section.replace(b"\r", b"\n").split(b"\n"):
            name, colon, value = decoded(raw).partition(":")
            if name or colon:
                # What is no field has no name to tell by whether it is secret.
                shown = self.veil.field(name.strip(), value.strip()) if colon else ""
                found.append([name if colon else self.veil.nameless(name), shown])
        return found
