"""What happened to one finished exchange, step by step, in the order in which it was decided."""

from __future__ import annotations

from collections.abc import Iterator

from simlb.core.desync import Verdict, verdict
from simlb.core.error_pages import reason_phrase
from simlb.core.stickiness import StickinessVerdict
from simlb.core.transforms import TransformStatus
from simlb.dataplane.target_failure import TargetFailure
from simlb.explain.failures import failure_words
from simlb.explain.known_as import load_balancer_name, target_group_name
from simlb.explain.remembered import NEVER_CONNECTED, Remembered
from simlb.explain.routing_steps import draw_step, group_cookie_step, group_step, target_cookie_step, target_step
from simlb.explain.rule_steps import action_step, decided_step, rules_step, transforms_step
from simlb.explain.story import Producer, Step, Topic, Words
from simlb.explain.veil import Veil, decoded, shortened

RULES_FORGOTTEN = Words(
    "the rules of then are no longer kept: the configuration has changed too often since",
    "당시의 규칙은 더 이상 보관되어 있지 않습니다. 그 뒤로 구성이 여러 번 바뀌었습니다",
)
VERDICTS_LOST = Words(
    "what the other rules said can no longer be told from what is kept of the request",
    "보관된 요청 내용만으로는 다른 규칙의 판정을 더 이상 알 수 없습니다",
)
_BLOCKED = Words("it was refused for that", "그래서 거부했습니다")
_DESYNC = {
    Verdict.ALLOW: Words("it is let through", "통과시킵니다"),
    Verdict.ALLOW_AND_CLOSE: Words(
        "it is let through in one clear form, then both connections are closed",
        "한 가지로만 해석되는 형태로 통과시킨 뒤 양쪽 연결을 닫습니다",
    ),
    Verdict.BLOCK: _BLOCKED,
}
_TUNNELS = {"ws", "wss"}


def made_by(exchange: Remembered) -> Producer:
    """Who produced the status code that the client got."""
    line = exchange.line
    if line.target_status_code is not None:
        return "target"
    return "load balancer" if line.sent_bytes else "nobody"


class ExchangeSteps:
    """The steps of one exchange."""

    def __init__(self, exchange: Remembered, veil: Veil) -> None:
        self.exchange = exchange
        self.line = exchange.line
        self.kept = exchange.kept
        self.plan = None if exchange.kept is None else exchange.kept.plan
        self.rare = exchange.rare
        self.routed = exchange.rare.routed
        self.veil = veil

    def all(self) -> Iterator[Step]:
        """From the connection to the times."""
        yield self._connection()
        if self.line.scheme == "https":
            yield self._tls()
        yield from self._head()
        yield from self._rules()
        yield from self._routing()
        yield from self._forward()
        yield self._response()
        yield self._times()

    def _connection(self) -> Step:
        line, before = self.line, self.exchange.count_before
        name = load_balancer_name(self.plan, line.elb)
        port = self.plan.port if self.plan is not None else line.listener_port
        listener = f"{line.scheme.upper()}{'' if port is None else f':{port}'}"
        if before and self.exchange.are_all_counted:
            nth = Words(f"Request {before + 1} on this connection.", f"이 연결의 {before + 1}번째 요청입니다.")
        elif before:
            nth = Words(
                f"At least the {before + 1}. request on this connection.",
                f"이 연결의 {before + 1}번째 이후 요청입니다.",
            )
        elif self.exchange.are_all_counted:
            nth = Words("The first request on this connection.", "이 연결의 첫 요청입니다.")
        else:
            nth = Words("The first request of this connection that is kept.", "보관된 것 중 이 연결의 첫 요청입니다.")
        return Step(
            topic=Topic.CONNECTION,
            words=Words(
                f"Client {line.client_ip}:{line.client_port} to listener {listener} of {name}. {nth.en}",
                f"클라이언트 {line.client_ip}:{line.client_port} → {name}의 리스너 {listener}. {nth.ko}",
            ),
        )

    def _tls(self) -> Step:
        line = self.line
        if line.tls_protocol is None:
            words = Words("No TLS: the client spoke plain HTTP.", "TLS 없음: 클라이언트가 평문 HTTP로 말했습니다.")
            return Step(topic=Topic.TLS, words=words)
        asked = "-" if line.server_name is None else line.server_name
        en = f"{line.tls_protocol}, {line.tls_cipher}, server name {asked}"
        ko = f"{line.tls_protocol}, {line.tls_cipher}, 서버 이름 {asked}"
        if line.certificate_arn == "session-reused":
            en, ko = f"{en}; an earlier session was resumed", f"{ko}. 이전 세션을 이어서 사용했습니다"
        elif line.certificate_arn is not None:
            en, ko = f"{en}, certificate {line.certificate_arn}", f"{ko}, 인증서 {line.certificate_arn}"
        return Step(topic=Topic.TLS, words=Words(f"{en}.", f"{ko}."))

    def _head(self) -> Iterator[Step]:
        line, head = self.line, self.exchange.head
        if head is None:
            words = Words(
                f"Nothing that could be read as a request head ({line.received_bytes} bytes were accepted).",
                "요청 헤더로 읽을 수 있는 것이 없었습니다.",
            )
            if not line.received_bytes:
                words = Words("Nothing arrived that could be read as a request head.", words.ko)
            yield Step(topic=Topic.HEAD, words=words)
            return
        named = head.named_host
        host = Words("no host", "호스트 없음")
        if named is not None:
            host = Words(f"host {decoded(named)}", f"호스트 {decoded(named)}")
        parts = (decoded(head.method), self.veil.uri(decoded(head.uri)), decoded(head.version))
        said = " ".join([shortened(part) for part in parts if part])
        yield Step(
            topic=Topic.HEAD,
            words=Words(
                f"{said}, {host.en}, {self.exchange.head_bytes} bytes of header.",
                f"{said}, {host.ko}, 헤더 {self.exchange.head_bytes}바이트.",
            ),
        )
        if line.classification is not None:
            yield self._desync()

    def _desync(self) -> Step:
        line = self.line
        named = f"{line.classification} ({line.classification_reason})"
        if self.plan is None:
            return Step(
                topic=Topic.HEAD,
                words=Words(f"Desync class {named}.", f"Desync 분류 {named}."),
            )
        mode = self.plan.attributes.desync_mitigation_mode
        led_to = _DESYNC[verdict(mode, line.desync_class)]
        return Step(
            topic=Topic.HEAD,
            words=Words(
                f"Desync class {named}; in {mode} mode {led_to.en}.",
                f"Desync 분류 {named}. {mode} 모드에서는 {led_to.ko}.",
            ),
        )

    def _rules(self) -> Iterator[Step]:
        line = self.line
        if line.rule_priority is None:
            words = Words("No rule was asked.", "규칙까지 가지 않았습니다.")
            yield Step(topic=Topic.RULES, words=words)
            return
        verdicts = self.exchange.verdicts()
        if verdicts is None:
            yield decided_step(line.rule_priority, RULES_FORGOTTEN if self.plan is None else VERDICTS_LOST)
        else:
            yield rules_step(verdicts, self.veil)
        if self.plan is None:
            done = line.actions or "-"
            yield Step(topic=Topic.ACTION, words=Words(f"Action: {done}.", f"작업: {done}."))
        else:
            decision = self.plan.rules.decision(line.rule_priority)
            yield action_step(decision.action, decision.rule, self.plan)
        if line.redirect_url is not None:
            location = self.veil.uri(line.redirect_url)
            yield Step(topic=Topic.ACTION, words=Words(f"Location: {location}", f"Location: {location}"))

    def _routing(self) -> Iterator[Step]:
        kept, routed = self.kept, self.routed
        if kept is None or not (self.line.actions or "").endswith("forward"):
            return
        if routed is not None:
            cookie = group_cookie_step(routed.group_verdict)
            if cookie is not None:
                yield cookie
            if routed.draw is not None:
                yield draw_step(routed.draw)
        if kept.basis is None:
            if not self.exchange.has_no_weights:
                words = Words("The target group no longer exists.", "대상 그룹이 더는 없습니다.")
                yield Step(topic=Topic.TARGET_GROUP, words=words)
            return
        yield group_step(target_group_name(self.plan, self.line.target_group) or "-", kept.basis)
        target_verdict = StickinessVerdict.OFF if routed is None else routed.target_verdict
        cookie = target_cookie_step(target_verdict)
        if cookie is not None:
            yield cookie
        if kept.target is not None:
            yield target_step(
                kept.target,
                kept.basis,
                kept.busy_with,
                by_cookie=target_verdict is StickinessVerdict.KEPT,
                tried=tuple(one for one in self.rare.tried if one is not kept.target),
            )
        status = self.line.transform_status
        if status is not None:
            yield transforms_step(status, self.line.transformed_host, self.line.transformed_uri, self.veil)

    def _forward(self) -> Iterator[Step]:
        kept, failure = self.kept, self.rare.failure
        if kept is None or kept.target is None:
            return
        if self.line.transform_status not in {None, TransformStatus.SUCCESS}:
            return
        yield Step(topic=Topic.FORWARD, words=self._sent(failure))

    def _sent(self, failure: TargetFailure | None) -> Words:
        said = None if failure is None else failure_words(failure)
        if said is not None and failure in NEVER_CONNECTED:
            return Words(f"A new connection to the target was tried: {said.en}.", f"새 연결을 시도했습니다: {said.ko}.")
        if self.exchange.is_on_kept_connection:
            words = Words(
                "Sent over a connection to the target that had served before.",
                "이미 쓰던 대상 연결을 재사용해 보냈습니다.",
            )
        elif failure is None and self.line.request_processing_time is None:
            # The client left: its log line no longer says whether the connection was there.
            words = Words(
                "Over a new connection to the target, made or being made.",
                "대상으로 새 연결을 만들던 중이었거나 막 만들었습니다.",
            )
        else:
            words = Words("Sent over a new connection to the target.", "대상으로 새 연결을 만들어 보냈습니다.")
        return words if said is None else Words(f"{words.en} Then: {said.en}.", f"{words.ko} 그 뒤: {said.ko}.")

    def _response(self) -> Step:
        line = self.line
        code = f"{line.elb_status_code} {reason_phrase(line.elb_status_code)}".rstrip()
        sizes = Words(
            f"{line.received_bytes} bytes from the client, {line.sent_bytes} to it.",
            f"클라이언트에게서 {line.received_bytes}바이트를 받고 {line.sent_bytes}바이트를 보냈습니다.",
        )
        match made_by(self.exchange):
            case "target":
                said = Words(
                    f"The target answered {line.target_status_code}; the client got it as it was.",
                    f"대상이 {line.target_status_code}로 응답했고 클라이언트에게 그대로 전달했습니다.",
                )
                if line.kind in _TUNNELS and line.target_status_code == 101:
                    said = Words("The target switched to WebSocket (101).", "대상이 WebSocket으로 전환했습니다(101).")
            case "load balancer":
                said = Words(f"The load balancer answered {code}.", f"로드 밸런서가 {code}로 응답했습니다.")
            case _:
                said = Words("Nothing was sent to the client.", "클라이언트에게 아무것도 보내지 않았습니다.")
        return Step(topic=Topic.RESPONSE, words=Words(f"{said.en} {sizes.en}", f"{said.ko} {sizes.ko}"))

    def _times(self) -> Step:
        line = self.line
        if line.target_processing_time is None and line.request_processing_time is None:
            words = Words("Never sent to a target.", "대상에 보내지지 않았습니다.")
            is_assigned = self.kept is not None and self.kept.target is not None
            if is_assigned and self.rare.failure not in NEVER_CONNECTED:
                words = Words("Not measured: it did not come so far.", "측정되지 않았습니다. 거기까지 가지 못했습니다.")
            return Step(topic=Topic.TIMES, words=words)
        times = (line.request_processing_time, line.target_processing_time, line.response_processing_time)
        waited, served, sent = map(_seconds, times)
        return Step(
            topic=Topic.TIMES,
            words=Words(
                f"{waited.en} until it was sent to the target, {served.en} until the target's response began, "
                f"{sent.en} until the response was passed on.",
                f"대상에 보내기까지 {waited.ko}, 대상의 응답이 시작되기까지 {served.ko}, 응답을 다 전달하기까지 "
                f"{sent.ko}.",
            ),
        )


def _seconds(value: float | None) -> Words:
    return Words("-", "-") if value is None else Words(f"{value:.3f} s", f"{value:.3f}초")
