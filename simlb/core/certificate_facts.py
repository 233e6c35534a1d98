"""What a certificate says, in ACM's words. Reading it is the business of `simlb.certs.described`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """A certificate. Times are aware, in UTC; `serial` is `0a:1b:...`; `key_algorithm` `RSA_2048`, `EC_prime256v1` ...

    `names` are its DNS names and addresses, lower case, the subject's common name first when it is one of them.
    `extended_key_usages` are ACM's name and the OID of each.
    """

    names: tuple[str, ...]
    serial: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key_algorithm: str
    signature_algorithm: str
    key_usages: tuple[str, ...] = ()
    extended_key_usages: tuple[tuple[str, str], ...] = ()
    is_of_simlb: bool = False
    """One of simlb's own CAs has signed it."""
