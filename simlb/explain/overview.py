"""Everything that is not as it should be right now, the worst first, each with its cause and the next step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from simlb.core.anomaly import AnomalyResult
from simlb.core.health import HealthState
from simlb.core.model import LoadBalancer
from simlb.core.server_names import covers
from simlb.core.target_group import RoutingMode, TargetGroupState
from simlb.dataplane.gate import GateState
from simlb.dataplane.listener import OpenListener
from simlb.dataplane.node import LoadBalancerNode
from simlb.explain.causes import Cause, Outcome, cause_of
from simlb.explain.client_certificates import refused_client_stories
from simlb.explain.health_causes import undo_words
from simlb.explain.story import Language, Step, Story, Topic, Words
from simlb.explain.target_facts import TargetFacts
from simlb.explain.target_states import target_story
from simlb.explain.target_words import clients_see, counting_words, forecast_words


class Severity(IntEnum):
    """How bad it is for clients; the first is the worst."""

    NOBODY_SERVED = 0
    REQUESTS_FAIL = 1
    AT_RISK = 2
    WORTH_KNOWING = 3

    @property
    def label(self) -> str:
        """For programs."""
        return ("error", "error", "warning", "info")[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What was found, the worst first; nothing when nothing is wrong."""

    outcome: Words
    stories: tuple[Story, ...]

    def to_json(self, language: Language = "en") -> dict[str, Any]:
        """Plain values, with all statements in one language."""
        return {
            "outcome": self.outcome.of(language),
            "stories": [story.to_json(language) for story in self.stories],
            "language": language,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An instance as it stands. `errors` are the stories of the error codes of late, `faults` what is installed.

    `faults_of` gives those on a listener (port and load balancer) or on a target group (its name and None), in words.
    """

    nodes: Mapping[str, LoadBalancerNode]
    models: Mapping[str, LoadBalancer]
    targets: Sequence[TargetFacts]
    errors: Sequence[Story]
    faults: Sequence[str]
    faults_of: Callable[[int | str, str | None], Sequence[str]]
    requests: int
    """How many have finished of late."""


def overview(standing: Standing) -> Overview:
    """Look at everything."""
    found: list[tuple[Severity, Story]] = []
    for name, node in standing.nodes.items():
        found += _of_load_balancer(standing, standing.models[name], node)
        for group in node.groups.values():
            members = [facts for facts in standing.targets if facts.group is group]
            faults = standing.faults_of(group.group.name, None)
            found += [(severity, _undone(story, faults)) for severity, story in _of_group(group, members)]
            for one in members:
                found += _of_target(one)
    found += [(_severity_of_errors(story), _with_subject_first(story)) for story in standing.errors]
    found += _of_faults(standing.faults)
    found.sort(key=lambda entry: entry[0])
    stories = tuple(replace(story, facts={"severity": severity.label, **story.facts}) for severity, story in found)
    return Overview(outcome=_outcome(standing, [severity for severity, _ in found]), stories=stories)


def _outcome(standing: Standing, severities: Sequence[Severity]) -> Words:
    wrong = sum(severity < Severity.WORTH_KNOWING for severity in severities)
    if wrong == 1:
        return Words("One thing is not as it should be.", "정상이 아닌 것이 1가지 있습니다.")
    if wrong:
        return Words(f"{wrong} things are not as they should be.", f"정상이 아닌 것이 {wrong}가지 있습니다.")
    listeners = sum(len(node.listeners) for node in standing.nodes.values())
    counted = [facts for facts in standing.targets if facts.counts]
    healthy = sum(facts.state.is_healthy for facts in counted)
    en = f"Nothing is wrong: listeners {listeners}, targets healthy {healthy} of {len(counted)}, "
    ko = f"이상이 없습니다. 리스너 {listeners}개, 정상 대상 {len(counted)}개 중 {healthy}개, "
    return Words(f"{en}requests in the last minute {standing.requests}.", f"{ko}최근 1분 요청 {standing.requests}건.")


# -- load balancers and listeners --------------------------------------------------------------------------------------


def _undone(story: Story, faults: Sequence[str]) -> Story:
    """What is wrong at a place where a fault is installed is most likely that fault's doing."""
    return replace(story, next_steps=(undo_words(faults), *story.next_steps)) if faults else story


def _of_load_balancer(
    standing: Standing, model: LoadBalancer, node: LoadBalancerNode
) -> Iterator[tuple[Severity, Story]]:
    if not node.listeners:
        yield (
            Severity.NOBODY_SERVED,
            Story(
                subject=Words(f"load balancer {model.name}", f"로드 밸런서 {model.name}"),
                outcome=Words(
                    "It has no listener: clients are refused at once.",
                    "리스너가 없어 클라이언트의 연결이 바로 거부됩니다.",
                ),
                cause=Words("No listener is configured.", "구성에 리스너가 없습니다."),
                next_steps=(
                    Words(
                        "Add one: listeners: [{protocol: HTTP, port: 80, forward: GROUP}]",
                        "추가하세요: listeners: [{protocol: HTTP, port: 80, forward: GROUP}]",
                    ),
                ),
                facts={"kind": "no_listener", "load_balancer": model.name},
            ),
        )
    for listener in node.listeners.values():
        faults = standing.faults_of(listener.model.port, model.name)
        for severity, story in _of_listener(model, listener):
            yield severity, _undone(story, faults)


def _of_listener(model: LoadBalancer, listener: OpenListener) -> Iterator[tuple[Severity, Story]]:
    port = listener.model.port
    name = f"{listener.model.protocol}:{port}"
    subject = Words(f"listener {name} of {model.name}", f"{model.name}의 리스너 {name}")
    facts = {"load_balancer": model.name, "listener": port}
    if listener.gate.state is GateState.CLOSED:
        yield (
            Severity.NOBODY_SERVED,
            Story(
                subject=subject,
                outcome=Words(
                    "Clients wait and then time out connecting; nothing of it is logged or counted.",
                    "클라이언트가 기다리다 연결 시간 초과가 됩니다. 로그에도 지표에도 남지 않습니다.",
                ),
                cause=Words(
                    f"No inbound rule of the security group lets anybody in to port {port}.",
                    f"보안 그룹에 {port} 포트를 허용하는 인바운드 규칙이 없습니다.",
                ),
                next_steps=(
                    Words(
                        f"Add an inbound rule: security_group: {{inbound: [{port}]}}",
                        f"인바운드 규칙을 추가하세요: security_group: {{inbound: [{port}]}}",
                    ),
                ),
                facts={"kind": "gate_closed", **facts},
            ),
        )
    if not listener.is_tls:
        return
    for story in refused_client_stories(model.name, listener):
        yield Severity.AT_RISK, story
    certificates = listener.model.certificates
    bare = [one for one in model.names if not any(covers(certificate.names, one) for certificate in certificates)]
    if bare:
        names = ", ".join(bare)
        yield (
            Severity.REQUESTS_FAIL,
            Story(
                subject=subject,
                outcome=Words(
                    f"Clients of {names} end the TLS handshake or warn.",
                    f"{names}의 클라이언트는 TLS 핸드셰이크를 끝내거나 경고합니다.",
                ),
                cause=Words(
                    f"No certificate of the listener covers {names}.",
                    f"리스너의 인증서 중 {names}에 유효한 것이 없습니다.",
                ),
                next_steps=(
                    Words(
                        f"Issue one: certificates: [{{names: [{names}]}}]",
                        f"발급하세요: certificates: [{{names: [{names}]}}]",
                    ),
                ),
                facts={"kind": "certificate_name", "names": bare, **facts},
            ),
        )


# -- groups and targets ------------------------------------------------------------------------------------------------


def _of_group(group: TargetGroupState, members: Sequence[TargetFacts]) -> Iterator[tuple[Severity, Story]]:
    name = group.group.name
    facts = {"target_group": name, "mode": str(group.mode)}
    match group.mode:
        case RoutingMode.NO_TARGETS:
            yield Severity.NOBODY_SERVED, _of_cause(group, _cause(Outcome.NO_TARGETS, name), "no_targets")
        case RoutingMode.ALL_INITIAL if not group.candidates:
            yield Severity.NOBODY_SERVED, _all_initial(group, members)
        case RoutingMode.UNUSED if group.targets:
            yield (
                Severity.WORTH_KNOWING,
                Story(
                    subject=Words(f"target group {name}", f"대상 그룹 {name}"),
                    outcome=Words(
                        "It gets no request, and nobody checks its targets.", "요청도 상태 검사도 오지 않습니다."
                    ),
                    cause=Words(
                        "No listener or rule forwards to it.", "이 그룹으로 전달하는 리스너나 규칙이 없습니다."
                    ),
                    next_steps=(
                        Words("Name it in a rule or a default action.", "규칙이나 기본 작업에서 이 그룹을 지정하세요."),
                    ),
                    facts={"kind": "unused", **facts},
                ),
            )
        case RoutingMode.FAIL_OPEN:
            yield _fail_open(group, members)


def _fail_open(group: TargetGroupState, members: Sequence[TargetFacts]) -> tuple[Severity, Story]:
    registered = [facts for facts in members if facts.counts]
    healthy = sum(facts.state.is_healthy for facts in registered)
    name = group.group.name
    stories = [target_story(facts) for facts in registered if not facts.state.is_healthy]
    causes = {story.cause.en: story.cause for story in stories if story.cause is not None}
    first = stories[0] if stories else None
    cause = next(iter(causes.values())) if len(causes) == 1 else None
    if cause is None and causes:
        cause = Words(
            f"Their checks fail for {len(causes)} different reasons, see below.",
            f"상태 검사가 실패하는 이유가 {len(causes)}가지입니다. 아래를 보세요.",
        )
    # When nobody can be connected to, opening up does not help anybody.
    reached = any(
        facts.state.health.last_probe is not None and facts.state.health.last_probe.status_code is not None
        for facts in registered
    )
    severity = Severity.AT_RISK if reached or healthy else Severity.NOBODY_SERVED
    count = len(registered)
    return severity, Story(
        subject=Words(f"target group {name}", f"대상 그룹 {name}"),
        outcome=Words(
            f"{healthy} of {count} targets healthy, too few: requests go to all of them (fail open), so that clients "
            "may notice nothing.",
            f"대상 {count}개 중 {healthy}개만 정상이라 모두에게 요청을 보냅니다(fail open). 클라이언트는 알아채지 "
            "못할 수 있습니다.",
        ),
        cause=cause,
        next_steps=() if first is None else first.next_steps,
        steps=tuple(
            Step(
                topic=Topic.TARGET,
                words=Words(f"{story.subject.en}: {story.outcome.en}", f"{story.subject.ko}: {story.outcome.ko}"),
            )
            for story in stories
        ),
        facts={"kind": "fail_open", "target_group": name, "healthy": healthy, "registered": count},
    )


def _all_initial(group: TargetGroupState, members: Sequence[TargetFacts]) -> Story:
    story = _of_cause(group, _cause(Outcome.ALL_INITIAL, group.group.name), "initial")
    steps = []
    for facts in members:
        coming = forecast_words(facts)
        if facts.counts and coming is not None:
            steps.append(
                Step(topic=Topic.HEALTH, words=Words(f"{facts.name}: {coming.en}", f"{facts.name}: {coming.ko}"))
            )
    return replace(story, steps=tuple(steps))


def _of_target(facts: TargetFacts) -> Iterator[tuple[Severity, Story]]:
    state, group = facts.state, facts.group
    kind, severity = "", Severity.WORTH_KNOWING
    match state.health.state:
        case HealthState.UNHEALTHY if group.mode is not RoutingMode.FAIL_OPEN:
            kind, severity = "unhealthy", Severity.AT_RISK
        case HealthState.HEALTHY if facts.is_down or facts.is_failing:
            kind, severity = "failing", Severity.REQUESTS_FAIL
        case HealthState.HEALTHY if state.anomaly is AnomalyResult.ANOMALOUS:
            kind, severity = "anomalous", Severity.REQUESTS_FAIL
        case HealthState.INITIAL if group.mode is not RoutingMode.ALL_INITIAL or group.candidates:
            kind = "initial"
        case HealthState.DRAINING:
            kind = "draining"
    if not kind:
        return
    story = target_story(facts)
    shown = [clients_see(facts)]
    if facts.counts:
        coming = forecast_words(facts)
        shown = [counting_words(facts), *([] if coming is None else [coming]), *shown]
    if kind in {"anomalous", "draining"}:
        shown = [step.words for step in story.steps if step.topic in {Topic.TARGET, Topic.HEALTH}][-2:] + shown[-1:]
    if kind == "failing":
        story = replace(
            story,
            outcome=Words(
                "It does not do its work, but counts as healthy still: it goes on getting its share of requests.",
                "제 일을 못 하지만 아직 정상으로 여겨져 제 몫의 요청을 계속 받습니다.",
            ),
        )
    yield (
        severity,
        replace(
            story,
            steps=tuple(Step(topic=Topic.HEALTH, words=words) for words in shown),
            facts={"kind": kind, **story.facts},
        ),
    )


def _of_cause(group: TargetGroupState, cause: Cause, kind: str) -> Story:
    name = group.group.name
    return Story(
        subject=Words(f"target group {name}", f"대상 그룹 {name}"),
        outcome=Words(
            "Every request that is forwarded to it gets 503.", "이 그룹으로 전달되는 요청은 모두 503이 됩니다."
        ),
        cause=cause.cause,
        next_steps=cause.next_steps,
        facts={"kind": kind, "target_group": name, "mode": str(group.mode)},
    )


def _cause(outcome: Outcome, group: str) -> Cause:
    return cause_of(outcome, group=Words(f"target group {group}", f"대상 그룹 {group}"), group_name=group)


# -- of late, and on purpose -------------------------------------------------------------------------------------------


def _severity_of_errors(story: Story) -> Severity:
    code = int(story.facts["status_code"])
    if not story.facts["goes_on"]:
        return Severity.WORTH_KNOWING
    return Severity.REQUESTS_FAIL if code >= 500 else Severity.AT_RISK


def _with_subject_first(story: Story) -> Story:
    """Short: the counts and the cause; the rest is told when it is asked for."""
    code = story.facts["status_code"]
    more = Words(f"All about it: simlb explain {code}", f"자세히: simlb explain {code}")
    return replace(
        story,
        subject=Words(f"status code {code}", f"상태 코드 {code}"),
        next_steps=(*story.next_steps[:1], more),
        facts={"kind": "errors", **story.facts},
    )


def _of_faults(faults: Sequence[str]) -> Iterator[tuple[Severity, Story]]:
    if faults:
        yield (
            Severity.WORTH_KNOWING,
            Story(
                subject=Words("faults", "장애"),
                outcome=Words(
                    f"Installed on purpose: {'; '.join(faults)}.", f"일부러 설치한 장애: {'; '.join(faults)}."
                ),
                next_steps=(
                    Words(
                        "Undo one: simlb fault rm NAME; all: simlb fault clear",
                        "되돌리기: simlb fault rm NAME, 모두: simlb fault clear",
                    ),
                ),
                facts={"kind": "faults", "faults": list(faults)},
            ),
        )
