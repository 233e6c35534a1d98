"""What calls say of a listener's protocol, certificate, security policy and client certificates (reference 1.2, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from simlb.controlplane.operations.action_parameters import raise_first
from simlb.controlplane.operations.call import Call
from simlb.controlplane.operations.references import TRUST_STORE
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.model import Certificate, MutualAuthentication, Protocol, TrustStore
from simlb.core.ssl_policies import POLICIES, refusal
from simlb.core.validation import mutual_authentication_errors, only_with_verify

_MODES = ("passthrough", "verify")
_PROTOCOLS = tuple(protocol.value for protocol in Protocol)


def read_protocol(call: Call) -> Protocol | None:
    """`Protocol`; None when it is not given. Raises QueryError for those of other types of load balancers."""
    given = call.text("Protocol")
    if given and given not in _PROTOCOLS:
        raise invalid(f"Listener protocol '{given}' must be one of '{', '.join(_PROTOCOLS)}'")
    return Protocol(given) if given else None


def read_certificate(call: Call) -> Certificate | None:
    """The one of `Certificates`, which is the listener's default one; None when it is not given."""
    given: list[dict[str, Any]] | None = call.parameters.get("Certificates")
    if not given:
        return None
    if len(given) != 1:
        raise QueryError(
            "InvalidConfigurationRequest",
            "You must provide a list containing exactly one certificate if the listener protocol is HTTPS.",
        )
    return find_certificate(call, given[0], is_default=True)


def find_certificate(call: Call, given: dict[str, Any], *, is_default: bool) -> Certificate:
    """The certificate that one element of `Certificates` names."""
    if given.get("IsDefault") not in {None, is_default}:
        raise invalid("You cannot set the 'IsDefault' parameter of a certificate in this operation")
    arn = given.get("CertificateArn")
    if not arn:
        raise invalid("A certificate ARN must be specified")
    certificate = call.estate.certificate(arn)
    if certificate is None:
        raise QueryError("CertificateNotFound", f"Certificate {arn} not found")
    return certificate


def read_ssl_policy(call: Call) -> str | None:
    """`SslPolicy`; None when it is not given. Raises QueryError for one that is not there, or that cannot be served."""
    name = call.text("SslPolicy")
    if not name:
        return None
    if name not in POLICIES:
        raise QueryError("SSLPolicyNotFound", f"Policy {name} not found")
    if why := refusal(name):
        raise QueryError("SSLPolicyNotFound", f"Policy {name} is not supported by simlb: {why}")
    return name


def check_unsupported(call: Call) -> None:
    """Refuse what no listener of an Application Load Balancer has."""
    if call.given("AlpnPolicy"):
        raise QueryError("InvalidConfigurationRequest", "ALPN policies are only supported for TLS listeners")


def read_mutual_authentication(
    call: Call, stores: Mapping[str, TrustStore], present: MutualAuthentication | None, protocol: Protocol
) -> MutualAuthentication | None:
    """`MutualAuthentication`, as a whole; `present` when it is not given. None is `off`. `stores` are by ARN."""
    given: dict[str, Any] | None = call.parameters.get("MutualAuthentication")
    if not given:
        return present if protocol is Protocol.HTTPS else None
    if given.get("ClientCertificateIdentityFilters"):
        raise QueryError(
            "InvalidConfigurationRequest", "ClientCertificateIdentityFilters are not supported by simlb yet"
        )
    mode: Literal["off", "verify", "passthrough"] = given.get("Mode") or "off"
    arn = given.get("TrustStoreArn")
    ignores_expiry = bool(given.get("IgnoreClientCertificateExpiry"))
    advertises = given.get("AdvertiseTrustStoreCaNames") == "on"
    if mode == "off":
        raise_first(only_with_verify(mode, trust_store=bool(arn), ignores_expiry=ignores_expiry, advertises=advertises))
        return None
    if mode not in _MODES:
        raise invalid(f"MutualAuthentication mode '{mode}' must be one of 'off, {', '.join(_MODES)}'")
    mutual = MutualAuthentication(
        mode=mode,
        trust_store_arn=arn,
        ignore_client_certificate_expiry=ignores_expiry,
        advertise_trust_store_ca_names=advertises,
    )
    raise_first(mutual_authentication_errors(protocol, mutual))
    if arn:
        mutual = replace(mutual, trust_store=TRUST_STORE.find_one(stores, arn))
    return mutual


def check_plain(call: Call) -> None:
    """An HTTP listener has nothing of TLS."""
    if call.given("Certificates"):
        raise invalid("A certificate cannot be specified for HTTP listeners")
    if call.given("SslPolicy"):
        raise invalid("An SSL policy cannot be specified for HTTP listeners")
