"""Which rule decides and what it does, in words: for requests that were and for those that might be."""

from __future__ import annotations

from collections.abc import Sequence

from simlb.core.actions import CompiledFixedResponse, CompiledRedirect
from simlb.core.model import FixedResponseAction, ForwardAction, RedirectAction, Rule
from simlb.core.plan import ListenerPlan
from simlb.core.rules import DEFAULT_RULE_PRIORITY, CompiledAction, RuleVerdict
from simlb.core.transforms import TransformStatus
from simlb.explain.mismatches import mismatch_words
from simlb.explain.story import Step, Topic, Words
from simlb.explain.veil import Veil

RULES_SHOWN_MAX = 100
"""As many rules as a listener may have by AWS's quota."""


def rules_step(verdicts: Sequence[RuleVerdict], veil: Veil) -> Step:
    """What came of every rule in turn; the last one decides (`RuleTable.explain`)."""
    decided = verdicts[-1]
    skipped = len(verdicts) - 1
    details = [verdict_words(verdict, veil) for verdict in verdicts]
    name = rule_name(decided.priority)
    if decided.priority == DEFAULT_RULE_PRIORITY:
        if skipped:
            words = Words(
                f"The default rule decides: {_rules(skipped)} before it {_do(skipped)} not match.",
                f"기본 규칙이 적용됩니다. 앞의 규칙 {skipped}개는 일치하지 않습니다.",
            )
        else:
            words = Words(
                "The default rule decides: there is no other.", "기본 규칙이 적용됩니다. 다른 규칙이 없습니다."
            )
    elif skipped:
        words = Words(
            f"{name.en.capitalize()} decides: {_rules(skipped)} before it {_do(skipped)} not match.",
            f"{name.ko}이 적용됩니다. 앞의 규칙 {skipped}개는 일치하지 않습니다.",
        )
    else:
        words = Words(
            f"{name.en.capitalize()} decides: it is the first.", f"{name.ko}이 적용됩니다. 첫 번째 규칙입니다."
        )
    return Step(topic=Topic.RULES, words=words, details=_shortened(details))


def verdict_words(verdict: RuleVerdict, veil: Veil) -> Words:
    """`rule 20: path-pattern: '/x' matches none of '/img/*'`, or that it matches."""
    name = rule_name(verdict.priority)
    if verdict.mismatch is None:
        return Words(f"{name.en}: matches", f"{name.ko}: 일치합니다")
    mismatch = mismatch_words(verdict.mismatch, veil)
    return Words(f"{name.en}: {mismatch.en}", f"{name.ko}: {mismatch.ko}")


def rule_name(priority: int) -> Words:
    """`rule 20`, or `default rule`."""
    if priority == DEFAULT_RULE_PRIORITY:
        return Words("default rule", "기본 규칙")
    return Words(f"rule {priority}", f"{priority}번 규칙")


def decided_step(priority: int, why: Words) -> Step:
    """Only which rule decided, and why the verdicts on the others cannot be told."""
    name = rule_name(priority)
    subject = "The default rule" if priority == DEFAULT_RULE_PRIORITY else name.en.capitalize()
    words = Words(f"{subject} decided.", f"{name.ko}이 적용되었습니다.")
    return Step(topic=Topic.RULES, words=words, details=(why,))


def action_step(action: CompiledAction, rule: Rule | None, plan: ListenerPlan) -> Step:
    """What the deciding rule does, as it is configured."""
    if isinstance(action, CompiledFixedResponse):
        words = Words(
            f"Fixed response {action.status_code}: the load balancer answers itself.",
            f"고정 응답 {action.status_code}: 로드 밸런서가 직접 응답합니다.",
        )
    elif isinstance(action, CompiledRedirect):
        words = Words(
            f"Redirect ({action.status_code}) to {redirect_template(_model(rule, plan))}.",
            f"리디렉션({action.status_code}): {redirect_template(_model(rule, plan))}",
        )
    else:
        model = _model(rule, plan)
        assert isinstance(model, ForwardAction)
        groups = forward_words(model)
        words = Words(f"Forward to {groups.en}.", f"전달: {groups.ko}")
    return Step(topic=Topic.ACTION, words=words)


def _model(rule: Rule | None, plan: ListenerPlan) -> ForwardAction | RedirectAction | FixedResponseAction:
    return plan.listener.default_action if rule is None else rule.action


def redirect_template(action: ForwardAction | RedirectAction | FixedResponseAction) -> str:
    """A redirect's URL as it is configured, placeholders and all."""
    assert isinstance(action, RedirectAction)
    query = f"?{action.query}" if action.query else ""
    return f"{action.protocol.lower()}://{action.host}:{action.port}{action.path}{query}"


def forward_words(action: ForwardAction) -> Words:
    """`web`, or `web (weight 90), canary (weight 10)`, and for how long clients stay with their group."""
    if len(action.target_groups) == 1 and action.target_groups[0].weight:
        en = ko = action.target_groups[0].target_group
    else:
        en = ", ".join(f"{entry.target_group} (weight {entry.weight})" for entry in action.target_groups)
        ko = ", ".join(f"{entry.target_group}(가중치 {entry.weight})" for entry in action.target_groups)
    if action.stickiness_duration_s is not None:
        en += f"; clients stay with their group for {action.stickiness_duration_s} s"
        ko += f". 클라이언트는 {action.stickiness_duration_s}초 동안 같은 그룹으로 갑니다"
    return Words(en, ko)


_TRANSFORMS: dict[TransformStatus, Words] = {
    TransformStatus.BUFFER_TOO_SMALL: Words("the result exceeds 16 kB", "결과가 16KB를 넘습니다"),
    TransformStatus.INVALID_HOST: Words("the host is no valid one", "호스트가 올바르지 않습니다"),
    TransformStatus.INVALID_PATH: Words("the URL is no valid one", "URL이 올바르지 않습니다"),
}


def transforms_step(status: str, host: str | None, uri: str | None, veil: Veil) -> Step:
    """What the transforms of the rule made of the request; `host` and `uri` only where they were changed."""
    failed = _TRANSFORMS.get(TransformStatus(status))
    if failed is not None:
        words = Words(f"The transforms failed ({status}): {failed.en}.", f"변환에 실패했습니다({status}). {failed.ko}.")
        return Step(topic=Topic.TRANSFORMS, words=words)
    changed = [
        f"{name} {value}"
        for name, value in (("Host", host), ("URL", None if uri is None else veil.uri(uri)))
        if value is not None
    ]
    if not changed:
        return Step(
            topic=Topic.TRANSFORMS,
            words=Words("The transforms matched and changed nothing.", "변환이 일치했지만 바뀐 것은 없습니다."),
        )
    return Step(
        topic=Topic.TRANSFORMS,
        words=Words(f"The target gets {', '.join(changed)}.", f"대상이 받는 요청: {', '.join(changed)}"),
    )


def _rules(count: int) -> str:
    return "the rule" if count == 1 else f"the {count} rules"


def _do(count: int) -> str:
    return "does" if count == 1 else "do"


def _shortened(details: Sequence[Words]) -> tuple[Words, ...]:
    """All of them; of very many the first ones and the one that decides."""
    if len(details) <= RULES_SHOWN_MAX + 1:
        return tuple(details)
    left = len(details) - RULES_SHOWN_MAX - 1
    gap = Words(f"... and {left} rules more that do not match", f"... 일치하지 않는 규칙 {left}개 더")
    return (*details[:RULES_SHOWN_MAX], gap, details[-1])
