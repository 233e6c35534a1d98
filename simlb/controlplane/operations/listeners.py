"""Listeners: what they are, their attributes and their certificates (reference 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simlb.controlplane.operations.actions import action_list
from simlb.controlplane.operations.attributes import attribute_list
from simlb.controlplane.operations.call import Call, Handlers, Result
from simlb.controlplane.operations.catalog import Catalog, ListenerEntry
from simlb.controlplane.operations.paging import paged
from simlb.controlplane.operations.references import LISTENER, check_exclusive, listener, load_balancer
from simlb.controlplane.query.errors import invalid
from simlb.core.attributes import HTTP_LISTENER_ATTRIBUTES, HTTPS_LISTENER_ATTRIBUTES, Attribute
from simlb.core.model import Certificate, MutualAuthentication, Protocol


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
    return paged(call, "Listeners", found, lambda entry: listener_result(call.catalog, entry), lambda entry: entry.arn)


def describe_listener_attributes(call: Call) -> Result:
    """Every attribute with its value in force."""
    model = listener(call).listener
    return {"Attributes": attribute_list(model.attributes.to_wire(attribute_rows(model.protocol)))}


def describe_listener_certificates(call: Call) -> Result:
    """The default certificate first."""
    certificates = list(enumerate(listener(call).listener.certificates))
    return paged(call, "Certificates", certificates, certificate_result, lambda item: item[1].arn)


def certificate_result(item: tuple[int, Certificate]) -> Result:
    """A certificate, with its place among those of its listener, as the API shows it."""
    place, certificate = item
    return {"CertificateArn": certificate.arn, "IsDefault": place == 0}


def attribute_rows(protocol: Protocol) -> Mapping[str, Attribute]:
    """The attributes of a listener."""
    return HTTPS_LISTENER_ATTRIBUTES if protocol is Protocol.HTTPS else HTTP_LISTENER_ATTRIBUTES


def listener_result(catalog: Catalog, entry: ListenerEntry) -> Result:
    """A listener as the API shows it."""
    model = entry.listener
    result: Result = {
        "ListenerArn": model.arn,
        "LoadBalancerArn": entry.load_balancer.arn,
        "Port": model.port,
        "Protocol": model.protocol,
        "DefaultActions": action_list(catalog, model.default_action),
    }
    if model.protocol is Protocol.HTTPS:
        result |= {
            "Certificates": [{"CertificateArn": certificate.arn} for certificate in model.certificates[:1]],
            "SslPolicy": model.ssl_policy,
            "MutualAuthentication": mutual_authentication_result(model.mutual_authentication),
        }
    return result


def mutual_authentication_result(mutual: MutualAuthentication | None) -> Result:
    """What a listener asks of its clients' certificates, as the API shows it."""
    if mutual is None:
        return {"Mode": "off"}
    if mutual.mode == "passthrough":
        return {"Mode": "passthrough"}
    return {
        "Mode": "verify",
        "TrustStoreArn": mutual.trust_store_arn,
        "IgnoreClientCertificateExpiry": mutual.ignore_client_certificate_expiry,
        "TrustStoreAssociationStatus": "active",
        "AdvertiseTrustStoreCaNames": "on" if mutual.advertise_trust_store_ca_names else "off",
    }


HANDLERS: Handlers = {
    "DescribeListeners": describe_listeners,
    "DescribeListenerAttributes": describe_listener_attributes,
    "DescribeListenerCertificates": describe_listener_certificates,
}
