"""A certificate as ACM keeps it, and as a record of the store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from simlb.controlplane.records.codec import RecordError
from simlb.core.certificate_facts import CertificateFacts

KIND = "acm.certificate"
"""Of the records; their keys are ARNs."""

ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+")
"""Its last part becomes the name of a file."""

Type = Literal["AMAZON_ISSUED", "IMPORTED"]
Status = Literal["PENDING_VALIDATION", "ISSUED", "VALIDATION_TIMED_OUT", "FAILED", "EXPIRED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedCertificate:
    """A certificate that the API has made, or, `is_of_file`, one of the configuration file. Times are aware, in UTC.

    `names` are as they were asked for, the domain name first. `validated` are those of them whose DNS record has been
    seen. `facts`, `chain` (PEM: the certificate, then the CAs that lead to its root) and `private_key` (PEM) are there
    once it is issued; the key of one of the file's is not here.
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
    chain: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    is_of_file: bool = False

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
    """Back from a record. Raises msgspec.ValidationError for one that is none."""
    return msgspec.convert(body, ManagedCertificate)


def check_record(key: str, body: Any) -> None:
    """Raise RecordError for a record that comes from outside and that no call would have written."""
    try:
        certificate = of_record(body)
    except msgspec.ValidationError as error:
        raise RecordError(f"the certificate {key} cannot be read: {error}") from error
    is_issued = certificate.status == "ISSUED"
    if (
        certificate.arn != key
        or ARN.fullmatch(key) is None
        or not certificate.names
        or certificate.is_of_file
        or is_issued != (certificate.facts is not None)
    ):
        raise RecordError(f"the certificate {key} contradicts itself")


msgspec.json.Decoder(ManagedCertificate)  # as in simlb.load.plan: its tables are made while there is one thread
