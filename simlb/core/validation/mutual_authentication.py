"""`MutualAuthentication` of a listener (reference 1.2, 6.6)."""

from __future__ import annotations

from collections.abc import Iterator

from simlb.core.model import MutualAuthentication, Protocol
from simlb.core.validation.errors import ElbError, invalid


def mutual_authentication_errors(protocol: Protocol, mutual: MutualAuthentication | None) -> Iterator[ElbError]:
    """What goes with what. Whether there is such a trust store is looked for elsewhere."""
    if mutual is None:
        return
    if protocol is not Protocol.HTTPS:
        yield invalid("Mutual authentication can only be specified for HTTPS listeners")
    if mutual.mode == "verify":
        if not mutual.trust_store_arn:
            yield invalid("A trust store ARN must be specified if the MutualAuthentication mode is 'verify'")
        return
    yield from only_with_verify(
        "passthrough",
        trust_store=bool(mutual.trust_store_arn),
        ignores_expiry=mutual.ignore_client_certificate_expiry,
        advertises=mutual.advertise_trust_store_ca_names,
    )


def only_with_verify(mode: str, *, trust_store: bool, ignores_expiry: bool, advertises: bool) -> Iterator[ElbError]:
    """What is given means nothing in another mode than `verify`."""
    given = {
        "A trust store": trust_store,
        "IgnoreClientCertificateExpiry": ignores_expiry,
        "AdvertiseTrustStoreCaNames": advertises,
    }
    for what, is_given in given.items():
        if is_given:
            yield invalid(f"{what} cannot be specified if the MutualAuthentication mode is '{mode}'")
