"""The story of a status code: what of it there was of late, who is behind it, and how that will go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from simlb.core.error_pages import reason_phrase
from simlb.core.health import HealthState
from simlb.core.rules import DEFAULT_RULE_PRIORITY
from simlb.core.target_group import RoutingMode
from simlb.dataplane.exchange import Kept
from simlb.dataplane.target_failure import TargetFailure
from simlb.explain.durations import Times
from simlb.explain.exchange_story import story_of
from simlb.explain.failures import failure_words
from simlb.explain.forecast import detection_s
from simlb.explain.health_causes import faults_step, restart_step
from simlb.explain.remembered import Remembered
from simlb.explain.rule_steps import rule_name
from simlb.explain.status_codes import Alike, StatusSpan
from simlb.explain.story import Producer, Step, Story, Topic, Words
from simlb.explain.target_facts import TargetFacts
from simlb.explain.target_words import forecast_words
from simlb.explain.veil import Veil

ERRORS = 400
GOES_ON_S = 5.0
"""What was last seen so many real seconds ago at most is taken to go on."""
_OTHERS_SHOWN_MAX = 6
_ROWS_MAX = 20
_TARGETS_MAX = 8
_SLOW_FAILURES = frozenset({TargetFailure.IDLE, TargetFailure.CONNECT_TIMED_OUT, TargetFailure.TLS_TIMED_OUT})


def status_story(span: StatusSpan, targets: Sequence[TargetFacts], times: Times) -> Story:
    """Tell it. `targets` are all of the instance as they stand now."""
    return _Teller(span, targets, times).story()


def _merged(told: Iterable[tuple[Alike, Story]]) -> Iterator[tuple[Alike, Story]]:
    """Those that are told in the same words, as one; the most frequent first."""
    merged: dict[tuple[Any, ...], tuple[Alike, Story]] = {}
    members = ("target_address", "target_group", "target_status_code", "outcome", "failure", "actions", "rule_priority")
    for alike, story in told:
        key = (alike.produced_by, *(story.facts[name] for name in members))
        if key not in merged:
            merged[key] = replace(alike), story
            continue
        whole = merged[key][0]
        whole.count += alike.count
        whole.first_at, whole.last_at = min(whole.first_at, alike.first_at), max(whole.last_at, alike.last_at)
    yield from sorted(merged.values(), key=lambda entry: -entry[0].count)


class _Teller:
    def __init__(self, span: StatusSpan, targets: Sequence[TargetFacts], times: Times) -> None:
        self._span = span
        self._targets = targets
        self._times = times
        self._told = list(_merged((alike, story_of(Remembered.of(alike.sample), Veil())) for alike in span.alike))

    def story(self) -> Story:
        code, lasted = self._span.status_code, self._times.real(self._span.span_s)
        steps = tuple(self._steps())
        first = self._told[0][1] if self._told else None
        return Story(
            subject=Words(
                f"{code} {reason_phrase(code)}".rstrip() + f" in the last {lasted.en}",
                f"최근 {lasted.ko} 동안의 {code} {reason_phrase(code)}".rstrip(),
            ),
            outcome=self._outcome(lasted),
            produced_by=self._producer(),
            steps=steps,
            cause=None if first is None else first.cause,
            next_steps=tuple(self._next_steps()),
            facts=self._facts(),
            steps_title=Words("What was seen, and how it stands", "관찰된 것과 지금 상태"),
        )

    # -- how many ------------------------------------------------------------------------------------------------------

    def _outcome(self, lasted: Words) -> Words:
        span = self._span
        code = span.status_code
        if not span.count:
            return Words(
                f"No {code} in the last {lasted.en}. {self._instead().en}",
                f"최근 {lasted.ko} 동안 {code}은(는) 없었습니다. {self._instead().ko}",
            )
        head = Words(f"{span.count} × {code} in the last {lasted.en}", f"최근 {lasted.ko} 동안 {code} {span.count}건")
        producers = {alike.produced_by for alike in span.alike}
        if producers == {"load balancer"}:
            by = self._by_load_balancer()
        elif producers == {"target"}:
            by = Words(
                "produced by the target: the load balancer passed them on",
                "모두 대상이 만든 응답이며 로드 밸런서는 전달만 했습니다",
            )
        elif producers == {"nobody"}:
            by = Words(
                "and nobody got them: the clients had gone", "받은 사람은 없습니다. 클라이언트가 먼저 떠났습니다"
            )
        else:
            own = sum(alike.count for alike in span.alike if alike.produced_by == "load balancer")
            targets = sum(alike.count for alike in span.alike if alike.produced_by == "target")
            by = Words(
                f"{own} produced by the load balancer, {targets} by targets",
                f"{own}건은 로드 밸런서, {targets}건은 대상이 만들었습니다",
            )
        return Words(f"{head.en}, {by.en}.", f"{head.ko}. {by.ko}.")

    def _by_load_balancer(self) -> Words:
        if all(story.facts["actions"] == "fixed-response" for _, story in self._told):
            return Words(
                "all fixed responses of rules: no target was asked",
                "모두 규칙의 고정 응답이며 대상에는 묻지 않았습니다",
            )
        every = Words("all produced", "모두") if self._span.count > 1 else Words("produced", "")
        return Words(
            f'{every.en} by the load balancer (target code "-")',
            f'{every.ko} 로드 밸런서가 만든 응답입니다(대상 코드 "-")'.lstrip(),
        )

    def _producer(self) -> Producer:
        producers = {alike.produced_by for alike in self._span.alike}
        return producers.pop() if len(producers) == 1 else "nobody"

    def _instead(self) -> Words:
        span = self._span
        if not span.others:
            said = Words("There was no request at all.", "요청이 하나도 없었습니다.")
        else:
            total = span.others.total()
            listed = ", ".join(f"{count} × {code}" for code, count in span.others.most_common(_OTHERS_SHOWN_MAX))
            more = ", ..." if len(span.others) > _OTHERS_SHOWN_MAX else ""
            said = Words(
                f"There were {total} requests: {listed}{more}." if total > 1 else f"There was one request: {listed}.",
                f"요청은 {total}건: {listed}{more}.",
            )
        if span.last_before_at is not None:
            ago = self._times.real(span.now - span.last_before_at)
            said = Words(f"{said.en} The last one was {ago.en} ago.", f"{said.ko} 마지막은 {ago.ko} 전이었습니다.")
        return said

    # -- who and why ---------------------------------------------------------------------------------------------------

    def _steps(self) -> Iterator[Step]:
        span = self._span
        if span.reaches_back_s is not None:
            reach = self._times.real(span.reaches_back_s)
            yield Step(
                topic=Topic.TIMES,
                words=Words(
                    f"The exchanges that are kept reach back {reach.en} only.",
                    f"보관된 요청은 {reach.ko} 전까지뿐입니다.",
                ),
            )
        width = len(str(self._told[0][0].count)) if self._told else 0
        for alike, story in self._told[:_ROWS_MAX]:
            place, what = self._place(alike, story), self._what(alike, story)
            cause = () if story.cause is None else (Words(f"→ {story.cause.en}", f"→ {story.cause.ko}"),)
            count = str(alike.count).rjust(width)
            yield Step(
                topic=Topic.TARGET if story.facts["target_address"] else Topic.RESPONSE,
                words=Words(f"{count}  {place.en}  {what.en}", f"{count}  {place.ko}  {what.ko}"),
                details=cause,
            )
        left = self._told[_ROWS_MAX:]
        if left:
            more = sum(alike.count for alike, _ in left)
            yield Step(
                topic=Topic.TARGET,
                words=Words(f"... and {more} more, of {len(left)} kinds", f"... 그 밖에 {len(left)}가지 {more}건"),
            )
        if span.count:
            yield Step(topic=Topic.TIMES, words=self._course())
        yield from self._present()

    def _place(self, alike: Alike, story: Story) -> Words:
        name, group = story.facts["target"], story.facts["target_group"]
        if name is not None or story.facts["target_address"] is not None:
            shown = name or story.facts["target_address"]
            groups = {one.facts["target_group"] for _, one in self._told}
            here = f"{shown} in {group}" if len(groups) > 1 else str(shown)
            return Words(here, f"{shown}({group})" if len(groups) > 1 else str(shown))
        if group is not None:
            return Words(f"group {group}", f"대상 그룹 {group}")
        if story.facts["actions"] == "fixed-response":
            priority = story.facts["rule_priority"]
            return rule_name(priority or DEFAULT_RULE_PRIORITY)
        return Words("load balancer", "로드 밸런서")

    def _what(self, alike: Alike, story: Story) -> Words:
        kept = None if alike.sample.kept is None else Kept(*alike.sample.kept)
        failure = None if kept is None or kept.rare is None else kept.rare.failure
        if failure is not None:
            return failure_words(failure)
        if alike.produced_by == "target":
            return Words("answered so itself", "대상이 직접 응답")
        if alike.produced_by == "nobody":
            return Words("the client had gone", "클라이언트가 먼저 떠남")
        if story.facts["actions"] == "fixed-response":
            return Words("fixed response", "고정 응답")
        if story.facts["target_group"] is not None and kept is not None and kept.target is None:
            return Words("no target to send it to", "보낼 대상 없음")
        return Words("refused by the load balancer", "로드 밸런서가 거부")

    def _course(self) -> Words:
        span, times = self._span, self._times
        assert span.began_at is not None
        assert span.last_at is not None
        began, last = times.real(max(0.0, span.now - span.began_at)), times.real(max(0.0, span.now - span.last_at))
        if span.status_code < ERRORS:
            return Words(
                f"The first of them was {began.en} ago, the last one {last.en} ago.",
                f"첫 번째는 {began.ko} 전, 마지막은 {last.ko} 전입니다.",
            )
        if span.now - span.last_at <= GOES_ON_S:
            return Words(
                f"It began {began.en} ago and goes on: the last one was {last.en} ago.",
                f"{began.ko} 전에 시작되어 계속되고 있습니다. 마지막은 {last.ko} 전입니다.",
            )
        if span.since_last:
            since = (
                "the one request since did not get this code"
                if span.since_last == 1
                else f"none of the {span.since_last} requests since got this code"
            )
            return Words(
                f"It began {began.en} ago; the last one was {last.en} ago, and {since}.",
                f"{began.ko} 전에 시작되었습니다. 마지막은 {last.ko} 전이고 그 뒤 요청 {span.since_last}건에는 "
                "이 코드가 없었습니다.",
            )
        return Words(
            f"It began {began.en} ago; the last one was {last.en} ago, and there was no request since: nobody knows "
            "whether it is over.",
            f"{began.ko} 전에 시작되었습니다. 마지막은 {last.ko} 전이고 그 뒤로 요청이 없어 끝났는지 알 수 없습니다.",
        )

    # -- how things stand ----------------------------------------------------------------------------------------------

    def _involved(self) -> Iterator[tuple[TargetFacts | None, Alike, Story]]:
        """Each target behind these once, as it stands now; None for one that is gone."""
        seen: set[tuple[str, str | None]] = set()
        for alike, story in self._told:
            address, group = story.facts["target_address"], story.facts["target_group"]
            if address is None or alike.produced_by != "load balancer" or (address, group) in seen:
                continue
            seen.add((address, group))
            yield self._target(address, group), alike, story

    def _target(self, address: str, group: str | None) -> TargetFacts | None:
        return next(
            (one for one in self._targets if one.state.address == address and group in {one.group.group.name, None}),
            None,
        )

    def _present(self) -> Iterator[Step]:
        for facts, alike, story in islice(self._involved(), _TARGETS_MAX):
            if facts is None:
                name = story.facts["target"] or story.facts["target_address"]
                words = Words(f"{name} is no longer registered.", f"{name}은(는) 이제 등록되어 있지 않습니다.")
            else:
                words = self._now(facts, alike)
            yield Step(topic=Topic.HEALTH, words=words)

    def _now(self, facts: TargetFacts, alike: Alike) -> Words:
        health = facts.state.health
        process = ""
        process_ko = ""
        if facts.is_down and facts.process is not None:
            process, process_ko = f", {facts.process.words.en}", f", {facts.process.words.ko}"
        if health.state is HealthState.HEALTHY:
            if facts.is_down or facts.is_failing:
                leaves = self._leaves(facts, alike)
                return Words(
                    f"{facts.name} counts as healthy still{process}. {leaves.en}",
                    f"{facts.name}은(는) 아직 정상으로 여겨집니다{process_ko}. {leaves.ko}",
                )
            return Words(
                f"{facts.name} is healthy and its checks pass: it stays in the rotation.",
                f"{facts.name}은(는) 정상이고 상태 검사를 통과하므로 계속 트래픽을 받습니다.",
            )
        reason = f" ({health.reason})" if health.reason is not None else ""
        for_ = self._times.aws(facts.for_s)
        en = f"{facts.name} is {health.state}{reason} for {for_.en}{process}"
        ko = f"{facts.name}은(는) {for_.ko} 전부터 {health.state}{reason}{process_ko}"
        if facts.state.is_candidate and facts.group.mode is RoutingMode.FAIL_OPEN:
            en += ", and gets requests all the same (fail open)."
            ko += ". 그래도 요청을 받습니다(fail open)."
        elif facts.state.is_candidate:
            en += "."
            ko += "."
        else:
            en += ": it gets no new request."
            ko += ". 새 요청은 가지 않습니다."
        coming = forecast_words(facts)
        return Words(en, ko) if coming is None else Words(f"{en} {coming.en}", f"{ko} {coming.ko}")

    def _leaves(self, facts: TargetFacts, alike: Alike) -> Words:
        check = facts.group.group.health_check
        kept = None if alike.sample.kept is None else Kept(*alike.sample.kept)
        failure = None if kept is None or kept.rare is None else kept.rare.failure
        range_ = self._times.between(*detection_s(check, hangs=failure in _SLOW_FAILURES))
        thresholds = f"{check.interval_s:g} s × {check.unhealthy_threshold_count}"
        en = f"It leaves the rotation {range_.en} after dying (interval {thresholds})"
        ko = (
            f"죽은 뒤 {range_.ko} 사이에 트래픽에서 빠집니다"
            f"(간격 {check.interval_s:g}초 × {check.unhealthy_threshold_count})"
        )
        if self._times.speed:
            passed = self._times.aws((self._span.now - alike.first_at) * self._times.speed)
            en += f"; {passed.en} have passed"
            ko += f". {passed.ko} 지났습니다"
        coming = forecast_words(facts)
        return Words(f"{en}.", f"{ko}.") if coming is None else Words(f"{en}. {coming.en}", f"{ko}. {coming.ko}")

    # -- what to do ----------------------------------------------------------------------------------------------------

    def _next_steps(self) -> Iterator[Words]:
        if not self._span.count:
            if self._span.last_before_at is not None:
                ago_s = int(self._span.now - self._span.last_before_at) + 1
                yield Words(
                    f"Look further back: simlb explain {self._span.status_code} --last {ago_s}s",
                    f"더 이전까지 보세요: simlb explain {self._span.status_code} --last {ago_s}s",
                )
            return
        told: set[str] = set()
        downs = [facts for facts, _, _ in self._involved() if facts is not None and facts.is_down]
        for facts in (facts for facts, _, _ in self._involved() if facts is not None and facts.faults):
            yield faults_step(facts)
        for facts in downs:
            yield restart_step(facts.name)
        for _, story in self._told:
            is_known = any(facts.name == story.facts["target"] for facts in downs)
            for step in () if is_known else story.next_steps:
                if step.en not in told:
                    told.add(step.en)
                    yield step
        number = self._told[0][1].facts["number"]
        yield Words(f"One of them in full: simlb explain '#{number}'", f"하나를 자세히: simlb explain '#{number}'")

    def _facts(self) -> dict[str, Any]:
        span = self._span
        return {
            "status_code": span.status_code,
            "last_s": span.span_s,
            "count": span.count,
            "requests": span.others.total(),
            "by_status_code": {str(code): count for code, count in sorted(span.others.items())},
            "by": [
                {
                    "count": alike.count,
                    "produced_by": alike.produced_by,
                    "target": story.facts["target"],
                    "target_address": story.facts["target_address"],
                    "target_group": story.facts["target_group"],
                    "outcome": story.facts["outcome"],
                    "failure": story.facts["failure"],
                    "last_number": story.facts["number"],
                    "first_ago_s": round(max(0.0, span.now - alike.first_at), 3),
                    "last_ago_s": round(max(0.0, span.now - alike.last_at), 3),
                }
                for alike, story in self._told
            ],
            "began_ago_s": None if span.began_at is None else round(max(0.0, span.now - span.began_at), 3),
            "last_ago_s": None if span.last_at is None else round(max(0.0, span.now - span.last_at), 3),
            "goes_on": span.last_at is not None and span.now - span.last_at <= GOES_ON_S,
            "since_last": span.since_last,
        }
