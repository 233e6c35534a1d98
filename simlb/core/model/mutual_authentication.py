"""What a listener asks of its clients' certificates, and the trust stores it verifies them against (reference 6.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MutualMode = Literal["verify", "passthrough"]
"""`Mode` of `MutualAuthentication`; a listener that is `off` has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A revocation list (CRL) of a trust store. `id` is never used again; `content` is PEM."""

    id: int
    content: str
    entries: int = 0
    """How many certificates it revokes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """Certificate authorities whose clients are let in. `ca_certificates` is the bundle, PEM as it was given."""

    name: str
    arn: str
    ca_certificates: str
    number_of_ca_certificates: int
    revocations: tuple[Revocation, ...] = ()
    next_revocation_id: int = 1

    @property
    def total_revoked_entries(self) -> int:
        """Of all revocation lists together."""
        return sum(revocation.entries for revocation in self.revocations)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualAuthentication:
    """`MutualAuthentication` of an HTTPS listener.

    `trust_store_arn` is there with `verify` only. `trust_store` is what that ARN leads to: it follows the configuration
    and is never kept with the listener. Without it nobody gets in.
    """

    mode: MutualMode
    trust_store_arn: str | None = None
    ignore_client_certificate_expiry: bool = False
    advertise_trust_store_ca_names: bool = False
    trust_store: TrustStore | None = None
