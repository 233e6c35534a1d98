"""Validation by DNS: the record that proves a domain to be one's own, and what has to be seen of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from simlb.controlplane.acm.certificate import ManagedCertificate
from simlb.core.ids import ACCOUNT

CnameLookup = Callable[[str], str | None]
"""What the CNAME record of a name points to, None where there is none. Names are lower case, without a dot at the end;
what comes back may be in any case and end in a dot.
"""

LOOKED_EVERY_S = 5.0
"""Between two looks at the DNS, in load-balancer seconds, during the first hour."""

LOOKED_LATER_EVERY_S = 60.0
_LATER_S = 3600.0

GIVEN_UP_AFTER_S = 72 * 3600.0
"""AWS's time-out for a validation."""


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """A CNAME record as DescribeCertificate shows it, with dots at the ends."""

    name: str
    value: str

    def is_in(self, lookup: CnameLookup) -> bool:
        """Whether it really is there."""
        found = lookup(self.name.rstrip("."))
        return found is not None and found.rstrip(".").lower() == self.value.rstrip(".")


def pause_s(waited_s: float) -> float:
    """How long to wait for the next look at the DNS, when a certificate has waited for that long already."""
    return LOOKED_EVERY_S if waited_s < _LATER_S else LOOKED_LATER_EVERY_S


@lru_cache(maxsize=1024)
def validation_record(domain: str) -> ValidationRecord:
    """The same for a domain and its wildcard, and for every certificate that asks for it, as AWS's are."""
    domain = domain.lower().removeprefix("*.")
    digest = hashlib.sha256(f"{ACCOUNT}\0acm\0{domain}".encode()).hexdigest()
    zone = hashlib.sha256(f"{ACCOUNT}\0acm-validations".encode()).digest()
    letters = "".join(chr(ord("a") + byte % 26) for byte in zone[:10])
    return ValidationRecord(f"_{digest[:32]}.{domain}.", f"_{digest[32:]}.{letters}.acm-validations.aws.")


def looked_at(certificate: ManagedCertificate, lookup: CnameLookup, waited_s: float) -> ManagedCertificate:
    """The pending certificate after a look at the DNS: with more of its names validated, or given up.

    With all of `names` validated it is ready to be issued, and still pending.
    """
    seen = tuple(
        name for name in certificate.names if name in certificate.validated or validation_record(name).is_in(lookup)
    )
    if len(seen) < len(certificate.names) and waited_s >= GIVEN_UP_AFTER_S:
        return replace(certificate, status="VALIDATION_TIMED_OUT", validated=seen)
    return replace(certificate, validated=seen) if seen != certificate.validated else certificate


def is_validated(certificate: ManagedCertificate) -> bool:
    """Whether nothing is missing any more."""
    return len(certificate.validated) == len(certificate.names)
