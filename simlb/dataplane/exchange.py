"""One request and its response: decide, choose a target, stream both ways, put it on record.

The exchange is version-neutral (see `streams`). Everything is a callback: no task, future or timer per request.
Outcomes are values; nothing is raised for what a client or a target did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simlb.core import desync, error_pages, forwarding
from simlb.core.access_log import ExchangeRecord
from simlb.core.actions import CompiledFixedResponse, CompiledForward, CompiledRedirect, RedirectContext
from simlb.core.cookie_routing import CookieRouting, Routed
from simlb.core.desync import Verdict
from simlb.core.plan import ListenerPlan
from simlb.core.rules import Decision
from simlb.core.target_group import Basis, TargetGroupState, TargetState
from simlb.core.transforms import CompiledTransforms, TransformStatus
from simlb.dataplane.explain_header import ExplainingClient
from simlb.dataplane.kept_body import BodyKeeper, KeptBody
from simlb.dataplane.streams import ClientStream, TargetStream
from simlb.dataplane.target_failure import NOTHING_SENT, TARGETS_FAULT, TargetFailure
from simlb.wire.request import RequestHead
from simlb.wire.response import Answer, ResponseHead, error_answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from simlb.core.stickiness import GroupCookies

CLIENT_CLOSED = 460
BAD_REQUEST = 400
SECTION_KEPT_MAX_BYTES = 2048
"""How much of a header section is kept for explanations."""


class Router(Protocol):
    """What an exchange needs of the node it runs on."""

    now: Callable[[], float]
    """Load-balancer time, for time-outs."""
    monotonic: Callable[[], float]
    """Real time, for measurements."""
    wall: Callable[[], float]
    """Wall-clock time, for stamps."""
    random: Random
    body_kept_max_bytes: int
    """How much of each request's body is kept for replays; 0: nothing."""
    explains: bool
    """Whether responses to requests with `X-Simlb-Explain: 1` say why."""

    @property
    def group_cookies(self) -> GroupCookies:
        """What seals and reads the load balancer's target-group cookies."""

    def group(self, name: str) -> TargetGroupState | None:
        """The live state of a target group; None when it is gone and only an old plan still names it."""

    def connect(self, exchange: Exchange, target: TargetState) -> TargetStream | None:
        """An idle pooled connection, or None: then `exchange.on_connected` or `on_target_failed` follows."""

    def cancel_connect(self, exchange: Exchange) -> None:
        """The exchange no longer wants the connection that is being made for it."""

    def fresh_trace_id(self, wall_s: float) -> bytes:
        """A new trace id."""

    def record(self, exchange: Exchange) -> None:
        """Put the finished exchange on record."""


class Exchange(ExchangeRecord):
    """One request and its response. The client codec drives it from one side, the target codec from the other."""

    __slots__ = (
        "basis",
        "busy_with",
        "client",
        "connection",
        "decision",
        "dispatched_at",
        "group",
        "has_response_head",
        "head",
        "is_done",
        "is_request_ended",
        "is_tunnel",
        "last_activity",
        "plan",
        "received_at",
        "responded_at",
        "router",
        "target",
    )

    closes_client = False
    """The client connection must not be used again (ambiguous request)."""
    failure: TargetFailure | None = None
    routing: CookieRouting | None = None
    """How weights and cookies led the request, where there are any."""
    set_cookie_lines = b""
    """What the load balancer adds to the target's response head: whole lines."""
    is_client_blocked = False
    is_target_blocked = False
    has_more_to_keep = False
    """True when other targets were tried, or when the body is kept."""
    _tried: tuple[TargetState, ...] = ()
    _body: BodyKeeper | None = None
    _pending: tuple[bytes, ...] = ()

    def __init__(self, client: ClientStream, router: Router, plan: ListenerPlan, head: RequestHead, now: float) -> None:
        """`now` is the load-balancer time at which the head was complete."""
        super().__init__(client.facts, head, router.wall())
        self.client = client
        self.router = router
        self.plan = plan
        self.head = head
        self.received_at = router.monotonic()
        self.last_activity = now
        # What was decided and from what: an explanation is rendered from these when somebody asks for one.
        self.decision: Decision | None = None
        self.group: TargetGroupState | None = None
        self.basis: Basis | None = None
        self.busy_with = 0
        self.target: TargetState | None = None
        self.connection: TargetStream | None = None
        self.has_response_head = False
        self.is_request_ended = False
        self.is_done = False
        self.is_tunnel = False
        self.dispatched_at = 0.0
        self.responded_at = 0.0

    # -- the request ---------------------------------------------------------------------------------------------------

    def start(self, body: bytes, *, is_end: bool) -> None:
        """Decide what happens to the request. `body` is what arrived with the head; `is_end` says that it is all."""
        self.is_request_ended = is_end
        if body and self.router.body_kept_max_bytes:
            self._keep_body(body)
        head = self.head
        if head.is_odd:
            head.drops_loose_names = self.plan.attributes.drop_invalid_header_fields
            self.findings = tuple(head.findings)
            self.marks = self._marks()
            self._heed_question()
            refusal = self._examine()
            if refusal:
                self.answer_error(refusal)
                return
        decision = self.decision = self.plan.rules.evaluate(head, self.facts.client_ip)
        self.matched_rule_priority = decision.priority
        action = decision.action
        if type(action) is CompiledForward:
            self._forward(decision, action, body)
        elif type(action) is CompiledRedirect:
            self._redirect(action)
        else:
            assert type(action) is CompiledFixedResponse
            self.action = "fixed-response"
            self._answer(Answer(action.status_code, body=action.body, content_type=action.content_type))

    def _heed_question(self) -> None:
        """Let the response tell why, when its client asks and the configuration allows it."""
        if self.head.fields.asks_why and self.router.explains:
            self.client = ExplainingClient(self.client, self)

    def _examine(self) -> int:
        """The status for a head that is not served; 0 when it is (reference 0, steps 3-4)."""
        desync_class, _ = desync.worst(self.findings)
        verdict = desync.verdict(self.plan.attributes.desync_mitigation_mode, desync_class)
        if verdict is not Verdict.ALLOW:
            # Also behind a 405 or 463: where the next request begins is just as doubtful.
            self.closes_client = True
        if self.head.refusal:
            return self.head.refusal
        return BAD_REQUEST if verdict is Verdict.BLOCK else 0

    def _marks(self) -> tuple[str, ...]:
        """What an odd head counts for, beside what the request comes to (reference 7.4)."""
        marks: tuple[str, ...] = ()
        if self.findings:
            marks += ("DesyncMitigationMode_NonCompliant_Request_Count",)
        if self.head.fields.loose_lines:
            deed = "Dropped" if self.head.drops_loose_names else "Forwarded"
            marks += (f"{deed}InvalidHeaderRequestCount",)
        return marks

    def body(self, data: bytes) -> None:
        """More of the request body has arrived."""
        self.last_activity = self.router.now()
        if self.router.body_kept_max_bytes and not self.is_tunnel:
            self._keep_body(data)
        if self.connection is not None:
            self.connection.send_body(data)
        elif not self.is_done:
            self._pending += (data,)

    def body_end(self) -> None:
        """The request is complete."""
        self.is_request_ended = True
        if self.connection is not None:
            self.connection.send_end()
            if not self.has_response_head:
                # Only from here on is it the target that is waited for.
                self.dispatched_at = self.router.monotonic()
                self.request_processing_time = self.dispatched_at - self.received_at

    def _keep_body(self, data: bytes) -> None:
        if self._body is None:
            self._body = BodyKeeper(self.router.body_kept_max_bytes)
            self.has_more_to_keep = True
        self._body.add(data)

    def on_bad_body(self) -> None:
        """The request body broke its framing: nobody can say where it ends."""
        if self.is_done:
            return
        if self.has_response_head:
            self.client.cut()
            self._finish(is_complete=False)
        else:
            self.answer_error(BAD_REQUEST)

    def answer_plain_http(self) -> None:
        """Plain HTTP reached an HTTPS listener: a 400 page of its own (reference 4.2)."""
        self._heed_question()
        body = error_pages.pad(error_pages.plain_http_page(), BAD_REQUEST, self.head.fields.user_agent)
        self._answer(Answer(BAD_REQUEST, body=body, closes=True))

    # -- forward -------------------------------------------------------------------------------------------------------

    def _forward(self, decision: Decision, action: CompiledForward, body: bytes) -> None:
        self.action = "forward"
        router = self.router
        now = self.last_activity
        name = action.only
        if name is None or action.stickiness_duration_s is not None:
            routing = self.routing = CookieRouting(self.head, action)
            name = routing.choose_group(router.group_cookies, now, router.random)
            self.error_reason = routing.error_reason
        group = self.group = None if name is None else router.group(name)
        if group is None:
            self.answer_error(503)
            return
        self.target_group_arn = group.group.arn
        self.basis = group.basis
        if group.stickiness is None:
            target = group.choose(now, router.random)
        else:
            self.routing = self.routing or CookieRouting(self.head, action)
            target = self.routing.choose_target(group, now, router.random)
            if target is not None and not self.routing.is_led_back:
                self.marks += ("NonStickyRequestCount",)
        if target is None:
            self.answer_error(503)
            return
        if decision.transforms is not None and not self._transform(decision.transforms):
            self.answer_error(500)
            return
        self._assign(group, target)
        connection = router.connect(self, target)
        if connection is not None:
            self._dispatch(connection, body)
            return
        self.is_first_on_connection = True
        if not self.is_done:
            if body:
                self._pending += (body,)
            if not self.is_request_ended:
                # One read of body at most is held while the connection is made.
                self.client.pause_reading()

    def _transform(self, transforms: CompiledTransforms) -> bool:
        """Rewrite host and URL for the target; False when what came of it cannot be sent (reference 1.3.1)."""
        made = transforms.apply(self.head.named_host, self.head.path_and_query)
        if made.status is None:
            return True
        self.action = "rewrite,forward"
        self.transform_status = made.status
        self.transformed_host, self.transformed_uri = made.host, made.path_and_query
        return made.status is TransformStatus.SUCCESS

    def on_connected(self, connection: TargetStream) -> None:
        """The connection that was being made for this exchange is there."""
        body = b"".join(self._pending)
        self._pending = ()
        self.last_activity = self.router.now()
        self._dispatch(connection, body)
        if not self.is_request_ended and not self.is_target_blocked:
            self.client.resume_reading()

    def _dispatch(self, connection: TargetStream, body: bytes) -> None:
        self.connection = connection
        connection.send_request(self, self._field_lines(), body)
        now = self.router.monotonic()
        self.request_processing_time = now - self.received_at
        self.dispatched_at = now

    def _field_lines(self) -> bytes:
        """The header section for the target (reference 3.4-3.6)."""
        plan, head, client = self.plan, self.head, self.client
        fields = head.fields
        fresh = self.router.fresh_trace_id(self.created_at)
        if plan.is_plain and not fields.needs_rewriting and head.authority is None and self.transformed_host is None:
            # The everyday request, in one join.
            self.trace_id = "Root=" + fresh.decode()
            host_line = plan.host_line(fields.host, fields.host_port)
            lines = (client.forwarded_lines(), host_line, b"X-Amzn-Trace-Id: Root=", fresh, b"\r\n", fields.lines)
            return b"".join(lines)
        attributes = plan.attributes
        trace = forwarding.trace_header(fields.trace, fresh, header_bytes=fields.size)
        self.trace_id = trace.decode("latin-1")
        self.has_own_trace_id = fields.trace is None
        value = forwarding.forwarded_for(attributes.xff_header_processing, fields.forwarded_for, client.client_value())
        pieces = [
            b"" if value is None else b"X-Forwarded-For: " + value + b"\r\n",
            plan.proto_port_lines,
            self._host_lines(),
            b"X-Amzn-Trace-Id: " + trace + b"\r\n",
            fields.strict_lines if attributes.drop_invalid_header_fields else fields.lines,
        ]
        pieces[-1] = plan.without_renamed(pieces[-1])
        if plan.is_mutual and self.facts.client is not None:
            pieces.append(self.facts.client.header_lines(plan.listener.attributes.mutual_tls_headers))
        if attributes.tls_version_and_cipher_suite_headers and plan.scheme == "https":
            pieces.append(plan.tls_lines(self.facts.tls_protocol, self.facts.tls_cipher))
        if head.is_websocket:
            pieces.append(b"Connection: Upgrade\r\nUpgrade: websocket\r\n")
        return b"".join(pieces)

    @property
    def host_for_target(self) -> bytes:
        """The host that the target is asked for, without port."""
        if self.transformed_host is not None:
            named = forwarding.split_host(self.transformed_host)
            return self.transformed_host if named is None else named[0]
        return self.head.named_host or self.plan.dns_name

    def _host_lines(self) -> bytes:
        fields, plan = self.head.fields, self.plan
        if self.transformed_host is not None:
            return b"Host: " + self.transformed_host + b"\r\n"
        if plan.attributes.preserve_host_header and fields.hosts:
            return b"".join([b"Host: " + host + b"\r\n" for host in fields.hosts])
        return plan.host_line(*(self.head.authority or (fields.host, fields.host_port)))

    # -- what the target does ------------------------------------------------------------------------------------------

    def on_response(self, head: ResponseHead, body: bytes, *, is_end: bool) -> None:
        """The target's response head is there, with the body bytes that came along."""
        now = self.router.monotonic()
        self.target_processing_time = now - self.dispatched_at
        self.responded_at = now
        self.last_activity = self.router.now()
        self.elb_status_code = self.target_status_code = head.status_code
        self.has_response_head = True
        if head.status_code == 101:
            self.is_tunnel = True
            self.kind = "wss" if self.plan.scheme == "https" else "ws"
        routing, group, target = self.routing, self.group, self.target
        if routing is not None and group is not None and target is not None:
            router = self.router
            self.set_cookie_lines = routing.set_lines(
                router.group_cookies,
                group,
                target,
                head.lines,
                self.last_activity,
                router.wall(),
                router.random,
                is_https=self.plan.scheme == "https",
            )
        headers = self.plan.response_headers
        if headers is not None:
            head = head.with_lines(headers.rewritten(head.lines))
        self.client.respond(head, body, is_end=is_end)
        if is_end:
            self._finish(is_complete=True)

    def on_response_body(self, data: bytes) -> None:
        """More of the response body."""
        self.last_activity = self.router.now()
        self.client.send_body(data)

    def on_response_end(self) -> None:
        """The response body is complete."""
        self.client.send_end()
        self._finish(is_complete=True)

    def on_target_failed(self, failure: TargetFailure) -> None:
        """The target will not complete this exchange."""
        if self.is_done:
            return
        self.failure = failure
        if self.has_response_head:
            self.client.cut()
            self._finish(is_complete=False)
            return
        if self.connection is not None and failure is not TargetFailure.IDLE:
            # It was sent and failed at a point in time; only silence has none (reference 7.1, field 7).
            self.target_processing_time = self.router.monotonic() - self.dispatched_at
        if failure in NOTHING_SENT and self._try_another():
            return
        self.answer_error(failure.status_code)

    def _try_another(self) -> bool:
        """Connect to another target instead, where the group allows it (AWS does not; off by default)."""
        group, failed = self.group, self.target
        if group is None or failed is None or not group.group.retry_on_connect_failure:
            return False
        self._tried = (*self._tried, failed)
        self.has_more_to_keep = True
        target = group.choose_other(self._tried, self.router.now(), self.router.random)
        if target is None:
            return False
        group.end(failed, failed=True)
        self.failure = None
        self._assign(group, target)
        connection = self.router.connect(self, target)
        self.is_first_on_connection = connection is None
        if connection is not None:
            self.on_connected(connection)
        return True

    def _assign(self, group: TargetGroupState, target: TargetState) -> None:
        self.target = target
        self.busy_with = target.outstanding
        group.begin(target)
        self.target_address = target.address

    # -- back-pressure -------------------------------------------------------------------------------------------------

    def client_blocked(self) -> None:
        """The client does not take the response as fast as it comes."""
        self.is_client_blocked = True
        if self.connection is not None:
            self.connection.pause_reading()

    def client_unblocked(self) -> None:
        """The client takes the response again."""
        self.is_client_blocked = False
        if self.connection is not None:
            self.connection.resume_reading()

    def target_blocked(self) -> None:
        """The target does not take the request as fast as it comes."""
        self.is_target_blocked = True
        self.client.pause_reading()

    def target_unblocked(self) -> None:
        """The target takes the request again."""
        self.is_target_blocked = False
        if not self.is_request_ended or self.is_tunnel:
            self.client.resume_reading()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def client_gone(self) -> None:
        """The client closed or lost its connection: before the response head 460, or 400 inside its own body."""
        if self.is_done:
            return
        if not self.has_response_head:
            self.elb_status_code = CLIENT_CLOSED if self.is_request_ended else BAD_REQUEST
            self.request_processing_time = self.target_processing_time = -1.0
        self._finish(is_complete=False)

    def check_idle(self, now: float) -> None:
        """End the exchange when no byte has moved for the idle timeout (reference 3.1)."""
        if now - self.last_activity < self.plan.attributes.idle_timeout_s or self.is_done:
            return
        if self.has_response_head:
            self.failure = TargetFailure.IDLE
            self.client.cut()
            self._finish(is_complete=False)
        elif not self.is_request_ended and not self.is_target_blocked and self.connection is not None:
            self.answer_error(408)
        else:
            self.on_target_failed(TargetFailure.IDLE)

    def _redirect(self, action: CompiledRedirect) -> None:
        self.action = "redirect"
        head, plan = self.head, self.plan
        host, port = head.authority or (head.fields.host, head.fields.host_port)
        context = RedirectContext(
            protocol=plan.scheme,
            host=(plan.dns_name if host is None else host).decode("latin-1"),
            port=plan.port,
            path=head.path.decode("latin-1"),
            query=head.query.decode("latin-1"),
            host_port=port,
        )
        location = action.location(context, plan.published_ports)
        if location is None:
            self.answer_error(507)
            return
        self.redirect_url = location
        answer = error_answer(action.status_code, None)
        answer.location = location
        self._answer(answer)

    def answer_error(self, status_code: int) -> None:
        """Answer with the load balancer's own page of `status_code`."""
        self._answer(error_answer(status_code, self.head.fields.user_agent))

    def _answer(self, answer: Answer) -> None:
        self.elb_status_code = answer.status_code
        if self.trace_id == "-":
            self.trace_id = "Root=" + self.router.fresh_trace_id(self.created_at).decode()
        self.has_response_head = True
        self.last_activity = self.router.now()
        answer.put_on(self.plan.response_headers)
        self.client.answer(answer)
        self._finish(is_complete=False)

    def _finish(self, *, is_complete: bool) -> None:
        """Settle the books once: release or drop the connection, record, and hand the stream back."""
        self.is_done = True
        router = self.router
        if self.target_status_code:
            self.response_processing_time = router.monotonic() - self.responded_at
        target, group = self.target, self.group
        if target is not None and group is not None:
            group.end(target, failed=self.target_status_code >= 500 or self.failure in TARGETS_FAULT)
            connection = self.connection
            if connection is None:
                self._pending = ()
                router.cancel_connect(self)
            else:
                self.connection = None
                if is_complete and self.is_request_ended and not self.closes_client and not self.is_tunnel:
                    connection.release()
                else:
                    connection.abandon()
        self.ended_at = router.wall()
        router.record(self)
        self.client.done(self)

    def keep(self) -> tuple[Any, ...]:
        """What `Kept` is made of."""
        section = self.head.fields.section
        rare = None
        if self.failure is not None or self.routing is not None or self.has_more_to_keep:
            routed = None if self.routing is None else self.routing.routed
            body = None if self._body is None else self._body.kept(is_ended=self.is_request_ended)
            rare = Rare(self.failure, routed, self._tried, body=body)
        if len(section) > SECTION_KEPT_MAX_BYTES:
            # What rules ask for is read while the whole is there, so that their verdicts can still be told.
            asked = {name: self.head.header_values(name) for name in (b"host", *self.plan.rules.header_names)}
            rare = (rare or Rare())._replace(values=asked, section_bytes=self.head.fields.size)
            section = section[:SECTION_KEPT_MAX_BYTES]
        return section, self.plan, self.basis, self.target, self.busy_with, self.is_first_on_connection, rare


class Rare(NamedTuple):
    """What few exchanges have to keep. Of a head that was cut: its size, and the header values that rules ask for.

    `body` is there when the configuration says `keep_bodies`, and the request had one.
    """

    failure: TargetFailure | None = None
    routed: Routed | None = None
    tried: tuple[TargetState, ...] = ()
    values: Mapping[bytes, tuple[bytes, ...]] | None = None
    section_bytes: int = 0
    body: KeptBody | None = None

    @property
    def kept_bytes(self) -> int:
        """About how much memory it takes."""
        body_bytes = 0 if self.body is None else len(self.body.data)
        if self.values is None:
            return 160 + body_bytes
        return 400 + body_bytes + sum(len(value) + 64 for values in self.values.values() for value in values)


class Kept(NamedTuple):
    """What is kept of an exchange beside its log line: what was decided from. `section` is its header section, cut."""

    section: bytes
    plan: ListenerPlan | None
    """None once so many configurations have followed that its rules are no longer kept."""
    basis: Basis | None
    target: TargetState | None
    busy_with: int
    is_first_on_connection: bool
    rare: Rare | None
