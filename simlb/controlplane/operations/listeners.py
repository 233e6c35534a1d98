"""Listeners: what they are, their attributes and their certificates (reference 1.2)."""

from __future__ import annotations

from collections.abc import Iterable

from simlb.controlplane.operations.actions import action_list
from simlb.controlplane.operations.attributes import attribute_list
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import ListenerEntry
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import LISTENER, check_exclusive, listener, load_balancer
from simlb.controlplane.query.errors import invalid
from simlb.core.attributes import HTTP_LISTENER_ATTRIBUTES, HTTPS_LISTENER_ATTRIBUTES
from simlb.core.model import Protocol
from simlb.core.ssl_policies import LISTENER_POLICY


def describe_listeners(call: Call) -> Result:
    """Those of a load balancer, or of given ARNs."""
    check_exclusive(
        call,
        "ListenerArns",
        "LoadBalancerArn",
        message="Listener ARNs and a load balancer ARN cannot be specified at the same time",
    )
    found: Iterable[ListenerEntry]
    if call.given("LoadBalancerArn"):
        balancer = load_balancer(call)
        found = [ListenerEntry(balancer, each) for each in balancer.listeners]
    elif call.given("ListenerArns"):
        found = LISTENER.find(call.catalog.listeners, call.texts("ListenerArns"))
    else:
        raise invalid("You must specify either listener ARNs or a load balancer ARN")
    return paged(call, "Listeners", found, lambda entry: _listener(call, entry), lambda entry: entry.arn)


def describe_listener_attributes(call: Call) -> Result:
    """Every attribute with its value: the defaults, since simlb acts on none of them yet."""
    is_https = listener(call).listener.protocol is Protocol.HTTPS
    rows = HTTPS_LISTENER_ATTRIBUTES if is_https else HTTP_LISTENER_ATTRIBUTES
    return {"Attributes": attribute_list({key: row.default for key, row in rows.items()})}


def describe_listener_certificates(call: Call) -> Result:
    """The default certificate first."""
    certificates = list(enumerate(listener(call).listener.certificates))
    return paged(
        call,
        "Certificates",
        certificates,
        lambda item: {"CertificateArn": item[1].arn, "IsDefault": item[0] == 0},
        lambda item: item[1].arn,
    )


def _listener(call: Call, entry: ListenerEntry) -> Result:
    model = entry.listener
    result: Result = {
        "ListenerArn": model.arn,
        "LoadBalancerArn": entry.load_balancer.arn,
        "Port": model.port,
        "Protocol": model.protocol,
        "DefaultActions": action_list(call.catalog, model.default_action),
    }
    if model.protocol is Protocol.HTTPS:
        result |= {
            "Certificates": [{"CertificateArn": certificate.arn} for certificate in model.certificates[:1]],
            "SslPolicy": LISTENER_POLICY,
            "MutualAuthentication": {"Mode": "off"},
        }
    return result


HANDLERS: Handlers = {
    "DescribeListeners": describe_listeners,
    "DescribeListenerAttributes": describe_listener_attributes,
    "DescribeListenerCertificates": describe_listener_certificates,
}
