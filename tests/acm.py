"""What tests of ACM have in common: records, PEM files of foreign CAs, and looking at what a listener shows."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from typing import Any

import trustme

from simlb.app.elbv2 import AppEstate
from simlb.controlplane.operations.draft import Draft
from simlb.testing.running import RunningLoadBalancer

EVERY_KEY = {"keyTypes": ["RSA_1024", "RSA_2048", "RSA_4096", "EC_prime256v1", "EC_secp384r1"]}


class Zone:
    """CNAME records, as a DNS has them."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}

    def __call__(self, name: str) -> str | None:
        return self.records.get(name)

    def add(self, detail: Any, *names: str) -> None:
        """The records that DescribeCertificate asks for, of these names or all."""
        for option in detail["DomainValidationOptions"]:
            if not names or option["DomainName"] in names:
                record = option["ResourceRecord"]
                self.records[record["Name"].rstrip(".")] = record["Value"]


class Foreign:
    """A CA that simlb knows nothing of."""

    def __init__(self) -> None:
        self.ca = trustme.CA(key_type=trustme.KeyType.ECDSA)

    def pair(self, *names: str, rsa: bool = False) -> dict[str, bytes]:
        """The parameters of ImportCertificate."""
        kind = trustme.KeyType.RSA if rsa else trustme.KeyType.ECDSA
        issued = self.ca.issue_cert(*names, key_type=kind)
        leaf, *rest = issued.cert_chain_pems
        return {
            "Certificate": leaf.bytes(),
            "PrivateKey": issued.private_key_pem.bytes(),
            "CertificateChain": b"".join([*(one.bytes() for one in rest), self.ca.cert_pem.bytes()]),
        }


def use_on_https(lb: RunningLoadBalancer, arn: str) -> None:
    """As ModifyListener and AddListenerCertificates do: on every HTTPS listener, after the certificates it has."""
    estate = AppEstate(lb.app)

    def edit(draft: Draft) -> None:
        certificate = estate.certificate(arn)
        assert certificate is not None
        (balancer,) = draft.configuration.load_balancers
        for listener in balancer.listeners:
            if listener.protocol == "HTTPS":
                more = (*listener.certificates, certificate)
                draft.put_listener(balancer, replace(listener, certificates=more), arn=listener.arn)

    lb.home.run(estate.change(edit))


def shown(lb: RunningLoadBalancer, server_name: str, ca: trustme.CA | None = None) -> dict[str, Any]:
    """The certificate that the HTTPS listener shows to a client that asks for this name and trusts this CA, or ours.

    Raises ssl.SSLCertVerificationError.
    """
    context = ssl.create_default_context(cadata=lb.ca_pem)
    if ca is not None:
        ca.configure_trust(context)
    _, _, rest = lb.url_for("https").partition("://")
    host, _, port = rest.rstrip("/").partition(":")
    with (
        socket.create_connection((host, int(port)), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=server_name) as client,
    ):
        found: dict[str, Any] | None = client.getpeercert()
        assert found is not None
        return found


def names_of(certificate: dict[str, Any]) -> list[str]:
    """Its subject alternative names."""
    return [value for _, value in certificate["subjectAltName"]]
