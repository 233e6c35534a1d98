"""A certificate as ACM keeps it, and as a record of the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from simlb.core.certificate_facts import CertificateFacts

KIND = "acm.certificate"
"""Of the records; their keys are ARNs."""

Type = Literal["AMAZON_ISSUED", "IMPORTED"]
Status = Literal["PENDING_VALIDATION", "ISSUED", "VALIDATION_TIMED_OUT", "FAILED", "EXPIRED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedCertificate:
    """A certificate that the API has made, or, `is_of_file`, one of the configuration file. Times are aware, in UTC.

    `names` are as they were asked for, the domain name first. `validated` are those of them whose DNS record has been
    seen. `facts` are there once it is issued.
    """

    arn: str
    type: Type
    status: Status
    names: tuple[str, ...]
    key_algorithm: str
    created_at: datetime
    validated: tuple[str, ...] = ()
    issued_at: datetime | None = None
    imported_at: datetime | None = None
    renewed_at: datetime | None = None
    failure_reason: str | None = None
    idempotency_token: str | None = None
    transparency: str = "ENABLED"
    facts: CertificateFacts | None = None
    is_of_file: bool = field(default=False)

    @property
    def region(self) -> str:
        """Where it was made; listeners elsewhere do not know it."""
        return self.arn.split(":", 4)[3]

    def status_at(self, now: datetime) -> Status:
        """ISSUED ends by itself."""
        if self.status == "ISSUED" and self.facts is not None and self.facts.not_after <= now:
            return "EXPIRED"
        return self.status

    def to_record(self) -> Any:
        """Plain JSON values."""
        return msgspec.to_builtins(self)


def certificates(records: Mapping[str, Mapping[str, Any]]) -> dict[str, ManagedCertificate]:
    """All that the store has, by ARN, in the order in which they came."""
    return {arn: of_record(body) for arn, body in records.get(KIND, {}).items()}


def of_record(body: Any) -> ManagedCertificate:
    """Back from a record."""
    return msgspec.convert(body, ManagedCertificate)
