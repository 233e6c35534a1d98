"""What would happen to a request: told from an exchange that was only thought of (`dry_exchange`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from simlb.core import desync
from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect
from simlb.core.model import Protocol
from simlb.core.stickiness import StickinessVerdict
from simlb.core.target_group import TargetGroupState, TargetState
from simlb.dataplane.exchange import Exchange
from simlb.dataplane.listener import OpenListener
from simlb.explain.causes import Cause, Outcome, cause_of
from simlb.explain.dry_arrival import arrive
from simlb.explain.dry_exchange import DryRun
from simlb.explain.dry_place import Place
from simlb.explain.dry_request import DryRequest
from simlb.explain.routing_steps import algorithm_words, group_cookie_step, group_step, target_cookie_step
from simlb.explain.rule_steps import action_step, rules_step, transforms_step
from simlb.explain.story import Producer, Step, Story, Topic, Words
from simlb.explain.target_facts import TargetFacts
from simlb.explain.veil import Veil
from simlb.wire.h1_response import answer_bytes

Facts = Callable[[TargetGroupState, TargetState], TargetFacts]
_OPEN = Veil(unmasked=True)
"""Nothing is masked: all that is shown, whoever asks has just written."""
_CANDIDATES_SHOWN_MAX = 12
_OUTCOMES_OF_STATUS = {
    400: Outcome.MALFORMED_REQUEST,
    405: Outcome.METHOD_REFUSED,
    414: Outcome.URI_TOO_LONG,
    463: Outcome.TOO_MANY_ADDRESSES,
    501: Outcome.ENCODING_UNKNOWN,
    505: Outcome.VERSION_UNKNOWN,
    507: Outcome.LOCATION_TOO_LONG,
}
_OUTCOMES_OF_MODE = {
    "no_targets": Outcome.NO_TARGETS,
    "unused": Outcome.GROUP_UNUSED,
    "initial": Outcome.ALL_INITIAL,
}


def dry_run_story(place: Place, request: DryRequest, facts_of: Facts) -> Story:
    """The story of a request that is not sent."""
    return _Teller(place, request, facts_of).story()


class _Teller:
    """Gathers the steps of one dry run."""

    def __init__(self, place: Place, request: DryRequest, facts_of: Facts) -> None:
        self._place = place
        self._request = request
        self._facts_of = facts_of
        self._steps: list[Step] = []
        self._flaw: Cause | None = None
        """What keeps clients from coming so far, or some of them."""
        self._values: dict[str, Any] = {
            "load_balancer": place.load_balancer,
            "listener": None,
            "client_request": request.data.decode("utf-8", "backslashreplace").split("\r\n")[:-2],
            "rule": None,
            "action": None,
            "target_group": None,
            "target": None,
            "status_code": None,
            "location": None,
        }

    def story(self) -> Story:
        arrival = arrive(self._place, self._request)
        self._steps += arrival.steps
        self._values |= arrival.values
        self._flaw = arrival.flaw
        listener = self._place.listener
        if listener is None or arrival.ending is not None:
            assert arrival.ending is not None
            return self._told(arrival.ending)
        return self._of_run(DryRun(self._place.node, listener, self._request), listener)

    # -- the request ---------------------------------------------------------------------------------------------------

    def _of_run(self, run: DryRun, listener: OpenListener) -> Story:
        exchange = run.exchange
        if listener.is_tls and self._request.scheme == "http":
            return self._answered(run, cause_of(Outcome.PLAIN_HTTP))
        self._head(exchange)
        decision = exchange.decision
        if decision is None:
            return self._answered(run, self._cause_of_refusal(exchange))
        plan = exchange.plan
        self._steps.append(rules_step(plan.rules.explain(exchange.head, self._request.client_ip), _OPEN))
        self._steps.append(action_step(decision.action, decision.rule, plan))
        self._values["rule"] = "default" if decision.rule is None else str(decision.priority)
        self._values["action"] = exchange.action
        if isinstance(decision.action, CompiledForward):
            return self._forward(run, listener, decision.action)
        if isinstance(decision.action, CompiledRedirect) and exchange.redirect_url is not None:
            return self._redirected(run, exchange.redirect_url)
        cause = None
        if isinstance(decision.action, CompiledRedirect):
            cause = cause_of(Outcome.LOCATION_TOO_LONG)
        elif isinstance(decision.action, CompiledFixedResponse) and decision.action.status_code >= 400:
            cause = cause_of(Outcome.RULE_SAID_ERROR, status=str(decision.action.status_code))
        return self._answered(run, cause)

    def _head(self, exchange: Exchange) -> None:
        desync_class, finding = desync.worst(exchange.findings)
        mode = exchange.plan.attributes.desync_mitigation_mode
        if finding is None:
            self._step(Topic.HEAD, "The request head is compliant.", "요청 헤더는 규격에 맞습니다.")
            return
        found = ", ".join(exchange.findings)
        verdict = desync.verdict(mode, desync_class)
        self._values["desync"] = {"classification": desync_class.label, "reason": str(finding)}
        self._step(
            Topic.HEAD,
            f"The request head is {desync_class.label} ({found}); in {mode} mode: {verdict.value}.",
            f"요청 헤더 분류는 {desync_class.label}({found})이며 {mode} 모드에서는 {_VERDICTS[verdict]}.",
        )

    def _cause_of_refusal(self, exchange: Exchange) -> Cause | None:
        status = exchange.elb_status_code
        if status == 400 and exchange.findings:
            return cause_of(Outcome.DESYNC, detail=", ".join(exchange.findings))
        if status == 400 and exchange.head.named_host is None:
            return cause_of(Outcome.NO_HOST)
        if status == 400 and (exchange.head.fields.line_too_long or exchange.head.fields.size > 64 * 1024):
            return cause_of(Outcome.HEAD_TOO_LARGE)
        outcome = _OUTCOMES_OF_STATUS.get(status)
        return None if outcome is None else cause_of(outcome)

    def _redirected(self, run: DryRun, location: str) -> Story:
        self._values["location"] = location
        return self._answered(run, None, Words(f": to {location}", f": {location}"))

    # -- forwards ------------------------------------------------------------------------------------------------------

    def _forward(self, run: DryRun, listener: OpenListener, action: CompiledForward) -> Story:
        routing = run.exchange.routing
        if routing is not None:
            self._add(group_cookie_step(routing.group_verdict))
        if routing is None or routing.draw is None:
            return self._to_group(run)
        chances = action.chances()
        self._values["target_groups"] = [
            {"target_group": name, "weight": weight, "chance": round(chance, 6)} for name, weight, chance in chances
        ]
        likely = [(chance, name) for name, _, chance in chances if chance > 0]
        if not likely:
            return self._answered(run, cause_of(Outcome.WEIGHTS_ZERO))
        listed = [f"{name} {_percent(chance)} (weight {weight})" for name, weight, chance in chances]
        listed_ko = [f"{name} {_percent(chance)}(가중치 {weight})" for name, weight, chance in chances]
        self._step(
            Topic.TARGET_GROUP,
            f"The weights draw the target group: {', '.join(listed)}.",
            f"대상 그룹은 가중치로 추첨합니다: {', '.join(listed_ko)}.",
        )
        highest = max(chance for chance, _ in likely)
        first = next(name for chance, name in likely if chance == highest)
        others = [DryRun(self._place.node, listener, self._request, draw=name) for _, name in likely if name != first]
        return self._to_group(DryRun(self._place.node, listener, self._request, draw=first), others)

    def _to_group(self, run: DryRun, others: Sequence[DryRun] = ()) -> Story:
        exchange = run.exchange
        if exchange.group is None or exchange.basis is None:
            return self._answered(run, cause_of(Outcome.GROUP_GONE))
        name = exchange.group.group.name
        self._values["target_group"] = name
        for one in (run, *others):
            self._steps += self._group_steps(one)
        target = exchange.target
        if exchange.transform_status is not None:
            host, uri = exchange.transformed_host, exchange.transformed_uri
            self._steps.append(transforms_step(exchange.transform_status, _text(host), _text(uri), _OPEN))
        if target is None:
            if exchange.transform_status is not None:
                return self._answered(run, cause_of(Outcome.TRANSFORM_FAILED, detail=exchange.transform_status))
            outcome = _OUTCOMES_OF_MODE.get(str(exchange.basis.mode))
            return self._answered(run, None if outcome is None else _cause_in(outcome, name))
        self._values["candidates"] = [
            {"target": state.target.name, "address": state.address, "chance": round(chance, 6)}
            for state, chance in self._chances(exchange)
        ]
        self._values["target"] = target.target.name
        self._sent(run, target)
        is_sure = self._is_sure(exchange)
        likely = Words("", "") if is_sure else Words(" most likely", " 가장 유력하게는")
        outcome_words = Words(
            f"It would be forwarded to {name},{likely.en} to {target.target.name} ({target.address}).",
            f"{name} 그룹으로 전달되며,{likely.ko} 대상은 {target.target.name}({target.address})입니다.",
        )
        facts = self._facts_of(exchange.group, target)
        if facts.is_down:
            cause = cause_of(Outcome.REFUSED, name=target.target.name, address=target.address)
            words = facts.process.words if facts.process is not None else Words("", "")
            return self._told(
                Words(
                    f"{outcome_words.en} But {words.en}: 502.", f"{outcome_words.ko} 그런데 {words.ko}. 502가 됩니다."
                ),
                cause=cause.cause,
                next_steps=cause.next_steps,
            )
        return self._told(outcome_words)

    def _group_steps(self, run: DryRun) -> Iterator[Step]:
        exchange = run.exchange
        if exchange.group is None or exchange.basis is None:
            return
        yield group_step(exchange.group.group.name, exchange.basis)
        if exchange.routing is not None:
            step = target_cookie_step(exchange.routing.target_verdict)
            if step is not None:
                yield step
        chances = self._chances(exchange)
        if chances:
            yield Step(topic=Topic.TARGET, words=self._how(exchange, chances), details=tuple(_candidate_words(chances)))

    def _chances(self, exchange: Exchange) -> list[tuple[TargetState, float]]:
        group, target = exchange.group, exchange.target
        if group is None:
            return []
        if self._is_kept(exchange) and target is not None:
            return [(target, 1.0)]
        return group.chances(self._place.node.now())

    def _is_kept(self, exchange: Exchange) -> bool:
        return exchange.routing is not None and exchange.routing.target_verdict is StickinessVerdict.KEPT

    def _is_sure(self, exchange: Exchange) -> bool:
        drawn = (
            "target_groups" in self._values and sum(1 for one in self._values["target_groups"] if one["chance"] > 0) > 1
        )
        return not drawn and max(chance for _, chance in self._chances(exchange)) == 1

    def _how(self, exchange: Exchange, chances: Sequence[tuple[TargetState, float]]) -> Words:
        if self._is_kept(exchange):
            return Words("The cookie decides.", "쿠키가 결정합니다.")
        assert exchange.basis is not None
        how = algorithm_words(exchange.basis)
        due = next((state for state, chance in chances if chance == 1), None)
        if len(chances) == 1:
            only = chances[0][0].target.name
            return Words(f"{only} is the only candidate.", f"후보는 {only}뿐입니다.")
        if due is None:
            return Words(f"By {how.en}.", f"{how.ko}.")
        return Words(f"By {how.en}; {due.target.name} is next.", f"{how.ko}. 다음 차례는 {due.target.name}입니다.")

    def _sent(self, run: DryRun, target: TargetState) -> None:
        lines = run.sent.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self._values["target_request"] = lines
        group = run.exchange.group
        tls = " over TLS" if group is not None and group.group.protocol is Protocol.HTTPS else ""
        self._steps.append(
            Step(
                topic=Topic.FORWARD,
                words=Words(
                    f"{target.target.name} would get{tls}:",
                    f"{target.target.name}이(가) 받을 요청{' (TLS)' if tls else ''}:",
                ),
                details=tuple(Words(line, line) for line in lines),
            )
        )

    # -- ends ----------------------------------------------------------------------------------------------------------

    def _answered(self, run: DryRun, cause: Cause | None, more: Words | None = None) -> Story:
        answer = run.answer
        assert answer is not None, "an exchange that has no target answers itself"
        status = answer.status_code
        self._values["status_code"] = status
        is_head = run.exchange.head.method == b"HEAD"
        data = answer_bytes(answer, is_head_request=is_head, closes=answer.closes, now_date=b"")
        lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        self._values["response"] = lines
        self._steps.append(
            Step(
                topic=Topic.RESPONSE,
                words=Words("The load balancer would answer:", "로드 밸런서의 응답:"),
                details=tuple(Words(line, line) for line in lines),
            )
        )
        tail = more or Words("", "")
        return self._told(
            Words(
                f"The load balancer would answer {status} itself{tail.en}.",
                f"로드 밸런서가 직접 {status}(으)로 응답합니다{tail.ko}.",
            ),
            produced_by="load balancer",
            cause=None if cause is None else cause.cause,
            next_steps=() if cause is None else cause.next_steps,
        )

    def _told(
        self,
        outcome: Words,
        *,
        produced_by: Producer = "nobody",
        cause: Words | None = None,
        next_steps: tuple[Words, ...] = (),
    ) -> Story:
        request = self._request
        if cause is None and self._flaw is not None:
            cause, next_steps = self._flaw.cause, self._flaw.next_steps
        return Story(
            subject=Words(
                f"{request.method} {request.url} from {request.client_ip} (dry run: nothing is sent)",
                f"{request.client_ip}에서 {request.method} {request.url} (모의 실행: 아무것도 보내지 않습니다)",
            ),
            outcome=outcome,
            produced_by=produced_by,
            steps=tuple(self._steps),
            cause=cause,
            next_steps=next_steps,
            facts=self._values,
            steps_title=Words("What would happen", "일어날 일"),
        )

    def _step(self, topic: Topic, en: str, ko: str) -> None:
        self._steps.append(Step(topic=topic, words=Words(en, ko)))

    def _add(self, step: Step | None) -> None:
        if step is not None:
            self._steps.append(step)


def _cause_in(outcome: Outcome, group: str) -> Cause:
    return cause_of(outcome, group=Words(f"target group {group}", f"대상 그룹 {group}"), group_name=group)


_VERDICTS = {
    desync.Verdict.ALLOW: "통과시킵니다",
    desync.Verdict.ALLOW_AND_CLOSE: "통과시킨 뒤 클라이언트와 대상의 연결을 닫습니다",
    desync.Verdict.BLOCK: "차단합니다",
}


def _candidate_words(chances: Sequence[tuple[TargetState, float]]) -> Iterator[Words]:
    for state, chance in chances[:_CANDIDATES_SHOWN_MAX]:
        en = ko = f"{_percent(chance)}  {state.target.name} ({state.address})"
        if state.outstanding:
            en += f", {state.outstanding} in flight"
            ko += f", 처리 중 {state.outstanding}건"
        yield Words(en, ko)
    left = len(chances) - _CANDIDATES_SHOWN_MAX
    if left > 0:
        yield Words(f"... and {left} more", f"... 외 {left}개")


def _percent(chance: float) -> str:
    return f"{chance * 100:.3g} %"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
