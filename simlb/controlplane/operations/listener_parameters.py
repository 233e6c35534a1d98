"""What calls say of a listener's protocol, certificate, security policy and client certificates (reference 1.2, 6)."""

from __future__ import annotations

from typing import Any

from simlb.controlplane.operations.call import Call
from simlb.controlplane.query.errors import QueryError, invalid
from simlb.core.model import Certificate, Protocol
from simlb.core.ssl_policies import POLICIES, refusal

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
    """Refuse what simlb does not do, or what no listener of an Application Load Balancer has."""
    if call.given("AlpnPolicy"):
        raise QueryError("InvalidConfigurationRequest", "ALPN policies are only supported for TLS listeners")
    mutual = call.parameters.get("MutualAuthentication") or {}
    if (mode := mutual.get("Mode") or "off") != "off":
        raise _not_yet(f"MutualAuthentication mode '{mode}'", "'off'")
    if mutual.get("TrustStoreArn") or mutual.get("ClientCertificateIdentityFilters"):
        raise invalid("A trust store or filters cannot be specified if the MutualAuthentication mode is 'off'")
    if mutual.get("IgnoreClientCertificateExpiry"):
        raise _not_yet("IgnoreClientCertificateExpiry", "false")
    if mutual.get("AdvertiseTrustStoreCaNames") == "on":
        raise _not_yet("AdvertiseTrustStoreCaNames 'on'", "'off'")


def check_plain(call: Call) -> None:
    """An HTTP listener has nothing of TLS."""
    if call.given("Certificates"):
        raise invalid("A certificate cannot be specified for HTTP listeners")
    if call.given("SslPolicy"):
        raise invalid("An SSL policy cannot be specified for HTTP listeners")


def _not_yet(what: str, only: str) -> QueryError:
    return QueryError("InvalidConfigurationRequest", f"{what} is not supported by simlb yet (only {only})")
