"""Facts in, ticks out: each row is a check, what happens, and whether that satisfies it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
import yaml

from simlb.console.learning import check_kinds, course
from simlb.console.learning.checks import Tick, Watch, Watches
from simlb.console.learning.facts import (
    BalancerStanding,
    CertificateStanding,
    ClientTried,
    DnsAnswered,
    Fact,
    HandshakeFailed,
    ListenerStanding,
    Probed,
    Standing,
    TargetStanding,
    TargetWas,
)
from simlb.core.events import ApiCalled, RequestFinished, RequestsCounted


def called(operation: str, service: str = "elbv2", error: str | None = None, **parameters: str) -> ApiCalled:
    given = {name.replace("__", "."): value for name, value in parameters.items()}
    return ApiCalled(
        at_s=0, real_s=0, service=service, operation=operation, region="eu-west-1", error=error, parameters=given
    )


def request(elb: int, target: int = 0, **others: Any) -> RequestFinished:
    made = RequestFinished(
        at_s=0,
        real_s=0,
        number=0,
        load_balancer="my-alb",
        listener_port=80,
        client="127.0.0.1:1",
        method="GET",
        host="api.simlb.test",
        path="/",
        action="forward",
        rule_priority=0,
        elb_status_code=elb,
        target_status_code=target,
        target_group="web-tg",
        target="web-1" if target else None,
        target_address=None,
        failure=None,
        duration_s=0,
        trace_id="",
    )
    return replace(made, **others)


def counted(elb: int, target: int, name: str) -> RequestsCounted:
    return RequestsCounted(
        at_s=0,
        real_s=0,
        load_balancer="my-alb",
        listener_port=80,
        target_group="web-tg",
        target=name,
        action="forward",
        elb_status_code=elb,
        target_status_code=target,
        count=9,
    )


def targets(*states: str, group: str = "web-tg", reason: str | None = None, faults: str = "") -> Standing:
    return Standing(
        targets=tuple(
            TargetStanding(group=group, target=f"web-{number}", state=state, reason=reason, description="codes: [404]")
            for number, state in enumerate(states, 1)
        ),
        faults=frozenset(filter(None, (faults,))),
    )


NOTHING = Standing()
BALANCER = BalancerStanding(is_active=True, scheme="internet-facing")
LISTENER = ListenerStanding(protocol="HTTP", port=80, action="redirect", gate="closed")

ROWS: list[tuple[str, list[Fact], bool]] = [
    # A call is one that went well, unless an error is asked for.
    ("{kind: called, operation: CreateListener}", [called("CreateListener")], True),
    ("{kind: called, operation: CreateListener}", [called("CreateListener", error="ValidationError")], False),
    ("{kind: called, operation: CreateListener}", [called("CreateRule")], False),
    ("{kind: called, operation: A, service: acm}", [called("A", "elbv2")], False),
    ("{kind: called, operation: A, region: eu-west-1}", [called("A")], True),
    ("{kind: called, operation: A, region: us-east-1}", [called("A")], False),
    ("{kind: called, operation: A, error: X}", [called("A", error="X")], True),
    ("{kind: called, operation: A, error: X}", [called("A", error="Y")], False),
    ('{kind: called, operation: A, error: "*"}', [called("A", error="Y")], True),
    ('{kind: called, operation: A, error: "*"}', [called("A")], False),
    ('{kind: called, operation: A, parameters: {Port: "80"}}', [called("A", Port="80")], True),
    ('{kind: called, operation: A, parameters: {Port: "80"}}', [called("A", Port="443")], False),
    ('{kind: called, operation: A, parameters: {"*.Type": A*}}', [called("A", Changes__1__Type="AAAA")], True),
    ('{kind: called, operation: A, parameters: {"*.Type": A*}}', [called("A", Type="AAAA")], False),
    # So many targets of one group, at the same time.
    ("{kind: target_state, state: healthy}", [targets("healthy", "initial")], True),
    ("{kind: target_state, state: healthy, targets: 2}", [targets("healthy", "initial")], False),
    (
        "{kind: target_state, state: healthy, targets: 2}",
        [targets("healthy"), targets("initial", "healthy")],
        False,
    ),
    (
        "{kind: target_state, state: healthy, targets: 2}",
        [Standing(targets=targets("healthy").targets + targets("healthy", group="other").targets)],
        False,
    ),
    ("{kind: target_state, state: unused, reason: A}", [targets("unused", reason="B")], False),
    ('{kind: target_state, state: unhealthy, description: "*404*"}', [targets("unhealthy")], True),
    ('{kind: target_state, state: unhealthy, description: "*302*"}', [targets("unhealthy")], False),
    ('{kind: target_state, state: unhealthy, fault: "a*"}', [targets("unhealthy", faults="a b=1")], True),
    ('{kind: target_state, state: unhealthy, fault: "a*"}', [targets("unhealthy", faults="c")], False),
    # Of a state that is over by the time that somebody looks only its name is known.
    ("{kind: target_state, state: initial}", [TargetWas(state="initial")], True),
    ("{kind: target_state, state: initial}", [TargetWas(state="healthy")], False),
    ("{kind: target_state, state: unused, reason: A}", [TargetWas(state="unused")], False),
    ("{kind: target_state, state: healthy, targets: 2}", [TargetWas(state="healthy")], False),
    ('{kind: target_state, state: unhealthy, fault: "a*"}', [TargetWas(state="unhealthy")], False),
    # Who made the code decides.
    ("{kind: request, elb: 502, target: 0}", [request(502)], True),
    ("{kind: request, elb: 502, target: 0}", [request(502, 502)], False),
    ("{kind: request, elb: 502, target: 502}", [request(502, 502)], True),
    ("{kind: request, port: 443}", [request(200, 200)], False),
    ("{kind: request, action: redirect}", [request(301, action="redirect")], True),
    ('{kind: request, host: "*.test"}', [request(200, 200)], True),
    ('{kind: request, host: "*.elb.*"}', [request(200, 200)], False),
    ('{kind: request, failure: "*idle*"}', [request(504, failure="idle timeout")], True),
    ('{kind: request, failure: "*idle*"}', [request(504)], False),
    ("{kind: request, elb: 200}", [counted(200, 200, "web-1")], True),
    ('{kind: request, host: "*"}', [counted(200, 200, "web-1")], False),  # nobody knows
    ("{kind: request, elb: 200, targets: 2}", [request(200, 200), request(200, 200)], False),
    ("{kind: request, elb: 200, targets: 2}", [request(200, 200), counted(200, 200, "web-2")], True),
    # It fails open: 200 while nobody is healthy.
    ("{kind: request, elb: 200, while_all: unhealthy}", [targets("unhealthy", "unhealthy"), request(200, 200)], True),
    ("{kind: request, elb: 200, while_all: unhealthy}", [targets("unhealthy", "healthy"), request(200, 200)], False),
    ("{kind: request, elb: 200, while_all: unhealthy}", [request(200, 200), targets("unhealthy")], False),
    ("{kind: request, elb: 200, while_all: unhealthy}", [NOTHING, request(200, 200)], False),
    ("{kind: probe, status_code: 302}", [Probed(status_code=302, reason="ResponseCodeMismatch", path="/")], True),
    ("{kind: probe, status_code: 200}", [Probed(status_code=None, reason="TimedOut", path="/")], False),
    ("{kind: probe, reason: TimedOut}", [Probed(status_code=None, reason="TimedOut", path="/")], True),
    ("{kind: probe, path: /health}", [Probed(status_code=200, reason="-", path="/")], False),
    (
        '{kind: dns, name: "*.test", leads_to: load_balancer}',
        [DnsAnswered(name="api.simlb.test", type="A", leads_to="load_balancer")],
        True,
    ),
    ("{kind: dns, leads_to: load_balancer}", [DnsAnswered(name="a.test", type="A", leads_to="elsewhere")], False),
    ("{kind: dns}", [DnsAnswered(name="a.test", type="AAAA", leads_to="nothing")], False),
    (
        "{kind: certificate, status: ISSUED, region: eu-west-1}",
        [Standing(certificates=(CertificateStanding(status="ISSUED", region="us-east-1"),))],
        False,
    ),
    (
        "{kind: certificate, status: ISSUED}",
        [Standing(certificates=(CertificateStanding(status="ISSUED", region="us-east-1"),))],
        True,
    ),
    ("{kind: load_balancer, state: active}", [Standing(load_balancers=(BALANCER,))], True),
    ("{kind: load_balancer, state: provisioning}", [Standing(load_balancers=(BALANCER,))], False),
    ("{kind: load_balancer, state: active, scheme: internal}", [Standing(load_balancers=(BALANCER,))], False),
    ("{kind: listener, protocol: HTTP, port: 80, action: redirect}", [Standing(listeners=(LISTENER,))], True),
    ("{kind: listener, port: 80, gate: open}", [Standing(listeners=(LISTENER,))], False),
    ("{kind: listener}", [NOTHING], False),
    ("{kind: client, outcome: refused}", [ClientTried(scheme="http", host="a", outcome="refused")], True),
    ("{kind: client, outcome: timed_out}", [ClientTried(scheme="http", host="a", outcome="refused")], False),
    (
        "{kind: client, outcome: refused, scheme: https}",
        [ClientTried(scheme="http", host="", outcome="refused")],
        False,
    ),
    (
        '{kind: client, outcome: answered, status_code: 301, location: "https://*"}',
        [ClientTried(scheme="http", host="a", outcome="answered", status_code=301, location="https://a:443/")],
        True,
    ),
    ("{kind: tls_failed, port: 443}", [HandshakeFailed(port=443)], True),
    ("{kind: tls_failed, port: 443}", [HandshakeFailed(port=8443)], False),
    ("{kind: tls_failed, fault: cert.expired}", [HandshakeFailed(port=443)], False),
    ("{kind: tls_failed, fault: x}", [targets(faults="x"), HandshakeFailed(port=443)], True),
    ("{kind: tls_failed, fault: x}", [targets(faults="x"), NOTHING, HandshakeFailed(port=443)], False),
    # Gone is what had been there. A load balancer without listeners is not missed.
    ("{kind: gone, what: target_groups}", [NOTHING], False),
    ("{kind: gone, what: target_groups}", [Standing(target_groups=1)], False),
    ("{kind: gone, what: target_groups}", [Standing(target_groups=1), NOTHING], True),
    ("{kind: gone, what: load_balancers}", [Standing(load_balancers=(BALANCER,)), NOTHING], False),
    (
        "{kind: gone, what: load_balancers}",
        [Standing(load_balancers=(BALANCER,), listeners=(LISTENER,)), NOTHING],
        True,
    ),
    ("{kind: gone, what: certificates}", [called("DeleteCertificate")], False),
    # Several.
    ("{kind: any, of: [{kind: listener, port: 1}, {kind: tls_failed}]}", [HandshakeFailed(port=1)], True),
    ("{kind: all, of: [{kind: called, operation: A}, {kind: called, operation: B}]}", [called("B")], False),
    ("{kind: all, of: [{kind: called, operation: A}, {kind: called, operation: B}]}", [called("B"), called("A")], True),
    (
        "{kind: then, of: [{kind: called, operation: A}, {kind: called, operation: B}]}",
        [called("B"), called("A")],
        False,
    ),
    (
        "{kind: then, of: [{kind: called, operation: A}, {kind: called, operation: B}]}",
        [called("A"), called("B")],
        True,
    ),
    ("{kind: then, of: [{kind: called, operation: A}, {kind: called, operation: A}]}", [called("A")], False),
    (
        "{kind: then, of: [{kind: called, operation: A}, {kind: request, while_all: unhealthy}]}",
        [targets("unhealthy"), called("A"), request(200, 200)],
        True,
    ),
]


@pytest.mark.parametrize(("written", "facts", "is_satisfied"), ROWS)
def test_what_satisfies_a_check(written: str, facts: list[Fact], is_satisfied: bool) -> None:
    check: check_kinds.Check = msgspec.convert(yaml.safe_load(written), check_kinds.Check)
    watch = Watch(check)
    assert [watch.take(fact) for fact in facts][-1] is is_satisfied


def test_what_is_satisfied_stays_so() -> None:
    watch = Watch(check_kinds.Listened(port=80))
    assert watch.take(Standing(listeners=(LISTENER,)))
    assert watch.take(NOTHING)


def test_something_is_ticked_once_and_not_again_after_a_restart() -> None:
    content = course.read()
    fact = called("GetCallerIdentity", "sts")
    watches = Watches(content)
    tick = Tick(0, "identity", is_mistake=False)
    assert watches.take(fact) == [tick]
    assert watches.take(fact) == []
    assert Watches(content, [tick]).take(fact) == []


def test_nothing_is_ticked_by_nothing() -> None:
    """An instance on which nobody learns, with its traffic and its settled state."""
    watches = Watches(course.read())
    assert watches.take(NOTHING) == []
    assert watches.take(Probed(status_code=200, reason="-", path="/")) == []
    assert watches.take(DnsAnswered(name="shop.example.com", type="A", leads_to="elsewhere")) == []


def test_settled_is_what_waits_for_nothing() -> None:
    waiting = replace(BALANCER, is_active=False)
    assert NOTHING.is_settled
    assert not Standing(load_balancers=(waiting,)).is_settled
    assert not Standing(certificates=(CertificateStanding(status="PENDING_VALIDATION", region="a"),)).is_settled
