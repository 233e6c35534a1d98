"""Records of load balancers with their listeners and rules, and of security groups, in elbv2's words."""

from __future__ import annotations

import ipaddress
from pathlib import PurePath

from simlb.controlplane.records.codec import (
    AWS_NAME,
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    Codec,
    RecordError,
    attributes,
    many,
    member_of,
    members,
    one_of,
    optional,
    word,
    written,
)
from simlb.core import model
from simlb.core.attributes import ListenerAttributes, LoadBalancerAttributes
from simlb.core.changes import LoadBalancerFacts
from simlb.core.model import (
    Bind,
    Certificate,
    FixedResponseAction,
    ForwardAction,
    InboundRule,
    IPNetwork,
    Listener,
    LoadBalancer,
    MutualAuthentication,
    Protocol,
    RedirectAction,
    Rewrite,
    Rule,
    Scheme,
    SecurityGroup,
    WeightedTargetGroup,
)
from simlb.core.remembered import Remembered
from simlb.core.security_groups import NamedSecurityGroup, SecurityGroupRule

RULES_REMEMBERED_MAX = 4096

_NETWORK: Codec[IPNetwork] = written(ipaddress.ip_network)
_PATH: Codec[PurePath] = written(PurePath)
_TEXTS = many(TEXT)
_ORDER = optional(INTEGER)

_ACTION = one_of(
    "type",
    {
        "forward": (
            ForwardAction,
            members(
                ForwardAction,
                target_groups=many(members(WeightedTargetGroup, target_group=AWS_NAME, weight=INTEGER)),
                stickiness_duration_s=optional(INTEGER),
                told_duration_s=optional(INTEGER),
                order=_ORDER,
            ),
        ),
        "redirect": (
            RedirectAction,
            members(
                RedirectAction,
                protocol=TEXT,
                host=TEXT,
                port=TEXT,
                path=TEXT,
                query=TEXT,
                status_code=word("HTTP_301", "HTTP_302"),
                order=_ORDER,
            ),
        ),
        "fixed-response": (
            FixedResponseAction,
            members(
                FixedResponseAction,
                status_code=INTEGER,
                message_body=TEXT,
                content_type=optional(TEXT),
                order=_ORDER,
            ),
        ),
    },
)

_CONDITIONS: dict[type, Codec[object]] = {
    model.HostHeaderCondition: members(model.HostHeaderCondition, values=_TEXTS, regex_values=_TEXTS),
    model.PathPatternCondition: members(model.PathPatternCondition, values=_TEXTS, regex_values=_TEXTS),
    model.HttpHeaderCondition: members(
        model.HttpHeaderCondition, http_header_name=TEXT, values=_TEXTS, regex_values=_TEXTS
    ),
    model.HttpRequestMethodCondition: members(model.HttpRequestMethodCondition, values=_TEXTS),
    model.QueryStringCondition: members(
        model.QueryStringCondition, values=many(members(model.QueryStringPair, key=optional(TEXT), value=TEXT))
    ),
    model.SourceIpCondition: members(model.SourceIpCondition, values=many(_NETWORK)),
}
_CONDITION = one_of("field", {model.FIELDS[kind]: (kind, codec) for kind, codec in _CONDITIONS.items()})
_REWRITE = optional(members(Rewrite, regex=TEXT, replace=TEXT))

_A_RULE = members(
    Rule,
    priority=INTEGER,
    arn=TEXT,
    conditions=many(_CONDITION),
    action=_ACTION,
    host_header_rewrite=_REWRITE,
    url_rewrite=_REWRITE,
)
_RULE: Codec[Rule] = Codec(Remembered(_A_RULE.encode, RULES_REMEMBERED_MAX), _A_RULE.decode)
"""There may be a hundred in a record, of which few change. Records share their plain values: nobody changes one."""

_CERTIFICATE = members(Certificate, arn=TEXT, names=_TEXTS, certificate_path=_PATH, key_path=_PATH)


def _no_trust_store(plain: object) -> None:
    if plain is not None:
        raise RecordError("a trust store is a record of its own")


_MUTUAL_AUTHENTICATION = members(
    MutualAuthentication,
    mode=word("verify", "passthrough"),
    trust_store_arn=optional(TEXT),
    ignore_client_certificate_expiry=FLAG,
    advertise_trust_store_ca_names=FLAG,
    trust_store=Codec(lambda _: None, _no_trust_store),
)
_LISTENER = members(
    Listener,
    protocol=member_of(Protocol),
    port=INTEGER,
    arn=TEXT,
    binds=many(members(Bind, host=TEXT, port=INTEGER)),
    default_action=_ACTION,
    certificates=many(_CERTIFICATE),
    ssl_policy=TEXT,
    rules=many(_RULE),
    attributes=attributes(ListenerAttributes.from_wire, lambda held: held.given),
    mutual_authentication=optional(_MUTUAL_AUTHENTICATION),
)
_INBOUND = many(members(InboundRule, port=optional(INTEGER), source=_NETWORK, last_port=optional(INTEGER)))


def _source(text: str) -> str:
    """A network, or the id of a security group."""
    if not text.startswith("sg-"):
        ipaddress.ip_network(text)
    return text


_RULES = many(
    members(
        SecurityGroupRule,
        protocol=TEXT,
        from_port=optional(INTEGER),
        to_port=optional(INTEGER),
        source=written(_source),
        description=TEXT,
        id=TEXT,
    )
)

LOAD_BALANCER: Codec[LoadBalancer] = members(
    LoadBalancer,
    name=AWS_NAME,
    id=TEXT,
    arn=TEXT,
    dns_name=TEXT,
    region=TEXT,
    scheme=member_of(Scheme),
    attributes=attributes(LoadBalancerAttributes.from_wire, lambda held: held.given),
    security_group=members(SecurityGroup, inbound=_INBOUND),
    names=_TEXTS,
    address=TEXT,
    ip_address_type=word("ipv4", "dualstack"),
    listeners=many(_LISTENER),
)

FACTS: Codec[LoadBalancerFacts] = members(
    LoadBalancerFacts,
    created_at=NUMBER,
    subnets=_TEXTS,
    security_groups=_TEXTS,
)

SECURITY_GROUP: Codec[NamedSecurityGroup] = members(
    NamedSecurityGroup, id=TEXT, region=TEXT, name=TEXT, description=TEXT, rules=_RULES, outbound=_RULES
)
