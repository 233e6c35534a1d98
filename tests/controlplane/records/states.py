"""Whole states: one that has everything in it, and a source of any others."""

from __future__ import annotations

import ipaddress
from pathlib import PurePosixPath
from typing import Any

from hypothesis import strategies as st

from simlb.controlplane.records import State
from simlb.core import model
from simlb.core.attributes import LoadBalancerAttributes, TargetGroupAttributes
from simlb.core.changes import Changes, LoadBalancerFacts
from simlb.core.ids import name_here
from simlb.core.matcher import Matcher
from simlb.core.model import (
    Bind,
    Certificate,
    FixedResponseAction,
    ForwardAction,
    HealthCheck,
    InboundRule,
    Listener,
    LoadBalancer,
    Protocol,
    QueryStringPair,
    RedirectAction,
    Rewrite,
    Rule,
    Scheme,
    SecurityGroup,
    Target,
    TargetGroup,
    TargetType,
    WeightedTargetGroup,
)
from simlb.core.regional import named_load_balancer, named_target_group
from simlb.core.registrations import Registration, Registrations
from simlb.core.security_groups import NamedSecurityGroup, SecurityGroupRule

REGION = "ap-northeast-2"
"""Of the configuration, in these states."""
LB = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:loadbalancer/app/shop/50dc6c495c0c9188"
LISTENER = (
    "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
)
RULE = f"{LISTENER.replace(':listener/', ':listener-rule/')}/9683b2d02a6cabee"
GROUP = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/web/73e2d6bc24d8a067"
OTHER = "arn:aws:elasticloadbalancing:ap-northeast-2:000000000000:targetgroup/old/73e2d6bc24d8a068"
CERTIFICATE = "arn:aws:acm:ap-northeast-2:000000000000:certificate/12345678-1234-1234-1234-123456789012"

RULES = (
    Rule(
        priority=10,
        arn=RULE,
        conditions=(
            model.HostHeaderCondition(values=("*.example.com",)),
            model.PathPatternCondition(regex_values=("^/api/.*$",)),
            model.HttpHeaderCondition(http_header_name="X-Canary", values=("1",)),
            model.HttpRequestMethodCondition(values=("GET", "HEAD")),
            model.QueryStringCondition(
                values=(QueryStringPair(key="version", value="v1"), QueryStringPair(value="*test*"))
            ),
            model.SourceIpCondition(values=(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))),
        ),
        action=ForwardAction(
            target_groups=(WeightedTargetGroup(target_group="web", weight=9), WeightedTargetGroup(target_group="old")),
            stickiness_duration_s=3600,
            order=1,
        ),
        host_header_rewrite=Rewrite(regex="^(.*)$", replace="$1.internal"),
        url_rewrite=Rewrite(regex="^/api", replace=""),
    ),
    Rule(
        priority=20,
        arn=f"{RULE[:-1]}0",
        conditions=(model.PathPatternCondition(values=("/old",)),),
        action=FixedResponseAction(status_code=410, message_body="사라졌습니다", content_type="text/plain"),
    ),
)

FULL = State(
    changes=Changes(
        load_balancers={
            LB: LoadBalancer(
                name="shop",
                id="50dc6c495c0c9188",
                arn=LB,
                dns_name="shop-1234567890.ap-northeast-2.elb.localhost",
                region="ap-northeast-2",
                scheme=Scheme.INTERNAL,
                attributes=LoadBalancerAttributes.from_wire({"idle_timeout.timeout_seconds": "30"}),
                security_group=SecurityGroup(
                    inbound=(InboundRule(port=443, last_port=444, source=ipaddress.ip_network("::/0")),)
                ),
                names=("shop.localhost",),
                address="127.0.1.1",
                ip_address_type="dualstack",
                listeners=(
                    Listener(
                        protocol=Protocol.HTTPS,
                        port=443,
                        arn=LISTENER,
                        binds=(Bind(host="127.0.0.1", port=443), Bind(host="127.0.0.1", port=8443)),
                        ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
                        default_action=RedirectAction(host="example.com", status_code="HTTP_302"),
                        certificates=(
                            Certificate(
                                arn=CERTIFICATE,
                                names=("shop.localhost", "127.0.0.1"),
                                certificate_path=PurePosixPath("/certs/shop.pem"),
                                key_path=PurePosixPath("/certs/shop.key"),
                            ),
                        ),
                        rules=RULES,
                    ),
                ),
            )
        },
        target_groups={
            GROUP: TargetGroup(
                name="web",
                arn=GROUP,
                target_type=TargetType.INSTANCE,
                protocol=Protocol.HTTPS,
                port=8443,
                health_check=HealthCheck(
                    protocol=Protocol.HTTPS,
                    port=8081,
                    path="/health",
                    interval_s=0.5,
                    timeout_s=0.25,
                    healthy_threshold_count=2,
                    unhealthy_threshold_count=3,
                    matcher=Matcher.parse("200,301-302"),
                ),
                attributes=TargetGroupAttributes.from_wire({"deregistration_delay.timeout_seconds": "0"}),
                retry_on_connect_failure=True,
                fail_open_while_initial=True,
            )
        },
        changed=frozenset({GROUP}),
        removed=frozenset({OTHER}),
        tags={LB: {"team": "a", "빈": ""}},
        facts={
            LB: LoadBalancerFacts(
                created_at=1795000000.25,
                subnets=("subnet-0a",),
                security_groups=("sg-01",),
            )
        },
        security_groups={
            "sg-01": NamedSecurityGroup(
                id="sg-01",
                region=REGION,
                name="web",
                description="the web",
                rules=(SecurityGroupRule(protocol="tcp", from_port=80, to_port=81, source="127.0.0.0/8"),),
                outbound=(),
            )
        },
        records={"acm.certificate": {CERTIFICATE: {"domain": "shop.localhost", "days": 90, "private_key": "-----"}}},
    ),
    registrations=Registrations(
        added=(
            Registration(
                "web", Target(id="127.0.0.1", port=3000, dial_host="127.0.0.1", dial_port=3000, name="i-01"), "api"
            ),
        ),
        removed=(
            Registration(
                "web",
                Target(
                    id="i-0123456789abcdef0",
                    port=80,
                    dial_host="127.0.0.2",
                    dial_port=3001,
                    name="i-02",
                    process="i-02",
                    instance_ip="127.0.0.2",
                ),
            ),
        ),
    ),
)

_TEXT = st.text(max_size=6)
_PORT = st.integers(1, 65535)
_NETWORK = st.sampled_from([ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")])
_NAME = _TEXT.filter(lambda name: "/" not in name)
_REGION = st.sampled_from([REGION, "us-east-1"])
_TEXTS = st.lists(_TEXT, max_size=3).map(tuple)
_ACTION: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        ForwardAction,
        target_groups=st.lists(st.builds(WeightedTargetGroup, target_group=_NAME, weight=st.integers(0, 999))).map(
            tuple
        ),
        stickiness_duration_s=st.none() | st.integers(1, 604800),
    ),
    st.builds(RedirectAction, host=_TEXT, query=_TEXT, status_code=st.sampled_from(["HTTP_301", "HTTP_302"])),
    st.builds(
        FixedResponseAction, status_code=st.integers(200, 599), message_body=_TEXT, content_type=st.none() | _TEXT
    ),
)
_CONDITION: st.SearchStrategy[Any] = st.one_of(
    st.builds(model.HostHeaderCondition, values=_TEXTS, regex_values=_TEXTS),
    st.builds(model.HttpHeaderCondition, http_header_name=_TEXT, values=_TEXTS),
    st.builds(model.SourceIpCondition, values=st.lists(_NETWORK, max_size=2).map(tuple)),
    st.builds(
        model.QueryStringCondition,
        values=st.lists(st.builds(QueryStringPair, key=st.none() | _TEXT, value=_TEXT), max_size=2).map(tuple),
    ),
)
_RULE = st.builds(
    Rule,
    priority=st.integers(1, 50000),
    arn=_TEXT,
    conditions=st.lists(_CONDITION, max_size=2).map(tuple),
    action=_ACTION,
    url_rewrite=st.none() | st.builds(Rewrite, regex=_TEXT, replace=_TEXT),
)
_LISTENER = st.builds(
    Listener,
    protocol=st.sampled_from(Protocol),
    port=_PORT,
    arn=_TEXT,
    binds=st.lists(st.builds(Bind, host=_TEXT, port=_PORT), max_size=2).map(tuple),
    default_action=_ACTION,
    rules=st.lists(_RULE, max_size=2).map(tuple),
)
_BALANCER = st.builds(
    LoadBalancer,
    name=_NAME,
    id=_TEXT,
    arn=_TEXT,
    dns_name=_TEXT,
    region=_REGION,
    scheme=st.sampled_from(Scheme),
    attributes=st.sampled_from(["1", "60", "4000"]).map(
        lambda value: LoadBalancerAttributes.from_wire({"idle_timeout.timeout_seconds": value})
    ),
    names=_TEXTS,
    listeners=st.lists(_LISTENER, max_size=2).map(tuple),
).map(lambda balancer: named_load_balancer(balancer, REGION))
_CHECK = st.builds(
    HealthCheck,
    port=st.just("traffic-port") | _PORT,
    path=_TEXT,
    interval_s=st.floats(0.1, 300),
    timeout_s=st.integers(1, 120),
    matcher=st.sampled_from(["200", "200-299"]).map(Matcher.parse),
)
_GROUP = st.builds(
    TargetGroup,
    name=_NAME,
    arn=_REGION.map(lambda region: GROUP.replace(REGION, region)),
    target_type=st.sampled_from(TargetType),
    health_check=_CHECK,
    attributes=st.sampled_from(["0", "300"]).map(
        lambda value: TargetGroupAttributes.from_wire({"deregistration_delay.timeout_seconds": value})
    ),
    fail_open_while_initial=st.booleans(),
).map(lambda group: named_target_group(group, REGION))
_REGISTRATION = st.builds(
    Registration,
    st.builds(lambda region, name: name_here(REGION, region, name), _REGION, _NAME),
    st.builds(
        Target,
        id=_NAME,
        port=_PORT,
        dial_host=_TEXT,
        dial_port=_PORT,
        name=_TEXT,
        instance_ip=st.none() | _TEXT,
    ),
)
_REGISTERED = st.lists(_REGISTRATION, max_size=3, unique_by=lambda item: (item.target_group, item.target.key)).map(
    tuple
)
_RULES = st.lists(
    st.builds(
        SecurityGroupRule,
        protocol=st.sampled_from(["tcp", "-1"]),
        from_port=st.none() | _PORT,
        to_port=st.none() | _PORT,
        source=st.sampled_from(["10.0.0.0/8", "::/0", "sg-0123456789abcdef0"]),
        description=_TEXT,
        id=st.sampled_from(["", "sgr-0123456789abcdef0"]),
    ),
    max_size=2,
).map(tuple)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)

STATES = st.builds(
    State,
    changes=st.builds(
        Changes,
        load_balancers=st.dictionaries(_TEXT, _BALANCER, max_size=2),
        target_groups=st.dictionaries(_TEXT, _GROUP, max_size=2),
        changed=st.frozensets(_TEXT, max_size=2),
        removed=st.frozensets(_TEXT, max_size=2),
        tags=st.dictionaries(_TEXT, st.dictionaries(_TEXT, _TEXT, max_size=2), max_size=2),
        facts=st.dictionaries(
            _TEXT,
            st.builds(LoadBalancerFacts, created_at=st.floats(0, 1e10), subnets=_TEXTS, security_groups=_TEXTS),
            max_size=2,
        ),
        security_groups=st.dictionaries(
            _TEXT,
            st.builds(
                NamedSecurityGroup,
                id=_TEXT,
                region=_REGION,
                name=_TEXT,
                description=_TEXT,
                rules=_RULES,
                outbound=_RULES,
            ),
            max_size=2,
        ),
        records=st.dictionaries(
            st.sampled_from(["acm.certificate", "route53.hosted-zone"]),
            st.dictionaries(_TEXT, _JSON, min_size=1, max_size=2),
        ),
    ),
    registrations=st.builds(Registrations, added=_REGISTERED, removed=_REGISTERED),
)
